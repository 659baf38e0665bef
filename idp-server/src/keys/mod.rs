//! Keys: what is derived from the master key, what is sealed under it, and what signs tokens.
//!
//! Every key is parsed once, when it is loaded, and never for a request. No private key leaves this
//! room in the clear: the store gets it sealed.

pub mod audit_keys;
pub mod jwks;
mod known_tokens;
pub mod master_check;
pub mod private_key;
pub mod register;
pub mod ring;
pub mod saml_keys;
pub mod sealing;
pub mod site_keys;
pub mod sub_keys;
pub mod tax_numbers;
