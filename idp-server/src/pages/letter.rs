//! Mails as they are read: one list of blocks, written out as text and as HTML.
//!
//! Every link begins with the configured public origin, whatever a request said (security 17.5),
//! and none carries what it opens: a mail scanner that follows it changes nothing (17.6).

mod community;
mod news;

use std::fmt::{self, Display, Formatter};

use askama::Template;
use chrono::{DateTime, Utc};
use idp_core::{
    authentication::mailed_code::{CodePurpose, MailedCode},
    mail::{FactorKind, Helper, Mail, StopFactor},
};

use super::{browser, frame::Support, messages::Messages, moment::written};
use crate::mail::Addressed;

/// A mail in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// For readers that show no HTML.
    pub text: String,
    /// For all others.
    pub html: String,
}

/// What every mail is worded with.
#[derive(Clone, Copy, Debug)]
pub struct Letterhead<'a> {
    /// The configured public origin.
    pub origin: &'a str,
    /// Whom people call.
    pub support: Support<'a>,
}

/// A piece of a mail.
#[derive(Debug)]
enum Block {
    Code(String),
    Fact { label: &'static str, value: String },
    Link { label: &'static str, address: String },
    Words(String),
}

impl Display for Block {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(out, "    {code}"),
            Self::Fact { label, value } => write!(out, "{label}: {value}"),
            Self::Link { label, address } => write!(out, "{label}:\n{address}"),
            Self::Words(words) => out.write_str(words),
        }
    }
}

#[derive(Template)]
#[template(path = "letter.txt", escape = "none")]
struct Plain<'a> {
    text: &'static Messages,
    head: Letterhead<'a>,
    name: Option<&'a str>,
    blocks: &'a [Block],
}

#[derive(Template)]
#[template(path = "letter.html")]
struct Rich<'a> {
    text: &'static Messages,
    head: Letterhead<'a>,
    name: Option<&'a str>,
    subject: &'a str,
    blocks: &'a [Block],
}

impl Plain<'_> {
    fn greeting(&self) -> String {
        greeting(self.text, self.name)
    }

    fn closing(&self) -> String {
        self.text.mail.closing(self.head.support.phone).to_string()
    }
}

impl Rich<'_> {
    fn greeting(&self) -> String {
        greeting(self.text, self.name)
    }

    fn closing(&self) -> String {
        self.text.mail.closing(self.head.support.phone).to_string()
    }
}

fn greeting(text: &'static Messages, name: Option<&str>) -> String {
    match name {
        Some(name) => text.mail.greeting(name).to_string(),
        None => text.mail.greeting_nobody.to_owned(),
    }
}

impl Letter {
    /// Words a mail.
    ///
    /// # Errors
    /// [`askama::Error`]; a template that compiles has no reason for one.
    pub fn of(addressed: &Addressed, head: Letterhead<'_>) -> Result<Self, askama::Error> {
        let wished = addressed.language.as_deref().and_then(Messages::for_language);
        let text = wished.unwrap_or(Messages::english());
        let (subject, blocks) = Writer { text, head }.write(&addressed.mail);
        let subject = one_line(&subject);
        let name = addressed.name.as_deref().map(one_line);
        let name = name.as_deref().filter(|name| !name.is_empty());
        let plain = Plain { text, head, name, blocks: &blocks };
        let rich = Rich { text, head, name, subject: &subject, blocks: &blocks };
        Ok(Self { text: plain.render()?, html: rich.render()?, subject: subject.clone() })
    }
}

/// What somebody typed, without line breaks and other control characters.
fn one_line(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(plain).collect::<String>().trim().to_owned()
}

struct Writer<'a> {
    text: &'static Messages,
    head: Letterhead<'a>,
}

impl Writer<'_> {
    fn write(&self, mail: &Mail) -> (String, Vec<Block>) {
        let words = &self.text.mail;
        match mail {
            Mail::AccountLocked { minutes } => self.notice(
                words.locked_subject,
                vec![says(words.locked(minutes)), says(words.locked_next)],
            ),
            Mail::BrowserRemembered { browser, until } => self.notice(
                words.remembered_subject,
                vec![
                    says(words.remembered(self.date(*until))),
                    self.browser(browser),
                    self.account(),
                ],
            ),
            Mail::Code { purpose, code } => self.code(*purpose, code),
            Mail::Community(told) => self.community(told),
            Mail::CodeHandedOver { by } => {
                let sentence = match by {
                    Helper::Administrator => words.handed_over_administrator,
                    Helper::Support => words.handed_over_support,
                };
                let next = says(words.handed_over_next);
                self.notice(words.handed_over_subject, vec![says(sentence), next])
            }
            Mail::EmailChanged { change, key, code, new, until } => {
                let first = says(words.email_changed(one_line(new)));
                let last = says(words.email_changed_until(self.date(*until)));
                let link = format!("/stop/email/{change}.{}", key.expose());
                let mut blocks = vec![first, last];
                blocks.extend(self.stop(words.email_changed_stop, &link, code));
                (words.email_changed_subject.to_owned(), blocks)
            }
            Mail::EmailChangeByDesk { by, change, code } => {
                let sentence = match by {
                    Helper::Administrator => words.email_desk_administrator,
                    Helper::Support => words.email_desk_support,
                };
                let address = self.address(&format!("/confirm/email/{change}"));
                let blocks = vec![
                    says(sentence),
                    Block::Link { label: words.email_desk_link, address },
                    Block::Code(code.shown()),
                    says(words.email_desk_until),
                    says(words.not_you(self.head.support.phone)),
                ];
                (words.email_desk_subject.to_owned(), blocks)
            }
            Mail::EmailChangeRequested { change, key, code, new } => {
                let mut blocks = vec![says(words.email_requested(one_line(new)))];
                let link = format!("/stop/email/{change}.{}", key.expose());
                blocks.extend(self.stop(words.email_requested_stop, &link, code));
                (words.email_requested_subject.to_owned(), blocks)
            }
            Mail::EmailChangeUndone => {
                self.notice(words.email_undone_subject, vec![says(words.email_undone)])
            }
            Mail::EmailTaken => (
                words.email_taken_subject.to_owned(),
                vec![says(words.email_taken), says(words.email_taken_next)],
            ),
            Mail::FactorAdded { kind, name, stop } => {
                let mut blocks =
                    vec![says(words.factor_added), self.factor(*kind, name), self.account()];
                if let Some(StopFactor { subscriber, key, code }) = stop {
                    blocks.push(says(words.factor_added_stop_hint));
                    let link = format!("/stop/factor/{subscriber}.{}", key.expose());
                    blocks.extend(self.stop(words.factor_added_stop, &link, code));
                }
                self.notice(words.factor_added_subject, blocks)
            }
            Mail::FactorRemoved { kind, name } => self.notice(
                words.factor_removed_subject,
                vec![says(words.factor_removed), self.factor(*kind, name), self.account()],
            ),
            Mail::FactorResetCancelled => self.notice(
                words.factor_reset_cancelled_subject,
                vec![says(words.factor_reset_cancelled)],
            ),
            Mail::FactorResetDone => self.notice(
                words.factor_reset_done_subject,
                vec![says(words.factor_reset_done), self.account()],
            ),
            Mail::FactorResetStarted { by, code, due_at, reset } => {
                let at = self.date(*due_at);
                let first = match by {
                    Helper::Administrator => words.factor_reset_administrator(at),
                    Helper::Support => words.factor_reset_support(at),
                };
                let mut blocks = vec![says(first)];
                let link = format!("/stop/factor-reset/{reset}");
                blocks.extend(self.stop(words.factor_reset_stop, &link, code));
                (words.factor_reset_subject.to_owned(), blocks)
            }
            Mail::ForgottenUserId { user_id: Some(user_id) } => (
                words.user_id_subject.to_owned(),
                vec![
                    says(words.user_id),
                    Block::Code(user_id.to_string()),
                    says(words.user_id_next),
                    self.account(),
                ],
            ),
            Mail::ForgottenUserId { user_id: None } => (
                words.user_id_subject.to_owned(),
                vec![says(words.user_id_none), says(words.user_id_none_next)],
            ),
            Mail::NewBrowser { address, at, browser } => self.notice(
                words.new_browser_subject,
                vec![
                    says(words.new_browser),
                    self.browser(browser),
                    fact(words.fact_address, address),
                    fact(words.fact_time, &self.date(*at)),
                    self.account(),
                ],
            ),
            Mail::PasswordChanged { at } => self.notice(
                words.password_subject,
                vec![says(words.password(self.date(*at))), says(words.password_ended)],
            ),
            Mail::QuestionsChanged => {
                self.notice(words.questions_subject, vec![says(words.questions)])
            }
            Mail::RecoveryCodeUsed { left } => self.notice(
                words.recovery_used_subject,
                vec![
                    says(words.recovery_used),
                    fact(words.recovery_left, &left.to_string()),
                    self.account(),
                ],
            ),
            Mail::RecoveryCodesReplaced => self.notice(
                words.recovery_replaced_subject,
                vec![says(words.recovery_replaced), self.account()],
            ),
            Mail::SelfHelpClosed => self.notice(
                words.self_help_subject,
                vec![says(words.self_help), says(words.self_help_next)],
            ),
        }
    }

    /// Something has happened that the person may not have done.
    fn notice(&self, subject: &str, mut blocks: Vec<Block>) -> (String, Vec<Block>) {
        blocks.push(says(self.text.mail.not_you(self.head.support.phone)));
        (subject.to_owned(), blocks)
    }

    fn code(&self, purpose: CodePurpose, code: &MailedCode) -> (String, Vec<Block>) {
        let words = &self.text.mail;
        let (subject, sentence) = match purpose {
            CodePurpose::ConfirmMailbox => (words.confirm_subject, words.confirm),
            CodePurpose::EmailChange => (words.email_code_subject, words.email_code),
            CodePurpose::PasswordReset => (words.reset_subject, words.reset),
            CodePurpose::SignIn => (words.sign_in_subject, words.sign_in),
            // These go in other mails, or in none.
            CodePurpose::EmailChangeByDesk
            | CodePurpose::ResetHandedOver
            | CodePurpose::StopEmailChange
            | CodePurpose::StopFactorReset
            | CodePurpose::StopNewFactor => (words.other_code_subject, words.other_code),
        };
        let minutes = purpose.lasts().num_minutes();
        let blocks = vec![
            says(sentence),
            Block::Code(code.shown()),
            says(words.code_life(minutes)),
            says(words.code_secret),
            says(words.not_you(self.head.support.phone)),
        ];
        (subject.to_owned(), blocks)
    }

    /// The way to stop something: a link that stops nothing by itself, and a code that does.
    fn stop(&self, label: &'static str, path: &str, code: &MailedCode) -> Vec<Block> {
        let words = &self.text.mail;
        vec![
            says(words.stop_next),
            Block::Link { label, address: self.address(path) },
            Block::Code(code.shown()),
            says(words.not_you(self.head.support.phone)),
        ]
    }

    fn account(&self) -> Block {
        let label = self.text.mail.account_link;
        Block::Link { label, address: self.address("/account") }
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.head.origin)
    }

    fn browser(&self, user_agent: &str) -> Block {
        fact(self.text.mail.fact_browser, &browser::describe(self.text, user_agent))
    }

    fn factor(&self, kind: FactorKind, name: &str) -> Block {
        let words = &self.text.mail;
        let label = match kind {
            FactorKind::AuthenticatorApp => words.fact_app,
            FactorKind::Passkey => words.fact_passkey,
        };
        fact(label, name)
    }

    fn date(&self, at: DateTime<Utc>) -> String {
        written(self.text, at).to_string()
    }
}

fn says(words: impl Display) -> Block {
    Block::Words(one_line(&words.to_string()))
}

fn fact(label: &'static str, value: &str) -> Block {
    Block::Fact { label, value: one_line(value) }
}
