//! `/support/audit`: the whole record, the newest first.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Query},
};
use idp_core::{
    audit::Event,
    ids::{OrganizationId, SubscriberId},
};
use serde::Deserialize;

use super::note;
use crate::{
    community::looking::Look,
    http::{
        console::{self, Entry},
        error::PageError,
        visit::{Visit, page},
    },
    pages::{
        Fact, FieldView, ListPage, ListPart, ListRow, Messages, SendBy, SupportArea, SupportNav,
    },
    store::audit::{self, Cursor, Filter},
};

/// How many events a page has at most.
const SHOWN: usize = 50;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/support/audit").get(show));
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    organization: String,
    #[serde(default)]
    subject: String,
    before: Option<String>,
}

impl Wanted {
    fn filter(&self) -> Result<Filter, PageError> {
        let organization = match self.organization.trim() {
            "" => None,
            id => Some(id.parse::<OrganizationId>().map_err(|_| PageError::NotUnderstood)?),
        };
        let subject = match self.subject.trim() {
            "" => None,
            id => Some(id.parse::<SubscriberId>().map_err(|_| PageError::NotUnderstood)?),
        };
        Ok(Filter { organization, subject })
    }
}

async fn show(visit: Visit, wanted: Option<Query<Wanted>>) -> HttpResponse {
    let outcome = async {
        let wanted = wanted.ok_or(PageError::NotUnderstood)?;
        list(&visit, &wanted).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn list(visit: &Visit, wanted: &Wanted) -> Result<HttpResponse, PageError> {
    let desk = match console::support(visit, None).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let filter = wanted.filter()?;
    let before = wanted.before.as_deref().map(str::parse::<Cursor>).transpose();
    let before = before.map_err(|_| PageError::NotUnderstood)?;
    let Filter { organization, subject } = filter.clone();
    note(visit, &desk.office, Look::Record { organization, subject }).await?;
    let read = move |conn: &mut _| audit::all(conn, &filter, before.as_ref(), SHOWN);
    let events = visit.db.read(read).await?;
    let text = visit.frame().text;
    let words = &text.desk;
    let next = events.last().filter(|_| events.len() == SHOWN).map(|last| {
        format!(
            "/support/audit?organization={}&subject={}&before={}",
            wanted.organization.trim(),
            wanted.subject.trim(),
            audit::behind(last)
        )
    });
    let content = ListPage {
        frame: visit.frame(),
        nav: SupportNav { area: SupportArea::Audit },
        lead: Some(words.audit_lead),
        fields: vec![
            FieldView {
                value: &wanted.organization,
                ..FieldView::line("organization", words.organization_id, 80).optional()
            },
            FieldView {
                value: &wanted.subject,
                ..FieldView::line("subject", words.subject_id, 80).optional()
            },
        ],
        action: "/support/audit",
        by: SendBy::Get,
        problem: None,
        parts: vec![ListPart {
            id: "events",
            heading: words.events,
            rows: events.iter().map(|event| row(text, event)).collect(),
            next,
        }],
    };
    Ok(page(StatusCode::OK, &content))
}

fn row(text: &'static Messages, event: &Event) -> ListRow {
    let words = &text.desk;
    let mut facts =
        vec![Fact::at(words.at, event.at), Fact::text(words.actor, event.actor.to_string())];
    facts.extend(event.organization.as_ref().map(|id| {
        Fact::link(words.organization, id.as_str(), format!("/support/organizations/{id}"))
    }));
    facts.extend(
        event
            .subject
            .as_ref()
            .map(|id| Fact::link(words.subject, id.as_str(), format!("/support/people/{id}"))),
    );
    facts.extend(event.site.as_ref().map(|id| Fact::text(words.site, id.as_str())));
    facts.extend(event.before.as_ref().map(|it| Fact::text(words.before, it.to_string())));
    facts.extend(event.after.as_ref().map(|it| Fact::text(words.after, it.to_string())));
    facts.extend(event.reason.as_ref().map(|why| Fact::text(words.why, &**why)));
    ListRow { title: event.kind.to_string(), address: None, badge: None, facts }
}
