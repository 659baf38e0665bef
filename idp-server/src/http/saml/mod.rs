//! The SAML front: protocol messages in, sign-on requests out, and back (SAML Profiles §4.1).

mod answer;
mod artifact;
mod ask;
mod carry;
mod error;
mod metadata;
mod slo;
mod sso;
mod start;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use actix_web::{HttpResponse, guard, http::StatusCode, web};
use idp_core::{
    oidc::params::Params,
    saml::{
        instant::SKEW,
        logout,
        redirect::{self, Direction, TransportError},
        service_provider::ServiceProvider,
        signature::Signer,
    },
};

pub use answer::answer;
pub use ask::{answered_at, ask, asked_at};
pub use error::SamlRefusal;
pub use slo::LogoutReply;

use super::{error::PageError, visit::Visit};
use crate::{app::App, ephemeral::Key, random::Random, sites::ProviderEntry};

/// The most that is read of a message that is posted (security 21.1).
const MAX_MESSAGE: usize = 512 * 1024;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    let read = || web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    config
        .service(web::resource("/saml/metadata").route(read().to(metadata::metadata)))
        .service(
            web::resource("/saml/sso")
                .app_data(web::PayloadConfig::new(MAX_MESSAGE))
                .get(sso::get)
                .post(sso::post),
        )
        .service(
            web::resource("/saml/slo")
                .app_data(web::PayloadConfig::new(MAX_MESSAGE))
                .get(slo::get)
                .post(slo::post),
        )
        .service(
            web::resource("/saml/artifact")
                .app_data(web::PayloadConfig::new(MAX_MESSAGE))
                .post(artifact::post),
        )
        .service(web::resource("/saml/start/{site}").get(start::get));
}

/// Which way a message goes: an answer is known by the name of its parameter, and everything else is
/// read as a request.
fn direction_of(parameters: &Params) -> Direction {
    let is_answer = parameters.find(Direction::Response.parameter()).is_some();
    if is_answer { Direction::Response } else { Direction::Request }
}

/// The message and `RelayState` of a form.
fn read_form(
    form: &Params,
    direction: Direction,
) -> Result<(String, Option<String>), TransportError> {
    form.well_formed().map_err(|_| TransportError::Encoding)?;
    let name = direction.parameter();
    let message = form.find(name).ok_or(TransportError::Missing(name))?;
    let relay_state = form.find("RelayState").map(str::to_owned);
    let relay_state = relay_state.map(redirect::checked_relay_state).transpose()?;
    Ok((redirect::read_posted(message)?, relay_state))
}

/// An answer to a site's server.
fn soap(message: &str) -> HttpResponse {
    HttpResponse::Ok().content_type("text/xml; charset=utf-8").body(logout::in_soap(message))
}

/// No answer to a site's server: a program reads it, so it gets no page.
fn no_soap(error: &PageError) -> HttpResponse {
    tracing::info!(%error, "a message by SOAP was refused");
    let status = StatusCode::from_u16(error.status());
    HttpResponse::build(status.unwrap_or(StatusCode::BAD_REQUEST)).finish()
}

/// Claims the message's identifier for as long as the message would be fresh. Without an answer it
/// counts as used (security 23.3).
async fn is_first(visit: &Visit, entry: &ProviderEntry, id: &str) -> Result<bool, PageError> {
    let ttl = (SKEW * 2).to_std().unwrap_or_default() + Duration::from_secs(1);
    let key = Key::saml_message(entry.site.id.as_str(), id);
    Ok(visit.ephemeral.put_if_absent(&key, b"", ttl).await?)
}

/// The key that signs for a site.
fn signer(app: &App, provider: &ServiceProvider) -> Result<Arc<impl Signer>, PageError> {
    let signer = app.saml.signer(provider.policy.signature_algorithm);
    signer.map_err(|error| PageError::unexpected(&error))
}

/// An identifier of 128 random bits that is an `xs:ID`: a URL-safe text after an underscore.
fn message_id(random: &Random) -> String {
    format!("_{}", super::token_id(random))
}
