//! `/organization/{id}/systems`: programs that act for the organization without a person (R83; domain
//! 4.10): made, set up by a code that is shown once, renewed and stopped.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use chrono::{DateTime, TimeDelta, Utc};
use idp_core::{
    community::{
        field::Objections,
        permission::{Action, Denied},
        system_client::{Refusal, SetUpCode, Stage, SystemClient, SystemForm},
    },
    ids::SystemClientId,
};
use serde::Deserialize;

use super::nav;
use crate::{
    community::systems::{OwnSystems, WithCode},
    http::{
        console::{self, Entry, OfOrganization, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{
        OrganizationArea, OrganizationSystemsPage, SystemCodePage, SystemDone, SystemStage,
        SystemView, Typed,
    },
    store::{
        AnyConn,
        system_client::{self, After},
    },
};

/// How many a page has at most.
const SHOWN: i64 = 50;
/// How long before its end a system is pointed out: as the first mail does.
pub(super) const SOON: TimeDelta = TimeDelta::days(30);

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/organization/{id}/systems").get(show).post(create))
        .service(web::resource("/organization/{id}/systems/{system}").post(act));
}

/// Where the list goes on, and what was just done.
#[derive(Debug, Default, Deserialize)]
struct Wanted {
    done: Option<String>,
    after: Option<String>,
    name: Option<String>,
}

impl Wanted {
    fn after(&self) -> Result<Option<After>, PageError> {
        let Some(id) = &self.after else { return Ok(None) };
        let id = id.parse::<SystemClientId>().map_err(|_| PageError::NotUnderstood)?;
        Ok(Some(After { name: self.name.clone().unwrap_or_default(), id }))
    }
}

async fn show(visit: Visit, id: Path<String>, wanted: Query<Wanted>) -> HttpResponse {
    let outcome = async {
        let desk = match console::organization(&visit, &id, None).await? {
            Entry::Open(desk) => desk,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let done = match wanted.done.as_deref() {
            Some("renew") => Some(SystemDone::Renewed),
            Some("revoke") => Some(SystemDone::Revoked),
            Some(_) | None => None,
        };
        let (typed, after) = (Typed::default(), wanted.after()?);
        list(&visit, &desk, StatusCode::OK, &typed, (after, done)).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn list(
    visit: &Visit,
    desk: &OfOrganization,
    status: StatusCode,
    typed: &Typed,
    (after, done): (Option<After>, Option<SystemDone>),
) -> Result<HttpResponse, PageError> {
    let of = desk.affiliation.organization.id.clone();
    let read =
        move |conn: &mut AnyConn| system_client::of_organization(conn, &of, after.as_ref(), SHOWN);
    let systems = visit.db.read(read).await?;
    let is_full = i64::try_from(systems.len()) == Ok(SHOWN);
    let next = systems.last().filter(|_| is_full).map(|last| {
        let name: String = url::form_urlencoded::byte_serialize(last.name.as_bytes()).collect();
        format!("{}?after={}&name={name}", at(desk), last.id)
    });
    let (now, scopes) = (visit.clock.now(), visit.sites.system_scopes());
    let (form_token, cookie) = console::form_token(visit);
    let content = OrganizationSystemsPage {
        frame: visit.frame(),
        nav: nav(desk, OrganizationArea::Systems),
        form_token: &form_token,
        systems: systems.iter().map(|system| view(system, now)).collect(),
        next,
        scopes: scopes.iter().map(String::as_str).collect(),
        typed,
        done,
    };
    Ok(console::with_form(page(status, &content), cookie))
}

fn at(desk: &OfOrganization) -> String {
    format!("/organization/{}/systems", desk.affiliation.organization.id)
}

fn view(system: &SystemClient, now: DateTime<Utc>) -> SystemView<'_> {
    let lives = |code: &SetUpCode| now < code.expires_at;
    let stage = match &system.stage {
        Stage::Active { until, .. } if *until <= now => SystemStage::Expired,
        Stage::Active { until, next, .. } => SystemStage::Active {
            until: *until,
            soon: *until <= now + SOON,
            waits_for_keys: next.as_ref().is_some_and(lives),
        },
        Stage::Expired => SystemStage::Expired,
        Stage::Revoked => SystemStage::Revoked,
        Stage::Waiting(code) if lives(code) => SystemStage::Waiting { until: code.expires_at },
        Stage::Waiting(_) => SystemStage::CodeDead,
    };
    SystemView {
        id: system.id.as_str(),
        name: &system.name,
        scopes: system.scopes.iter().map(String::as_str).collect(),
        purposes: system.purposes.iter().copied().collect(),
        stage,
    }
}

async fn create(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = make(&visit, &id, &body).await;
    visit.answer(outcome)
}

fn own(desk: &OfOrganization) -> OwnSystems {
    let organization = desk.affiliation.organization.id.clone();
    OwnSystems { office: desk.at_work.office.clone(), organization, reason: None }
}

async fn make(visit: &Visit, id: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, id, Some(body)).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let fields = ["name", "scope.", "purpose."];
    let posted = match console::posted(visit, &desk.at_work.office, body, &fields).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    if let Some(way_in) = console::lately(visit, body).await? {
        return Ok(way_in);
    }
    let typed = Typed::new(posted.pairs(), Objections::default());
    let form = SystemForm {
        name: typed.value("name"),
        scopes: &typed.codes("scope"),
        purposes: &typed.codes("purpose"),
    };
    let request = match form.read(&visit.sites.system_scopes()) {
        Ok(request) => request,
        Err(objections) => {
            let typed = Typed::new(posted.pairs(), objections);
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return list(visit, &desk, status, &typed, (None, None)).await;
        }
    };
    let theirs = own(&desk);
    let write = move |conn: &mut AnyConn| theirs.create(conn, request.clone());
    let made = visit.db.write(write).await?;
    visit.outbox.wake();
    match made {
        Ok(made) => Ok(code(visit, &desk, &made)),
        Err(refusal) => refused(visit, &desk, refusal).await,
    }
}

/// The code, once.
fn code(visit: &Visit, desk: &OfOrganization, made: &WithCode) -> HttpResponse {
    let content = SystemCodePage {
        frame: visit.frame(),
        nav: nav(desk, OrganizationArea::Systems),
        id: made.system.id.as_str(),
        name: &made.system.name,
        code: made.code.expose(),
        set_up_at: &format!("{}/systems/{}/set-up", visit.issuer, made.system.id),
    };
    page(StatusCode::OK, &content)
}

async fn act(visit: Visit, of: Path<(String, String)>, body: Bytes) -> HttpResponse {
    let outcome = carry_out(&visit, &of, &body).await;
    visit.answer(outcome)
}

async fn carry_out(
    visit: &Visit,
    (organization, system): &(String, String),
    body: &Bytes,
) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, organization, Some(body)).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let office = desk.at_work.office.clone();
    let posted = match console::posted(visit, &office, body, &["deed"]).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    let Ok(id) = system.parse::<SystemClientId>() else {
        let refuse =
            move |conn: &mut _| office.refused(conn, Action::ManageSystemClient, Denied::NotFound);
        visit.db.write(refuse).await?;
        return Err(PageError::NotFound);
    };
    let theirs = own(&desk);
    let stands = match posted.find("deed").unwrap_or_default() {
        "code" => {
            if let Some(way_in) = console::lately(visit, body).await? {
                return Ok(way_in);
            }
            let write = move |conn: &mut AnyConn| theirs.issue_code(conn, &id);
            let made = visit.db.write(write).await?;
            visit.outbox.wake();
            return match made {
                Ok(made) => Ok(code(visit, &desk, &made)),
                Err(refusal) => refused(visit, &desk, refusal).await,
            };
        }
        "renew" => visit.db.write(move |conn: &mut AnyConn| theirs.renew(conn, &id)).await?,
        "revoke" => visit.db.write(move |conn: &mut AnyConn| theirs.revoke(conn, &id)).await?,
        // What is another's is not there, whatever is wanted with it.
        _ => return unknown_deed(visit, &desk, id).await,
    };
    visit.outbox.wake();
    match stands {
        Ok(_) => {
            let done = posted.find("deed").unwrap_or_default();
            Ok(see_other(&format!("{}?done={done}", at(&desk)), []))
        }
        Err(refusal) => refused(visit, &desk, refusal).await,
    }
}

async fn unknown_deed(
    visit: &Visit,
    desk: &OfOrganization,
    id: SystemClientId,
) -> Result<HttpResponse, PageError> {
    let (office, of) = (desk.at_work.office.clone(), desk.affiliation.organization.id.clone());
    let look = move |conn: &mut AnyConn| {
        let found = system_client::load_for_update_of(conn, &of, &id)?;
        if found.is_none() {
            office.refused(conn, Action::ManageSystemClient, Denied::NotFound)?;
        }
        Ok(found.is_some())
    };
    let is_theirs = visit.db.write(look).await?;
    Err(if is_theirs { PageError::NotUnderstood } else { PageError::NotFound })
}

async fn refused(
    visit: &Visit,
    desk: &OfOrganization,
    refusal: Refusal,
) -> Result<HttpResponse, PageError> {
    match refusal {
        Refusal::Denied(Denied::NotFound) => Err(PageError::NotFound),
        Refusal::Denied(Denied::Forbidden) => Err(PageError::Forbidden),
        Refusal::OutOfOrder => {
            let done = Some(SystemDone::OutOfOrder);
            list(visit, desk, StatusCode::CONFLICT, &Typed::default(), (None, done)).await
        }
    }
}
