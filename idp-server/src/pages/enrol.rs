//! Setting up a second factor, in the course of a sign-on or from the account.

use askama::Template;

use super::frame::{Frame, SiteView};
use super::messages::Messages;
use super::qr;

/// Posts `code` and `name` to `{base}/app`, or `question`, `credential` and `name` to
/// `{base}/passkey`, with `form_token`.
#[derive(Debug, Template)]
#[template(path = "enrol.html")]
pub struct EnrolPage<'a> {
    pub frame: Frame<'a>,
    /// Where the forms go.
    pub base: &'a str,
    pub form_token: &'a str,
    pub place: EnrolPlace<'a>,
    /// The User ID.
    pub person: &'a str,
    pub choice: EnrolChoice<'a>,
    /// What stands in the field for the name.
    pub name: &'a str,
    pub problem: Option<EnrolProblem>,
}

/// In the course of what.
#[derive(Clone, Copy, Debug)]
pub enum EnrolPlace<'a> {
    /// The person's own pages.
    Account,
    /// A sign-on: its handle, and the site that asked.
    SignOn { handle: &'a str, site: Option<SiteView<'a>> },
}

/// What is set up.
#[derive(Clone, Copy, Debug)]
pub enum EnrolChoice<'a> {
    /// An authenticator app.
    App {
        /// The QR code, as an SVG that we drew.
        qr: &'a str,
        /// The same for typing.
        key: &'a str,
    },
    /// A passkey or security key.
    Passkey,
    /// Not chosen yet.
    Open {
        /// Whether an app would be strong enough.
        app: bool,
        /// Whether passkeys can be used here.
        passkey: bool,
    },
}

/// The QR code of an authenticator app.
pub fn app_qr(text: &'static Messages, uri: &str) -> String {
    qr::svg(uri, text.enrol.app_qr)
}

/// What a factor is called if the person thinks of nothing better.
pub const fn usual_name(text: &'static Messages, passkey: bool) -> &'static str {
    if passkey { text.enrol.passkey_name } else { text.enrol.app_name }
}

/// Why there is no new factor yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnrolProblem {
    FormExpired,
    Full,
    Interrupted,
    Known,
    Name,
    Wrong,
}

impl EnrolPage<'_> {
    fn page_title(&self) -> String {
        let text = self.frame.text;
        match self.problem {
            Some(_) => text.frame.title_with_problem(self.heading()).to_string(),
            None => text.frame.title(self.heading()).to_string(),
        }
    }

    fn heading(&self) -> &'static str {
        let words = &self.frame.text.enrol;
        match self.choice {
            EnrolChoice::App { .. } => words.heading_app,
            EnrolChoice::Passkey => words.heading_passkey,
            EnrolChoice::Open { .. } => words.heading,
        }
    }
}

impl EnrolProblem {
    fn sentence(self, text: &'static Messages) -> &'static str {
        let words = &text.enrol;
        match self {
            Self::FormExpired => words.problem_form,
            Self::Full => words.problem_full,
            Self::Interrupted => words.problem_interrupted,
            Self::Known => words.problem_known,
            Self::Name => words.problem_name,
            Self::Wrong => words.problem_wrong,
        }
    }
}

/// Recovery codes, shown this once.
#[derive(Debug, Template)]
#[template(path = "recovery_codes.html")]
pub struct RecoveryCodesPage<'a> {
    pub frame: Frame<'a>,
    pub codes: Vec<String>,
    /// The User ID.
    pub person: &'a str,
    /// Whether a factor has been set up just now.
    pub after_enrolment: bool,
    /// Where the person goes on.
    pub next: &'a str,
}
