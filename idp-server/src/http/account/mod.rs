//! `/account`: a Subscriber's own pages, one file for each area.

mod activity;
mod agreements;
mod delete;
mod email;
mod leave;
mod offers;
mod overview;
mod password;
mod profile;
mod promotions;
mod questions;
mod rehearsal;
mod sessions;
mod shared;
mod sites;

use actix_web::{HttpResponse, cookie::Cookie, http::StatusCode, web};

use super::visit::{Visit, page};
use crate::pages::{AccountNav, Area, FormExpiredPage, StartAgain};

/// What forms of these pages are for, unless they say more.
const PURPOSE: &str = "account";

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .configure(activity::routes)
        .configure(agreements::routes)
        .configure(delete::routes)
        .configure(email::routes)
        .configure(leave::routes)
        .configure(offers::routes)
        .configure(overview::routes)
        .configure(password::routes)
        .configure(profile::routes)
        .configure(promotions::routes)
        .configure(questions::routes)
        .configure(rehearsal::routes)
        .configure(sessions::routes)
        .configure(shared::routes)
        .configure(sites::routes);
}

/// The navigation of a page.
pub fn nav(visit: &Visit, area: Area) -> AccountNav {
    AccountNav { area, has_questions: visit.password_policy.secret_questions }
}

/// The token for the forms of a page, and the cookie to set if the browser had no name yet.
pub fn form_token(visit: &Visit) -> (String, Option<Cookie<'static>>) {
    let (browser, cookie) = visit.browser();
    (visit.form_token(&browser, PURPOSE), cookie)
}

/// A form that is not from our own page in this browser: nothing was done, and here is a new one.
pub fn expired(visit: &Visit, area: Area) -> HttpResponse {
    let content = FormExpiredPage { frame: visit.frame(), start_again: StartAgain::Account(area) };
    page(StatusCode::FORBIDDEN, &content)
}
