//! `/organization/{id}/parts`: facilities that act in their own name, of the organization that they are a
//! part of (domain 3.1, 4.1).

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use idp_core::community::{
    field::Objections,
    organization_life::{PartForm, Refusal},
    permission::Denied,
};
use serde::Deserialize;

use super::nav;
use crate::{
    community::parts,
    http::{
        console::{self, Entry, OfOrganization, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{OrganizationArea, OrganizationPartsPage, PartView, Typed},
    store::{AnyConn, organization},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/organization/{id}/parts").get(show).post(add));
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
        let done = after.done.as_deref() == Some("added");
        list(&visit, &desk, StatusCode::OK, &Typed::default(), done).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn list(
    visit: &Visit,
    desk: &OfOrganization,
    status: StatusCode,
    typed: &Typed,
    done: bool,
) -> Result<HttpResponse, PageError> {
    let own = desk.affiliation.organization.clone();
    let (of, parent) = (own.id.clone(), own.parent.clone());
    let read = move |conn: &mut AnyConn| {
        let whole = parent.as_ref().map(|id| organization::find(conn, id)).transpose()?;
        Ok((organization::parts_of(conn, &of)?, whole.flatten()))
    };
    let (parts, whole) = visit.db.read(read).await?;
    let (form_token, cookie) = console::form_token(visit);
    // Whoever runs a part from here has its console too; of the others only the name is known here.
    let consoles = &desk.at_work.person.affiliations;
    let part = |part: &idp_core::community::organization::Organization| PartView {
        name: part.name.clone(),
        console: consoles
            .iter()
            .any(|own| own.organization.id == part.id && console::is_office(own))
            .then(|| format!("/organization/{}", part.id)),
    };
    let content = OrganizationPartsPage {
        frame: visit.frame(),
        nav: nav(desk, OrganizationArea::Data),
        form_token: &form_token,
        whole: whole.as_ref().map(|whole| whole.name.as_str()),
        parts: parts.iter().map(part).collect(),
        typed,
        done,
    };
    Ok(console::with_form(page(status, &content), cookie))
}

async fn add(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = register(&visit, &id, &body).await;
    visit.answer(outcome)
}

async fn register(visit: &Visit, id: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, id, Some(body)).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let office = desk.at_work.office.clone();
    let posted = match console::posted(visit, &office, body, &["name", "npi"]).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    let field = |name| posted.find(name).unwrap_or_default();
    let part = match (PartForm { name: field("name"), npi: field("npi") }).read() {
        Ok(part) => part,
        Err(objections) => {
            let typed = Typed::new(posted.pairs(), objections);
            return list(visit, &desk, StatusCode::UNPROCESSABLE_ENTITY, &typed, false).await;
        }
    };
    let write = move |conn: &mut AnyConn| parts::add(conn, &office, part.clone());
    let added = visit.db.write(write).await?;
    visit.outbox.wake();
    match added {
        Ok(_) => Ok(see_other(&format!("/organization/{id}/parts?done=added"), [])),
        Err(Refusal::Denied(Denied::NotFound)) => Err(PageError::NotFound),
        Err(
            Refusal::Denied(Denied::Forbidden)
            | Refusal::NotReady
            | Refusal::NotSwitchable
            | Refusal::OutOfOrder
            | Refusal::PartsLeft
            | Refusal::SamePerson,
        ) => {
            let typed = Typed::new(posted.pairs(), Objections::default());
            list(visit, &desk, StatusCode::CONFLICT, &typed, false).await
        }
    }
}
