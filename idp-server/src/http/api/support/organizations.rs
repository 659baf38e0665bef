//! `/api/v1/support/organizations/{organization}`: an organization, as far as the desk needs to know it, and
//! what stops it, lets it go on, closes it and brings its first Administrator in. Who its Administrators
//! are is told after a check of who calls, with the person.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path},
};
use idp_core::{
    community::{
        field::{LONGEST_NOTE, Objections, line},
        organization_data::Refusal as NotChanged,
        organization_life::{Command, Refusal, State, Suspension},
        registration::DetailsForm,
    },
    ids::OrganizationId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{
        door::{self, Desk},
        error::{ApiError, ProblemBody},
        nominations::over,
    },
    at, named, reason,
    search::NamedThing,
};
use crate::{
    app::App,
    community::{
        Office,
        desk::{
            change_organization,
            organization::{First, Seen, look_at},
        },
        nomination, organization_data,
        registrations::first_nomination,
    },
    http::oidc::json::{self, NoStore},
    store::AnyConn,
};

/// The routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    let one = |rest: &str| web::resource(at(&format!("/organizations/{{organization}}{rest}")));
    config
        .service(one("").get(show))
        .service(one("/standing").post(change_standing))
        .service(one("/data").put(change_data))
        .service(one("/first-administrator/code").post(make_code))
        .service(one("/first-administrator/withdrawal").post(withdraw));
}

/// An organization, as the desk sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = OrganizationBeforeSupport)]
pub(super) struct Shown {
    id: String,
    name: String,
    /// `active`, `suspended` or `closed`.
    state: &'static str,
    /// Why it is suspended: `breach`, `no-administrator` or `no-tax-id`.
    suspended_for: Option<&'static str>,
    /// Whether an Administrator asked to close it, and the lead has not decided.
    closing_asked: bool,
    phone: Option<String>,
    address: Option<String>,
    npi: Option<String>,
    /// How many Administrators it has.
    administrators: usize,
    /// How many Tax IDs it has.
    tax_ids: usize,
    /// When an Administrator last confirmed its data, in seconds since 1970.
    confirmed_at: i64,
    part_of: Option<NamedThing>,
    parts: Vec<NamedThing>,
    first_administrator: Option<FirstOne>,
}

/// The first Administrator, as long as they have not taken their User ID over.
#[derive(Serialize, ToSchema)]
#[schema(as = FirstAdministrator)]
pub(super) struct FirstOne {
    name: String,
    user_id: String,
    email: String,
    /// The number that was given with the registration: the one to call back at.
    phone: Option<String>,
    /// Whether the nomination still waits.
    waits: bool,
    /// Whether the code that they were given still works.
    code_lives: bool,
    /// Until when it waits, in seconds since 1970.
    expires_at: i64,
}

/// What is done to an organization.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
#[schema(as = OrganizationDeed)]
pub(super) enum Deed {
    /// Close it, as the second person, the lead, after one of its Administrators has asked.
    Close {
        /// Why, for the audit record: one line of at most 500 characters.
        reason: String,
    },
    /// Let it take part again.
    Resume {
        /// Why, for the audit record.
        reason: String,
    },
    /// Stop it for now.
    Suspend {
        /// `breach`, `no-administrator` or `no-tax-id`.
        r#for: String,
        /// Why, for the audit record.
        reason: String,
    },
}

/// An organization's data.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewData {
    name: String,
    address: String,
    phone: String,
    /// National Provider Identifier; empty if it has none.
    #[serde(default)]
    npi: String,
    /// Why, for the audit record: one line of at most 500 characters.
    reason: String,
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Because {
    /// How it was made sure who asks, or why: one line of at most 500 characters.
    reason: String,
}

/// A code of the first Administrator.
#[derive(Serialize, ToSchema)]
pub(super) struct FirstCode {
    /// To be handed over. Told once.
    activation_code: String,
    user_id: String,
    /// Until when it can be used, in seconds since 1970.
    code_expires_at: i64,
}

fn shown(seen: Seen) -> Shown {
    let (state, suspended_for) = match seen.body.state {
        State::Active => ("active", None),
        State::Closed => ("closed", None),
        State::Suspended(why) => ("suspended", Some(why.code())),
    };
    let part = |of: idp_core::community::organization::Organization| NamedThing {
        id: of.id.to_string(),
        name: of.name,
    };
    let (phone, address) = seen.listed;
    Shown {
        id: seen.organization.id.to_string(),
        state,
        suspended_for,
        closing_asked: seen.body.closing.is_some(),
        phone,
        address,
        npi: seen.organization.npi.as_ref().map(ToString::to_string),
        administrators: seen.administrators,
        tax_ids: seen.numbers,
        confirmed_at: seen.body.confirmed_at.timestamp(),
        part_of: seen.parent.map(part),
        parts: seen.parts.into_iter().map(part).collect(),
        first_administrator: seen.first.as_ref().map(first_one),
        name: seen.organization.name,
    }
}

fn first_one(first: &First) -> FirstOne {
    let record = &first.record;
    FirstOne {
        name: record.details.name(),
        user_id: record.nomination.user_id.to_string(),
        email: record.email.as_str().to_owned(),
        phone: record.details.phone.clone(),
        waits: first.waits(),
        code_lives: first.code_lives,
        expires_at: record.nomination.expires_at().timestamp(),
    }
}

/// `GET /api/v1/support/organizations/{organization}`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/support/organizations/{organization}", tag = "support",
    summary = "One organization, as the support desk sees it",
    params(("organization" = String, Path)),
    responses((status = 200, body = Shown), (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<NoStore<Shown>, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let id: OrganizationId = named(&id)?;
    let look = move |conn: &mut AnyConn, office: &Office| look_at(conn, office, &id);
    Ok(NoStore(shown(desk.read(look).await?.ok_or(ApiError::NotFound)?)))
}

/// `POST /api/v1/support/organizations/{organization}/standing`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/support/organizations/{organization}/standing", tag = "support",
    summary = "Suspend, resume or close an organization", params(("organization" = String, Path)),
    request_body = Deed,
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn change_standing(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let id: OrganizationId = named(&id)?;
    let (command, why) = match door::body(&request, &body)? {
        Deed::Close { reason } => (Command::Close, reason),
        Deed::Resume { reason } => (Command::Resume, reason),
        Deed::Suspend { r#for: code, reason } => {
            let known = Suspension::ALL.into_iter().find(|known| known.code() == code);
            let known = known.ok_or_else(|| {
                ApiError::field("for", "one of breach, no-administrator, no-tax-id")
            })?;
            (Command::Suspend(known), reason)
        }
    };
    let reason = reason(&why)?;
    let work = move |conn: &mut AnyConn, office: &Office| {
        change_organization(conn, office, &id, command.clone(), Some(reason.clone()))
    };
    desk.write(work).await?.map_err(refused)?;
    Ok(json::private(StatusCode::NO_CONTENT).finish())
}

fn refused(why: Refusal) -> ApiError {
    match why {
        Refusal::Denied(denied) => denied.into(),
        Refusal::NotReady
        | Refusal::NotSwitchable
        | Refusal::OutOfOrder
        | Refusal::PartsLeft
        | Refusal::SamePerson => ApiError::Conflict(why.to_string()),
    }
}

/// `PUT /api/v1/support/organizations/{organization}/data`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(put, path = "/api/v1/support/organizations/{organization}/data", tag = "support",
    summary = "Change an organization's name, address, telephone number and NPI",
    params(("organization" = String, Path)), request_body = NewData,
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn change_data(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let id: OrganizationId = named(&id)?;
    let new: NewData = door::body(&request, &body)?;
    let form =
        DetailsForm { name: &new.name, address: &new.address, phone: &new.phone, npi: &new.npi };
    let mut found = Objections::default();
    let reason = found.take("reason", line(&new.reason, LONGEST_NOTE));
    let wanted = match form.read() {
        Ok(wanted) => found.unless_any(reason.map(|reason| (wanted, reason))),
        Err(mut others) => {
            for (field, why) in found.iter() {
                others.object(field, why);
            }
            Err(others)
        }
    };
    let (wanted, reason) = wanted.map_err(ApiError::Unacceptable)?;
    let work = move |conn: &mut AnyConn, office: &Office| {
        organization_data::change(conn, office, &id, &wanted, Some(reason.clone()))
    };
    desk.write(work).await?.map_err(not_changed)?;
    Ok(json::private(StatusCode::NO_CONTENT).finish())
}

fn not_changed(why: NotChanged) -> ApiError {
    match why {
        NotChanged::Denied(denied) => denied.into(),
        NotChanged::Closed | NotChanged::Unchanged => ApiError::Conflict(why.to_string()),
    }
}

/// `POST /api/v1/support/organizations/{organization}/first-administrator/code`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/support/organizations/{organization}/first-administrator/code",
    tag = "support",
    summary = "Make the first Administrator's code anew, after a call back",
    params(("organization" = String, Path)), request_body = Because,
    responses((status = 200, body = FirstCode), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn make_code(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> Result<NoStore<FirstCode>, ApiError> {
    let desk = Desk::support_lately(app, &request).await?;
    let id = first_nomination(&named::<OrganizationId>(&id)?);
    let because: Because = door::body(&request, &body)?;
    let reason = reason(&because.reason)?;
    let work = move |conn: &mut AnyConn, office: &Office| {
        nomination::resend(conn, office, &id, Some(reason.clone()))
    };
    let made = desk.write(work).await?.map_err(|why| over(&why))?;
    Ok(NoStore(FirstCode {
        activation_code: made.code.shown(),
        user_id: made.user_id.to_string(),
        code_expires_at: made.until.timestamp(),
    }))
}

/// `POST /api/v1/support/organizations/{organization}/first-administrator/withdrawal`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post,
    path = "/api/v1/support/organizations/{organization}/first-administrator/withdrawal",
    tag = "support", summary = "Take the first Administrator's nomination back",
    params(("organization" = String, Path)), request_body = Because,
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn withdraw(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let id = first_nomination(&named::<OrganizationId>(&id)?);
    let because: Because = door::body(&request, &body)?;
    let reason = reason(&because.reason)?;
    let work = move |conn: &mut AnyConn, office: &Office| {
        nomination::withdraw(conn, office, &id, Some(reason.clone()))
    };
    desk.write(work).await?.map_err(|why| over(&why))?;
    Ok(json::private(StatusCode::NO_CONTENT).finish())
}
