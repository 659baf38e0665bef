//! What codes are good for, how long, and how many of them there may be.

use std::fmt;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{MAILS_PER_HOUR, TRIES, WAYS_MAILS_PER_HOUR, WAYS_TRIES_PER_HOUR};

/// What there may be within an hour, of one person and for one purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Codes that are made.
    pub mails: u32,
    /// Wrong tries at all of them together.
    pub tries: u32,
}

/// What a code is good for. The spelling stands in rows and mails, for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodePurpose {
    /// To prove the mailbox on file, before a first second factor is set up (security 18.5).
    ConfirmMailbox,
    /// To prove a new mail address.
    EmailChange,
    /// To prove a new mail address that the help desk was asked for.
    EmailChangeByDesk,
    /// To set a new password, after the secret questions or a handed-over code.
    PasswordReset,
    /// To go on where the secret questions do not lead: an Administrator or Support hands it over
    /// in person (R9, R54). The mailbox is still to be proved after it (security 17.7).
    ResetHandedOver,
    /// To sign in, as a weak second step.
    SignIn,
    /// To stop or take back a change of the mail address, from the old mailbox.
    StopEmailChange,
    /// To stop the removal of a lost second factor.
    StopFactorReset,
    /// To remove a first second factor that somebody else set up (security 18.5).
    StopNewFactor,
}

impl CodePurpose {
    /// Every purpose there is.
    pub const ALL: [Self; 9] = [
        Self::ConfirmMailbox,
        Self::EmailChange,
        Self::EmailChangeByDesk,
        Self::PasswordReset,
        Self::ResetHandedOver,
        Self::SignIn,
        Self::StopEmailChange,
        Self::StopFactorReset,
        Self::StopNewFactor,
    ];

    /// Whether it stops something instead of opening it. What withdraws codes leaves these: whoever
    /// got into an account must not be able to take them out of its owner's mailbox.
    #[must_use]
    pub const fn stops(self) -> bool {
        match self {
            Self::StopEmailChange | Self::StopFactorReset | Self::StopNewFactor => true,
            Self::ConfirmMailbox
            | Self::EmailChange
            | Self::EmailChangeByDesk
            | Self::PasswordReset
            | Self::ResetHandedOver
            | Self::SignIn => false,
        }
    }

    /// How it is spelt.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConfirmMailbox => "confirm-mailbox",
            Self::EmailChange => "email-change",
            Self::EmailChangeByDesk => "email-change-by-desk",
            Self::PasswordReset => "password-reset",
            Self::ResetHandedOver => "reset-handed-over",
            Self::SignIn => "sign-in",
            Self::StopEmailChange => "stop-email-change",
            Self::StopFactorReset => "stop-factor-reset",
            Self::StopNewFactor => "stop-new-factor",
        }
    }

    /// How long such a code can be used: at this age it is dead.
    #[must_use]
    pub const fn lasts(self) -> TimeDelta {
        match self {
            Self::ConfirmMailbox | Self::EmailChange | Self::PasswordReset | Self::SignIn => {
                TimeDelta::minutes(15)
            }
            Self::EmailChangeByDesk | Self::ResetHandedOver | Self::StopFactorReset => {
                TimeDelta::hours(24)
            }
            Self::StopEmailChange | Self::StopNewFactor => TimeDelta::hours(72),
        }
    }

    /// How many codes a person may be mailed within an hour, and how many wrong tries there may be
    /// at all of them together. `None`: nobody else can use up the hour's number of them or wash
    /// off wrong tries.
    #[must_use]
    pub const fn in_an_hour(self) -> Option<Limits> {
        match self {
            // A stranger who knows a User ID can begin ways of their own.
            Self::PasswordReset => {
                Some(Limits { mails: WAYS_MAILS_PER_HOUR, tries: WAYS_TRIES_PER_HOUR })
            }
            // People decide each time that such a code is made.
            Self::ResetHandedOver
            // What they stop never happens without one. They are behind a link that nobody else has,
            // and no more are made than there are changes and factors.
            | Self::StopEmailChange | Self::StopNewFactor => None,
            Self::ConfirmMailbox
            | Self::EmailChange
            | Self::EmailChangeByDesk
            | Self::SignIn
            | Self::StopFactorReset => Some(Limits { mails: MAILS_PER_HOUR, tries: TRIES }),
        }
    }

    /// Whether there is one code at a time, so that a newer one kills the older, whatever that is
    /// named by. Ways to a new password have one each: whoever begins another way leaves the code
    /// of this one alone. So have the mails that tell of something: what happens next does not kill
    /// what stops this.
    #[must_use]
    pub const fn is_one_at_a_time(self) -> bool {
        match self {
            Self::PasswordReset | Self::StopEmailChange | Self::StopNewFactor => false,
            Self::ConfirmMailbox
            | Self::EmailChange
            | Self::EmailChangeByDesk
            | Self::ResetHandedOver
            | Self::SignIn
            | Self::StopFactorReset => true,
        }
    }
}

impl fmt::Display for CodePurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
