//! What a sign-on would come to, looked at beforehand.

use askama::Template;

use super::AccountNav;
use crate::pages::{Frame, RefusalReason, wording};

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
    /// What the site asks for.
    pub needs: Vec<NeedView>,
    /// The pages on the way.
    pub steps: Vec<RehearsalStep>,
    pub end: Option<RehearsalEnd<'a>>,
}

/// Something that a site asks for, as one person stands to it (R80).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeedView {
    pub asks: Asks,
    pub lacks: bool,
    /// The address of the page that mends it.
    pub mend: Option<String>,
}

/// What it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asks {
    Administrator,
    Affiliation,
    Agreement,
    Factor,
    /// One of these role codes.
    Role(Vec<&'static str>),
    SwitchedOn,
    TaxId,
}

impl NeedView {
    fn label(&self, frame: &Frame<'_>) -> String {
        let (site, words) = (&frame.text.directory, &frame.text.rehearsal);
        match &self.asks {
            Asks::Administrator => site.needs_administrator.to_owned(),
            Asks::Affiliation => words.need_affiliation.to_owned(),
            Asks::Agreement => words.need_agreement.to_owned(),
            Asks::Factor => site.needs_second_factor.to_owned(),
            Asks::Role(codes) => {
                format!("{} {}", site.needs_role, wording::roles(frame.text, codes).join(", "))
            }
            Asks::SwitchedOn => site.needs_switch.to_owned(),
            Asks::TaxId => words.need_tax_id.to_owned(),
        }
    }

    /// What to do about it.
    fn advice(&self, frame: &Frame<'_>) -> &'static str {
        let words = &frame.text.rehearsal;
        match self.asks {
            Asks::Administrator | Asks::Role(_) => words.mend_administrator,
            Asks::Affiliation => words.mend_affiliation,
            Asks::Agreement => words.mend_agreement,
            Asks::Factor => words.mend_factor,
            Asks::SwitchedOn | Asks::TaxId => words.mend_console,
        }
    }
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
