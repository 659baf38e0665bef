//! The access token of a call to the API, and the person behind it.

use std::sync::Arc;

use actix_web::{HttpRequest, http::header::AUTHORIZATION};
use chrono::DateTime;
use idp_core::{
    authentication::{assurance::Assurance, gate::Demand},
    oidc::{params::Params, scope::Scope},
};

use super::error::ApiError;
use crate::{
    app::App,
    http::oidc::{presented, userinfo},
    sites::ClientEntry,
    store::person::LoadedPerson,
};

/// The person for whom a token with one of these scopes speaks, and the site that holds it, if its
/// sign-in meets `demand`: the rule of the pages (`authentication::gate`), said as a challenge (RFC 9470).
///
/// # Errors
/// [`ApiError`].
pub async fn person(
    app: &Arc<App>,
    request: &HttpRequest,
    (scopes, demand): (&[&'static str], Demand),
) -> Result<(LoadedPerson, Arc<ClientEntry>), ApiError> {
    let now = app.clock.now();
    let claims = presented::access_token(app, bearer_token(request)?, now)?;
    if !claims.aud.contains(&app.issuer) {
        return Err(ApiError::Ended);
    }
    // One is enough, and the first is the one that is told.
    let insufficient = || ApiError::InsufficientScope(scopes.first().copied().unwrap_or_default());
    let Some(about) = claims.person else { return Err(insufficient()) };
    let site = claims.client_id.parse().ok().and_then(|id| app.sites.client(&id));
    let site = site.ok_or(ApiError::Ended)?;
    let given = presented::still_given(app, &site, about.grant, Some(&claims.scope), now).await?;
    let given = given.ok_or(ApiError::Ended)?;
    let given_it = |scope: &&str| given.scopes.contains(&Scope::Other((*scope).to_owned()));
    if !scopes.iter().any(given_it) {
        return Err(insufficient());
    }
    // What the token says counts: what was proved in the session since is in the next token. A browser
    // that was only remembered is no second factor here, whatever the site accepts (security 18.7).
    let told = Assurance::from_acr(&about.acr).unwrap_or(Assurance::Password);
    let reached = told.min(given.person.session.assurance(false));
    let auth_time = DateTime::from_timestamp(about.auth_time, 0).unwrap_or(DateTime::UNIX_EPOCH);
    match demand.challenge(reached, auth_time, now) {
        Some(challenge) => Err(ApiError::Weak(challenge)),
        None => Ok((given.person, site)),
    }
}

/// The token in the header, the only place for it here (RFC 6750 §2.1).
fn bearer_token(request: &HttpRequest) -> Result<&str, ApiError> {
    if Params::parse(request.query_string().as_bytes()).find("access_token").is_some() {
        return Err(ApiError::Malformed(
            "the access token does not belong into the address".to_owned(),
        ));
    }
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    header.and_then(userinfo::of_scheme_bearer).ok_or(ApiError::Anonymous)
}
