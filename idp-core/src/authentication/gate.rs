//! What one of Hilum's own pages demands of a sign-in before it opens (security 18.4, 18.5, 19.5).
//!
//! A page says [`Demand`]; the engine (`sign_on::next_step`) says whether the person stands there
//! already, and if not, which step of an ordinary sign-on leads there. A browser that is only
//! remembered never opens any of these pages.

use chrono::Duration;
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
    /// To set up a second factor.
    pub const ENROLMENT: Self = Self::lately(Level::Enrolment);
    /// To work in a console (security 18.3, 20.4).
    pub const CONSOLE: Self =
        Self { level: Level::Rung(Assurance::BrowserSecondFactor), max_age_seconds: None };

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
}
