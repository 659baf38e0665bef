//! `/organization/{id}/requests`: people who ask to act for the organization (R18, R88).

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use idp_core::{
    community::{
        access_request::{AccessRequest, Refusal, State},
        permission::Denied,
    },
    ids::AccessRequestId,
};
use serde::Deserialize;

use super::nav;
use crate::{
    community::access,
    http::{
        console::{self, Entry, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{OrganizationArea, RequestView, RequestsPage},
    store::{AnyConn, access_request},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/organization/{id}/requests").get(show))
        .service(web::resource("/organization/{id}/requests/{request}/decline").post(decline));
}

#[derive(Deserialize)]
struct After {
    done: Option<String>,
}

async fn show(visit: Visit, id: Path<String>, after: Query<After>) -> HttpResponse {
    let outcome = list(&visit, &id, after.done.as_deref()).await;
    visit.answer(outcome)
}

async fn list(visit: &Visit, id: &str, done: Option<&str>) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, id, None).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let (of, now) = (desk.affiliation.organization.id.clone(), visit.clock.now());
    let read = move |conn: &mut AnyConn| access_request::waiting(conn, &of, now);
    let waiting = visit.db.read(read).await?;
    let (form_token, cookie) = console::form_token(visit);
    let content = RequestsPage {
        frame: visit.frame(),
        nav: nav(&desk, OrganizationArea::Requests),
        form_token: &form_token,
        requests: waiting.into_iter().filter_map(view).collect(),
        declined: done == Some("declined"),
    };
    Ok(console::with_form(page(StatusCode::OK, &content), cookie))
}

fn view(request: AccessRequest) -> Option<RequestView> {
    match request.state {
        State::Waiting(wish) => Some(RequestView {
            id: request.id.to_string(),
            name: format!("{} {}", wish.given_name, wish.family_name),
            email: wish.email.as_str().to_owned(),
            phone: wish.phone,
            address: wish.address,
            user_id: wish.user_id.map(|wanted| wanted.to_string()),
            access_level: wish.access_level.code(),
            asked_at: request.asked_at,
        }),
        State::Declined | State::Expired | State::Nominated(_) => None,
    }
}

async fn decline(visit: Visit, of: Path<(String, String)>, body: Bytes) -> HttpResponse {
    let outcome = say_no(&visit, &of, &body).await;
    visit.answer(outcome)
}

async fn say_no(
    visit: &Visit,
    of: &(String, String),
    body: &Bytes,
) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, &of.0, Some(body)).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let office = desk.at_work.office.clone();
    if let Posted::Refused(answer) = console::posted(visit, &office, body, &[]).await? {
        return Ok(answer);
    }
    let id: AccessRequestId = of.1.parse().map_err(|_| PageError::NotFound)?;
    let write = move |conn: &mut AnyConn| access::decline(conn, &office, &id);
    let declined = visit.db.write(write).await?;
    visit.outbox.wake();
    let path = format!("/organization/{}/requests", desk.affiliation.organization.id);
    match declined {
        Ok(()) => Ok(see_other(&format!("{path}?done=declined"), [])),
        Err(Refusal::Denied(Denied::NotFound)) => Err(PageError::NotFound),
        Err(Refusal::Denied(Denied::Forbidden)) => Err(PageError::Forbidden),
        // Somebody else was faster: the list says how it stands.
        Err(Refusal::OutOfOrder) => Ok(see_other(&path, [])),
    }
}
