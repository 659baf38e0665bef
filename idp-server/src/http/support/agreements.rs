//! `/support/agreements`: which texts are in force. They are published on the command line.

use actix_web::{HttpResponse, http::StatusCode, web};

use crate::{
    http::{
        console::{self, Entry},
        error::PageError,
        visit::{Visit, page},
    },
    pages::{Fact, ListPage, ListPart, ListRow, SendBy, SupportArea, SupportNav},
    store::agreement,
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/support/agreements").get(show));
}

async fn show(visit: Visit) -> HttpResponse {
    let outcome = list(&visit).await;
    visit.answer(outcome)
}

async fn list(visit: &Visit) -> Result<HttpResponse, PageError> {
    match console::support(visit, None).await? {
        Entry::Open(_) => {}
        Entry::Elsewhere(answer) => return Ok(answer),
    }
    let in_force = visit.db.read(agreement::in_force).await?;
    let words = &visit.frame().text.desk;
    let rows = in_force.iter().map(|agreement| ListRow {
        title: agreement.text.title().to_owned(),
        address: Some(format!("/agreements/{}", agreement.id)),
        badge: Some(agreement.version.to_string()),
        facts: vec![Fact::at(words.published, agreement.published_at)],
    });
    let content = ListPage {
        frame: visit.frame(),
        nav: SupportNav { area: SupportArea::Agreements },
        lead: Some(words.agreements_lead),
        fields: Vec::new(),
        action: "/support/agreements",
        by: SendBy::Get,
        problem: None,
        parts: vec![ListPart {
            id: "agreements",
            heading: words.in_force,
            rows: rows.collect(),
            next: None,
        }],
    };
    Ok(page(StatusCode::OK, &content))
}
