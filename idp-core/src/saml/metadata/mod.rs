//! Metadata: what parties say about themselves (SAML Metadata).

pub mod read;
pub mod refresh;
pub mod write;
