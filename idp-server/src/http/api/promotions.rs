//! `/api/v1/organizations/{organization}/people/{person}/promotion`: a colleague is to become an
//! Administrator (R12; domain 4.8). The other steps are the candidate's own, in a browser.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Path},
};
use idp_core::{
    community::{
        permission::Action,
        promotion::{LASTS, Refusal},
    },
    ids::SubscriberId,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    door::OrganizationDesk,
    error::{ApiError, ProblemBody},
};
use crate::{
    app::App,
    community::{Office, promotion as use_case},
    http::oidc::json,
};

/// A promotion that goes on: the person is asked to prove who they are.
#[derive(Serialize, ToSchema)]
#[schema(as = Promotion)]
pub(super) struct Running {
    /// Until when it waits for them, in seconds since 1970.
    until: i64,
}

/// `POST /api/v1/organizations/{organization}/people/{person}/promotion`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/organizations/{organization}/people/{person}/promotion", tag = "administrators",
    summary = "Propose somebody as an Administrator",
    params(("organization" = String, Path), ("person" = String, Path)),
    responses((status = 201, body = Running), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn propose(
    app: web::Data<App>,
    request: HttpRequest,
    of: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (own, who) = enter(app, &request, &of).await?;
    let propose = move |conn: &mut _, office: &Office| use_case::propose(conn, office, &who);
    let begun = own.desk.write(propose).await?.map_err(refused)?;
    let running = Running { until: (begun.moved_at + LASTS).timestamp() };
    Ok(json::private(StatusCode::CREATED).json(running))
}

/// `DELETE /api/v1/organizations/{organization}/people/{person}/promotion`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(delete, path = "/api/v1/organizations/{organization}/people/{person}/promotion", tag = "administrators",
    summary = "Take the proposal back",
    params(("organization" = String, Path), ("person" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn withdraw(
    app: web::Data<App>,
    request: HttpRequest,
    of: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (own, who) = enter(app, &request, &of).await?;
    let withdraw = move |conn: &mut _, office: &Office| use_case::withdraw(conn, office, &who);
    own.desk.write(withdraw).await?.map_err(refused)?;
    Ok(json::private(StatusCode::NO_CONTENT).finish())
}

async fn enter(
    app: web::Data<App>,
    request: &HttpRequest,
    (organization, person): &(String, String),
) -> Result<(OrganizationDesk, SubscriberId), ApiError> {
    let own = OrganizationDesk::of(app, request, organization).await?;
    match person.parse() {
        Ok(who) => Ok((own, who)),
        Err(_) => Err(own.desk.refuse(Action::ReadPerson).await?),
    }
}

fn refused(why: Refusal) -> ApiError {
    match why {
        Refusal::Denied(denied) => denied.into(),
        Refusal::AlreadyAdministrator
        | Refusal::NotActive
        | Refusal::OutOfOrder
        | Refusal::Proof(_)
        | Refusal::SamePerson
        | Refusal::SecondFactorDue => ApiError::Conflict(why.to_string()),
    }
}
