//! Durable state: what must not be lost, in SQLite or in PostgreSQL.
//!
//! One file per aggregate. A function takes a connection, so that functions compose in one
//! transaction; "not found" is `Ok(None)`; one query text serves both databases. Nothing in here
//! decides: rules are `idp-core`'s, and what ends access goes through [`end_access()`] alone.

pub mod access_request;
pub mod affiliation;
pub mod agreement;
pub mod attention;
pub mod audit;
pub mod caller_check;
pub mod catalog;
mod column;
pub mod connection;
mod counting;
pub mod email_change;
pub mod end_access;
pub mod ending;
mod error;
pub mod factor;
pub mod factor_reset;
pub mod front_logout;
pub mod further_number;
pub mod grant;
pub mod known_browser;
pub mod lease;
pub mod letter_count;
pub mod lockout;
pub mod mailed_code;
pub mod meant;
pub mod meta;
pub mod migrations;
pub mod nomination;
pub mod offer_to_nobody;
pub mod organization;
pub mod outbox;
pub mod own_record;
pub mod people;
pub mod person;
pub mod place;
mod pool;
mod prepared;
pub mod promotion;
pub mod recovery_code;
pub mod registration;
pub mod release_log;
pub mod remembered_browser;
pub mod reminder;
pub mod retention;
pub mod roster;
mod schema;
pub mod search;
pub mod secret_questions;
pub mod self_help;
pub mod session;
pub mod signing_key;
pub mod site;
pub mod site_visit;
pub mod staff;
pub mod subscriber;
pub mod system_client;
pub mod tax_id;
pub mod tax_id_claim;
#[cfg(test)]
pub(crate) mod tests;
pub mod ticket;
pub mod waiting;

pub use connection::AnyConn;
pub use counting::{Counters, Tally, unasked};
pub use end_access::{Carrier, Cause, Ending, Scope, end_access, end_access_on_record};
pub use error::{StoreError, Taken};
pub use pool::{Database, Settings};
