//! An organization's Tax IDs: which it has, who asks for them, and who acts under them.

use askama::Template;
use chrono::{DateTime, Utc};
use idp_core::community::tax_id_registry::{Ground, Stage};

use super::OrganizationNav;
use crate::pages::{Frame, NumberQuestion, RegisterTyped};

/// A number of the organization.
#[derive(Clone, Debug)]
pub struct TaxIdView {
    pub id: String,
    /// As people may see it: a personal one is masked.
    pub shown: String,
    pub primary: bool,
    /// Identifier and name of those who act under it.
    pub representatives: Vec<(String, String)>,
    pub claim: Option<ClaimView>,
}

/// Somebody asks for a number.
#[derive(Clone, Debug)]
pub struct ClaimView {
    /// The name of the organization that is to join.
    pub by: String,
    pub ground: Ground,
    pub stage: Stage,
    pub answer_due_at: DateTime<Utc>,
}

/// A number that the organization has asked for.
#[derive(Clone, Debug)]
pub struct AskedForView {
    pub id: String,
    /// As people may see it: a personal one is masked.
    pub shown: String,
    pub asked_at: DateTime<Utc>,
}

/// A number under which the organization acts on behalf of another one.
#[derive(Clone, Debug)]
pub struct RepresentedView {
    pub id: String,
    /// The name of its owner.
    pub owner: String,
}

/// What came of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaxIdOutcome {
    /// Support looks at it.
    Asked,
    /// The organization has the number, or has asked for it.
    AskedAlready,
    /// It is done.
    Done,
    /// The answer is not one of those that are possible.
    Choose,
    /// Somebody asks for the number: it is to be answered first.
    ClaimedAlready,
    /// It is the only one.
    LastNumber,
    /// What cannot be taken back was not confirmed.
    NotSure,
    /// There is nothing of the kind to decide.
    Nothing,
    /// It takes two persons, and the one who asks is none of them.
    SamePerson,
    /// An organization with this identifier takes no part.
    NoOrganization,
    /// There are too many numbers, or too many wait.
    TooMany,
}

impl TaxIdOutcome {
    fn sentence(self, frame: &Frame<'_>) -> &'static str {
        let words = &frame.text.tax_ids;
        match self {
            Self::Asked => words.asked_done,
            Self::AskedAlready => words.problem_asked_already,
            Self::Choose => words.problem_choose,
            Self::ClaimedAlready => words.problem_claimed,
            Self::Done => words.done,
            Self::LastNumber => words.problem_last,
            Self::NoOrganization => words.problem_no_organization,
            Self::NotSure => words.problem_not_sure,
            Self::Nothing => words.problem_nothing,
            Self::SamePerson => words.problem_same_person,
            Self::TooMany => words.problem_too_many,
        }
    }

    /// Whether it is good news.
    fn is_done(self) -> bool {
        matches!(self, Self::Asked | Self::Done)
    }
}

/// Posts to `/organization/{id}/tax-ids` and below it.
#[derive(Debug, Template)]
#[template(path = "organization_tax_ids.html")]
pub struct OrganizationTaxIdsPage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub form_token: &'a str,
    pub own: Vec<TaxIdView>,
    pub asked_for: Vec<AskedForView>,
    pub represented: Vec<RepresentedView>,
    /// What was typed to add a number, and what is wrong with it.
    pub typed: &'a RegisterTyped,
    pub question: NumberQuestion,
    pub outcome: Option<TaxIdOutcome>,
}

impl OrganizationTaxIdsPage<'_> {
    fn has_problem(&self) -> bool {
        self.outcome.is_some_and(|outcome| !outcome.is_done())
            || !self.typed.objections().is_empty()
    }

    fn action(&self) -> String {
        self.nav.path(&self.nav.area)
    }

    fn ground(&self, claim: &ClaimView) -> &'static str {
        let words = &self.frame.text.tax_ids;
        match claim.ground {
            Ground::Disputed => words.ground_disputed,
            Ground::NobodyLeft => words.ground_nobody_left,
            Ground::WorksForUs => words.ground_works_for_us,
        }
    }
}

impl ClaimView {
    /// Whether an answer is waited for.
    fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Asked | Stage::Objected(_))
    }

    /// Whether the owner may go on under the number: only a company that works for who asks.
    fn may_be_handed_over(&self) -> bool {
        self.ground == Ground::WorksForUs
    }
}
