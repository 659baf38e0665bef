//! `/account/questions`: the secret questions (R57). There is no such page under a policy without
//! them (security 16.5).

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Query},
};
use idp_core::{
    audit::{Actor, Event, Kind},
    authentication::{
        gate::Demand,
        secret_questions::{self, Objection, Question},
    },
    ids::EventId,
    mail::Mail,
    oidc::params::Params,
};
use serde::Deserialize;

use super::{PURPOSE, expired, form_token, nav};
use crate::{
    http::{
        client_address::ClientAddress,
        error::PageError,
        gate::{self, Gate, OwnPage},
        visit::{Visit, page, see_other, set},
    },
    pages::{Area, QuestionsPage},
    passwords::PasswordError,
    store::{AnyConn, audit, person, secret_questions as stored},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/account/questions").get(show).post(set_up));
}

#[derive(Deserialize)]
struct After {
    done: Option<String>,
}

async fn show(visit: Visit, after: Query<After>) -> HttpResponse {
    let outcome = async {
        let person = match enter(&visit).await? {
            Gate::Open(person) => person,
            Gate::Elsewhere(answer) => return Ok(answer),
        };
        let shown = Shown { done: after.done.is_some(), ..Shown::default() };
        form(&visit, &person, StatusCode::OK, shown).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn enter(visit: &Visit) -> Result<Gate, PageError> {
    if !visit.password_policy.secret_questions {
        return Err(PageError::NotFound);
    }
    gate::pass(visit, OwnPage::Questions, Demand::CHANGE).await
}

/// What the page shows beside the questions that there are.
#[derive(Default)]
struct Shown {
    chosen: Option<[Option<Question>; 3]>,
    objections: Vec<Objection>,
    busy: bool,
    done: bool,
}

async fn form(
    visit: &Visit,
    person: &person::LoadedPerson,
    status: StatusCode,
    shown: Shown,
) -> Result<HttpResponse, PageError> {
    let id = person.subscriber.id.clone();
    let own = visit.db.read(move |conn| stored::find(conn, &id)).await?;
    let mut asked = own.iter().flat_map(|own| own.questions.iter().copied());
    let own_chosen = std::array::from_fn(|_| asked.next());
    let (form_token, cookie) = form_token(visit);
    let content = QuestionsPage {
        frame: visit.frame(),
        nav: nav(visit, Area::Questions),
        form_token: &form_token,
        set_at: own.as_ref().map(|own| own.set_at),
        chosen: shown.chosen.unwrap_or(own_chosen),
        objections: shown.objections,
        busy: shown.busy,
        done: shown.done,
    };
    let mut answer = page(status, &content);
    set(&mut answer, cookie);
    Ok(answer)
}

/// `POST /account/questions`.
async fn set_up(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = keep(&visit, &body).await;
    visit.answer(outcome)
}

async fn keep(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let person = match enter(visit).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let Some(posted) = visit.own_form(body, PURPOSE) else {
        return Ok(expired(visit, Area::Questions));
    };
    let rows = rows(&posted);
    let chosen = Some(rows.map(|(question, _)| question));
    let filled: Vec<(Question, &str)> =
        rows.iter().filter_map(|(question, answer)| Some(((*question)?, *answer))).collect();
    let objections = secret_questions::judge(&filled);
    let answers: Vec<&str> = filled.iter().map(|(_, answer)| *answer).collect();
    let password = secret_questions::together(&answers).filter(|_| objections.is_empty());
    let Some(password) = password else {
        let shown = Shown { chosen, objections, ..Shown::default() };
        return form(visit, &person, StatusCode::UNPROCESSABLE_ENTITY, shown).await;
    };
    let hash = match visit.passwords.hash(password).await {
        Ok(hash) => hash,
        Err(PasswordError::Busy) => {
            let shown = Shown { chosen, busy: true, ..Shown::default() };
            return form(visit, &person, StatusCode::SERVICE_UNAVAILABLE, shown).await;
        }
        Err(error) => return Err(PageError::unexpected(&error)),
    };
    let questions: Vec<Question> = filled.iter().map(|(question, _)| *question).collect();
    let (id, now, post) = (person.subscriber.id, visit.clock.now(), visit.post.clone());
    let event = Event::new(
        EventId::from_random(visit.random.bytes()),
        now,
        Kind::QuestionsChanged,
        Actor::Subscriber(id.clone()),
    );
    let event = event
        .to(id.clone())
        .in_session(person.session.id)
        .from_address(ClientAddress::of(&visit.request).0);
    let write = move |conn: &mut AnyConn| {
        stored::set(conn, &id, &questions, &hash, now)?;
        post.notify(conn, &id, Mail::QuestionsChanged, now)?;
        audit::record(conn, std::slice::from_ref(&event))
    };
    visit.db.write(write).await?;
    visit.outbox.wake();
    Ok(see_other("/account/questions?done=set", []))
}

/// The three rows of the form: the question, if one is chosen, and the answer.
fn rows(posted: &Params) -> [(Option<Question>, &str); 3] {
    [("question1", "answer1"), ("question2", "answer2"), ("question3", "answer3")].map(
        |(question, answer)| {
            let question = posted.find(question).and_then(Question::named);
            (question, posted.find(answer).unwrap_or_default())
        },
    )
}
