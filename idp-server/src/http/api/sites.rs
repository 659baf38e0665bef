//! `/api/v1/organizations/{organization}/sites`: sites that open to an organization's people only when it
//! switches them on (R7).

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path},
};
use idp_core::{
    community::{organization_life::Refusal, outcome::Switch, permission::Action},
    ids::SiteId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    door::{self, OrganizationDesk},
    error::{ApiError, ProblemBody},
};
use crate::{
    app::App,
    community::{Office, own_organization},
    http::oidc::json::{self, NoStore},
    store::organization as stored,
};

/// A site that an organization switches.
#[derive(Serialize, ToSchema)]
#[schema(as = SwitchableSite)]
pub(super) struct Listed {
    id: String,
    name: String,
    on: bool,
}

/// How a site is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    on: bool,
}

/// `GET /api/v1/organizations/{organization}/sites`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/sites", tag = "sites",
    summary = "The sites that the organization switches on and off",
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
    let on = own.desk.app.db.read(move |conn| stored::enabled_sites(conn, &of)).await?;
    let listed = |entry: &std::sync::Arc<crate::sites::SiteEntry>| Listed {
        id: entry.site.id.to_string(),
        name: entry.site.name.clone(),
        on: on.contains(&entry.site.id),
    };
    Ok(NoStore(own.desk.app.sites.switchable().iter().map(listed).collect()))
}

/// `PUT /api/v1/organizations/{organization}/sites/{site}`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(put, path = "/api/v1/organizations/{organization}/sites/{site}", tag = "sites",
    summary = "Switch a site on or off",
    params(("organization" = String, Path), ("site" = String, Path)), request_body = Wanted,
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn switch(
    app: web::Data<App>,
    request: HttpRequest,
    of: Path<(String, String)>,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let own = OrganizationDesk::of(app, &request, &of.0).await?;
    let found = of.1.parse::<SiteId>().ok().and_then(|id| own.desk.app.sites.find(&id));
    let Some(entry) = found else {
        return Err(own.desk.refuse(Action::SwitchSite).await?);
    };
    let wanted: Wanted = door::body(&request, &body)?;
    let to = if wanted.on { Switch::On } else { Switch::Off };
    let switch = move |conn: &mut _, office: &Office| {
        own_organization::switch_site(conn, office, &entry.site, to)
    };
    own.desk.write(switch).await?.map_err(|why| match why {
        Refusal::Denied(denied) => denied.into(),
        Refusal::NotSwitchable => ApiError::NotFound,
        Refusal::NotReady | Refusal::OutOfOrder | Refusal::PartsLeft | Refusal::SamePerson => {
            ApiError::Conflict(why.to_string())
        }
    })?;
    Ok(json::private(StatusCode::NO_CONTENT).finish())
}
