//! OpenID Connect: reading and judging requests, building answers.

pub mod authorize;
pub mod backchannel;
pub mod claims_request;
pub mod client_assertion;
pub mod code;
pub mod discovery;
pub mod error;
pub mod grant;
pub mod jose;
pub mod key_set;
pub mod logout;
pub mod pairwise;
pub mod params;
pub mod pkce;
pub mod redirect_uri;
pub mod refresh_token;
pub mod scope;

#[cfg(test)]
mod testing;
