//! `/api/v1/support/promotions`: people who are to become Administrators, as far as the support desk has a
//! part in it (R36, R46–R48): a second person's approval, and the notary's form. As on the pages, each
//! deed takes a sign-in of the last quarter of an hour.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path},
};
use chrono::{DateTime, Utc};
use idp_core::{
    community::{
        identity_proof::Judgement,
        promotion::{CallBack, LASTS, Promotion, Refusal, Stage},
        subscriber::UserId,
        ticket::Message,
    },
    ids::{PromotionId, TicketId},
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
        promotion::{self as use_case, Deed},
    },
    http::oidc::json::{self, NoStore},
    store::{
        AnyConn, StoreError,
        place::Place,
        promotion::{self as stored, Waits},
        search,
    },
};

/// How many a page has at most.
const SHOWN: i64 = 50;

/// The routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource(at("/promotions")).get(list))
        .service(web::resource(at("/promotions/{promotion}")).get(show))
        .service(web::resource(at("/promotions/{promotion}/decision")).post(decide))
        .service(web::resource(at("/tickets/{ticket}/promotion")).post(propose));
}

/// Which promotions, and where the list goes on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// What they wait for: `approval` (the default) by a second person, or the notary's `form`.
    waits: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of a list; what has waited the longest comes first.
#[derive(Serialize, ToSchema)]
pub(super) struct Promotions {
    promotions: Vec<Listed>,
    /// What `after` says for the next page, if there is one.
    next: Option<String>,
}

/// Somebody who is to become an Administrator.
#[derive(Serialize, ToSchema)]
#[schema(as = PromotionBeforeSupport)]
pub(super) struct Listed {
    id: String,
    /// The identifier of the person.
    candidate_id: String,
    organization_id: String,
    /// `asked`, `proofing`, `at-notary`, `duties-due`, `done` or `over`.
    stage: &'static str,
    /// Seconds since 1970.
    moved_at: i64,
    /// Until when it waits for the next step, in seconds since 1970.
    waits_until: Option<i64>,
    identity: Option<Identity>,
}

/// The same, with how the organization was called back.
#[derive(Serialize, ToSchema)]
#[schema(as = WholePromotion)]
pub(super) struct Shown {
    promotion: Listed,
    call_back: Option<CalledBack>,
}

/// How the organization was reached.
#[derive(Serialize, ToSchema)]
pub(super) struct CalledBack {
    /// The identifier of who proposes the person.
    proposed_by: String,
    /// The number on file: the only one to call back at.
    listed_phone: Option<String>,
    spoke_with: String,
    said: String,
}

/// What Support decides.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
#[schema(as = PromotionDecision)]
pub(super) enum Decided {
    /// The notary's form is in order.
    AcceptForm {},
    /// Be the second pair of eyes: the lead's.
    Approve {},
    /// The notary's form is not in order; another one can be sent.
    RefuseForm {
        /// What the candidate is told: one line of at most 500 characters.
        reason: String,
    },
    /// Take it back.
    Withdraw {},
}

/// Somebody to be proposed because an organization's Administrator has left.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPromotion {
    /// The User ID of the candidate.
    user_id: String,
    /// The identifier of the organization.
    organization_id: String,
    /// Whom Support spoke with at the organization's listed number.
    spoke_with: String,
    /// What they said: one line of at most 500 characters.
    said: String,
}

/// A promotion that was begun.
#[derive(Serialize, ToSchema)]
pub(super) struct PromotionBegun {
    id: String,
}

fn listed(promotion: &Promotion, now: DateTime<Utc>) -> Listed {
    let late = promotion.is_late(now);
    let is_over = late || matches!(promotion.stage, Stage::Done | Stage::Over);
    Listed {
        id: promotion.id.to_string(),
        candidate_id: promotion.candidate.to_string(),
        organization_id: promotion.organization.to_string(),
        stage: if late { stored::state(&Stage::Over) } else { stored::state(&promotion.stage) },
        moved_at: promotion.moved_at.timestamp(),
        waits_until: (!is_over).then(|| (promotion.moved_at + LASTS).timestamp()),
        identity: match &promotion.stage {
            Stage::Proofing(proofing) => Identity::waiting(proofing),
            Stage::DutiesDue(proof) => Some(Identity::proved(proof)),
            Stage::Asked { .. } | Stage::Done | Stage::Over => None,
        },
    }
}

/// `GET /api/v1/support/promotions`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/support/promotions", tag = "support",
    summary = "Promotions that wait for the support desk", params(Asked),
    responses((status = 200, body = Promotions), (status = 400, body = ProblemBody),
        (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn list(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<NoStore<Promotions>, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let wanted: Asked = door::query(&request)?;
    let waits = match wanted.waits.as_deref() {
        None | Some("approval") => Waits::ForApproval,
        Some("form") => Waits::ForForm,
        Some(_) => return Err(ApiError::parameter("waits")),
    };
    let after = door::parameter::<Place<PromotionId>>("after", wanted.after.as_deref())?
        .and_then(Place::into_parts);
    let read = move |conn: &mut AnyConn, _: &Office| {
        stored::waiting(conn, waits, after.as_ref().map(|(at, id)| (*at, id)), SHOWN)
    };
    let found = desk.read(read).await?;
    let next = next(&found, SHOWN, |last| Place::at(last.moved_at, last.id.clone()));
    let promotions = found.iter().map(|one| listed(one, desk.office.now)).collect();
    Ok(NoStore(Promotions { promotions, next }))
}

/// `GET /api/v1/support/promotions/{promotion}`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/support/promotions/{promotion}", tag = "support",
    summary = "One promotion", params(("promotion" = String, Path)),
    responses((status = 200, body = Shown), (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<NoStore<Shown>, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let id: PromotionId = named(&id)?;
    let read = move |conn: &mut AnyConn, _: &Office| -> Result<_, StoreError> {
        let Some(promotion) = stored::find(conn, &id)? else { return Ok(None) };
        let (phone, _) = search::listed(conn, &promotion.organization)?;
        Ok(Some((promotion, phone)))
    };
    let (promotion, listed_phone) = desk.read(read).await?.ok_or(ApiError::NotFound)?;
    let call_back = match &promotion.stage {
        Stage::Asked { by, call_back } => Some(CalledBack {
            proposed_by: by.to_string(),
            listed_phone,
            spoke_with: call_back.spoke_with().to_owned(),
            said: call_back.said().to_owned(),
        }),
        Stage::Done | Stage::DutiesDue(_) | Stage::Over | Stage::Proofing(_) => None,
    };
    Ok(NoStore(Shown { promotion: listed(&promotion, desk.office.now), call_back }))
}

/// `POST /api/v1/support/promotions/{promotion}/decision`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/support/promotions/{promotion}/decision", tag = "support",
    summary = "Approve a promotion, judge its notary's form, or take it back",
    params(("promotion" = String, Path)), request_body = Decided,
    responses((status = 204), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn decide(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let desk = Desk::support_lately(app, &request).await?;
    let id: PromotionId = named(&id)?;
    let deed = match door::body(&request, &body)? {
        Decided::AcceptForm {} => Deed::Judge(Judgement::Accepted),
        Decided::Approve {} => Deed::Approve,
        Decided::RefuseForm { reason } => {
            let reason = Message::read(&reason).map_err(|why| ApiError::field("reason", why))?;
            Deed::Judge(Judgement::Refused(reason))
        }
        Decided::Withdraw {} => Deed::Withdraw,
    };
    let work = move |conn: &mut AnyConn, office: &Office| {
        use_case::at_the_desk(conn, office, &id, deed.clone())
    };
    desk.write(work).await?.map_err(refused)?;
    Ok(json::private(StatusCode::NO_CONTENT).finish())
}

/// `POST /api/v1/support/tickets/{ticket}/promotion`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/support/tickets/{ticket}/promotion", tag = "support",
    summary = "Propose an Administrator for an organization whose own has left",
    params(("ticket" = String, Path)), request_body = NewPromotion,
    responses((status = 201, body = PromotionBegun), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn propose(
    app: web::Data<App>,
    request: HttpRequest,
    ticket: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let desk = Desk::support_lately(app, &request).await?;
    let ticket: TicketId = named(&ticket)?;
    let new: NewPromotion = door::body(&request, &body)?;
    let call_back = CallBack::noted(&new.spoke_with, &new.said);
    let call_back = call_back.map_err(|why| ApiError::field("said", why))?;
    let nobody = || {
        let why = "nobody of this User ID works there without being an Administrator";
        ApiError::field("user_id", why)
    };
    let user_id: UserId = new.user_id.parse().map_err(|_| nobody())?;
    let find =
        move |conn: &mut AnyConn, office: &Office| use_case::candidate(conn, office, &user_id);
    let candidate = desk.read(find).await?.ok_or_else(nobody)?;
    let mut works_for = candidate.organizations.into_iter();
    let of = works_for.find(|of| of.id.as_str() == new.organization_id).ok_or_else(nobody)?.id;
    let who = candidate.person.id;
    let work = move |conn: &mut AnyConn, office: &Office| {
        use_case::propose_on_ticket(conn, office, &ticket, (&of, &who), call_back.clone())
    };
    let begun = desk.write(work).await?.map_err(refused)?;
    let begun = PromotionBegun { id: begun.id.to_string() };
    Ok(json::private(StatusCode::CREATED).json(begun))
}

fn refused(why: Refusal) -> ApiError {
    match why {
        Refusal::Denied(denied) => denied.into(),
        Refusal::AlreadyAdministrator
        | Refusal::NotActive
        | Refusal::OutOfOrder
        | Refusal::Proof(_)
        | Refusal::SamePerson
        | Refusal::SecondFactorDue => ApiError::Conflict(why.to_string()),
    }
}
