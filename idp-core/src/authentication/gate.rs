//! What one of Hilum's own pages demands of a sign-in before it opens (security 18.4, 18.5, 19.5).
//!
//! A page says [`Demand`]; the engine (`sign_on::next_step`) says whether the person stands there
//! already, and if not, which step of an ordinary sign-on leads there. A browser that is only
//! remembered never opens any of these pages.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::assurance::Assurance;

/// How old a sign-in may be that changes who can sign in: factors, mail address, secret questions,
/// password, promotion, codes (security 19.5). At fifteen minutes it is still good.
pub const CHANGE_WITHIN: Duration = Duration::minutes(15);

/// What a page demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// How the person must have signed in.
    pub level: Level,
    /// How old the sign-in may be at most, in seconds; any age if `None`.
    pub max_age_seconds: Option<u32>,
}

/// How a person must have signed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Level {
    /// With whatever begins a session.
    #[default]
    SignedIn,
    /// And with a second factor of their own, if they have one, or a recovery code in its place.
    OwnFactor,
    /// As [`Self::OwnFactor`]; whoever has no factor yet has shown that the mailbox on file is
    /// theirs. Somebody who found out a password sets up nothing by it.
    Enrolment,
    /// With at least this rung.
    Rung(Assurance),
}

impl Demand {
    /// To look at one's own pages.
    pub const SIGNED_IN: Self = Self { level: Level::SignedIn, max_age_seconds: None };
    /// To change what a person signs in with, or where their mail goes.
    pub const CHANGE: Self = Self::lately(Level::OwnFactor);
    /// To set up a second factor, or to have mail go elsewhere.
    pub const ENROLMENT: Self = Self::lately(Level::Enrolment);
    /// To work in a console (security 18.3, 20.4).
    pub const CONSOLE: Self =
        Self { level: Level::Rung(Assurance::BrowserSecondFactor), max_age_seconds: None };
    /// To do something in a console that leads into somebody's account: a code, another mail address,
    /// the removal of factors.
    pub const HELP: Self = Self::lately(Level::Rung(Assurance::BrowserSecondFactor));

    /// A level, proved within [`CHANGE_WITHIN`].
    #[must_use]
    pub const fn lately(level: Level) -> Self {
        // The constant is fifteen minutes, far from any overflow.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive constant of a few minutes"
        )]
        let seconds = CHANGE_WITHIN.num_seconds() as u32;
        Self { level, max_age_seconds: Some(seconds) }
    }

    /// What a token lacks for this demand, whose sign-in reached a rung at `auth_time` (RFC 9470
    /// §3); `None` if nothing. The age is judged as the engine judges it: at its limit it is still
    /// good.
    ///
    /// A token cannot tell whether its person has a factor of their own, so a level that asks for
    /// it asks every token for a second factor.
    #[must_use]
    pub fn challenge(
        self,
        reached: Assurance,
        auth_time: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<Challenge> {
        let wanted = match self.level {
            Level::SignedIn => Assurance::Password,
            Level::OwnFactor | Level::Enrolment => Assurance::BrowserSecondFactor,
            Level::Rung(rung) => rung,
        };
        let too_old = self
            .max_age_seconds
            .filter(|seconds| now - auth_time > Duration::seconds(i64::from(*seconds)));
        let too_weak = (reached < wanted).then_some(wanted);
        if too_weak.is_none() && too_old.is_none() {
            return None;
        }
        // Both are told together, so that one more sign-in is enough.
        let acr = Some(wanted).filter(|rung| *rung > Assurance::Password);
        Some(Challenge { acr, max_age_seconds: self.max_age_seconds })
    }
}

/// What a client must ask for to get a token that is strong and fresh enough (RFC 9470 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// For `acr_values`.
    pub acr: Option<Assurance>,
    /// For `max_age`, in seconds.
    pub max_age_seconds: Option<u32>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::seconds(second)
    }

    #[test]
    fn a_token_is_told_all_that_it_lacks_at_once() {
        use Assurance as A;
        let strong = Demand::lately(Level::Rung(A::BrowserSecondFactor));
        let fresh = Demand::lately(Level::SignedIn);
        let both = Some((Some(A::BrowserSecondFactor), Some(900)));
        for (demand, reached, age, expected) in [
            (Demand::SIGNED_IN, A::Password, 14_000, None),
            (strong, A::BrowserSecondFactor, 900, None),
            (strong, A::BrowserSecondFactor, 901, both),
            (strong, A::PhishingResistant, 0, None),
            (strong, A::Password, 0, both),
            (strong, A::EmailCode, 901, both),
            (fresh, A::Password, 901, Some((None, Some(900)))),
            (Demand::CHANGE, A::Password, 0, both),
            (Demand::CONSOLE, A::Password, 0, Some((Some(A::BrowserSecondFactor), None))),
        ] {
            let found = demand.challenge(reached, at(0), at(age));
            let found = found.map(|c| (c.acr, c.max_age_seconds));
            assert_eq!(found, expected, "{demand:?} {reached:?} {age}");
        }
    }

    proptest! {
        #[test]
        fn whoever_does_what_a_challenge_says_is_let_in(rung in 0_usize..4, reached in 0_usize..4, age in 0_i64..20_000, limit in prop::option::of(0_u32..10_000)) {
            let demand = Demand { level: Level::Rung(Assurance::ALL[rung]), max_age_seconds: limit };
            if let Some(challenge) = demand.challenge(Assurance::ALL[reached], at(0), at(age)) {
                let then = challenge.acr.unwrap_or(Assurance::Password);
                prop_assert_eq!(demand.challenge(then, at(age), at(age)), None);
            }
        }
    }
}
