//! `/register`: who registers, and the challenge before it.

use actix_web::{HttpResponse, http::StatusCode, web::Bytes};
use idp_core::{
    authentication::{gate::Demand, inquiry},
    community::registration::ContactForm,
    oidc::params::Params,
};

use crate::{
    community::registrations,
    http::{
        challenge::{self, Passed},
        client_address::ClientAddress,
        console,
        error::PageError,
        gate,
        visit::{Visit, page, set},
    },
    mail::Transport,
    pages::{ChallengeView, RegisterPage, RegisterProblem, RegisterStep, RegisterTyped},
    store::person::LoadedPerson,
};

/// What the form is for.
const PURPOSE: &str = "register";
/// Its fields.
const FIELDS: [&str; 4] = ["given_name", "family_name", "email", "phone"];

/// `GET /register`.
pub(super) async fn show(visit: Visit) -> HttpResponse {
    let outcome = first(&visit).await;
    visit.answer(outcome)
}

async fn first(visit: &Visit) -> Result<HttpResponse, PageError> {
    let person = gate::open(visit, Demand::SIGNED_IN).await?;
    // Somebody with an account need not type what we know (R72).
    let typed = person.as_ref().map_or_else(RegisterTyped::default, |person| {
        let known = &person.subscriber;
        RegisterTyped::filled([
            ("given_name", known.given_name.as_str()),
            ("family_name", known.family_name.as_str()),
            ("email", known.email.as_ref().map_or("", |email| email.as_str())),
            ("phone", known.phone_number.as_deref().unwrap_or_default()),
        ])
    });
    Ok(form(visit, person.as_ref(), StatusCode::OK, &typed, None, None))
}

fn form(
    visit: &Visit,
    person: Option<&LoadedPerson>,
    status: StatusCode,
    typed: &RegisterTyped,
    problem: Option<RegisterProblem>,
    challenge: Option<ChallengeView>,
) -> HttpResponse {
    let (browser, cookie) = visit.browser();
    let challenge = challenge.unwrap_or_else(|| challenge::fresh(visit, &browser, PURPOSE));
    let name = person.map(|person| person.subscriber.name());
    let content = RegisterPage {
        frame: visit.frame(),
        handle: "",
        form_token: &visit.form_token(&browser, PURPOSE),
        step: RegisterStep::Contact { challenge: Some(challenge), signed_in: name.as_deref() },
        typed,
        problem,
    };
    let mut answer = page(status, &content);
    set(&mut answer, cookie);
    answer
}

/// `POST /register`: mails the link and shows the code.
pub(super) async fn begin(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = start(&visit, &body).await;
    visit.answer(outcome)
}

async fn start(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let person = gate::open(visit, Demand::SIGNED_IN).await?;
    let again = |status, typed: &RegisterTyped, problem, challenge| {
        Ok(form(visit, person.as_ref(), status, typed, problem, challenge))
    };
    let Some(posted) = visit.own_form(body, PURPOSE) else {
        let typed = RegisterTyped::of(&Params::parse(body), &FIELDS);
        let problem = Some(RegisterProblem::FormExpired);
        return again(StatusCode::FORBIDDEN, &typed, problem, None);
    };
    let typed = RegisterTyped::of(&posted, &FIELDS);
    let field = |name| posted.find(name).unwrap_or_default();
    let contact = ContactForm {
        given_name: field("given_name"),
        family_name: field("family_name"),
        email: field("email"),
        phone: field("phone"),
    };
    let contact = match contact.read() {
        Ok(contact) => contact,
        Err(wrong) => {
            let typed = typed.with(&wrong);
            return again(StatusCode::UNPROCESSABLE_ENTITY, &typed, None, None);
        }
    };
    if let Passed::No(challenge) = challenge::judge(visit, &posted, PURPOSE).await? {
        let (status, problem) = match challenge.problem {
            Some(_) => (StatusCode::FORBIDDEN, Some(RegisterProblem::Challenge)),
            None => (StatusCode::OK, None),
        };
        return again(status, &typed, problem, Some(challenge));
    }
    let address = ClientAddress::of(&visit.request).0;
    let about = contact.email.normalized();
    if !visit.throttle.admits(&inquiry::caps(address, &about, visit.inquiries_per_hour)).await {
        let problem = Some(RegisterProblem::Throttled);
        return again(StatusCode::TOO_MANY_REQUESTS, &typed, problem, None);
    }
    let office = console::office_of(visit, person.as_ref());
    let begin = move |conn: &mut _| registrations::begin(conn, &office, contact.clone());
    let begun = visit.db.write(begin).await?.map_err(|_| PageError::Forbidden)?;
    visit.outbox.wake();
    let step = RegisterStep::Code {
        code: &begun.code.shown(),
        email: begun.registration.contact.email.as_str(),
        in_mailbox: matches!(visit.transport, Transport::Mailbox),
    };
    let content = RegisterPage {
        frame: visit.frame(),
        handle: "",
        form_token: "",
        step,
        typed: &RegisterTyped::default(),
        problem: None,
    };
    Ok(page(StatusCode::OK, &content))
}
