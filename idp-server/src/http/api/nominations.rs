//! `/api/v1/organizations/{organization}/nominations`: people who are to become Subscribers. The code
//! is in the answer that makes it, and in no other (security 17.8).

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path},
};
use idp_core::{
    community::{
        field::Objections,
        nomination::{self, NomineeForm, State},
        permission::Action,
        rights::RightsForm,
    },
    ids::{AccessRequestId, NominationId},
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
        Office, access,
        nomination::{self as use_case, HandOver, Nominated, Refusal, Similar},
    },
    http::oidc::json::{self, NoStore},
    store::{
        StoreError,
        nomination::{self as stored, NominationRecord, Shown},
    },
};

/// Which nominations, and where the list goes on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// `waiting` (the default) or `over`.
    state: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of a list, the newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Nominations {
    nominations: Vec<Listed>,
    /// What `after` says for the next page, if there is one.
    next: Option<String>,
}

/// A nomination. It never has a code.
#[derive(Serialize, ToSchema)]
#[schema(as = Nomination)]
pub(super) struct Listed {
    id: String,
    user_id: String,
    given_name: String,
    family_name: String,
    email: String,
    /// `nominated`, `activated`, `expired` or `withdrawn`.
    state: &'static str,
    roles: Vec<String>,
    /// Seconds since 1970.
    nominated_at: i64,
    /// Seconds since 1970.
    expires_at: i64,
}

/// Somebody to be nominated.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewNomination {
    given_name: String,
    family_name: String,
    email: String,
    /// National Provider Identifier, if they have one.
    #[serde(default)]
    npi: String,
    /// A wish; the first proposal that is free if it is left out.
    #[serde(default)]
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
    /// `hr-record`, `known-in-person` or `photo-id`.
    verified_by: String,
    #[serde(default)]
    verification_note: String,
    /// That it is none of the colleagues of a similar name, after a 422 that named them.
    #[serde(default)]
    nobody_similar: bool,
    /// The identifier of the access request that this answers, if it answers one.
    #[serde(default)]
    answers: Option<String>,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
pub(super) struct Made {
    /// `nominated`: hand the code over. `asked`: the person has a User ID and is asked to act for the
    /// organization too.
    outcome: &'static str,
    id: Option<String>,
    user_id: Option<String>,
    /// Told once.
    activation_code: Option<String>,
    /// Until when the code can be used, in seconds since 1970.
    code_expires_at: Option<i64>,
}

impl Made {
    fn of(made: &HandOver) -> Self {
        Self {
            outcome: "nominated",
            id: Some(made.nomination.to_string()),
            user_id: Some(made.user_id.to_string()),
            activation_code: Some(made.code.shown()),
            code_expires_at: Some(made.until.timestamp()),
        }
    }
}

fn listed(record: NominationRecord, office: &Office) -> Listed {
    let nomination = record.nomination.at(office.now);
    Listed {
        id: nomination.id.to_string(),
        user_id: nomination.user_id.to_string(),
        given_name: record.details.given_name,
        family_name: record.details.family_name,
        email: record.email.as_str().to_owned(),
        state: match nomination.state {
            State::Activated { .. } => "activated",
            State::Expired => "expired",
            State::Nominated(_) => "nominated",
            State::Withdrawn { .. } => "withdrawn",
        },
        roles: record.details.roles.iter().map(|role| role.code().to_owned()).collect(),
        nominated_at: nomination.nominated_at.timestamp(),
        expires_at: nomination.expires_at().timestamp(),
    }
}

/// `GET /api/v1/organizations/{organization}/nominations`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/nominations", tag = "nominations",
    summary = "The organization's nominations, the newest first",
    params(("organization" = String, Path), Asked),
    responses((status = 200, body = Nominations), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    organization: Path<String>,
) -> Result<NoStore<Nominations>, ApiError> {
    let own = OrganizationDesk::of(app, &request, &organization).await?;
    let asked: Asked = door::query(&request)?;
    let shown = match asked.state.as_deref() {
        None | Some("waiting") => Shown::Waiting,
        Some("over") => Shown::Over,
        Some(_) => return Err(ApiError::parameter("state")),
    };
    let after: Option<NominationId> = door::parameter("after", asked.after.as_deref())?;
    let (of, now) = (own.organization().clone(), own.desk.office.now);
    let read = move |conn: &mut _| stored::page(conn, &of, shown, after.as_ref(), now);
    let mut found =
        own.desk.app.db.read(read).await?.ok_or_else(|| ApiError::parameter("after"))?;
    let length = usize::try_from(stored::PAGE).unwrap_or(usize::MAX);
    let more = found.len() > length;
    found.truncate(length);
    let last = found.last().map(|record| record.nomination.id.to_string());
    let office = &own.desk.office;
    Ok(NoStore(Nominations {
        next: last.filter(|_| more),
        nominations: found.into_iter().map(|record| listed(record, office)).collect(),
    }))
}

/// `POST /api/v1/organizations/{organization}/nominations`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/organizations/{organization}/nominations", tag = "nominations",
    summary = "Nominate somebody",
    params(("organization" = String, Path)), request_body = NewNomination,
    responses((status = 201, body = Made), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn nominate(
    app: web::Data<App>,
    request: HttpRequest,
    organization: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let own = OrganizationDesk::lately(app, &request, &organization).await?;
    let new: NewNomination = door::body(&request, &body)?;
    let similar = if new.nobody_similar { Similar::NobodyOfThem } else { Similar::NotAsked };
    let answers = match new.answers.as_deref().map(str::parse::<AccessRequestId>) {
        None => None,
        Some(Ok(id)) => Some(id),
        Some(Err(_)) => {
            let mut found = Objections::default();
            found.object("answers", "there is no such access request");
            return Err(ApiError::Unacceptable(found));
        }
    };
    let nominate = move |conn: &mut _, office: &Office| {
        let roles: Vec<&str> = new.roles.iter().map(String::as_str).collect();
        let role_details: Vec<&str> = new.role_details.iter().map(String::as_str).collect();
        let tax_ids: Option<Vec<&str>> =
            new.tax_ids.as_ref().map(|ids| ids.iter().map(String::as_str).collect());
        let form = NomineeForm {
            given_name: &new.given_name,
            family_name: &new.family_name,
            email: &new.email,
            npi: &new.npi,
            user_id: &new.user_id,
            rights: RightsForm {
                roles: &roles,
                role_details: &role_details,
                access_level: &new.access_level,
                tax_ids: tax_ids.as_deref(),
                reason: &new.reason,
            },
            verified_by: &new.verified_by,
            verification_note: &new.verification_note,
        };
        let made = use_case::nominate(conn, office, form, similar)?;
        if let (Ok(made), Some(request)) = (&made, &answers) {
            // A request that somebody else answered meanwhile is no reason to hold this up.
            let _ = access::nominated(conn, office, request, made.nomination())?;
        }
        Ok(made)
    };
    let made = match own.desk.write(nominate).await {
        // Somebody else was faster with the same name, mailbox or number.
        Err(ApiError::Store(StoreError::Conflict(taken))) => {
            return Err(refused(Refusal::of_conflict(taken)));
        }
        made => made?.map_err(refused)?,
    };
    let made = match made {
        Nominated::Asked => Made {
            outcome: "asked",
            id: None,
            user_id: None,
            activation_code: None,
            code_expires_at: None,
        },
        Nominated::Waiting(made) => Made::of(&made),
    };
    Ok(json::private(StatusCode::CREATED).json(made))
}

/// `POST /api/v1/organizations/{organization}/nominations/{nomination}/resend`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/organizations/{organization}/nominations/{nomination}/resend", tag = "nominations",
    summary = "Make link and code anew; the older ones are dead",
    params(("organization" = String, Path), ("nomination" = String, Path)),
    responses((status = 200, body = Made), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn resend(
    app: web::Data<App>,
    request: HttpRequest,
    of: Path<(String, String)>,
) -> Result<NoStore<Made>, ApiError> {
    let (own, id) = enter_lately(app, &request, &of).await?;
    let resend = move |conn: &mut _, office: &Office| use_case::resend(conn, office, &id, None);
    let made = own.desk.write(resend).await?.map_err(|why| over(&why))?;
    Ok(NoStore(Made::of(&made)))
}

/// `DELETE /api/v1/organizations/{organization}/nominations/{nomination}`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(delete, path = "/api/v1/organizations/{organization}/nominations/{nomination}", tag = "nominations",
    summary = "Take a nomination back",
    params(("organization" = String, Path), ("nomination" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn withdraw(
    app: web::Data<App>,
    request: HttpRequest,
    of: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (own, id) = enter(app, &request, &of).await?;
    let withdraw = move |conn: &mut _, office: &Office| use_case::withdraw(conn, office, &id, None);
    own.desk.write(withdraw).await?.map_err(|why| over(&why))?;
    Ok(json::private(StatusCode::NO_CONTENT).finish())
}

async fn enter(
    app: web::Data<App>,
    request: &HttpRequest,
    (organization, nomination): &(String, String),
) -> Result<(OrganizationDesk, NominationId), ApiError> {
    known(OrganizationDesk::of(app, request, organization).await?, nomination).await
}

async fn enter_lately(
    app: web::Data<App>,
    request: &HttpRequest,
    (organization, nomination): &(String, String),
) -> Result<(OrganizationDesk, NominationId), ApiError> {
    known(OrganizationDesk::lately(app, request, organization).await?, nomination).await
}

async fn known(
    own: OrganizationDesk,
    nomination: &str,
) -> Result<(OrganizationDesk, NominationId), ApiError> {
    match nomination.parse() {
        Ok(id) => Ok((own, id)),
        Err(_) => Err(own.desk.refuse(Action::ManageNomination).await?),
    }
}

/// Why nothing happens to a nomination.
pub(super) fn over(why: &nomination::Refusal) -> ApiError {
    match why {
        nomination::Refusal::Denied(denied) => (*denied).into(),
        nomination::Refusal::Incomplete(_)
        | nomination::Refusal::Invalid
        | nomination::Refusal::OutOfOrder
        | nomination::Refusal::TooMany(_)
        | nomination::Refusal::TooManyCodes => ApiError::Conflict(why.to_string()),
    }
}

fn refused(why: Refusal) -> ApiError {
    match why {
        Refusal::Nomination(why) => over(&why),
        Refusal::Objections(objections) => ApiError::Unacceptable(objections),
        Refusal::SimilarHere(colleagues) => {
            let names: Vec<String> = colleagues
                .iter()
                .map(|colleague| format!("{} ({})", colleague.name, colleague.user_id))
                .collect();
            let mut found = Objections::default();
            found.object(
                "nobody_similar",
                format_args!("is it one of these colleagues? {}", names.join(", ")),
            );
            ApiError::Unacceptable(found)
        }
        Refusal::AlreadyAsked
        | Refusal::AlreadyHere(_)
        | Refusal::AlreadyNominated(_)
        | Refusal::SeeSupport => ApiError::Conflict(why.to_string()),
    }
}
