//! A map in memory whose entries expire and whose size is bounded.
//!
//! The map is split into shards with a lock each; a lock is held for a handful of steps and never
//! across a wait. Every access first drops some of its shard's expired entries, oldest first, so
//! that memory follows the entries that live without a job to sweep it.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

const SHARDS: usize = 16;

/// How many expired entries one access drops at most: more than it can add, so that the expired
/// never pile up, and few enough that no caller pays for an hour of silence.
const SWEEP: usize = 32;

/// What an entry costs beside the bytes of its key and value, roughly.
const OVERHEAD: usize = 192;

/// There was no room, and nothing in the way had expired.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

/// A bounded map whose entries expire.
pub(super) struct Expiring<V> {
    shards: [Mutex<Shard<V>>; SHARDS],
    hasher: RandomState,
}

impl<V> Expiring<V> {
    /// An empty map that holds about `bytes` of keys, values and bookkeeping.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::new(Shard::new(bytes / SHARDS))),
            hasher: RandomState::new(),
        }
    }

    /// Locks the shard that `key` belongs to.
    pub(super) fn shard(&self, key: &str, now: Instant) -> MutexGuard<'_, Shard<V>> {
        let [first, ..] = &self.shards;
        let hash = self.hasher.hash_one(key) % SHARDS as u64;
        let shard = usize::try_from(hash).ok().and_then(|i| self.shards.get(i)).unwrap_or(first);
        // A panic elsewhere cannot leave a shard half changed: nothing in it can panic midway.
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        shard.sweep(now, SWEEP);
        shard
    }

    /// Bytes in use, by the same reckoning as the capacity.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.shards.iter().map(|s| s.lock().map_or(0, |s| s.bytes)).sum()
    }
}

/// One part of the map, and the order in which its entries expire.
pub(super) struct Shard<V> {
    entries: HashMap<Arc<str>, Entry<V>>,
    by_expiry: BTreeMap<Expiry, Arc<str>>,
    serial: u64,
    bytes: usize,
    capacity: usize,
}

/// An instant, made unique by a serial number. At that instant the entry is gone.
type Expiry = (Instant, u64);

struct Entry<V> {
    value: V,
    expiry: Expiry,
    weight: usize,
}

impl<V> Shard<V> {
    fn new(capacity: usize) -> Self {
        let (entries, by_expiry) = (HashMap::new(), BTreeMap::new());
        Self { entries, by_expiry, serial: 0, bytes: 0, capacity }
    }

    /// The value that lives under `key`, and when it expires.
    pub(super) fn get(&mut self, key: &str, now: Instant) -> Option<(&mut V, Instant)> {
        let entry = self.entries.get_mut(key).filter(|entry| now < entry.expiry.0)?;
        Some((&mut entry.value, entry.expiry.0))
    }

    /// Puts `value` of `size` bytes under `key` in place of what was there.
    ///
    /// # Errors
    /// [`Full`] if there is no room after dropping all that has expired; then nothing has changed.
    pub(super) fn insert(
        &mut self,
        key: &str,
        value: V,
        size: usize,
        expires_at: Instant,
        now: Instant,
    ) -> Result<(), Full> {
        let weight = key.len() + size + OVERHEAD;
        if !self.has_room(key, weight) {
            self.sweep(now, usize::MAX);
        }
        if !self.has_room(key, weight) {
            return Err(Full);
        }
        self.drop_entry(key);
        self.serial += 1;
        let (key, expiry) = (Arc::<str>::from(key), (expires_at, self.serial));
        self.by_expiry.insert(expiry, Arc::clone(&key));
        self.entries.insert(key, Entry { value, expiry, weight });
        self.bytes += weight;
        Ok(())
    }

    /// As [`Self::insert`], but makes room by forgetting what would have expired soonest.
    pub(super) fn insert_evicting(
        &mut self,
        key: &str,
        value: V,
        size: usize,
        expires_at: Instant,
        now: Instant,
    ) where
        V: Clone,
    {
        while self.insert(key, value.clone(), size, expires_at, now).is_err() {
            let Some((_, soonest)) = self.by_expiry.pop_first() else { return };
            self.drop_entry(&soonest);
        }
    }

    /// Takes the value that lives under `key` away.
    pub(super) fn remove(&mut self, key: &str, now: Instant) -> Option<V> {
        self.drop_entry(key).filter(|entry| now < entry.expiry.0).map(|entry| entry.value)
    }

    fn has_room(&self, key: &str, weight: usize) -> bool {
        let replaced = self.entries.get(key).map_or(0, |entry| entry.weight);
        self.bytes - replaced + weight <= self.capacity
    }

    fn drop_entry(&mut self, key: &str) -> Option<Entry<V>> {
        let entry = self.entries.remove(key)?;
        self.by_expiry.remove(&entry.expiry);
        self.bytes -= entry.weight;
        Some(entry)
    }

    /// Drops up to `most` expired entries, oldest first.
    fn sweep(&mut self, now: Instant, most: usize) {
        for _ in 0..most {
            let Some(oldest) = self.by_expiry.first_entry() else { return };
            if now < oldest.key().0 {
                return;
            }
            let key = oldest.remove();
            self.drop_entry(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_entry_lives_until_its_instant_and_not_at_it() {
        let (map, start) = (Expiring::with_capacity(100_000), Instant::now());
        map.shard("a", start).insert("a", 1, 0, start + SECOND, start).unwrap();
        let just_before = start + SECOND - Duration::from_nanos(1);
        assert!(map.shard("a", just_before).get("a", just_before).is_some());
        assert!(map.shard("a", start + SECOND).get("a", start + SECOND).is_none());
    }

    #[test]
    fn memory_follows_the_living_without_a_sweeper() {
        let (map, start) = (Expiring::with_capacity(usize::MAX), Instant::now());
        let mut most = 0;
        for i in 0..50_000 {
            let (key, now) = (format!("key-{i}"), start + SECOND * i / 1000);
            map.shard(&key, now).insert(&key, (), 100, now + SECOND, now).unwrap();
            most = most.max(map.bytes());
        }
        // A thousand live at any time; fifty thousand came by.
        assert!(most < 2_000 * (OVERHEAD + 110), "{most} bytes");
    }

    #[test]
    fn a_full_map_refuses_and_drops_nothing_that_lives() {
        let (map, now) = (Expiring::with_capacity(SHARDS * 10 * (OVERHEAD + 10)), Instant::now());
        let put = |key: &str, now| map.shard(key, now).insert(key, (), 0, now + SECOND, now);
        let kept: Vec<String> =
            (0..1_000).map(|i| format!("{i}")).filter(|key| put(key, now) == Ok(())).collect();
        assert!((100..=170).contains(&kept.len()), "{} kept", kept.len());
        assert!(kept.iter().all(|key| map.shard(key, now).get(key, now).is_some()));
        // Once they have expired there is room again.
        let later = now + SECOND;
        assert!(kept.iter().all(|key| put(key, later) == Ok(())));
    }

    #[test]
    fn one_value_larger_than_everything_is_refused() {
        let (map, now) = (Expiring::with_capacity(100_000), Instant::now());
        assert_eq!(map.shard("a", now).insert("a", (), 1_000_000, now + SECOND, now), Err(Full));
        map.shard("a", now).insert_evicting("a", (), 1_000_000, now + SECOND, now);
        assert!(map.shard("a", now).get("a", now).is_none());
    }

    #[test]
    fn making_room_forgets_what_would_have_expired_soonest() {
        let (mut shard, now) = (Shard::new(2 * (OVERHEAD + 1)), Instant::now());
        for (key, seconds) in [("a", 2), ("b", 1), ("c", 3)] {
            shard.insert_evicting(key, (), 0, now + SECOND * seconds, now);
        }
        let living = ["a", "b", "c"].map(|key| shard.get(key, now).is_some());
        assert_eq!(living, [true, false, true]);
    }

    proptest! {
        /// Whatever happens, in whatever order: the index names exactly the entries, and the bytes
        /// are their sum.
        #[test]
        fn the_books_always_balance(
            steps in prop::collection::vec((0..4_u8, 0..20_u8, 0..300_usize, 0..5_u32), 1..200),
        ) {
            let (mut shard, mut now) = (Shard::new(3_000), Instant::now());
            for (what, key, size, seconds) in steps {
                let key = format!("{key}");
                match what {
                    0 => drop(shard.insert(&key, (), size, now + SECOND * seconds, now)),
                    1 => shard.insert_evicting(&key, (), size, now + SECOND * seconds, now),
                    2 => drop(shard.remove(&key, now)),
                    _ => {
                        now += SECOND * seconds;
                        shard.sweep(now, 3);
                    }
                }
                prop_assert_eq!(shard.entries.len(), shard.by_expiry.len());
                prop_assert_eq!(shard.bytes, shard.entries.values().map(|e| e.weight).sum::<usize>());
                prop_assert!(shard.bytes <= shard.capacity);
            }
        }
    }
}
