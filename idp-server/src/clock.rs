//! The only place where Hilum asks the machine for the time.
//!
//! Everything else is handed a [`Clock`]. Times have whole milliseconds, as the database keeps
//! them, so that a value read back equals the value written.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

use crate::config::ClockSource;

/// A source of time.
pub trait Clock: Send + Sync {
    /// The time, in whole milliseconds.
    fn now(&self) -> DateTime<Utc>;
}

/// The clock that the configuration names.
#[must_use]
pub fn clock(source: &ClockSource) -> Arc<dyn Clock> {
    match source {
        ClockSource::Offset(file) => Arc::new(OffsetClock::new(file.clone())),
        ClockSource::System => Arc::new(SystemClock),
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one clock that asks the machine")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(3)
    }
}

/// The machine's clock plus the seconds that stand in a file: how the end-to-end tests move time.
///
/// Only the demo mode knows this clock (`clock.offset_file`). A file that is missing or holds no
/// whole number leaves the offset as it was.
#[derive(Debug)]
pub struct OffsetClock {
    file: PathBuf,
    last: Mutex<Reading>,
}

/// What the file said, and when it was asked.
#[derive(Clone, Copy, Debug)]
struct Reading {
    offset: TimeDelta,
    read_at: Option<Instant>,
}

/// How long a reading of the file is good for.
const FRESH_FOR: Duration = Duration::from_millis(100);

impl OffsetClock {
    /// A clock that follows `file`.
    #[must_use]
    pub const fn new(file: PathBuf) -> Self {
        let nothing_yet = Reading { offset: TimeDelta::zero(), read_at: None };
        Self { file, last: Mutex::new(nothing_yet) }
    }

    fn offset(&self) -> TimeDelta {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.read_at.is_none_or(|at| at.elapsed() >= FRESH_FOR) {
            let seconds = fs::read_to_string(&self.file).ok().and_then(|s| s.trim().parse().ok());
            *last = Reading {
                offset: seconds.and_then(TimeDelta::try_seconds).unwrap_or(last.offset),
                read_at: Some(Instant::now()),
            };
        }
        last.offset
    }
}

impl Clock for OffsetClock {
    fn now(&self) -> DateTime<Utc> {
        let now = SystemClock.now();
        now.checked_add_signed(self.offset()).unwrap_or(now)
    }
}

/// A clock that stands still until a test moves it.
#[cfg(test)]
#[derive(Debug)]
pub struct TestClock(Mutex<DateTime<Utc>>);

#[cfg(test)]
impl TestClock {
    /// A clock that stands at `now`.
    pub const fn at(now: DateTime<Utc>) -> Self {
        Self(Mutex::new(now))
    }

    /// Moves the clock on.
    pub fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }
}

#[cfg(test)]
impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

#[cfg(test)]
mod tests {
    use std::{env, process, thread};

    use super::*;

    #[test]
    fn the_time_has_whole_milliseconds() {
        assert_eq!(SystemClock.now().timestamp_subsec_nanos() % 1_000_000, 0);
    }

    #[test]
    fn the_offset_file_moves_the_clock_within_a_tenth_of_a_second() {
        let file = env::temp_dir().join(format!("hilum-offset-{}", process::id()));
        let clock = OffsetClock::new(file.clone());
        let ahead = || (clock.now() - SystemClock.now()).num_minutes();
        assert_eq!(ahead(), 0, "no file yet");

        for (content, minutes) in [("3601\n", 60), ("later", 60), ("-60", -1), ("0", 0)] {
            fs::write(&file, content).unwrap();
            thread::sleep(FRESH_FOR);
            // The two clocks are read a moment apart, so allow for the rounding of a minute.
            assert!((ahead() - minutes).abs() <= 1, "{content:?} led to {}", ahead());
        }
        fs::remove_file(&file).unwrap();
    }

    #[test]
    fn a_test_moves_its_own_clock() {
        let clock = TestClock::at(DateTime::UNIX_EPOCH);
        clock.advance(TimeDelta::minutes(10));
        assert_eq!(clock.now().timestamp(), 600);
    }
}
