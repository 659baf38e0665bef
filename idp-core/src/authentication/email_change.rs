//! Changes of a person's mail address (domain 4.7): asked for, confirmed in the new mailbox, stopped
//! or taken back from the old one.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::mailed_code::CodePurpose;
use crate::{
    community::subscriber::{EmailAddress, Subscriber},
    ids::{EmailChangeId, SubscriberId},
};

/// How long the old mailbox can take a change back. At this age the change is for good.
pub const UNDO_WITHIN: TimeDelta = TimeDelta::hours(72);

/// How a change stands. The spelling stands in rows, for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeState {
    /// The new address is in use; the old one may still take it back.
    Changed,
    /// The new mailbox is still to be proved.
    Pending,
    /// The old mailbox stopped it before it happened.
    Stopped,
    /// The person asked for another one meanwhile, or gave it up.
    Superseded,
    /// The old mailbox took it back.
    Undone,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailChange {
    /// Its identifier, which is no secret.
    pub id: EmailChangeId,
    /// Whose address it is.
    pub subscriber: SubscriberId,
    /// The address before, if there was one.
    pub old: Option<EmailAddress>,
    /// The address that was asked for.
    pub new: EmailAddress,
    /// How it stands.
    pub state: ChangeState,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// Until when the new mailbox can be proved: at this moment it is too late.
    pub expires_at: DateTime<Utc>,
    /// Until when a change that has happened can be taken back: at this moment it is for good.
    pub undo_until: Option<DateTime<Utc>>,
}

/// Why an address does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotChanged {
    /// It is the address that the person has.
    Same,
    /// Somebody else has it by now.
    Taken,
    /// Too many codes were mailed in this hour.
    TooMany,
    /// The mailbox before the present one may still take the last change back.
    UndoOpen,
    /// The code is not the one, or nothing waits for it.
    WrongCode,
}

impl EmailChange {
    /// Whether a change to `new` may follow the `last` one of this person that happened.
    ///
    /// # Errors
    /// [`NotChanged::Same`], [`NotChanged::UndoOpen`].
    pub fn may_follow(
        last: Option<&Self>,
        person: &Subscriber,
        new: &EmailAddress,
        now: DateTime<Utc>,
    ) -> Result<(), NotChanged> {
        let old = person.email.as_ref();
        if old.is_some_and(|old| old.normalized() == new.normalized()) {
            Err(NotChanged::Same)
        } else if last.is_some_and(|last| last.may_be_undone(now)) {
            Err(NotChanged::UndoOpen)
        } else {
            Ok(())
        }
    }

    /// A change of this person's address that waits for the code of `purpose`, as long as that
    /// lasts.
    #[must_use]
    pub fn request(
        id: EmailChangeId,
        person: &Subscriber,
        new: EmailAddress,
        purpose: CodePurpose,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            subscriber: person.id.clone(),
            old: person.email.clone(),
            new,
            state: ChangeState::Pending,
            requested_at: now,
            expires_at: now + purpose.lasts(),
            undo_until: None,
        }
    }

    /// Whether it waits for its code.
    #[must_use]
    pub fn is_pending(&self, now: DateTime<Utc>) -> bool {
        self.state == ChangeState::Pending && now < self.expires_at
    }

    /// Whether the mailbox before it may still take it back. So long there is no further change:
    /// that would put another mailbox into its place.
    #[must_use]
    pub fn may_be_undone(&self, now: DateTime<Utc>) -> bool {
        self.state == ChangeState::Changed
            && self.old.is_some()
            && self.undo_until.is_some_and(|until| now < until)
    }

    /// The change after its code came back from the new mailbox; `None` if it does not wait for it.
    #[must_use]
    pub fn confirmed(&self, now: DateTime<Utc>) -> Option<Self> {
        let undo_until = Some(now + UNDO_WITHIN);
        self.is_pending(now).then(|| Self {
            state: ChangeState::Changed,
            undo_until,
            ..self.clone()
        })
    }

    /// The change after its old mailbox said no; `None` if there is nothing to be stopped. One that
    /// nobody confirmed in time is still stopped: whoever asked for it is signed out by that.
    #[must_use]
    pub fn stopped(&self, now: DateTime<Utc>) -> Option<Self> {
        let state = match self.state {
            ChangeState::Pending => ChangeState::Stopped,
            ChangeState::Changed if self.may_be_undone(now) => ChangeState::Undone,
            ChangeState::Changed
            | ChangeState::Stopped
            | ChangeState::Superseded
            | ChangeState::Undone => return None,
        };
        Some(Self { state, undo_until: None, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use ChangeState::*;
    use proptest::prelude::*;

    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
    }

    /// Asked for in hour 0, to be confirmed within one.
    fn change(state: ChangeState, changed_in: Option<i64>) -> EmailChange {
        EmailChange {
            id: EmailChangeId::from_random([1; 16]),
            subscriber: SubscriberId::from_random([2; 16]),
            old: Some("old@mail.example".parse().unwrap()),
            new: "new@mail.example".parse().unwrap(),
            state,
            requested_at: at(0),
            expires_at: at(1),
            undo_until: changed_in.map(|hour| at(hour) + UNDO_WITHIN),
        }
    }

    #[test]
    fn a_change_is_confirmed_in_time_and_stopped_for_three_days() {
        // how it stands, the hour, and where a code from the new and one from the old mailbox lead
        for (state, changed_in, hour, confirmed, stopped) in [
            (Pending, None, 0, Some(Changed), Some(Stopped)),
            (Pending, None, 1, None, Some(Stopped)),
            (Changed, Some(0), 0, None, Some(Undone)),
            (Changed, Some(0), 71, None, Some(Undone)),
            (Changed, Some(0), 72, None, None),
            (Stopped, None, 0, None, None),
            (Superseded, None, 0, None, None),
            (Undone, None, 0, None, None),
        ] {
            let change = change(state, changed_in);
            let to = |next: Option<EmailChange>| next.map(|next| next.state);
            assert_eq!(to(change.confirmed(at(hour))), confirmed, "{state:?} {hour}");
            assert_eq!(to(change.stopped(at(hour))), stopped, "{state:?} {hour}");
        }
    }

    #[test]
    fn the_three_days_begin_when_the_address_changes() {
        let late = change(Pending, None).confirmed(at(0) + TimeDelta::minutes(59)).unwrap();
        assert_eq!(late.undo_until, Some(at(72) + TimeDelta::minutes(59)));
        assert!(late.may_be_undone(at(72)) && !late.may_be_undone(at(73)));
        let first = EmailChange { old: None, ..late };
        assert!(!first.may_be_undone(at(1)), "nobody is there to take it back");
    }

    proptest! {
        /// Whatever comes in whatever order: the old mailbox has the last word for three days.
        #[test]
        fn nothing_that_was_stopped_happens(
            steps in prop::collection::vec((0..100_i64, any::<bool>()), 0..12),
        ) {
            let mut steps = steps;
            steps.sort_by_key(|(hour, _)| *hour);
            let (mut change, mut stopped) = (change(Pending, None), false);
            for (hour, by_old) in steps {
                let next =
                    if by_old { change.stopped(at(hour)) } else { change.confirmed(at(hour)) };
                if let Some(next) = next {
                    prop_assert!(!stopped, "a stopped change went on");
                    stopped = by_old;
                    change = next;
                }
                prop_assert!(!stopped || change.state != Changed);
            }
        }
    }
}
