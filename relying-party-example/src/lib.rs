//! What the example sites have in common: what they look like, their cookies, what they remember for a
//! while, and, for those that speak OpenID Connect, the conversation with Hilum.
//!
//! The sites themselves are programs: `credentia` speaks OpenID Connect, `passage` SAML 2.0, and
//! `hie-gateway` serves an API, which `hie-client` calls for an organization's system.
#![forbid(unsafe_code)]

pub mod claims;
pub mod cookies;
pub mod errors;
pub mod jwt;
pub mod look;
pub mod oidc;
pub mod page;
pub mod program;
pub mod provider;
pub mod registration;
pub mod shelf;
#[cfg(test)]
mod signing;
