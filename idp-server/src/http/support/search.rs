//! `/support/search`: organizations by name or Tax ID, people by User ID, mail address or name, and
//! registrations at every stage by the same (R23).
//!
//! What is found is a name and where it works: no mail address, no User ID. Those are told to who has
//! shown who they are.
//!
//! What is typed is posted: nine digits may be somebody's Social Security number, and an address stands
//! in histories and logs (security 20.10). Only the search for a name has an address of its own, so that
//! its list can be paged.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Query},
};
use idp_core::{
    community::{organization::Organization, subscriber::Subscriber},
    ids::{OrganizationId, SubscriberId},
};
use serde::Deserialize;

use super::{note, registrations::row};
use crate::{
    community::{
        looking::Look,
        lookup::{self, LONGEST, Words},
    },
    http::{
        console::{self, AtWork, Entry, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{FieldView, ListPage, ListPart, ListRow, SendBy, SupportArea, SupportNav},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/support/search").get(show).post(ask));
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    q: String,
    organizations_after: Option<OrganizationId>,
    people_after: Option<SubscriberId>,
    registrations_after: Option<String>,
}

impl Wanted {
    fn read(self) -> Result<lookup::Wanted, PageError> {
        let after = self.registrations_after.as_deref().map(str::parse).transpose();
        Ok(lookup::Wanted {
            words: Words::read(&self.q).map_err(|_| PageError::NotUnderstood)?,
            organizations_after: self.organizations_after,
            people_after: self.people_after,
            registrations_after: after.map_err(|_| PageError::NotUnderstood)?,
        })
    }
}

async fn show(visit: Visit, wanted: Option<Query<Wanted>>) -> HttpResponse {
    let outcome = async {
        let wanted = wanted.ok_or(PageError::NotUnderstood)?;
        let desk = match console::support(&visit, None).await? {
            Entry::Open(desk) => desk,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let wanted = wanted.into_inner().read()?;
        if !wanted.words.may_stand_in_an_address() {
            return Err(PageError::NotUnderstood);
        }
        find(&visit, &desk, &wanted).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn ask(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = asked(&visit, &body).await;
    visit.answer(outcome)
}

async fn asked(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let desk = match console::support(visit, Some(body)).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let posted = match console::posted(visit, &desk.office, body, &["q"]).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    let words = Words::read(posted.find("q").unwrap_or_default());
    let words = words.map_err(|_| PageError::NotUnderstood)?;
    if words.may_stand_in_an_address() {
        let address = format!("/support/search?q={}", in_address(words.as_str()));
        return Ok(see_other(&address, []));
    }
    find(visit, &desk, &lookup::Wanted { words, ..lookup::Wanted::default() }).await
}

fn in_address(typed: &str) -> String {
    url::form_urlencoded::byte_serialize(typed.as_bytes()).collect()
}

async fn find(
    visit: &Visit,
    desk: &AtWork,
    wanted: &lookup::Wanted,
) -> Result<HttpResponse, PageError> {
    let typed = wanted.words.as_str();
    if let Some(by) = wanted.words.sought() {
        note(visit, &desk.office, Look::Search(by)).await?;
    }
    let (office, sought) = (desk.office.clone(), wanted.clone());
    let found = visit.db.read(move |conn| lookup::look(conn, &office, &sought)).await?;
    let text = visit.frame().text;
    let words = &text.desk;
    let next = |name: &str, place: Option<String>| {
        place.map(|place| format!("/support/search?q={}&{name}={place}", in_address(typed)))
    };
    let parts = vec![
        ListPart {
            id: "organizations",
            heading: words.organizations,
            next: next(
                "organizations_after",
                found.more_organizations.map(|place| place.to_string()),
            ),
            rows: found.organizations.into_iter().map(organization_row).collect(),
        },
        ListPart {
            id: "people",
            heading: words.people,
            next: next("people_after", found.more_people.map(|place| place.to_string())),
            rows: found.people.iter().map(person_row).collect(),
        },
        ListPart {
            id: "registrations",
            heading: words.registrations,
            next: next(
                "registrations_after",
                found.more_registrations.map(|place| place.to_string()),
            ),
            rows: found.registrations.iter().map(|found| row(text, found)).collect(),
        },
    ];
    let (form_token, cookie) = console::form_token(visit);
    let content = ListPage {
        frame: visit.frame(),
        nav: SupportNav { area: SupportArea::Search },
        lead: None,
        fields: vec![FieldView {
            value: typed,
            ..FieldView::line("q", words.search, LONGEST).with_hint(words.search_hint)
        }],
        action: "/support/search",
        by: SendBy::Post(&form_token),
        problem: None,
        parts: if typed.is_empty() { Vec::new() } else { parts },
    };
    Ok(console::with_form(page(StatusCode::OK, &content), cookie))
}

fn organization_row(found: Organization) -> ListRow {
    let address = Some(format!("/support/organizations/{}", found.id));
    ListRow { title: found.name, address, badge: None, facts: Vec::new() }
}

fn person_row(found: &Subscriber) -> ListRow {
    let address = Some(format!("/support/people/{}", found.id));
    ListRow { title: found.name(), address, badge: None, facts: Vec::new() }
}
