//! Passkeys in a sign-on: as the whole sign-in, and as its second step.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Bytes, Path},
};
use idp_core::{
    authentication::{
        assurance::{Assurance, Method},
        passkey::{Use, Wanted},
        throttle::{Attempt, Verdict},
    },
    oidc::params::Params,
    secret::SecretDigest,
    sign_on::Step,
};
use serde_json::{Value, json};

use super::{
    factor::{Waiting, conclude},
    later,
    password::signed_in,
    progress::go_on,
    show::{SignIn, Stand},
};
use crate::{
    ephemeral::Key,
    http::{
        client_address::ClientAddress,
        error::PageError,
        second_factor::Offer,
        session::{self, Evidence, NewSignIn, SignedIn},
        visit::Visit,
    },
    pages::{FactorWay, SignInProblem},
    passkeys::{GoodAnswer, Named, Passkeys, Question},
    store::{
        Cause,
        factor::{self, PasskeyRecord},
        subscriber::{self, Account},
    },
};

/// How long a question waits for its answer: somebody may have to look for their key.
const WAITS: Duration = Duration::from_secs(600);

/// A question as it is kept.
#[derive(serde::Serialize, serde::Deserialize)]
struct Kept {
    /// In the course of what it was asked: an answer given elsewhere is none.
    context: String,
    question: Question,
}

/// Keeps a question and sends it.
///
/// # Errors
/// [`PageError`] if short-lived state is out of reach.
pub async fn ask(
    visit: &Visit,
    context: &str,
    (options, question): (Value, Question),
) -> Result<HttpResponse, PageError> {
    let id = visit.random.secret();
    let kept = Kept { context: context.to_owned(), question };
    let bytes = serde_json::to_vec(&kept).map_err(|error| PageError::unexpected(&error))?;
    visit.ephemeral.put(&Key::question(id.expose()), &bytes, WAITS).await?;
    Ok(HttpResponse::Ok().json(json!({ "question": id.expose(), "options": options })))
}

/// The question that a form answers, if it was asked in this course. Whoever comes second with an
/// answer finds none.
///
/// # Errors
/// [`PageError`] if short-lived state is out of reach.
pub async fn asked(
    visit: &Visit,
    context: &str,
    form: &Params,
) -> Result<Option<Question>, PageError> {
    let Some(id) = form.find("question") else { return Ok(None) };
    let Some(bytes) = visit.ephemeral.take(&Key::question(id)).await? else { return Ok(None) };
    let kept: Option<Kept> = serde_json::from_slice(&bytes).ok();
    Ok(kept.filter(|kept| kept.context == context).map(|kept| kept.question))
}

/// `POST /sign-on/{handle}/passkey/options`: a question for the browser, in JSON.
pub async fn options(visit: Visit, handle: Path<String>, body: Bytes) -> HttpResponse {
    visit.answer(question(&visit, &handle, &body).await)
}

async fn question(visit: &Visit, handle: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let waiting = Waiting::load(visit, handle).await?;
    if visit.own_form(body, handle).is_none() {
        return Err(PageError::Forbidden);
    }
    if matches!(waiting.advance.step, Step::AskPassword(_)) {
        let question = visit.passkeys.ask_anybody().map_err(|_| PageError::NotFound)?;
        return ask(visit, handle, question).await;
    }
    let Some(person) = waiting.person(FactorWay::Passkey) else {
        return Err(PageError::Interrupted);
    };
    let (id, subscriber) = (person.subscriber.id.clone(), person.subscriber.id.clone());
    let records = visit.db.read(move |conn| factor::passkeys(conn, &id)).await?;
    let wanted = wanted(&waiting.advance.step);
    let question = visit.passkeys.ask_person(&subscriber, &records, wanted);
    ask(visit, handle, question.map_err(|_| PageError::NotFound)?).await
}

/// Whether a touch is enough for the step.
fn wanted(step: &Step) -> Wanted {
    match step {
        Step::AskSecondFactor { methods, .. } if !methods.contains(&Method::Passkey) => {
            Wanted::Verification
        }
        Step::EnrollSecondFactor(Assurance::PhishingResistant) => Wanted::Verification,
        Step::AcceptAgreement(_)
        | Step::AskPassword(_)
        | Step::AskSecondFactor { .. }
        | Step::ChooseAffiliation { .. }
        | Step::Complete(_)
        | Step::EnrollSecondFactor(_)
        | Step::Refuse(_)
        | Step::ShowNotice(_) => Wanted::Presence,
    }
}

/// `POST /sign-on/{handle}/passkey`: the browser's answer.
pub async fn answer(visit: Visit, handle: Path<String>, body: Bytes) -> HttpResponse {
    visit.answer(take(&visit, &handle, &body).await)
}

async fn take(visit: &Visit, handle: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let waiting = Waiting::load(visit, handle).await?;
    let is_sign_in = matches!(waiting.advance.step, Step::AskPassword(_));
    let person = waiting.person(FactorWay::Passkey).map(|person| &person.subscriber.id);
    let taken_for = match person {
        _ if is_sign_in => Use::SignIn,
        Some(person) => Use::SecondStep(person),
        None => return go_on(visit, handle, &waiting.transaction, visit.session(), &[]).await,
    };
    let Some(form) = visit.own_form(body, handle) else {
        return Ok(super::expired(visit, handle));
    };
    let question = asked(visit, handle, &form).await?;
    let credential = form.find("credential").unwrap_or_default();
    let found = find(visit, taken_for, question, credential).await?;
    if is_sign_in {
        sign_in(visit, handle, waiting, found).await
    } else {
        let offer = Offer::Passkey(found.record.zip(found.answer));
        conclude(visit, handle, waiting, FactorWay::Passkey, offer, &form).await
    }
}

/// What an answer led to.
struct Found {
    /// The passkey that it names, if we know it.
    record: Option<PasskeyRecord>,
    /// The answer, if it is good.
    answer: Option<GoodAnswer>,
    /// What failures with an unknown passkey are counted under.
    name: String,
}

async fn find(
    visit: &Visit,
    taken_for: Use<'_>,
    question: Option<Question>,
    credential: &str,
) -> Result<Found, PageError> {
    let named = Named::read(credential).ok();
    let id = named.as_ref().map(|named| named.credential_id().to_vec()).unwrap_or_default();
    let wanted = id.clone();
    let record = visit.db.read(move |conn| factor::passkey(conn, &wanted)).await?;
    let answer = check(&visit.passkeys, taken_for, question, record.as_ref(), named.as_ref());
    // Not the octets themselves: a stranger chooses them.
    let digest = SecretDigest::of(&format!("{id:?}"));
    Ok(Found { record, answer, name: format!("passkey {}", digest.to_text()) })
}

fn check(
    passkeys: &Passkeys,
    taken_for: Use<'_>,
    question: Option<Question>,
    record: Option<&PasskeyRecord>,
    named: Option<&Named>,
) -> Option<GoodAnswer> {
    let (Some(question), Some(record), Some(named)) = (question, record, named) else {
        tracing::info!("a passkey's answer to no question, or of no passkey of ours");
        return None;
    };
    match passkeys.check(taken_for, question, record, named) {
        Ok(answer) => Some(answer),
        Err(error) => {
            tracing::info!(%error, "a passkey's answer was refused");
            None
        }
    }
}

/// The same lock, standing and throttle as for a password (security 15.4 to 15.6).
async fn sign_in(
    visit: &Visit,
    handle: &str,
    waiting: Waiting,
    found: Found,
) -> Result<HttpResponse, PageError> {
    let Waiting { transaction, advance } = waiting;
    let stand = Stand::new(visit, handle, &transaction);
    let again = |status, problem| {
        stand.sign_in(advance.site.as_deref(), status, SignIn::failed("", problem))
    };
    let account = account(visit, found.record.as_ref()).await?;
    let name = match &account {
        Some(account) => account.subscriber.user_id.to_string(),
        None => found.name,
    };
    let address = ClientAddress::of(&visit.request).0;
    let attempt = Attempt::SignIn { address, user_id: &name };
    if let Verdict::Wait { seconds } = visit.throttle.judge(attempt) {
        visit.metrics.sign_in("throttled");
        let page = again(StatusCode::TOO_MANY_REQUESTS, SignInProblem::Throttled);
        return Ok(later(page, seconds));
    }
    let refused = SignInProblem::Passkey { lock_minutes: visit.lockout.minutes() };
    let Some(record) = found.record else {
        visit.throttle.failed(attempt).await;
        visit.metrics.sign_in("refused");
        return Ok(again(StatusCode::UNAUTHORIZED, refused));
    };
    let secret = visit.random.secret();
    let new = NewSignIn {
        user_id: name.clone(),
        candidate: account,
        evidence: Evidence::Passkey { record, answer: found.answer },
        cookie: secret.digest(),
    };
    match session::sign_in(visit, new).await? {
        // The second question is for a burst: see `Throttle`.
        SignedIn::Accepted if visit.throttle.judge(attempt) == Verdict::Go => {
            drop(stand);
            signed_in(visit, handle, transaction, &secret).await
        }
        SignedIn::Accepted => {
            session::end(visit, secret.digest(), Cause::SignInThrottled, session::Via::Server)
                .await?;
            Ok(again(StatusCode::UNAUTHORIZED, refused))
        }
        SignedIn::Refused(reason) => {
            tracing::info!(reason = reason.as_str(), "sign-in refused");
            visit.metrics.sign_in("refused");
            visit.throttle.failed(attempt).await;
            Ok(again(StatusCode::UNAUTHORIZED, refused))
        }
    }
}

async fn account(
    visit: &Visit,
    record: Option<&PasskeyRecord>,
) -> Result<Option<Account>, PageError> {
    let Some(id) = record.map(|record| record.subscriber.clone()) else { return Ok(None) };
    Ok(visit.db.read(move |conn| subscriber::for_sign_in_by_id(conn, &id)).await?)
}
