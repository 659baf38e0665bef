//! Judging one sign-in with a password: every reason to refuse looks the same from outside.

use chrono::{DateTime, Utc};

use super::lockout::{Limits, Lockout};
use crate::community::subscriber::Standing;

/// What is known when the password has been checked.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// Where the typed name stands with wrong passwords, whether or not anybody has that name.
    pub lockout: Lockout,
    /// Whether the account may be used; `None` if there is none.
    pub standing: Option<Standing>,
    /// Whether the password is the account's.
    pub matches: bool,
}

/// What follows from an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The person is signed in, and the count of failures starts anew.
    Accepted,
    /// The person is told the one sentence that everybody is told.
    Refused {
        /// What is written down about the name.
        lockout: Lockout,
        /// Why, for the audit record only.
        reason: Reason,
    },
}

/// Why a sign-in was refused. Never shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The account is dormant, suspended, terminated or closed.
    Account(Standing),
    /// The name is locked; the password was not looked at.
    Locked,
    /// Nobody has this name.
    Unknown,
    /// The passkey's answer is wrong, or not strong enough to sign in by itself.
    WrongPasskey,
    /// The password is wrong.
    WrongPassword,
}

impl Reason {
    /// The word in the audit record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account(Standing::Active) => "account",
            Self::Account(Standing::Closed) => "account-closed",
            Self::Account(Standing::Dormant) => "account-dormant",
            Self::Account(Standing::Suspended) => "account-suspended",
            Self::Account(Standing::Terminated) => "account-terminated",
            Self::Locked => "locked",
            Self::Unknown => "unknown-user-id",
            Self::WrongPasskey => "wrong-passkey",
            Self::WrongPassword => "wrong-password",
        }
    }
}

impl Attempt {
    /// What follows from the attempt at `now` (R29, R62, security 15.4, 15.5).
    ///
    /// Whatever is wrong counts as a failure of the name, so that neither the answer nor the lock
    /// tells an unknown name from a dormant account or a wrong password.
    #[must_use]
    pub fn judge(self, limits: Limits, now: DateTime<Utc>) -> Verdict {
        if self.lockout.refuses(now) {
            return Verdict::Refused { lockout: self.lockout, reason: Reason::Locked };
        }
        let reason = match self.standing {
            None => Reason::Unknown,
            Some(_) if !self.matches => Reason::WrongPassword,
            Some(Standing::Active) => return Verdict::Accepted,
            Some(standing) => Reason::Account(standing),
        };
        Verdict::Refused { lockout: self.lockout.after_failure(limits, now), reason }
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use proptest::prelude::*;

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::days(1)
    }

    const OPEN: Lockout = Lockout::CLEAR;

    #[test]
    fn only_the_right_password_of_an_open_active_account_is_accepted() {
        let locked = Lockout::Locked { until: now() + Duration::seconds(1) };
        let over = Lockout::Locked { until: now() };
        for (lockout, standing, matches, expected) in [
            (OPEN, Some(Standing::Active), true, None),
            (over, Some(Standing::Active), true, None),
            (locked, Some(Standing::Active), true, Some(Reason::Locked)),
            (locked, None, false, Some(Reason::Locked)),
            (OPEN, Some(Standing::Active), false, Some(Reason::WrongPassword)),
            (OPEN, None, false, Some(Reason::Unknown)),
            (OPEN, None, true, Some(Reason::Unknown)),
            (OPEN, Some(Standing::Dormant), true, Some(Reason::Account(Standing::Dormant))),
            (OPEN, Some(Standing::Suspended), false, Some(Reason::WrongPassword)),
        ] {
            let found =
                match (Attempt { lockout, standing, matches }).judge(Limits::default(), now()) {
                    Verdict::Accepted => None,
                    Verdict::Refused { reason, .. } => Some(reason),
                };
            assert_eq!(found, expected, "{lockout:?} {standing:?} {matches}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_down_tells_no_reason_from_another(failures in 0_u32..7) {
            let lockout = Lockout::Open { failures, of_factors: 0 };
            let next = |standing, matches| match (Attempt { lockout, standing, matches }).judge(Limits::default(), now()) {
                Verdict::Accepted => None,
                Verdict::Refused { lockout, .. } => Some(lockout),
            };
            let unknown = next(None, false);
            prop_assert_eq!(next(Some(Standing::Active), false), unknown);
            prop_assert_eq!(next(Some(Standing::Dormant), true), unknown);
        }
    }
}
