//! The site itself: its state and its pages.

use std::sync::Arc;

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use openidconnect::PostLogoutRedirectUrl;
use relying_party_example::{
    cookies::{CookieJar, CookieKind},
    errors::SignInError,
    oidc::{Callback, Oidc},
    page::{Page as _, now},
    shelf::{Shelf, random},
};

use crate::attest;
use crate::config::{AffiliationMode, Config};
use crate::pages::{Home, Me, Notice};
use crate::session::{Session, Sessions};
use crate::wish::Wish;

/// Everything that the handlers share.
pub(crate) struct Site {
    /// How the site was set up.
    pub config: Config,
    /// The names and flags of its cookies.
    pub cookies: CookieJar,
    /// The site's client at Hilum.
    pub oidc: Oidc<Wish>,
    /// Who is signed in.
    pub sessions: Sessions,
    /// Sign-outs that are on their way, by their `state`.
    pub sign_outs: Shelf<()>,
    /// The address that Hilum sends a browser to after a sign-out.
    pub signed_out_uri: PostLogoutRedirectUrl,
    /// Logout tokens that have been obeyed, by their `jti`.
    pub logout_tokens: Shelf<()>,
}

/// Why a site cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    /// No HTTP client.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    /// The origin makes no address.
    #[error(transparent)]
    Origin(#[from] url::ParseError),
}

impl Site {
    /// A site with this configuration and nobody signed in.
    ///
    /// # Errors
    /// [`SetupError`].
    pub(crate) fn new(config: Config) -> Result<Self, SetupError> {
        Ok(Self {
            cookies: CookieJar::new(config.registration.client_id.as_str(), &config.origin),
            oidc: Oidc::new(config.registration.clone())?,
            sessions: Shelf::new(100_000),
            sign_outs: Shelf::new(10_000),
            signed_out_uri: PostLogoutRedirectUrl::new(format!("{}/signed-out", config.origin))?,
            logout_tokens: Shelf::new(100_000),
            config,
        })
    }

    /// Who is signed in in the browser that sent this request.
    pub(crate) fn session(&self, request: &HttpRequest) -> Option<Arc<Session>> {
        self.sessions.find(&self.cookies.read(request, CookieKind::Session)?, now())
    }
}

/// `GET /`.
pub(crate) async fn home(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let session = site.session(&request);
    let Config { look, required_roles, playground, .. } = &site.config;
    let has_playground = playground.is_some();
    Home { look, session: session.as_deref(), required_roles, has_playground }.answer()
}

/// `GET /login`: sends the browser to Hilum.
pub(crate) async fn login(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    begin(&site, &site.oidc, &request, Wish::SignIn).await
}

/// `GET /switch-affiliation`: the same, but Hilum asks for whom the person wants to act.
pub(crate) async fn switch_affiliation(
    site: web::Data<Site>,
    request: HttpRequest,
) -> HttpResponse {
    begin(&site, &site.oidc, &request, Wish::SwitchAffiliation).await
}

/// Begins a sign-in of one of this program's clients.
pub(crate) async fn begin(
    site: &Site,
    oidc: &Oidc<Wish>,
    request: &HttpRequest,
    wish: Wish,
) -> HttpResponse {
    // One value for all tabs of a browser, so that two sign-ins at once do not disturb each other.
    let browser = site.cookies.read(request, CookieKind::Browser).unwrap_or_else(random);
    match oidc.begin(browser.clone(), wish.asked(), wish, now()).await {
        Ok(url) => HttpResponse::SeeOther()
            .cookie(site.cookies.write(CookieKind::Browser, browser))
            .insert_header((LOCATION, url.as_str()))
            .finish(),
        Err(error) => failed(site, &error),
    }
}

/// `GET /callback`: the browser comes back from Hilum.
pub(crate) async fn callback(
    site: web::Data<Site>,
    request: HttpRequest,
    query: web::Query<Callback>,
) -> HttpResponse {
    let browser = site.cookies.read(&request, CookieKind::Browser);
    let now = now();
    let finished = site.oidc.finish(query.into_inner(), browser.as_deref(), now).await;
    let (signed_in, wish) = match finished {
        Ok(finished) => finished,
        Err(error) => return failed(&site, &error),
    };
    // A new value at every sign-in: one that somebody planted or saw before is worth nothing.
    if let Some(old) = site.cookies.read(&request, CookieKind::Session) {
        site.sessions.take(&old, now);
    }
    let mut session = Session::new(signed_in, site.config.affiliations, now);
    let outcome = match &wish {
        Wish::SignIn | Wish::SwitchAffiliation => Ok(None),
        // Another affiliation may have been chosen on the way.
        Wish::Attest { .. } if !attest::may_attest(&site, &session) => Err(None),
        Wish::Attest { subject, asked_at } => {
            attest::receipt(&session.id_claims, subject, *asked_at, now).map(Some).map_err(Some)
        }
    };
    let to = if matches!(outcome, Ok(Some(_))) { "/receipt" } else { "/me" };
    let mut answer = match outcome {
        Ok(receipt) => {
            session.receipt = receipt;
            HttpResponse::SeeOther().insert_header((LOCATION, to)).finish()
        }
        Err(Some(why)) => Notice::not_attested(&site.config, why).answer(),
        Err(None) => Notice::may_not_attest(&site.config).answer(),
    };
    let key = random();
    let ends_at = session.ends_at;
    site.sessions.put(key.clone(), Arc::new(session), ends_at, now);
    if let Err(error) = answer.add_cookie(&site.cookies.write(CookieKind::Session, key)) {
        tracing::warn!(%error, "cookie");
    }
    answer
}

/// `GET /me`: the page that needs a sign-in and a role.
pub(crate) async fn me(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let Some(session) = site.session(&request) else {
        return HttpResponse::SeeOther().insert_header((LOCATION, "/login")).finish();
    };
    if !session.may_enter(&site.config.required_roles) {
        return Notice::role_missing(&site.config, &session).answer();
    }
    let can_switch = site.config.affiliations == AffiliationMode::One;
    let can_attest = attest::may_attest(&site, &session);
    Me { look: &site.config.look, session: &session, can_switch, can_attest }.answer()
}

/// Tells the log why, and the person what to do.
pub(crate) fn failed(site: &Site, error: &SignInError) -> HttpResponse {
    tracing::warn!(%error, "nobody signed in");
    Notice::sign_in_failed(&site.config, error).answer()
}

/// Any other address.
pub(crate) async fn not_found(site: web::Data<Site>) -> HttpResponse {
    Notice::not_found(&site.config).answer()
}
