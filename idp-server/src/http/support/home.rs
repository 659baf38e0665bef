//! `GET /support`: where the support desk begins.

use actix_web::{HttpResponse, http::StatusCode, web};

use crate::{
    http::{
        console::{self, Entry},
        error::PageError,
        visit::{Visit, page},
    },
    pages::{QueueView, SupportArea, SupportHomePage, SupportNav},
    store::waiting::waiting,
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/support").get(show));
}

async fn show(visit: Visit) -> HttpResponse {
    let outcome = home(&visit).await;
    visit.answer(outcome)
}

async fn home(visit: &Visit) -> Result<HttpResponse, PageError> {
    match console::support(visit, None).await? {
        Entry::Open(_) => {}
        Entry::Elsewhere(answer) => return Ok(answer),
    }
    let found = visit.db.read(waiting).await?;
    let queue = |id, address, waiting| QueueView { id, address, waiting };
    let queues = vec![
        queue("new-tickets", "/support/tickets?state=new", found.new_tickets),
        queue("tickets", "/support/tickets", found.tickets),
        queue("registrations", "/support/registrations?stage=review", found.registrations),
        queue("notary", "/support/registrations?stage=at-notary", found.notary),
        queue("tax-ids", "/support/tax-ids", found.tax_ids),
        queue("closings", "/support/closings", found.closings),
        queue("promotions", "/support/promotions", found.promotions),
    ];
    let nav = SupportNav { area: SupportArea::Home };
    Ok(page(StatusCode::OK, &SupportHomePage { frame: visit.frame(), nav, queues }))
}
