//! `POST /token` (RFC 6749 §3.2): one file per grant type, and what their answers share.

mod authorization_code;
mod client_credentials;
mod error;
pub mod mint;
mod refresh;

use std::collections::BTreeSet;

use actix_web::web;
use idp_core::{
    community::site::GrantType,
    oidc::scope::{Scope, parse_list},
};

pub use error::TokenError;

use self::mint::TokenAnswer;
use super::{client_authentication::AuthenticatedSite, json::NoStore};
use crate::app::App;

/// `POST /token`.
///
/// # Errors
/// [`TokenError`], sent as JSON with the codes of RFC 6749 §5.2.
pub async fn token(
    app: web::Data<App>,
    site: AuthenticatedSite,
) -> Result<NoStore<TokenAnswer>, TokenError> {
    let app = app.into_inner();
    let asked = site.form.find("grant_type").ok_or(TokenError::Missing("grant_type"))?;
    let grant_types =
        [GrantType::AuthorizationCode, GrantType::ClientCredentials, GrantType::RefreshToken];
    let grant_type = grant_types.into_iter().find(|known| name(*known) == asked);
    let grant_type = grant_type.ok_or(TokenError::UnsupportedGrantType)?;
    if !site.entry.client.grant_types.contains(&grant_type) {
        return Err(TokenError::NotRegistered);
    }
    let answer = match grant_type {
        GrantType::AuthorizationCode => authorization_code::redeem(&app, &site).await?,
        GrantType::ClientCredentials => client_credentials::issue(&app, &site)?,
        GrantType::RefreshToken => refresh::rotate(&app, &site).await?,
    };
    app.metrics.tokens_issued(name(grant_type));
    Ok(NoStore(answer))
}

/// The value of `grant_type`.
const fn name(grant_type: GrantType) -> &'static str {
    match grant_type {
        GrantType::AuthorizationCode => "authorization_code",
        GrantType::ClientCredentials => "client_credentials",
        GrantType::RefreshToken => "refresh_token",
    }
}

/// The scopes that a request asks for, if it asks for any.
fn asked_scopes(site: &AuthenticatedSite) -> Result<Option<BTreeSet<Scope>>, TokenError> {
    site.form.find("scope").map(parse_list).transpose().map_err(|_| TokenError::MalformedScope)
}
