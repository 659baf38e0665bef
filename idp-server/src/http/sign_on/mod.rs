//! The pages of a sign-on: one page and one POST for each step of the engine.

mod affiliation;
mod agreement;
mod leave;
mod notice;
mod password;
mod progress;
mod show;

use actix_web::{HttpResponse, http::StatusCode, web};

pub use progress::{begin, policy_of_own_page};
pub use show::lock_minutes;

use super::visit::{Visit, page};
use crate::pages::{FormExpiredPage, StartAgain};

/// The routes below `/sign-on`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/sign-on/{handle}").get(show::show))
        .service(web::resource("/sign-on/{handle}/password").post(password::check))
        .service(web::resource("/sign-on/{handle}/affiliation").post(affiliation::choose))
        .service(web::resource("/sign-on/{handle}/agreement").post(agreement::answer))
        .service(web::resource("/sign-on/{handle}/notice").post(notice::confirm))
        .service(web::resource("/sign-on/{handle}/cancel").post(leave::cancel))
        .service(web::resource("/sign-on/{handle}/switch").post(leave::switch));
}

/// A form that is not from our own page in this browser (security 15.1): the person gets a new one.
fn expired(visit: &Visit, handle: &str) -> HttpResponse {
    let content = FormExpiredPage { frame: visit.frame(), start_again: StartAgain::SignOn(handle) };
    page(StatusCode::FORBIDDEN, &content)
}
