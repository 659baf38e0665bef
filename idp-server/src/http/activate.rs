//! `/activate/{nomination}.{link}`: taking a User ID over. The link alone opens nothing and a GET
//! changes nothing (security 17.6); the page is the same for every link that there could be.
//!
//! Two forms, and no state between them: the second one sends the code again, so that neither can be
//! passed over.

use std::collections::BTreeSet;

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path},
};
use idp_core::{
    authentication::{
        mailed_code::{LinkKey, MailedCode},
        password_policy::{Objection, Password},
        secret_questions::{self, Question},
        throttle::{Attempt, Verdict},
    },
    community::nomination::Refusal,
    ids::AgreementId,
    oidc::params::Params,
};

use super::{
    client_address::ClientAddress,
    console::office_of,
    error::PageError,
    visit::{Visit, page, set},
};
use crate::{
    community::activation::{self, Chosen, Pair, Recognized},
    pages::{
        ActivateAccountPage, ActivatePage, ActivateProblem, ActivatedPage, AgreementView, Wrong,
    },
    passwords::PasswordError,
    store::{AnyConn, StoreError},
};

/// What the forms are for.
const PURPOSE: &str = "activate";

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/activate/{link}").get(show).post(take));
}

async fn show(visit: Visit, link: Path<String>) -> HttpResponse {
    let outcome = pair(&link, None).map(|_| ask(&visit, &link, StatusCode::OK, None));
    visit.answer(outcome)
}

/// What a link says. It is not looked up here.
fn pair(link: &str, code: Option<MailedCode>) -> Result<Pair, PageError> {
    let (nomination, key) = link.split_once('.').ok_or(PageError::NotFound)?;
    let nomination = nomination.parse().map_err(|_| PageError::NotFound)?;
    Ok(Pair { nomination, link: LinkKey::received(key), code })
}

fn ask(
    visit: &Visit,
    link: &str,
    status: StatusCode,
    problem: Option<ActivateProblem>,
) -> HttpResponse {
    let (browser, cookie) = visit.browser();
    let form_token = &visit.form_token(&browser, PURPOSE);
    let mut answer =
        page(status, &ActivatePage { frame: visit.frame(), link, form_token, problem });
    set(&mut answer, cookie);
    answer
}

async fn take(visit: Visit, link: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = activate(&visit, &link, &body).await;
    visit.answer(outcome)
}

async fn activate(visit: &Visit, link: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let again = |status, problem| Ok(ask(visit, link, status, Some(problem)));
    pair(link, None)?;
    let Some(form) = visit.own_form(body, PURPOSE) else {
        return again(StatusCode::FORBIDDEN, ActivateProblem::FormExpired);
    };
    let address = ClientAddress::of(&visit.request).0;
    let attempt = Attempt::WayBack { address, about: link };
    if visit.throttle.judge(attempt) != Verdict::Go {
        return again(StatusCode::TOO_MANY_REQUESTS, ActivateProblem::Throttled);
    }
    let pair = pair(link, form.find("code").and_then(MailedCode::typed))?;
    let (office, tried) = (office_of(visit, None), pair.clone());
    let recognize = move |conn: &mut AnyConn| activation::recognize(conn, &office, &tried);
    let recognized = visit.db.write(recognize).await?;
    visit.outbox.wake();
    let Some(recognized) = recognized else {
        visit.throttle.failed(attempt).await;
        return again(StatusCode::FORBIDDEN, ActivateProblem::WrongCode);
    };
    if form.find("password").is_none() {
        let shown = Shown { form: &form, wrong: Wrong::default() };
        return Ok(account(visit, link, &recognized, StatusCode::OK, shown));
    }
    match choose(visit, &form, &recognized).await? {
        Err(wrong) => {
            let status = if wrong.busy {
                StatusCode::SERVICE_UNAVAILABLE
            } else {
                StatusCode::UNPROCESSABLE_ENTITY
            };
            Ok(account(visit, link, &recognized, status, Shown { form: &form, wrong }))
        }
        Ok(chosen) => finish(visit, link, (pair, &recognized), (&form, chosen)).await,
    }
}

async fn finish(
    visit: &Visit,
    link: &str,
    (pair, recognized): (Pair, &Recognized),
    (form, chosen): (&Params, Chosen),
) -> Result<HttpResponse, PageError> {
    let office = office_of(visit, None);
    let write = move |conn: &mut AnyConn| activation::activate(conn, &office, &pair, &chosen);
    let conflict = match visit.db.write(write).await {
        Err(StoreError::Conflict(_)) => true,
        other => match other? {
            Ok(()) => false,
            // Somebody was faster with the same code, or it died since it was tried.
            Err(Refusal::Invalid | Refusal::OutOfOrder) => {
                let problem = Some(ActivateProblem::WrongCode);
                return Ok(ask(visit, link, StatusCode::FORBIDDEN, problem));
            }
            // A text came into force while the page was open: nobody agrees to what they did not see.
            Err(Refusal::Incomplete(_)) => {
                visit.reload_agreements().await?;
                let wrong = Wrong { agreement_changed: true, ..Wrong::default() };
                let shown = Shown { form, wrong };
                return Ok(account(visit, link, recognized, StatusCode::CONFLICT, shown));
            }
            Err(Refusal::Denied(_) | Refusal::TooMany(_) | Refusal::TooManyCodes) => {
                return Err(PageError::NotUnderstood);
            }
        },
    };
    visit.outbox.wake();
    let status = if conflict { StatusCode::CONFLICT } else { StatusCode::OK };
    Ok(page(status, &ActivatedPage { frame: visit.frame(), conflict }))
}

/// What was typed and what is wrong with it.
struct Shown<'a> {
    form: &'a Params,
    wrong: Wrong,
}

fn account(
    visit: &Visit,
    link: &str,
    recognized: &Recognized,
    status: StatusCode,
    shown: Shown<'_>,
) -> HttpResponse {
    let (browser, cookie) = visit.browser();
    let agreements = visit.agreements.in_force();
    let ids: Vec<&str> = agreements.iter().map(|it| it.id.as_str()).collect();
    let content = ActivateAccountPage {
        frame: visit.frame(),
        link,
        form_token: &visit.form_token(&browser, PURPOSE),
        code: shown.form.find("code").unwrap_or_default(),
        name: &recognized.name,
        user_id: recognized.user_id.as_str(),
        organization: &recognized.organization,
        policy: visit.password_policy,
        agreements: agreements.iter().map(AgreementView::of).collect(),
        shown: &ids.join(" "),
        chosen: questions(shown.form).map(|(question, _)| question),
        wrong: shown.wrong,
    };
    let mut answer = page(status, &content);
    set(&mut answer, cookie);
    answer
}

/// Judges what was typed and hashes it; what is wrong, all at once.
async fn choose(
    visit: &Visit,
    form: &Params,
    recognized: &Recognized,
) -> Result<Result<Chosen, Wrong>, PageError> {
    let typed = |name| form.find(name).unwrap_or_default();
    let policy = visit.password_policy;
    let password = Password::typed(typed("password"));
    let mut wrong = Wrong {
        password: match &password {
            Some(password) => policy.judge(password, &recognized.own_words),
            None => vec![Objection::TooLong { max: policy.max }],
        },
        differ: typed("password") != typed("repeated"),
        ..Wrong::default()
    };
    let rows = questions(form);
    let filled: Vec<(Question, &str)> =
        rows.iter().filter_map(|(question, answer)| Some(((*question)?, *answer))).collect();
    let answers: Vec<&str> = filled.iter().map(|(_, answer)| *answer).collect();
    let mut together = None;
    if policy.secret_questions {
        wrong.questions = secret_questions::judge(&filled);
        together = secret_questions::together(&answers);
    }
    let shown: Result<BTreeSet<AgreementId>, _> =
        typed("agreements").split_whitespace().map(str::parse).collect();
    let agreed_to = shown.map_err(|_| PageError::NotUnderstood)?;
    wrong.agreement = !agreed_to.is_empty() && typed("agreed") != "yes";
    let Some(password) = password.filter(|_| !wrong.is_any()) else { return Ok(Err(wrong)) };
    let hashed = async {
        let password_hash = visit.passwords.hash(password).await?;
        let answers_hash = match together {
            Some(together) => Some(visit.passwords.hash(together).await?),
            None => None,
        };
        Ok::<_, PasswordError>((password_hash, answers_hash))
    };
    let (password_hash, answers_hash) = match hashed.await {
        Ok(hashed) => hashed,
        Err(PasswordError::Busy) => return Ok(Err(Wrong { busy: true, ..wrong })),
        Err(error) => return Err(PageError::unexpected(&error)),
    };
    let asked = filled.iter().map(|(question, _)| *question).collect();
    let questions = answers_hash.map(|hash| (asked, hash));
    Ok(Ok(Chosen { password_hash, questions, agreed_to }))
}

/// The three rows of the form: the question, if one is chosen, and the answer.
fn questions(form: &Params) -> [(Option<Question>, &str); 3] {
    [("question1", "answer1"), ("question2", "answer2"), ("question3", "answer3")].map(
        |(question, answer)| {
            let question = form.find(question).and_then(Question::named);
            (question, form.find(answer).unwrap_or_default())
        },
    )
}
