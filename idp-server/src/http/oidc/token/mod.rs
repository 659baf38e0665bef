//! `POST /token` (RFC 6749 §3.2): one file per grant type, and what their answers share.

mod authorization_code;
mod client_credentials;
mod error;
pub mod mint;
mod refresh;

use std::{collections::BTreeSet, sync::Arc};

use actix_web::web;
use idp_core::{
    community::site::GrantType,
    oidc::{
        params::Params,
        scope::{Scope, parse_list},
    },
};

pub use error::TokenError;

use self::mint::TokenAnswer;
use super::{
    client_authentication::{AuthenticatedClient, AuthenticatedSite},
    json::NoStore,
};
use crate::app::App;

/// `POST /token`.
///
/// # Errors
/// [`TokenError`], sent as JSON with the codes of RFC 6749 §5.2.
pub async fn token(
    app: web::Data<App>,
    client: AuthenticatedClient,
) -> Result<NoStore<TokenAnswer>, TokenError> {
    let app = app.into_inner();
    let grant_type = asked_grant_type(client.form())?;
    let answer = match (&client, grant_type) {
        (AuthenticatedClient::Site(site), grant_type) => for_site(&app, site, grant_type).await?,
        (AuthenticatedClient::System(system), GrantType::ClientCredentials) => {
            client_credentials::issue_to_system(&app, system)?
        }
        (
            AuthenticatedClient::System(_),
            GrantType::AuthorizationCode | GrantType::RefreshToken,
        ) => return Err(TokenError::NotRegistered),
    };
    app.metrics.tokens_issued(name(grant_type));
    Ok(NoStore(answer))
}

async fn for_site(
    app: &Arc<App>,
    site: &AuthenticatedSite,
    grant_type: GrantType,
) -> Result<TokenAnswer, TokenError> {
    if !site.entry.client.grant_types.contains(&grant_type) {
        return Err(TokenError::NotRegistered);
    }
    match grant_type {
        GrantType::AuthorizationCode => authorization_code::redeem(app, site).await,
        GrantType::ClientCredentials => client_credentials::issue(app, site),
        GrantType::RefreshToken => refresh::rotate(app, site).await,
    }
}

fn asked_grant_type(form: &Params) -> Result<GrantType, TokenError> {
    let asked = form.find("grant_type").ok_or(TokenError::Missing("grant_type"))?;
    let grant_types =
        [GrantType::AuthorizationCode, GrantType::ClientCredentials, GrantType::RefreshToken];
    let known = grant_types.into_iter().find(|known| name(*known) == asked);
    known.ok_or(TokenError::UnsupportedGrantType)
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
fn asked_scopes(form: &Params) -> Result<Option<BTreeSet<Scope>>, TokenError> {
    form.find("scope").map(parse_list).transpose().map_err(|_| TokenError::MalformedScope)
}
