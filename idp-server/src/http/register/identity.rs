//! How the first Administrator proves who they are: by questions, or before a notary (R35–R37).

use std::time::Duration;

use actix_web::{HttpResponse, http::StatusCode};
use idp_core::{
    authentication::inquiry,
    community::{
        field::Objections,
        identity_proof::{LastFour, Proofing, TESTS, TestResult},
    },
    oidc::params::Params,
};

use super::{
    show::{send, step},
    way::{Way, go_on},
};
use crate::{
    community::registrations,
    ephemeral::Key,
    http::{client_address::ClientAddress, error::PageError, visit::Visit},
    identity_test::{KnowledgeTest, Test},
    pages::{RegisterProblem, RegisterStep, RegisterTyped, TestQuestion},
};

/// How long somebody may think about the questions.
const LIFE: Duration = Duration::from_secs(15 * 60);

/// `POST …/test`: begins the questions. The four digits go to the provider and are kept nowhere.
pub(super) async fn begin(
    visit: &Visit,
    way: &Way,
    form: &Params,
) -> Result<HttpResponse, PageError> {
    let Some(provider) = due(visit, way) else { return Ok(go_on(&way.handle)) };
    let typed = RegisterTyped::default();
    let last_four: LastFour = match form.find("last_four").unwrap_or_default().parse() {
        Ok(last_four) => last_four,
        Err(why) => {
            let mut wrong = Objections::default();
            wrong.object("last_four", why);
            let typed = typed.with(&wrong);
            return step(visit, way, StatusCode::UNPROCESSABLE_ENTITY, &typed, None).await;
        }
    };
    // Questions about a person are not for anybody to leaf through.
    let address = ClientAddress::of(&visit.request).0;
    let about = format!("test {}", way.registration.id);
    if !visit.throttle.admits(&inquiry::caps(address, &about, visit.inquiries_per_hour)).await {
        let problem = Some(RegisterProblem::Throttled);
        return step(visit, way, StatusCode::TOO_MANY_REQUESTS, &typed, problem).await;
    }
    let test = match provider.begin(&way.registration.contact, last_four).await {
        Ok(test) => test,
        Err(result) => return take(visit, way, result).await,
    };
    let bytes = serde_json::to_vec(&test).map_err(|error| PageError::unexpected(&error))?;
    visit.ephemeral.put(&Key::identity_test(&way.handle), &bytes, LIFE).await?;
    let questions = test
        .questions
        .iter()
        .map(|question| TestQuestion { text: &question.text, options: &question.options })
        .collect();
    let simulated = provider.is_simulated();
    let asked = RegisterStep::Questions { questions, simulated };
    Ok(send(visit, way, StatusCode::OK, asked, &typed, None))
}

/// `POST …/test-answers`: the questions are answered once.
pub(super) async fn judge(
    visit: &Visit,
    way: &Way,
    form: &Params,
) -> Result<HttpResponse, PageError> {
    let Some(provider) = due(visit, way) else { return Ok(go_on(&way.handle)) };
    let Some(bytes) = visit.ephemeral.take(&Key::identity_test(&way.handle)).await? else {
        return Ok(go_on(&way.handle));
    };
    let test: Test =
        serde_json::from_slice(&bytes).map_err(|error| PageError::unexpected(&error))?;
    let answer = |number: usize| {
        form.find(&format!("answer{number}")).and_then(|text| text.parse::<usize>().ok())
    };
    let answers: Vec<Option<usize>> = (1..=test.questions.len()).map(answer).collect();
    let result = provider.judge(&test, &answers).await;
    take(visit, way, result).await
}

/// The provider, while the registrant may still be asked.
fn due<'a>(visit: &'a Visit, way: &Way) -> Option<&'a dyn KnowledgeTest> {
    match way.registration.proofing() {
        Some(Proofing::Due { failed }) if *failed < TESTS => visit.identity_test.as_deref(),
        Some(Proofing::AtNotary { .. } | Proofing::Due { .. } | Proofing::Proved(_)) | None => None,
    }
}

async fn take(visit: &Visit, way: &Way, result: TestResult) -> Result<HttpResponse, PageError> {
    let problem = match &result {
        TestResult::Passed { .. } => None,
        TestResult::Failed | TestResult::NoQuestions => Some(RegisterProblem::TestFailed),
        TestResult::Unavailable => Some(RegisterProblem::TestAway),
    };
    let (office, id) = (way.office.clone(), way.registration.id.clone());
    let take = move |conn: &mut _| registrations::take_test(conn, &office, &id, result.clone());
    let _ = visit.db.write(take).await?;
    visit.outbox.wake();
    let Some(problem) = problem else { return Ok(go_on(&way.handle)) };
    let now = Way::load(visit, &way.handle).await?;
    step(visit, &now, StatusCode::FORBIDDEN, &RegisterTyped::default(), Some(problem)).await
}

/// `POST …/notary`.
pub(super) async fn go_to_notary(visit: &Visit, way: &Way) -> Result<HttpResponse, PageError> {
    let (office, id) = (way.office.clone(), way.registration.id.clone());
    let _ = visit.db.write(move |conn| registrations::go_to_notary(conn, &office, &id)).await?;
    visit.outbox.wake();
    Ok(go_on(&way.handle))
}
