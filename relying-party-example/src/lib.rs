//! What the example sites have in common, whichever protocol they speak: what they look like, their
//! cookies, and what they remember for a while.
//!
//! The sites themselves are two programs: `credentia` speaks OpenID Connect, `passage` SAML 2.0.
#![forbid(unsafe_code)]

pub mod cookies;
pub mod look;
pub mod page;
pub mod shelf;
