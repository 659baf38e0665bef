//! Short-lived state: sign-ons in progress, authorization codes, replay marks, counters.
//!
//! Everything here expires within minutes. Losing it costs a retry of the sign-on in flight, never
//! data, and never opens a door: what cannot be reached or remembered is an error, and a one-time
//! check that meets an error has failed (security.md 23.3). One node keeps it [`embedded::Embedded`]; more
//! nodes share a [`redis::Redis`]. Both pass the tests in `contract.rs`, and no operation touches two keys,
//! so that the keys may be spread over a cluster.

#[cfg(test)]
mod contract;
mod counters;
mod embedded;
mod error;
mod expiring;
mod key;
mod redis;
mod store;

pub use self::counters::{Count, Counters};
#[cfg(test)]
pub use self::embedded::Embedded;
pub use self::error::EphemeralError;
pub use self::key::Key;
#[cfg(test)]
pub use self::redis::Redis;
pub use self::store::Ephemeral;
