//! How often an organization may have people written to (security 22.2).
//!
//! Who nominates somebody, or offers them an affiliation, has Hilum write to a mailbox of their choice;
//! and who takes it back and begins anew would have it write without end. So what asks somebody to
//! act for an organization is counted over a day, by whom it reaches and by who has it written. What
//! is taken back is not counted: it tells of one such letter, so at most doubles them, and taking
//! back what was wrong is never refused.

use chrono::{DateTime, TimeDelta, Utc};

use super::subscriber::{EmailAddress, UserId};
use crate::{
    ids::{OrganizationId, SubscriberId},
    secret::SecretDigest,
};

/// How long is counted, from the first letter on. At this age a count begins anew.
pub const WINDOW: TimeDelta = TimeDelta::days(1);
/// How many letters one addressee is sent in that time, whoever has them written: some slips and a
/// lost code are mended on one day, and nobody's mailbox is flooded.
pub const TO_ONE: u32 = 10;
/// How many letters one organization has written in that time: the longest list of people that can
/// be imported, three times.
pub const OF_ONE_ORGANIZATION: u32 = 15_000;

/// What letters are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted<'a> {
    /// A mailbox of somebody who has no account yet.
    Mailbox(&'a EmailAddress),
    /// An organization, which has them written.
    Organization(&'a OrganizationId),
    /// Somebody who has an account, by whatever the Administrator found them.
    Person(&'a SubscriberId),
    /// A User ID that was told, whether or not there is one: a count that began only where somebody
    /// has it would tell (security 20.9).
    UserId(&'a UserId),
}

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// When the first of these letters was written.
    pub began_at: DateTime<Utc>,
    /// How many there are.
    pub letters: u32,
}

/// Why no letter is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooMany {
    /// The organization has had very many people written to.
    #[error(
        "your organization has had as many people written to as it can in a day: go on tomorrow"
    )]
    OfOrganization,
    /// The addressee has been written to often enough.
    #[error("so many e-mails went to this person today that there are no more until tomorrow")]
    ToOne,
}

impl Counted<'_> {
    /// What the count is kept under. Who was written to can be guessed from it, and is not read
    /// off it.
    #[must_use]
    pub fn digest(self) -> SecretDigest {
        let (kind, of) = match self {
            Self::Mailbox(address) => ("mailbox", address.normalized()),
            Self::Organization(id) => ("organization", id.to_string()),
            Self::Person(id) => ("person", id.to_string()),
            Self::UserId(user_id) => ("user-id", user_id.to_string()),
        };
        SecretDigest::of(&[kind, &of].join("\0"))
    }

    /// The count with `more` letters, which are written at `now`.
    ///
    /// # Errors
    /// [`TooMany`]: none of them is written, and nothing is counted.
    pub fn count(self, before: Count, more: u32, now: DateTime<Utc>) -> Result<Count, TooMany> {
        let (most, refusal) = match self {
            Self::Mailbox(_) | Self::Person(_) | Self::UserId(_) => (TO_ONE, TooMany::ToOne),
            Self::Organization(_) => (OF_ONE_ORGANIZATION, TooMany::OfOrganization),
        };
        let Count { began_at, letters } = before.at(now);
        let letters = letters.saturating_add(more);
        if letters > most { Err(refusal) } else { Ok(Count { began_at, letters }) }
    }
}

impl Count {
    /// Nothing was counted before `now`.
    #[must_use]
    pub const fn begin(now: DateTime<Utc>) -> Self {
        Self { began_at: now, letters: 0 }
    }

    /// The same at `now`: begun anew when its time is over.
    fn at(self, now: DateTime<Utc>) -> Self {
        if self.began_at + WINDOW <= now { Self::begin(now) } else { self }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::community::roster::MOST_ROWS;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    const DAY: i64 = 24 * 60;

    #[test]
    fn an_addressee_gets_ten_letters_a_day_and_an_organization_has_three_longest_lists_written() {
        let (person, organization): (SubscriberId, OrganizationId) =
            ("sub_ana".parse().unwrap(), "org_a".parse().unwrap());
        let (one, all) = (Counted::Person(&person), Counted::Organization(&organization));
        // what is counted, how many were written at minute 0, how many more, when: how many then
        for (counted, letters, more, minute, expected) in [
            (one, 0, 1, 0, Ok(1)),
            (one, 9, 1, DAY - 1, Ok(10)),
            (one, 10, 1, DAY - 1, Err(TooMany::ToOne)),
            (one, 10, 1, DAY, Ok(1)),
            (one, 10, 0, 0, Ok(10)),
            (one, 0, 11, 0, Err(TooMany::ToOne)),
            (all, 0, 5_000, 0, Ok(5_000)),
            (all, 10_000, 5_000, 1, Ok(15_000)),
            (all, 10_001, 5_000, 1, Err(TooMany::OfOrganization)),
            (all, 15_000, 5_000, DAY, Ok(5_000)),
        ] {
            let before = Count { began_at: at(0), letters };
            let counted = counted.count(before, more, at(minute)).map(|count| count.letters);
            assert_eq!(counted, expected, "{letters} and {more} at {minute}");
        }
        assert_eq!(OF_ONE_ORGANIZATION as usize, 3 * MOST_ROWS);
    }

    #[test]
    fn an_address_counts_alike_however_it_is_written_and_nothing_counts_for_another() {
        let address = |text: &str| text.parse::<EmailAddress>().unwrap();
        let (plain, loud, other) =
            (address("ana@a.example"), address("ANA@A.example"), address("bo@a.example"));
        let user_id: UserId = "ana.rivera".parse().unwrap();
        assert_eq!(Counted::Mailbox(&plain).digest(), Counted::Mailbox(&loud).digest());
        assert_ne!(Counted::Mailbox(&plain).digest(), Counted::Mailbox(&other).digest());
        assert_ne!(Counted::Mailbox(&plain).digest(), Counted::UserId(&user_id).digest());
    }

    proptest! {
        #[test]
        fn however_often_somebody_asks_a_mailbox_gets_no_more_than_its_share_of_each_day(
            waits in prop::collection::vec(0..(DAY / 3), 0..200),
        ) {
            let person: SubscriberId = "sub_ana".parse().unwrap();
            let (mut count, mut minute, mut written) = (Count::begin(at(0)), 0, Vec::new());
            for wait in waits {
                minute += wait;
                if let Ok(counted) = Counted::Person(&person).count(count, 1, at(minute)) {
                    count = counted;
                    written.push(minute);
                }
            }
            // Two windows meet in any day, whenever it begins.
            for from in &written {
                let within = written.iter().filter(|one| (*from..from + DAY).contains(*one));
                prop_assert!(within.count() <= 2 * TO_ONE as usize);
            }
        }
    }
}
