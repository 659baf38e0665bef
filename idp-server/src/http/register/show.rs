//! `/register/at/{handle}`: the page of the step that a registration is at.

use std::iter;

use actix_web::{HttpResponse, http::StatusCode, web::Path};
use idp_core::community::{
    identity_proof::{NOTARY_LASTS, Proofing},
    registration::{Applicant, Registration, Stage},
    tax_id_registry::dialogue::Dialogue,
};

use super::{organization, way::Way};
use crate::{
    community::registrations,
    http::{
        challenge,
        error::PageError,
        identity,
        visit::{Visit, page},
    },
    pages::{
        AgreementView, ChallengeView, Checked, Messages, NotaryFormPage, NotaryPurpose,
        NumberQuestion, RegisterPage, RegisterProblem, RegisterStep, RegisterTyped, ShownContact,
        work_words,
    },
};

/// `GET /register/at/{handle}`.
pub(super) async fn show(visit: Visit, handle: Path<String>) -> HttpResponse {
    let outcome = async {
        let way = Way::load(&visit, &handle).await?;
        step(&visit, &way, StatusCode::OK, &RegisterTyped::default(), None).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

/// The page again, because the form was old or another browser's.
pub(super) async fn form_expired(visit: &Visit, way: &Way) -> Result<HttpResponse, PageError> {
    let problem = Some(RegisterProblem::FormExpired);
    step(visit, way, StatusCode::FORBIDDEN, &RegisterTyped::default(), problem).await
}

/// The page of the step, with what was typed and what is wrong with it.
pub(super) async fn step(
    visit: &Visit,
    way: &Way,
    status: StatusCode,
    typed: &RegisterTyped,
    problem: Option<RegisterProblem>,
) -> Result<HttpResponse, PageError> {
    step_with(visit, way, status, typed, problem, None).await
}

/// The same with this challenge.
pub(super) async fn step_with(
    visit: &Visit,
    way: &Way,
    status: StatusCode,
    typed: &RegisterTyped,
    problem: Option<RegisterProblem>,
    challenge: Option<ChallengeView>,
) -> Result<HttpResponse, PageError> {
    let (browser, _) = visit.browser();
    let challenge = || challenge.unwrap_or_else(|| challenge::fresh(visit, &browser, &way.handle));
    let agreement = visit.agreements.of_organizations();
    let (office, shown) = (way.office.clone(), way.registration.clone());
    let contact =
        visit.db.read(move |conn| registrations::contact_shown(conn, &office, &shown)).await?;
    let number = way.registration.stage.applicant().map(|applicant| applicant.number.shown());
    let number = number.unwrap_or_default();
    let text = visit.frame().text;
    let work = way.registration.work.as_ref();
    let roles = work.map(|work| work_words(text, work)).unwrap_or_default();
    let facts = || facts(text, &way.registration, &number, &roles);
    let before;
    let typed = match (&way.registration.stage, &way.registration.told) {
        (Stage::ContactVerified, Some(told)) if typed.is_blank() => {
            before = organization::told(told);
            &before
        }
        _ => typed,
    };
    let reference;
    let step = match &way.registration.stage {
        Stage::ContactVerified | Stage::Draft => {
            RegisterStep::Organization { number: NumberQuestion::None }
        }
        Stage::Dialogue(_, Dialogue::StillThere { .. }) => {
            let contact = contact.as_ref().map(|contact| ShownContact {
                name: &contact.name,
                email: contact.email.as_deref(),
                phone: contact.phone.as_deref(),
            });
            RegisterStep::StillThere { contact, challenge: Some(challenge()) }
        }
        Stage::Dialogue(_, Dialogue::TypeAgain) => RegisterStep::TypeAgain,
        Stage::Dialogue(_, Dialogue::Whose | Dialogue::Ended(_)) => {
            RegisterStep::Whose { challenge: Some(challenge()) }
        }
        Stage::Waiting(_, ground) => RegisterStep::Waiting(*ground),
        Stage::Agreement(_) if work.is_none() => RegisterStep::Work,
        Stage::Agreement(_) => RegisterStep::Agreement {
            agreement: agreement
                .as_ref()
                .map(|found| (found.id.as_str(), AgreementView::of(found))),
            facts: facts(),
        },
        Stage::Identity(_, _, Proofing::AtNotary { reference: number, since }) => {
            reference = number.to_string();
            RegisterStep::AtNotary { reference: &reference, until: *since + NOTARY_LASTS }
        }
        Stage::Identity(_, _, Proofing::Due { failed }) => {
            RegisterStep::Identity { online: identity::online(visit, *failed), facts: facts() }
        }
        Stage::Identity(_, _, Proofing::Proved(_)) | Stage::Review(..) => RegisterStep::Review,
        Stage::Referred(end) => RegisterStep::Referred(*end),
        Stage::Rejected => RegisterStep::Rejected,
        Stage::Approved(organization) => {
            let (office, id) = (way.office.clone(), organization.clone());
            let seat = move |conn: &mut _| registrations::first_seat(conn, &office, &id);
            RegisterStep::Approved(visit.db.read(seat).await?)
        }
        Stage::Erased | Stage::Withdrawn => RegisterStep::Withdrawn,
    };
    Ok(send(visit, way, status, step, typed, problem))
}

/// One page of the way.
pub(super) fn send(
    visit: &Visit,
    way: &Way,
    status: StatusCode,
    step: RegisterStep<'_>,
    typed: &RegisterTyped,
    problem: Option<RegisterProblem>,
) -> HttpResponse {
    // The way was found, so the browser has its name.
    let (browser, _) = visit.browser();
    let content = RegisterPage {
        frame: visit.frame(),
        handle: &way.handle,
        form_token: &visit.form_token(&browser, &way.handle),
        step,
        typed,
        problem,
    };
    page(status, &content)
}

/// What is to be looked at once more: who registers what. A personal number is masked.
fn facts<'a>(
    text: &'static Messages,
    registration: &'a Registration,
    number: &'a str,
    roles: &'a str,
) -> Vec<Checked<'a>> {
    let words = &text.register;
    let Some(Applicant { details, .. }) = registration.stage.applicant() else {
        return Vec::new();
    };
    let npi = details.npi.as_ref().map(|npi| (words.npi, npi.as_str()));
    let facts = [
        (words.name, details.name.as_str()),
        (words.address, details.address.as_str()),
        (words.organization_phone, details.phone.as_str()),
        (words.number, number),
    ];
    let own = registration.work.as_ref().map(|work| {
        let npi = work.npi().map(|npi| (words.own_npi_short, npi.as_str()));
        iter::once((words.your_roles, roles)).chain(npi)
    });
    facts.into_iter().chain(npi).chain(own.into_iter().flatten()).collect()
}

/// `GET /register/at/{handle}/form`: the form for the notary, to be printed.
pub(super) async fn notary_form(visit: Visit, handle: Path<String>) -> HttpResponse {
    let outcome = printable(&visit, &handle).await;
    visit.answer(outcome)
}

async fn printable(visit: &Visit, handle: &str) -> Result<HttpResponse, PageError> {
    let way = Way::load(visit, handle).await?;
    let (Some(Proofing::AtNotary { reference, since }), Some(applicant)) =
        (way.registration.proofing(), way.registration.stage.applicant())
    else {
        return Err(PageError::NotFound);
    };
    let contact = &way.registration.contact;
    let content = NotaryFormPage {
        frame: visit.frame(),
        purpose: NotaryPurpose::Registration,
        reference: &reference.to_string(),
        person: &[&*contact.given_name, &contact.family_name].join(" "),
        organization: &applicant.details.name,
        address: &applicant.details.address,
        until: *since + NOTARY_LASTS,
    };
    Ok(page(StatusCode::OK, &content))
}
