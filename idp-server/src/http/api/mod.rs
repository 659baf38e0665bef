//! Hilum's own API (`/api/v1`): resources behind access tokens, by the same rules as the pages.

mod document;
mod door;
mod error;
mod me;
mod nominations;
mod organizations;
mod people;
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
        .service(web::resource("/api/v1/organizations/{organization}").get(organizations::show))
        .service(web::resource("/api/v1/organizations/{organization}/people").get(people::list))
        .service(
            web::resource("/api/v1/organizations/{organization}/people/{person}").get(people::show),
        )
        .service(
            web::resource("/api/v1/organizations/{organization}/people/{person}/rights")
                .put(people::change_rights),
        )
        .service(
            web::resource("/api/v1/organizations/{organization}/people/{person}/standing")
                .post(people::change_standing),
        )
        .service(
            web::resource("/api/v1/organizations/{organization}/nominations")
                .get(nominations::list)
                .post(nominations::nominate),
        )
        .service(
            web::resource("/api/v1/organizations/{organization}/nominations/{nomination}")
                .delete(nominations::withdraw),
        )
        .service(
            web::resource("/api/v1/organizations/{organization}/nominations/{nomination}/resend")
                .post(nominations::resend),
        )
        .service(web::resource("/api/v1/me").get(me::show))
        .service(web::resource("/api/v1/me/sessions").get(me::sessions))
        .service(web::resource("/api/v1/me/sessions/{id}").delete(me::end_session));
}
