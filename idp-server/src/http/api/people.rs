//! `/api/v1/organizations/{organization}/people`: an organization's people, by the rules of the
//! console's pages.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Bytes, Path},
};
use idp_core::{
    community::{
        affiliation::AffiliationStatus,
        permission::{Action, Denied},
        rights::RightsForm,
    },
    ids::{AffiliationId, OrganizationId, SubscriberId},
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
        affiliation::{self, Loaded, NotChanged},
        standing::{self, Deed, Refusal},
    },
    http::oidc::json::{self, NoStore},
    store::people::{self, Filter, Only, PersonLine, Place},
};

/// How long a search may be: no name and no address is longer.
const LONGEST_SEARCH: usize = 254;

/// What a list is narrowed to, and where it goes on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// The beginning of a name or User ID, or a whole mail address.
    #[serde(default)]
    q: String,
    /// `active` or `suspended`.
    status: Option<String>,
    /// `administrators` or `without-factor`.
    only: Option<String>,
    /// The code of a role.
    role: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct People {
    people: Vec<Listed>,
    /// What `after` says for the next page, if there is one.
    next: Option<String>,
}

/// Somebody in the list.
#[derive(Serialize, ToSchema)]
pub(super) struct Listed {
    id: String,
    user_id: String,
    given_name: String,
    family_name: String,
    status: &'static str,
    administrator: bool,
    roles: Vec<String>,
    has_second_factor: bool,
    /// Seconds since 1970.
    last_sign_in_at: Option<i64>,
}

/// Somebody of the organization: nothing of what they have elsewhere.
#[derive(Serialize, ToSchema)]
pub(super) struct Person {
    id: String,
    user_id: String,
    given_name: String,
    family_name: String,
    email: Option<String>,
    npi: Option<String>,
    status: &'static str,
    administrator: bool,
    roles: Vec<String>,
    role_details: Vec<String>,
    access_level: &'static str,
    /// The identifiers of the organization's Tax IDs that they may use.
    tax_ids: Vec<String>,
    /// `YYYY-MM-DD`.
    since: String,
}

/// Other rights for somebody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRights {
    roles: Vec<String>,
    #[serde(default)]
    role_details: Vec<String>,
    access_level: String,
    /// Identifiers of the organization's Tax IDs; all of them if it is left out.
    tax_ids: Option<Vec<String>>,
    /// Why; needed for a sensitive role.
    #[serde(default)]
    reason: String,
    /// The NPI of somebody who becomes a licensed practitioner and has none on file.
    #[serde(default)]
    npi: String,
}

/// What is done about somebody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewStanding {
    /// `suspend` or `resume` the affiliation, `remove` it for good, `demote` from Administrator, or
    /// `deactivate` the account of somebody who acts for nobody else.
    action: String,
    /// Why, for the audit record.
    reason: Option<String>,
}

/// Where the receipts of the sites are.
#[derive(Serialize, ToSchema)]
pub(super) struct Changed {
    /// The page with what became of each site, if any was told.
    receipts: Option<String>,
}

const fn status(status: AffiliationStatus) -> &'static str {
    match status {
        AffiliationStatus::Active => "active",
        AffiliationStatus::Ended => "ended",
        AffiliationStatus::Proposed => "proposed",
        AffiliationStatus::Suspended => "suspended",
    }
}

fn listed(line: PersonLine) -> Listed {
    Listed {
        id: line.subscriber.to_string(),
        user_id: line.user_id.to_string(),
        given_name: line.given_name,
        family_name: line.family_name,
        status: status(line.status),
        administrator: line.administrator,
        roles: line.roles.iter().map(|role| role.code().to_owned()).collect(),
        has_second_factor: line.has_factor,
        last_sign_in_at: line.last_sign_in_at.map(|at| at.timestamp()),
    }
}

fn shown(loaded: &Loaded) -> Person {
    let (person, affiliation) = (&loaded.person, &loaded.affiliation);
    Person {
        id: person.id.to_string(),
        user_id: person.user_id.to_string(),
        given_name: person.given_name.clone(),
        family_name: person.family_name.clone(),
        email: person.email.as_ref().map(|email| email.as_str().to_owned()),
        npi: person.npi.as_ref().map(ToString::to_string),
        status: status(affiliation.status),
        administrator: affiliation.administrator,
        roles: affiliation.roles.iter().map(|role| role.code().to_owned()).collect(),
        role_details: affiliation.role_details.iter().cloned().collect(),
        access_level: affiliation.access_level.code(),
        tax_ids: affiliation.tax_ids.iter().map(|tax_id| tax_id.id.to_string()).collect(),
        since: affiliation.since.to_string(),
    }
}

impl Asked {
    /// What is asked for.
    fn read(&self) -> Result<(Filter, Place), ApiError> {
        let status = match self.status.as_deref() {
            None => None,
            Some("active") => Some(AffiliationStatus::Active),
            Some("suspended") => Some(AffiliationStatus::Suspended),
            Some(_) => return Err(ApiError::parameter("status")),
        };
        let only = match self.only.as_deref() {
            None => Only::Everybody,
            Some("administrators") => Only::Administrators,
            Some("without-factor") => Only::WithoutFactor,
            Some(_) => return Err(ApiError::parameter("only")),
        };
        let role = match self.role.as_deref() {
            None => None,
            Some(code) => Some(code.parse().map_err(|_| ApiError::parameter("role"))?),
        };
        let place = match self.after.as_deref() {
            None => Place::Start,
            Some(text) => Place::After(
                text.parse::<AffiliationId>().map_err(|_| ApiError::parameter("after"))?,
            ),
        };
        if self.q.chars().count() > LONGEST_SEARCH || self.q.chars().any(char::is_control) {
            return Err(ApiError::parameter("q"));
        }
        Ok((Filter { search: self.q.clone(), status, only, role, ..Filter::default() }, place))
    }
}

/// `GET /api/v1/organizations/{organization}/people`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/people", tag = "people",
    summary = "The organization's people, by family name",
    params(("organization" = String, Path), Asked),
    responses((status = 200, body = People), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    organization: Path<String>,
) -> Result<NoStore<People>, ApiError> {
    let own = OrganizationDesk::of(app, &request, &organization).await?;
    let asked: Asked = door::query(&request)?;
    let (filter, place) = asked.read()?;
    let of = own.organization().clone();
    let read = move |conn: &mut _| people::page(conn, &of, &filter, &place);
    let page = own.desk.app.db.read(read).await?;
    let page = page.ok_or_else(|| ApiError::parameter("after"))?;
    let next = page.after.map(|id| id.to_string());
    Ok(NoStore(People { people: page.people.into_iter().map(listed).collect(), next }))
}

/// `GET /api/v1/organizations/{organization}/people/{person}`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/people/{person}", tag = "people",
    summary = "One person of the organization",
    params(("organization" = String, Path), ("person" = String, Path)),
    responses((status = 200, body = Person), (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    of: Path<(String, String)>,
) -> Result<NoStore<Person>, ApiError> {
    let (own, who) = enter(app, &request, &of).await?;
    let look = move |conn: &mut _, office: &crate::community::Office| {
        let found = affiliation::seen_by(conn, office, &who)?;
        if found.is_none() {
            office.refused(conn, Action::ReadPerson, Denied::NotFound)?;
        }
        Ok(found)
    };
    let found = own.desk.write(look).await?.ok_or(ApiError::NotFound)?;
    Ok(NoStore(shown(&found)))
}

/// `PUT /api/v1/organizations/{organization}/people/{person}/rights`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(put, path = "/api/v1/organizations/{organization}/people/{person}/rights", tag = "people",
    summary = "Give somebody other roles, Tax IDs or another access level",
    params(("organization" = String, Path), ("person" = String, Path)), request_body = NewRights,
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn change_rights(
    app: web::Data<App>,
    request: HttpRequest,
    of: Path<(String, String)>,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let (own, who) = enter(app, &request, &of).await?;
    let wanted: NewRights = door::body(&request, &body)?;
    let organization: OrganizationId = own.organization().clone();
    let change = move |conn: &mut _, office: &crate::community::Office| {
        let roles: Vec<&str> = wanted.roles.iter().map(String::as_str).collect();
        let role_details: Vec<&str> = wanted.role_details.iter().map(String::as_str).collect();
        let tax_ids: Option<Vec<&str>> =
            wanted.tax_ids.as_ref().map(|ids| ids.iter().map(String::as_str).collect());
        let form = RightsForm {
            roles: &roles,
            role_details: &role_details,
            access_level: &wanted.access_level,
            tax_ids: tax_ids.as_deref(),
            reason: &wanted.reason,
        };
        affiliation::change_rights(conn, office, (&organization, &who), (form, &wanted.npi))
    };
    let changed = match own.desk.write(change).await {
        Ok(changed) => changed,
        Err(ApiError::Store(error)) => Err(NotChanged::of_conflict(error)?),
        Err(other) => return Err(other),
    };
    match changed {
        Ok(_) => Ok(json::private(actix_web::http::StatusCode::NO_CONTENT).finish()),
        Err(NotChanged::Objections(objections)) => Err(ApiError::Unacceptable(objections)),
        Err(NotChanged::Refused(affiliation_refusal)) => {
            Err(standing_refused(affiliation_refusal.into()))
        }
    }
}

/// `POST /api/v1/organizations/{organization}/people/{person}/standing`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/organizations/{organization}/people/{person}/standing", tag = "people",
    summary = "Suspend, resume, remove, demote or deactivate somebody",
    params(("organization" = String, Path), ("person" = String, Path)), request_body = NewStanding,
    responses((status = 200, body = Changed), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn change_standing(
    app: web::Data<App>,
    request: HttpRequest,
    of: Path<(String, String)>,
    body: Bytes,
) -> Result<NoStore<Changed>, ApiError> {
    let (own, who) = enter(app, &request, &of).await?;
    seen(&own, &who).await?;
    let NewStanding { action, reason } = door::body(&request, &body)?;
    let deed = match action.as_str() {
        "deactivate" => Deed::Deactivate,
        "demote" => Deed::Demote,
        "remove" => Deed::Remove,
        "resume" => Deed::Resume,
        "suspend" => Deed::Suspend,
        _ => {
            let known = "action is one of deactivate, demote, remove, resume, suspend";
            return Err(ApiError::Malformed(known.to_owned()));
        }
    };
    let organization = own.organization().clone();
    let change = move |conn: &mut _, office: &crate::community::Office| {
        standing::change(conn, office, &who, deed, reason.clone())
    };
    let ended = own.desk.write(change).await?.map_err(standing_refused)?;
    let receipts = ended.map(|id| format!("/organization/{organization}/endings/{id}"));
    Ok(NoStore(Changed { receipts }))
}

/// Who asks, and about whom. An identifier that can be nobody's is nobody's.
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

/// That there is somebody, before the rest of a request is judged.
async fn seen(own: &OrganizationDesk, who: &SubscriberId) -> Result<(), ApiError> {
    let (office, id) = (own.desk.office.clone(), who.clone());
    let look = move |conn: &mut _| affiliation::seen_by(conn, &office, &id);
    match own.desk.app.db.read(look).await? {
        Some(_) => Ok(()),
        None => Err(own.desk.refuse(Action::ReadPerson).await?),
    }
}

fn standing_refused(why: Refusal) -> ApiError {
    match why {
        Refusal::Denied(denied) => denied.into(),
        Refusal::Help(_)
        | Refusal::LastAdministrator
        | Refusal::OutOfOrder
        | Refusal::StoppedByOthers => ApiError::Conflict(why.to_string()),
    }
}
