//! OpenID Connect: reading and judging requests, building answers.

pub mod claims_request;
pub mod grant;
pub mod jose;
pub mod params;
pub mod pkce;
pub mod redirect_uri;
pub mod scope;
