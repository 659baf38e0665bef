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
