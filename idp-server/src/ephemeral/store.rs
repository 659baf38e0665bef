//! What short-lived state can do, whoever keeps it.

use prometheus_client::metrics::counter::Counter;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use super::counters::Count;
use super::embedded::Embedded;
use super::error::{Cause, EphemeralError};
use super::key::Key;
use super::redis::Redis;
use crate::config;

/// Stands before every key, so that Hilum can share a server with others.
const PREFIX: &str = "hilum:";

/// Short-lived state, shared by everything in this process that holds a clone.
///
/// A time to live is at least a millisecond and at most a day; what is outside is moved to that
/// bound. At its end a value is gone.
#[derive(Clone)]
pub enum Ephemeral {
    /// In the memory of this process: one node.
    Embedded(Arc<Embedded>),
    /// In a Redis that all nodes share.
    Redis(Redis),
}

impl Ephemeral {
    /// The store that the configuration names. It asks nothing of a server yet; see [`Self::ping`].
    /// Each command that is sent to a server increases `commands`.
    ///
    /// # Errors
    /// [`EphemeralError::Unavailable`] if the address or the certificates cannot be used.
    pub fn open(config: &config::Ephemeral, commands: Counter) -> Result<Self, EphemeralError> {
        match config {
            config::Ephemeral::Embedded => Ok(Self::Embedded(Arc::new(Embedded::new()))),
            config::Ephemeral::Redis { url, ca_file } => {
                let ca = ca_file.as_ref().map(fs::read).transpose().map_err(Cause::CaFile)?;
                Ok(Self::Redis(Redis::open(url, ca, PREFIX, commands)?))
            }
        }
    }

    /// Keeps `value` under `key` for `ttl`, in place of what was there.
    ///
    /// # Errors
    /// [`EphemeralError::Unavailable`]: it may or may not be kept.
    pub async fn put(&self, key: &Key, value: &[u8], ttl: Duration) -> Result<(), EphemeralError> {
        match self {
            Self::Embedded(store) => store.put(key, value, within_bounds(ttl)),
            Self::Redis(store) => store.put(key, value, within_bounds(ttl)).await,
        }
    }

    /// Keeps `value` unless something lives under `key`: over all nodes exactly one of those who
    /// ask at once is told `true`.
    ///
    /// # Errors
    /// [`EphemeralError::Unavailable`]: treat the mark as seen.
    pub async fn put_if_absent(
        &self,
        key: &Key,
        value: &[u8],
        ttl: Duration,
    ) -> Result<bool, EphemeralError> {
        match self {
            Self::Embedded(store) => store.put_if_absent(key, value, within_bounds(ttl)),
            Self::Redis(store) => store.put_if_absent(key, value, within_bounds(ttl)).await,
        }
    }

    /// Keeps `value` for `ttl` if exactly `before` lives under `key`: over all nodes at most one of
    /// those who ask at once with the same `before` and another `value` is told `true`.
    ///
    /// # Errors
    /// [`EphemeralError::Unavailable`]: it may or may not be kept.
    pub async fn replace(
        &self,
        key: &Key,
        before: &[u8],
        value: &[u8],
        ttl: Duration,
    ) -> Result<bool, EphemeralError> {
        match self {
            Self::Embedded(store) => store.replace(key, before, value, within_bounds(ttl)),
            Self::Redis(store) => store.replace(key, before, value, within_bounds(ttl)).await,
        }
    }

    /// The value that lives under `key`.
    ///
    /// # Errors
    /// [`EphemeralError::Unavailable`].
    pub async fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, EphemeralError> {
        match self {
            Self::Embedded(store) => Ok(store.get(key)),
            Self::Redis(store) => store.get(key).await,
        }
    }

    /// Takes the value under `key` away: over all nodes exactly one of those who ask gets it.
    ///
    /// # Errors
    /// [`EphemeralError::Unavailable`]: treat the value as taken. The command may have run although
    /// its answer was lost, so a second try proves nothing.
    pub async fn take(&self, key: &Key) -> Result<Option<Vec<u8>>, EphemeralError> {
        match self {
            Self::Embedded(store) => Ok(store.take(key)),
            Self::Redis(store) => store.take(key).await,
        }
    }

    /// Forgets what is under `key`, if anything is.
    ///
    /// # Errors
    /// [`EphemeralError::Unavailable`]: it may still live until its time is over.
    pub async fn remove(&self, key: &Key) -> Result<(), EphemeralError> {
        match self {
            Self::Embedded(store) => {
                store.take(key);
                Ok(())
            }
            Self::Redis(store) => store.remove(key).await,
        }
    }

    /// Counts once under `key`. The first hit opens a window that ends after `window`; further hits
    /// do not prolong it.
    ///
    /// # Errors
    /// [`EphemeralError::Unavailable`]: it may or may not be counted.
    pub async fn count(&self, key: &Key, window: Duration) -> Result<Count, EphemeralError> {
        match self {
            Self::Embedded(store) => Ok(store.count(key, within_bounds(window))),
            Self::Redis(store) => store.count(key, within_bounds(window)).await,
        }
    }

    /// Whether the server is set up to forget what lives in order to make room, so that a replay mark
    /// could be pushed out. An operator's mistake, for the start and `hilum check` to report.
    ///
    /// # Errors
    /// [`EphemeralError::Unavailable`].
    pub async fn may_forget(&self) -> Result<bool, EphemeralError> {
        match self {
            Self::Embedded(_) => Ok(false),
            Self::Redis(store) => store.may_forget().await,
        }
    }

    /// Whether short-lived state answers, for the readiness of this node.
    ///
    /// # Errors
    /// [`EphemeralError::Unavailable`] if it does not.
    pub async fn ping(&self) -> Result<(), EphemeralError> {
        match self {
            Self::Embedded(_) => Ok(()),
            Self::Redis(store) => store.ping().await,
        }
    }
}

/// Neither store can keep something for no time, and neither is meant to keep it for long.
fn within_bounds(ttl: Duration) -> Duration {
    ttl.clamp(Duration::from_millis(1), Duration::from_secs(24 * 60 * 60))
}
