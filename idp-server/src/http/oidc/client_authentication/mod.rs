//! Client authentication (RFC 6749 §2.3, OIDC Core §9): who calls the token endpoint and its
//! neighbours.
//!
//! A handler that takes an [`AuthenticatedSite`], or an [`AuthenticatedClient`] where systems may call
//! as well, cannot forget to ask. Exactly the method that the
//! site has registered is accepted (security 3.2), and an unknown site cannot be told from a wrong
//! secret, by the answer or by the work that was done for it (security 3.1).

mod credentials;
mod extractor;
mod proof;

pub use extractor::{AuthenticatedClient, AuthenticatedSite, AuthenticatedSystem};
