//! `GET /portal`: the sites that a person opens from here, of either protocol.
//!
//! Whether somebody may open a site the engine says, as it would if the site asked.

use std::sync::Arc;

use actix_web::{HttpResponse, http::StatusCode, web};
use idp_core::{
    authentication::{
        factor::Holdings,
        gate::{Demand, Level},
    },
    community::opening::Opening,
    ids::OrganizationId,
    sign_on::{Policy, may_open},
};

use super::nav;
use crate::{
    http::{
        error::PageError,
        gate::{self, Gate, OwnPage},
        sign_on::reason_of,
        visit::{Visit, page},
    },
    pages::{Area, PortalOpening, PortalPage, PortalSite},
    sites::SiteEntry,
    store::{AnyConn, StoreError, factor, organization},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/portal").get(show));
}

async fn show(visit: Visit) -> HttpResponse {
    let outcome = list(&visit).await;
    visit.answer(outcome)
}

async fn list(visit: &Visit) -> Result<HttpResponse, PageError> {
    let loaded = match gate::pass(visit, OwnPage::Portal, Demand::SIGNED_IN).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let now = visit.clock.now();
    let opening = |entry: Arc<SiteEntry>| Some((entry.site.opening(&visit.issuer, now)?, entry));
    let sites: Vec<(Opening, Arc<SiteEntry>)> =
        visit.sites.all().into_iter().filter_map(opening).collect();
    let entries: Vec<Arc<SiteEntry>> = sites.iter().map(|(_, entry)| Arc::clone(entry)).collect();
    let (subscriber, affiliations) = (loaded.subscriber.clone(), loaded.affiliations.clone());
    let read = move |conn: &mut AnyConn| -> Result<_, StoreError> {
        let holdings = factor::holdings(conn, &subscriber.id, subscriber.has_mailbox())?;
        let enabled: Result<Vec<Vec<OrganizationId>>, StoreError> = entries
            .iter()
            .map(|entry| organization::enabled_among(conn, &entry.site, &affiliations))
            .collect();
        Ok((holdings, enabled?))
    };
    let (holdings, enabled) = visit.db.read(read).await?;
    let without_passkeys = !visit.passkeys.are_available();
    let holdings = Holdings { without_passkeys, ..holdings };
    let (mut open, mut closed) = (Vec::new(), Vec::new());
    for ((opening, entry), enabled_at) in sites.iter().zip(enabled) {
        let release = &entry.site.release;
        let policy =
            Policy { release: Some(release), level: Level::SignedIn, naming: &entry.naming };
        let person = visit.person(&loaded, &holdings, enabled_at, now);
        let (list, opening) = match (may_open(&person, policy, now), opening) {
            (Err(why), _) => (&mut closed, PortalOpening::Refused(reason_of(why, release))),
            (Ok(()), Opening::Expired) => (&mut closed, PortalOpening::Expired),
            (Ok(()), Opening::Here) => {
                (&mut open, PortalOpening::At(format!("/saml/start/{}", entry.site.id.as_str())))
            }
            (Ok(()), Opening::There(address)) => {
                (&mut open, PortalOpening::At(address.to_string()))
            }
            (Ok(()), Opening::Unknown) => (&mut open, PortalOpening::Unknown),
        };
        list.push(PortalSite { id: entry.site.id.as_str(), name: &entry.site.name, opening });
    }
    let content = PortalPage { frame: visit.frame(), nav: nav(visit, Area::Sites), open, closed };
    Ok(page(StatusCode::OK, &content))
}
