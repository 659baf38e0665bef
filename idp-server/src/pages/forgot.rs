//! The ways back to a forgotten password or User ID. Every page looks the same whether or not
//! anybody has the name or address that was typed (security 17.1).

use askama::Template;
use idp_core::authentication::{
    password_policy::{Objection, PasswordPolicy},
    secret_questions::Question,
};

use super::{challenge::ChallengeView, frame::Frame, password, wording};

/// What was wrong with what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgotProblem {
    /// Too many people at once: send it with 503.
    Busy,
    /// The challenge did not count; its own words say why.
    Challenge,
    /// The form was old or foreign: send it with 403.
    FormExpired,
    /// Nothing was typed.
    Missing,
    /// What was typed cannot be an address.
    NoAddress,
    /// Too many tries from one network: send it with 429.
    Throttled,
    /// The answers are not the ones. `left`: how many tries there are.
    WrongAnswers { left: u32 },
    /// Wrong, used, too old or dead: always these words (security 17.3).
    WrongCode,
    /// The same, of a code that was handed over.
    WrongHandedOver,
    /// The same, of a code that stops something.
    WrongStopCode,
}

impl ForgotProblem {
    fn sentence(self, frame: &Frame<'_>) -> String {
        let words = &frame.text.forgot;
        match self {
            Self::Busy => words.problem_busy.to_owned(),
            Self::Challenge => words.problem_challenge.to_owned(),
            Self::FormExpired => words.problem_form.to_owned(),
            Self::Missing => words.problem_missing.to_owned(),
            Self::NoAddress => words.problem_address.to_owned(),
            Self::Throttled => words.problem_throttled.to_owned(),
            Self::WrongAnswers { left: 1 } => words.problem_answers_last.to_owned(),
            Self::WrongAnswers { left } => words.problem_answers(left).to_string(),
            Self::WrongCode | Self::WrongHandedOver => words.problem_code.to_owned(),
            Self::WrongStopCode => words.problem_stop_code.to_owned(),
        }
    }
}

/// What is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgotten {
    /// Asks for `username`.
    Password,
    /// Asks for `email`.
    UserId,
}

/// Posts `username` or `email`, a challenge and `form_token` to `/forgot/password` or
/// `/forgot/user-id`.
#[derive(Debug, Template)]
#[template(path = "forgot_start.html")]
pub struct ForgotStartPage<'a> {
    pub frame: Frame<'a>,
    pub form_token: &'a str,
    pub what: Forgotten,
    /// What was typed before.
    pub typed: &'a str,
    pub challenge: Option<ChallengeView>,
    pub problem: Option<ForgotProblem>,
}

impl ForgotStartPage<'_> {
    /// Title and heading, lead, label, and where the form goes.
    fn words(&self) -> (&'static str, &'static str, &'static str, &'static str) {
        let words = &self.frame.text.forgot;
        match self.what {
            Forgotten::Password => (
                words.password_title,
                words.password_lead,
                self.frame.text.sign_in.user_id,
                "/forgot/password",
            ),
            Forgotten::UserId => {
                (words.user_id_title, words.user_id_lead, words.email, "/forgot/user-id")
            }
        }
    }

    fn asks_for_name(&self) -> bool {
        self.what == Forgotten::Password
    }
}

/// The secret questions: posts `answer1` … and `form_token` to `/forgot/password/{handle}/answers`.
/// A code that was handed over goes to `/forgot/password/{handle}/handed-over`.
#[derive(Debug, Template)]
#[template(path = "forgot_questions.html")]
pub struct ForgotQuestionsPage<'a> {
    pub frame: Frame<'a>,
    pub handle: &'a str,
    pub form_token: &'a str,
    pub questions: &'a [Question],
    pub problem: Option<ForgotProblem>,
}

impl ForgotQuestionsPage<'_> {
    fn asked(&self) -> Vec<&'static str> {
        self.questions.iter().map(|q| wording::question(self.frame.text, *q)).collect()
    }
}

/// Self-help is closed: only a code that was handed over leads on.
#[derive(Debug, Template)]
#[template(path = "forgot_closed.html")]
pub struct ForgotClosedPage<'a> {
    pub frame: Frame<'a>,
    pub handle: &'a str,
    pub form_token: &'a str,
    pub problem: Option<ForgotProblem>,
}

/// The mailed code: posts `code` and `form_token` to `/forgot/password/{handle}/code`.
#[derive(Debug, Template)]
#[template(path = "forgot_code.html")]
pub struct ForgotCodePage<'a> {
    pub frame: Frame<'a>,
    pub handle: &'a str,
    pub form_token: &'a str,
    /// Whether the demo's mailbox is where the mail is.
    pub in_mailbox: bool,
    /// Whether another mail was asked for.
    pub mailed_again: bool,
    pub problem: Option<ForgotProblem>,
}

/// The new password: posts `password`, `repeated` and `form_token` to
/// `/forgot/password/{handle}/new`.
#[derive(Debug, Template)]
#[template(path = "forgot_new.html")]
pub struct ForgotNewPage<'a> {
    pub frame: Frame<'a>,
    pub handle: &'a str,
    pub form_token: &'a str,
    /// For the password manager: whose it is.
    pub user_id: &'a str,
    pub policy: PasswordPolicy,
    pub objections: Vec<Objection>,
    /// Whether the two were different.
    pub differ: bool,
    pub problem: Option<ForgotProblem>,
}

impl ForgotNewPage<'_> {
    fn rules(&self) -> Vec<String> {
        password::rules(self.frame.text, &self.policy)
    }

    fn sentences(&self) -> Vec<String> {
        let words = &self.frame.text.forgot;
        let mut sentences: Vec<String> =
            self.problem.iter().map(|problem| problem.sentence(&self.frame)).collect();
        sentences.extend(self.differ.then(|| words.new_differ.to_owned()));
        sentences.extend(password::objections(self.frame.text, &self.objections));
        sentences
    }
}

/// What has been done, and where to go from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The new address is in use.
    EmailConfirmed,
    /// The change of address is stopped.
    EmailStopped,
    /// The change of address is taken back.
    EmailUndone,
    /// The removal of the second factors is stopped.
    FactorResetStopped,
    /// A new second factor is removed.
    NewFactorStopped,
    /// There is a new password.
    PasswordSet,
    /// Whatever there is to say about the address was mailed to it.
    UserIdMailed,
}

/// The end of a way.
#[derive(Debug, Template)]
#[template(path = "outcome.html")]
pub struct OutcomePage<'a> {
    pub frame: Frame<'a>,
    pub outcome: Outcome,
    /// Whether the demo's mailbox is where a mail is.
    pub in_mailbox: bool,
}

impl OutcomePage<'_> {
    /// Title, what happened, and what next.
    fn words(&self) -> (&'static str, &'static str, &'static str) {
        let (forgot, stop) = (&self.frame.text.forgot, &self.frame.text.stop);
        match self.outcome {
            Outcome::EmailConfirmed => (stop.confirmed, stop.confirmed_lead, stop.confirmed_next),
            Outcome::EmailStopped => (stop.email_stopped, stop.email_stopped_lead, stop.next),
            Outcome::EmailUndone => (stop.email_undone, stop.email_undone_lead, stop.next),
            Outcome::FactorResetStopped => {
                (stop.factor_stopped, stop.factor_stopped_lead, stop.next)
            }
            Outcome::NewFactorStopped => {
                (stop.new_factor_stopped, stop.new_factor_stopped_lead, stop.next)
            }
            Outcome::PasswordSet => (forgot.done_title, forgot.done_lead, forgot.done_next),
            Outcome::UserIdMailed => {
                (forgot.user_id_mailed, forgot.user_id_mailed_lead, forgot.user_id_mailed_next)
            }
        }
    }
}

/// What a code from a mail does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailDeed {
    /// Confirms an address that the help desk was asked for.
    ConfirmEmail,
    /// Stops a change of address, or takes it back.
    StopEmailChange,
    /// Keeps the second factors.
    StopFactorReset,
    /// Removes a new second factor.
    StopNewFactor,
}

/// Does something that a mail told about: posts `code` and `form_token` to where it is.
#[derive(Debug, Template)]
#[template(path = "from_mail.html")]
pub struct FromMailPage<'a> {
    pub frame: Frame<'a>,
    pub form_token: &'a str,
    pub what: MailDeed,
    /// Its identifier, as it stands in the mail's link.
    pub id: &'a str,
    pub problem: Option<ForgotProblem>,
}

impl FromMailPage<'_> {
    /// Title, lead, the button, and where the form goes.
    fn words(&self) -> (&'static str, &'static str, &'static str, &'static str) {
        let words = &self.frame.text.stop;
        match self.what {
            MailDeed::ConfirmEmail => {
                (words.confirm_title, words.confirm_lead, words.confirm_submit, "/confirm/email")
            }
            MailDeed::StopEmailChange => {
                (words.email_title, words.email_lead, words.email_submit, "/stop/email")
            }
            MailDeed::StopFactorReset => {
                (words.factor_title, words.factor_lead, words.factor_submit, "/stop/factor-reset")
            }
            MailDeed::StopNewFactor => (
                words.new_factor_title,
                words.new_factor_lead,
                words.new_factor_submit,
                "/stop/factor",
            ),
        }
    }
}
