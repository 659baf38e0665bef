//! `/account/leave/{affiliation}`: somebody no longer acts for an organization (domain 4.3, R17). The
//! User ID stays theirs, with what they have elsewhere.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path},
};
use idp_core::{
    authentication::gate::Demand,
    community::{
        affiliation::Affiliation,
        affiliation_life::{Command, Refusal},
        permission::Denied,
    },
};

use super::{PURPOSE, expired, form_token, nav};
use crate::{
    community::affiliation,
    http::{
        console::office_of,
        error::PageError,
        gate::{self, Gate, OwnPage},
        visit::{Visit, page, see_other, set},
    },
    pages::{Area, LeavePage},
    store::{AnyConn, person::LoadedPerson},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/account/leave/{affiliation}").get(show).post(leave));
}

async fn show(visit: Visit, id: Path<String>) -> HttpResponse {
    let outcome = async {
        match gate::pass(&visit, OwnPage::Account, Demand::CHANGE).await? {
            Gate::Open(person) => {
                let own = accepted(&person, &id)?;
                Ok(asked(&visit, own, StatusCode::OK, None))
            }
            Gate::Elsewhere(answer) => Ok(answer),
        }
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

/// The person's own affiliation of this name, if it can be left.
fn accepted<'a>(person: &'a LoadedPerson, id: &str) -> Result<&'a Affiliation, PageError> {
    let mut own = person.affiliations.iter().filter(|own| own.status.is_accepted());
    own.find(|own| own.id.as_str() == id).ok_or(PageError::NotFound)
}

fn asked(
    visit: &Visit,
    own: &Affiliation,
    status: StatusCode,
    problem: Option<&'static str>,
) -> HttpResponse {
    let (form_token, cookie) = form_token(visit);
    let content = LeavePage {
        frame: visit.frame(),
        nav: nav(visit, Area::Overview),
        form_token: &form_token,
        id: own.id.as_str(),
        organization: &own.organization.name,
        problem,
    };
    let mut answer = page(status, &content);
    set(&mut answer, cookie);
    answer
}

async fn leave(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = end(&visit, &id, &body).await;
    visit.answer(outcome)
}

async fn end(visit: &Visit, id: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let person = match gate::pass(visit, OwnPage::Account, Demand::CHANGE).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    if visit.own_form(body, PURPOSE).is_none() {
        return Ok(expired(visit, Area::Overview));
    }
    let own = accepted(&person, id)?;
    let office = office_of(visit, Some(&person));
    let (of, who) = (own.organization.id.clone(), person.subscriber.id.clone());
    let work = move |conn: &mut AnyConn| {
        affiliation::command(conn, &office, (&of, &who), Command::Leave, None)
    };
    let left = visit.db.write(work).await?;
    visit.outbox.wake();
    match left {
        Ok(_) => Ok(see_other("/account?done=left", [])),
        Err(Refusal::LastAdministrator) => {
            let why = visit.frame().text.leave.last_administrator;
            Ok(asked(visit, own, StatusCode::CONFLICT, Some(why)))
        }
        Err(Refusal::Denied(Denied::Forbidden)) => Err(PageError::Forbidden),
        Err(
            Refusal::Denied(Denied::NotFound)
            | Refusal::MailboxDue
            | Refusal::NpiDue
            | Refusal::OutOfOrder
            | Refusal::Unchanged,
        ) => Err(PageError::NotFound),
    }
}
