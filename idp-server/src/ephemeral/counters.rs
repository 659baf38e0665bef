//! Counters in memory, each for one fixed window of time.

use std::time::{Duration, Instant};

use super::expiring::Expiring;
use super::key::Key;

/// What a counter says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How often it was counted in this window.
    pub hits: u64,
    /// Until the window ends and the counter begins anew.
    pub resets_in: Duration,
}

/// Bounded counters of this process.
///
/// When there is no room, the counter whose window ends soonest is forgotten: unlike a single-use
/// mark it would have been forgotten shortly anyway, and refusing instead would let a flood of
/// strangers shut out everybody. To push out one counter costs as many hits as there is room for.
pub struct Counters {
    table: Expiring<u64>,
}

impl Counters {
    /// Counters in about `bytes` of memory.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { table: Expiring::with_capacity(bytes) }
    }

    /// Counts once. The first hit opens a window that ends after `window`.
    pub fn count(&self, key: &Key, window: Duration, now: Instant) -> Count {
        let mut shard = self.table.shard(key.as_str(), now);
        if let Some((hits, ends_at)) = shard.get(key.as_str(), now) {
            *hits = hits.saturating_add(1);
            return Count { hits: *hits, resets_in: ends_at.saturating_duration_since(now) };
        }
        shard.insert_evicting(key.as_str(), 1, 0, now + window, now);
        Count { hits: 1, resets_in: window }
    }

    /// What has been counted, without counting.
    pub fn peek(&self, key: &Key, now: Instant) -> Count {
        self.table.shard(key.as_str(), now).get(key.as_str(), now).map_or_else(
            Count::default,
            |(hits, ends_at)| Count {
                hits: *hits,
                resets_in: ends_at.saturating_duration_since(now),
            },
        )
    }

    /// Takes over what somebody who sees more has counted, if it is more than we have.
    pub fn raise(&self, key: &Key, to: Count, now: Instant) {
        let mut shard = self.table.shard(key.as_str(), now);
        if shard.get(key.as_str(), now).is_none_or(|(hits, _)| *hits < to.hits) {
            shard.insert_evicting(key.as_str(), to.hits, 0, now + to.resets_in, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_window_is_fixed_and_further_hits_do_not_prolong_it() {
        let (counters, start) = (Counters::with_capacity(100_000), Instant::now());
        let key = Key::throttle("test", &["a"]);
        for (seconds, hits, resets_in) in [(0, 1, 60), (20, 2, 40), (59, 3, 1), (60, 1, 60)] {
            let expected = Count { hits, resets_in: Duration::from_secs(resets_in) };
            let now = start + Duration::from_secs(seconds);
            assert_eq!(counters.count(&key, MINUTE, now), expected, "after {seconds} s");
            assert_eq!(counters.peek(&key, now), expected, "after {seconds} s");
        }
    }

    #[test]
    fn raising_never_lowers() {
        let (counters, now) = (Counters::with_capacity(100_000), Instant::now());
        let (key, resets_in) = (Key::throttle("test", &["a"]), MINUTE);
        for (to, expected) in [(7, 7), (5, 7), (9, 9)] {
            counters.raise(&key, Count { hits: to, resets_in }, now);
            assert_eq!(counters.peek(&key, now).hits, expected);
        }
    }

    #[test]
    fn a_flood_of_strangers_stays_within_the_memory() {
        let (counters, now) = (Counters::with_capacity(100_000), Instant::now());
        for i in 0..10_000 {
            let count = counters.count(&Key::throttle("test", &[&i.to_string()]), MINUTE, now);
            assert_eq!(count.hits, 1);
            assert!(counters.table.bytes() <= 100_000);
        }
    }
}
