//! `/organization/{id}`: the Administrator's console, one file for each area.

mod affiliate;
mod audit;
mod data;
mod ending;
mod home;
mod nominate;
mod nominations;
mod parts;
mod people;
mod person;
mod requests;
mod review;
mod roster;
mod roster_files;
mod sites;
mod systems;
mod tax_ids;

use actix_web::web;

use super::console::OfOrganization;
use crate::pages::{OrganizationArea, OrganizationNav};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .configure(affiliate::routes)
        .configure(audit::routes)
        .configure(data::routes)
        .configure(ending::routes)
        .configure(home::routes)
        .configure(nominate::routes)
        .configure(nominations::routes)
        .configure(parts::routes)
        .configure(people::routes)
        .configure(person::routes)
        .configure(requests::routes)
        .configure(review::routes)
        .configure(roster_files::routes)
        .configure(roster::routes)
        .configure(sites::routes)
        .configure(systems::routes)
        .configure(tax_ids::routes);
}

/// The navigation of a page.
pub fn nav(desk: &OfOrganization, area: OrganizationArea) -> OrganizationNav<'_> {
    let organization = &desk.affiliation.organization;
    OrganizationNav { id: organization.id.as_str(), name: &organization.name, area }
}
