//! `/organization/{id}`: where an Administrator begins.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use chrono::{DateTime, TimeDelta, Utc};
use idp_core::{
    community::{
        organization_life::{Refusal, State},
        people_review::Stage,
        permission::Denied,
        promotion::WANTED,
    },
    ids::OrganizationId,
};
use serde::Deserialize;

use super::{nav, systems};
use crate::{
    community::{accounts, own_organization},
    http::{
        console::{self, Entry, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{OrganizationArea, OrganizationAttention, OrganizationHomePage, ReviewAhead},
    store::{AnyConn, StoreError, access_request, attention, organization, system_client},
};

/// How long it counts that somebody said that the data are right (R14).
const CONFIRMED_FOR: TimeDelta = TimeDelta::days(365);
/// How long before an account falls dormant its Administrators see it coming.
const DORMANT_SOON: TimeDelta = TimeDelta::days(30);

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/organization/{id}").get(show))
        .service(web::resource("/organization/{id}/confirm").post(confirm));
}

#[derive(Deserialize)]
struct After {
    done: Option<String>,
}

async fn show(visit: Visit, id: Path<String>, after: Query<After>) -> HttpResponse {
    let outcome = home(&visit, &id, after.done.as_deref() == Some("confirmed")).await;
    visit.answer(outcome)
}

async fn home(visit: &Visit, id: &str, confirmed: bool) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, id, None).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let (office, of) = (desk.at_work.office.clone(), desk.affiliation.organization.id.clone());
    let read = move |conn: &mut AnyConn| {
        let body = organization::body(conn, &of)?;
        let unused_since = office.now - office.rules.dormant_after + DORMANT_SOON;
        let attention = OrganizationAttention {
            alone: accounts::administrators(conn, &office, &of)?.len() < WANTED,
            unconfirmed: body
                .as_ref()
                .is_some_and(|body| body.confirmed_at + CONFIRMED_FOR <= office.now),
            review: review_ahead(conn, &of, office.now)?,
            without_factor: attention::without_factor(conn, &of)?,
            dormant_soon: attention::unused_since(conn, &of, unused_since)?,
            requests: access_request::waiting(conn, &of, office.now)?.len(),
            systems: system_client::ending_of(conn, &of, office.now, office.now + systems::SOON)?,
        };
        Ok((attention, body))
    };
    let (attention, body) = visit.db.read(read).await?;
    let Some(body) = body else { return Err(PageError::NotFound) };
    let (form_token, cookie) = console::form_token(visit);
    let content = OrganizationHomePage {
        frame: visit.frame(),
        nav: nav(&desk, OrganizationArea::Home),
        form_token: &form_token,
        stopped: match body.state {
            State::Suspended(why) => Some(why),
            State::Active | State::Closed => None,
        },
        attention,
        confirmed_at: body.confirmed_at,
        confirmed,
    };
    Ok(console::with_form(page(StatusCode::OK, &content), cookie))
}

fn review_ahead(
    conn: &mut AnyConn,
    of: &OrganizationId,
    now: DateTime<Utc>,
) -> Result<Option<ReviewAhead>, StoreError> {
    let Some(review) = organization::review(conn, of)? else { return Ok(None) };
    let overdue = match review.stage(now) {
        Stage::Resting => return Ok(None),
        Stage::Open => false,
        Stage::Overdue => true,
    };
    let waiting = attention::waiting_in_review(conn, of, review)?.len();
    Ok(Some(ReviewAhead { overdue, due_at: review.due_at(), waiting }))
}

/// `POST /organization/{id}/confirm`: the data are right (R14).
async fn confirm(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = say_so(&visit, &id, &body).await;
    visit.answer(outcome)
}

async fn say_so(visit: &Visit, id: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, id, Some(body)).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let office = desk.at_work.office.clone();
    if let Posted::Refused(answer) = console::posted(visit, &office, body, &[]).await? {
        return Ok(answer);
    }
    let write = move |conn: &mut AnyConn| own_organization::confirm(conn, &office);
    let done = visit.db.write(write).await?;
    visit.outbox.wake();
    match done {
        Ok(_) => {
            let of = &desk.affiliation.organization.id;
            Ok(see_other(&format!("/organization/{of}?done=confirmed"), []))
        }
        Err(Refusal::Denied(Denied::NotFound)) => Err(PageError::NotFound),
        Err(_) => Err(PageError::Forbidden),
    }
}
