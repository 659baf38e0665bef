//! The questions about a number that is taken (R43–R49; security 20.7).

use actix_web::{HttpResponse, http::StatusCode};
use idp_core::{
    authentication::inquiry,
    community::{
        field::Objections,
        registration::{Refusal as Step, Stage},
        tax_id_registry::{
            Refusal as Registry,
            dialogue::{Answer, Dialogue, Gate, Refusal as Question},
        },
    },
    oidc::params::Params,
};

use super::{
    organization::{is_the_same, with_another_number},
    show::{step, step_with},
    way::{Way, go_on},
};
use crate::{
    community::registrations::{self, Refusal},
    http::{
        challenge::{self, Passed},
        client_address::ClientAddress,
        error::PageError,
        visit::Visit,
    },
    pages::{RegisterProblem, RegisterTyped},
};

/// `POST …/answer`.
pub(super) async fn answer(
    visit: &Visit,
    way: &Way,
    form: &Params,
) -> Result<HttpResponse, PageError> {
    let typed = RegisterTyped::of(form, &["answer", "number"]);
    let Stage::Dialogue(applicant, dialogue) = &way.registration.stage else {
        return Ok(go_on(&way.handle));
    };
    let answer = if *dialogue == Dialogue::TypeAgain {
        match is_the_same(visit, form, &applicant.number) {
            Some(true) => Answer::TypedTheSame,
            Some(false) => Answer::TypedAnother,
            None => {
                let mut wrong = Objections::default();
                wrong.object("number", idp_core::community::tax_id::TaxIdError::NotNineDigits);
                let typed = RegisterTyped::default().with(&wrong);
                return step(visit, way, StatusCode::UNPROCESSABLE_ENTITY, &typed, None).await;
            }
        }
    } else {
        match form.find("answer") {
            Some("left") => Answer::Left,
            Some("our-own") => Answer::OurOwn,
            Some("still-there") => Answer::StillThere,
            Some("unknown") => Answer::Unknown,
            Some("works-for-us") => Answer::WorksForUs,
            Some(_) | None => {
                let problem = Some(RegisterProblem::Choose);
                return step(visit, way, StatusCode::UNPROCESSABLE_ENTITY, &typed, problem).await;
            }
        }
    };
    let gate = match gate(visit, way, form, answer).await? {
        Ok(gate) => gate,
        Err(challenge) => {
            let (status, problem) = match challenge.problem {
                Some(_) => (StatusCode::FORBIDDEN, Some(RegisterProblem::Challenge)),
                None => (StatusCode::OK, None),
            };
            return step_with(visit, way, status, &typed, problem, Some(challenge)).await;
        }
    };
    let (office, id) = (way.office.clone(), way.registration.id.clone());
    let said =
        visit.db.write(move |conn| registrations::answer(conn, &office, &id, answer, gate)).await?;
    visit.outbox.wake();
    let (status, problem) = match said {
        Ok(_) if answer == Answer::TypedAnother => {
            let way = Way::load(visit, &way.handle).await?;
            return with_another_number(visit, &way, form).await;
        }
        Ok(_) => return Ok(go_on(&way.handle)),
        Err(Refusal::Number(Registry::ClaimedAlready | Registry::Taken)) => {
            (StatusCode::CONFLICT, RegisterProblem::ClaimedAlready)
        }
        Err(Refusal::Registration(Step::Dialogue(Question::TooMany))) => {
            (StatusCode::TOO_MANY_REQUESTS, RegisterProblem::Throttled)
        }
        Err(_) => return Ok(go_on(&way.handle)),
    };
    step(visit, way, status, &typed, Some(problem)).await
}

/// Whether a contact may be shown for this answer: behind a challenge, and a few in an hour. The
/// other answers show none, and need neither.
async fn gate(
    visit: &Visit,
    way: &Way,
    form: &Params,
    answer: Answer,
) -> Result<Result<Gate, crate::pages::ChallengeView>, PageError> {
    if !matches!(answer, Answer::Left | Answer::OurOwn) {
        return Ok(Ok(Gate::Open));
    }
    if let Passed::No(challenge) = challenge::judge(visit, form, &way.handle).await? {
        return Ok(Err(challenge));
    }
    let address = ClientAddress::of(&visit.request).0;
    let about = format!("contact {}", way.registration.contact.email.normalized());
    let caps = inquiry::caps(address, &about, visit.inquiries_per_hour);
    Ok(Ok(if visit.throttle.admits(&caps).await { Gate::Open } else { Gate::TooMany }))
}
