//! `/api/v1/organizations`: the organizations of which the token's person is an Administrator.

use actix_web::{HttpRequest, web};
use idp_core::community::affiliation::Affiliation;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    door::{Desk, OrganizationDesk},
    error::{ApiError, ProblemBody},
};
use crate::{
    app::App,
    http::{console::is_office, oidc::json::NoStore},
};

/// An organization, as its Administrators see it.
#[derive(Serialize, ToSchema)]
pub(super) struct Organization {
    id: String,
    name: String,
    parent_id: Option<String>,
    npi: Option<String>,
    /// Its numbers; a personal one is masked.
    tax_ids: Vec<TaxId>,
}

/// A number of an organization.
#[derive(Serialize, ToSchema)]
pub(super) struct TaxId {
    id: String,
    /// `ein` or `ssn`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// As people read it; of a personal one the last four digits.
    shown: String,
    primary: bool,
}

impl Organization {
    fn of(affiliation: &Affiliation) -> Self {
        let organization = &affiliation.organization;
        let tax_id = |tax_id: &idp_core::community::tax_id::TaxId| TaxId {
            id: tax_id.id.to_string(),
            kind: tax_id.number.type_code(),
            shown: tax_id.number.shown(),
            primary: tax_id.primary,
        };
        Self {
            id: organization.id.to_string(),
            name: organization.name.clone(),
            parent_id: organization.parent.as_ref().map(ToString::to_string),
            npi: organization.npi.as_ref().map(ToString::to_string),
            tax_ids: affiliation.tax_ids.iter().map(tax_id).collect(),
        }
    }
}

/// `GET /api/v1/organizations`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/organizations", tag = "organizations",
    summary = "The organizations that the person administers",
    responses((status = 200, body = Vec<Organization>), (status = 401, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn list(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<NoStore<Vec<Organization>>, ApiError> {
    let desk = Desk::administrator(app, &request).await?;
    let own = desk.person.affiliations.iter().filter(|affiliation| is_office(affiliation));
    Ok(NoStore(own.map(Organization::of).collect()))
}

/// `GET /api/v1/organizations/{organization}`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/organizations/{organization}", tag = "organizations",
    summary = "One organization",
    params(("organization" = String, Path, description = "Its identifier, `org_…`")),
    responses((status = 200, body = Organization), (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    organization: web::Path<String>,
) -> Result<NoStore<Organization>, ApiError> {
    let own = OrganizationDesk::of(app, &request, &organization).await?;
    Ok(NoStore(Organization::of(&own.affiliation)))
}
