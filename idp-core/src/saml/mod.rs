//! SAML 2.0: reading and judging requests, building answers, metadata in both directions.
//!
//! What comes in is read from a tree that knows namespaces and was refused before anything else if
//! it brings a document type; what goes out is written in canonical form from the start, so that
//! what is signed is what is sent.

pub mod acs;
pub mod artifact;
pub mod attributes;
pub mod authn_context;
pub mod authn_request;
pub mod certificate;
pub mod encryption;
pub mod instant;
pub mod judge;
pub mod logout;
pub mod logout_response;
pub mod metadata;
pub mod name_id;
pub mod names;
pub mod redirect;
pub mod response;
pub mod service_provider;
pub mod signature;
pub mod status;
pub mod writer;
pub mod xml;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
