//! `/forgot/password`: the name, and the challenge before it.

use actix_web::{HttpResponse, http::StatusCode, web::Bytes};
use idp_core::{
    authentication::{
        recovery::{Recovery, Step},
        secret_questions,
        throttle::{Attempt, Verdict},
    },
    ids::SubscriberId,
    secret::SecretDigest,
};

use super::way::Way;
use crate::{
    http::{
        challenge::{self, Passed},
        client_address::ClientAddress,
        error::PageError,
        inquiry,
        visit::{Visit, page, see_other, set},
    },
    jobs::Inquiry,
    pages::{ChallengeView, ForgotProblem, ForgotStartPage, Forgotten},
    store::{secret_questions as questions, self_help, subscriber},
};

/// What the form of this page is for.
const PURPOSE: &str = "forgot-password";

/// `GET /forgot/password`.
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
        what: Forgotten::Password,
        typed,
        challenge: Some(challenge),
        problem,
    };
    page(status, &content)
}

/// `POST /forgot/password`: begins a way.
pub(super) async fn begin(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = start(&visit, &body).await;
    visit.answer(outcome)
}

async fn start(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
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
    let typed = posted.find("username").map(str::trim).unwrap_or_default();
    if typed.is_empty() {
        return again(StatusCode::BAD_REQUEST, "", fresh(), Some(ForgotProblem::Missing));
    }
    let name: String = typed.chars().take(64).collect::<String>().to_ascii_lowercase();
    let attempt = Attempt::SignIn { address: ClientAddress::of(&visit.request).0, user_id: &name };
    if visit.throttle.judge(attempt) != Verdict::Go {
        let problem = Some(ForgotProblem::Throttled);
        return again(StatusCode::TOO_MANY_REQUESTS, typed, fresh(), problem);
    }
    if let Passed::No(challenge) = challenge::judge(visit, &posted, PURPOSE).await? {
        // Asking for a new one is no mistake.
        let (status, problem) = match challenge.problem {
            Some(_) => (StatusCode::FORBIDDEN, Some(ForgotProblem::Challenge)),
            None => (StatusCode::OK, None),
        };
        return again(status, typed, challenge, problem);
    }
    let way = prepare(visit, &name).await?;
    let way = Way::new(&browser, &name, way.1, way.0);
    if way.recovery.step == Step::MailedCode {
        inquiry::write(visit, Inquiry::PasswordReset { name }).await?;
    }
    let handle = visit.random.secret();
    way.keep(visit, handle.expose()).await?;
    Ok(see_other(&format!("/forgot/password/{}", handle.expose()), cookie))
}

/// Where the way begins, and what is asked on it: the same reads for every name.
async fn prepare(
    visit: &Visit,
    name: &str,
) -> Result<(Recovery, Vec<secret_questions::Question>), PageError> {
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
