//! HTTP: two listeners, and what holds for every request and every answer.
//!
//! A request passes the [`door`] before any handler sees it, and its answer passes it on the way
//! out. Handlers live in folders by audience and know nothing of either listener.

mod account;
mod activate;
mod agreement;
mod api;
mod browser;
mod challenge;
pub mod client_address;
mod console;
mod demo;
mod door;
mod enrolment;
mod error;
mod forgot;
mod from_mail;
mod front;
mod gate;
pub mod headers;
pub mod health;
mod home;
mod identity;
mod inquiry;
mod oidc;
mod organization;
mod password_change;
mod public;
mod register;
mod round;
mod saml;
mod second_factor;
mod security;
pub mod server;
mod session;
mod sign_on;
mod sign_out;
mod support;
mod systems;
#[cfg(test)]
mod tests;
mod tls;
mod transaction;
mod upload;
mod visit;
mod visited;

use actix_web::web;

pub use api::document as api_document;
pub use door::ErrorPage;
pub use oidc::{Metadata, token_id};

/// The routes of the public listener.
pub fn routes(services: &mut web::ServiceConfig) {
    services
        .configure(oidc::routes)
        .configure(saml::routes)
        .configure(sign_on::routes)
        .configure(sign_out::routes)
        .configure(round::routes)
        .configure(account::routes)
        .configure(activate::routes)
        .configure(api::routes)
        .configure(console::routes)
        .configure(organization::routes)
        .configure(support::routes)
        .configure(public::routes)
        .configure(demo::routes)
        .configure(forgot::routes)
        .configure(register::routes)
        .configure(security::routes)
        .configure(systems::routes)
        .configure(from_mail::routes)
        .configure(home::routes);
}
