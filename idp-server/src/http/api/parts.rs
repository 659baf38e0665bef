//! `/api/v1/organizations/{organization}/sub-organizations`: facilities that act in their own name, of the
//! organization that they are a part of (domain 3.1, 4.1).

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path},
};
use idp_core::community::organization_life::{PartForm, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    door::{self, OrganizationDesk},
    error::{ApiError, ProblemBody},
};
use crate::{
    app::App,
    community::{Office, parts},
    http::oidc::json::{self, NoStore},
    store::organization as stored,
};

/// A part of the organization.
#[derive(Serialize, ToSchema)]
pub(super) struct Part {
    id: String,
    name: String,
    npi: Option<String>,
}

/// A part to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPart {
    name: String,
    #[serde(default)]
    npi: String,
}

/// What was added.
#[derive(Serialize, ToSchema)]
pub(super) struct Added {
    id: String,
}

/// `GET /api/v1/organizations/{organization}/sub-organizations`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/sub-organizations", tag = "organizations",
    summary = "The parts of the organization, by name; at most a hundred",
    params(("organization" = String, Path)),
    responses((status = 200, body = Vec<Part>), (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    organization: Path<String>,
) -> Result<NoStore<Vec<Part>>, ApiError> {
    let own = OrganizationDesk::of(app, &request, &organization).await?;
    let of = own.organization().clone();
    let parts = own.desk.app.db.read(move |conn| stored::parts_of(conn, &of)).await?;
    let part = |part: idp_core::community::organization::Organization| Part {
        id: part.id.to_string(),
        npi: part.npi.as_ref().map(ToString::to_string),
        name: part.name,
    };
    Ok(NoStore(parts.into_iter().map(part).collect()))
}

/// `POST /api/v1/organizations/{organization}/sub-organizations`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/organizations/{organization}/sub-organizations", tag = "organizations",
    summary = "Add a part; whoever adds it is its first Administrator",
    params(("organization" = String, Path)), request_body = NewPart,
    responses((status = 201, body = Added), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn add(
    app: web::Data<App>,
    request: HttpRequest,
    organization: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let own = OrganizationDesk::of(app, &request, &organization).await?;
    let new: NewPart = door::body(&request, &body)?;
    let form = PartForm { name: &new.name, npi: &new.npi };
    let part = form.read().map_err(ApiError::Unacceptable)?;
    let add = move |conn: &mut _, office: &Office| parts::add(conn, office, part.clone());
    let id = own.desk.write(add).await?.map_err(|why| match why {
        Refusal::Denied(denied) => denied.into(),
        Refusal::NotReady
        | Refusal::NotSwitchable
        | Refusal::OutOfOrder
        | Refusal::PartsLeft
        | Refusal::SamePerson => ApiError::Conflict(why.to_string()),
    })?;
    Ok(json::private(StatusCode::CREATED).json(Added { id: id.to_string() }))
}
