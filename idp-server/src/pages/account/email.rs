//! The mail address, and another one.

use askama::Template;
use chrono::{DateTime, Utc};

use super::AccountNav;
use crate::pages::Frame;

/// Posts `email` to `/account/email`, `code` to `/account/email/confirm`, and nothing to
/// `/account/email/give-up`; `form_token` with each.
#[derive(Debug, Template)]
#[template(path = "account_email.html")]
pub struct EmailPage<'a> {
    pub frame: Frame<'a>,
    pub nav: AccountNav,
    pub form_token: &'a str,
    /// The address on file.
    pub current: Option<&'a str>,
    /// The change that waits for its code.
    pub pending: Option<PendingEmail<'a>>,
    /// What was typed as new address.
    pub typed: &'a str,
    /// Whether the demo's mailbox is where mails are.
    pub in_mailbox: bool,
    pub done: bool,
    pub problem: Option<EmailProblem>,
}

/// A change that waits for its code.
#[derive(Clone, Copy, Debug)]
pub struct PendingEmail<'a> {
    pub address: &'a str,
    pub until: DateTime<Utc>,
}

/// What was wrong with what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailProblem {
    /// It cannot be an address.
    NoAddress,
    /// It is the one on file.
    Same,
    /// Somebody else has it, as it turned out.
    Taken,
    /// Too many mails or wrong codes in this hour.
    TooMany,
    /// The mailbox before this one may still take the last change back.
    UndoOpen,
    /// Wrong, used, too old or dead.
    WrongCode,
}

impl EmailPage<'_> {
    fn problem_text(&self) -> Option<&'static str> {
        let words = &self.frame.text.account_email;
        self.problem.map(|problem| match problem {
            EmailProblem::NoAddress => self.frame.text.forgot.problem_address,
            EmailProblem::Same => words.problem_same,
            EmailProblem::Taken => words.problem_taken,
            EmailProblem::TooMany => words.problem_too_many,
            EmailProblem::UndoOpen => words.problem_undo_open,
            EmailProblem::WrongCode => self.frame.text.forgot.problem_code,
        })
    }
}
