//! Instants as SAML spells them: `xs:dateTime` in UTC, without a time zone other than `Z`
//! (SAML Core §1.3.3).

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// How far a partner's clock may be off. Longer, and a message that was taken from somewhere can be
/// used for longer.
pub const SKEW: TimeDelta = TimeDelta::minutes(5);

/// Writes an instant, to the second.
#[must_use]
pub fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Reads an instant. One without a time zone is in UTC, as the standard demands of all.
#[must_use]
pub fn read(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if !text.is_ascii() || text.len() > 40 {
        return None;
    }
    let zoned = DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc));
    zoned.ok().or_else(|| DateTime::parse_from_rfc3339(&format!("{text}Z")).ok().map(Into::into))
}

/// Whether a message that says it was issued at `issued_at` is fresh at `now`: neither older nor
/// further ahead than [`SKEW`].
#[must_use]
pub fn is_fresh(issued_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    (now - issued_at).abs() <= SKEW
}

/// The longest duration that is read: a century, in days.
const LONGEST_DAYS: i64 = 36_525;

/// Reads a duration (XML Schema part 2 §3.2.6). A year counts 365 days and a month 30: whoever says
/// `P1M` of a document does not mean a day. `None`: none, negative, or longer than a century.
#[must_use]
pub fn read_duration(text: &str) -> Option<TimeDelta> {
    let text = text.trim().strip_prefix('P')?;
    let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
    if time.is_some_and(str::is_empty) || (date.is_empty() && time.is_none()) {
        return None;
    }
    let days = parts(date, &[('Y', 365 * 86_400), ('M', 30 * 86_400), ('D', 86_400)])?;
    let seconds = parts(time.unwrap_or_default(), &[('H', 3600), ('M', 60), ('S', 1)])?;
    let whole = days.checked_add(seconds).filter(|seconds| *seconds <= LONGEST_DAYS * 86_400)?;
    Some(TimeDelta::seconds(whole))
}

/// The sum of numbers with these letters behind them, each at most once and in this order. A
/// fraction, which only seconds have, is cut off.
fn parts(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut sum = 0_i64;
    for (letter, seconds) in units {
        let Some((number, rest)) = text.split_once(*letter) else { continue };
        let number = if *letter == 'S' { number.split('.').next()? } else { number };
        if number.is_empty() || !number.chars().all(|c| c.is_ascii_digit()) {
            return None;
        }
        sum = sum.checked_add(number.parse::<i64>().ok()?.checked_mul(*seconds)?)?;
        text = rest;
    }
    text.is_empty().then_some(sum)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    #[test]
    fn an_instant_is_read_in_each_spelling_that_partners_use() {
        for (text, expected) in [
            ("1970-01-01T00:01:00Z", Some(at(60))),
            ("1970-01-01T00:01:00.123Z", Some(at(60) + TimeDelta::milliseconds(123))),
            (" 1970-01-01T00:01:00Z\n", Some(at(60))),
            ("1970-01-01T00:01:00", Some(at(60))),
            ("1970-01-01T01:01:00+01:00", Some(at(60))),
            ("1970-01-01", None),
            ("yesterday", None),
            ("", None),
            ("1970-13-01T00:00:00Z", None),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn a_duration_is_read_as_partners_write_it() {
        for (text, expected) in [
            ("PT6H", Some(6 * 3600)),
            ("P1DT30M", Some(86_400 + 1800)),
            ("P1Y2M3DT4H5M6.5S", Some((365 + 60 + 3) * 86_400 + 4 * 3600 + 5 * 60 + 6)),
            ("PT604800S", Some(604_800)),
            ("PT0S", Some(0)),
            (" P7D ", Some(7 * 86_400)),
            ("-P1D", None),
            ("P", None),
            ("PT", None),
            ("P1DT", None),
            ("P1H", None),
            ("PT1D", None),
            ("P1", None),
            ("1D", None),
            ("PT5M3H", None),
            ("P-1D", None),
            ("P1.5D", None),
            ("P99999999999999999999D", None),
            ("P101Y", None),
        ] {
            assert_eq!(read_duration(text), expected.map(TimeDelta::seconds), "{text}");
        }
    }

    #[test]
    fn a_message_is_fresh_for_five_minutes_in_both_directions() {
        for (second, expected) in
            [(1000, true), (1300, true), (1301, false), (700, true), (699, false)]
        {
            assert_eq!(is_fresh(at(1000), at(second)), expected, "{second}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(second in -60_000_000_000_i64..250_000_000_000) {
            prop_assert_eq!(read(&written(at(second))), Some(at(second)));
        }

        #[test]
        fn no_text_can_make_reading_panic(text in ".{0,50}") {
            let _ = read(&text);
        }
    }
}
