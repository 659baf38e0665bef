//! Second factors, recovery codes and remembered browsers of a person.

use askama::Template;
use chrono::{DateTime, Utc};

use super::AccountNav;
use crate::pages::{Frame, browser};

/// Posts `form_token` to `/account/security/…`.
#[derive(Debug, Template)]
#[template(path = "security.html")]
pub struct SecurityPage<'a> {
    pub frame: Frame<'a>,
    pub nav: AccountNav,
    pub form_token: &'a str,
    /// Whether the sign-in is fresh and strong enough to change something.
    pub may_change: bool,
    /// Whether there is a way to set something up.
    pub may_enrol: bool,
    /// Whether passkeys can be used here.
    pub passkeys: bool,
    pub factors: Vec<FactorView<'a>>,
    pub recovery_codes: u32,
    pub browsers: Vec<RememberedView<'a>>,
    /// What the last post did.
    pub done: Option<SecurityDone>,
}

/// A second factor.
#[derive(Clone, Copy, Debug)]
pub struct FactorView<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub passkey: bool,
    pub added_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A browser that stands in for the second factor.
#[derive(Clone, Copy, Debug)]
pub struct RememberedView<'a> {
    pub user_agent: &'a str,
    pub since: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

/// What a post on this page did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityDone {
    Added,
    Forgotten,
    Removed,
    Renamed,
}

impl SecurityPage<'_> {
    fn done_text(&self) -> Option<&'static str> {
        let words = &self.frame.text.security;
        self.done.map(|done| match done {
            SecurityDone::Added => words.done_added,
            SecurityDone::Forgotten => words.done_forgotten,
            SecurityDone::Removed => words.done_removed,
            SecurityDone::Renamed => words.done_renamed,
        })
    }
}

impl FactorView<'_> {
    fn kind(&self, frame: &Frame<'_>) -> &'static str {
        let words = &frame.text.security;
        if self.passkey { words.kind_passkey } else { words.kind_totp }
    }
}

impl RememberedView<'_> {
    fn browser(&self, frame: &Frame<'_>) -> String {
        browser::describe(frame.text, self.user_agent)
    }
}
