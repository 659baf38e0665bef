//! `/api/v1/organizations/{organization}/audit`: the organization's own record, and where its people
//! went, with which Tax ID, when.

use actix_web::{
    HttpRequest,
    web::{self, Path},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    door::{self, OrganizationDesk},
    error::{ApiError, ProblemBody},
};
use crate::{
    app::App,
    community::own_record::{self as use_case, By, Entry, Refusal, SoughtForm},
    http::oidc::json::NoStore,
    store::{AnyConn, audit::Cursor},
};

/// How many events a page has at most.
const SHOWN: usize = 100;

/// What the record is narrowed to, and where it goes on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// The kind of an event, such as `grant.issued` (somebody went to a site).
    #[serde(default)]
    kind: String,
    /// A User ID.
    #[serde(default)]
    person: String,
    /// The identifier of a site.
    #[serde(default)]
    site: String,
    /// The first day, `YYYY-MM-DD` (UTC).
    #[serde(default)]
    from: String,
    /// The last day.
    #[serde(default)]
    until: String,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of the record, the newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Record {
    events: Vec<Event>,
    /// What `after` says for the next page, if there is one.
    next: Option<String>,
}

/// Something that happened.
#[derive(Serialize, ToSchema)]
pub(super) struct Event {
    kind: &'static str,
    /// Seconds since 1970.
    at: i64,
    /// `hilum`, `own` (somebody of the organization), `site`, or `somebody-else`.
    by: &'static str,
    /// The name of whoever of the organization did it.
    by_name: Option<String>,
    /// About whom; of somebody who was asked and has not accepted, what was typed.
    about: Option<String>,
    site: Option<String>,
    /// With which Tax IDs somebody went to the site, as they may be shown; null: one that the
    /// organization no longer has.
    tax_ids: Vec<Option<String>>,
    /// The roles that somebody had from then on.
    roles: Vec<String>,
    reason: Option<String>,
}

impl From<Entry> for Event {
    fn from(entry: Entry) -> Self {
        let (by, by_name) = match entry.by {
            By::Hilum => ("hilum", None),
            By::Own(name) => ("own", Some(name)),
            By::Site(_) => ("site", None),
            By::SomebodyElse => ("somebody-else", None),
        };
        Self {
            kind: entry.kind.as_str(),
            at: entry.at.timestamp(),
            by,
            by_name,
            about: entry.whom,
            site: entry.site.map(|site| site.to_string()),
            tax_ids: entry.tax_ids,
            roles: entry.roles,
            reason: entry.reason,
        }
    }
}

/// `GET /api/v1/organizations/{organization}/audit`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/audit", tag = "audit",
    summary = "What happened in the organization, and where its people went",
    params(("organization" = String, Path), Asked),
    responses((status = 200, body = Record), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    organization: Path<String>,
) -> Result<NoStore<Record>, ApiError> {
    let own = OrganizationDesk::of(app, &request, &organization).await?;
    let asked: Asked = door::query(&request)?;
    let form = SoughtForm {
        kind: &asked.kind,
        person: &asked.person,
        site: &asked.site,
        from: &asked.from,
        until: &asked.until,
    };
    let sought = form.read().map_err(|invalid| ApiError::parameter(invalid.0))?;
    let after: Option<Cursor> = door::parameter("after", asked.after.as_deref())?;
    let office = own.desk.office.clone();
    let read =
        move |conn: &mut AnyConn| use_case::read(conn, &office, &sought, after.as_ref(), SHOWN);
    let found = match own.desk.app.db.read(read).await? {
        Ok(found) => found,
        Err(Refusal::Nobody) => use_case::Found::default(),
        Err(Refusal::Denied(denied)) => return Err(denied.into()),
    };
    let next = found.next.map(|place| place.to_string());
    Ok(NoStore(Record { events: found.entries.into_iter().map(Event::from).collect(), next }))
}
