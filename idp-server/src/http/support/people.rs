//! `/support/people/{id}`: a person, and what the desk does for them.
//!
//! Without a check of who calls, within the last half hour and by whoever looks, the page shows the
//! name, how the account stands, for whom they act, and what is needed for asking.

mod deed;
mod view;

use actix_web::{
    HttpResponse,
    web::{self, Bytes, Path, Query},
};
use idp_core::{
    community::{
        account_life::Refusal, affiliation_life::Refusal as Ended, assistance,
        caller_check::Question, permission::Denied,
    },
    ids::SubscriberId,
};
use serde::Deserialize;

use deed::{Deed, purpose, understand};

use super::{Outcome, note, problem};
use crate::{
    community::{
        Office,
        desk::{
            self, NotChanged, NotEnded, NotHelped,
            person::{Seen, look_at},
        },
        help::{self, Helped},
        looking::Look,
    },
    http::{
        console::{self, Entry, Posted},
        error::PageError,
        visit::{Visit, see_other},
    },
    store::AnyConn,
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/support/people/{id}").get(show).post(act));
}

#[derive(Debug, Default, Deserialize)]
struct Wanted {
    /// What the caller wants: the questions for that are shown.
    purpose: Option<String>,
    done: Option<String>,
}

async fn load(visit: &Visit, office: &Office, id: &str) -> Result<Seen, PageError> {
    let id: SubscriberId = id.parse().map_err(|_| PageError::NotFound)?;
    let office = office.clone();
    let read = move |conn: &mut AnyConn| look_at(conn, &office, &id);
    visit.db.read(read).await?.ok_or(PageError::NotFound)
}

async fn show(visit: Visit, id: Path<String>, wanted: Query<Wanted>) -> HttpResponse {
    let outcome = async {
        let desk = match console::support(&visit, None).await? {
            Entry::Open(desk) => desk,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let loaded = load(&visit, &desk.office, &id).await?;
        let purpose = wanted.purpose.as_deref().map(purpose).transpose()?;
        note(&visit, &desk.office, Look::Person(loaded.id().clone(), purpose)).await?;
        let words = &visit.frame().text.desk;
        let done = wanted.done.is_some().then_some(words.done);
        let outcome = Outcome { done, ..Outcome::default() };
        Ok(view::page_of(&loaded, &visit, &desk, purpose, outcome))
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn act(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = carry_out(&visit, &id, &body).await;
    visit.answer(outcome)
}

async fn carry_out(visit: &Visit, id: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let desk = match console::support(visit, Some(body)).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let mut fields = vec!["deed", "purpose", "reason", "address", "organization"];
    fields.extend(Question::ALL.map(Question::code));
    let posted = match console::posted(visit, &desk.office, body, &fields).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    let loaded = load(visit, &desk.office, id).await?;
    let deed = match understand(&posted)? {
        Ok(deed) => deed,
        Err(why) => return Ok(view::page_of(&loaded, visit, &desk, None, Outcome::wrong(why))),
    };
    let (office, who) = (desk.office.clone(), loaded.id().clone());
    let outcome = match deed {
        Deed::Ask(purpose) => {
            let to = format!("/support/people/{id}?purpose={}#check", purpose.code());
            return Ok(see_other(&to, []));
        }
        Deed::Check(purpose, answers) => {
            let work = move |conn: &mut AnyConn| {
                desk::check_caller(conn, &office, &who, purpose, &answers)
            };
            let judged = visit.db.write(work).await?.map_err(problem)?;
            let words = &visit.frame().text.desk;
            match judged {
                Some(_) => Outcome { done: Some(words.verified), ..Outcome::default() },
                None => Outcome::refused(words.caller_refused.to_owned()),
            }
        }
        Deed::Help(help) => {
            if let Some(way_in) = console::lately(visit, body).await? {
                return Ok(way_in);
            }
            let work = move |conn: &mut AnyConn| desk::help(conn, &office, &who, &help);
            helped(visit, visit.db.write(work).await?)?
        }
        Deed::EndAffiliation(of, reason) => {
            if let Some(way_in) = console::lately(visit, body).await? {
                return Ok(way_in);
            }
            let work = move |conn: &mut AnyConn| {
                desk::end_affiliation(conn, &office, (&of, &who), reason.clone())
            };
            let words = &visit.frame().text.desk;
            ended(visit, visit.db.write(work).await?, words.affiliation_ended)?
        }
        Deed::Demote(of, reason) => {
            if let Some(way_in) = console::lately(visit, body).await? {
                return Ok(way_in);
            }
            let work =
                move |conn: &mut AnyConn| desk::demote(conn, &office, (&of, &who), reason.clone());
            let words = &visit.frame().text.desk;
            ended(visit, visit.db.write(work).await?, words.demoted)?
        }
        Deed::Change(command, reason) => {
            if let Some(way_in) = console::lately(visit, body).await? {
                return Ok(way_in);
            }
            let work = move |conn: &mut AnyConn| {
                desk::change_account(conn, &office, &who, command, reason.clone())
            };
            match visit.db.write(work).await? {
                Ok(()) => {
                    visit.outbox.wake();
                    return Ok(see_other(&format!("/support/people/{id}?done=1"), []));
                }
                Err(why) => not_changed(visit, why)?,
            }
        }
    };
    visit.outbox.wake();
    let loaded = load(visit, &desk.office, id).await?;
    Ok(view::page_of(&loaded, visit, &desk, None, outcome))
}

fn ended(
    visit: &Visit,
    ended: Result<(), NotEnded>,
    done: &'static str,
) -> Result<Outcome, PageError> {
    let words = &visit.frame().text.desk;
    let why = match ended {
        Ok(()) => return Ok(Outcome { done: Some(done), ..Outcome::default() }),
        Err(NotEnded::NotVerified) => words.check_first,
        Err(NotEnded::Affiliation(Ended::Denied(denied))) => return Err(problem(denied)),
        Err(NotEnded::Affiliation(Ended::LastAdministrator)) => words.last_administrator,
        Err(NotEnded::Affiliation(
            Ended::MailboxDue | Ended::NpiDue | Ended::OutOfOrder | Ended::Unchanged,
        )) => words.out_of_order,
    };
    Ok(Outcome::refused(why.to_owned()))
}

fn not_changed(visit: &Visit, why: NotChanged) -> Result<Outcome, PageError> {
    let words = &visit.frame().text.desk;
    let why = match why {
        NotChanged::NotFound => return Err(PageError::NotFound),
        NotChanged::NotVerified => words.check_first,
        NotChanged::Account(Refusal::Denied(denied)) => return Err(problem(denied)),
        NotChanged::Account(Refusal::LastAdministrator) => words.last_administrator,
        NotChanged::Account(Refusal::OutOfOrder | Refusal::StoppedByOthers) => words.out_of_order,
    };
    Ok(Outcome::refused(why.to_owned()))
}

fn helped(visit: &Visit, helped: Result<Helped, NotHelped>) -> Result<Outcome, PageError> {
    let words = &visit.frame().text.desk;
    match helped {
        Ok(Helped::Code(_, code)) => {
            let code = Some(code.shown().to_string());
            Ok(Outcome { done: Some(words.code_made), code, ..Outcome::default() })
        }
        Ok(Helped::Email) => Ok(Outcome { done: Some(words.email_asked), ..Outcome::default() }),
        Ok(Helped::LostFactor) => {
            Ok(Outcome { done: Some(words.factors_go), ..Outcome::default() })
        }
        Ok(Helped::StopRemoval) => {
            Ok(Outcome { done: Some(words.removal_stopped), ..Outcome::default() })
        }
        Ok(Helped::Unlock) => Ok(Outcome { done: Some(words.unlocked), ..Outcome::default() }),
        Err(NotHelped::NotFound) => Err(PageError::NotFound),
        Err(NotHelped::NotVerified) => Ok(Outcome::refused(words.check_first.to_owned())),
        Err(NotHelped::Help(why)) => Ok(Outcome::refused(not_helped(visit, why)?.to_owned())),
    }
}

fn not_helped(visit: &Visit, why: help::NotHelped) -> Result<&'static str, PageError> {
    let words = &visit.frame().text.desk;
    match why {
        // That this is another one's account at the desk is told: they sit next to each other.
        help::NotHelped::Assistance(assistance::Refusal::Denied(Denied::Forbidden)) => {
            Ok(words.not_helped_staff)
        }
        help::NotHelped::Assistance(assistance::Refusal::Denied(Denied::NotFound)) => {
            Err(PageError::NotFound)
        }
        help::NotHelped::Assistance(assistance::Refusal::Unsettled) => {
            Ok(words.not_helped_unsettled)
        }
        help::NotHelped::Assistance(assistance::Refusal::SeeSupport) | help::NotHelped::Desk(_) => {
            Ok(words.not_helped)
        }
    }
}
