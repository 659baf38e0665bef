//! Why access ended, as rows and audit events spell it.

use std::fmt;

use idp_core::community::end_access;

/// Why something ended. The spelling stands in rows and audit events, for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A community file stopped the account.
    AccountStopped,
    /// A community file ended the affiliation.
    AffiliationEnded,
    /// The authorization code came back a second time (RFC 6749 §4.1.2).
    CodeReused,
    /// The old mailbox stopped a change of the mail address (domain 4.7).
    EmailStopped,
    /// A transition of the community did it.
    Community(end_access::Cause),
    /// The person ended it on the account page.
    EndedByPerson,
    /// The person chose another password.
    PasswordChanged,
    /// Lost second factors were removed (domain 4.6).
    FactorsReset,
    /// A forgotten password was replaced (security 17.9).
    PasswordReset,
    /// The person had a new second factor removed, from the mailbox.
    FactorStopped,
    /// A spent refresh token came back (RFC 9700 §4.14.2).
    RefreshTokenReused,
    /// Somebody else signed in with the same browser.
    Replaced,
    /// The site revoked its tokens (RFC 7009).
    Revoked,
    /// The person signed out.
    SignedOut,
    /// The person signed out at a site (OIDC RP-Initiated Logout 1.0).
    SignedOutAtSite,
    /// The sign-in was one of a burst in which too many had failed.
    SignInThrottled,
    /// The site was removed or stopped.
    SiteRemoved,
}

impl Cause {
    /// How it is spelt.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccountStopped => "account-stopped",
            Self::AffiliationEnded => "affiliation-ended",
            Self::CodeReused => "code-reused",
            Self::Community(cause) => cause.code(),
            Self::EmailStopped => "email-stopped",
            Self::EndedByPerson => "ended-by-person",
            Self::PasswordChanged => "password-changed",
            Self::FactorsReset => "factors-reset",
            Self::PasswordReset => "password-reset",
            Self::FactorStopped => "factor-stopped",
            Self::RefreshTokenReused => "refresh-token-reused",
            Self::Replaced => "replaced",
            Self::Revoked => "revoked",
            Self::SignedOut => "signed-out",
            Self::SignedOutAtSite => "signed-out-at-site",
            Self::SignInThrottled => "sign-in-throttled",
            Self::SiteRemoved => "site-removed",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
