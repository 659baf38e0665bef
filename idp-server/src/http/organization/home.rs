//! `GET /organization/{id}`: where an Administrator begins.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Path},
};

use super::nav;
use crate::{
    http::{
        console::{self, Entry},
        error::PageError,
        visit::{Visit, page},
    },
    pages::{OrganizationArea, OrganizationHomePage},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/organization/{id}").get(show));
}

async fn show(visit: Visit, id: Path<String>) -> HttpResponse {
    let outcome = home(&visit, &id).await;
    visit.answer(outcome)
}

async fn home(visit: &Visit, id: &str) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, id, None).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let content =
        OrganizationHomePage { frame: visit.frame(), nav: nav(&desk, OrganizationArea::Home) };
    Ok(page(StatusCode::OK, &content))
}
