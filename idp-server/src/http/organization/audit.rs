//! `/organization/{id}/audit`: the organization's own record, and where its people went, with which
//! Tax ID, when. The newest is on top; the same list can be taken away as a file.

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use chrono::SecondsFormat;
use futures_util::stream;
use idp_core::{
    community::{permission::Denied, roster::csv},
    ids::SiteId,
};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::{
    nav,
    roster_files::{BYTE_ORDER_MARK, file},
};
use crate::{
    app::App,
    community::{
        Office,
        own_record::{self as use_case, By, Entry, Refusal, Sought, SoughtForm},
    },
    http::{
        console::{self, Entry as Door, OfOrganization},
        error::PageError,
        visit::{Visit, page},
    },
    pages::{
        OrganizationArea, OrganizationAuditPage, RecordActor, RecordAsked, RecordEntry,
        record_title,
    },
    sites::SiteCatalogue,
    store::{AnyConn, StoreError, audit::Cursor},
};

/// How many events a page has at most.
const SHOWN: usize = 50;
/// How many lines of a file are read at once.
const AT_ONCE: usize = 500;
/// The first line of a file.
const COLUMNS: [&str; 9] =
    ["at", "kind", "what", "whom", "site", "tax_ids", "roles", "by", "reason"];

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/organization/{id}/audit").get(show))
        .service(web::resource("/organization/{id}/audit/export").get(export));
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    what: String,
    #[serde(default)]
    person: String,
    #[serde(default)]
    site: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
    before: Option<String>,
}

impl Asked {
    /// What is asked for. A page of ours asks for nothing else (security 21.5); only days and a User
    /// ID are typed.
    fn read(&self) -> Result<Sought, PageError> {
        let form = SoughtForm {
            kind: &self.what,
            person: &self.person,
            site: &self.site,
            from: &self.from,
            until: &self.until,
        };
        form.read().map_err(|_| PageError::NotUnderstood)
    }

    fn before(&self) -> Result<Option<Cursor>, PageError> {
        let before = self.before.as_deref().map(str::parse).transpose();
        before.map_err(|_| PageError::NotUnderstood)
    }

    /// The address of the same list, elsewhere.
    fn address(&self, path: &str, before: Option<&Cursor>) -> String {
        let mut query = Serializer::new(String::new());
        let asked = [
            ("what", &self.what),
            ("person", &self.person),
            ("site", &self.site),
            ("from", &self.from),
            ("until", &self.until),
        ];
        for (name, value) in asked.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        if let Some(before) = before {
            query.append_pair("before", &before.to_string());
        }
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

async fn enter(
    visit: &Visit,
    id: &str,
    asked: Option<Query<Asked>>,
) -> Result<Door<(OfOrganization, Asked)>, PageError> {
    let desk = match console::organization(visit, id, None).await? {
        Door::Open(desk) => *desk,
        Door::Elsewhere(answer) => return Ok(Door::Elsewhere(answer)),
    };
    let asked = asked.ok_or(PageError::NotUnderstood)?.into_inner();
    Ok(Door::Open(Box::new((desk, asked))))
}

async fn show(visit: Visit, id: Path<String>, asked: Option<Query<Asked>>) -> HttpResponse {
    let outcome = async {
        match enter(&visit, &id, asked).await? {
            Door::Open(entered) => list(&visit, &entered.0, &entered.1).await,
            Door::Elsewhere(answer) => Ok(answer),
        }
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn list(
    visit: &Visit,
    desk: &OfOrganization,
    asked: &Asked,
) -> Result<HttpResponse, PageError> {
    let (sought, before) = (asked.read()?, asked.before()?);
    let is_older = before.is_some();
    let office = desk.at_work.office.clone();
    let read =
        move |conn: &mut AnyConn| use_case::read(conn, &office, &sought, before.as_ref(), SHOWN);
    let (nobody, found) = match visit.db.read(read).await? {
        Ok(found) => (false, found),
        Err(Refusal::Nobody) => (true, use_case::Found::default()),
        Err(Refusal::Denied(denied)) => return Err(refused(denied)),
    };
    let nav = nav(desk, OrganizationArea::Audit);
    let path = format!("/organization/{}/audit", nav.id);
    let sites = visit.sites.all();
    let content = OrganizationAuditPage {
        frame: visit.frame(),
        nav,
        asked: RecordAsked {
            what: &asked.what,
            person: &asked.person,
            site: &asked.site,
            from: &asked.from,
            until: &asked.until,
        },
        sites: sites
            .iter()
            .map(|entry| (entry.site.id.as_str(), entry.site.name.as_str()))
            .collect(),
        nobody,
        events: found.entries.into_iter().map(|entry| view(&visit.sites, entry)).collect(),
        export: asked.address(&format!("{path}/export"), None),
        newest: is_older.then(|| asked.address(&path, None)),
        older: found.next.map(|place| asked.address(&path, Some(&place))),
    };
    Ok(page(StatusCode::OK, &content))
}

const fn refused(denied: Denied) -> PageError {
    match denied {
        Denied::Forbidden => PageError::Forbidden,
        Denied::NotFound => PageError::NotFound,
    }
}

/// An entry with what its site is called, which outlives the site's record by its identifier.
fn view(sites: &SiteCatalogue, entry: Entry) -> RecordEntry {
    let name = |id: &SiteId| {
        let found = sites.find(id);
        found.map_or_else(|| id.to_string(), |entry| entry.site.name.clone())
    };
    RecordEntry {
        kind: entry.kind,
        at: entry.at,
        by: match entry.by {
            By::Hilum => RecordActor::Hilum,
            By::Own(name) => RecordActor::Named(name),
            By::Site(id) => RecordActor::Named(name(&id)),
            By::SomebodyElse => RecordActor::SomebodyElse,
        },
        whom: entry.whom,
        site: entry.site.as_ref().map(name),
        tax_ids: entry.tax_ids,
        roles: entry.roles,
        reason: entry.reason,
    }
}

async fn export(visit: Visit, id: Path<String>, asked: Option<Query<Asked>>) -> HttpResponse {
    let outcome = async {
        match enter(&visit, &id, asked).await? {
            Door::Open(entered) => take_away(&visit, &entered.0, &entered.1).await,
            Door::Elsewhere(answer) => Ok(answer),
        }
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn take_away(
    visit: &Visit,
    desk: &OfOrganization,
    asked: &Asked,
) -> Result<HttpResponse, PageError> {
    let sought = asked.read()?;
    let office = desk.at_work.office.clone();
    let write = move |conn: &mut AnyConn| use_case::export(conn, &office);
    if let Err(denied) = visit.db.write(write).await? {
        return Err(refused(denied));
    }
    let record = Record {
        app: visit.shared(),
        office: desk.at_work.office.clone(),
        sought,
        text: visit.frame().text,
        at: At::Header,
    };
    Ok(file(visit, "audit").streaming(stream::try_unfold(record, Record::next)))
}

/// The record on its way out: however long it is, some hundred lines are in memory.
struct Record {
    app: Arc<App>,
    office: Office,
    sought: Sought,
    text: &'static crate::pages::Messages,
    at: At,
}

/// How far it is.
enum At {
    End,
    Header,
    Behind(Option<Cursor>),
}

impl Record {
    /// The next part. An error ends the answer before its end, which browsers say.
    async fn next(self) -> Result<Option<(Bytes, Self)>, StoreError> {
        let before = match &self.at {
            At::End => return Ok(None),
            At::Header => {
                let header = COLUMNS.map(str::to_owned);
                let text = format!("{BYTE_ORDER_MARK}{}", csv::write([header.as_slice()]));
                return Ok(Some((Bytes::from(text), Self { at: At::Behind(None), ..self })));
            }
            At::Behind(before) => before.clone(),
        };
        let (office, sought) = (self.office.clone(), self.sought.clone());
        let read = move |conn: &mut AnyConn| {
            use_case::read(conn, &office, &sought, before.as_ref(), AT_ONCE)
        };
        // Nobody has the User ID: there is nothing to take away, and the file says so by its length.
        let Ok(found) = self.app.db.read(read).await? else { return Ok(None) };
        let line = |entry| self.line(view(&self.app.sites, entry));
        let lines: Vec<Vec<String>> = found.entries.into_iter().map(line).collect();
        if lines.is_empty() {
            return Ok(None);
        }
        let text = csv::write(lines.iter().map(Vec::as_slice));
        let at = found.next.map_or(At::End, |next| At::Behind(Some(next)));
        Ok(Some((Bytes::from(text), Self { at, ..self })))
    }

    fn line(&self, entry: RecordEntry) -> Vec<String> {
        let words = &self.text.record;
        let tax_ids = entry.tax_ids.iter().map(|one| one.as_deref().unwrap_or(words.former_tax_id));
        vec![
            entry.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            entry.kind.to_string(),
            record_title(self.text, entry.kind).to_owned(),
            entry.whom.unwrap_or_default(),
            entry.site.unwrap_or_default(),
            tax_ids.collect::<Vec<_>>().join("; "),
            entry.roles.join("; "),
            entry.by.shown(self.text).to_owned(),
            entry.reason.unwrap_or_default(),
        ]
    }
}
