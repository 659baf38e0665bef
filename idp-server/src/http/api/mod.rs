//! Hilum's own API (`/api/v1`): resources behind access tokens, by the same rules as the pages.

mod error;
mod me;
mod token;

use actix_web::web;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/api/v1/me").get(me::show))
        .service(web::resource("/api/v1/me/sessions").get(me::sessions))
        .service(web::resource("/api/v1/me/sessions/{id}").delete(me::end_session));
}
