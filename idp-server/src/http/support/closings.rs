//! `/support/closings`: organizations that are to be closed. An Administrator asked; the lead approves
//! on the organization's page, or anybody drops it there.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Query},
};
use idp_core::{
    community::organization_life::{Body, CLOSING_LASTS},
    ids::OrganizationId,
};
use serde::Deserialize;

use crate::{
    http::{
        console::{self, Entry},
        error::PageError,
        visit::{Visit, page},
    },
    pages::{Fact, ListPage, ListPart, ListRow, SendBy, SupportArea, SupportNav},
    store::{AnyConn, StoreError, organization, place::Place},
};

/// How many a page has at most: what waited longest.
const SHOWN: i64 = 50;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/support/closings").get(show));
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    after: Option<String>,
}

async fn show(visit: Visit, wanted: Option<Query<Wanted>>) -> HttpResponse {
    let outcome = async {
        let wanted = wanted.ok_or(PageError::NotUnderstood)?;
        list(&visit, wanted.after.as_deref()).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn list(visit: &Visit, after: Option<&str>) -> Result<HttpResponse, PageError> {
    let desk = match console::support(visit, None).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let after = after.map(str::parse::<Place<OrganizationId>>).transpose();
    let after = after.map_err(|_| PageError::NotUnderstood)?;
    let read = move |conn: &mut AnyConn| -> Result<_, StoreError> {
        let places = organization::to_be_closed(conn, after.as_ref(), SHOWN)?;
        let mut found = Vec::new();
        for place in &places {
            let named = organization::find(conn, &place.id)?;
            found.extend(named.zip(organization::body(conn, &place.id)?));
        }
        Ok((places, found))
    };
    let (places, found) = visit.db.read(read).await?;
    let words = &visit.frame().text.desk;
    let now = desk.office.now;
    let row = |name: String, body: &Body| {
        let wish = body.closing_at(now)?;
        Some(ListRow {
            title: name,
            address: Some(format!("/support/organizations/{}", body.id)),
            badge: None,
            facts: vec![
                Fact::at(words.asked_at, wish.at),
                Fact::at(words.closing_until, wish.at + CLOSING_LASTS),
            ],
        })
    };
    let is_full = i64::try_from(places.len()) == Ok(SHOWN);
    let part = ListPart {
        id: "closings",
        heading: words.closings,
        rows: found.into_iter().filter_map(|(named, body)| row(named.name, &body)).collect(),
        next: places
            .last()
            .filter(|_| is_full)
            .map(|last| format!("/support/closings?after={last}")),
    };
    let content = ListPage {
        frame: visit.frame(),
        nav: SupportNav { area: SupportArea::Search },
        lead: Some(words.closings_lead),
        fields: Vec::new(),
        action: "/support/closings",
        by: SendBy::Get,
        problem: None,
        parts: vec![part],
    };
    Ok(page(StatusCode::OK, &content))
}
