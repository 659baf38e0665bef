//! Registering an organization: one page for each step, which says where the registration stands
//! (R18–R22, R35–R37, R43–R49, R93; domain 4.1).

mod steps;
mod typed;

pub use steps::{Checked, NumberQuestion, OnlineTest, RegisterStep, ShownContact, TestQuestion};
pub use typed::RegisterTyped;

use askama::Template;
use chrono::{DateTime, Utc};
use idp_core::community::{
    agreement::Block,
    identity_proof::{Proofing, TESTS, TestResult},
    registration::Seat,
};

use super::{RightsFields, frame::Frame, wording};

/// What was wrong with what was sent, beside its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegisterProblem {
    /// The agreement changed while it was read.
    AgreementChanged,
    /// The challenge did not count; its own words say why.
    Challenge,
    /// Somebody else asks for the number already.
    ClaimedAlready,
    /// Nothing was chosen.
    Choose,
    /// The form was old or foreign: send it with 403.
    FormExpired,
    /// The test could not be asked, and that does not count.
    TestAway,
    /// The test was not passed, or there was nothing to ask.
    TestFailed,
    /// The test was not passed, and there is no other.
    TestsUsedUp,
    /// Too many tries: send it with 429.
    Throttled,
    /// Too many numbers of others were typed: send it with 429.
    TooManyNumbers,
    /// Link and code do not belong together: always these words (security 17.3).
    WrongCode,
}

impl RegisterProblem {
    /// What is told of a knowledge test that did not prove anything.
    /// `now` is how far they are after it.
    pub fn of(result: &TestResult, now: Option<&Proofing>) -> Option<Self> {
        let used_up = matches!(now, Some(Proofing::Due { failed }) if *failed >= TESTS);
        match result {
            TestResult::Passed { .. } => None,
            TestResult::Failed | TestResult::NoQuestions if used_up => Some(Self::TestsUsedUp),
            TestResult::Failed | TestResult::NoQuestions => Some(Self::TestFailed),
            TestResult::Unavailable => Some(Self::TestAway),
        }
    }

    pub(super) fn sentence(&self, frame: &Frame<'_>) -> &'static str {
        let words = &frame.text.register;
        match self {
            Self::AgreementChanged => words.problem_agreement,
            Self::Challenge => frame.text.forgot.problem_challenge,
            Self::Choose => words.problem_choose,
            Self::ClaimedAlready => words.problem_claimed,
            Self::FormExpired => frame.text.forgot.problem_form,
            Self::TestAway => words.problem_test_away,
            Self::TestFailed => words.problem_test_failed,
            Self::TestsUsedUp => words.problem_tests_used_up,
            Self::Throttled => frame.text.forgot.problem_throttled,
            Self::TooManyNumbers => words.problem_too_many_numbers,
            Self::WrongCode => words.problem_code,
        }
    }
}

/// A step. Posts `form_token` and the step's own fields to [`RegisterPage::action`].
#[derive(Debug, Template)]
#[template(path = "register.html")]
pub struct RegisterPage<'a> {
    pub frame: Frame<'a>,
    /// The handle of the way that a browser is on; empty before there is one.
    pub handle: &'a str,
    pub form_token: &'a str,
    pub step: RegisterStep<'a>,
    /// What was typed, and what is wrong with it.
    pub typed: &'a RegisterTyped,
    pub problem: Option<RegisterProblem>,
}

/// The form for the notary, to be printed (R36).
#[derive(Debug, Template)]
#[template(path = "register_notary.html")]
pub struct NotaryFormPage<'a> {
    pub frame: Frame<'a>,
    pub purpose: NotaryPurpose,
    /// The number that Support types off the paper.
    pub reference: &'a str,
    pub person: &'a str,
    pub organization: &'a str,
    pub address: &'a str,
    pub until: DateTime<Utc>,
}

/// What somebody shows a notary who they are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotaryPurpose {
    /// To become an Administrator of an organization that takes part.
    Promotion,
    /// To register an organization.
    Registration,
}

impl NotaryFormPage<'_> {
    /// As what they sign, and what they declare.
    fn words(&self) -> (&'static str, &'static str) {
        let text = self.frame.text;
        match self.purpose {
            NotaryPurpose::Promotion => {
                (text.promotion.form_person, text.promotion.form_declaration)
            }
            NotaryPurpose::Registration => {
                (text.register.form_person, text.register.form_declaration_text)
            }
        }
    }
}

/// Name, label, kind, longest value, autofill token and hint of a field of one line.
type Line = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

impl RegisterPage<'_> {
    fn heading(&self) -> &'static str {
        self.step.words(&self.frame).0
    }

    fn lead(&self) -> &'static str {
        self.step.words(&self.frame).1
    }

    fn has_problem(&self) -> bool {
        self.problem.is_some() || !self.typed.objections().is_empty()
    }

    fn sentence(&self) -> Option<&'static str> {
        self.problem.as_ref().map(|problem| problem.sentence(&self.frame))
    }

    /// What is done, what is at hand, and what comes.
    fn progress(&self) -> Vec<(&'static str, bool)> {
        let words = &self.frame.text.register;
        let names = [
            words.progress_contact,
            words.progress_organization,
            words.progress_work,
            words.progress_agreement,
            words.progress_identity,
            words.progress_review,
        ];
        let here = self.step.place();
        names.into_iter().enumerate().map(|(at, name)| (name, Some(at) == here)).collect()
    }

    /// Where a form of this page goes.
    fn action(&self, step: &str) -> String {
        if let RegisterStep::Contact { .. } = self.step {
            "/register".to_owned()
        } else if let RegisterStep::Enter { key } = self.step {
            format!("/register/{key}")
        } else {
            format!("/register/at/{}/{step}", self.handle)
        }
    }

    fn contact_fields(&self) -> [Line; 4] {
        let words = &self.frame.text.register;
        [
            ("given_name", words.given_name, "text", "100", "given-name", ""),
            ("family_name", words.family_name, "text", "100", "family-name", ""),
            ("email", words.email, "email", "254", "email", words.email_hint),
            ("phone", words.phone, "tel", "40", "tel", words.phone_hint),
        ]
    }

    fn organization_fields(&self) -> [Line; 4] {
        let words = &self.frame.text.register;
        [
            ("name", words.name, "text", "100", "organization", ""),
            ("address", words.address, "text", "500", "street-address", ""),
            ("phone", words.organization_phone, "tel", "40", "off", words.organization_phone_hint),
            ("npi", words.npi, "text", "20", "off", words.npi_hint),
        ]
    }

    /// The roles, of which nobody has numbers to choose from yet.
    fn rights(&self) -> RightsFields {
        RightsFields { tax_ids: Vec::new() }
    }

    fn npi_field(&self) -> [Line; 1] {
        let words = &self.frame.text.register;
        [("npi", words.own_npi, "text", "20", "off", words.own_npi_hint)]
    }

    /// What an Administrator takes on (R5).
    fn duties(&self) -> [&'static str; 5] {
        wording::duties(self.frame.text)
    }

    /// What is declared by a tick.
    fn ticks(&self) -> [(&'static str, &'static str); 3] {
        let words = &self.frame.text.register;
        [
            ("authority", words.authority),
            ("accepts", words.accepts),
            ("takes_duties", words.takes_duties),
        ]
    }

    fn signatory_fields(&self) -> [Line; 2] {
        let words = &self.frame.text.register;
        [
            ("name", words.signatory, "text", "100", "name", ""),
            ("title", words.signatory_title, "text", "100", "organization-title", ""),
        ]
    }
}
