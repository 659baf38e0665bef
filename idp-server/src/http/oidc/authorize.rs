//! `/authorize`: the beginning of every sign-on (OIDC Core §3.1.2).

use actix_web::{HttpResponse, web::Bytes};
use idp_core::oidc::{
    authorize::{self, AuthorizationError, Outcome, Unanswerable, client_id, destination},
    error::ErrorCode,
    jose::TokenType,
    params::Params,
};
use serde::Deserialize;

use super::response;
use crate::{
    http::{
        error::PageError,
        front::SiteRequest,
        sign_on, transaction,
        visit::{Visit, see_other},
    },
    keys::ring::Expiry,
    sites::ClientEntry,
};

/// `GET /authorize`.
pub async fn get(visit: Visit) -> HttpResponse {
    visit.answer(begin(&visit).await)
}

/// `POST /authorize`. The browser sends no cookie with a form from another site (`SameSite=Lax`),
/// so the request is put aside and picked up by a GET.
pub async fn post(visit: Visit, body: Bytes) -> HttpResponse {
    visit.answer(park(&visit, &body).await)
}

async fn park(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let params = Params::parse(body);
    // What we will not answer is said at once, and costs no memory.
    let site = client_id(&params).and_then(|id| visit.sites.client(&id));
    destination(&params, site.as_deref().map(|entry| &entry.site))?;
    let handle = visit.random.secret();
    // The original octets, so that a parameter sent twice is still seen to be sent twice.
    let text = std::str::from_utf8(body).map_err(|_| PageError::NotUnderstood)?;
    transaction::park(visit, handle.expose(), text).await?;
    Ok(see_other(&format!("/authorize?parked={}", handle.expose()), []))
}

async fn begin(visit: &Visit) -> Result<HttpResponse, PageError> {
    let query = Params::parse(visit.request.query_string().as_bytes());
    let params = match query.find("parked") {
        Some(handle) => Params::parse(&transaction::parked(visit, handle).await?),
        None => query,
    };
    let entry = client_id(&params).and_then(|id| visit.sites.client(&id));
    let destination = destination(&params, entry.as_deref().map(|entry| &entry.site))?;
    let entry = entry.ok_or(Unanswerable::Site)?;
    let (hint, now) = (hinted_subject(visit, &params, &entry), visit.clock.now());
    let judged =
        authorize::judge(&params, &entry.site, &entry.client, destination.clone(), hint, now);
    let request = match judged {
        Ok(request) => request,
        Err(error) => return Ok(refuse(visit, &entry, &destination, error)),
    };
    match sign_on::begin(visit, SiteRequest::Oidc(request)).await {
        Err(PageError::Unavailable(why)) => {
            tracing::error!(why, "a sign-on could not begin");
            Ok(refuse(visit, &entry, &destination, unavailable()))
        }
        other => other,
    }
}

/// RFC 6749 §4.1.2.1: where redirecting is safe, the site is told that it is our fault.
const fn unavailable() -> AuthorizationError {
    AuthorizationError {
        code: ErrorCode::TemporarilyUnavailable,
        description: "please try again in a moment",
    }
}

fn refuse(
    visit: &Visit,
    entry: &ClientEntry,
    to: &authorize::Destination,
    error: AuthorizationError,
) -> HttpResponse {
    tracing::info!(site = %entry.site.id, error = error.code.as_str(), why = error.description, "request refused");
    response::send(visit, to, &Outcome::Error(error), Vec::new())
}

#[derive(Deserialize)]
struct HintClaims {
    sub: String,
    aud: String,
}

/// The `sub` of an `id_token_hint`: one of ours, for this site. It may have expired (OIDC Core
/// §3.1.2.1).
fn hinted_subject(
    visit: &Visit,
    params: &Params,
    entry: &ClientEntry,
) -> Result<Option<String>, AuthorizationError> {
    let Some(hint) = params.find("id_token_hint") else { return Ok(None) };
    match visit.ring.verify_own::<HintClaims>(hint, TokenType::IdToken, Expiry::Ignored) {
        Ok(claims) if claims.aud == entry.site.id.as_str() => Ok(Some(claims.sub)),
        Ok(_) | Err(_) => Err(AuthorizationError {
            code: ErrorCode::InvalidRequest,
            description: "id_token_hint is not an ID token of ours for this site",
        }),
    }
}
