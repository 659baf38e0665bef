//! `/account/email`: another mail address (domain 4.7). The new mailbox has to be proved, and the
//! old one is told at once and can take it back for three days.
//!
//! Whoever has no second factor shows first that the mailbox on file is theirs: a factor could be
//! set up through the new one, and a password alone must not lead there (security 18.5). While the
//! old mailbox can take a change back there is no further one, which would put another mailbox
//! into its place.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Query},
};
use idp_core::{
    authentication::{
        email_change::NotChanged,
        gate::Demand,
        mailed_code::{CodePurpose, MailedCode},
    },
    community::subscriber::EmailAddress,
    ids::EmailChangeId,
};
use serde::Deserialize;

use super::{PURPOSE, expired, form_token, nav};
use crate::{
    email_change::ChangeOfAddress,
    http::{
        client_address::ClientAddress,
        error::PageError,
        gate::{self, Gate, OwnPage},
        visit::{Visit, page, see_other, set},
    },
    mail::Transport,
    pages::{Area, EmailPage, EmailProblem, PendingEmail},
    store::{StoreError, Taken, email_change, person},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/account/email").get(show).post(request))
        .service(web::resource("/account/email/confirm").post(confirm))
        .service(web::resource("/account/email/give-up").post(give_up));
}

#[derive(Deserialize)]
struct After {
    done: Option<String>,
}

async fn show(visit: Visit, after: Query<After>) -> HttpResponse {
    let outcome = async {
        let person = match gate::pass(&visit, OwnPage::Email, Demand::ENROLMENT).await? {
            Gate::Open(person) => person,
            Gate::Elsewhere(answer) => return Ok(answer),
        };
        form(&visit, &person, Shown { done: after.done.is_some(), ..Shown::default() }).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

/// What the page says beside the address.
#[derive(Default)]
struct Shown<'a> {
    typed: &'a str,
    done: bool,
    problem: Option<EmailProblem>,
}

async fn form(
    visit: &Visit,
    person: &person::LoadedPerson,
    shown: Shown<'_>,
) -> Result<HttpResponse, PageError> {
    let (id, now) = (person.subscriber.id.clone(), visit.clock.now());
    let waiting = visit.db.read(move |conn| email_change::waiting(conn, &id)).await?;
    let pending = waiting.filter(|change| change.is_pending(now));
    let (form_token, cookie) = form_token(visit);
    let content = EmailPage {
        frame: visit.frame(),
        nav: nav(visit, Area::Email),
        form_token: &form_token,
        current: person.subscriber.email.as_ref().map(EmailAddress::as_str),
        pending: pending
            .as_ref()
            .map(|change| PendingEmail { address: change.new.as_str(), until: change.expires_at }),
        typed: shown.typed,
        in_mailbox: matches!(visit.transport, Transport::Mailbox),
        done: shown.done,
        problem: shown.problem,
    };
    let status =
        if shown.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut answer = page(status, &content);
    set(&mut answer, cookie);
    Ok(answer)
}

/// `POST /account/email`.
async fn request(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = ask(&visit, &body).await;
    visit.answer(outcome)
}

async fn ask(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let person = match gate::pass(visit, OwnPage::Email, Demand::ENROLMENT).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let Some(posted) = visit.own_form(body, PURPOSE) else {
        return Ok(expired(visit, Area::Email));
    };
    let typed = posted.find("email").map(str::trim).unwrap_or_default();
    let again = |problem| Shown { typed, problem: Some(problem), ..Shown::default() };
    let Ok(new) = typed.parse::<EmailAddress>() else {
        return form(visit, &person, again(EmailProblem::NoAddress)).await;
    };
    let work = work(visit, &person);
    let id = EmailChangeId::from_random(visit.random.bytes());
    let ask = move |conn: &mut _| work.ask(conn, CodePurpose::EmailChange, &id, &new);
    let asked = visit.db.write(ask).await?;
    visit.outbox.wake();
    match asked {
        Ok(()) => Ok(see_other("/account/email", [])),
        Err(why) => form(visit, &person, again(problem(why))).await,
    }
}

/// `POST /account/email/confirm`.
async fn confirm(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = change(&visit, &body).await;
    visit.answer(outcome)
}

async fn change(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let person = match gate::pass(visit, OwnPage::Email, Demand::ENROLMENT).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let Some(posted) = visit.own_form(body, PURPOSE) else {
        return Ok(expired(visit, Area::Email));
    };
    let typed = posted.find("code").and_then(MailedCode::typed);
    let work = work(visit, &person);
    let purpose = CodePurpose::EmailChange;
    let own = person.subscriber.id.clone();
    let confirm = move |conn: &mut _| match email_change::waiting(conn, &own)? {
        Some(change) => work.confirm(conn, (purpose, &change.id), typed.as_ref()),
        None => Ok(Err(NotChanged::WrongCode)),
    };
    let changed = visit.db.write(confirm).await;
    visit.outbox.wake();
    let problem = match changed {
        Ok(Ok(())) => return Ok(see_other("/account/email?done=changed", [])),
        Ok(Err(why)) => problem(why),
        // Somebody else was given the address between the look and the write.
        Err(StoreError::Conflict(Taken::EmailAddress)) => EmailProblem::Taken,
        Err(error) => return Err(error.into()),
    };
    form(visit, &person, Shown { problem: Some(problem), ..Shown::default() }).await
}

/// `POST /account/email/give-up`.
async fn give_up(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = async {
        let person = match gate::pass(&visit, OwnPage::Email, Demand::ENROLMENT).await? {
            Gate::Open(person) => person,
            Gate::Elsewhere(answer) => return Ok(answer),
        };
        if visit.own_form(&body, PURPOSE).is_none() {
            return Ok(expired(&visit, Area::Email));
        }
        let work = work(&visit, &person);
        visit.db.write(move |conn| work.give_up(conn)).await?;
        Ok(see_other("/account/email", []))
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

/// A change of the person's own address, by themselves.
fn work(visit: &Visit, person: &person::LoadedPerson) -> ChangeOfAddress {
    let own = (&person.subscriber, &person.session.id);
    let address = ClientAddress::of(&visit.request).0;
    ChangeOfAddress::by_person(own, address, &visit.post, &visit.random, visit.clock.now())
}

const fn problem(why: NotChanged) -> EmailProblem {
    match why {
        NotChanged::Same => EmailProblem::Same,
        NotChanged::Taken => EmailProblem::Taken,
        NotChanged::TooMany => EmailProblem::TooMany,
        NotChanged::UndoOpen => EmailProblem::UndoOpen,
        NotChanged::WrongCode => EmailProblem::WrongCode,
    }
}
