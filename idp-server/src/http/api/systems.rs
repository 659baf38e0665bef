//! `/api/v1/organizations/{organization}/system-clients`: programs that act for an organization without a
//! person (R83), by the rules of the console's page. A code is in the answer that makes it, and in no
//! other (security 17.8).

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use idp_core::{
    community::{
        permission::Action,
        system_client::{Refusal, Stage, SystemClient, SystemForm},
    },
    ids::{OrganizationId, SystemClientId},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    door::{self, OrganizationDesk},
    error::{ApiError, ProblemBody},
};
use crate::{
    app::App,
    community::{
        Office,
        systems::{OwnSystems, WithCode},
    },
    http::oidc::json::{self, NoStore},
    store::{
        AnyConn, StoreError,
        system_client::{self as stored, After},
    },
};

/// How many a page has at most.
const SHOWN: i64 = 50;

/// Where the list goes on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of a list, by name.
#[derive(Serialize, ToSchema)]
pub(super) struct SystemClients {
    system_clients: Vec<Listed>,
    /// What `after` says for the next page, if there is one.
    next: Option<String>,
}

/// A system. It never has a code or a private key.
#[derive(Serialize, ToSchema)]
#[schema(as = SystemClient)]
pub(super) struct Listed {
    /// Its `client_id`.
    id: String,
    name: String,
    scopes: Vec<String>,
    /// Codes of purposes of use, such as `TREAT`.
    purposes: Vec<&'static str>,
    /// `active`, `expired`, `revoked` or `waiting` (for its keys).
    state: &'static str,
    /// Until when it acts, or its code can be used, in seconds since 1970.
    until: Option<i64>,
}

/// A system to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSystemClient {
    name: String,
    scopes: Vec<String>,
    purposes: Vec<String>,
}

/// A system with the code that sets it up.
#[derive(Serialize, ToSchema)]
pub(super) struct SystemClientMade {
    id: String,
    /// Told once.
    code: String,
    /// Where the system brings its keys, with the code.
    set_up_at: String,
}

fn listed(system: &SystemClient, now: chrono::DateTime<chrono::Utc>) -> Listed {
    let (state, until) = match &system.stage {
        Stage::Active { until, .. } if *until <= now => ("expired", Some(*until)),
        Stage::Active { until, .. } => ("active", Some(*until)),
        Stage::Expired => ("expired", None),
        Stage::Revoked => ("revoked", None),
        Stage::Waiting(code) => ("waiting", Some(code.expires_at)),
    };
    Listed {
        id: system.id.to_string(),
        name: system.name.clone(),
        scopes: system.scopes.iter().cloned().collect(),
        purposes: system.purposes.iter().map(|purpose| purpose.code()).collect(),
        state,
        until: until.map(|at| at.timestamp()),
    }
}

/// `GET /api/v1/organizations/{organization}/system-clients`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/system-clients", tag = "system-clients",
    summary = "The organization's systems", params(("organization" = String, Path), Asked),
    responses((status = 200, body = SystemClients), (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    organization: Path<String>,
    asked: Query<Asked>,
) -> Result<NoStore<SystemClients>, ApiError> {
    let own = OrganizationDesk::of(app, &request, &organization).await?;
    let wrong = || ApiError::Malformed("after is no place in this list".to_owned());
    // The name may hold anything, and the identifier holds no space.
    let after = match asked.after.as_deref().map(|after| after.split_once(' ').ok_or_else(wrong)) {
        None => None,
        Some(parts) => {
            let (id, name) = parts?;
            Some(After { name: name.to_owned(), id: id.parse().map_err(|_| wrong())? })
        }
    };
    let of = own.organization().clone();
    let read = move |conn: &mut _| stored::of_organization(conn, &of, after.as_ref(), SHOWN);
    let found = own.desk.app.db.read(read).await?;
    let is_full = i64::try_from(found.len()) == Ok(SHOWN);
    let next = found.last().filter(|_| is_full).map(|last| format!("{} {}", last.id, last.name));
    let now = own.desk.office.now;
    let system_clients = found.iter().map(|system| listed(system, now)).collect();
    Ok(NoStore(SystemClients { system_clients, next }))
}

/// `POST /api/v1/organizations/{organization}/system-clients`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/organizations/{organization}/system-clients", tag = "system-clients",
    summary = "Make a system", params(("organization" = String, Path)),
    request_body = NewSystemClient,
    responses((status = 201, body = SystemClientMade), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn create(
    app: web::Data<App>,
    request: HttpRequest,
    organization: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let own = OrganizationDesk::lately(app, &request, &organization).await?;
    let new: NewSystemClient = door::body(&request, &body)?;
    let (scopes, purposes) = (borrowed(&new.scopes), borrowed(&new.purposes));
    let form = SystemForm { name: &new.name, scopes: &scopes, purposes: &purposes };
    let wanted = form.read(&own.desk.app.sites.system_scopes()).map_err(ApiError::Unacceptable)?;
    let make = move |theirs: OwnSystems, conn: &mut AnyConn| theirs.create(conn, wanted.clone());
    with_code(own, make, StatusCode::CREATED).await
}

/// `POST /api/v1/organizations/{organization}/system-clients/{system}/code`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/organizations/{organization}/system-clients/{system}/code",
    tag = "system-clients", summary = "Make a code with which the system brings new keys",
    params(("organization" = String, Path), ("system" = String, Path)),
    responses((status = 200, body = SystemClientMade), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn issue_code(
    app: web::Data<App>,
    request: HttpRequest,
    of: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let own = OrganizationDesk::lately(app, &request, &of.0).await?;
    let id = named(&own, &of.1).await?;
    let make = move |theirs: OwnSystems, conn: &mut AnyConn| theirs.issue_code(conn, &id);
    with_code(own, make, StatusCode::OK).await
}

/// `POST /api/v1/organizations/{organization}/system-clients/{system}/renewal`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/organizations/{organization}/system-clients/{system}/renewal",
    tag = "system-clients", summary = "Let the system act for another year",
    params(("organization" = String, Path), ("system" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn renew(
    app: web::Data<App>,
    request: HttpRequest,
    of: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let own = OrganizationDesk::of(app, &request, &of.0).await?;
    let id = named(&own, &of.1).await?;
    let renew = move |conn: &mut AnyConn, office: &Office, organization: &OrganizationId| {
        theirs(office, organization).renew(conn, &id)
    };
    done(own, renew).await
}

/// `DELETE /api/v1/organizations/{organization}/system-clients/{system}`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(delete, path = "/api/v1/organizations/{organization}/system-clients/{system}",
    tag = "system-clients", summary = "Stop a system for good",
    params(("organization" = String, Path), ("system" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn revoke(
    app: web::Data<App>,
    request: HttpRequest,
    of: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let own = OrganizationDesk::of(app, &request, &of.0).await?;
    let id = named(&own, &of.1).await?;
    let revoke = move |conn: &mut AnyConn, office: &Office, organization: &OrganizationId| {
        theirs(office, organization).revoke(conn, &id)
    };
    done(own, revoke).await
}

fn borrowed(codes: &[String]) -> Vec<&str> {
    codes.iter().map(String::as_str).collect()
}

fn theirs(office: &Office, organization: &OrganizationId) -> OwnSystems {
    OwnSystems { office: office.clone(), organization: organization.clone(), reason: None }
}

/// The system of this name; what is none of the organization's is found out in the transaction.
async fn named(own: &OrganizationDesk, id: &str) -> Result<SystemClientId, ApiError> {
    match id.parse() {
        Ok(id) => Ok(id),
        Err(_) => Err(own.desk.refuse(Action::ManageSystemClient).await?),
    }
}

async fn with_code(
    own: OrganizationDesk,
    make: impl Fn(OwnSystems, &mut AnyConn) -> Result<Result<WithCode, Refusal>, StoreError>
    + Send
    + 'static,
    status: StatusCode,
) -> Result<HttpResponse, ApiError> {
    let (of, issuer) = (own.organization().clone(), own.desk.app.issuer.clone());
    let write = move |conn: &mut AnyConn, office: &Office| make(theirs(office, &of), conn);
    let made = own.desk.write(write).await?.map_err(refused)?;
    let id = made.system.id.to_string();
    let set_up_at = format!("{issuer}/systems/{id}/set-up");
    let code = made.code.expose().to_owned();
    Ok(json::private(status).json(SystemClientMade { id, code, set_up_at }))
}

async fn done(
    own: OrganizationDesk,
    work: impl Fn(
        &mut AnyConn,
        &Office,
        &OrganizationId,
    ) -> Result<Result<SystemClient, Refusal>, StoreError>
    + Send
    + 'static,
) -> Result<HttpResponse, ApiError> {
    let of = own.organization().clone();
    own.desk.write(move |conn, office| work(conn, office, &of)).await?.map_err(refused)?;
    Ok(json::private(StatusCode::NO_CONTENT).finish())
}

fn refused(why: Refusal) -> ApiError {
    match why {
        Refusal::Denied(denied) => denied.into(),
        Refusal::OutOfOrder => ApiError::Conflict(why.to_string()),
    }
}
