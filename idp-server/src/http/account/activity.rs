//! `GET /account/activity`: what happened in my account (R26). Never anybody else's.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Query},
};
use idp_core::{
    audit::{Actor, Event, Kind},
    authentication::gate::Demand,
    ids::SubscriberId,
};
use serde::Deserialize;
use serde_json::Value;

use super::nav;
use crate::{
    http::{
        error::PageError,
        gate::{self, Gate, OwnPage},
        visit::{Visit, page},
    },
    pages::{ActivityActor, ActivityEntry, ActivityPage, Area, activity_words},
    store::audit::{self, Cursor},
};

/// How many entries a page has at most.
const SHOWN: usize = 50;
/// How many events are looked at for one page. Most tell a person nothing (sites renew their
/// tokens every few minutes), and however many there are, a page costs no more than this.
const SCANNED: usize = 400;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/account/activity").get(show));
}

#[derive(Deserialize)]
struct From {
    before: Option<String>,
}

async fn show(visit: Visit, from: Query<From>) -> HttpResponse {
    let outcome = list(&visit, from.before.as_deref()).await;
    visit.answer(outcome)
}

async fn list(visit: &Visit, before: Option<&str>) -> Result<HttpResponse, PageError> {
    let loaded = match gate::pass(visit, OwnPage::Activity, Demand::SIGNED_IN).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let before = before.map(|text| text.parse::<Cursor>().map_err(|_| PageError::NotUnderstood));
    let before = before.transpose()?;
    let is_older = before.is_some();
    let person = loaded.subscriber.id.clone();
    let read = move |conn: &mut _| audit::of_subject(conn, &person, before.as_ref(), SCANNED);
    let events = visit.db.read(read).await?;
    let (shown, older) = pick(visit, &events);
    let sites: Vec<_> = shown
        .iter()
        .map(|(event, _)| event.site.as_ref().map(|id| (id, visit.sites.find(id))))
        .collect();
    let entries = shown.iter().zip(&sites).map(|((event, (what, is_warning)), site)| {
        let site = site.as_ref().map(|(id, entry)| match entry {
            Some(entry) => entry.site.name.as_str(),
            None => id.as_str(),
        });
        ActivityEntry {
            what: (*what).to_owned(),
            at: event.at,
            address: event.address.map(|address| address.to_string()),
            site,
            by: by(&event.actor, &loaded.subscriber.id),
            is_warning: *is_warning,
        }
    });
    let older = older.map(|cursor| cursor.to_string());
    let content = ActivityPage {
        frame: visit.frame(),
        nav: nav(visit, Area::Activity),
        entries: entries.collect(),
        is_older,
        older: older.as_deref(),
    };
    Ok(page(StatusCode::OK, &content))
}

/// An event with its words, and whether it deserves a second look.
type Told<'a> = (&'a Event, (&'static str, bool));

/// The events that tell the person something, and where the next page begins, unless there is
/// nothing older.
fn pick<'a>(visit: &Visit, events: &'a [Event]) -> (Vec<Told<'a>>, Option<Cursor>) {
    let text = visit.frame().text;
    let mut shown: Vec<Told<'_>> = Vec::new();
    for event in events {
        if shown.last().is_some_and(|(last, _)| is_same_visit(last, event)) {
            continue;
        }
        if let Some(words) = activity_words(text, event.kind, event.reason.as_deref()) {
            shown.push((event, words));
        }
        if shown.len() == SHOWN {
            return (shown, Some(audit::behind(event)));
        }
    }
    let may_go_on = events.len() == SCANNED;
    (shown, events.last().filter(|_| may_go_on).map(audit::behind))
}

/// Whether both tell of one visit of a site, which stands in the record once for each organization.
fn is_same_visit(one: &Event, other: &Event) -> bool {
    let grant = |event: &Event| {
        let given = event.after.as_ref().filter(|_| event.kind == Kind::GrantIssued)?;
        given.get("grant").and_then(Value::as_str).map(str::to_owned)
    };
    grant(one).is_some_and(|visit| grant(other) == Some(visit))
}

/// Who did it, if it was not the person. Sites are named beside.
fn by(actor: &Actor, person: &SubscriberId) -> Option<ActivityActor> {
    match actor {
        Actor::Job(_) => Some(ActivityActor::Hilum),
        Actor::Nobody | Actor::Site(_) => None,
        Actor::Operator(_) => Some(ActivityActor::Operator),
        Actor::Subscriber(id) if id == person => None,
        Actor::Subscriber(_) => Some(ActivityActor::SomebodyElse),
    }
}
