//! `/api/v1/support/further-tax-ids`: numbers that organizations ask for beside their own (R22).

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path},
};
use idp_core::{
    community::{
        further_number::{Command, Refusal},
        ticket::Message,
    },
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
        further_numbers::{self as use_case, NotAccepted},
    },
    http::oidc::json::{self, NoStore},
    store::{
        AnyConn,
        further_number::{self, Waiting},
        place::Place,
    },
};

/// How many a page has at most.
const SHOWN: i64 = 50;

/// The routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource(at("/further-tax-ids")).get(list))
        .service(web::resource(at("/further-tax-ids/{tax_id}")).get(show))
        .service(web::resource(at("/further-tax-ids/{tax_id}/decision")).post(decide));
}

/// Where the list goes on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of a list; what has waited the longest comes first.
#[derive(Serialize, ToSchema)]
pub(super) struct FurtherTaxIds {
    further_tax_ids: Vec<Listed>,
    /// What `after` says for the next page, if there is one.
    next: Option<String>,
}

/// A number that an organization asks for.
#[derive(Serialize, ToSchema)]
#[schema(as = FurtherTaxId)]
pub(super) struct Listed {
    /// The identifier that the Tax ID will have.
    id: String,
    organization_id: String,
    /// The identifier of the Administrator who asks.
    asked_by: String,
    /// Seconds since 1970.
    asked_at: i64,
    /// The number as it may be shown; of a personal one the last four digits.
    shown: String,
}

/// The same, and whose the number is today.
#[derive(Serialize, ToSchema)]
#[schema(as = FurtherTaxIdBeforeSupport)]
pub(super) struct Shown {
    request: Listed,
    /// The organization that has the number already: there is a dispute then, or a slip of the pen.
    holder_id: Option<String>,
}

/// What Support decides.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
#[schema(as = FurtherTaxIdDecision)]
pub(super) enum Decided {
    /// It is theirs: register it.
    Accept {},
    /// It is not.
    Refuse {
        /// What the organization is told: one line of at most 500 characters.
        reason: String,
    },
}

fn listed(waiting: &Waiting) -> Listed {
    let Waiting { further, number } = waiting;
    Listed {
        id: further.id.to_string(),
        organization_id: further.organization.to_string(),
        asked_by: further.asked_by.to_string(),
        asked_at: further.asked_at.timestamp(),
        shown: number.shown(),
    }
}

/// `GET /api/v1/support/further-tax-ids`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/support/further-tax-ids", tag = "support",
    summary = "Further Tax IDs that organizations ask for", params(Wanted),
    responses((status = 200, body = FurtherTaxIds), (status = 400, body = ProblemBody),
        (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn list(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<NoStore<FurtherTaxIds>, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let wanted: Wanted = door::query(&request)?;
    let after = door::parameter::<Place<TaxIdId>>("after", wanted.after.as_deref())?
        .and_then(Place::into_parts);
    let read = move |conn: &mut AnyConn, office: &Office| {
        let after = after.as_ref().map(|(at, id)| (*at, id));
        further_number::queue(conn, after, SHOWN, office.open_ssn.as_ref())
    };
    let found = desk.read(read).await?;
    let place = |last: &Waiting| Place::at(last.further.asked_at, last.further.id.clone());
    let next = next(&found, SHOWN, place);
    Ok(NoStore(FurtherTaxIds { further_tax_ids: found.iter().map(listed).collect(), next }))
}

/// `GET /api/v1/support/further-tax-ids/{tax_id}`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/support/further-tax-ids/{tax_id}", tag = "support",
    summary = "One further Tax ID, and whose it is today", params(("tax_id" = String, Path)),
    responses((status = 200, body = Shown), (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<NoStore<Shown>, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let id: TaxIdId = named(&id)?;
    let find =
        move |conn: &mut AnyConn, office: &Office| use_case::before_support(conn, office, &id);
    let found = desk.read(find).await?.ok_or(ApiError::NotFound)?;
    let holder_id = found.holder.map(|holder| holder.to_string());
    Ok(NoStore(Shown { request: listed(&found.waiting), holder_id }))
}

/// `POST /api/v1/support/further-tax-ids/{tax_id}/decision`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/support/further-tax-ids/{tax_id}/decision", tag = "support",
    summary = "Accept or refuse a further Tax ID", params(("tax_id" = String, Path)),
    request_body = Decided,
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn decide(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let id: TaxIdId = named(&id)?;
    let command = match door::body(&request, &body)? {
        Decided::Accept {} => Command::Accept,
        Decided::Refuse { reason } => {
            let reason = Message::read(&reason).map_err(|why| ApiError::field("reason", why))?;
            Command::Refuse(reason)
        }
    };
    let work = move |conn: &mut AnyConn, office: &Office| {
        use_case::decide(conn, office, &id, command.clone())
    };
    desk.write(work).await?.map_err(refused)?;
    Ok(json::private(StatusCode::NO_CONTENT).finish())
}

fn refused(why: NotAccepted) -> ApiError {
    match why {
        NotAccepted::Refused(Refusal::Denied(denied)) => denied.into(),
        // What was decided or taken back is gone, as what never was.
        NotAccepted::Over => ApiError::NotFound,
        NotAccepted::Refused(
            why @ (Refusal::AskedAlready | Refusal::OwnOrganization | Refusal::TooMany),
        ) => ApiError::Conflict(why.to_string()),
        NotAccepted::Taken => {
            ApiError::Conflict("another organization has this number, or registers with it".into())
        }
    }
}
