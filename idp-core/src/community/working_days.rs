//! Working days, for the answer that an organization owes within ten of them (domain 4.1, 4.9).
//!
//! Monday to Friday without the federal holidays (5 U.S.C. 6103) and what a community adds. A day
//! is over when it is over everywhere: at noon UTC of the next day, where clocks are twelve hours
//! behind. So nobody loses hours to the time zone that they live in, and no table of zones is
//! needed.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, Utc, Weekday};

/// The most working days that can be waited for. It bounds the walk through the calendar.
const MOST: u32 = 250;

/// Which days are worked on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkingDays {
    /// Days off beside week-ends and federal holidays, such as a state's own.
    pub days_off: BTreeSet<NaiveDate>,
}

impl WorkingDays {
    /// Whether `day` is a working day.
    #[must_use]
    pub fn includes(&self, day: NaiveDate) -> bool {
        !is_weekend(day) && !is_observed_holiday(day) && !self.days_off.contains(&day)
    }

    /// The first moment at which `days` working days have gone by since `from`. The day of `from`
    /// does not count, however early it is. More than 250 days are taken as 250.
    #[must_use]
    pub fn after(&self, days: u32, from: DateTime<Utc>) -> DateTime<Utc> {
        let mut day = from.date_naive();
        let mut left = days.min(MOST);
        // A year of days off cannot make the walk endless: a week-end comes, and so does an end.
        let mut steps = 4 * MOST;
        while left > 0 && steps > 0 {
            day = day.checked_add_days(Days::new(1)).unwrap_or(day);
            left -= u32::from(self.includes(day));
            steps -= 1;
        }
        end_of(day)
    }
}

/// When `day` is over everywhere.
fn end_of(day: NaiveDate) -> DateTime<Utc> {
    let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default();
    day.checked_add_days(Days::new(1)).unwrap_or(day).and_time(noon).and_utc()
}

fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// A holiday on a Saturday is kept on the Friday before, one on a Sunday on the Monday after
/// (5 U.S.C. 6103(b), Executive Order 11582).
fn is_observed_holiday(day: NaiveDate) -> bool {
    let next = day.succ_opt().filter(|_| day.weekday() == Weekday::Fri);
    let last = day.pred_opt().filter(|_| day.weekday() == Weekday::Mon);
    is_holiday(day) || next.is_some_and(is_fixed_holiday) || last.is_some_and(is_fixed_holiday)
}

fn is_holiday(day: NaiveDate) -> bool {
    is_fixed_holiday(day) || is_floating_holiday(day)
}

/// New Year, Juneteenth, Independence Day, Veterans Day, Christmas.
fn is_fixed_holiday(day: NaiveDate) -> bool {
    matches!((day.month(), day.day()), (1, 1) | (6, 19) | (7, 4) | (11, 11) | (12, 25))
}

/// Those that are tied to a day of the week.
fn is_floating_holiday(day: NaiveDate) -> bool {
    let nth = day.day0() / 7 + 1;
    let is_last = day.checked_add_days(Days::new(7)).is_none_or(|next| next.month() != day.month());
    match (day.month(), day.weekday()) {
        // Martin Luther King, Washington
        (1 | 2, Weekday::Mon) => nth == 3,
        // Memorial Day
        (5, Weekday::Mon) => is_last,
        // Labor Day
        (9, Weekday::Mon) => nth == 1,
        // Columbus Day
        (10, Weekday::Mon) => nth == 2,
        // Thanksgiving
        (11, Weekday::Thu) => nth == 4,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// The list that the Office of Personnel Management publishes for these years.
    #[test]
    fn the_federal_holidays_are_those_that_are_published() {
        for (year, expected) in [
            (2026, "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25"),
            (2027, "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31"),
            (2028, "01-17 02-21 05-29 06-19 07-04 09-04 10-09 11-10 11-23 12-25"),
        ] {
            let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
            let off = first
                .iter_days()
                .take_while(|day| day.year() == year)
                .filter(|day| !is_weekend(*day) && !WorkingDays::default().includes(*day))
                .map(|day| day.format("%m-%d").to_string());
            assert_eq!(off.collect::<Vec<_>>().join(" "), expected, "{year}");
        }
    }

    #[test]
    fn ten_working_days_are_two_weeks_and_the_days_off() {
        let working = WorkingDays::default();
        for (from, expected) in [
            // a Monday without a holiday ahead: the Monday two weeks later, until it is over
            ("2026-03-02T09:00:00Z", "2026-03-17T12:00:00Z"),
            // the day of the mail never counts
            ("2026-03-02T00:00:00Z", "2026-03-17T12:00:00Z"),
            ("2026-03-02T23:59:59Z", "2026-03-17T12:00:00Z"),
            // from a Saturday the first day that counts is Monday
            ("2026-03-07T09:00:00Z", "2026-03-21T12:00:00Z"),
            // Thanksgiving lies between
            ("2026-11-23T09:00:00Z", "2026-12-09T12:00:00Z"),
            // Christmas and New Year do
            ("2026-12-21T09:00:00Z", "2027-01-07T12:00:00Z"),
        ] {
            let from: DateTime<Utc> = from.parse().unwrap();
            let expected: DateTime<Utc> = expected.parse().unwrap();
            assert_eq!(working.after(10, from), expected, "{from}");
        }
    }

    #[test]
    fn a_community_adds_days_off() {
        let working = WorkingDays { days_off: [day("2026-03-09")].into() };
        let from: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().unwrap();
        assert_eq!(
            working.after(10, from),
            "2026-03-18T12:00:00Z".parse::<DateTime<Utc>>().unwrap()
        );
    }

    #[test]
    fn a_calendar_of_days_off_only_still_ends() {
        let first = day("2026-01-01");
        let working = WorkingDays { days_off: first.iter_days().take(3000).collect() };
        let from = first.and_time(NaiveTime::MIN).and_utc();
        assert!(working.after(u32::MAX, from) > from);
    }

    proptest! {
        #[test]
        fn one_working_day_more_is_never_sooner(seconds in 0_i64..4_000_000_000, days in 0_u32..40) {
            let working = WorkingDays::default();
            let from = DateTime::from_timestamp(seconds, 0).unwrap();
            let (sooner, later) = (working.after(days, from), working.after(days + 1, from));
            prop_assert!(from < sooner && sooner < later);
            // and nobody gets less than the days that were promised
            prop_assert!((sooner - from).num_days() >= i64::from(days));
        }
    }
}
