//! `/api/v1/support/registrations`: organizations that register, and what is decided about each. What a
//! registrant signed, and the identity that they proved, stay behind the page: a program is told that it
//! was done, and when.

use actix_web::{
    HttpRequest,
    web::{self, Bytes, Path},
};
use idp_core::{
    community::{
        identity_proof::Judgement,
        registration::{Applicant, Refusal as OfRegistration, Registration, Signed, Stage, Work},
        tax_id_entry::{OverrideError, Prefix},
        tax_id_registry,
        ticket::{Message, Regarding},
    },
    ids::RegistrationId,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    super::{
        door::{self, Desk},
        error::{ApiError, ProblemBody},
    },
    at,
    identity::Identity,
    named, next,
};
use crate::{
    app::App,
    community::{
        Office,
        looking::Look,
        registrations::{self as use_case, Decision, Refusal},
    },
    http::oidc::json::NoStore,
    store::{AnyConn, StoreError, place::Place, registration::Sought},
};

/// How many a page has at most.
const SHOWN: i64 = 50;

/// The routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource(at("/registrations")).get(list))
        .service(web::resource(at("/registrations/{registration}")).get(show))
        .service(web::resource(at("/registrations/{registration}/decision")).post(decide))
        .service(web::resource(at("/notary-forms/{reference}")).get(notary_form));
}

/// Which registrations, and where the list goes on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// A stage, or `open` for all that are not over; those that wait for a decision if it is left out.
    #[serde(default)]
    stage: String,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of a list; what has waited the longest comes first.
#[derive(Serialize, ToSchema)]
pub(super) struct Registrations {
    registrations: Vec<Listed>,
    /// What `after` says for the next page, if there is one.
    next: Option<String>,
}

/// A registration, as far as it is.
#[derive(Serialize, ToSchema)]
#[schema(as = Registration)]
pub(super) struct Listed {
    id: String,
    /// `draft`, `contact-verified`, `dialogue`, `waiting`, `agreement`, `identity`, `at-notary`, `review`,
    /// `approved`, `referred`, `rejected` or `withdrawn`.
    stage: &'static str,
    /// When it last went on, in seconds since 1970.
    moved_at: i64,
    registrant: Registrant,
    organization: Option<Applying>,
    signed: Option<Signature>,
    identity: Option<Identity>,
    work: Option<WorkThere>,
}

/// Who registers an organization.
#[derive(Serialize, ToSchema)]
pub(super) struct Registrant {
    given_name: String,
    family_name: String,
    email: String,
    phone: String,
}

/// An organization that is to take part.
#[derive(Serialize, ToSchema)]
#[schema(as = ApplyingOrganization)]
pub(super) struct Applying {
    name: String,
    address: String,
    phone: String,
    npi: Option<String>,
    /// The Tax ID as it may be shown; of a personal one the last four digits.
    tax_id: String,
    /// Whether its first two digits are in the table of prefixes; if not, an approval takes a reason.
    prefix_is_listed: bool,
}

/// Who signed the agreement.
#[derive(Serialize, ToSchema)]
pub(super) struct Signature {
    by: String,
    position: String,
    /// Seconds since 1970.
    at: i64,
    /// When the duties of an Administrator were acknowledged, in seconds since 1970.
    duties_acknowledged_at: Option<i64>,
}

/// What the first Administrator would begin with: it is approved with the organization.
#[derive(Serialize, ToSchema)]
pub(super) struct WorkThere {
    roles: Vec<&'static str>,
    role_details: Vec<String>,
    npi: Option<String>,
    /// Why a sensitive role is asked for.
    reason: Option<String>,
}

/// What Support decides.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
#[schema(as = RegistrationDecision)]
pub(super) enum Decided {
    /// The notary's form is in order.
    AcceptForm {},
    /// The organization takes part.
    Approve {
        /// Why the first two digits of its number are accepted, where they are in no table.
        prefix_reason: Option<String>,
    },
    /// The notary's form is not in order; another one can be sent.
    RefuseForm {
        /// What the registrant is told.
        reason: String,
    },
    /// The organization does not take part.
    Reject {
        /// What the registrant is told.
        reason: String,
    },
}

/// How a registration stands after a decision. If its number was given to somebody else meanwhile, an
/// approval leads back into the questions about the number.
#[derive(Serialize, ToSchema)]
pub(super) struct RegistrationStands {
    stage: &'static str,
}

/// Where a notary's form is judged.
#[derive(Serialize, ToSchema)]
pub(super) struct NotaryForm {
    /// `registration` or `promotion`.
    of: &'static str,
    id: String,
}

pub(super) fn listed(registration: &Registration, office: &Office) -> Listed {
    let contact = &registration.contact;
    let (signed, identity) = match &registration.stage {
        Stage::Identity(_, signed, proofing) => (Some(signed), Identity::waiting(proofing)),
        Stage::Review(_, signed, proof) => (Some(signed), Some(Identity::proved(proof))),
        Stage::Agreement(_)
        | Stage::Approved(_)
        | Stage::ContactVerified
        | Stage::Dialogue(..)
        | Stage::Draft
        | Stage::Erased
        | Stage::Referred(_)
        | Stage::Rejected
        | Stage::Waiting(..)
        | Stage::Withdrawn => (None, None),
    };
    Listed {
        id: registration.id.to_string(),
        stage: registration.stage.code(),
        moved_at: registration.moved_at.timestamp(),
        registrant: Registrant {
            given_name: contact.given_name.clone(),
            family_name: contact.family_name.clone(),
            email: contact.email.as_str().to_owned(),
            phone: contact.phone.clone(),
        },
        organization: registration.stage.applicant().map(|found| applying(found, office)),
        signed: signed.map(signature),
        identity,
        work: registration.work.as_ref().map(work),
    }
}

fn applying(applicant: &Applicant, office: &Office) -> Applying {
    let Applicant { details, number } = applicant;
    Applying {
        name: details.name.clone(),
        address: details.address.clone(),
        phone: details.phone.clone(),
        npi: details.npi.as_ref().map(ToString::to_string),
        tax_id: number.shown(),
        prefix_is_listed: Prefix::of(number, &office.registry.prefixes, "") == Prefix::Listed,
    }
}

fn signature(signed: &Signed) -> Signature {
    Signature {
        by: signed.signatory.name.clone(),
        position: signed.signatory.title.clone(),
        at: signed.at.timestamp(),
        duties_acknowledged_at: signed.duties_acknowledged_at.map(|at| at.timestamp()),
    }
}

fn work(work: &Work) -> WorkThere {
    WorkThere {
        roles: work.roles().iter().map(|role| role.code()).collect(),
        role_details: work.role_details().iter().cloned().collect(),
        npi: work.npi().map(ToString::to_string),
        reason: work.reason().map(str::to_owned),
    }
}

/// `GET /api/v1/support/registrations`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/support/registrations", tag = "support",
    summary = "Organizations that register", params(Asked),
    responses((status = 200, body = Registrations), (status = 400, body = ProblemBody),
        (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn list(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<NoStore<Registrations>, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let wanted: Asked = door::query(&request)?;
    let stages = use_case::stages(&wanted.stage).ok_or_else(|| ApiError::parameter("stage"))?;
    let after = door::parameter::<Place<RegistrationId>>("after", wanted.after.as_deref())?
        .and_then(Place::into_parts);
    let sought = Sought::Stages(stages);
    let read = move |conn: &mut AnyConn, office: &Office| {
        use_case::list(conn, office, &sought, after.as_ref(), SHOWN)
    };
    let found = desk.read(read).await?;
    let next = next(&found, SHOWN, |last| Place::at(last.moved_at, last.id.clone()));
    let registrations = found.iter().map(|one| listed(one, &desk.office)).collect();
    Ok(NoStore(Registrations { registrations, next }))
}

/// `GET /api/v1/support/registrations/{registration}`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/support/registrations/{registration}", tag = "support",
    summary = "One registration", params(("registration" = String, Path)),
    responses((status = 200, body = Listed), (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<NoStore<Listed>, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let id: RegistrationId = named(&id)?;
    let find = move |conn: &mut AnyConn, office: &Office| use_case::find(conn, office, &id);
    let found = desk.read(find).await?.ok_or(ApiError::NotFound)?;
    desk.note(Look::Registration(found.id.clone())).await?;
    Ok(NoStore(listed(&found, &desk.office)))
}

/// `POST /api/v1/support/registrations/{registration}/decision`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/support/registrations/{registration}/decision", tag = "support",
    summary = "Approve or reject a registration, or judge its notary's form",
    params(("registration" = String, Path)), request_body = Decided,
    responses((status = 200, body = RegistrationStands), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn decide(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> Result<NoStore<RegistrationStands>, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let id: RegistrationId = named(&id)?;
    let reason = |text: &str| Message::read(text).map_err(|why| ApiError::field("reason", why));
    let deed = match door::body(&request, &body)? {
        Decided::AcceptForm {} => Deed::Judge(Judgement::Accepted),
        Decided::Approve { prefix_reason: None } => Deed::Decide(Decision::Approve),
        Decided::Approve { prefix_reason: Some(why) } => Deed::Decide(Decision::ApprovePrefix(why)),
        Decided::RefuseForm { reason: why } => Deed::Judge(Judgement::Refused(reason(&why)?)),
        Decided::Reject { reason: why } => Deed::Decide(Decision::Reject(reason(&why)?)),
    };
    let work = move |conn: &mut AnyConn, office: &Office| match &deed {
        Deed::Decide(decision) => {
            use_case::decide_registration(conn, office, &id, decision.clone())
        }
        Deed::Judge(judgement) => use_case::judge_notary(conn, office, &id, judgement.clone()),
    };
    let done = desk.write(work).await?.map_err(refused)?;
    Ok(NoStore(RegistrationStands { stage: done.state.stage.code() }))
}

/// Which of the two use cases.
enum Deed {
    Decide(Decision),
    Judge(Judgement),
}

fn refused(why: Refusal) -> ApiError {
    match why {
        Refusal::Number(tax_id_registry::Refusal::Denied(denied))
        | Refusal::Registration(
            OfRegistration::Denied(denied) | OfRegistration::Prefix(OverrideError::Denied(denied)),
        ) => denied.into(),
        Refusal::Registration(OfRegistration::Prefix(why @ OverrideError::Reason(_))) => {
            ApiError::field("prefix_reason", why)
        }
        Refusal::Number(_) | Refusal::Registration(_) => ApiError::Conflict(why.to_string()),
    }
}

/// `GET /api/v1/support/notary-forms/{reference}`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/support/notary-forms/{reference}", tag = "support",
    summary = "What the notary's form of a number is for",
    params(("reference" = String, Path, description = "The number on the form")),
    responses((status = 200, body = NotaryForm), (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn notary_form(
    app: web::Data<App>,
    request: HttpRequest,
    reference: Path<String>,
) -> Result<NoStore<NotaryForm>, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let reference = named(&reference)?;
    let find = move |conn: &mut AnyConn, office: &Office| -> Result<_, StoreError> {
        use_case::of_notarys_form(conn, office, &reference)
    };
    let found = desk.read(find).await?.ok_or(ApiError::NotFound)?;
    let of = match &found {
        Regarding::Registration(_) => "registration",
        Regarding::Promotion(_) => "promotion",
        Regarding::Person(_) | Regarding::TaxId(_) => return Err(ApiError::NotFound),
    };
    Ok(NoStore(NotaryForm { of, id: found.as_str().to_owned() }))
}
