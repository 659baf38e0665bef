//! Hilum's own API (`/api/v1`): resources behind access tokens, by the same rules as the pages.

mod access_requests;
mod catalogues;
mod document;
mod door;
mod error;
mod me;
mod nominations;
mod offers;
mod organizations;
mod parts;
mod people;
mod promotions;
mod record;
mod sites;
mod support;
mod systems;
mod tax_ids;
mod token;

use actix_web::web;

/// The document that tells programs what the API offers; `None` if it cannot be written.
pub fn document() -> Option<String> {
    document::text().ok()
}

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/api/v1/openapi.json").get(document::show))
        .service(web::resource("/api/v1/organizations").get(organizations::list))
        .service(web::resource(of("")).get(organizations::show))
        .service(web::resource(of("/sub-organizations")).get(parts::list).post(parts::add))
        .service(web::resource(of("/tax-ids")).get(tax_ids::list).post(tax_ids::ask))
        .service(web::resource(of("/tax-ids/{tax_id}")).delete(tax_ids::give_up))
        .service(web::resource(of("/tax-ids/asked-for/{further}")).delete(tax_ids::withdraw))
        .service(web::resource(of("/sites")).get(sites::list))
        .service(web::resource(of("/sites/{site}")).put(sites::switch))
        .service(web::resource(of("/audit")).get(record::list))
        .configure(system_clients)
        .service(web::resource(of("/access-requests")).get(access_requests::list))
        .service(web::resource(of("/access-requests/{request}")).delete(access_requests::decline))
        .configure(people)
        .configure(coming)
        .configure(catalogues::routes)
        .configure(support::routes)
        .service(web::resource("/api/v1/me").get(me::show))
        .service(web::resource("/api/v1/me/sessions").get(me::sessions))
        .service(web::resource("/api/v1/me/sessions/{id}").delete(me::end_session));
}

/// An organization's systems.
fn system_clients(config: &mut web::ServiceConfig) {
    let one = |rest: &str| web::resource(of(&format!("/system-clients/{{system}}{rest}")));
    config
        .service(web::resource(of("/system-clients")).get(systems::list).post(systems::create))
        .service(one("").delete(systems::revoke))
        .service(one("/code").post(systems::issue_code))
        .service(one("/renewal").post(systems::renew));
}

/// An organization's people.
fn people(config: &mut web::ServiceConfig) {
    config
        .service(web::resource(of("/people")).get(people::list))
        .service(web::resource(of("/people/{person}")).get(people::show))
        .service(web::resource(of("/people/{person}/rights")).put(people::change_rights))
        .service(web::resource(of("/people/{person}/standing")).post(people::change_standing))
        .service(
            web::resource(of("/people/{person}/promotion"))
                .post(promotions::propose)
                .delete(promotions::withdraw),
        );
}

/// Whoever is nominated or asked.
fn coming(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource(of("/nominations")).get(nominations::list).post(nominations::nominate),
        )
        .service(web::resource(of("/nominations/{nomination}")).delete(nominations::withdraw))
        .service(web::resource(of("/nominations/{nomination}/resend")).post(nominations::resend))
        .service(web::resource(of("/offers")).get(offers::list).post(offers::ask))
        .service(web::resource(of("/offers/{affiliation}")).delete(offers::take_back));
}

/// The pattern of something of one organization.
fn of(rest: &str) -> String {
    format!("/api/v1/organizations/{{organization}}{rest}")
}
