//! The first page of the account: who am I, for whom may I act, what have I opened.

use askama::Template;
use chrono::{DateTime, Utc};

use super::AccountNav;
use crate::pages::{Frame, wording};

/// It has no form.
#[derive(Debug, Template)]
#[template(path = "account_overview.html")]
pub struct OverviewPage<'a> {
    pub frame: Frame<'a>,
    pub nav: AccountNav,
    pub name: &'a str,
    pub user_id: &'a str,
    pub email: Option<&'a str>,
    /// When this session began.
    pub signed_in_at: DateTime<Utc>,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
    /// The successful sign-in before this one (R61).
    pub last_sign_in: Option<DateTime<Utc>>,
    /// Whether they have just left an organization.
    pub left: bool,
    /// Whether some console opens to the person.
    pub console: bool,
    pub affiliations: Vec<AffiliationView<'a>>,
    /// Promotions that wait for the person.
    pub promotions: Vec<Invitation>,
    pub sites: Vec<SiteVisit<'a>>,
}

/// Somebody is asked to become an Administrator.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The promotion's identifier.
    pub id: String,
    pub organization: String,
}

/// An affiliation as its Subscriber sees it: read-only (R68).
#[derive(Clone, Debug)]
pub struct AffiliationView<'a> {
    pub id: &'a str,
    pub organization: &'a str,
    /// Role codes.
    pub roles: Vec<&'a str>,
    /// As they may be shown: a personal number is masked already.
    pub tax_ids: Vec<&'a str>,
    pub administrator: bool,
    /// The code, for instance `community-standard`.
    pub access_level: &'a str,
    /// Who lets nobody act by it at the moment.
    pub stopped: Option<Stopped>,
}

/// Why somebody cannot act for an organization that they belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// An Administrator stopped the affiliation.
    Affiliation,
    /// The organization is stopped itself.
    Organization,
}

/// A site that the person opened.
#[derive(Clone, Debug)]
pub struct SiteVisit<'a> {
    pub name: &'a str,
    /// When the person opened it for the first time.
    pub first_at: DateTime<Utc>,
    /// The scopes that it was granted.
    pub scopes: Vec<&'a str>,
}

impl AffiliationView<'_> {
    fn role_names(&self, frame: &Frame<'_>) -> Vec<&str> {
        wording::roles(frame.text, &self.roles)
    }

    fn access(&self, frame: &Frame<'_>) -> &str {
        wording::access_level(frame.text, self.access_level)
    }

    fn stopped_text(&self, frame: &Frame<'_>) -> Option<&'static str> {
        let words = &frame.text.account_overview;
        self.stopped.map(|stopped| match stopped {
            Stopped::Affiliation => words.stopped_affiliation,
            Stopped::Organization => words.stopped_organization,
        })
    }
}

impl SiteVisit<'_> {
    fn received(&self, frame: &Frame<'_>) -> Vec<String> {
        self.scopes.iter().map(|scope| wording::scope(frame.text, scope).0).collect()
    }
}
