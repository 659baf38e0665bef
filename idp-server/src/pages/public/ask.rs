//! A form of a public page, with the challenge before it, and the page after it.

use askama::Template;

use crate::pages::{ChallengeView, FieldKind, FieldView, FormProblem, Frame};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To be nominated by an organization (R18).
    Access,
    /// A colleague in the place of the Administrator who left (R46–R48).
    AdministratorLeft,
    /// Anything.
    Contact,
    /// Whether there is an ID for this mail address (R73).
    ExistingId,
}

/// The form.
#[derive(Debug, Template)]
#[template(path = "ask.html")]
pub struct AskPage<'a> {
    pub frame: Frame<'a>,
    pub form_token: &'a str,
    pub what: Asked,
    pub fields: Vec<FieldView<'a>>,
    pub challenge: Option<ChallengeView>,
    pub problem: Option<FormProblem>,
}

/// It was sent.
#[derive(Debug, Template)]
#[template(path = "asked.html")]
pub struct AskedPage<'a> {
    pub frame: Frame<'a>,
    pub what: Asked,
    /// Whether a link leads to the mailbox of the demo.
    pub in_mailbox: bool,
}

impl Asked {
    /// The address of the form.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Access => "/request-access",
            Self::AdministratorLeft => "/administrator-left",
            Self::Contact => "/contact",
            Self::ExistingId => "/existing-id",
        }
    }

    const fn title(self, frame: &Frame<'_>) -> &'static str {
        let words = &frame.text.ask;
        match self {
            Self::Access => words.access_title,
            Self::AdministratorLeft => words.left_title,
            Self::Contact => words.contact_title,
            Self::ExistingId => words.existing_title,
        }
    }

    const fn lead(self, frame: &Frame<'_>) -> &'static str {
        let words = &frame.text.ask;
        match self {
            Self::Access => words.access_lead,
            Self::AdministratorLeft => words.left_lead,
            Self::Contact => words.contact_lead,
            Self::ExistingId => words.existing_lead,
        }
    }

    const fn done(self, frame: &Frame<'_>) -> (&'static str, &'static str) {
        let words = &frame.text.ask;
        match self {
            Self::Access => (words.done_title, words.access_done),
            Self::AdministratorLeft => (words.done_title, words.left_done),
            Self::Contact => (words.done_title, words.contact_done),
            Self::ExistingId => (words.existing_done_title, words.existing_done),
        }
    }
}

impl AskPage<'_> {
    fn title(&self) -> String {
        let title = self.what.title(&self.frame);
        let frame = &self.frame.text.frame;
        if self.problem.is_some() {
            frame.title_with_problem(title).to_string()
        } else {
            frame.title(title).to_string()
        }
    }
}
