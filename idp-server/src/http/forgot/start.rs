//! `/forgot/password`: the name, and the challenge before it.

use actix_web::{HttpResponse, http::StatusCode, web::Bytes};
use idp_core::{
    authentication::{
        recovery::{Next, Recovery},
        secret_questions,
        throttle::{Attempt, Verdict},
    },
    ids::SubscriberId,
    secret::SecretDigest,
};

use super::{
    opening::Opening,
    way::{Way, go_on_with, known_by},
};
use crate::{
    http::{client_address::ClientAddress, error::PageError, inquiry, visit::Visit},
    jobs::Inquiry,
    pages::{ForgotProblem, Forgotten},
    store::{secret_questions as questions, self_help, subscriber},
};

/// `GET /forgot/password`.
pub(super) async fn show(visit: Visit) -> HttpResponse {
    Opening::of(&visit, Forgotten::Password).page(StatusCode::OK, "", None)
}

/// `POST /forgot/password`: begins a way.
pub(super) async fn begin(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = start(&visit, &body).await;
    visit.answer(outcome)
}

async fn start(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let opening = Opening::of(visit, Forgotten::Password);
    let address = ClientAddress::of(&visit.request).0;
    let read = |typed: &str| {
        if typed.is_empty() {
            return Err((StatusCode::BAD_REQUEST, ForgotProblem::Missing));
        }
        let name: String = typed.chars().take(64).collect::<String>().to_ascii_lowercase();
        let attempt = Attempt::WayBack { address, about: &name };
        if visit.throttle.judge(attempt) != Verdict::Go {
            return Err((StatusCode::TOO_MANY_REQUESTS, ForgotProblem::Throttled));
        }
        Ok(name)
    };
    let name = match opening.passed(body, read).await? {
        Ok(name) => name,
        Err(page) => return Ok(page),
    };
    let (begun, asked) = prepare(visit, &name).await?;
    let Next::Go { way: recovery, mails_code } = begun else { return Err(PageError::Interrupted) };
    let handle = visit.random.secret();
    let way = Way::new(&opening.browser, &name, asked, recovery);
    way.keep(visit, handle.expose()).await?;
    if mails_code {
        let (way, gate) = (known_by(handle.expose()), recovery.gate);
        inquiry::write(visit, Inquiry::PasswordReset { name, way, gate }).await?;
    }
    Ok(go_on_with(handle.expose(), opening.cookie))
}

/// Where the way begins, and what is asked on it: the same reads for every name.
async fn prepare(
    visit: &Visit,
    name: &str,
) -> Result<(Next, Vec<secret_questions::Question>), PageError> {
    let (wanted, digest) = (name.to_owned(), SecretDigest::of(name));
    let (wrong, own) = visit
        .db
        .read(move |conn| {
            let wrong = self_help::wrong_answers(conn, &digest)?;
            let account = subscriber::for_sign_in(conn, &wanted)?;
            let nobody = || SubscriberId::from_random([0; 16]);
            let id = account.map_or_else(nobody, |account| account.subscriber.id);
            Ok((wrong, questions::find(conn, &id)?))
        })
        .await?;
    let key = visit.sub_keys.pretended_questions.expose();
    let asked = match own {
        Some(own) => own.questions,
        None => secret_questions::pretended(key, name),
    };
    Ok((Recovery::begin(&visit.password_policy, wrong), asked))
}
