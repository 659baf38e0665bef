//! What Hilum writes to people, as facts. The words are in the message catalogue, and the one
//! recipient is the account's address, or the one that is to become it.
//!
//! Names and browsers in here were typed by somebody: whoever words a mail shows them as text and
//! never as more (security 21.3, 21.4).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    authentication::mailed_code::{CodePurpose, LinkKey, MailedCode},
    community::{
        news::News,
        subscriber::{EmailAddress, UserId},
        told::Told,
    },
    ids::{EmailChangeId, FactorResetId, SubscriberId},
};

/// A second factor as a mail names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactorKind {
    /// One-time codes of an authenticator app (TOTP).
    AuthenticatorApp,
    /// A passkey or security key.
    Passkey,
}

/// What removes a new factor, typed on the page behind the link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopFactor {
    /// Whose factor, for the link: it may be gone by then, and others in its place.
    pub subscriber: SubscriberId,
    /// What only this link has.
    pub key: LinkKey,
    /// The code.
    pub code: MailedCode,
}

/// Who hands over a code or has a factor removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Helper {
    /// An Administrator of an organization of the person.
    Administrator,
    /// Hilum's help desk.
    Support,
}

/// One mail. The spelling stands in the outbox and the audit record, for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mail", rename_all = "kebab-case")]
pub enum Mail {
    /// Too many wrong passwords (domain 4.4).
    AccountLocked {
        /// How long it lasts.
        minutes: u32,
    },
    /// A browser will not be asked for the second factor for a while.
    BrowserRemembered {
        /// What the browser calls itself.
        browser: String,
        /// Until then.
        until: DateTime<Utc>,
    },
    /// A code to be typed into the page that asks for it.
    Code {
        /// What it is good for.
        purpose: CodePurpose,
        /// The code.
        code: MailedCode,
    },
    /// Something happened in the community (domain 4).
    Community(Box<Told>),
    /// Somebody made a code for this person to be handed over (security 17.7).
    CodeHandedOver {
        /// Who made it.
        by: Helper,
    },
    /// The address on file is another now; to the old one, which can take it back.
    EmailChanged {
        /// Which change, for the link.
        change: EmailChangeId,
        /// What only this link has.
        key: LinkKey,
        /// What stops it, typed on the page behind the link.
        code: MailedCode,
        /// The new address, shortened.
        new: String,
        /// Until when it can be taken back.
        until: DateTime<Utc>,
    },
    /// The help desk was asked for another address; to the new one, which has to be proved.
    EmailChangeByDesk {
        /// Who was asked.
        by: Helper,
        /// Which change, for the link.
        change: EmailChangeId,
        /// What confirms it, typed on the page behind the link.
        code: MailedCode,
    },
    /// Somebody asked for another address; to the old one, which can stop it.
    EmailChangeRequested {
        /// Which change, for the link.
        change: EmailChangeId,
        /// What only this link has.
        key: LinkKey,
        /// What stops it, typed on the page behind the link.
        code: MailedCode,
        /// The new address, shortened.
        new: String,
    },
    /// The old mailbox took a change back.
    EmailChangeUndone,
    /// To an address that somebody wanted for a second account.
    EmailTaken,
    /// There is a new second factor.
    FactorAdded {
        /// Which kind.
        kind: FactorKind,
        /// What the person calls it.
        name: String,
        /// What removes it again, for a first factor, which somebody else may have set up.
        stop: Option<StopFactor>,
    },
    /// A second factor is gone.
    FactorRemoved {
        /// Which kind.
        kind: FactorKind,
        /// What the person called it.
        name: String,
    },
    /// The removal of all second factors will not happen.
    FactorResetCancelled,
    /// All second factors are removed.
    FactorResetDone,
    /// All second factors will be removed, unless the person stops it.
    FactorResetStarted {
        /// Who asked for it.
        by: Helper,
        /// What stops it, typed on the page behind the link.
        code: MailedCode,
        /// When it happens.
        due_at: DateTime<Utc>,
        /// Which removal, for the link.
        reset: FactorResetId,
    },
    /// The answer to "which User ID belongs to this address?".
    ForgottenUserId {
        /// None if nobody has the address.
        user_id: Option<UserId>,
    },
    /// A sign-in with a browser that this person has not used before.
    NewBrowser {
        /// From which address.
        address: String,
        /// When.
        at: DateTime<Utc>,
        /// What the browser calls itself.
        browser: String,
    },
    /// There is a new password (R55).
    PasswordChanged {
        /// When.
        at: DateTime<Utc>,
    },
    /// The secret questions are others now.
    QuestionsChanged,
    /// A recovery code was used in place of a second factor.
    RecoveryCodeUsed {
        /// How many are left.
        left: u32,
    },
    /// There is a new set of recovery codes.
    RecoveryCodesReplaced,
    /// Three wrong answers to the secret questions (R54).
    SelfHelpClosed,
}

impl Mail {
    /// How it is called in the audit record and the receipts: what the news is called, where it
    /// tells one.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::AccountLocked { .. } => "account-locked",
            Self::BrowserRemembered { .. } => "browser-remembered",
            Self::Code { .. } => "code",
            Self::Community(told) => told.letter.news.name(),
            Self::CodeHandedOver { .. } => "code-handed-over",
            Self::EmailChanged { .. } => "email-changed",
            Self::EmailChangeByDesk { .. } => "email-change-by-desk",
            Self::EmailChangeRequested { .. } => "email-change-requested",
            Self::EmailChangeUndone => "email-change-undone",
            Self::EmailTaken => "email-taken",
            Self::FactorAdded { .. } => "factor-added",
            Self::FactorRemoved { .. } => "factor-removed",
            Self::FactorResetCancelled => "factor-reset-cancelled",
            Self::FactorResetDone => "factor-reset-done",
            Self::FactorResetStarted { .. } => "factor-reset-started",
            Self::ForgottenUserId { .. } => "forgotten-user-id",
            Self::NewBrowser { .. } => "new-browser",
            Self::PasswordChanged { .. } => "password-changed",
            Self::QuestionsChanged => "questions-changed",
            Self::RecoveryCodeUsed { .. } => "recovery-code-used",
            Self::RecoveryCodesReplaced => "recovery-codes-replaced",
            Self::SelfHelpClosed => "self-help-closed",
        }
    }

    /// From when on it would only confuse: a code or a link that arrives dead. `written_at` is when
    /// it was put into the outbox.
    #[must_use]
    pub fn pointless_from(&self, written_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if let Self::Code { purpose, .. } = self {
            Some(written_at + purpose.lasts())
        } else if matches!(self, Self::EmailChangeByDesk { .. }) {
            Some(written_at + CodePurpose::EmailChangeByDesk.lasts())
        } else if let Self::Community(told) = self
            && let News::FirstCodeMade { until, .. }
            | News::Nominated { until, .. }
            | News::RegistrationBegun { until } = &told.letter.news
        {
            Some(*until)
        } else {
            None
        }
    }
}

/// A mail address shortened so that its owner knows it and nobody else learns it:
/// `a…@clinic.example`.
#[must_use]
pub fn shortened(address: &EmailAddress) -> String {
    let (local, domain) = address.as_str().split_once('@').unwrap_or((address.as_str(), ""));
    let first: String = local.chars().take(1).collect();
    format!("{first}…@{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::community::{news::Recipient, outcome::Letter, told::Details};

    #[test]
    fn a_mail_is_called_as_it_is_spelt() {
        let code = MailedCode::from_random([1; 8]);
        for mail in [
            Mail::EmailTaken,
            Mail::Code { purpose: CodePurpose::SignIn, code },
            Mail::RecoveryCodeUsed { left: 3 },
            Mail::SelfHelpClosed,
        ] {
            let spelt = serde_json::to_value(&mail).unwrap();
            assert_eq!(spelt["mail"], mail.name());
            assert_eq!(serde_json::from_value::<Mail>(spelt).unwrap(), mail);
        }
    }

    #[test]
    fn a_mail_with_a_code_does_not_print_it() {
        let code = MailedCode::typed("1234 5678").unwrap();
        let mail = Mail::Code { purpose: CodePurpose::PasswordReset, code };
        assert!(!format!("{mail:?}").contains("5678"), "{mail:?}");
    }

    #[test]
    fn a_code_is_not_delivered_dead() {
        let code = MailedCode::from_random([1; 8]);
        let written_at = DateTime::UNIX_EPOCH;
        let mail = Mail::Code { purpose: CodePurpose::PasswordReset, code };
        let quarter = written_at + CodePurpose::PasswordReset.lasts();
        assert_eq!(mail.pointless_from(written_at), Some(quarter));
        assert_eq!(Mail::EmailTaken.pointless_from(written_at), None);
        let letter = Letter {
            to: Recipient::Registrant("reg_1".parse().unwrap()),
            news: News::RegistrationBegun { until: quarter },
        };
        let told = Told { letter, details: Details::default(), link: None };
        let begun = Mail::Community(Box::new(told));
        assert_eq!(begun.pointless_from(written_at), Some(quarter));
        assert_eq!(begun.name(), "registration-begun");
        let stored = serde_json::to_string(&begun).unwrap();
        assert_eq!(serde_json::from_str::<Mail>(&stored).unwrap(), begun);
    }

    #[test]
    fn an_address_is_shortened_to_what_its_owner_knows() {
        let shortened = |text: &str| shortened(&text.parse().unwrap());
        assert_eq!(shortened("ana.rivera@clinic.example"), "a…@clinic.example");
        assert_eq!(shortened("é@x.example"), "é…@x.example");
    }
}
