//! `/register/{id}.{link}`: the link from the mail. Opening it changes nothing; what goes on is the
//! code, typed and posted (security 17.6).

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Bytes, Path},
};
use idp_core::{
    authentication::{
        mailed_code::{LinkKey, MailedCode},
        throttle::{Attempt, Verdict},
    },
    ids::RegistrationId,
};

use super::way::{Way, acting};
use crate::{
    community::registrations::{self, Entered},
    http::{
        client_address::ClientAddress,
        error::PageError,
        visit::{Visit, page, set},
    },
    pages::{RegisterPage, RegisterProblem, RegisterStep, RegisterTyped},
};

/// What the form is for.
const PURPOSE: &str = "register-enter";

/// The same page whether or not there is such a registration: it is no secret, and no news either.
pub(super) async fn show(visit: Visit, key: Path<String>) -> HttpResponse {
    let outcome = parts(&key).map(|_| form(&visit, &key, StatusCode::OK, None));
    visit.answer(outcome)
}

/// The registration, and the key of its link.
fn parts(key: &str) -> Result<(RegistrationId, LinkKey), PageError> {
    let (id, link) = key.split_once('.').ok_or(PageError::NotFound)?;
    Ok((id.parse().map_err(|_| PageError::NotFound)?, LinkKey::received(link)))
}

fn form(
    visit: &Visit,
    key: &str,
    status: StatusCode,
    problem: Option<RegisterProblem>,
) -> HttpResponse {
    let (browser, cookie) = visit.browser();
    let content = RegisterPage {
        frame: visit.frame(),
        handle: "",
        form_token: &visit.form_token(&browser, PURPOSE),
        step: RegisterStep::Enter { key },
        typed: &RegisterTyped::default(),
        problem,
    };
    let mut answer = page(status, &content);
    set(&mut answer, cookie);
    answer
}

/// `POST /register/{id}.{link}`: link and code together lead on.
pub(super) async fn enter(visit: Visit, key: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = open(&visit, &key, &body).await;
    visit.answer(outcome)
}

async fn open(visit: &Visit, key: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let again = |status, problem| Ok(form(visit, key, status, Some(problem)));
    let Some(posted) = visit.own_form(body, PURPOSE) else {
        return again(StatusCode::FORBIDDEN, RegisterProblem::FormExpired);
    };
    let (id, link) = parts(key)?;
    let address = ClientAddress::of(&visit.request).0;
    let attempt = Attempt::WayBack { address, about: id.as_str() };
    if visit.throttle.judge(attempt) != Verdict::Go {
        return again(StatusCode::TOO_MANY_REQUESTS, RegisterProblem::Throttled);
    }
    let code = posted.find("code").and_then(MailedCode::typed);
    let (office, wanted) = (acting(visit, &id).await?, id.clone());
    let enter =
        move |conn: &mut _| registrations::enter(conn, &office, &wanted, &link, code.as_ref());
    match visit.db.write(enter).await? {
        Entered::Right => Way::begin(visit, id).await,
        Entered::Wrong => {
            visit.throttle.failed(attempt).await;
            again(StatusCode::FORBIDDEN, RegisterProblem::WrongCode)
        }
    }
}
