//! `GET /account/shared`: what was shared about me, with which site, when. Kinds of facts only: what
//! a site was told is not kept.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Query},
};
use idp_core::{authentication::gate::Demand, oidc::scope::Scope, release};
use serde::Deserialize;

use super::nav;
use crate::{
    http::{
        error::PageError,
        gate::{self, Gate, OwnPage},
        visit::{Visit, page},
    },
    pages::{Area, SharedEntry, SharedPage},
    store::release_log::{self, Place},
};

/// How many entries a page has at most.
const SHOWN: usize = 50;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/account/shared").get(show));
}

#[derive(Deserialize)]
struct From {
    before: Option<String>,
}

async fn show(visit: Visit, from: Query<From>) -> HttpResponse {
    let outcome = list(&visit, from.before.as_deref()).await;
    visit.answer(outcome)
}

async fn list(visit: &Visit, before: Option<&str>) -> Result<HttpResponse, PageError> {
    let loaded = match gate::pass(visit, OwnPage::Shared, Demand::SIGNED_IN).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let before = before.map(|text| text.parse::<Place>().map_err(|_| PageError::NotUnderstood));
    let before = before.transpose()?;
    let is_older = before.is_some();
    let person = loaded.subscriber.id;
    // One more than is shown says whether there is anything older.
    let read =
        move |conn: &mut _| release_log::of_subscriber(conn, &person, before.as_ref(), SHOWN + 1);
    let releases = visit.db.read(read).await?;
    let shown = releases.get(..SHOWN).unwrap_or(&releases);
    let older =
        shown.last().filter(|_| releases.len() > SHOWN).map(|last| Place::at(last).to_string());
    let told: Vec<_> = shown
        .iter()
        .map(|release| {
            let site = visit.sites.find(&release.site);
            let kinds = match &site {
                Some(entry) => {
                    release::kinds(&release.scopes, &release.claims, &entry.site.release)
                }
                None => release.scopes.clone(),
            };
            (release, site, kinds)
        })
        .collect();
    let entries = told.iter().map(|(release, site, kinds)| SharedEntry {
        site: site.as_ref().map_or(release.site.as_str(), |entry| &entry.site.name),
        at: release.at,
        organization: release.organization.as_deref(),
        scopes: kinds.iter().map(Scope::as_str).collect(),
    });
    let content = SharedPage {
        frame: visit.frame(),
        nav: nav(visit, Area::Shared),
        entries: entries.collect(),
        is_older,
        older: older.as_deref(),
    };
    Ok(page(StatusCode::OK, &content))
}
