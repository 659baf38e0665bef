//! `/account/sessions`: where am I signed in, and how do I end that (security 19.4).

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use idp_core::{authentication::gate::Demand, ids::SessionId};
use serde::Deserialize;

use super::{PURPOSE, expired, form_token, nav};
use crate::{
    http::{
        error::PageError,
        gate::{self, Gate, OwnPage},
        session::ending,
        visit::{Visit, page, see_other, set},
    },
    pages::{Area, SessionView, SessionsDone, SessionsPage},
    store::{Cause, Scope, end_access, session},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/account/sessions").get(show))
        // Before the pattern, which would take it for an identifier.
        .service(web::resource("/account/sessions/end-others").post(end_others))
        .service(web::resource("/account/sessions/{id}/end").post(end_one));
}

#[derive(Deserialize)]
struct After {
    done: Option<String>,
}

async fn show(visit: Visit, after: Query<After>) -> HttpResponse {
    let outcome = list(&visit, after.done.as_deref()).await;
    visit.answer(outcome)
}

async fn list(visit: &Visit, done: Option<&str>) -> Result<HttpResponse, PageError> {
    let loaded = match gate::pass(visit, OwnPage::Sessions, Demand::SIGNED_IN).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let (subscriber, now) = (loaded.subscriber.id.clone(), visit.clock.now());
    let sessions =
        visit.db.read(move |conn| session::live_of_subscriber(conn, &subscriber, now)).await?;
    let (form_token, cookie) = form_token(visit);
    let content = SessionsPage {
        frame: visit.frame(),
        nav: nav(visit, Area::Sessions),
        form_token: &form_token,
        sessions: sessions
            .iter()
            .map(|listed| SessionView {
                id: listed.session.id.as_str(),
                current: listed.session.id == loaded.session.id,
                user_agent: &listed.user_agent,
                address: &listed.address,
                started_at: listed.session.started_at,
                ends_at: listed.session.expires_at,
            })
            .collect(),
        done: done.and_then(|done| match done {
            "session" => Some(SessionsDone::SessionEnded),
            "others" => Some(SessionsDone::OthersEnded),
            _ => None,
        }),
    };
    let mut answer = page(StatusCode::OK, &content);
    set(&mut answer, cookie);
    Ok(answer)
}

/// `POST /account/sessions/{id}/end`. A session of somebody else is not there.
async fn end_one(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = end(&visit, &body, Which::One(&id)).await;
    visit.answer(outcome)
}

/// `POST /account/sessions/end-others`.
async fn end_others(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = end(&visit, &body, Which::Others).await;
    visit.answer(outcome)
}

enum Which<'a> {
    One(&'a str),
    Others,
}

async fn end(visit: &Visit, body: &Bytes, which: Which<'_>) -> Result<HttpResponse, PageError> {
    let loaded = match gate::pass(visit, OwnPage::Sessions, Demand::SIGNED_IN).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    if visit.own_form(body, PURPOSE).is_none() {
        return Ok(expired(visit, Area::Sessions));
    }
    let (person, now) = (loaded.session.subscriber, visit.clock.now());
    let (what, done) = match which {
        Which::Others => (
            Scope::SessionsOfSubscriber { subscriber: person, except: Some(loaded.session.id) },
            "others",
        ),
        Which::One(id) => {
            let id: SessionId = id.parse().map_err(|_| PageError::NotFound)?;
            let wanted = id.clone();
            let own =
                visit.db.read(move |conn| session::live_of_subscriber(conn, &person, now)).await?;
            if !own.iter().any(|listed| listed.session.id == wanted) {
                return Err(PageError::NotFound);
            }
            (Scope::Session(id), "session")
        }
    };
    let ending = ending(visit, loaded.subscriber.id, Cause::EndedByPerson);
    let random = visit.random.clone();
    visit.db.write(move |conn| end_access(conn, &what, &ending, &random)).await?;
    visit.outbox.wake();
    Ok(see_other(&format!("/account/sessions?done={done}"), []))
}
