//! One visit of a browser to one of our pages: what every page handler is given.

use std::{
    cell::OnceCell,
    future::{Ready, ready},
    ops::Deref,
    sync::Arc,
};

use actix_web::{
    Error, FromRequest, HttpRequest, HttpResponse,
    cookie::Cookie,
    dev::Payload,
    error::ErrorInternalServerError,
    http::{StatusCode, header},
    web::{Bytes, Data},
};
use askama::Template;
use idp_core::{
    community::site::Site,
    oidc::params::Params,
    secret::{Secret, SecretDigest},
};

use super::{
    browser,
    error::{PageError, protocol_error},
    headers::ContentPolicy,
};
use crate::{
    app::App,
    pages::{ErrorPage, Frame, Messages, NotFoundPage, Problem, SiteView, Support},
};

/// A browser's request for a page.
pub struct Visit {
    app: Data<App>,
    /// A name that this visit gives the browser, for [`Self::known_browser`].
    newly_known: OnceCell<Secret>,
    /// The request.
    pub request: HttpRequest,
}

impl Deref for Visit {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

impl FromRequest for Visit {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = request.app_data::<Data<App>>().cloned();
        let visit =
            app.map(|app| Self { app, newly_known: OnceCell::new(), request: request.clone() });
        ready(visit.ok_or_else(|| ErrorInternalServerError("the application state is missing")))
    }
}

impl Visit {
    /// The shared parts, for a task that outlives the visit.
    pub fn shared(&self) -> Arc<App> {
        self.app.clone().into_inner()
    }

    /// The parts that every page has, in the person's language.
    pub fn frame(&self) -> Frame<'_> {
        self.frame_for(None)
    }

    /// The same, with the languages that a site asked for going first.
    pub fn frame_for(&self, ui_locales: Option<&str>) -> Frame<'_> {
        let accepted = self.request.headers().get(header::ACCEPT_LANGUAGE);
        let text = Messages::negotiate(ui_locales, accepted.and_then(|value| value.to_str().ok()));
        let email = Some(self.support.email.as_str()).filter(|email| !email.is_empty());
        Frame::new(
            text,
            Support { phone: &self.support.phone, email, address: &self.support.address },
        )
    }

    /// The digest of the session cookie.
    pub fn session(&self) -> Option<SecretDigest> {
        browser::session_digest(&self.request)
    }

    /// The browser's name, and the cookie to set if it has just been given one.
    pub fn browser(&self) -> (Secret, Option<Cookie<'static>>) {
        match browser::browser_secret(&self.request) {
            Some(secret) => (secret, None),
            None => {
                let secret = self.random.secret();
                let cookie = browser::browser_cookie(&secret);
                (secret, Some(cookie))
            }
        }
    }

    /// What people know the browser by: it outlives the browser's closing, proves nothing, and is
    /// set with the answer of a visit that asked for it.
    pub fn known_browser(&self) -> SecretDigest {
        match browser::known_secret(&self.request) {
            Some(secret) => secret.digest(),
            None => self.newly_known.get_or_init(|| self.random.secret()).digest(),
        }
    }

    /// The token for a form of ours.
    pub fn form_token(&self, browser: &Secret, purpose: &str) -> String {
        browser::form_token(&self.sub_keys.form_token, browser, purpose)
    }

    /// The form that was posted for `purpose`; `None` if it is not from our page in this browser.
    pub fn own_form(&self, body: &Bytes, purpose: &str) -> Option<Params> {
        let form = Params::parse(body);
        let ours = browser::form_is_ours(self, &self.request, form.find("form_token"), purpose);
        (ours && form.well_formed().is_ok()).then_some(form)
    }

    /// What the browser calls itself.
    pub fn user_agent(&self) -> String {
        let value =
            self.request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect()
    }

    /// The page, or the error in its place.
    pub fn answer(&self, outcome: Result<HttpResponse, PageError>) -> HttpResponse {
        let mut answer = outcome.unwrap_or_else(|error| self.error(&error));
        set(&mut answer, self.newly_known.get().map(browser::known_cookie));
        answer
    }

    fn error(&self, error: &PageError) -> HttpResponse {
        let status =
            StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let reference = self.random.reference();
        let problem = match error {
            PageError::Forbidden => Problem::NotAllowed,
            PageError::Interrupted => Problem::Interrupted,
            PageError::NotFound => return page(status, &NotFoundPage { frame: self.frame() }),
            PageError::NotUnderstood | PageError::TooLarge => Problem::NotUnderstood,
            PageError::SamlRequest(refusal) => Problem::SiteRequest(refusal.shown()),
            PageError::SiteRequest(why) => Problem::SiteRequest(protocol_error(*why)),
            PageError::Unavailable(_) => Problem::Unavailable,
            PageError::Unexpected(_) => Problem::Unexpected,
        };
        if status.is_server_error() {
            tracing::error!(reference, %error, "a page could not be shown");
        } else {
            tracing::info!(reference, %error, "a page was refused");
        }
        let mut answer = page(
            status,
            &ErrorPage {
                frame: self.frame(),
                status: status.as_u16(),
                reference: &reference,
                problem,
            },
        );
        if status == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
        }
        answer
    }
}

/// Sends a page.
pub fn page(status: StatusCode, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(html) => HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html),
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// Sends a page whose form may end at `site`, and which may show the site's logo.
pub fn page_for(
    status: StatusCode,
    content: &impl Template,
    policy: &ContentPolicy,
) -> HttpResponse {
    let mut answer = page(status, content);
    let (name, value) = policy.header();
    answer.headers_mut().insert(name, value);
    answer
}

/// Sets cookies with an answer that is there already.
pub fn set(answer: &mut HttpResponse, cookies: impl IntoIterator<Item = Cookie<'static>>) {
    for cookie in cookies {
        // Only a cookie that cannot be written as a header fails, and ours can.
        if let Err(error) = answer.add_cookie(&cookie) {
            tracing::error!(%error, "a cookie could not be set");
        }
    }
}

/// Sends the browser elsewhere with a GET, whatever it came with (RFC 9700 §4.12).
pub fn see_other(
    location: &str,
    cookies: impl IntoIterator<Item = Cookie<'static>>,
) -> HttpResponse {
    let mut answer = HttpResponse::SeeOther();
    for cookie in cookies {
        answer.cookie(cookie);
    }
    answer.insert_header((header::LOCATION, location)).finish()
}

/// A site as pages name it.
pub fn site_view(site: &Site) -> SiteView<'_> {
    SiteView {
        name: &site.name,
        logo_uri: site.links.logo_uri.as_ref().map(url::Url::as_str),
        policy_uri: site.links.policy_uri.as_ref().map(url::Url::as_str),
        tos_uri: site.links.tos_uri.as_ref().map(url::Url::as_str),
    }
}
