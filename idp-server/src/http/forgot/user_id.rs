//! `/forgot/user-id`: answered by mail only, to the address that was typed (R56, R73). The page
//! tells nobody whether the address is known.

use actix_web::{HttpResponse, http::StatusCode, web::Bytes};
use idp_core::community::subscriber::EmailAddress;

use super::way::in_mailbox;
use crate::{
    http::{
        challenge::{self, Passed},
        error::PageError,
        inquiry,
        visit::{Visit, page, set},
    },
    jobs::Inquiry,
    pages::{ChallengeView, ForgotProblem, ForgotStartPage, Forgotten, Outcome, OutcomePage},
};

/// What the form of this page is for.
const PURPOSE: &str = "forgot-user-id";

/// `GET /forgot/user-id`.
pub(super) async fn show(visit: Visit) -> HttpResponse {
    let (browser, cookie) = visit.browser();
    let challenge = challenge::fresh(&visit, &browser, PURPOSE);
    let form_token = visit.form_token(&browser, PURPOSE);
    let mut answer = form(&visit, &form_token, StatusCode::OK, "", challenge, None);
    set(&mut answer, cookie);
    answer
}

fn form(
    visit: &Visit,
    form_token: &str,
    status: StatusCode,
    typed: &str,
    challenge: ChallengeView,
    problem: Option<ForgotProblem>,
) -> HttpResponse {
    let content = ForgotStartPage {
        frame: visit.frame(),
        form_token,
        what: Forgotten::UserId,
        typed,
        challenge: Some(challenge),
        problem,
    };
    page(status, &content)
}

/// `POST /forgot/user-id`.
pub(super) async fn ask(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = inquire(&visit, &body).await;
    visit.answer(outcome)
}

async fn inquire(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let (browser, cookie) = visit.browser();
    let form_token = visit.form_token(&browser, PURPOSE);
    let again = |status, typed: &str, challenge, problem| {
        let mut answer = form(visit, &form_token, status, typed, challenge, problem);
        set(&mut answer, cookie.clone());
        Ok(answer)
    };
    let fresh = || challenge::fresh(visit, &browser, PURPOSE);
    let Some(posted) = visit.own_form(body, PURPOSE) else {
        return again(StatusCode::FORBIDDEN, "", fresh(), Some(ForgotProblem::FormExpired));
    };
    let typed = posted.find("email").map(str::trim).unwrap_or_default();
    let Ok(address) = typed.parse::<EmailAddress>() else {
        return again(StatusCode::BAD_REQUEST, typed, fresh(), Some(ForgotProblem::NoAddress));
    };
    if let Passed::No(challenge) = challenge::judge(visit, &posted, PURPOSE).await? {
        let (status, problem) = match challenge.problem {
            Some(_) => (StatusCode::FORBIDDEN, Some(ForgotProblem::Challenge)),
            None => (StatusCode::OK, None),
        };
        return again(status, typed, challenge, problem);
    }
    inquiry::write(visit, Inquiry::ForgottenUserId { address }).await?;
    let (frame, in_mailbox) = (visit.frame(), in_mailbox(visit));
    Ok(page(StatusCode::OK, &OutcomePage { frame, outcome: Outcome::UserIdMailed, in_mailbox }))
}
