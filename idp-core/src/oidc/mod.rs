//! OpenID Connect: reading and judging requests, building answers.

pub mod backchannel;
pub mod claims_request;
pub mod client_assertion;
pub mod grant;
pub mod jose;
pub mod key_set;
pub mod pairwise;
pub mod params;
pub mod pkce;
pub mod redirect_uri;
pub mod refresh_token;
pub mod scope;

#[cfg(test)]
mod testing;
