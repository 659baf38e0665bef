//! The second step of a sign-on: a code, a passkey, or what stands in for a lost one.

use askama::Template;

use super::frame::{Frame, SiteView};
use super::messages::Messages;

/// Posts `code`, or `question` and `credential`, with `form_token` to
/// `/sign-on/{handle}/factor/{way}` or `/sign-on/{handle}/passkey`.
#[derive(Debug, Template)]
#[template(path = "factor.html")]
pub struct FactorPage<'a> {
    pub frame: Frame<'a>,
    pub handle: &'a str,
    pub form_token: &'a str,
    /// The site that asked; `None` for a page of Hilum's own.
    pub site: Option<SiteView<'a>>,
    /// The User ID.
    pub person: &'a str,
    /// The way that is shown.
    pub way: FactorWay,
    /// The other ways that there are.
    pub others: Vec<FactorWay>,
    /// Whether this browser may be remembered.
    pub may_remember: bool,
    /// The mailbox, shortened, where a code goes there.
    pub mailbox: Option<&'a str>,
    /// Whether a code has been sent there just now.
    pub sent: bool,
    /// Whether the mailbox is confirmed because a first factor is to be set up.
    pub before_enrolment: bool,
    pub problem: Option<FactorProblem>,
}

/// By what the person confirms that it is them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorWay {
    Email,
    Passkey,
    Recovery,
    Totp,
}

/// Why the last try did not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorProblem {
    /// The form token was missing, foreign or old: send it with 403.
    FormExpired,
    /// Nothing was typed: send it with 400.
    Missing,
    /// Wrong, used before, or locked: always this one answer. Send it with 401.
    Refused { lock_minutes: u32 },
    /// Too many tries from one address: send it with 429 and `Retry-After`.
    Throttled,
    /// As many codes as may be were sent: send it with 429.
    TooManyMails,
}

impl FactorWay {
    /// Its word in addresses.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Passkey => "passkey",
            Self::Recovery => "recovery",
            Self::Totp => "totp",
        }
    }

    fn other_label(self, text: &'static Messages) -> &'static str {
        let words = &text.factor;
        match self {
            Self::Email => words.other_email,
            Self::Passkey => words.other_passkey,
            Self::Recovery => words.other_recovery,
            Self::Totp => words.other_totp,
        }
    }
}

impl FactorPage<'_> {
    fn page_title(&self) -> String {
        let text = self.frame.text;
        match self.problem {
            Some(_) => text.frame.title_with_problem(text.factor.heading).to_string(),
            None => text.frame.title(text.factor.heading).to_string(),
        }
    }

    /// Whether the caret starts in the field: not where there is something to be read first.
    fn starts_in_field(&self) -> bool {
        self.problem.is_none()
    }
}

impl FactorProblem {
    /// The sentences of the summary.
    fn sentences(self, way: FactorWay, text: &'static Messages) -> Vec<String> {
        let words = &text.factor;
        match self {
            Self::FormExpired => vec![words.problem_form.to_owned()],
            Self::Missing => vec![words.problem_missing.to_owned()],
            Self::Refused { lock_minutes } => {
                let first = match way {
                    FactorWay::Passkey => words.problem_passkey,
                    FactorWay::Totp => words.problem_totp,
                    FactorWay::Email | FactorWay::Recovery => words.problem_code,
                };
                vec![first.to_owned(), words.problem_lock(lock_minutes).to_string()]
            }
            Self::Throttled => vec![words.problem_throttled.to_owned()],
            Self::TooManyMails => vec![words.problem_mails.to_owned()],
        }
    }
}
