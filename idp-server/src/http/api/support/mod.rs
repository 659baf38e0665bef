//! `/api/v1/support`: the support desk's work, for a program such as the desk's own ticket system (scope
//! `hilum.support`). Each call acts as the person whose token it is, by their rank at this moment.

mod claims;
mod further;
mod identity;
mod organizations;
mod people;
mod promotions;
mod record;
mod registrations;
mod search;
mod tickets;

use std::{fmt::Display, str::FromStr};

use actix_web::web;
use idp_core::community::field::{LONGEST_NOTE, line};
use utoipa::OpenApi;

use super::error::ApiError;
use crate::store::place::Place;

/// The routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .configure(claims::routes)
        .configure(further::routes)
        .configure(organizations::routes)
        .configure(people::routes)
        .configure(promotions::routes)
        .configure(record::routes)
        .configure(registrations::routes)
        .configure(search::routes)
        .configure(tickets::routes);
}

/// Every operation here. One that is missing is found by a test.
#[derive(OpenApi)]
#[openapi(paths(
    claims::list,
    claims::show,
    claims::decide,
    further::list,
    further::show,
    further::decide,
    organizations::show,
    organizations::change_standing,
    organizations::change_data,
    organizations::make_code,
    organizations::withdraw,
    people::show,
    people::check,
    people::deeds::help,
    people::deeds::change,
    people::deeds::end_affiliation,
    promotions::list,
    promotions::show,
    promotions::decide,
    promotions::propose,
    record::list,
    registrations::list,
    registrations::show,
    registrations::decide,
    registrations::notary_form,
    search::search,
    tickets::list,
    tickets::show,
    tickets::act,
))]
pub(super) struct Described;

/// The pattern of something of the desk's.
fn at(rest: &str) -> String {
    format!("/api/v1/support{rest}")
}

/// What an identifier in the address names. One that can be nobody's is nobody's.
fn named<T: FromStr>(id: &str) -> Result<T, ApiError> {
    id.parse().map_err(|_| ApiError::NotFound)
}

/// Why something is done, for the audit record.
fn reason(text: &str) -> Result<String, ApiError> {
    line(text, LONGEST_NOTE).map_err(|why| ApiError::field("reason", why))
}

/// Where a list goes on behind a page that is full.
fn next<T, Id: Display>(found: &[T], most: i64, place: impl Fn(&T) -> Place<Id>) -> Option<String> {
    let is_full = i64::try_from(found.len()) == Ok(most);
    found.last().filter(|_| is_full).map(|last| place(last).to_string())
}
