//! The audit record: what happened, sealed so that a later change is noticed and named.
//!
//! An [`Event`] is written in the transaction of the change that it tells of. Shortly behind it, one
//! node at a time gives each new event a [`Seal`]: its place in one long chain of hashes. The last
//! seal of a batch is signed as a [`Head`]. Who can write to the database can change events and
//! seals, but cannot sign; so [`check`] finds what was changed, taken out, moved or slipped in up to
//! the last head.
//!
//! Two things no chain can tell: whether an event that was never sealed was lost (the time between
//! an event and its seal is about a second), and whether the newest seals were taken away together
//! with their heads. Against the second, keep the newest head somewhere else as well: Hilum logs it.

mod check;
mod event;
pub mod flood;
mod kind;
mod seal;
#[cfg(test)]
mod tests;

pub use check::{Finding, check};
pub use event::{Actor, Event, InvalidActor};
pub use kind::{Kind, UnknownKind};
pub use seal::{Head, Seal, Sha256, Tip, seal};
