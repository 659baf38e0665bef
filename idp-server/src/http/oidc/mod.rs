//! The OIDC front: protocol messages in, sign-on requests out, and back.

mod authorize;
mod client_authentication;
mod cors;
pub mod end_session;
pub mod holder;
mod introspect;
pub mod json;
mod metadata;
pub mod presented;
pub mod response;
mod revoke;
#[cfg(test)]
mod tests;
mod token;
pub mod userinfo;
mod witness;

use actix_web::{FromRequest, Handler, HttpResponse, Route, guard, middleware::from_fn, web};
pub use metadata::Metadata;
pub use token::mint::token_id;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    let for_pages = || from_fn(cors::for_public_clients);
    config
        .service(web::resource("/authorize").get(authorize::get).post(authorize::post))
        .service(web::resource("/end-session").get(end_session::get).post(end_session::post))
        .service(
            web::resource([
                "/.well-known/openid-configuration",
                "/.well-known/oauth-authorization-server",
            ])
            .route(read(metadata::discovery)),
        )
        .service(web::resource("/.well-known/hilum-roles").route(read(metadata::roles)))
        .service(web::resource("/jwks").route(read(metadata::jwks)))
        .service(endpoint("/token").post(token::token).wrap(for_pages()))
        .service(endpoint("/introspect").post(introspect::introspect))
        .service(endpoint("/revoke").post(revoke::revoke).wrap(for_pages()))
        .service(
            web::resource("/userinfo").get(userinfo::get).post(userinfo::post).wrap(for_pages()),
        );
}

/// A document that anybody may read, with GET or only its headers with HEAD (RFC 9110 §9.3.2).
fn read<F, Args>(handler: F) -> Route
where
    F: Handler<Args, Output = HttpResponse>,
    Args: FromRequest + 'static,
{
    web::route().guard(guard::Any(guard::Get()).or(guard::Head())).to(handler)
}

/// An endpoint that sites post to. Any other method is refused unread: its address may hold
/// secrets (security 2.1).
fn endpoint(path: &str) -> actix_web::Resource {
    web::resource(path).default_service(web::to(json::only_post))
}
