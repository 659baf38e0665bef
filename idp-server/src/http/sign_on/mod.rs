//! The pages of a sign-on: one page and one POST for each step of the engine.

mod affiliation;
mod agreement;
mod enrol;
mod factor;
mod factor_page;
mod leave;
mod notice;
mod passkey;
mod password;
mod progress;
mod show;

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{HeaderValue, RETRY_AFTER},
    },
    web,
};

pub use enrol::{Drawn, What, ask_for_new, problem_of, take_new};
pub use progress::{begin, policy_of_own_page};
pub use show::reason_of;

use super::visit::{Visit, page};
use crate::pages::{FormExpiredPage, StartAgain};

/// The routes below `/sign-on`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/sign-on/{handle}").get(show::show))
        .service(web::resource("/sign-on/{handle}/password").post(password::check))
        .service(web::resource("/sign-on/{handle}/passkey").post(passkey::answer))
        .service(web::resource("/sign-on/{handle}/passkey/options").post(passkey::options))
        .service(web::resource("/sign-on/{handle}/factor/email").post(factor::email))
        .service(web::resource("/sign-on/{handle}/factor/email/send").post(factor::send))
        .service(web::resource("/sign-on/{handle}/factor/recovery").post(factor::recovery))
        .service(web::resource("/sign-on/{handle}/factor/totp").post(factor::totp))
        .service(web::resource("/sign-on/{handle}/enrol/app").post(enrol::app))
        .service(web::resource("/sign-on/{handle}/enrol/passkey").post(enrol::passkey))
        .service(
            web::resource("/sign-on/{handle}/enrol/passkey/options").post(enrol::passkey_options),
        )
        .service(web::resource("/sign-on/{handle}/affiliation").post(affiliation::choose))
        .service(web::resource("/sign-on/{handle}/agreement").post(agreement::answer))
        .service(web::resource("/sign-on/{handle}/notice").post(notice::confirm))
        .service(web::resource("/sign-on/{handle}/cancel").post(leave::cancel))
        .service(web::resource("/sign-on/{handle}/switch").post(leave::switch));
}

/// A form that is not from our own page in this browser (security 15.1): the person gets a new one.
fn expired(visit: &Visit, handle: &str) -> HttpResponse {
    let content = FormExpiredPage { frame: visit.frame(), start_again: StartAgain::SignOn(handle) };
    page(StatusCode::FORBIDDEN, &content)
}

/// Tells the browser when to come back (RFC 6585 §4).
fn later(mut answer: HttpResponse, seconds: u64) -> HttpResponse {
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    answer
}
