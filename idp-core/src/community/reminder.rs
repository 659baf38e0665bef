//! Mails that are due so many days after something.

use chrono::{DateTime, TimeDelta, Utc};

/// The mark, in days after `from`, whose mail is due at `now`: the latest that has been passed
/// since `told_at`, when the last such mail was written.
///
/// A job that did not run for a while makes up for one mail, not for all of them.
#[must_use]
pub fn due(
    marks: &[u32],
    from: DateTime<Utc>,
    told_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<u32> {
    let at = |mark: u32| from + TimeDelta::days(i64::from(mark));
    let untold = |mark: &u32| told_at.is_none_or(|told_at| told_at < at(*mark));
    let latest = marks.iter().copied().filter(|mark| at(*mark) <= now).max()?;
    Some(latest).filter(untold)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(day)
    }

    #[test]
    fn a_mail_is_due_once_from_its_day_on() {
        for (told, today, expected) in [
            (None, 6, None),
            (None, 7, Some(7)),
            (Some(7), 7, None),
            (Some(7), 20, None),
            (Some(7), 21, Some(21)),
            (Some(8), 30, Some(21)),
            // the job slept: one mail makes up for both
            (None, 25, Some(21)),
            (Some(25), 26, None),
        ] {
            assert_eq!(due(&[7, 21], at(0), told.map(at), at(today)), expected, "{told:?} {today}");
        }
    }

    proptest! {
        #[test]
        fn whoever_was_told_just_now_is_not_told_again(
            marks in prop::collection::vec(0_u32..300, 0..5), today in 0_i64..400,
        ) {
            prop_assert_eq!(due(&marks, at(0), Some(at(today)), at(today)), None);
        }

        #[test]
        fn a_daily_job_tells_every_mark_once(marks in prop::collection::btree_set(1_u32..60, 0..5)) {
            let marks: Vec<u32> = marks.into_iter().collect();
            let (mut told_at, mut told) = (None, Vec::new());
            for today in 0..70 {
                if let Some(mark) = due(&marks, at(0), told_at, at(today)) {
                    told.push(mark);
                    told_at = Some(at(today));
                }
            }
            prop_assert_eq!(told, marks);
        }
    }
}
