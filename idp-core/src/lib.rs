//! Hilum's rules: who is who in the community, how a person signs on, what a site may learn, and
//! what the protocols' messages mean.
//!
//! Nothing in here reads a clock, draws randomness, waits, or touches a network, a file or a
//! database: time, identifiers and random bytes come in as arguments, and answers go out as values.
//! That is what lets every rule be tested as a sentence.

pub mod audit;
pub mod authentication;
pub mod community;
pub mod ids;
pub mod keys;
pub mod mail;
pub mod oidc;
pub mod release;
pub mod saml;
pub mod secret;
pub mod sign_on;
