//! `/ticket/{link}`: a ticket, for who asked. The link of the last mail leads here; its key is
//! needed for looking, and a form of ours for answering (security 17.6).

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use idp_core::{
    authentication::mailed_code::LinkKey,
    community::{
        field::LONGEST_NOTE,
        ticket::{CLOSES_AFTER, Message, Requester, State},
    },
    ids::TicketId,
    oidc::params::Params,
};
use serde::Deserialize;

use super::form::one_line;
use crate::{
    community::tickets::{self, Deed},
    http::{
        console,
        error::PageError,
        sign_out::current,
        visit::{Visit, page, see_other, set},
    },
    pages::{FieldView, FormProblem, RequesterTicketPage, SaidView},
    store::{
        AnyConn, StoreError,
        person::LoadedPerson,
        ticket::{self, Kept, Said},
    },
};

/// What the form of this page is for.
const PURPOSE: &str = "ticket";

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/ticket/{link}").get(show).post(send));
}

#[derive(Deserialize)]
struct Shown {
    done: Option<String>,
}

async fn show(visit: Visit, link: Path<String>, shown: Query<Shown>) -> HttpResponse {
    let outcome = async {
        let opened = open(&visit, &link).await?;
        Ok(opened.page(
            &visit,
            StatusCode::OK,
            &Form { done: shown.done.is_some(), ..Form::default() },
        ))
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn send(visit: Visit, link: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = answer(&visit, &link, &body).await;
    visit.answer(outcome)
}

/// A ticket that somebody has the link to.
struct Opened {
    link: String,
    kept: Kept,
    said: Vec<Said>,
    /// Who is signed in, if it is who asked.
    person: Option<LoadedPerson>,
}

/// How its page is shown.
#[derive(Default)]
struct Form<'a> {
    done: bool,
    typed: &'a str,
    wrong: Option<String>,
    problem: Option<FormProblem>,
}

/// The ticket behind a link. A person's own is shown to them alone: they sign in first.
async fn open(visit: &Visit, link: &str) -> Result<Opened, PageError> {
    let (id, key) = link.split_once('.').ok_or(PageError::NotFound)?;
    let id: TicketId = id.parse().map_err(|_| PageError::NotFound)?;
    let key = LinkKey::received(key);
    let read = move |conn: &mut AnyConn| -> Result<_, StoreError> {
        let Some(kept) = ticket::by_link(conn, &id, &key)? else { return Ok(None) };
        Ok(Some((ticket::said(conn, &id)?, kept)))
    };
    let (said, kept) = visit.db.read(read).await?.ok_or(PageError::NotFound)?;
    let person = match &kept.ticket.requester {
        Requester::Subscriber(id) => {
            let person = current(visit).await?.filter(|person| person.subscriber.id == *id);
            Some(person.ok_or(PageError::NotFound)?)
        }
        Requester::Hilum | Requester::Visitor(_) => None,
    };
    Ok(Opened { link: link.to_owned(), kept, said, person })
}

impl Opened {
    /// Whether an answer is wanted, or `Some(true)`: whether they may say that it is not resolved.
    fn wants(&self, visit: &Visit) -> Option<bool> {
        match &self.kept.ticket.state {
            State::Waiting(_) => Some(false),
            State::Resolved { at, .. } if visit.clock.now() < *at + CLOSES_AFTER => Some(true),
            State::Assigned(_) | State::Closed | State::New | State::Resolved { .. } => None,
        }
    }

    fn page(&self, visit: &Visit, status: StatusCode, form: &Form<'_>) -> HttpResponse {
        let frame = visit.frame();
        let (browser, cookie) = visit.browser();
        let wants = self.wants(visit);
        let field = wants.map(|_| FieldView {
            value: form.typed,
            wrong: form.wrong.as_deref(),
            ..FieldView::area("message", frame.text.ticket.message, LONGEST_NOTE)
        });
        let said = self.said.iter().map(|said| SaidView {
            asker: said.author.is_none(),
            author: None,
            at: said.at,
            text: &said.text,
        });
        let content = RequesterTicketPage {
            frame,
            form_token: &visit.form_token(&browser, PURPOSE),
            link: &self.link,
            said: said.collect(),
            fields: field.into_iter().collect(),
            reopens: wants == Some(true),
            done: form.done,
            problem: form.problem,
        };
        let mut answer = page(status, &content);
        set(&mut answer, cookie);
        answer
    }
}

async fn answer(visit: &Visit, link: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let opened = open(visit, link).await?;
    let Some(posted) = visit.own_form(body, PURPOSE) else {
        let form = Form { problem: Some(FormProblem::Expired), ..Form::default() };
        return Ok(opened.page(visit, StatusCode::FORBIDDEN, &form));
    };
    let typed = typed(&posted)?;
    let message = match Message::read(&one_line(typed)) {
        Ok(message) => message,
        Err(why) => {
            let (wrong, problem) = (Some(why.to_string()), Some(FormProblem::Wrong));
            let form = Form { typed, wrong, problem, done: false };
            return Ok(opened.page(visit, StatusCode::UNPROCESSABLE_ENTITY, &form));
        }
    };
    let deed = match opened.wants(visit) {
        Some(false) => Deed::Answer(message),
        Some(true) => Deed::Reopen(message),
        None => return Ok(opened.page(visit, StatusCode::CONFLICT, &Form::default())),
    };
    let office = console::office_of(visit, opened.person.as_ref());
    let id = opened.kept.ticket.id.clone();
    let done = visit.db.write(move |conn| tickets::act(conn, &office, &id, &deed)).await?;
    if done.is_err() {
        // Somebody was faster; the page says how it stands now.
        return Ok(open(visit, link).await?.page(visit, StatusCode::CONFLICT, &Form::default()));
    }
    visit.outbox.wake();
    Ok(see_other(&format!("/ticket/{link}?done=1"), []))
}

/// What was typed, if the form has no other field (security 20.3).
fn typed(posted: &Params) -> Result<&str, PageError> {
    let known = |(name, _): (&str, &str)| matches!(name, "form_token" | "message");
    if !posted.pairs().all(known) {
        return Err(PageError::NotUnderstood);
    }
    Ok(posted.find("message").unwrap_or_default())
}
