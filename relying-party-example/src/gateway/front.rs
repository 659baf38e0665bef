//! A small web page over the API: it signs a person on, calls the API with their token, and does what the API
//! asks for. It believes nothing by itself; whether the report is shown, the API decides.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{LOCATION, WWW_AUTHENTICATE},
    },
    web,
};
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::{AccessToken, LogoutRequest, PostLogoutRedirectUrl};
use relying_party_example::{
    cookies::{CookieJar, CookieKind},
    errors::SignInError,
    oidc::{Asked, Callback, Oidc},
    page::{Page as _, now},
    shelf::{Shelf, random},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    config::Config,
    pages::{HomePage, Notice, ReportPage},
    standing::Standing,
};

/// No session outlives this, whatever else is said: Hilum's end after four hours (R30 of its rules).
const LONGEST_SESSION: TimeDelta = TimeDelta::hours(4);
/// The longest `max_age` that a challenge may name.
const LONGEST_AGE: u64 = 24 * 3600;

/// Everything that the handlers share.
pub(crate) struct Gateway {
    /// How it was set up.
    pub config: Config,
    /// Its client at Hilum.
    pub oidc: Oidc<()>,
    /// Asks Hilum about tokens.
    pub standing: Standing,
    cookies: CookieJar,
    sessions: Shelf<Arc<Session>>,
    signed_out_uri: PostLogoutRedirectUrl,
}

/// Why a gateway cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    /// No HTTP client.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    /// The origin makes no address.
    #[error(transparent)]
    Origin(#[from] url::ParseError),
}

/// Somebody who is signed in in one browser.
struct Session {
    name: Option<String>,
    access_token: AccessToken,
    id_token: openidconnect::core::CoreIdToken,
    form_token: String,
}

impl Gateway {
    /// A gateway with this configuration and nobody signed in.
    ///
    /// # Errors
    /// [`SetupError`].
    pub(crate) fn new(config: Config) -> Result<Self, SetupError> {
        let registration = config.registration.clone();
        Ok(Self {
            cookies: CookieJar::new(registration.client_id.as_str(), &config.origin),
            oidc: Oidc::new(registration.clone())?,
            standing: Standing::new(registration, config.remember),
            sessions: Shelf::new(100_000),
            signed_out_uri: PostLogoutRedirectUrl::new(format!("{}/signed-out", config.origin))?,
            config,
        })
    }

    fn session(&self, request: &HttpRequest) -> Option<Arc<Session>> {
        self.sessions.find(&self.cookies.read(request, CookieKind::Session)?, now())
    }
}

/// `GET /`.
pub(crate) async fn home(gateway: web::Data<Gateway>, request: HttpRequest) -> HttpResponse {
    let session = gateway.session(&request);
    let name = session.as_ref().map(|session| session.name.as_deref().unwrap_or("you"));
    HomePage { look: &gateway.config.look, name }.answer()
}

/// `GET /login`: sends the browser to Hilum.
pub(crate) async fn login(gateway: web::Data<Gateway>, request: HttpRequest) -> HttpResponse {
    begin(&gateway, &request, Asked::default()).await
}

async fn begin(gateway: &Gateway, request: &HttpRequest, asked: Asked) -> HttpResponse {
    let browser = gateway.cookies.read(request, CookieKind::Browser).unwrap_or_else(random);
    match gateway.oidc.begin(browser.clone(), asked, (), now()).await {
        Ok(url) => HttpResponse::SeeOther()
            .cookie(gateway.cookies.write(CookieKind::Browser, browser))
            .insert_header((LOCATION, url.as_str()))
            .finish(),
        Err(error) => failed(gateway, &error),
    }
}

/// `GET /callback`: the browser comes back from Hilum.
pub(crate) async fn callback(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: web::Query<Callback>,
) -> HttpResponse {
    let (browser, now) = (gateway.cookies.read(&request, CookieKind::Browser), now());
    let finished = gateway.oidc.finish(query.into_inner(), browser.as_deref(), now).await;
    let signed_in = match finished {
        Ok((signed_in, ())) => signed_in,
        Err(error) => return failed(&gateway, &error),
    };
    // A new value at every sign-in: one that somebody planted or saw before is worth nothing.
    if let Some(old) = gateway.cookies.read(&request, CookieKind::Session) {
        gateway.sessions.take(&old, now);
    }
    let latest: DateTime<Utc> = now + LONGEST_SESSION;
    let ends_at = signed_in.id_claims.session_expires_at.map_or(latest, |at| at.min(latest));
    let session = Session {
        name: signed_in.user_claims.name,
        access_token: signed_in.access_token,
        id_token: signed_in.id_token,
        form_token: random(),
    };
    let key = random();
    gateway.sessions.put(key.clone(), Arc::new(session), ends_at, now);
    HttpResponse::SeeOther()
        .cookie(gateway.cookies.write(CookieKind::Session, key))
        .insert_header((LOCATION, "/report"))
        .finish()
}

/// What the API said to the front.
enum Said {
    /// Here it is.
    Report(Value),
    /// A stronger or more recent sign-in would help.
    StepUp(Asked),
    /// The token is no good any more.
    Over,
    /// Something else.
    Failed(StatusCode),
}

/// Calls the API for the person of this session, as any other program would.
async fn call(gateway: &Gateway, session: &Session) -> Result<Said, reqwest::Error> {
    let address = format!("{}/pmp/report", gateway.config.origin);
    let token = session.access_token.secret();
    let answer = gateway.oidc.http().get(address).bearer_auth(token).send().await?;
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap_or_default();
    if status.is_success() {
        return Ok(Said::Report(answer.json().await?));
    }
    let challenge = answer.headers().get(WWW_AUTHENTICATE.as_str());
    let challenge = challenge.and_then(|text| text.to_str().ok()).unwrap_or_default();
    Ok(match (status, parameter(challenge, "error")) {
        (StatusCode::UNAUTHORIZED, Some("insufficient_user_authentication")) => {
            Said::StepUp(asked_for(challenge))
        }
        (StatusCode::UNAUTHORIZED, _) => Said::Over,
        (status, _) => Said::Failed(status),
    })
}

/// `GET /report`: the report, or the way to it.
pub(crate) async fn report(gateway: web::Data<Gateway>, request: HttpRequest) -> HttpResponse {
    let Some(session) = gateway.session(&request) else {
        return HttpResponse::SeeOther().insert_header((LOCATION, "/login")).finish();
    };
    let (look, form_token) = (&gateway.config.look, session.form_token.as_str());
    match call(&gateway, &session).await {
        Ok(Said::Report(report)) => {
            ReportPage::new(look, session.name.as_deref(), &report, form_token).answer()
        }
        Ok(Said::StepUp(_)) => Notice::step_up(look, form_token).answer(),
        Ok(Said::Over) => Notice::over(look).answer(),
        Ok(Said::Failed(status)) => {
            tracing::warn!(%status, "the API refused our own call");
            Notice::unavailable(look).answer()
        }
        Err(error) => {
            tracing::warn!(%error, "our own API cannot be reached");
            Notice::unavailable(look).answer()
        }
    }
}

/// `GET /step-up`: sends the browser to Hilum with what the API's challenge asks for (RFC 9470 §4).
pub(crate) async fn step_up(gateway: web::Data<Gateway>, request: HttpRequest) -> HttpResponse {
    let Some(session) = gateway.session(&request) else {
        return HttpResponse::SeeOther().insert_header((LOCATION, "/login")).finish();
    };
    match call(&gateway, &session).await {
        Ok(Said::StepUp(asked)) => begin(&gateway, &request, asked).await,
        Ok(Said::Report(_) | Said::Over | Said::Failed(_)) | Err(_) => {
            HttpResponse::SeeOther().insert_header((LOCATION, "/report")).finish()
        }
    }
}

/// What a challenge asks of a sign-in (RFC 9470 §3).
fn asked_for(challenge: &str) -> Asked {
    let age = parameter(challenge, "max_age").and_then(|text| text.parse::<u64>().ok());
    Asked {
        acr: parameter(challenge, "acr_values").map(str::to_owned),
        max_age: age.map(|age| Duration::from_secs(age.min(LONGEST_AGE))),
        ..Asked::default()
    }
}

/// A quoted parameter of a challenge (RFC 9110 §11.6.1). Those that we read hold no quotation marks.
fn parameter<'c>(challenge: &'c str, name: &str) -> Option<&'c str> {
    let parameters = challenge.strip_prefix("Bearer ")?.split(", ");
    parameters
        .filter_map(|one| one.split_once('='))
        .find_map(|(own, value)| (own.trim() == name).then(|| value.trim_matches('"')))
}

/// The form of the sign-out button.
#[derive(Deserialize)]
pub(crate) struct SignOutForm {
    form_token: String,
}

/// `POST /sign-out`: ends the session here, then at Hilum (RP-Initiated Logout §2).
pub(crate) async fn sign_out(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    form: web::Form<SignOutForm>,
) -> HttpResponse {
    let cookie = gateway.cookies.read(&request, CookieKind::Session).unwrap_or_default();
    let found = gateway.sessions.find(&cookie, now());
    let Some(session) = found.filter(|session| session.form_token == form.form_token) else {
        return HttpResponse::SeeOther().insert_header((LOCATION, "/")).finish();
    };
    gateway.sessions.take(&cookie, now());
    let endpoint = gateway.oidc.end_session_endpoint().await.ok().flatten();
    let to = endpoint.map_or_else(
        || "/signed-out".to_owned(),
        |endpoint| {
            LogoutRequest::from(endpoint)
                .set_id_token_hint(&session.id_token)
                .set_client_id(gateway.config.registration.client_id.clone())
                .set_post_logout_redirect_uri(gateway.signed_out_uri.clone())
                .http_get_url()
                .into()
        },
    );
    HttpResponse::SeeOther()
        .cookie(gateway.cookies.clear(CookieKind::Session))
        .insert_header((LOCATION, to))
        .finish()
}

/// `GET /signed-out`.
pub(crate) async fn signed_out(gateway: web::Data<Gateway>) -> HttpResponse {
    Notice::signed_out(&gateway.config.look).answer()
}

/// Any other address.
pub(crate) async fn not_found(gateway: web::Data<Gateway>) -> HttpResponse {
    Notice::not_found(&gateway.config.look).answer()
}

fn failed(gateway: &Gateway, error: &SignInError) -> HttpResponse {
    tracing::warn!(%error, "nobody signed in");
    Notice::sign_in_failed(&gateway.config.look, error).answer()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_becomes_a_request() {
        let asked = asked_for(
            "Bearer realm=\"hie\", error=\"insufficient_user_authentication\", \
             acr_values=\"urn:hilum:acr:browser-second-factor\", max_age=\"900\"",
        );
        assert_eq!(asked.acr.as_deref(), Some("urn:hilum:acr:browser-second-factor"));
        assert_eq!(asked.max_age, Some(Duration::from_secs(900)));
        for (challenge, expected) in [
            ("Bearer max_age=\"x\"", None),
            ("Bearer max_age=\"-1\"", None),
            ("Basic max_age=\"900\"", None),
            ("Bearer max_age=\"99999999\"", Some(Duration::from_secs(LONGEST_AGE))),
            ("", None),
        ] {
            assert_eq!(asked_for(challenge).max_age, expected, "{challenge}");
        }
    }
}
