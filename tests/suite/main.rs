//! What holds of Hilum, seen from outside: by sites, by people's browsers, by its operator.
//!
//! `routes` mirrors the addresses, `flows` tells longer stories. Names are sentences that must
//! hold. A number such as *1.3* is a line of `docs/security.md`'s checklist.
#![forbid(unsafe_code)]

mod flows;
mod routes;
