//! Sign-in with User ID and password.

use askama::Template;

use super::challenge::ChallengeView;
use super::frame::{Frame, SiteView};
use super::messages::Messages;

/// Posts `username`, `password` and `form_token` to `/sign-on/{handle}/password`.
#[derive(Debug, Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage<'a> {
    pub frame: Frame<'a>,
    pub handle: &'a str,
    pub form_token: &'a str,
    /// The site that asked; `None` when the person opens their own account.
    pub site: Option<SiteView<'a>>,
    /// What stands in the User ID field: the site's `login_hint`, or what was typed before.
    pub user_id: &'a str,
    /// Whether passkeys can be used here.
    pub passkeys: bool,
    /// Whether the passkey stands before the password.
    pub passkey_first: bool,
    pub reason: Option<SignInReason>,
    pub problem: Option<SignInProblem>,
    /// After several failures.
    pub challenge: Option<ChallengeView>,
}

/// Why somebody who may have signed in already is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInReason {
    /// `prompt=login` or `ForceAuthn`.
    AskedAgain,
    /// The session reached its end.
    SessionEnded,
    /// The person before chose to switch.
    Switched,
    /// `max_age` is exceeded.
    TooLongAgo,
}

/// Why the last try did not sign anybody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInProblem {
    /// A passkey was refused: send it with 401.
    Passkey {
        lock_minutes: u32,
    },
    /// The pool that checks passwords is full: send it with 503 and `Retry-After`.
    Busy,
    /// After several failures a challenge comes first: send it with 403. The password was not read.
    Challenge,
    /// The form token was missing, foreign or old: send it with 403. The password was not read.
    FormExpired,
    Missing {
        user_id: bool,
        password: bool,
    },
    /// Unknown, locked, dormant, suspended or simply wrong: always this one answer.
    Refused {
        lock_minutes: u32,
    },
    /// Too many tries from one address: send it with 429 and `Retry-After`.
    Throttled,
}

impl SignInPage<'_> {
    fn page_title(&self) -> String {
        let text = self.frame.text;
        let page = match &self.site {
            Some(site) => text.sign_in.title_for_site(site.name).to_string(),
            None => text.sign_in.title.to_owned(),
        };
        match self.problem {
            Some(_) => text.frame.title_with_problem(page).to_string(),
            None => text.frame.title(page).to_string(),
        }
    }

    fn reason_text(&self) -> Option<String> {
        let words = &self.frame.text.sign_in;
        let site = self.site.map_or(words.this_site, |site| site.name);
        self.reason.map(|reason| match reason {
            SignInReason::AskedAgain => words.reason_asked_again(site).to_string(),
            SignInReason::SessionEnded => words.reason_ended.to_owned(),
            SignInReason::Switched => words.reason_switched.to_owned(),
            SignInReason::TooLongAgo => words.reason_too_long_ago(site).to_string(),
        })
    }

    fn user_id_missing(&self) -> bool {
        matches!(self.problem, Some(SignInProblem::Missing { user_id: true, .. }))
    }

    fn password_missing(&self) -> bool {
        matches!(self.problem, Some(SignInProblem::Missing { password: true, .. }))
    }

    /// Whether the caret starts in a field: not where there is something to be read first.
    fn starts_in_field(&self) -> bool {
        self.problem.is_none() && self.reason.is_none()
    }
}

impl SignInProblem {
    /// The sentences of the summary.
    fn sentences(self, text: &'static Messages) -> Vec<String> {
        let words = &text.sign_in;
        match self {
            Self::Busy => vec![words.problem_busy.to_owned()],
            Self::Challenge => vec![words.problem_challenge.to_owned()],
            Self::FormExpired => vec![words.problem_form.to_owned()],
            Self::Missing { .. } => vec![words.problem_missing.to_owned()],
            Self::Refused { lock_minutes } => vec![
                words.problem_refused.to_owned(),
                words.problem_refused_lock(lock_minutes).to_string(),
                words.problem_refused_unused.to_owned(),
            ],
            Self::Passkey { lock_minutes } => vec![
                words.problem_passkey.to_owned(),
                words.problem_refused_lock(lock_minutes).to_string(),
            ],
            Self::Throttled => vec![words.problem_throttled.to_owned()],
        }
    }
}
