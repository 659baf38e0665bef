//! Where an Administrator begins.

use askama::Template;
use chrono::{DateTime, Utc};
use idp_core::community::organization_life::Suspension;

use super::OrganizationNav;
use crate::pages::Frame;

/// What there is to do. Posts `form_token` to `/organization/{id}/confirm`.
#[derive(Debug, Template)]
#[template(path = "organization_home.html")]
pub struct OrganizationHomePage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub form_token: &'a str,
    /// Why the organization is stopped, if it is.
    pub stopped: Option<Suspension>,
    pub attention: OrganizationAttention,
    /// When somebody last said that the data are right.
    pub confirmed_at: DateTime<Utc>,
    /// Whether that was just done.
    pub confirmed: bool,
}

impl OrganizationHomePage<'_> {
    /// What is to be done about it.
    fn about_stopped(&self, why: &Suspension) -> &'static str {
        let words = &self.frame.text.organization;
        match why {
            Suspension::Breach => words.stopped_breach,
            Suspension::NoAdministrator => words.stopped_no_administrator,
            Suspension::NoTaxId => words.stopped_no_tax_id,
        }
    }
}

/// What needs somebody's attention.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrganizationAttention {
    /// There is one Administrator only (R12).
    pub alone: bool,
    /// The data were not confirmed for a year (R14).
    pub unconfirmed: bool,
    /// The yearly review of the people, if it is to be done.
    pub review: Option<ReviewAhead>,
    /// People without a second factor: a hundred stands for more.
    pub without_factor: usize,
    /// People whose accounts fall dormant within 30 days: a hundred stands for more.
    pub dormant_soon: usize,
    /// People who ask to act for the organization.
    pub requests: usize,
    /// Systems that end within 30 days unless they are renewed: a hundred stands for more.
    pub systems: usize,
}

/// A review that is to be done.
#[derive(Clone, Copy, Debug)]
pub struct ReviewAhead {
    /// Whether it should have been finished.
    pub overdue: bool,
    pub due_at: DateTime<Utc>,
    /// How many wait: a hundred stands for more.
    pub waiting: usize,
}

impl OrganizationAttention {
    fn is_any(&self) -> bool {
        self.alone
            || self.unconfirmed
            || self.review.is_some()
            || self.without_factor > 0
            || self.dormant_soon > 0
            || self.requests > 0
            || self.systems > 0
    }

    /// A count as people read it.
    fn many(&self, count: &usize) -> String {
        if *count >= 100 { "100+".to_owned() } else { count.to_string() }
    }
}
