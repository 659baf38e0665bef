//! `/api/v1/organizations/{organization}/offers`: people who have a User ID, and told it, are asked to
//! act for the organization (R71). Whether there is such a User ID is not told.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path},
};
use chrono::{DateTime, Utc};
use idp_core::{
    community::{affiliation_life, permission::Action, rights::RightsForm},
    ids::AffiliationId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    door::{self, OrganizationDesk},
    error::{ApiError, ProblemBody},
};
use crate::{
    app::App,
    community::{
        Office,
        by_user_id::{self as use_case, Refusal},
        offer,
    },
    http::oidc::json::{self, NoStore},
    store::StoreError,
};

/// An offer that waits for its answer.
#[derive(Serialize, ToSchema)]
#[schema(as = Offer)]
pub(super) struct Listed {
    id: String,
    /// What was typed of the person: a mail address or a User ID.
    typed: String,
    /// Seconds since 1970.
    asked_at: i64,
}

/// Somebody to be asked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOffer {
    user_id: String,
    roles: Vec<String>,
    #[serde(default)]
    role_details: Vec<String>,
    access_level: String,
    /// Identifiers of the organization's Tax IDs; all of them if it is left out.
    tax_ids: Option<Vec<String>>,
    /// Why; needed for a sensitive role.
    #[serde(default)]
    reason: String,
}

/// `GET /api/v1/organizations/{organization}/offers`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/offers", tag = "affiliations",
    summary = "Who was asked and has not answered, the youngest first; at most a hundred",
    params(("organization" = String, Path)),
    responses((status = 200, body = Vec<Listed>), (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    organization: Path<String>,
) -> Result<NoStore<Vec<Listed>>, ApiError> {
    let own = OrganizationDesk::of(app, &request, &organization).await?;
    let of = own.organization().clone();
    let waiting = own.desk.app.db.read(move |conn| offer::waiting(conn, &of)).await?;
    let listed = |(id, typed, at): (AffiliationId, String, DateTime<Utc>)| Listed {
        id: id.to_string(),
        typed,
        asked_at: at.timestamp(),
    };
    Ok(NoStore(waiting.into_iter().map(listed).collect()))
}

/// `POST /api/v1/organizations/{organization}/offers`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/organizations/{organization}/offers", tag = "affiliations",
    summary = "Ask somebody by their User ID to act for the organization",
    params(("organization" = String, Path)), request_body = NewOffer,
    responses((status = 202), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn ask(
    app: web::Data<App>,
    request: HttpRequest,
    organization: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let own = OrganizationDesk::lately(app, &request, &organization).await?;
    let new: NewOffer = door::body(&request, &body)?;
    let ask = move |conn: &mut _, office: &Office| {
        let roles: Vec<&str> = new.roles.iter().map(String::as_str).collect();
        let role_details: Vec<&str> = new.role_details.iter().map(String::as_str).collect();
        let tax_ids: Option<Vec<&str>> =
            new.tax_ids.as_ref().map(|ids| ids.iter().map(String::as_str).collect());
        let rights = RightsForm {
            roles: &roles,
            role_details: &role_details,
            access_level: &new.access_level,
            tax_ids: tax_ids.as_deref(),
            reason: &new.reason,
        };
        use_case::ask(conn, office, &new.user_id, rights)
    };
    match own.desk.write(ask).await {
        Err(ApiError::Store(StoreError::Conflict(_))) => Err(refused(Refusal::AlreadyAsked)),
        asked => {
            asked?.map_err(refused)?;
            Ok(json::private(StatusCode::ACCEPTED).finish())
        }
    }
}

/// `DELETE /api/v1/organizations/{organization}/offers/{affiliation}`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(delete, path = "/api/v1/organizations/{organization}/offers/{affiliation}", tag = "affiliations",
    summary = "Take an offer back",
    params(("organization" = String, Path), ("affiliation" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn take_back(
    app: web::Data<App>,
    request: HttpRequest,
    of: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let own = OrganizationDesk::of(app, &request, &of.0).await?;
    let Ok(id) = of.1.parse::<AffiliationId>() else {
        return Err(own.desk.refuse(Action::EndAffiliation).await?);
    };
    let of = own.organization().clone();
    let take_back = move |conn: &mut _, office: &Office| offer::take_back(conn, office, &of, &id);
    own.desk.write(take_back).await?.map_err(|why| match why {
        affiliation_life::Refusal::Denied(denied) => denied.into(),
        affiliation_life::Refusal::LastAdministrator
        | affiliation_life::Refusal::MailboxDue
        | affiliation_life::Refusal::NpiDue
        | affiliation_life::Refusal::OutOfOrder
        | affiliation_life::Refusal::Unchanged => ApiError::Conflict(why.to_string()),
    })?;
    Ok(json::private(StatusCode::NO_CONTENT).finish())
}

fn refused(why: Refusal) -> ApiError {
    match why {
        Refusal::Denied(denied) => denied.into(),
        Refusal::Objections(objections) => ApiError::Unacceptable(objections),
        Refusal::AlreadyAsked | Refusal::AlreadyHere(_) | Refusal::TooMany(_) => {
            ApiError::Conflict(why.to_string())
        }
    }
}
