//! `/api/v1/roles`, `/api/v1/rights` and `/api/v1/agreements`: what the community has in common, for
//! whoever has a token of this API. None of it is about anybody.

use actix_web::{
    HttpRequest,
    web::{self, Path},
};
use idp_core::{
    authentication::gate::Demand,
    community::{
        affiliation::AccessLevel,
        agreement::Agreement,
        role::{CATALOGUE, RoleEntry, RoleGroup},
    },
    ids::AgreementId,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    door,
    error::{ApiError, ProblemBody},
    me, token,
};
use crate::{app::App, http::oidc::json::NoStore, store::agreement};

/// Any of them opens a catalogue.
const SCOPES: [&str; 3] = [me::SCOPE, door::ADMIN, door::SUPPORT];

/// The routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/api/v1/roles").get(roles))
        .service(web::resource("/api/v1/rights").get(rights))
        .service(web::resource("/api/v1/agreements").get(agreements))
        .service(web::resource("/api/v1/agreements/{agreement}").get(one_agreement));
}

/// A role, and what it asks for.
#[derive(Serialize, ToSchema)]
#[schema(as = Role)]
pub(super) struct ListedRole {
    /// What tokens carry, and what rights name.
    code: &'static str,
    /// `administrative-worker`, `clinician` or `quality`.
    group: &'static str,
    label: &'static str,
    description: &'static str,
    /// What `role_details` may name beside it.
    details: &'static [&'static str],
    /// Whether a grant needs a reason, and shows in the yearly review.
    needs_reason: bool,
    /// Whether whoever has it has a National Provider Identifier.
    needs_npi: bool,
    /// `active`, or `retired` once it is no longer granted.
    status: &'static str,
}

/// What an affiliation carries beside roles and Tax IDs.
#[derive(Serialize, ToSchema)]
pub(super) struct Rights {
    /// The widest first: a wider level holds all that a narrower one does.
    access_levels: Vec<&'static str>,
}

/// A version of an agreement. It never changes.
#[derive(Serialize, ToSchema)]
#[schema(as = Agreement)]
pub(super) struct Version {
    id: String,
    /// Which agreement: its versions have this in common.
    code: String,
    version: String,
    title: String,
    /// The SHA-256 of the text, in hexadecimal digits.
    sha256: String,
    /// Whether organizations sign it when they join, and nobody for themselves.
    of_organizations: bool,
    /// Seconds since 1970.
    published_at: i64,
    /// When another version took its place, or it was withdrawn; null: it is in force.
    superseded_at: Option<i64>,
}

/// A version of an agreement with its text.
#[derive(Serialize, ToSchema)]
pub(super) struct WholeAgreement {
    agreement: Version,
    /// As it was published: what the hash is of.
    text: String,
}

fn listed(entry: &RoleEntry) -> ListedRole {
    ListedRole {
        code: entry.code.code(),
        group: match entry.group {
            RoleGroup::AdministrativeWorker => "administrative-worker",
            RoleGroup::Clinician => "clinician",
            RoleGroup::Quality => "quality",
        },
        label: entry.label,
        description: entry.description,
        details: entry.details,
        needs_reason: entry.sensitive,
        needs_npi: entry.code.needs_npi(),
        status: entry.status,
    }
}

fn version(agreement: &Agreement) -> Version {
    Version {
        id: agreement.id.to_string(),
        code: agreement.code.to_string(),
        version: agreement.version.to_string(),
        title: agreement.text.title().to_owned(),
        sha256: agreement.text.hash().to_string(),
        of_organizations: agreement.is_of_organizations(),
        published_at: agreement.published_at.timestamp(),
        superseded_at: agreement.superseded_at.map(|at| at.timestamp()),
    }
}

/// Somebody whose token is one of this API.
async fn anybody(app: &web::Data<App>, request: &HttpRequest) -> Result<(), ApiError> {
    let app = std::sync::Arc::clone(app);
    token::person(&app, request, (&SCOPES, Demand::SIGNED_IN)).await.map(drop)
}

/// `GET /api/v1/roles`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/roles", tag = "catalogues",
    summary = "The roles, and what each asks for",
    responses((status = 200, body = Vec<ListedRole>), (status = 401, body = ProblemBody)),
    security(("oauth" = ["hilum.me"]), ("oauth" = ["hilum.admin"]), ("oauth" = ["hilum.support"])))]
pub(super) async fn roles(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<NoStore<Vec<ListedRole>>, ApiError> {
    anybody(&app, &request).await?;
    Ok(NoStore(CATALOGUE.iter().map(listed).collect()))
}

/// `GET /api/v1/rights`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/rights", tag = "catalogues",
    summary = "What an affiliation carries beside roles and Tax IDs",
    responses((status = 200, body = Rights), (status = 401, body = ProblemBody)),
    security(("oauth" = ["hilum.me"]), ("oauth" = ["hilum.admin"]), ("oauth" = ["hilum.support"])))]
pub(super) async fn rights(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<NoStore<Rights>, ApiError> {
    anybody(&app, &request).await?;
    Ok(NoStore(Rights { access_levels: AccessLevel::ALL.map(AccessLevel::code).to_vec() }))
}

/// `GET /api/v1/agreements`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/agreements", tag = "catalogues",
    summary = "Every version of every agreement, the newest of each first",
    responses((status = 200, body = Vec<Version>), (status = 401, body = ProblemBody)),
    security(("oauth" = ["hilum.me"]), ("oauth" = ["hilum.admin"]), ("oauth" = ["hilum.support"])))]
pub(super) async fn agreements(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<NoStore<Vec<Version>>, ApiError> {
    anybody(&app, &request).await?;
    let all = app.db.read(agreement::all).await?;
    Ok(NoStore(all.iter().map(version).collect()))
}

/// `GET /api/v1/agreements/{agreement}`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/agreements/{agreement}", tag = "catalogues",
    summary = "A version of an agreement, with its text", params(("agreement" = String, Path)),
    responses((status = 200, body = WholeAgreement), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.me"]), ("oauth" = ["hilum.admin"]), ("oauth" = ["hilum.support"])))]
pub(super) async fn one_agreement(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<NoStore<WholeAgreement>, ApiError> {
    anybody(&app, &request).await?;
    let id: AgreementId = id.parse().map_err(|_| ApiError::NotFound)?;
    let found = app.db.read(move |conn| agreement::find(conn, &id)).await?;
    let found = found.ok_or(ApiError::NotFound)?;
    let text = found.text.source().to_owned();
    Ok(NoStore(WholeAgreement { agreement: version(&found), text }))
}
