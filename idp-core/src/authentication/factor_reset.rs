//! The removal of lost second factors: asked for at the help desk, and not carried out before its
//! owner had a day to stop it (domain 4.6).

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    community::subscriber::Standing,
    ids::{FactorResetId, SubscriberId},
    mail::Helper,
};

/// How long a removal waits. At this age it is carried out.
pub const WAITS: TimeDelta = TimeDelta::hours(24);

/// How a removal stands. The spelling stands in rows, for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResetState {
    /// Somebody stopped it.
    Cancelled,
    /// It has happened.
    Done,
    /// It waits.
    Waiting,
}

/// A removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactorReset {
    /// Its identifier, which is no secret.
    pub id: FactorResetId,
    /// Whose factors.
    pub subscriber: SubscriberId,
    /// Who asked for it.
    pub helper: Helper,
    /// How they made sure who was asking.
    pub checked: String,
    /// How it stands.
    pub state: ResetState,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When it happens.
    pub due_at: DateTime<Utc>,
}

/// Whose factors are to be removed.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// How the account stands.
    pub standing: Standing,
    /// Whether there is a mailbox that can be told, and stop it.
    pub has_mailbox: bool,
    /// Whether there is a factor to be removed.
    pub has_factor: bool,
    /// Whether a removal waits already.
    pub waits: bool,
}

/// Why there is no removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRemoved {
    /// The account may not be used: that is to be decided first.
    Account(Standing),
    /// Nobody could stop it.
    NoMailbox,
    /// There is no factor to remove.
    Nothing,
    /// One waits already.
    Waiting,
}

impl Candidate {
    /// Whether their factors may be removed.
    ///
    /// # Errors
    /// [`NotRemoved`].
    pub fn judge(self) -> Result<(), NotRemoved> {
        match self {
            Self { standing, .. } if standing != Standing::Active => {
                Err(NotRemoved::Account(standing))
            }
            Self { has_mailbox: false, .. } => Err(NotRemoved::NoMailbox),
            Self { has_factor: false, .. } => Err(NotRemoved::Nothing),
            Self { waits: true, .. } => Err(NotRemoved::Waiting),
            Self { .. } => Ok(()),
        }
    }
}

impl FactorReset {
    /// One that begins to wait at `now`.
    #[must_use]
    pub fn request(
        id: FactorResetId,
        subscriber: SubscriberId,
        (helper, checked): (Helper, String),
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            subscriber,
            helper,
            checked,
            state: ResetState::Waiting,
            requested_at: now,
            due_at: now + WAITS,
        }
    }

    /// Whether it is to be carried out.
    #[must_use]
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.state == ResetState::Waiting && self.due_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removal_waits_a_whole_day() {
        let at = |minute| DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
        let (id, person) =
            (FactorResetId::from_random([1; 16]), SubscriberId::from_random([2; 16]));
        let reset = FactorReset::request(id, person, (Helper::Support, "seen".into()), at(0));
        for (minute, state, due) in [
            (0, ResetState::Waiting, false),
            (24 * 60 - 1, ResetState::Waiting, false),
            (24 * 60, ResetState::Waiting, true),
            (24 * 60, ResetState::Cancelled, false),
            (24 * 60, ResetState::Done, false),
        ] {
            let reset = FactorReset { state, ..reset.clone() };
            assert_eq!(reset.is_due(at(minute)), due, "{minute} {state:?}");
        }
    }

    #[test]
    fn factors_are_removed_only_where_somebody_can_stop_it() {
        use NotRemoved::*;
        let able = Candidate {
            standing: Standing::Active,
            has_mailbox: true,
            has_factor: true,
            waits: false,
        };
        for (candidate, expected) in [
            (able, Ok(())),
            (
                Candidate { standing: Standing::Suspended, ..able },
                Err(Account(Standing::Suspended)),
            ),
            (Candidate { standing: Standing::Dormant, ..able }, Err(Account(Standing::Dormant))),
            (Candidate { has_mailbox: false, ..able }, Err(NoMailbox)),
            (Candidate { has_factor: false, ..able }, Err(Nothing)),
            (Candidate { waits: true, ..able }, Err(Waiting)),
        ] {
            assert_eq!(candidate.judge(), expected, "{candidate:?}");
        }
    }
}
