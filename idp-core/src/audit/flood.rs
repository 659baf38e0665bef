//! Which of many refusals stand in the audit record.
//!
//! Anybody can send what is refused, as often as they like, and the record is for good. So of what
//! comes from one place within a minute the first ones are told one by one, and then every tenfold,
//! with the number: a flood of a million costs twenty-five rows and not a million, and can be seen.

/// How many of one place are told one by one within a minute.
const ONE_BY_ONE: u64 = 20;
/// How many of all places together: a thousand networks must not fill what one may not.
const OF_ALL: u64 = 1000;

/// Whether a refusal is told that is the `nth` of its place and the `nth_of_all` within its minute.
/// Both count from 1.
#[must_use]
pub const fn is_told(nth: u64, nth_of_all: u64) -> bool {
    counts(nth, ONE_BY_ONE) && counts(nth_of_all, OF_ALL)
}

const fn counts(nth: u64, one_by_one: u64) -> bool {
    nth <= one_by_one || is_power_of_ten(nth)
}

const fn is_power_of_ten(mut number: u64) -> bool {
    while number > 0 && number.is_multiple_of(10) {
        number /= 10;
    }
    number == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ones_are_told_and_then_every_tenfold() {
        for (nth, of_all, expected) in [
            (1, 1, true),
            (20, 20, true),
            (21, 21, false),
            (99, 99, false),
            (100, 100, true),
            (1000, 1000, true),
            (1100, 1100, false),
            (1, 1001, false),
            (1, 10_000, true),
            (21, 10_000, false),
        ] {
            assert_eq!(is_told(nth, of_all), expected, "{nth} {of_all}");
        }
        let rows = (1..=1_000_000).filter(|nth| is_told(*nth, *nth)).count();
        assert_eq!(rows, 25);
    }
}
