//! `/api/v1/me`: a person's own account, for a program that speaks for them (scope `hilum.me`).

use actix_web::{HttpRequest, HttpResponse, web};
use idp_core::{
    audit::Actor,
    authentication::{
        assurance::Assurance,
        gate::{Demand, Level},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    error::{ApiError, ProblemBody},
    token,
};
use crate::{
    app::App,
    http::{client_address::ClientAddress, oidc::json::NoStore},
    store::{Cause, Ending, Scope, end_access, session},
};

/// What a token must name to speak for its person here.
pub(super) const SCOPE: &str = "hilum.me";
/// What ending a session takes: a second factor, proved lately. A program may have a token for
/// hours, and a stolen one must not sign its person out everywhere.
const END: Demand = Demand::lately(Level::Rung(Assurance::BrowserSecondFactor));

/// The person. As everywhere, a site learns its own names for them and their session, and never
/// what another site could know them by.
#[derive(Serialize, ToSchema)]
pub(super) struct Me {
    sub: String,
    name: String,
    email: Option<String>,
    email_verified: bool,
    sid: String,
    session_expires_at: i64,
}

/// An open session.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenSession)]
pub(super) struct Session {
    sid: String,
    current: bool,
    started_at: i64,
    expires_at: i64,
    address: String,
    user_agent: String,
}

/// `GET /api/v1/me`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/me", tag = "me", summary = "The person whom the token is about",
    responses((status = 200, body = Me), (status = 401, body = ProblemBody)), security(("oauth" = ["hilum.me"])))]
pub(super) async fn show(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<NoStore<Me>, ApiError> {
    let (loaded, site) =
        token::person(&app.into_inner(), &request, (&[SCOPE], Demand::SIGNED_IN)).await?;
    let (person, naming) = (loaded.subscriber, &site.naming);
    Ok(NoStore(Me {
        sub: naming.subject(&person.id),
        name: person.name(),
        email: person.email.as_ref().map(|address| address.as_str().to_owned()),
        email_verified: person.email_verified,
        sid: naming.session(&loaded.session.id),
        session_expires_at: loaded.session.expires_at.timestamp(),
    }))
}

/// `GET /api/v1/me/sessions`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/me/sessions", tag = "me", summary = "Where the person is signed in",
    responses((status = 200, body = Vec<Session>)), security(("oauth" = ["hilum.me"])))]
pub(super) async fn sessions(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<NoStore<Vec<Session>>, ApiError> {
    let app = app.into_inner();
    let (loaded, site) = token::person(&app, &request, (&[SCOPE], Demand::SIGNED_IN)).await?;
    let (id, now) = (loaded.subscriber.id, app.clock.now());
    let open = app.db.read(move |conn| session::live_of_subscriber(conn, &id, now)).await?;
    let told = open.into_iter().map(|listed| Session {
        current: listed.session.id == loaded.session.id,
        sid: site.naming.session(&listed.session.id),
        started_at: listed.session.started_at.timestamp(),
        expires_at: listed.session.expires_at.timestamp(),
        address: listed.address,
        user_agent: listed.user_agent,
    });
    Ok(NoStore(told.collect()))
}

/// `DELETE /api/v1/me/sessions/{sid}`. A session of somebody else is not there (security 19.4).
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(delete, path = "/api/v1/me/sessions/{id}", tag = "me", summary = "Sign the person out of one session",
    params(("id" = String, Path, description = "The session's `sid`")),
    responses((status = 204), (status = 404, body = ProblemBody)), security(("oauth" = ["hilum.me"])))]
pub(super) async fn end_session(
    app: web::Data<App>,
    request: HttpRequest,
    sid: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let app = app.into_inner();
    let (loaded, site) = token::person(&app, &request, (&[SCOPE], END)).await?;
    let sid = sid.into_inner();
    let (person, now) = (loaded.subscriber.id, app.clock.now());
    let ending = Ending {
        actor: Actor::Subscriber(person.clone()),
        address: Some(ClientAddress::of(&request).0),
        cause: Cause::EndedByPerson,
        now,
    };
    let random = app.random.clone();
    let end = move |conn: &mut _| {
        let own = session::live_of_subscriber(conn, &person, now)?;
        let named = own.iter().find(|listed| site.naming.session(&listed.session.id) == sid);
        let Some(named) = named else { return Ok(false) };
        end_access(conn, &Scope::Session(named.session.id.clone()), &ending, &random)?;
        Ok(true)
    };
    let ended = app.db.write(end).await?;
    app.outbox.wake();
    if ended { Ok(HttpResponse::NoContent().finish()) } else { Err(ApiError::NotFound) }
}
