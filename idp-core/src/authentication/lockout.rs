//! Lockout (R29). The seventh failure in a row locks the account for ten minutes; then it opens by
//! itself. An attempt during a lock is refused unread and does not prolong it.
//!
//! Passwords, second factors and codes count together (security 18.2). A right password forgives
//! wrong passwords only: whoever knows it must not win new guesses at the second factor with it.

use chrono::{DateTime, Duration, Utc};

/// Where an account stands with failures.
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
        /// Those of them that came after a right password: wrong factors and codes.
        of_factors: u32,
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

impl Limits {
    /// How long a lock lasts, in whole minutes, as people are told it.
    #[must_use]
    pub fn minutes(self) -> u32 {
        u32::try_from(self.lasts.num_minutes()).unwrap_or(u32::MAX)
    }
}

impl Lockout {
    /// A name without failures.
    pub const CLEAR: Self = Self::Open { failures: 0, of_factors: 0 };

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
            Self::Locked { .. } => Self::CLEAR.after_failure(limits, now),
            Self::Open { failures, of_factors } if failures.saturating_add(1) < limits.attempts => {
                Self::Open { failures: failures.saturating_add(1), of_factors }
            }
            Self::Open { .. } => Self::Locked { until: now + limits.lasts },
        }
    }

    /// Where a wrong second factor or code at `now` leads.
    #[must_use]
    pub fn after_wrong_factor(self, limits: Limits, now: DateTime<Utc>) -> Self {
        let counted_before = match self {
            Self::Open { of_factors, .. } => of_factors,
            Self::Locked { .. } => 0,
        };
        match self.after_failure(limits, now) {
            Self::Open { failures, .. } => {
                Self::Open { failures, of_factors: counted_before.saturating_add(1) }
            }
            locked @ Self::Locked { .. } => locked,
        }
    }

    /// Where a right password leads, in an account that is not locked: wrong factors stay counted.
    #[must_use]
    pub const fn after_password(self) -> Self {
        match self {
            Self::Locked { .. } => Self::CLEAR,
            Self::Open { of_factors, .. } => Self::Open { failures: of_factors, of_factors },
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

    fn open(failures: u32) -> Lockout {
        Open { failures, of_factors: 0 }
    }

    fn after(minutes: &[i64]) -> Lockout {
        minutes.iter().fold(Lockout::CLEAR, |state, m| state.after_failure(LIMITS, at(*m)))
    }

    #[test]
    fn the_seventh_failure_in_a_row_locks_for_ten_minutes() {
        // the minute of each wrong password, and where they lead
        for (minutes, expected) in [
            (vec![0; 6], open(6)),
            (vec![0; 7], Locked { until: at(10) }),
            (vec![0, 0, 0, 0, 0, 0, 0, 9], Locked { until: at(10) }),
            (vec![0, 0, 0, 0, 0, 0, 0, 10], open(1)),
        ] {
            assert_eq!(after(&minutes), expected, "{minutes:?}");
        }
        assert!(after(&[0; 7]).refuses(at(9)));
        assert!(!after(&[0; 7]).refuses(at(10)));
    }

    #[test]
    fn a_right_password_forgives_wrong_passwords_and_no_wrong_factors() {
        // p, f: a wrong password or factor; P: a right password
        for (history, expected) in [
            ("ppp", open(3)),
            ("pppP", open(0)),
            ("ff", Open { failures: 2, of_factors: 2 }),
            ("ppff", Open { failures: 4, of_factors: 2 }),
            ("ppffP", Open { failures: 2, of_factors: 2 }),
            ("ffPffPffPf", Locked { until: at(10) }),
            ("pppppp", open(6)),
            ("ppppppf", Locked { until: at(10) }),
        ] {
            let found = history.chars().fold(Lockout::CLEAR, |state, event| match event {
                'p' => state.after_failure(LIMITS, at(0)),
                'f' => state.after_wrong_factor(LIMITS, at(0)),
                _ => state.after_password(),
            });
            assert_eq!(found, expected, "{history}");
        }
    }

    proptest! {
        #[test]
        fn whoever_knows_the_password_gets_seven_guesses_at_the_factor(right in prop::collection::vec(0..3_u8, 0..60)) {
            let mut state = Lockout::CLEAR;
            let mut guesses = 0;
            for event in right {
                if state.refuses(at(0)) { break; }
                state = match event {
                    0 => state.after_password(),
                    1 => state.after_failure(LIMITS, at(0)),
                    _ => { guesses += 1; state.after_wrong_factor(LIMITS, at(0)) }
                };
            }
            prop_assert!(guesses <= 7);
        }

        #[test]
        fn an_attempt_during_a_lock_changes_nothing(until in 1..10_000_i64, early in 1..10_000_i64) {
            let locked = Locked { until: at(until) };
            prop_assert_eq!(locked.after_failure(LIMITS, at(until - early)), locked);
        }

        #[test]
        fn nobody_gets_more_than_seven_tries_in_ten_minutes(mut minutes in prop::collection::vec(0..10_i64, 0..40)) {
            minutes.sort_unstable();
            let mut state = Lockout::CLEAR;
            let mut read = 0;
            for minute in minutes {
                if !state.refuses(at(minute)) { read += 1; }
                state = state.after_failure(LIMITS, at(minute));
            }
            prop_assert!(read <= 7);
        }
    }
}
