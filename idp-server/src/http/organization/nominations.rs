//! `/organization/{id}/nominations`: whoever is nominated or asked and has not answered.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use chrono::{DateTime, Utc};
use idp_core::{
    community::{
        affiliation_life,
        nomination::{CODE_LASTS, Refusal, State, TRIES},
        permission::Denied,
    },
    ids::{AffiliationId, NominationId},
};
use serde::Deserialize;

use super::{nav, nominate};
use crate::{
    community::{nomination as use_case, offer},
    http::{
        console::{self, Entry, OfOrganization, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{
        NominationDone, NominationState, NominationView, NominationsPage, OfferView,
        OrganizationArea, OrganizationOutcome, OrganizationOutcomePage,
    },
    store::{
        AnyConn,
        nomination::{self, NominationRecord, PAGE, Shown},
    },
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    let of = |rest: &str| format!("/organization/{{id}}{rest}");
    config
        .service(web::resource(of("/nominations")).get(show))
        .service(web::resource(of("/nominations/{nomination}/resend")).post(resend))
        .service(web::resource(of("/nominations/{nomination}/withdraw")).post(withdraw))
        .service(web::resource(of("/offers/{affiliation}/take-back")).post(take_back));
}

#[derive(Deserialize)]
struct Asked {
    shown: Option<String>,
    after: Option<String>,
    done: Option<String>,
}

async fn show(visit: Visit, id: Path<String>, asked: Query<Asked>) -> HttpResponse {
    let outcome = list(&visit, &id, &asked).await;
    visit.answer(outcome)
}

async fn list(visit: &Visit, id: &str, asked: &Asked) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, id, None).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let shown = match asked.shown.as_deref() {
        None => Shown::Waiting,
        Some("over") => Shown::Over,
        Some(_) => return Err(PageError::NotUnderstood),
    };
    let done = match asked.done.as_deref() {
        Some("taken-back") => Some(NominationDone::TakenBack),
        Some("withdrawn") => Some(NominationDone::Withdrawn),
        Some(_) | None => None,
    };
    let after: Option<NominationId> =
        asked.after.as_deref().map(str::parse).transpose().map_err(|_| PageError::NotUnderstood)?;
    let (of, now) = (desk.affiliation.organization.id.clone(), visit.clock.now());
    let read = move |conn: &mut AnyConn| {
        let found = nomination::page(conn, &of, shown, after.as_ref(), now)?;
        let offers = match shown {
            Shown::Over => Vec::new(),
            Shown::Waiting => offer::waiting(conn, &of)?,
        };
        Ok(found.map(|found| (found, offers)))
    };
    let Some((mut found, offers)) = visit.db.read(read).await? else {
        return Err(PageError::NotUnderstood);
    };
    let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let more = found.len() > most;
    found.truncate(most);
    let nav = nav(&desk, OrganizationArea::Nominations);
    let over = if shown == Shown::Over { "shown=over&" } else { "" };
    let next = |last: &NominationRecord| {
        format!("/organization/{}/nominations?{over}after={}", nav.id, last.nomination.id)
    };
    let after = found.last().filter(|_| more).map(next);
    let (form_token, cookie) = console::form_token(visit);
    let offer = |(id, typed, asked_at): (AffiliationId, String, DateTime<Utc>)| OfferView {
        id: id.to_string(),
        typed,
        asked_at,
    };
    let content = NominationsPage {
        frame: visit.frame(),
        nav,
        form_token: &form_token,
        over: shown == Shown::Over,
        nominations: found.into_iter().map(|record| view(record, now)).collect(),
        offers: offers.into_iter().map(offer).collect(),
        after,
        done,
    };
    Ok(console::with_form(page(StatusCode::OK, &content), cookie))
}

fn view(record: NominationRecord, now: DateTime<Utc>) -> NominationView {
    let until = record.nomination.expires_at();
    let nomination = record.nomination.at(now);
    let state = match nomination.state {
        State::Activated { at } => NominationState::Activated { at },
        State::Expired => NominationState::Expired,
        State::Nominated(keys) => NominationState::Waiting {
            until,
            code_lives: keys.failures < TRIES && now < keys.made_at + CODE_LASTS,
        },
        State::Withdrawn { at } => NominationState::Withdrawn { at },
    };
    NominationView {
        id: nomination.id.to_string(),
        name: record.details.name(),
        user_id: nomination.user_id.to_string(),
        email: record.email.as_str().to_owned(),
        nominated_at: nomination.nominated_at,
        state,
    }
}

async fn resend(visit: Visit, of: Path<(String, String)>, body: Bytes) -> HttpResponse {
    let outcome = async {
        let (desk, id) = match enter(&visit, &of, &body).await? {
            Entry::Open(entered) => *entered,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        if let Some(way_in) = console::lately(&visit, &body).await? {
            return Ok(way_in);
        }
        let office = desk.at_work.office.clone();
        let write = move |conn: &mut AnyConn| use_case::resend(conn, &office, &id, None);
        let made = visit.db.write(write).await?;
        visit.outbox.wake();
        match made {
            Ok(hand_over) => Ok(nominate::handed_over(&visit, &desk, &hand_over)),
            Err(refusal) => told(&visit, &desk, &refusal),
        }
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn withdraw(visit: Visit, of: Path<(String, String)>, body: Bytes) -> HttpResponse {
    let outcome = async {
        let (desk, id) = match enter(&visit, &of, &body).await? {
            Entry::Open(entered) => *entered,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let office = desk.at_work.office.clone();
        let write = move |conn: &mut AnyConn| use_case::withdraw(conn, &office, &id, None);
        let done = visit.db.write(write).await?;
        visit.outbox.wake();
        match done {
            Ok(()) => Ok(back(&desk, "withdrawn")),
            Err(refusal) => told(&visit, &desk, &refusal),
        }
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn take_back(visit: Visit, of: Path<(String, String)>, body: Bytes) -> HttpResponse {
    let outcome = async {
        let (desk, id) = match enter::<AffiliationId>(&visit, &of, &body).await? {
            Entry::Open(entered) => *entered,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let (office, own) = (desk.at_work.office.clone(), desk.affiliation.organization.id.clone());
        let write = move |conn: &mut AnyConn| offer::take_back(conn, &office, &own, &id);
        let done = visit.db.write(write).await?;
        visit.outbox.wake();
        match done {
            Ok(_) => Ok(back(&desk, "taken-back")),
            Err(affiliation_life::Refusal::Denied(Denied::NotFound)) => Err(PageError::NotFound),
            Err(_) => told(&visit, &desk, &Refusal::OutOfOrder),
        }
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

/// Who posts, and about what. What can be no identifier is not there.
async fn enter<T: std::str::FromStr>(
    visit: &Visit,
    of: &(String, String),
    body: &Bytes,
) -> Result<Entry<(OfOrganization, T)>, PageError> {
    let (organization, id) = of;
    let desk = match console::organization(visit, organization, Some(body)).await? {
        Entry::Open(desk) => *desk,
        Entry::Elsewhere(answer) => return Ok(Entry::Elsewhere(answer)),
    };
    if let Posted::Refused(answer) = console::posted(visit, &desk.at_work.office, body, &[]).await?
    {
        return Ok(Entry::Elsewhere(answer));
    }
    let id = id.parse().map_err(|_| PageError::NotFound)?;
    Ok(Entry::Open(Box::new((desk, id))))
}

fn back(desk: &OfOrganization, done: &str) -> HttpResponse {
    let of = &desk.affiliation.organization.id;
    see_other(&format!("/organization/{of}/nominations?done={done}"), [])
}

/// Why nothing was done.
fn told(
    visit: &Visit,
    desk: &OfOrganization,
    refusal: &Refusal,
) -> Result<HttpResponse, PageError> {
    let outcome = match refusal {
        Refusal::OutOfOrder => OrganizationOutcome::NominationOver,
        Refusal::TooMany(why) => OrganizationOutcome::TooMany(*why),
        Refusal::TooManyCodes => OrganizationOutcome::TooManyCodes,
        Refusal::Denied(_) | Refusal::Incomplete(_) | Refusal::Invalid => {
            return Err(nominate::denied(refusal));
        }
    };
    let nav = nav(desk, OrganizationArea::Nominations);
    let back = format!("/organization/{}/nominations", nav.id);
    let content = OrganizationOutcomePage { frame: visit.frame(), nav, outcome, back };
    Ok(page(StatusCode::CONFLICT, &content))
}
