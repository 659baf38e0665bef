//! `/api/v1/support/audit`: the whole record, the newest first.

use actix_web::{HttpRequest, web};
use idp_core::audit;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    super::{
        door::{self, Desk},
        error::{ApiError, ProblemBody},
    },
    at,
};
use crate::{
    app::App,
    community::{Office, looking::Look},
    http::oidc::json::NoStore,
    store::{
        AnyConn,
        audit::{self as stored, Cursor, Filter},
    },
};

/// How many events a page has at most.
const SHOWN: usize = 100;

/// The routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource(at("/audit")).get(list));
}

/// What the record is narrowed to, and where it goes on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// The identifier of an organization: what is about it.
    organization: Option<String>,
    /// The identifier of a person: what happened to them.
    subject: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of the record, the newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct WholeRecord {
    events: Vec<RecordedEvent>,
    /// What `after` says for the next page, if there is one.
    next: Option<String>,
}

/// Something that happened.
#[derive(Serialize, ToSchema)]
pub(super) struct RecordedEvent {
    /// Such as `org.approved`.
    kind: &'static str,
    /// Seconds since 1970.
    at: i64,
    /// Who did it, and as what: `support:sub_…`, `job:…`, `nobody`.
    actor: String,
    organization_id: Option<String>,
    /// The identifier of the person to whom it happened.
    subject_id: Option<String>,
    site: Option<String>,
    /// How it was before.
    #[schema(value_type = Option<Object>)]
    before: Option<serde_json::Value>,
    /// How it was afterwards.
    #[schema(value_type = Option<Object>)]
    after: Option<serde_json::Value>,
    reason: Option<String>,
}

fn event(event: &audit::Event) -> RecordedEvent {
    RecordedEvent {
        kind: event.kind.as_str(),
        at: event.at.timestamp(),
        actor: event.actor.to_string(),
        organization_id: event.organization.as_ref().map(ToString::to_string),
        subject_id: event.subject.as_ref().map(ToString::to_string),
        site: event.site.as_ref().map(ToString::to_string),
        before: event.before.clone(),
        after: event.after.clone(),
        reason: event.reason.clone(),
    }
}

/// `GET /api/v1/support/audit`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/support/audit", tag = "support",
    summary = "The whole record, the newest first", params(Asked),
    responses((status = 200, body = WholeRecord), (status = 400, body = ProblemBody),
        (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn list(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<NoStore<WholeRecord>, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let asked: Asked = door::query(&request)?;
    let filter = Filter {
        organization: door::parameter("organization", asked.organization.as_deref())?,
        subject: door::parameter("subject", asked.subject.as_deref())?,
    };
    let after: Option<Cursor> = door::parameter("after", asked.after.as_deref())?;
    let Filter { organization, subject } = filter.clone();
    desk.note(Look::Record { organization, subject }).await?;
    let read =
        move |conn: &mut AnyConn, _: &Office| stored::all(conn, &filter, after.as_ref(), SHOWN);
    let found = desk.read(read).await?;
    let next = found.last().filter(|_| found.len() == SHOWN).map(stored::behind);
    let events = found.iter().map(event).collect();
    Ok(NoStore(WholeRecord { events, next: next.map(|place| place.to_string()) }))
}
