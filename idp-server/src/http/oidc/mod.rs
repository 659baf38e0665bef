//! The OIDC front: protocol messages in, sign-on requests out, and back.

mod authorize;
pub mod end_session;
pub mod response;

use actix_web::web;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/authorize").get(authorize::get).post(authorize::post))
        .service(web::resource("/end-session").get(end_session::get).post(end_session::post));
}
