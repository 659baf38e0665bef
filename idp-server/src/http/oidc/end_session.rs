//! `/end-session`: a site asks that the person be signed out (OIDC RP-Initiated Logout).

use std::sync::Arc;

use actix_web::{HttpResponse, web::Bytes};
use idp_core::oidc::{
    authorize::client_id,
    jose::TokenType,
    logout::{self, Hint, Logout},
    params::Params,
};
use serde::Deserialize;

use crate::{
    http::{
        error::PageError,
        sign_out::{self, Request},
        transaction,
        visit::{Visit, see_other},
    },
    keys::ring::Expiry,
    sites::ClientEntry,
    store::person,
};

/// `GET /end-session`.
pub async fn get(visit: Visit) -> HttpResponse {
    visit.answer(begin(&visit).await)
}

/// `POST /end-session`. As at `/authorize`, the cookies come only with the GET that follows.
pub async fn post(visit: Visit, body: Bytes) -> HttpResponse {
    visit.answer(park(&visit, &body).await)
}

async fn park(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let text = std::str::from_utf8(body).map_err(|_| PageError::NotUnderstood)?;
    let handle = visit.random.secret();
    transaction::park(visit, handle.expose(), text).await?;
    Ok(see_other(&format!("/end-session?parked={}", handle.expose()), []))
}

async fn begin(visit: &Visit) -> Result<HttpResponse, PageError> {
    let query = Params::parse(visit.request.query_string().as_bytes());
    let params = match query.find("parked") {
        Some(handle) => Params::parse(&transaction::parked(visit, handle).await?),
        None => query,
    };
    let request = judge(visit, &params).await?;
    sign_out::answer(visit, request).await
}

/// What a logout request comes to, for the session that the browser has now.
pub async fn judge(visit: &Visit, params: &Params) -> Result<Request, PageError> {
    let hint = params.find("id_token_hint").and_then(|token| read_hint(visit, token));
    let site = site(visit, hint.as_ref(), params);
    let person = sign_out::current(visit).await?;
    let names = person.as_ref().zip(site.as_ref()).map(|(person, site)| names(person, site));
    let current = match (&names, &person) {
        (Some((sub, sid)), _) => Some((sub.as_str(), sid.as_str())),
        // Somebody is signed in, and no site is known that could have a name for it.
        (None, Some(_)) => Some(("", "")),
        (None, None) => None,
    };
    let Logout { ask, return_to } =
        logout::judge(params, hint.as_ref(), site.as_deref().map(|entry| &entry.site), current);
    let site = site.map(|client| client.shared());
    Ok(Request { ask, return_to, site, person, parameters: Some(params.encode()) })
}

#[derive(Deserialize)]
struct HintClaims {
    aud: String,
    sub: String,
    sid: Option<String>,
}

/// An ID token of ours, expired or not; anything else is no hint at all.
fn read_hint(visit: &Visit, token: &str) -> Option<Hint> {
    let claims: HintClaims =
        visit.ring.verify_own(token, TokenType::IdToken, Expiry::Ignored).ok()?;
    Some(Hint { client_id: claims.aud, sub: claims.sub, sid: claims.sid })
}

fn site(visit: &Visit, hint: Option<&Hint>, params: &Params) -> Option<Arc<ClientEntry>> {
    let hinted = hint.and_then(|hint| hint.client_id.parse().ok());
    visit.sites.client(&hinted.or_else(|| client_id(params))?)
}

fn names(person: &person::LoadedPerson, site: &ClientEntry) -> (String, String) {
    (site.naming.subject(&person.subscriber.id), site.naming.session(&person.session.id))
}
