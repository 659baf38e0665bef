//! What the desk does for a person, and to an account.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path},
};
use idp_core::{
    community::{
        account_life::{Command, Refusal},
        affiliation_life::Refusal as Ended,
        assistance,
    },
    ids::{OrganizationId, SubscriberId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{
        super::{
            door::{self, Desk},
            error::{ApiError, ProblemBody},
        },
        named, reason,
    },
    somebody,
};
use crate::{
    app::App,
    community::{
        Office,
        desk::{self, NotChanged, NotEnded, NotHelped},
        help::{self, Help, Helped},
    },
    http::oidc::json::{self, NoStore},
    store::AnyConn,
};

/// How somebody is helped who has shown who they are.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
#[schema(as = DesksHelp)]
pub(super) enum Aid {
    /// Make a code with which they set a new password, or come back if they were away too long.
    Code {},
    /// Have mail go to another address, which they prove.
    Email {
        /// The new address.
        address: String,
    },
    /// Remove second factors that were lost, after a wait.
    LostFactor {},
    /// Stop such a removal.
    StopRemoval {},
    /// Take a lock off before its time.
    Unlock {},
}

/// What was done.
#[derive(Serialize, ToSchema)]
pub(super) struct DeskHelped {
    /// To be handed over. Told once.
    code: Option<String>,
    user_id: Option<String>,
}

/// What is done to an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountDeed {
    action: AccountAction,
    /// Why, for the audit record: one line of at most 500 characters.
    reason: String,
}

/// Which way.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AccountAction {
    /// For good: the lead's.
    Close,
    /// Lift a stop.
    Resume,
    /// Stop it for now.
    Suspend,
    /// End it; a new nomination can bring it back.
    Terminate,
}

/// An affiliation to be ended.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EndedAffiliation {
    organization_id: String,
    /// Why, for the audit record: one line of at most 500 characters.
    reason: String,
}

/// `POST /api/v1/support/people/{person}/help`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/support/people/{person}/help", tag = "support",
    summary = "Help somebody who has shown who they are", params(("person" = String, Path)),
    request_body = Aid,
    responses((status = 200, body = DeskHelped), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn help(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> Result<NoStore<DeskHelped>, ApiError> {
    let desk = Desk::support_lately(app, &request).await?;
    let who: SubscriberId = named(&id)?;
    let aid = match door::body(&request, &body)? {
        Aid::Code {} => Help::Code,
        Aid::Email { address } => {
            Help::Email(address.parse().map_err(|why| ApiError::field("address", why))?)
        }
        Aid::LostFactor {} => Help::LostFactor,
        Aid::StopRemoval {} => Help::StopRemoval,
        Aid::Unlock {} => Help::Unlock,
    };
    let work = move |conn: &mut AnyConn, office: &Office| desk::help(conn, office, &who, &aid);
    Ok(NoStore(match desk.write(work).await?.map_err(not_helped)? {
        Helped::Code(user_id, code) => {
            DeskHelped { code: Some(code.shown().to_string()), user_id: Some(user_id.to_string()) }
        }
        Helped::Email | Helped::LostFactor | Helped::StopRemoval | Helped::Unlock => {
            DeskHelped { code: None, user_id: None }
        }
    }))
}

fn not_helped(why: NotHelped) -> ApiError {
    match why {
        NotHelped::Help(help::NotHelped::Assistance(assistance::Refusal::Denied(denied))) => {
            denied.into()
        }
        NotHelped::NotFound => ApiError::NotFound,
        NotHelped::Help(_) | NotHelped::NotVerified => ApiError::Conflict(why.to_string()),
    }
}

/// `POST /api/v1/support/people/{person}/account`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/support/people/{person}/account", tag = "support",
    summary = "Suspend, resume, terminate or close an account", params(("person" = String, Path)),
    request_body = AccountDeed,
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn change(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let desk = Desk::support_lately(app, &request).await?;
    let who: SubscriberId = named(&id)?;
    let deed: AccountDeed = door::body(&request, &body)?;
    let reason = reason(&deed.reason)?;
    let command = match deed.action {
        AccountAction::Close => Command::Close,
        AccountAction::Resume => Command::Resume,
        AccountAction::Suspend => Command::Suspend,
        AccountAction::Terminate => Command::Terminate,
    };
    let work = move |conn: &mut AnyConn, office: &Office| {
        desk::change_account(conn, office, &who, command, reason.clone())
    };
    desk.write(work).await?.map_err(not_changed)?;
    Ok(json::private(StatusCode::NO_CONTENT).finish())
}

fn not_changed(why: NotChanged) -> ApiError {
    match why {
        NotChanged::NotFound => ApiError::NotFound,
        NotChanged::Account(Refusal::Denied(denied)) => denied.into(),
        NotChanged::Account(_) | NotChanged::NotVerified => ApiError::Conflict(why.to_string()),
    }
}

/// `POST /api/v1/support/people/{person}/end-affiliation`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/support/people/{person}/end-affiliation", tag = "support",
    summary = "End what somebody does for one organization", params(("person" = String, Path)),
    request_body = EndedAffiliation,
    responses((status = 204), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn end_affiliation(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let desk = Desk::support_lately(app, &request).await?;
    let who = somebody(&desk, &id).await?;
    let ended: EndedAffiliation = door::body(&request, &body)?;
    let reason = reason(&ended.reason)?;
    let of: OrganizationId = ended
        .organization_id
        .parse()
        .map_err(|_| ApiError::field("organization_id", "there is no such organization"))?;
    let work = move |conn: &mut AnyConn, office: &Office| {
        desk::end_affiliation(conn, office, (&of, &who), reason.clone())
    };
    desk.write(work).await?.map_err(not_ended)?;
    Ok(json::private(StatusCode::NO_CONTENT).finish())
}

fn not_ended(why: NotEnded) -> ApiError {
    match why {
        NotEnded::Affiliation(Ended::Denied(denied)) => denied.into(),
        NotEnded::Affiliation(_) | NotEnded::NotVerified => ApiError::Conflict(why.to_string()),
    }
}
