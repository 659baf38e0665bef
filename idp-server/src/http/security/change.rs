//! Changes to what is set up: names, removals, new recovery codes, forgotten browsers.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Bytes, Path},
};
use chrono::{DateTime, Utc};
use idp_core::{
    audit::{Actor, Event, Kind},
    authentication::{factor::FactorName, gate::Demand},
    ids::{EventId, FactorId, SubscriberId},
    mail::Mail,
    oidc::params::Params,
};
use serde_json::json;

use super::PURPOSE;
use crate::{
    http::{
        account::expired,
        client_address::ClientAddress,
        enrolment::{RecoveryCodes, mailed},
        error::PageError,
        gate::{self, Gate, OwnPage},
        visit::{Visit, page, see_other},
    },
    pages::{Area, RecoveryCodesPage},
    store::{audit, factor, person::LoadedPerson, recovery_code, remembered_browser},
};

/// A person who may change something, and the form in which they say what.
type Asked = (Box<LoadedPerson>, Params);

async fn asked(visit: &Visit, body: &Bytes) -> Result<Result<Asked, HttpResponse>, PageError> {
    let person = match gate::pass(visit, OwnPage::Security, Demand::CHANGE).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(Err(answer)),
    };
    let Some(form) = visit.own_form(body, PURPOSE) else {
        return Ok(Err(expired(visit, Area::Security)));
    };
    Ok(Ok((person, form)))
}

/// What every change writes down.
struct Change {
    now: DateTime<Utc>,
    event: EventId,
    person: SubscriberId,
    session: idp_core::ids::SessionId,
    address: std::net::IpAddr,
}

impl Change {
    fn new(visit: &Visit, person: &LoadedPerson) -> Self {
        Self {
            now: visit.clock.now(),
            event: EventId::from_random(visit.random.bytes()),
            person: person.subscriber.id.clone(),
            session: person.session.id.clone(),
            address: ClientAddress::of(&visit.request).0,
        }
    }

    fn event(&self, kind: Kind) -> Event {
        let actor = Actor::Subscriber(self.person.clone());
        let event = Event::new(self.event.clone(), self.now, kind, actor).to(self.person.clone());
        Event { address: Some(self.address), ..event.in_session(self.session.clone()) }
    }
}

fn done(what: &str) -> HttpResponse {
    see_other(&format!("{}?done={what}", OwnPage::Security.path()), [])
}

/// `POST /account/security/factors/{id}/remove`. A factor of somebody else is not there.
pub async fn remove(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    visit.answer(take_away(&visit, &id, &body).await)
}

async fn take_away(visit: &Visit, id: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let (person, _) = match asked(visit, body).await? {
        Ok(asked) => asked,
        Err(answer) => return Ok(answer),
    };
    let id: FactorId = id.parse().map_err(|_| PageError::NotFound)?;
    let (change, post) = (Change::new(visit, &person), visit.post.clone());
    let removed = visit.db.write(move |conn| {
        let Some(removed) = factor::remove(conn, &change.person, &id)? else { return Ok(false) };
        remembered_browser::forget_all(conn, &change.person)?;
        let kind = removed.kind.code();
        let event = change.event(Kind::FactorRemoved);
        audit::record(conn, &[event.before(json!({ "factor": removed.id, "kind": kind }))])?;
        let mail =
            Mail::FactorRemoved { kind: mailed(removed.kind), name: removed.name.to_string() };
        post.notify(conn, &change.person, mail, change.now)?;
        Ok(true)
    });
    if !removed.await? {
        return Err(PageError::NotFound);
    }
    visit.outbox.wake();
    Ok(done("removed"))
}

/// `POST /account/security/factors/{id}/rename`.
pub async fn rename(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    visit.answer(give_name(&visit, &id, &body).await)
}

async fn give_name(visit: &Visit, id: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let (person, form) = match asked(visit, body).await? {
        Ok(asked) => asked,
        Err(answer) => return Ok(answer),
    };
    let id: FactorId = id.parse().map_err(|_| PageError::NotFound)?;
    let name = form.find("name").unwrap_or_default().to_owned();
    let name = FactorName::try_from(name).map_err(|_| PageError::NotUnderstood)?;
    let change = Change::new(visit, &person);
    let renamed = visit.db.write(move |conn| {
        if !factor::rename(conn, &change.person, &id, &name)? {
            return Ok(false);
        }
        let event = change.event(Kind::FactorRenamed);
        audit::record(conn, &[event.after(json!({ "factor": id }))])?;
        Ok(true)
    });
    if !renamed.await? {
        return Err(PageError::NotFound);
    }
    Ok(done("renamed"))
}

/// `POST /account/security/recovery-codes`: a new set, shown this once.
pub async fn recovery_codes(visit: Visit, body: Bytes) -> HttpResponse {
    visit.answer(make_codes(&visit, &body).await)
}

async fn make_codes(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let (person, _) = match asked(visit, body).await? {
        Ok(asked) => asked,
        Err(answer) => return Ok(answer),
    };
    let codes = RecoveryCodes::draw(visit, &person.subscriber.id);
    let digests = codes.digests.clone();
    let (change, post) = (Change::new(visit, &person), visit.post.clone());
    let made = visit.db.write(move |conn| {
        if !factor::holdings(conn, &change.person, false)?.may_have_recovery_codes() {
            return Ok(false);
        }
        recovery_code::replace(conn, &change.person, &digests, change.now)?;
        audit::record(conn, &[change.event(Kind::RecoveryCodesMade)])?;
        post.notify(conn, &change.person, Mail::RecoveryCodesReplaced, change.now)?;
        Ok(true)
    });
    if !made.await? {
        return Err(PageError::NotFound);
    }
    visit.outbox.wake();
    let content = RecoveryCodesPage {
        frame: visit.frame(),
        codes: codes.codes.iter().map(|code| code.shown()).collect(),
        person: person.subscriber.user_id.as_str(),
        after_enrolment: false,
        next: OwnPage::Security.path(),
    };
    Ok(page(StatusCode::OK, &content))
}

/// `POST /account/security/browsers/forget`.
pub async fn forget(visit: Visit, body: Bytes) -> HttpResponse {
    visit.answer(forget_all(&visit, &body).await)
}

/// Forgetting asks for no fresh sign-in: it only makes things safer.
async fn forget_all(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let person = match gate::pass(visit, OwnPage::Security, Demand::SIGNED_IN).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    if visit.own_form(body, PURPOSE).is_none() {
        return Ok(expired(visit, Area::Security));
    }
    let change = Change::new(visit, &person);
    let forgotten = visit.db.write(move |conn| {
        let browsers = remembered_browser::forget_all(conn, &change.person)?;
        let event = change.event(Kind::BrowserForgotten);
        audit::record(conn, &[event.after(json!({ "browsers": browsers }))])
    });
    forgotten.await?;
    Ok(done("forgotten"))
}
