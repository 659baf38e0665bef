//! Short-lived state in the memory of this process, for a single node.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::counters::{Count, Counters};
use super::error::{Cause, EphemeralError};
use super::expiring::{Expiring, Full};
use super::key::Key;

/// Memory for values: some ten thousand sign-ons in progress.
const VALUE_BYTES: usize = 64 * 1024 * 1024;
/// Memory for counters: some sixty thousand of them.
const COUNTER_BYTES: usize = 16 * 1024 * 1024;

/// Where the store learns how much time has passed. A step of the wall clock must not revive a
/// code, so it is the monotonic clock; tests hold one that they can move.
pub type Ticks = Arc<dyn Fn() -> Instant + Send + Sync>;

/// Short-lived state of a single node. A restart forgets it.
///
/// Values have a budget of their own and are never evicted: when it is spent, a new one is refused
/// until others expire. A replay mark that could be pushed out would be no mark.
pub struct Embedded {
    values: Expiring<Vec<u8>>,
    counters: Counters,
    ticks: Ticks,
}

impl Embedded {
    /// An empty store with the usual limits on the machine's monotonic clock.
    pub fn new() -> Self {
        Self::with_limits(VALUE_BYTES, COUNTER_BYTES, Arc::new(Instant::now))
    }

    /// An empty store with the given budgets in bytes and source of time.
    pub fn with_limits(value_bytes: usize, counter_bytes: usize, ticks: Ticks) -> Self {
        let values = Expiring::with_capacity(value_bytes);
        Self { values, counters: Counters::with_capacity(counter_bytes), ticks }
    }

    /// See [`super::Ephemeral::put`].
    pub(super) fn put(&self, key: &Key, value: &[u8], ttl: Duration) -> Result<(), EphemeralError> {
        let now = (self.ticks)();
        let mut shard = self.values.shard(key.as_str(), now);
        Ok(shard.insert(key.as_str(), value.to_vec(), value.len(), now + ttl, now)?)
    }

    /// See [`super::Ephemeral::put_if_absent`].
    pub(super) fn put_if_absent(
        &self,
        key: &Key,
        value: &[u8],
        ttl: Duration,
    ) -> Result<bool, EphemeralError> {
        let now = (self.ticks)();
        let mut shard = self.values.shard(key.as_str(), now);
        if shard.get(key.as_str(), now).is_some() {
            return Ok(false);
        }
        shard.insert(key.as_str(), value.to_vec(), value.len(), now + ttl, now)?;
        Ok(true)
    }

    /// See [`super::Ephemeral::get`].
    pub(super) fn get(&self, key: &Key) -> Option<Vec<u8>> {
        let now = (self.ticks)();
        let mut shard = self.values.shard(key.as_str(), now);
        shard.get(key.as_str(), now).map(|(value, _)| value.clone())
    }

    /// See [`super::Ephemeral::take`].
    pub(super) fn take(&self, key: &Key) -> Option<Vec<u8>> {
        let now = (self.ticks)();
        self.values.shard(key.as_str(), now).remove(key.as_str(), now)
    }

    /// See [`super::Ephemeral::replace`].
    pub(super) fn replace(&self, key: &Key, value: &[u8]) -> Result<bool, EphemeralError> {
        let now = (self.ticks)();
        let mut shard = self.values.shard(key.as_str(), now);
        let Some((_, expires_at)) = shard.get(key.as_str(), now) else { return Ok(false) };
        shard.insert(key.as_str(), value.to_vec(), value.len(), expires_at, now)?;
        Ok(true)
    }

    /// See [`super::Ephemeral::count`].
    pub(super) fn count(&self, key: &Key, window: Duration) -> Count {
        self.counters.count(key, window, (self.ticks)())
    }
}

impl From<Full> for EphemeralError {
    fn from(_: Full) -> Self {
        Self::Unavailable(Cause::Full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_store_refuses_and_keeps_every_mark() {
        let store = Embedded::with_limits(20_000, 20_000, Arc::new(Instant::now));
        let minute = Duration::from_secs(60);
        let marks: Vec<Key> = (0..1_000).map(|i| Key::assertion("a", &i.to_string())).collect();
        let kept: Vec<&Key> = marks
            .iter()
            .filter(|key| matches!(store.put_if_absent(key, b"", minute), Ok(true)))
            .collect();
        assert!(!kept.is_empty() && kept.len() < marks.len());
        for key in kept {
            assert!(
                matches!(store.put_if_absent(key, b"", minute), Ok(false)),
                "{key:?} forgotten"
            );
        }
    }

    #[test]
    fn a_refused_replacement_leaves_the_old_value() {
        let store = Embedded::with_limits(20_000, 20_000, Arc::new(Instant::now));
        let key = Key::transaction("a");
        store.put(&key, b"old", Duration::from_secs(60)).unwrap();
        assert!(store.replace(&key, &[0; 20_000]).is_err());
        assert_eq!(store.get(&key).as_deref(), Some(&b"old"[..]));
    }

    #[test]
    fn counters_and_values_do_not_share_their_budget() {
        let store = Embedded::with_limits(0, 20_000, Arc::new(Instant::now));
        let minute = Duration::from_secs(60);
        assert!(store.put(&Key::transaction("a"), b"", minute).is_err());
        assert_eq!(store.count(&Key::throttle("test", &["a"]), minute).hits, 1);
    }
}
