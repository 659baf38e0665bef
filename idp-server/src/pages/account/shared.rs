//! What was shared about a person, with which site, when.

use std::collections::BTreeSet;

use askama::Template;
use chrono::{DateTime, Utc};

use super::AccountNav;
use crate::pages::{Frame, wording};

/// Newest first, a page at a time. It has no form.
#[derive(Debug, Template)]
#[template(path = "account_shared.html")]
pub struct SharedPage<'a> {
    pub frame: Frame<'a>,
    pub nav: AccountNav,
    pub entries: Vec<SharedEntry<'a>>,
    /// Whether this is not the newest page.
    pub is_older: bool,
    /// Where the next older page begins, if there may be one.
    pub older: Option<&'a str>,
}

/// Something that a site was told.
#[derive(Clone, Debug)]
pub struct SharedEntry<'a> {
    pub site: &'a str,
    pub at: DateTime<Utc>,
    /// For whom the person acted.
    pub organization: Option<&'a str>,
    /// The kinds of facts, by their scopes; never the facts.
    pub scopes: BTreeSet<&'a str>,
}

impl SharedEntry<'_> {
    fn kinds(&self, frame: &Frame<'_>) -> Vec<String> {
        self.scopes.iter().map(|scope| wording::scope(frame.text, scope).0).collect()
    }
}
