//! `GET /organization/{id}/endings/{ending}`: what became of telling the sites that access ended.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Path},
};
use idp_core::{
    community::{
        end_access::{Receipt, Receipts},
        permission::{Action, Denied},
    },
    ids::EndingId,
};

use super::nav;
use crate::{
    http::{
        console::{self, Entry},
        error::PageError,
        visit::{Visit, page},
    },
    pages::{EndingPage, OrganizationArea, SiteReceipt},
    store::{AnyConn, ending},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/organization/{id}/endings/{ending}").get(show));
}

async fn show(visit: Visit, of: Path<(String, String)>) -> HttpResponse {
    let outcome = receipts(&visit, &of).await;
    visit.answer(outcome)
}

async fn receipts(visit: &Visit, of: &(String, String)) -> Result<HttpResponse, PageError> {
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
        if found.is_none() {
            office.refused(conn, Action::ReadOrganization, Denied::NotFound)?;
        }
        Ok(found)
    };
    let Some(past) = visit.db.write(look).await? else { return Err(PageError::NotFound) };
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
        sum,
        sites: past.sites.iter().map(site).collect(),
    };
    Ok(page(StatusCode::OK, &content))
}
