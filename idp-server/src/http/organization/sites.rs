//! `/organization/{id}/sites`: the sites that an organization switches on for its people (R7).

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use idp_core::{
    community::{
        organization_life::Refusal,
        outcome::Switch,
        permission::{Action, Denied},
    },
    ids::SiteId,
};
use serde::Deserialize;

use super::nav;
use crate::{
    community::own_organization,
    http::{
        console::{self, Entry, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{OrganizationArea, OrganizationSitesPage, SwitchableSite},
    store::{AnyConn, organization},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/organization/{id}/sites").get(show))
        .service(web::resource("/organization/{id}/sites/{site}").post(switch));
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
    let of = desk.affiliation.organization.id.clone();
    let on = visit.db.read(move |conn| organization::enabled_sites(conn, &of)).await?;
    let sites = visit.sites.switchable();
    let (form_token, cookie) = console::form_token(visit);
    let content = OrganizationSitesPage {
        frame: visit.frame(),
        nav: nav(&desk, OrganizationArea::Sites),
        form_token: &form_token,
        sites: sites
            .iter()
            .map(|entry| SwitchableSite {
                id: entry.site.id.as_str(),
                name: &entry.site.name,
                on: on.contains(&entry.site.id),
            })
            .collect(),
        done: matches!(done, Some("on" | "off")),
    };
    Ok(console::with_form(page(StatusCode::OK, &content), cookie))
}

async fn switch(visit: Visit, of: Path<(String, String)>, body: Bytes) -> HttpResponse {
    let outcome = turn(&visit, &of, &body).await;
    visit.answer(outcome)
}

async fn turn(
    visit: &Visit,
    (organization, site): &(String, String),
    body: &Bytes,
) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, organization, Some(body)).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let office = desk.at_work.office.clone();
    let posted = match console::posted(visit, &office, body, &["to"]).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    let found = site.parse::<SiteId>().ok().and_then(|id| visit.sites.find(&id));
    let Some(entry) = found else {
        let refuse = move |conn: &mut _| office.refused(conn, Action::SwitchSite, Denied::NotFound);
        visit.db.write(refuse).await?;
        return Err(PageError::NotFound);
    };
    let to = match posted.find("to") {
        Some("on") => Switch::On,
        Some("off") => Switch::Off,
        Some(_) | None => return Err(PageError::NotUnderstood),
    };
    let switch =
        move |conn: &mut AnyConn| own_organization::switch_site(conn, &office, &entry.site, to);
    let switched = visit.db.write(switch).await?;
    visit.outbox.wake();
    match switched {
        Ok(_) => {
            let done = if to == Switch::On { "on" } else { "off" };
            Ok(see_other(&format!("/organization/{organization}/sites?done={done}"), []))
        }
        Err(Refusal::Denied(Denied::NotFound) | Refusal::NotSwitchable) => Err(PageError::NotFound),
        Err(Refusal::Denied(Denied::Forbidden)) => Err(PageError::Forbidden),
        Err(Refusal::NotReady | Refusal::OutOfOrder | Refusal::PartsLeft | Refusal::SamePerson) => {
            Ok(see_other(&format!("/organization/{organization}/sites"), []))
        }
    }
}
