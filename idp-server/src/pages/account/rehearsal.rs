//! What a sign-on would come to, looked at beforehand.

use askama::Template;

use super::AccountNav;
use crate::pages::{Frame, RefusalReason};

/// Asks for a site, and shows what would happen there. Searches with `site` and `affiliation`.
#[derive(Debug, Template)]
#[template(path = "account_rehearsal.html")]
pub struct RehearsalPage<'a> {
    pub frame: Frame<'a>,
    pub nav: AccountNav,
    /// Identifiers and names of all sites.
    pub sites: Vec<(&'a str, &'a str)>,
    /// The one that is looked at.
    pub site: Option<(&'a str, &'a str)>,
    /// The pages on the way.
    pub steps: Vec<RehearsalStep>,
    pub end: Option<RehearsalEnd<'a>>,
}

/// A page on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RehearsalStep {
    Agreement,
    Enrolment,
    Factor,
}

/// How it would end.
#[derive(Clone, Debug)]
pub enum RehearsalEnd<'a> {
    /// They would be asked for whom they act: affiliations and organizations.
    Choice(Vec<(String, String)>),
    /// They would get in, and the site would be told this.
    Complete {
        /// For which organization, where it is one.
        acting_for: Option<String>,
        told: Vec<Told>,
    },
    /// The account cannot sign in.
    NoSignIn,
    /// The site is not open to them.
    Refused(RefusalReason<'a>),
}

/// A claim or an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub name: String,
    pub values: Vec<String>,
}

impl RehearsalPage<'_> {
    fn step(&self, step: &RehearsalStep) -> &'static str {
        let words = &self.frame.text.rehearsal;
        match step {
            RehearsalStep::Agreement => words.step_agreement,
            RehearsalStep::Enrolment => words.step_enrolment,
            RehearsalStep::Factor => words.step_factor,
        }
    }

    fn is_chosen(&self, id: &str) -> bool {
        self.site.is_some_and(|(chosen, _)| chosen == id)
    }
}
