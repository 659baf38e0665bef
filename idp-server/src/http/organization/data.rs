//! `/organization/{id}/data`: what Hilum knows of the organization itself (R14), and the wish to leave.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use idp_core::community::{
    field::Objections,
    npi::Npi,
    organization_data::{Current, Refusal},
    organization_life,
    permission::Denied,
    registration::DetailsForm,
};
use serde::Deserialize;

use super::nav;
use crate::{
    community::{organization_data, own_organization},
    http::{
        console::{self, Entry, OfOrganization, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{DataDone, OrganizationArea, OrganizationDataPage, Typed},
    store::{AnyConn, organization},
};

/// What the form has.
const FIELDS: &[&str] = &["name", "address", "phone", "npi"];

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/organization/{id}/data").get(show).post(change))
        .service(web::resource("/organization/{id}/close").post(ask_to_close))
        .service(web::resource("/organization/{id}/keep-open").post(keep_open));
}

#[derive(Deserialize)]
struct After {
    done: Option<String>,
}

async fn show(visit: Visit, id: Path<String>, after: Query<After>) -> HttpResponse {
    let outcome = async {
        let desk = match console::organization(&visit, &id, None).await? {
            Entry::Open(desk) => desk,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let done = match after.done.as_deref() {
            Some("both") => Some(DataDone::Both),
            Some("asked") => Some(DataDone::Asked),
            Some("changed") => Some(DataDone::Changed),
            Some("closing") => Some(DataDone::Closing),
            Some("kept") => Some(DataDone::Kept),
            Some(_) | None => None,
        };
        form(&visit, &desk, StatusCode::OK, None, done).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

/// The form: with what was typed, or with the data as they are.
async fn form(
    visit: &Visit,
    desk: &OfOrganization,
    status: StatusCode,
    typed: Option<Typed>,
    done: Option<DataDone>,
) -> Result<HttpResponse, PageError> {
    let of = desk.affiliation.organization.id.clone();
    let read = move |conn: &mut AnyConn| {
        Ok((organization_data::current(conn, &of)?, organization::body(conn, &of)?))
    };
    let (Some(current), Some(body)) = visit.db.read(read).await? else {
        return Err(PageError::NotFound);
    };
    let typed = typed.unwrap_or_else(|| filled(&current));
    let (form_token, cookie) = console::form_token(visit);
    let content = OrganizationDataPage {
        frame: visit.frame(),
        nav: nav(desk, OrganizationArea::Data),
        form_token: &form_token,
        id: current.organization.id.as_str(),
        typed: &typed,
        closing: body.closing_at(visit.clock.now()).is_some(),
        done,
    };
    Ok(console::with_form(page(status, &content), cookie))
}

fn filled(current: &Current) -> Typed {
    let npi = current.organization.npi.as_ref().map(Npi::as_str);
    let fields = [
        ("name", current.organization.name.as_str()),
        ("address", current.address.as_deref().unwrap_or_default()),
        ("phone", current.phone.as_deref().unwrap_or_default()),
        ("npi", npi.unwrap_or_default()),
    ];
    Typed::new(fields, Objections::default())
}

async fn change(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = save(&visit, &id, &body).await;
    visit.answer(outcome)
}

async fn save(visit: &Visit, id: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, id, Some(body)).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let posted = match console::posted(visit, &desk.at_work.office, body, FIELDS).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    let field = |name| posted.find(name).unwrap_or_default();
    let wanted = DetailsForm {
        name: field("name"),
        address: field("address"),
        phone: field("phone"),
        npi: field("npi"),
    };
    let wanted = match wanted.read() {
        Ok(wanted) => wanted,
        Err(objections) => {
            let typed = Typed::new(posted.pairs(), objections);
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return form(visit, &desk, status, Some(typed), None).await;
        }
    };
    let (office, of) = (desk.at_work.office.clone(), desk.affiliation.organization.id.clone());
    let write =
        move |conn: &mut AnyConn| organization_data::change(conn, &office, &of, &wanted, None);
    let changed = visit.db.write(write).await?;
    visit.outbox.wake();
    match changed {
        Ok(changed) => {
            let done = if changed.asked.is_empty() {
                "changed"
            } else if changed.now {
                "both"
            } else {
                "asked"
            };
            Ok(see_other(&format!("/organization/{id}/data?done={done}"), []))
        }
        Err(Refusal::Denied(Denied::NotFound)) => Err(PageError::NotFound),
        Err(Refusal::Denied(Denied::Forbidden)) => Err(PageError::Forbidden),
        Err(Refusal::Closed | Refusal::Unchanged) => {
            let done = Some(DataDone::Unchanged);
            form(visit, &desk, StatusCode::OK, None, done).await
        }
    }
}

async fn ask_to_close(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = ask(&visit, &id, &body).await;
    visit.answer(outcome)
}

async fn ask(visit: &Visit, id: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, id, Some(body)).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let office = desk.at_work.office.clone();
    if let Posted::Refused(answer) = console::posted(visit, &office, body, &[]).await? {
        return Ok(answer);
    }
    if let Some(way_in) = console::lately(visit, body).await? {
        return Ok(way_in);
    }
    let write = move |conn: &mut AnyConn| own_organization::ask_to_close(conn, &office);
    let asked = visit.db.write(write).await?;
    visit.outbox.wake();
    match asked {
        Ok(_) => Ok(see_other(&format!("/organization/{id}/data?done=closing"), [])),
        // Another Administrator asked at the same moment.
        Err(organization_life::Refusal::OutOfOrder) => {
            Ok(see_other(&format!("/organization/{id}/data?done=closing"), []))
        }
        Err(organization_life::Refusal::Denied(Denied::NotFound)) => Err(PageError::NotFound),
        Err(_) => Err(PageError::Forbidden),
    }
}

async fn keep_open(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = keep(&visit, &id, &body).await;
    visit.answer(outcome)
}

/// `POST …/keep-open`: the wish to leave is taken back, by whichever Administrator.
async fn keep(visit: &Visit, id: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, id, Some(body)).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let office = desk.at_work.office.clone();
    if let Posted::Refused(answer) = console::posted(visit, &office, body, &[]).await? {
        return Ok(answer);
    }
    let write = move |conn: &mut AnyConn| own_organization::keep_open(conn, &office);
    let kept = visit.db.write(write).await?;
    visit.outbox.wake();
    match kept {
        // Nobody asks for it any more: that is what was wanted.
        Ok(_) | Err(organization_life::Refusal::OutOfOrder) => {
            Ok(see_other(&format!("/organization/{id}/data?done=kept"), []))
        }
        Err(organization_life::Refusal::Denied(Denied::NotFound)) => Err(PageError::NotFound),
        Err(_) => Err(PageError::Forbidden),
    }
}
