//! Who becomes the first Administrator of an organization that is approved (R37, R72; domain 4.1, 4.5).
//!
//! It is decided before the letter is written, for the letter says how they get in: with the User ID
//! that they have, or by a nomination that the link of the letter and the code of the wizard open
//! together. An approval that would leave the organization without anybody to run it is refused
//! with the reason, and Support mends that first.

use chrono::{DateTime, Utc};

use super::{Refusal, Work};
use crate::{
    community::{
        nomination::{Nomination, State},
        npi::Npi,
        subscriber::{AccountStatus, UserId},
    },
    ids::SubscriberId,
};

/// Who runs the new organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct First {
    /// Their account, which there is or will be.
    pub id: SubscriberId,
    /// Its User ID.
    pub user_id: UserId,
    /// How they get in.
    pub comes: Comes,
}

/// How the first Administrator gets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comes {
    /// By a nomination: the account is new, or comes back.
    ByNomination,
    /// With the account that they have, at once.
    WithAccount,
}

/// Who the registrant is, as the community knows them at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registrant {
    /// Somebody has an account: they began with it, or it has their address.
    Known {
        /// Which.
        id: SubscriberId,
        /// Its User ID.
        user_id: UserId,
        /// What was decided about it.
        status: AccountStatus,
        /// The NPI that it has.
        npi: Option<Npi>,
    },
    /// Nobody has the address; this account would be made.
    New {
        /// Which.
        id: SubscriberId,
        /// Its User ID.
        user_id: UserId,
    },
    /// The address waits in a nomination by another organization.
    Nominated,
    /// The NPI that they told is another account's, or waits in a nomination.
    NpiTaken,
    /// The address is another person's, or somebody may still take it back.
    Unclear,
}

impl Registrant {
    /// Who runs the organization, and how they get in. `work`: what they said that they do there.
    ///
    /// # Errors
    /// [`Refusal`]: there would be nobody who can, or a person would have two accounts or two NPIs
    /// (R10, R70).
    pub fn first(self, work: Option<&Work>) -> Result<First, Refusal> {
        let (id, user_id, comes) = match self {
            Self::Known { id, user_id, status, npi } => {
                let comes = known(status)?;
                let told = work.and_then(Work::npi);
                if told.zip(npi.as_ref()).is_some_and(|(told, own)| told != own) {
                    return Err(Refusal::NpiDiffers);
                }
                (id, user_id, comes)
            }
            Self::New { id, user_id } => (id, user_id, Comes::ByNomination),
            Self::Nominated => return Err(Refusal::AddressWaits),
            Self::NpiTaken => return Err(Refusal::NpiTaken),
            Self::Unclear => return Err(Refusal::AddressUnclear),
        };
        Ok(First { id, user_id, comes })
    }
}

const fn known(status: AccountStatus) -> Result<Comes, Refusal> {
    match status {
        // A dormant account wakes up by a code and the mailbox; nothing has to be nominated for it.
        AccountStatus::Active | AccountStatus::Dormant => Ok(Comes::WithAccount),
        AccountStatus::Terminated => Ok(Comes::ByNomination),
        AccountStatus::Suspended => Err(Refusal::AccountSuspended),
        AccountStatus::Closed => Err(Refusal::AccountClosed),
    }
}

/// How the first Administrator of an organization gets in now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// They came by a nomination, and did not take it up in time, or it was taken back.
    Missed,
    /// They have an account, and sign in.
    Taken,
    /// Their nomination waits for them.
    Waits,
}

impl Seat {
    /// By the nomination of the first Administrator, if there ever was one.
    #[must_use]
    pub fn of(nomination: Option<Nomination>, now: DateTime<Utc>) -> Self {
        match nomination.map(|nomination| nomination.at(now).state) {
            None | Some(State::Activated { .. }) => Self::Taken,
            Some(State::Nominated(_)) => Self::Waits,
            Some(State::Expired | State::Withdrawn { .. }) => Self::Missed,
        }
    }
}
