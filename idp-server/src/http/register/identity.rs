//! How the first Administrator proves who they are: by questions, or before a notary (R35–R37).

use actix_web::{HttpResponse, http::StatusCode};
use idp_core::{
    community::{
        field::Objections,
        identity_proof::{Examinee, TestResult},
    },
    oidc::params::Params,
};

use super::{
    show::{send, step},
    way::{Way, go_on},
};
use crate::{
    community::registrations,
    http::{
        error::PageError,
        identity::{self, Begun, Proving},
        visit::Visit,
    },
    pages::{RegisterProblem, RegisterStep, RegisterTyped},
};

impl Way {
    fn proving(&self) -> Proving<'_> {
        let contact = &self.registration.contact;
        Proving {
            key: &self.handle,
            counted_by: self.registration.id.as_str(),
            proofing: self.registration.proofing(),
            person: Examinee {
                given_name: &contact.given_name,
                family_name: &contact.family_name,
                email: Some(contact.email.as_str()),
                phone: Some(&contact.phone),
            },
        }
    }
}

/// `POST …/test`: begins the questions.
pub(super) async fn begin(
    visit: &Visit,
    way: &Way,
    form: &Params,
) -> Result<HttpResponse, PageError> {
    let typed = RegisterTyped::default();
    match way.proving().begin(visit, form).await? {
        Begun::NotDue => Ok(go_on(&way.handle)),
        Begun::Questions(test) => {
            let questions = identity::questions(&test);
            let simulated = identity::is_simulated(visit);
            let asked = RegisterStep::Questions { questions, simulated };
            Ok(send(visit, way, StatusCode::OK, asked, &typed, None))
        }
        Begun::Result(result) => take(visit, way, result).await,
        Begun::Throttled => {
            let problem = Some(RegisterProblem::Throttled);
            step(visit, way, StatusCode::TOO_MANY_REQUESTS, &typed, problem).await
        }
        Begun::Wrong(why) => {
            let mut wrong = Objections::default();
            wrong.object("last_four", why);
            let typed = typed.with(&wrong);
            step(visit, way, StatusCode::UNPROCESSABLE_ENTITY, &typed, None).await
        }
    }
}

/// `POST …/test-answers`: the questions are answered once.
pub(super) async fn judge(
    visit: &Visit,
    way: &Way,
    form: &Params,
) -> Result<HttpResponse, PageError> {
    match way.proving().judge(visit, form).await? {
        Some(result) => take(visit, way, result).await,
        None => Ok(go_on(&way.handle)),
    }
}

async fn take(visit: &Visit, way: &Way, result: TestResult) -> Result<HttpResponse, PageError> {
    let (office, id) = (way.office.clone(), way.registration.id.clone());
    let taken = result.clone();
    let take = move |conn: &mut _| registrations::take_test(conn, &office, &id, taken.clone());
    let _ = visit.db.write(take).await?;
    visit.outbox.wake();
    let now = Way::load(visit, &way.handle).await?;
    let problem = RegisterProblem::of(&result, now.registration.proofing());
    let Some(problem) = problem else { return Ok(go_on(&way.handle)) };
    step(visit, &now, StatusCode::FORBIDDEN, &RegisterTyped::default(), Some(problem)).await
}

/// `POST …/notary`.
pub(super) async fn go_to_notary(visit: &Visit, way: &Way) -> Result<HttpResponse, PageError> {
    let (office, id) = (way.office.clone(), way.registration.id.clone());
    let _ = visit.db.write(move |conn| registrations::go_to_notary(conn, &office, &id)).await?;
    visit.outbox.wake();
    Ok(go_on(&way.handle))
}
