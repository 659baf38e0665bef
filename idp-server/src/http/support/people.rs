//! `/support/people/{id}`: a person, and what the desk does for them.
//!
//! Without a check of who calls, within the last half hour and by whoever looks, the page shows the
//! name, how the account stands, for whom they act, and what is needed for asking.

mod view;

use std::collections::BTreeMap;

use actix_web::{
    HttpResponse,
    web::{self, Bytes, Path, Query},
};
use idp_core::{
    community::{
        account_life::{Command, Refusal},
        affiliation_life::Refusal as Ended,
        assistance,
        caller_check::{Answer, Purpose, Question},
        field::{LONGEST_NOTE, line},
        permission::Denied,
    },
    ids::{OrganizationId, SubscriberId},
    oidc::params::Params,
};
use serde::Deserialize;

use super::{Outcome, one_line, problem};
use crate::{
    community::{
        Office,
        desk::{
            self, NotEnded, NotHelped,
            person::{Seen, look_at},
        },
        help::{self, Help, Helped},
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
        let words = &visit.frame().text.desk;
        let done = wanted.done.is_some().then_some(words.done);
        let outcome = Outcome { done, ..Outcome::default() };
        Ok(view::page_of(&loaded, &visit, &desk, purpose, outcome))
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

fn purpose(code: &str) -> Result<Purpose, PageError> {
    let found = Purpose::ALL.into_iter().find(|purpose| purpose.code() == code);
    found.ok_or(PageError::NotUnderstood)
}

/// What the desk wants with a person.
#[derive(Clone)]
enum Deed {
    Ask(Purpose),
    Change(Command, String),
    Check(Purpose, BTreeMap<Question, Answer>),
    EndAffiliation(OrganizationId, String),
    Help(Help),
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
            match visit.db.write(work).await? {
                Ok(()) => Outcome { done: Some(words.affiliation_ended), ..Outcome::default() },
                Err(NotEnded::NotVerified) => Outcome::refused(words.check_first.to_owned()),
                Err(NotEnded::Affiliation(Ended::Denied(denied))) => return Err(problem(denied)),
                Err(NotEnded::Affiliation(Ended::LastAdministrator)) => {
                    Outcome::refused(words.last_administrator.to_owned())
                }
                Err(NotEnded::Affiliation(
                    Ended::MailboxDue | Ended::NpiDue | Ended::OutOfOrder | Ended::Unchanged,
                )) => Outcome::refused(words.out_of_order.to_owned()),
            }
        }
        Deed::Change(command, reason) => {
            let work = move |conn: &mut AnyConn| {
                desk::change_account(conn, &office, &who, command, reason.clone())
            };
            match visit.db.write(work).await?.ok_or(PageError::NotFound)? {
                Ok(()) => {
                    visit.outbox.wake();
                    return Ok(see_other(&format!("/support/people/{id}?done=1"), []));
                }
                Err(refusal) => Outcome::refused(not_changed(visit, refusal)?.to_owned()),
            }
        }
    };
    visit.outbox.wake();
    let loaded = load(visit, &desk.office, id).await?;
    Ok(view::page_of(&loaded, visit, &desk, None, outcome))
}

fn not_changed(visit: &Visit, refusal: Refusal) -> Result<&'static str, PageError> {
    let words = &visit.frame().text.desk;
    match refusal {
        Refusal::Denied(denied) => Err(problem(denied)),
        Refusal::LastAdministrator => Ok(words.last_administrator),
        Refusal::OutOfOrder | Refusal::StoppedByOthers => Ok(words.out_of_order),
    }
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

/// What somebody wants; the inner error says what is wrong with what they typed.
fn understand(posted: &Params) -> Result<Result<Deed, String>, PageError> {
    let field = |name| posted.find(name).unwrap_or_default();
    let change = |command| {
        let reason = line(&one_line(field("reason")), LONGEST_NOTE);
        reason.map(|reason| Deed::Change(command, reason)).map_err(|why| why.to_string())
    };
    Ok(match field("deed") {
        "ask" => Ok(Deed::Ask(purpose(field("purpose"))?)),
        "check" => Ok(Deed::Check(purpose(field("purpose"))?, answers(posted)?)),
        "close" => change(Command::Close),
        "code" => Ok(Deed::Help(Help::Code)),
        "email" => {
            let new = field("address").parse();
            new.map(|new| Deed::Help(Help::Email(new))).map_err(|why| format!("{why}"))
        }
        "end-affiliation" => {
            let of = field("organization").parse().map_err(|_| PageError::NotUnderstood)?;
            let reason = line(&one_line(field("reason")), LONGEST_NOTE);
            reason.map(|reason| Deed::EndAffiliation(of, reason)).map_err(|why| why.to_string())
        }
        "lost-factor" => Ok(Deed::Help(Help::LostFactor)),
        "resume" => change(Command::Resume),
        "stop-removal" => Ok(Deed::Help(Help::StopRemoval)),
        "suspend" => change(Command::Suspend),
        "terminate" => change(Command::Terminate),
        "unlock" => Ok(Deed::Help(Help::Unlock)),
        _ => return Err(PageError::NotUnderstood),
    })
}

fn answers(posted: &Params) -> Result<BTreeMap<Question, Answer>, PageError> {
    let mut answers = BTreeMap::new();
    for question in Question::ALL {
        let given = posted.find(question.code()).unwrap_or_default();
        let answer = Answer::ALL.into_iter().find(|answer| answer.code() == given);
        match answer {
            Some(answer) => drop(answers.insert(question, answer)),
            None if given.is_empty() => {}
            None => return Err(PageError::NotUnderstood),
        }
    }
    Ok(answers)
}
