//! `/register`: how an organization joins (R18–R22, R35–R37, R43–R49, R93; domain 4.1).
//!
//! A registration opens by two things together: the link in a mail, and the code that the page showed
//! at the beginning. Whoever has both is given a way, kept for one browser; what its page shows
//! follows from where the registration stands and from nothing that the browser sends (security
//! 17.2). A link that is only opened changes nothing.

mod agreement;
mod begin;
mod dialogue;
mod enter;
mod identity;
mod organization;
mod show;
mod way;
mod work;

use actix_web::{
    HttpResponse,
    web::{self, Bytes, Path},
};

use super::{error::PageError, visit::Visit};
pub use organization::typed as typed_number;
use way::Way;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/register").get(begin::show).post(begin::begin))
        .service(web::resource("/register/{key}").get(enter::show).post(enter::enter))
        .service(web::resource("/register/at/{handle}").get(show::show))
        .service(web::resource("/register/at/{handle}/form").get(show::notary_form))
        .service(web::resource("/register/at/{handle}/{step}").post(step));
}

async fn step(visit: Visit, at: Path<(String, String)>, body: Bytes) -> HttpResponse {
    let (handle, step) = at.into_inner();
    let outcome = take(&visit, &handle, &step, &body).await;
    visit.answer(outcome)
}

/// Takes the step that a form is for.
async fn take(
    visit: &Visit,
    handle: &str,
    step: &str,
    body: &Bytes,
) -> Result<HttpResponse, PageError> {
    let way = Way::load(visit, handle).await?;
    let Some(form) = visit.own_form(body, handle) else {
        return show::form_expired(visit, &way).await;
    };
    match step {
        "agreement" => agreement::sign(visit, &way, &form).await,
        "answer" => dialogue::answer(visit, &way, &form).await,
        "notary" => identity::go_to_notary(visit, &way).await,
        "organization" => organization::describe(visit, &way, &form).await,
        "test" => identity::begin(visit, &way, &form).await,
        "test-answers" => identity::judge(visit, &way, &form).await,
        "withdraw" => agreement::withdraw(visit, &way).await,
        "work" => work::tell(visit, &way, &form).await,
        _ => Err(PageError::NotFound),
    }
}
