//! The yearly look at an organization's people (R14, R42; domain section 6): somebody who is still
//! there, and may still do what they may do, is confirmed by an Administrator who is not themselves.
//!
//! ```text
//!   finished ──335 days──► open ──30 days──► overdue          a mail at 335, 365, 379 and 393 days
//!       ▲                    └──────┬───────────┘
//!       └── nobody waits, and an Administrator says so
//! ```
//!
//! Whoever came, or was looked at, since the review opened does not wait. So a review may be done in
//! one sitting or in many, by several Administrators, and nothing of it is lost in between.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{
    actor::Actor,
    affiliation::Affiliation,
    news::{News, Recipient},
    outcome::Outcome,
    permission::{Action, Denied, Target, may},
    promotion::WANTED,
    reminder,
};
use crate::{
    audit::Kind,
    ids::{AffiliationId, OrganizationId, SubscriberId},
};

/// How many days after the last review the next one can begin.
const OPENS_AFTER: u32 = 335;
/// How many days after the last review the next one is to be finished.
const DUE_AFTER: u32 = 365;
/// After how many days there is a mail: as it opens, as it is due, and twice after that.
const REMINDERS: [u32; 4] = [OPENS_AFTER, DUE_AFTER, 379, 393];
/// From when on somebody who has not signed in is pointed out.
pub const UNUSED: TimeDelta = TimeDelta::days(90);

/// An organization's reviews, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Review {
    /// When the last one was finished, or the organization joined.
    pub finished_at: DateTime<Utc>,
}

/// How far a review is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It can be done.
    Open,
    /// It should have been finished.
    Overdue,
    /// There is nothing to do yet.
    Resting,
}

/// When an affiliation was last looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookedAt {
    /// Since when the person acts for the organization.
    pub since: NaiveDate,
    /// When somebody last confirmed or changed what they may do.
    pub reviewed_at: Option<DateTime<Utc>>,
}

/// That somebody looked at an affiliation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewed {
    /// Which.
    pub affiliation: AffiliationId,
    /// Who.
    pub by: SubscriberId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Why nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not for people like them; nobody confirms themselves.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The person does not act for the organization, or there is nothing to do yet.
    #[error("there is nothing to confirm here now")]
    OutOfOrder,
    /// Somebody has not been looked at.
    #[error("some people have not been looked at")]
    PeopleLeft,
}

impl Review {
    /// The first moment at which the next one can be done.
    #[must_use]
    pub fn opens_at(self) -> DateTime<Utc> {
        self.finished_at + TimeDelta::days(OPENS_AFTER.into())
    }

    /// The first moment at which it is late.
    #[must_use]
    pub fn due_at(self) -> DateTime<Utc> {
        self.finished_at + TimeDelta::days(DUE_AFTER.into())
    }

    /// How far it is at `now`.
    #[must_use]
    pub fn stage(self, now: DateTime<Utc>) -> Stage {
        if now < self.opens_at() {
            Stage::Resting
        } else if now < self.due_at() {
            Stage::Open
        } else {
            Stage::Overdue
        }
    }

    /// Whether somebody is still to be looked at in the review that opened last.
    #[must_use]
    pub fn waits(self, looked_at: LookedAt) -> bool {
        let opened = self.opens_at();
        let came_since = looked_at.since >= opened.date_naive();
        !came_since && looked_at.reviewed_at.is_none_or(|at| at < opened)
    }

    /// The mail that is due at `now`, if one is; `told_at`: the last one.
    #[must_use]
    pub fn reminder(
        self,
        of: &OrganizationId,
        told_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Option<(Recipient, News)> {
        reminder::due(&REMINDERS, self.finished_at, told_at, now)?;
        let until = self.due_at();
        Some((Recipient::AdministratorsOf(of.clone()), News::PeopleReviewDue { until }))
    }
}

/// An Administrator confirms that somebody is still there and keeps what they have.
///
/// # Errors
/// [`Refusal`]: nothing has happened.
pub fn keep(
    affiliation: &Affiliation,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Outcome<Reviewed>, Refusal> {
    let target = Target::PersonIn(&affiliation.subscriber, &affiliation.organization.id);
    may(actor, Action::ReviewPeople, target)?;
    let by = actor.person().ok_or(Denied::Forbidden)?.clone();
    if !affiliation.status.is_accepted() {
        return Err(Refusal::OutOfOrder);
    }
    let reviewed = Reviewed { affiliation: affiliation.id.clone(), by, at: now };
    Ok(Outcome::new(reviewed, Kind::AffiliationReviewed))
}

/// An Administrator says that everybody was looked at. `waiting`: who was not. An only Administrator
/// may be left, whom nobody else could look at.
///
/// # Errors
/// [`Refusal`]: nothing has happened.
pub fn finish(
    review: Review,
    of: &OrganizationId,
    waiting: &[SubscriberId],
    administrators: &BTreeSet<SubscriberId>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Outcome<Review>, Refusal> {
    may(actor, Action::ReviewPeople, Target::Organization(of))?;
    if review.stage(now) == Stage::Resting {
        return Err(Refusal::OutOfOrder);
    }
    let alone = administrators.len() < WANTED;
    let only_themselves = |who: &SubscriberId| alone && actor.person() == Some(who);
    if !waiting.iter().all(only_themselves) {
        return Err(Refusal::PeopleLeft);
    }
    Ok(Outcome::new(Review { finished_at: now }, Kind::OrgPeopleReviewed))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::community::{
        actor::testing::{JOB, administrator, agent, person},
        affiliation::{AffiliationStatus, testing::affiliation},
    };

    fn at(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day)
    }

    fn last() -> Review {
        Review { finished_at: at(0) }
    }

    fn looked_at(since: i64, reviewed: Option<i64>) -> LookedAt {
        LookedAt { since: at(since).date_naive(), reviewed_at: reviewed.map(at) }
    }

    fn sub(name: &str) -> SubscriberId {
        format!("sub_{name}").parse().unwrap()
    }

    #[test]
    fn a_review_opens_after_eleven_months_and_is_late_after_a_year() {
        for (day, expected) in [
            (0, Stage::Resting),
            (334, Stage::Resting),
            (335, Stage::Open),
            (364, Stage::Open),
            (365, Stage::Overdue),
            (900, Stage::Overdue),
        ] {
            assert_eq!(last().stage(at(day)), expected, "day {day}");
        }
    }

    #[test]
    fn whoever_came_or_was_looked_at_since_it_opened_does_not_wait() {
        for (since, reviewed, expected) in [
            (-300, None, true),
            (-300, Some(-1), true),
            (-300, Some(334), true),
            (-300, Some(335), false),
            (334, None, true),
            (335, None, false),
            (350, Some(360), false),
        ] {
            assert_eq!(last().waits(looked_at(since, reviewed)), expected, "{since} {reviewed:?}");
        }
    }

    #[test]
    fn the_administrators_hear_as_it_opens_as_it_is_due_and_twice_after_that() {
        let of = "org_a".parse().unwrap();
        for (told, today, expected) in [
            (None, 334, false),
            (None, 335, true),
            (Some(335), 364, false),
            (Some(335), 365, true),
            (Some(365), 379, true),
            (Some(379), 393, true),
            (Some(393), 800, false),
        ] {
            let found = last().reminder(&of, told.map(at), at(today));
            assert_eq!(found.is_some(), expected, "{told:?} {today}");
        }
    }

    #[test]
    fn an_administrator_confirms_the_others_of_the_own_organization_who_are_there() {
        use AffiliationStatus::*;
        let adam = administrator("adam", "a");
        let denied = |why| Err(Refusal::Denied(why));
        for (status, actor, expected) in [
            (Active, &adam, Ok(sub("adam"))),
            (Suspended, &adam, Ok(sub("adam"))),
            (Proposed, &adam, Err(Refusal::OutOfOrder)),
            (Ended, &adam, Err(Refusal::OutOfOrder)),
            (Active, &administrator("ana", "a"), denied(Denied::Forbidden)),
            (Active, &administrator("eve", "b"), denied(Denied::NotFound)),
            (Active, &agent("sam"), denied(Denied::Forbidden)),
            (Active, &person("ana"), denied(Denied::Forbidden)),
            (Active, &JOB, denied(Denied::Forbidden)),
        ] {
            let of = Affiliation { status, ..affiliation("a", &[]) };
            let found = keep(&of, actor, at(340)).map(|outcome| outcome.state.by);
            assert_eq!(found, expected, "{status:?} by {actor:?}");
        }
    }

    #[test]
    fn a_review_is_finished_when_nobody_is_left_but_an_only_administrator() {
        let (adam, of) = (administrator("adam", "a"), "org_a".parse().unwrap());
        let (one, two): (BTreeSet<_>, BTreeSet<_>) =
            ([sub("adam")].into(), [sub("adam"), sub("ben")].into());
        for (waiting, administrators, day, expected) in [
            (vec![], &two, 335, Ok(at(335))),
            (vec![], &two, 334, Err(Refusal::OutOfOrder)),
            (vec![sub("ana")], &one, 335, Err(Refusal::PeopleLeft)),
            (vec![sub("adam")], &one, 400, Ok(at(400))),
            (vec![sub("adam")], &two, 400, Err(Refusal::PeopleLeft)),
            (vec![sub("adam"), sub("ana")], &one, 400, Err(Refusal::PeopleLeft)),
        ] {
            let found = finish(last(), &of, &waiting, administrators, &adam, at(day));
            assert_eq!(found.map(|o| o.state.finished_at), expected, "{waiting:?} on {day}");
        }
        let eve = finish(last(), &of, &[], &two, &administrator("eve", "b"), at(400));
        assert_eq!(eve, Err(Refusal::Denied(Denied::NotFound)));
    }

    proptest! {
        /// However a review is spread over days: who was looked at in it is not asked about again,
        /// and with its end everybody waits for the next one, and not before that opens.
        #[test]
        fn nobody_is_looked_at_twice_in_one_review_and_nobody_is_passed_over(
            since in -900_i64..900, reviewed in prop::option::of(-900_i64..900), day in 335_i64..900,
        ) {
            let done = LookedAt { reviewed_at: Some(at(day)), ..looked_at(since, reviewed) };
            prop_assert!(!last().waits(done));
            let next = Review { finished_at: at(day) };
            prop_assert_eq!(next.stage(at(day + 334)), Stage::Resting);
            if since < day + 335 {
                prop_assert!(next.waits(done));
            }
        }
    }
}
