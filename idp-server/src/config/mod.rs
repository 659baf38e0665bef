//! What the operator decides: one TOML file, read once at the start into valid types.
//!
//! Each section of the file is one struct here. Every setting can be overridden by an environment
//! variable (`HILUM__DATABASE__URL` for `database.url`). A setting that is not known is refused,
//! and all mistakes are told at once, each with its line and with what would be accepted.

mod community;
mod listeners;
mod load;
mod mail;
mod network;
mod operation;
mod reader;
mod secrets;
mod sign_on;
mod storage;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;

pub use community::{IdentityProof, TaxIds};
pub use listeners::{Limits, Private, Public, TlsFiles};
pub use load::{Config, load};
pub use mail::{Mail, MailTls, Smtp};
pub use network::{Network, Origin};
pub use operation::{ClockSource, Keys, Log, LogFormat, Outgoing, Saml, Support};
pub use reader::Mistake;
pub use secrets::{MasterKey, MasterKeyError, Secrets};
pub use sign_on::{Challenge, HashCost, Password, Session, Throttle};
pub use storage::{Database, DatabaseUrl, Ephemeral};
