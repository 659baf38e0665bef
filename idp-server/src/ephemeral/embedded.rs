//! Short-lived state in the memory of this process, for a single node.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::counters::{Count, Counters};
use super::error::{Cause, EphemeralError};
use super::expiring::{Expiring, Full};
use super::key::Key;

/// Memory for what may be used only once: some fifty thousand codes and replay marks.
const VALUE_BYTES: usize = 32 * 1024 * 1024;
/// Memory for what may be lost: some ten thousand sign-ons in progress.
const LOSABLE_BYTES: usize = 32 * 1024 * 1024;
/// Memory for counters: some sixty thousand of them.
const COUNTER_BYTES: usize = 16 * 1024 * 1024;

/// Where the store learns how much time has passed. A step of the wall clock must not revive a
/// code, so it is the monotonic clock; tests hold one that they can move.
pub type Ticks = Arc<dyn Fn() -> Instant + Send + Sync>;

/// Short-lived state of a single node. A restart forgets it.
///
/// What may be used only once has a budget of its own and is never evicted: when it is spent, a new
/// value is refused until others expire. A replay mark that could be pushed out would be no mark.
/// Sign-ons in progress, which any stranger can begin, push out the oldest of their own kind.
pub struct Embedded {
    values: Expiring<Vec<u8>>,
    losable: Expiring<Vec<u8>>,
    counters: Counters,
    ticks: Ticks,
}

/// Budgets in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For what may be used only once.
    pub value: usize,
    /// For what may be lost.
    pub losable: usize,
    /// For counters.
    pub counter: usize,
}

impl Embedded {
    /// An empty store with the usual limits on the machine's monotonic clock.
    pub fn new() -> Self {
        let limits = Limits { value: VALUE_BYTES, losable: LOSABLE_BYTES, counter: COUNTER_BYTES };
        Self::with_limits(limits, Arc::new(Instant::now))
    }

    /// An empty store with the given budgets and source of time.
    pub fn with_limits(limits: Limits, ticks: Ticks) -> Self {
        Self {
            values: Expiring::with_capacity(limits.value),
            losable: Expiring::with_capacity(limits.losable),
            counters: Counters::with_capacity(limits.counter),
            ticks,
        }
    }

    fn values(&self, key: &Key) -> &Expiring<Vec<u8>> {
        if key.is_losable() { &self.losable } else { &self.values }
    }

    /// See [`super::Ephemeral::put`].
    pub(super) fn put(&self, key: &Key, value: &[u8], ttl: Duration) -> Result<(), EphemeralError> {
        let now = (self.ticks)();
        let (name, value, size) = (key.as_str(), value.to_vec(), value.len());
        let mut shard = self.values(key).shard(name, now);
        if key.is_losable() {
            shard.insert_evicting(name, value, size, now + ttl, now);
            return Ok(());
        }
        Ok(shard.insert(name, value, size, now + ttl, now)?)
    }

    /// See [`super::Ephemeral::put_if_absent`].
    pub(super) fn put_if_absent(
        &self,
        key: &Key,
        value: &[u8],
        ttl: Duration,
    ) -> Result<bool, EphemeralError> {
        let now = (self.ticks)();
        let mut shard = self.values(key).shard(key.as_str(), now);
        if shard.get(key.as_str(), now).is_some() {
            return Ok(false);
        }
        shard.insert(key.as_str(), value.to_vec(), value.len(), now + ttl, now)?;
        Ok(true)
    }

    /// See [`super::Ephemeral::replace`].
    pub(super) fn replace(
        &self,
        key: &Key,
        before: &[u8],
        value: &[u8],
        ttl: Duration,
    ) -> Result<bool, EphemeralError> {
        let now = (self.ticks)();
        let mut shard = self.values(key).shard(key.as_str(), now);
        let is_as_before =
            shard.get(key.as_str(), now).is_some_and(|(found, _)| found.as_slice() == before);
        if is_as_before {
            shard.insert(key.as_str(), value.to_vec(), value.len(), now + ttl, now)?;
        }
        Ok(is_as_before)
    }

    /// See [`super::Ephemeral::get`].
    pub(super) fn get(&self, key: &Key) -> Option<Vec<u8>> {
        let now = (self.ticks)();
        let mut shard = self.values(key).shard(key.as_str(), now);
        shard.get(key.as_str(), now).map(|(value, _)| value.clone())
    }

    /// See [`super::Ephemeral::take`].
    pub(super) fn take(&self, key: &Key) -> Option<Vec<u8>> {
        let now = (self.ticks)();
        self.values(key).shard(key.as_str(), now).remove(key.as_str(), now)
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

    fn store(value: usize) -> Embedded {
        let limits = Limits { value, losable: 20_000, counter: 20_000 };
        Embedded::with_limits(limits, Arc::new(Instant::now))
    }

    #[test]
    fn a_full_store_refuses_and_keeps_every_mark() {
        let store = store(20_000);
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
    fn strangers_who_begin_sign_ons_push_out_no_code() {
        let (store, minute) = (store(20_000), Duration::from_secs(60));
        let code = Key::code(&idp_core::secret::SecretDigest::of("a"));
        store.put(&code, b"waits", minute).unwrap();
        for i in 0..1_000 {
            store.put(&Key::transaction(&i.to_string()), &[0; 100], minute).unwrap();
        }
        assert_eq!(store.get(&code).as_deref(), Some(&b"waits"[..]));
        assert!(store.get(&Key::transaction("999")).is_some(), "the newest is there");
        assert!(store.get(&Key::transaction("0")).is_none(), "the oldest made room");
    }

    #[test]
    fn counters_and_values_do_not_share_their_budget() {
        let store = store(0);
        let minute = Duration::from_secs(60);
        assert!(store.put(&Key::assertion("a", "b"), b"", minute).is_err());
        assert_eq!(store.count(&Key::throttle("test", &["a"]), minute).hits, 1);
    }
}
