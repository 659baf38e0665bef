//! `/forgot/user-id`: answered by mail only, to the address that was typed (R56, R73). The page
//! tells nobody whether the address is known.

use actix_web::{HttpResponse, http::StatusCode, web::Bytes};
use idp_core::community::subscriber::EmailAddress;

use super::{opening::Opening, way::in_mailbox};
use crate::{
    http::{
        error::PageError,
        inquiry,
        visit::{Visit, page},
    },
    jobs::Inquiry,
    pages::{ForgotProblem, Forgotten, Outcome, OutcomePage},
};

/// `GET /forgot/user-id`.
pub(super) async fn show(visit: Visit) -> HttpResponse {
    Opening::of(&visit, Forgotten::UserId).page(StatusCode::OK, "", None)
}

/// `POST /forgot/user-id`.
pub(super) async fn ask(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = inquire(&visit, &body).await;
    visit.answer(outcome)
}

async fn inquire(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let read = |typed: &str| {
        let none = (StatusCode::BAD_REQUEST, ForgotProblem::NoAddress);
        typed.parse::<EmailAddress>().map_err(|_| none)
    };
    let address = match Opening::of(visit, Forgotten::UserId).passed(body, read).await? {
        Ok(address) => address,
        Err(page) => return Ok(page),
    };
    inquiry::write(visit, Inquiry::ForgottenUserId { address }).await?;
    let (frame, in_mailbox) = (visit.frame(), in_mailbox(visit));
    Ok(page(StatusCode::OK, &OutcomePage { frame, outcome: Outcome::UserIdMailed, in_mailbox }))
}
