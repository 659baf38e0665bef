//! The authorization response: made, and sent to the site by the way that it registered.

use actix_web::{HttpResponse, cookie::Cookie, http::StatusCode};
use idp_core::{
    community::site::ResponseMode,
    oidc::{
        authorize::{self, AuthorizationError, AuthorizationRequest, Destination, Outcome},
        code::{CODE_LIFE, CodeRecord},
        error::ErrorCode,
    },
    sign_on::Released,
};
use url::Url;

use crate::{
    app::App,
    ephemeral::Key,
    http::{
        error::PageError,
        front,
        headers::ContentPolicy,
        visit::{Visit, page_for, see_other, set},
    },
    pages::FormPostPage,
};

/// Tells the site how the sign-on ended.
///
/// # Errors
/// [`PageError`] if the code cannot be kept.
pub async fn answer(
    visit: &Visit,
    request: &AuthorizationRequest,
    outcome: front::Outcome<'_>,
    cookies: Vec<Cookie<'static>>,
) -> Result<HttpResponse, PageError> {
    let outcome = match outcome {
        front::Outcome::Cancelled => Outcome::Error(CANCELLED),
        front::Outcome::Complete(complete) => {
            Outcome::Code(issue_code(visit, request, complete).await?)
        }
        front::Outcome::Declined => Outcome::Error(DECLINED),
        front::Outcome::Refused(refusal) => Outcome::Error(refusal.into()),
    };
    Ok(send(visit, &request.destination, &outcome, cookies))
}

/// What a site is told when the person turns back.
const CANCELLED: AuthorizationError =
    AuthorizationError { code: ErrorCode::AccessDenied, description: "cancelled" };

/// What a site is told when the person did not accept an agreement (domain 3.3).
const DECLINED: AuthorizationError =
    AuthorizationError { code: ErrorCode::AccessDenied, description: "agreement_required" };

/// Keeps a code for a finished sign-on.
async fn issue_code(
    app: &App,
    request: &AuthorizationRequest,
    complete: front::Complete<'_>,
) -> Result<String, PageError> {
    let (code, sign_on) = (app.random.secret(), complete.sign_on);
    let record = CodeRecord {
        site: request.site.clone(),
        redirect_uri: request.destination.redirect_uri.as_str().to_owned(),
        challenge: request.challenge.clone(),
        session: sign_on.session.id.clone(),
        affiliation: match &sign_on.affiliations {
            Released::One(affiliation) => Some(affiliation.id.clone()),
            Released::All(_) | Released::None => None,
        },
        scopes: request.scopes.clone(),
        claims: request.claims.clone(),
        nonce: request.nonce.clone(),
        acr: sign_on.acr.clone(),
        first_visit: complete.first_visit,
        issued_at: app.clock.now(),
    };
    let bytes = serde_json::to_vec(&record).map_err(|error| PageError::unexpected(&error))?;
    // A little longer than the code lives, so that the record's own date decides.
    let ttl = CODE_LIFE.to_std().unwrap_or_default() * 2;
    app.ephemeral.put(&Key::code(&code.digest()), &bytes, ttl).await?;
    app.metrics.sign_in("completed");
    Ok(code.expose().to_owned())
}

/// Sends `outcome` to where the site's own record says.
pub fn send(
    visit: &Visit,
    destination: &Destination,
    outcome: &Outcome,
    cookies: Vec<Cookie<'static>>,
) -> HttpResponse {
    let fields = authorize::answer(destination, &visit.issuer, outcome);
    let to = &destination.redirect_uri;
    match destination.mode {
        ResponseMode::Query => see_other(&to.with_query(&fields), cookies),
        ResponseMode::FormPost => {
            let target = Url::parse(to.as_str()).ok();
            let policy = target.iter().fold(ContentPolicy::new(), ContentPolicy::form_to);
            let site = target.as_ref().and_then(Url::host_str).unwrap_or_default();
            let content = FormPostPage { frame: visit.frame(), action: to.as_str(), site, fields };
            let mut answer = page_for(StatusCode::OK, &content, &policy);
            set(&mut answer, cookies);
            answer
        }
    }
}

/// The policy of a page of ours from whose form the browser may go on to `address`.
pub fn form_policy(address: &str) -> ContentPolicy {
    match Url::parse(address) {
        Ok(target) => ContentPolicy::new().form_leads_to(&target),
        Err(_) => ContentPolicy::new(),
    }
}
