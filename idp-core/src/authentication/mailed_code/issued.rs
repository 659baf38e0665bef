//! The rule: when there is another code, and what comes of a try.

use chrono::{DateTime, TimeDelta, Utc};

use super::{CodePurpose, TRIES};
use crate::secret::SecretDigest;

/// What mails and wrong tries are counted over.
const HOUR: TimeDelta = TimeDelta::hours(1);

/// One code of a person, and the wrong tries at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuedCode {
    /// What the code is compared by.
    pub digest: SecretDigest,
    /// The first moment at which it is dead.
    pub expires_at: DateTime<Utc>,
    /// When it was used.
    pub used_at: Option<DateTime<Utc>>,
    /// Wrong tries at it, and in the same hour at those before it in the same place.
    pub failures: u32,
}

/// What is counted over all codes of one person for one purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hour {
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// Wrong tries since then.
    pub failures: u32,
    /// Codes that were made since then.
    pub issued: u32,
}

/// A code, and the hour that it is counted in: what is loaded, judged and kept together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeState {
    /// The code.
    pub code: IssuedCode,
    /// Of all codes of the person for this purpose.
    pub hour: Hour,
}

/// Why no code was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotIssued {
    /// As many as may be were mailed; the next one at this moment.
    TooMany {
        /// The first moment at which there can be another.
        until: DateTime<Utc>,
    },
    /// Too many wrong tries; the next code at this moment.
    TooManyTries {
        /// The first moment at which there can be another.
        until: DateTime<Utc>,
    },
}

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redemption {
    /// It was the code, and nobody can use it again.
    Accepted,
    /// It was not, or not any more. People are told one thing only: "invalid or expired".
    Refused(WhyRefused),
}

/// Why a code did not count. For the audit record, never for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyRefused {
    /// Its time is over, or there never was one.
    Expired,
    /// Five wrong tries have ended it.
    TooManyTries,
    /// It was used before.
    Used,
    /// Another one was made.
    Wrong,
}

impl WhyRefused {
    /// The word in the audit record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "code-expired",
            Self::TooManyTries => "code-dead",
            Self::Used => "code-used",
            Self::Wrong => "code-wrong",
        }
    }
}

impl IssuedCode {
    /// What stands where no code was ever made. Nothing redeems it.
    #[must_use]
    pub fn none() -> Self {
        let expires_at = DateTime::UNIX_EPOCH;
        Self { digest: SecretDigest::of(""), expires_at, used_at: None, failures: 0 }
    }
}

impl Hour {
    /// One that begins now.
    #[must_use]
    pub const fn beginning(now: DateTime<Utc>) -> Self {
        Self { began_at: now, failures: 0, issued: 0 }
    }
}

impl CodeState {
    /// The next code, in place of this one.
    ///
    /// # Errors
    /// [`NotIssued`] if there were too many mails or wrong tries in this hour; then the code that
    /// stands is as it was.
    pub fn renew(
        self,
        purpose: CodePurpose,
        digest: SecretDigest,
        now: DateTime<Utc>,
    ) -> Result<Self, NotIssued> {
        let until = self.hour.began_at + HOUR;
        let limits = purpose.in_an_hour();
        let (mut hour, failures) = if until <= now || limits.is_none() {
            (Hour::beginning(now), 0)
        } else {
            (self.hour, self.code.failures)
        };
        if failures >= TRIES || limits.is_some_and(|limits| hour.failures >= limits.tries) {
            return Err(NotIssued::TooManyTries { until });
        }
        if limits.is_some_and(|limits| hour.issued >= limits.mails) {
            return Err(NotIssued::TooMany { until });
        }
        hour.issued = hour.issued.saturating_add(1);
        let expires_at = now + purpose.lasts();
        Ok(Self { code: IssuedCode { digest, expires_at, used_at: None, failures }, hour })
    }

    /// What follows from `presented` at `now`: what is to be kept, and the answer. A try against a
    /// code that is dead anyway changes nothing.
    #[must_use]
    pub fn redeem(
        self,
        purpose: CodePurpose,
        presented: Option<&SecretDigest>,
        now: DateTime<Utc>,
    ) -> (Self, Redemption) {
        let Self { mut code, mut hour } = self;
        let guessed = purpose.in_an_hour().is_some_and(|limits| hour.failures >= limits.tries);
        let refused = if code.used_at.is_some() {
            WhyRefused::Used
        } else if code.expires_at <= now {
            WhyRefused::Expired
        } else if code.failures >= TRIES || guessed {
            WhyRefused::TooManyTries
        } else if presented == Some(&code.digest) {
            // Whoever has the code is forgiven what they mistyped, and nobody else is.
            hour.failures = hour.failures.saturating_sub(code.failures);
            code.failures = 0;
            code.used_at = Some(now);
            return (Self { code, hour }, Redemption::Accepted);
        } else {
            code.failures = code.failures.saturating_add(1);
            hour.failures = hour.failures.saturating_add(1);
            return (Self { code, hour }, Redemption::Refused(WhyRefused::Wrong));
        };
        (self, Redemption::Refused(refused))
    }
}
