//! Lockout (R29). The seventh wrong password in a row locks the account for ten minutes; then it
//! opens by itself. An attempt during a lock is refused unread and does not prolong it.

use chrono::{DateTime, Duration, Utc};

/// Where an account stands with wrong passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lockout {
    /// Closed until then; at `until` it is open again.
    Locked {
        /// The first moment at which it is open.
        until: DateTime<Utc>,
    },
    /// Open, after this many failures in a row.
    Open {
        /// Failures since the last success.
        failures: u32,
    },
}

/// How many failures lock, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The failure that locks: 7.
    pub attempts: u32,
    /// How long a lock lasts: at least ten minutes.
    pub lasts: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { attempts: 7, lasts: Duration::minutes(10) }
    }
}

impl Lockout {
    /// Whether an attempt at `now` is refused unread.
    #[must_use]
    pub fn refuses(self, now: DateTime<Utc>) -> bool {
        matches!(self, Self::Locked { until } if now < until)
    }

    /// Where a wrong password at `now` leads.
    #[must_use]
    pub fn after_failure(self, limits: Limits, now: DateTime<Utc>) -> Self {
        match self {
            Self::Locked { until } if now < until => self,
            Self::Locked { .. } => Self::Open { failures: 0 }.after_failure(limits, now),
            Self::Open { failures } if failures.saturating_add(1) < limits.attempts => {
                Self::Open { failures: failures.saturating_add(1) }
            }
            Self::Open { .. } => Self::Locked { until: now + limits.lasts },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Lockout::*, *};

    const LIMITS: Limits = Limits { attempts: 7, lasts: Duration::minutes(10) };

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::minutes(minute)
    }

    fn after(minutes: &[i64]) -> Lockout {
        minutes.iter().fold(Open { failures: 0 }, |state, m| state.after_failure(LIMITS, at(*m)))
    }

    #[test]
    fn the_seventh_failure_in_a_row_locks_for_ten_minutes() {
        // the minute of each wrong password, and where they lead
        for (minutes, expected) in [
            (vec![0; 6], Open { failures: 6 }),
            (vec![0; 7], Locked { until: at(10) }),
            (vec![0, 0, 0, 0, 0, 0, 0, 9], Locked { until: at(10) }),
            (vec![0, 0, 0, 0, 0, 0, 0, 10], Open { failures: 1 }),
        ] {
            assert_eq!(after(&minutes), expected, "{minutes:?}");
        }
        assert!(after(&[0; 7]).refuses(at(9)));
        assert!(!after(&[0; 7]).refuses(at(10)));
    }

    proptest! {
        #[test]
        fn an_attempt_during_a_lock_changes_nothing(until in 1..10_000_i64, early in 1..10_000_i64) {
            let locked = Locked { until: at(until) };
            prop_assert_eq!(locked.after_failure(LIMITS, at(until - early)), locked);
        }

        #[test]
        fn nobody_gets_more_than_seven_tries_in_ten_minutes(mut minutes in prop::collection::vec(0..10_i64, 0..40)) {
            minutes.sort_unstable();
            let mut state = Open { failures: 0 };
            let mut read = 0;
            for minute in minutes {
                if !state.refuses(at(minute)) { read += 1; }
                state = state.after_failure(LIMITS, at(minute));
            }
            prop_assert!(read <= 7);
        }
    }
}
