//! `/account/delete`: somebody gives their account up (domain 4.5; security 20.5). It ends at once, with
//! all that it opened; User ID and address stay reserved, and only a new nomination brings it back.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes},
};
use idp_core::{
    authentication::gate::Demand,
    community::account_life::{Command, Refusal},
};

use super::{PURPOSE, expired, form_token, nav};
use crate::{
    community::accounts,
    http::{
        console::office_of,
        error::PageError,
        gate::{self, Gate, OwnPage},
        visit::{Visit, page, set},
    },
    pages::{AccountDeletedPage, Area, DeletePage, DeleteProblem},
    store::{AnyConn, person::LoadedPerson},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/account/delete").get(show).post(delete));
}

async fn show(visit: Visit) -> HttpResponse {
    let outcome = async {
        match gate::pass(&visit, OwnPage::Account, Demand::CHANGE).await? {
            Gate::Open(person) => Ok(asked(&visit, &person, StatusCode::OK, None)),
            Gate::Elsewhere(answer) => Ok(answer),
        }
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

fn asked(
    visit: &Visit,
    person: &LoadedPerson,
    status: StatusCode,
    problem: Option<DeleteProblem>,
) -> HttpResponse {
    let (form_token, cookie) = form_token(visit);
    let accepted = person.affiliations.iter().filter(|own| own.status.is_accepted());
    let content = DeletePage {
        frame: visit.frame(),
        nav: nav(visit, Area::Overview),
        form_token: &form_token,
        user_id: person.subscriber.user_id.as_str(),
        organizations: accepted.map(|own| own.organization.name.as_str()).collect(),
        problem,
    };
    let mut answer = page(status, &content);
    set(&mut answer, cookie);
    answer
}

async fn delete(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = end(&visit, &body).await;
    visit.answer(outcome)
}

async fn end(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let person = match gate::pass(visit, OwnPage::Account, Demand::CHANGE).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let Some(form) = visit.own_form(body, PURPOSE) else {
        return Ok(expired(visit, Area::Overview));
    };
    if form.find("sure") != Some("yes") {
        let why = Some(DeleteProblem::NotSure);
        return Ok(asked(visit, &person, StatusCode::UNPROCESSABLE_ENTITY, why));
    }
    let (office, who) = (office_of(visit, Some(&person)), person.subscriber.id.clone());
    let work = move |conn: &mut AnyConn| {
        let changed = accounts::change(conn, &office, &who, Command::Delete, None)?;
        Ok(changed.map(|changed| changed.map(drop)))
    };
    let ended = visit.db.write(work).await?.ok_or(PageError::NotFound)?;
    visit.outbox.wake();
    match ended {
        Ok(()) => {
            let user_id = person.subscriber.user_id.as_str();
            Ok(page(StatusCode::OK, &AccountDeletedPage { frame: visit.frame(), user_id }))
        }
        Err(Refusal::LastAdministrator) => {
            let why = Some(DeleteProblem::LastAdministrator);
            Ok(asked(visit, &person, StatusCode::CONFLICT, why))
        }
        Err(Refusal::Denied(_) | Refusal::OutOfOrder | Refusal::StoppedByOthers) => {
            Err(PageError::Forbidden)
        }
    }
}
