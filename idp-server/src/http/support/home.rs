//! `GET /support`: where the support desk begins.

use actix_web::{HttpResponse, http::StatusCode, web};

use crate::{
    http::{
        console::{self, Entry},
        error::PageError,
        visit::{Visit, page},
    },
    pages::{SupportArea, SupportHomePage, SupportNav},
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
    let nav = SupportNav { area: SupportArea::Home };
    Ok(page(StatusCode::OK, &SupportHomePage { frame: visit.frame(), nav }))
}
