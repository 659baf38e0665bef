//! What can happen, and how it is spelt for good.

use std::fmt;
use std::str::FromStr;

/// Makes the kinds and their spelling from one list, so that they cannot drift apart.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $spelling:literal;)*) => {
        /// What happened.
        ///
        /// The spelling stands in sealed rows: a kind may be added, never renamed or taken out.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// Every kind there is.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// How it is spelt: the thing, a dot, and what happened to it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $spelling,)*
                }
            }
        }
    };
}

kinds! {
    /// Something was asked for without the right to it.
    AccessRefused = "access.refused";
    /// An account has not been used for 200 days (R28).
    AccountDormant = "account.dormant";
    /// Seven wrong passwords in a row (R29).
    AccountLocked = "account.locked";
    /// A dormant account is in use again (domain 4.5).
    AccountReactivated = "account.reactivated";
    /// A lock was taken off before its time.
    AccountUnlocked = "account.unlocked";
    /// A Subscriber no longer acts for an organization.
    AffiliationEnded = "affiliation.ended";
    /// A Subscriber agreed to a text (R19).
    AgreementAccepted = "agreement.accepted";
    /// A Subscriber did not agree to a text.
    AgreementDeclined = "agreement.declined";
    /// A text is in force, in place of the version before it.
    AgreementPublished = "agreement.published";
    /// A text is no longer asked for, and none takes its place.
    AgreementWithdrawn = "agreement.withdrawn";
    /// A browser no longer stands in for the second factor of a Subscriber.
    BrowserForgotten = "browser.forgotten";
    /// A browser stands in for the second factor of a Subscriber, for a while.
    BrowserRemembered = "browser.remembered";
    /// An authorization code came back a second time (RFC 6749 §4.1.2).
    CodeReused = "code.reused";
    /// A community file was loaded.
    CommunityImported = "community.imported";
    /// A Subscriber proved a second factor.
    FactorAccepted = "factor.accepted";
    /// A Subscriber set up a second factor.
    FactorAdded = "factor.added";
    /// A second factor, recovery code or mailed code was wrong.
    FactorRefused = "factor.refused";
    /// A Subscriber gave up a second factor.
    FactorRemoved = "factor.removed";
    /// A Subscriber has another mail address (domain 4.7).
    EmailChanged = "email.changed";
    /// Another mail address was asked for.
    EmailRequested = "email.requested";
    /// The old mailbox stopped a change of address.
    EmailStopped = "email.stopped";
    /// The old mailbox took a change of address back.
    EmailUndone = "email.undone";
    /// The removal of lost second factors was stopped.
    FactorResetCancelled = "factor.reset-cancelled";
    /// Lost second factors were removed.
    FactorResetDone = "factor.reset-done";
    /// Lost second factors are to be removed, after a wait.
    FactorResetRequested = "factor.reset-requested";
    /// A site lost what it was given in a session.
    GrantEnded = "grant.ended";
    /// A site was given tokens.
    GrantIssued = "grant.issued";
    /// A site renewed its tokens.
    GrantRefreshed = "grant.refreshed";
    /// A key began to sign.
    KeyActivated = "key.activated";
    /// A key stands in the key set.
    KeyPublished = "key.published";
    /// A key signs nothing more; its successor does.
    KeyReplaced = "key.replaced";
    /// A key left the key set.
    KeyRetired = "key.retired";
    /// Somebody did not get in.
    LoginFailed = "login.failed";
    /// A Subscriber signed in.
    LoginSucceeded = "login.succeeded";
    /// A site has heard that a session ended.
    LogoutDelivered = "logout.delivered";
    /// A site could not be told, and is not tried again.
    LogoutFailed = "logout.failed";
    /// A site is to be told that a session ended.
    LogoutQueued = "logout.queued";
    /// A Subscriber was given new recovery codes.
    RecoveryCodesMade = "recovery-codes.made";
    /// A mail has reached the mail server.
    MailDelivered = "mail.delivered";
    /// A mail could not be sent, and is not tried again.
    MailFailed = "mail.failed";
    /// Secret questions were set up or changed (R57).
    QuestionsChanged = "questions.changed";
    /// A new password was set in place of a forgotten one (R53).
    ResetChanged = "reset.changed";
    /// Self-help is closed: three wrong answers (R54).
    ResetClosed = "reset.closed";
    /// A code of a reset was wrong, used or dead.
    ResetCodeFailed = "reset.code-failed";
    /// A code was made to be handed over in person.
    ResetCodeIssued = "reset.code-issued";
    /// A code of a reset was mailed.
    ResetCodeMailed = "reset.code-mailed";
    /// The secret questions were answered wrongly.
    ResetQuestionsFailed = "reset.questions-failed";
    /// There is a new password.
    PasswordChanged = "password.changed";
    /// Somebody signed in did not know the password that they wanted to change.
    PasswordChangeRefused = "password.change-refused";
    /// A session is over.
    SessionEnded = "session.ended";
    /// A site was registered.
    SiteAdded = "site.added";
    /// The record of a site is another.
    SiteChanged = "site.changed";
    /// A site is no longer registered.
    SiteRemoved = "site.removed";
    /// A site's metadata were fetched or loaded anew, and say something else.
    SiteMetadataRefreshed = "site.metadata-refreshed";
    /// A site has a new secret.
    SiteSecretRotated = "site.secret-rotated";
    /// A spent refresh token came back (RFC 9700 §4.14.2).
    TokenReused = "token.reused";
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such kind of audit event")]
pub struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(UnknownKind)
    }
}
