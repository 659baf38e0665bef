//! `/api/v1/organizations/{organization}/access-requests`: people who ask to act for the organization
//! (R18, R88). One is answered by a nomination that names it, or declined.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Path},
};
use idp_core::{
    community::{
        access_request::{AccessRequest, Refusal, State},
        permission::Action,
    },
    ids::AccessRequestId,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    door::OrganizationDesk,
    error::{ApiError, ProblemBody},
};
use crate::{
    app::App,
    community::{Office, access},
    http::oidc::json::{self, NoStore},
    store::access_request,
};

/// Somebody who asks.
#[derive(Serialize, ToSchema)]
pub(super) struct Asking {
    /// For `answers` in the nomination of whoever asks.
    id: String,
    given_name: String,
    family_name: String,
    email: String,
    phone: String,
    address: String,
    /// The User ID that they would like.
    user_id: Option<String>,
    access_level: &'static str,
    /// Seconds since 1970.
    asked_at: i64,
}

/// `GET /api/v1/organizations/{organization}/access-requests`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/access-requests", tag = "access-requests",
    summary = "The requests that wait, the youngest first; at most a hundred",
    params(("organization" = String, Path)),
    responses((status = 200, body = Vec<Asking>), (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    organization: Path<String>,
) -> Result<NoStore<Vec<Asking>>, ApiError> {
    let own = OrganizationDesk::of(app, &request, &organization).await?;
    let (of, now) = (own.organization().clone(), own.desk.office.now);
    let read = move |conn: &mut _| access_request::waiting(conn, &of, now);
    let waiting = own.desk.app.db.read(read).await?;
    Ok(NoStore(waiting.into_iter().filter_map(asking).collect()))
}

fn asking(request: AccessRequest) -> Option<Asking> {
    let State::Waiting(wish) = request.state else { return None };
    Some(Asking {
        id: request.id.to_string(),
        given_name: wish.given_name,
        family_name: wish.family_name,
        email: wish.email.as_str().to_owned(),
        phone: wish.phone,
        address: wish.address,
        user_id: wish.user_id.map(|wanted| wanted.to_string()),
        access_level: wish.access_level.code(),
        asked_at: request.asked_at.timestamp(),
    })
}

/// `DELETE /api/v1/organizations/{organization}/access-requests/{request}`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(delete, path = "/api/v1/organizations/{organization}/access-requests/{request}", tag = "access-requests",
    summary = "Decline a request",
    params(("organization" = String, Path), ("request" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn decline(
    app: web::Data<App>,
    request: HttpRequest,
    of: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let own = OrganizationDesk::of(app, &request, &of.0).await?;
    let Ok(id) = of.1.parse::<AccessRequestId>() else {
        return Err(own.desk.refuse(Action::Nominate).await?);
    };
    let decline = move |conn: &mut _, office: &Office| access::decline(conn, office, &id);
    own.desk.write(decline).await?.map_err(|why| match why {
        Refusal::Denied(denied) => denied.into(),
        Refusal::OutOfOrder => ApiError::Conflict(why.to_string()),
    })?;
    Ok(json::private(StatusCode::NO_CONTENT).finish())
}
