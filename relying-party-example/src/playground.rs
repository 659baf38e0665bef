//! A page for developers: a public client that signs in with every scope and lays the tokens on the table.
//!
//! A public client has no secret; PKCE alone ties the code to it. A real site never shows tokens.

use std::sync::Arc;

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::TimeDelta;
use openidconnect::RefreshToken;
use relying_party_example::{
    cookies::CookieKind,
    errors::SignInError,
    jwt,
    oidc::{Callback, Oidc, SignedIn},
    page::{Page as _, now},
    shelf::{Shelf, random},
};
use serde::Deserialize;
use serde_json::Value;

use crate::pages::Playground;
use crate::site::{Site, begin, failed};
use crate::wish::Wish;

/// How long tokens stay on the table.
const VISIT_LASTS: TimeDelta = TimeDelta::hours(1);

/// The public client and what it holds.
pub(crate) struct Table {
    /// The client.
    pub oidc: Oidc<Wish>,
    /// The tokens of each browser.
    pub visits: Shelf<Arc<Visit>>,
}

/// The tokens of one sign-in.
pub(crate) struct Visit {
    /// The ID token's claims.
    pub id_claims: Value,
    /// The access token's claims. Only Hilum may rely on them: to a site, an access token is opaque.
    pub access_claims: Value,
    /// The answer of userinfo.
    pub user_claims: Value,
    /// How often the tokens were refreshed.
    pub refreshes: u32,
    /// Stands in the form of the refresh button.
    pub form_token: String,
    sub: String,
    refresh_token: Option<RefreshToken>,
}

impl Visit {
    fn new(signed_in: SignedIn, refreshes: u32) -> Self {
        Self {
            access_claims: jwt::claims_of(signed_in.access_token.secret()).unwrap_or_default(),
            id_claims: signed_in.id_claims_raw,
            user_claims: signed_in.user_claims_raw,
            refreshes,
            form_token: random(),
            sub: signed_in.id_claims.sub,
            refresh_token: signed_in.refresh_token,
        }
    }

    /// Whether the tokens can be refreshed.
    pub(crate) fn can_refresh(&self) -> bool {
        self.refresh_token.is_some()
    }
}

/// `GET /playground`.
pub(crate) async fn show(
    site: web::Data<Site>,
    table: web::Data<Table>,
    request: HttpRequest,
) -> HttpResponse {
    let cookie = site.cookies.read(&request, CookieKind::Playground).unwrap_or_default();
    let visit = table.visits.find(&cookie, now());
    Playground { look: &site.config.look, visit: visit.as_deref() }.answer()
}

/// `GET /playground/login`.
pub(crate) async fn login(
    site: web::Data<Site>,
    table: web::Data<Table>,
    request: HttpRequest,
) -> HttpResponse {
    begin(&site, &table.oidc, &request, Wish::SignIn).await
}

/// `GET /playground/callback`.
pub(crate) async fn callback(
    site: web::Data<Site>,
    table: web::Data<Table>,
    request: HttpRequest,
    query: web::Query<Callback>,
) -> HttpResponse {
    let browser = site.cookies.read(&request, CookieKind::Browser);
    match table.oidc.finish(query.into_inner(), browser.as_deref(), now()).await {
        Ok((signed_in, _)) => keep(&site, &table, random(), Visit::new(signed_in, 0)),
        Err(error) => failed(&site, &error),
    }
}

/// The form of the refresh button.
#[derive(Deserialize)]
pub(crate) struct RefreshForm {
    form_token: String,
}

/// `POST /playground/refresh`.
pub(crate) async fn refresh(
    site: web::Data<Site>,
    table: web::Data<Table>,
    request: HttpRequest,
    form: web::Form<RefreshForm>,
) -> HttpResponse {
    let key = site.cookies.read(&request, CookieKind::Playground).unwrap_or_default();
    // A refresh token serves once, so whoever takes the visit uses it and nobody else can.
    let visit = table
        .visits
        .find(&key, now())
        .filter(|visit| visit.form_token == form.form_token)
        .and_then(|_| table.visits.take(&key, now()));
    let Some((visit, token)) = visit.as_deref().and_then(|v| Some((v, v.refresh_token.as_ref()?)))
    else {
        return HttpResponse::SeeOther().insert_header((LOCATION, "/playground")).finish();
    };
    match table.oidc.refresh(token).await {
        // The new ID token must be about the same person (OIDC Core §12.2).
        Ok(signed_in) if signed_in.id_claims.sub != visit.sub => {
            failed(&site, &SignInError::IdToken("refreshed for somebody else".to_owned()))
        }
        Ok(signed_in) => keep(&site, &table, key, Visit::new(signed_in, visit.refreshes + 1)),
        Err(error) => failed(&site, &error),
    }
}

fn keep(site: &Site, table: &Table, key: String, visit: Visit) -> HttpResponse {
    let now = now();
    table.visits.put(key.clone(), Arc::new(visit), now + VISIT_LASTS, now);
    HttpResponse::SeeOther()
        .cookie(site.cookies.write(CookieKind::Playground, key))
        .insert_header((LOCATION, "/playground"))
        .finish()
}
