//! `/api/v1/support/tax-id-claims`: numbers of one organization that another one's registration asks for,
//! and their release, which takes two persons (security 20.8).

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path},
};
use idp_core::{
    community::tax_id_registry::{Evidence, Ground, Refusal, Stage},
    ids::TaxIdId,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    super::{
        door::{self, Desk},
        error::{ApiError, ProblemBody},
    },
    at, named, next,
};
use crate::{
    app::App,
    community::{
        Office,
        tax_ids::{self as use_case, claim_before_support},
    },
    http::oidc::json::{self, NoStore},
    store::{
        AnyConn,
        place::Place,
        tax_id_claim::{self, Asked},
    },
};

/// How many a page has at most.
const SHOWN: i64 = 50;

/// The routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource(at("/tax-id-claims")).get(list))
        .service(web::resource(at("/tax-id-claims/{tax_id}")).get(show))
        .service(web::resource(at("/tax-id-claims/{tax_id}/decision")).post(decide));
}

/// Where the list goes on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of a list; what is to be answered first comes first.
#[derive(Serialize, ToSchema)]
pub(super) struct TaxIdClaims {
    claims: Vec<Listed>,
    /// What `after` says for the next page, if there is one.
    next: Option<String>,
}

/// A number that is asked for. The number itself is not told.
#[derive(Serialize, ToSchema)]
#[schema(as = TaxIdClaim)]
pub(super) struct Listed {
    /// The identifier of the Tax ID.
    tax_id: String,
    /// Whose it is.
    owner_id: String,
    /// Whose registration asks.
    registration_id: String,
    /// `disputed`, `nobody-left` or `works-for-us`.
    ground: &'static str,
    /// `asked`, `objected`, `proposed` or `agreed`.
    stage: &'static str,
    /// Seconds since 1970.
    asked_at: i64,
    /// From when on Support may decide without the owner's answer, in seconds since 1970.
    answer_due_at: i64,
    /// What the owner says.
    objection: Option<String>,
    /// What a release was proposed by.
    document: Option<String>,
}

/// What Support decides.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
#[schema(as = TaxIdClaimDecision)]
pub(super) enum Decided {
    /// Release the number, as the second person: the lead.
    Approve {},
    /// Leave the number with its owner.
    Keep {
        /// By which document: one line of at most 500 characters.
        document: String,
    },
    /// Propose to release it, as the first of two persons.
    Propose {
        /// By which document: one line of at most 500 characters.
        document: String,
    },
    /// Send the proposal back, as the lead.
    Reject {},
}

fn listed(asked: &Asked) -> Listed {
    let Asked { id, owner, claim } = asked;
    let (objection, document) = match &claim.stage {
        Stage::Objected(why) => (Some(why), None),
        Stage::Proposed { document, .. } => (None, Some(document)),
        Stage::Agreed { .. } | Stage::Asked => (None, None),
    };
    let words = |evidence: &Evidence| evidence.as_str().to_owned();
    Listed {
        tax_id: id.to_string(),
        owner_id: owner.to_string(),
        registration_id: claim.by.to_string(),
        ground: match claim.ground {
            Ground::Disputed => "disputed",
            Ground::NobodyLeft => "nobody-left",
            Ground::WorksForUs => "works-for-us",
        },
        stage: claim.stage.code(),
        asked_at: claim.opened_at.timestamp(),
        answer_due_at: claim.answer_due_at.timestamp(),
        objection: objection.map(words),
        document: document.map(words),
    }
}

/// `GET /api/v1/support/tax-id-claims`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/support/tax-id-claims", tag = "support",
    summary = "Tax IDs of one organization that another one asks for", params(Wanted),
    responses((status = 200, body = TaxIdClaims), (status = 400, body = ProblemBody),
        (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn list(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<NoStore<TaxIdClaims>, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let wanted: Wanted = door::query(&request)?;
    let after = door::parameter::<Place<TaxIdId>>("after", wanted.after.as_deref())?
        .and_then(Place::into_parts);
    let read = move |conn: &mut AnyConn, _: &Office| {
        tax_id_claim::all_asked(conn, after.as_ref().map(|(at, id)| (*at, id)), SHOWN)
    };
    let found = desk.read(read).await?;
    let next = next(&found, SHOWN, |last| Place::at(last.claim.answer_due_at, last.id.clone()));
    Ok(NoStore(TaxIdClaims { claims: found.iter().map(listed).collect(), next }))
}

/// `GET /api/v1/support/tax-id-claims/{tax_id}`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/support/tax-id-claims/{tax_id}", tag = "support",
    summary = "One Tax ID that another organization asks for", params(("tax_id" = String, Path)),
    responses((status = 200, body = Listed), (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<NoStore<Listed>, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let id = named(&id)?;
    let find = move |conn: &mut AnyConn, _: &Office| claim_before_support(conn, &id);
    let found = desk.read(find).await?.ok_or(ApiError::NotFound)?;
    Ok(NoStore(listed(&found)))
}

/// `POST /api/v1/support/tax-id-claims/{tax_id}/decision`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/support/tax-id-claims/{tax_id}/decision", tag = "support",
    summary = "Propose or approve a release, or leave the Tax ID with its owner",
    params(("tax_id" = String, Path)), request_body = Decided,
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn decide(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let id: TaxIdId = named(&id)?;
    let read = |text: &str| Evidence::read(text).map_err(|why| ApiError::field("document", why));
    let deed = match door::body(&request, &body)? {
        Decided::Approve {} => Deed::Approve,
        Decided::Keep { document } => Deed::Keep(read(&document)?),
        Decided::Propose { document } => Deed::Propose(read(&document)?),
        Decided::Reject {} => Deed::Reject,
    };
    let work = move |conn: &mut AnyConn, office: &Office| match &deed {
        Deed::Approve => use_case::approve_release(conn, office, &id),
        Deed::Keep(why) => use_case::keep(conn, office, &id, why.clone()),
        Deed::Propose(what) => use_case::propose_release(conn, office, &id, what.clone()),
        Deed::Reject => use_case::reject_release(conn, office, &id),
    };
    desk.write(work).await?.map_err(refused)?;
    Ok(json::private(StatusCode::NO_CONTENT).finish())
}

/// Which of the use cases, with what was read.
enum Deed {
    Approve,
    Keep(Evidence),
    Propose(Evidence),
    Reject,
}

fn refused(why: Refusal) -> ApiError {
    match why {
        Refusal::Denied(denied) => denied.into(),
        Refusal::ClaimedAlready
        | Refusal::LastNumber
        | Refusal::NothingToDecide
        | Refusal::NotYet { .. }
        | Refusal::SamePerson
        | Refusal::Taken => ApiError::Conflict(why.to_string()),
    }
}
