//! `GET /organization/{id}/endings/{ending}`: what became of telling the sites that access ended.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Path, Query},
};
use idp_core::{
    community::{
        end_access::{Receipt, Receipts},
        permission::{Action, Denied},
    },
    ids::EndingId,
};
use serde::Deserialize;

use super::nav;
use crate::{
    http::{
        console::{self, Entry},
        error::PageError,
        visit::{Visit, page},
    },
    pages::{EndingPage, OrganizationArea, PersonDeed, SiteReceipt},
    store::{AnyConn, ending, subscriber},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/organization/{id}/endings/{ending}").get(show));
}

#[derive(Deserialize)]
struct After {
    done: Option<String>,
}

async fn show(visit: Visit, of: Path<(String, String)>, after: Query<After>) -> HttpResponse {
    let done = |deed: &PersonDeed| after.done.as_deref() == Some(deed.place());
    let outcome = receipts(&visit, &of, PersonDeed::ALL.into_iter().find(done)).await;
    visit.answer(outcome)
}

async fn receipts(
    visit: &Visit,
    of: &(String, String),
    done: Option<PersonDeed>,
) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, &of.0, None).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let id: Option<EndingId> = of.1.parse().ok();
    let (office, own) = (desk.at_work.office.clone(), desk.affiliation.organization.id.clone());
    // Whoever looks for what is not theirs is written down.
    let look = move |conn: &mut AnyConn| {
        let found = match &id {
            Some(id) => ending::receipts(conn, id, Some(&own))?,
            None => None,
        };
        let Some(past) = found else {
            office.refused(conn, Action::ReadOrganization, Denied::NotFound)?;
            return Ok(None);
        };
        let person = past.subscriber.as_ref().map(|id| subscriber::find(conn, id)).transpose()?;
        Ok(Some((past, person.flatten().map(|person| person.name()))))
    };
    let Some((past, person)) = visit.db.write(look).await? else { return Err(PageError::NotFound) };
    let sum = Receipts::sum(past.sites.iter().map(|(_, receipt)| *receipt), past.ended_at);
    let site = |(id, receipt): &(idp_core::ids::SiteId, Receipt)| {
        let name = visit.sites.find(id).map_or_else(|| id.to_string(), |it| it.site.name.clone());
        let receipt = match receipt {
            Receipt::Confirmed { .. } => SiteReceipt::Confirmed,
            Receipt::Failed => SiteReceipt::Failed,
            Receipt::Silent => SiteReceipt::Silent,
            Receipt::Waiting => SiteReceipt::Waiting,
        };
        (name, receipt)
    };
    let content = EndingPage {
        frame: visit.frame(),
        nav: nav(&desk, OrganizationArea::People),
        person: person.as_deref(),
        done,
        sum,
        sites: past.sites.iter().map(site).collect(),
    };
    Ok(page(StatusCode::OK, &content))
}
