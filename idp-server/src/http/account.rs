//! `/account`: a Subscriber's own page. Who am I, where am I signed in, what have I opened.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use idp_core::{authentication::gate::Demand, community::affiliation::Affiliation, ids::SessionId};
use serde::Deserialize;

use super::{
    error::PageError,
    gate::{self, Gate, OwnPage},
    session::ending,
    visit::{Visit, page, see_other, set},
};
use crate::{
    pages::{
        AccountPage, AffiliationView, Done, FormExpiredPage, SessionView, SiteVisit, StartAgain,
    },
    store::{Cause, Scope, end_access, session, site_visit},
};

/// What forms of this page are for.
const PURPOSE: &str = "account";

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/account").get(show))
        // Before the pattern, which would take it for an identifier.
        .service(web::resource("/account/sessions/end-others").post(end_others))
        .service(web::resource("/account/sessions/{id}/end").post(end_one));
}

#[derive(Deserialize)]
struct After {
    done: Option<String>,
}

/// `GET /account`.
async fn show(visit: Visit, after: Query<After>) -> HttpResponse {
    let outcome = overview(&visit, after.done.as_deref()).await;
    visit.answer(outcome)
}

async fn overview(visit: &Visit, done: Option<&str>) -> Result<HttpResponse, PageError> {
    let loaded = match gate::pass(visit, OwnPage::Account, Demand::SIGNED_IN).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let (subscriber, now) = (loaded.subscriber.id.clone(), visit.clock.now());
    let (sessions, visits) = visit
        .db
        .read(move |conn| {
            Ok((
                session::live_of_subscriber(conn, &subscriber, now)?,
                site_visit::of_subscriber(conn, &subscriber)?,
            ))
        })
        .await?;
    let (browser, cookie) = visit.browser();
    let form_token = visit.form_token(&browser, PURPOSE);
    let person = &loaded.subscriber;
    let name = person.name();
    let active: Vec<&Affiliation> = loaded.affiliations.iter().filter(|a| a.is_active()).collect();
    let numbers: Vec<Vec<String>> = active
        .iter()
        .map(|a| a.tax_ids.iter().map(|tax_id| tax_id.number.shown()).collect())
        .collect();
    let sites: Vec<_> =
        visits.iter().filter_map(|(id, at)| Some((visit.sites.find(id)?, *at))).collect();
    let content = AccountPage {
        frame: visit.frame(),
        form_token: &form_token,
        name: &name,
        user_id: person.user_id.as_str(),
        email: person.email.as_ref().map(|email| email.as_str()),
        last_sign_in: loaded.previous_sign_in_at,
        affiliations: active
            .iter()
            .zip(&numbers)
            .map(|(a, numbers)| affiliation(a, numbers))
            .collect(),
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
        sites: sites
            .iter()
            .map(|(entry, at)| SiteVisit {
                name: &entry.site.name,
                last_at: *at,
                scopes: entry
                    .site
                    .release
                    .allowed_scopes
                    .iter()
                    .map(|scope| scope.as_str())
                    .collect(),
            })
            .collect(),
        done: done.and_then(|done| match done {
            "session" => Some(Done::SessionEnded),
            "others" => Some(Done::OthersEnded),
            _ => None,
        }),
    };
    let mut answer = page(StatusCode::OK, &content);
    set(&mut answer, cookie);
    Ok(answer)
}

fn affiliation<'a>(affiliation: &'a Affiliation, numbers: &'a [String]) -> AffiliationView<'a> {
    AffiliationView {
        organization: &affiliation.organization.name,
        roles: affiliation.roles.iter().map(|role| role.code()).collect(),
        tax_ids: numbers.iter().map(String::as_str).collect(),
        administrator: affiliation.administrator,
        access_level: affiliation.access_level.code(),
    }
}

/// `POST /account/sessions/{id}/end`. A session of somebody else is not there (security 19.4).
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
    let Some(loaded) = gate::open(visit, Demand::SIGNED_IN).await? else {
        return Ok(see_other("/account", []));
    };
    if visit.own_form(body, PURPOSE).is_none() {
        let content = FormExpiredPage { frame: visit.frame(), start_again: StartAgain::Account };
        return Ok(page(StatusCode::FORBIDDEN, &content));
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
    Ok(see_other(&format!("/account?done={done}"), []))
}
