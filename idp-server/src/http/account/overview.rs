//! `GET /account`: who am I, for whom may I act, what have I opened.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Query},
};
use idp_core::{
    authentication::gate::Demand,
    community::{
        affiliation::{Affiliation, AffiliationStatus},
        organization::OrganizationStatus,
    },
};
use serde::Deserialize;

use super::{nav, promotions};
use crate::{
    http::{
        console::is_office,
        error::PageError,
        gate::{self, Gate, OwnPage},
        visit::{Visit, page},
    },
    pages::{AffiliationView, Area, OverviewPage, SiteVisit, Stopped},
    store::{AnyConn, site_visit, staff},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/account").get(show));
}

#[derive(Deserialize)]
struct After {
    done: Option<String>,
}

async fn show(visit: Visit, after: Query<After>) -> HttpResponse {
    let outcome = overview(&visit, after.done.as_deref() == Some("left")).await;
    visit.answer(outcome)
}

async fn overview(visit: &Visit, left: bool) -> Result<HttpResponse, PageError> {
    let loaded = match gate::pass(visit, OwnPage::Account, Demand::SIGNED_IN).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let subscriber = loaded.subscriber.id.clone();
    let read = move |conn: &mut AnyConn| {
        let works_at_desk = staff::rank(conn, &subscriber)?.is_some();
        Ok((site_visit::of_subscriber(conn, &subscriber)?, works_at_desk))
    };
    let (visits, works_at_desk) = visit.db.read(read).await?;
    let waiting = promotions::waiting(visit, &loaded).await?;
    let (person, session) = (&loaded.subscriber, &loaded.session);
    let name = person.name();
    let own: Vec<&Affiliation> = loaded.affiliations.iter().filter(|a| is_shown(a)).collect();
    let numbers: Vec<Vec<String>> = own
        .iter()
        .map(|a| a.tax_ids.iter().map(|tax_id| tax_id.number.shown()).collect())
        .collect();
    let sites: Vec<_> =
        visits.iter().filter_map(|(id, at)| Some((visit.sites.find(id)?, *at))).collect();
    let content = OverviewPage {
        frame: visit.frame(),
        nav: nav(visit, Area::Overview),
        name: &name,
        user_id: person.user_id.as_str(),
        email: person.email.as_ref().map(|email| email.as_str()),
        signed_in_at: session.started_at,
        ends_at: session.expires_at,
        last_sign_in: loaded.previous_sign_in_at,
        left,
        console: works_at_desk || loaded.affiliations.iter().any(is_office),
        affiliations: own
            .iter()
            .zip(&numbers)
            .map(|(a, numbers)| affiliation(a, numbers))
            .collect(),
        promotions: waiting,
        sites: sites
            .iter()
            .map(|(entry, at)| SiteVisit {
                name: &entry.site.name,
                first_at: *at,
                scopes: entry
                    .site
                    .release
                    .allowed_scopes
                    .iter()
                    .map(|scope| scope.as_str())
                    .collect(),
            })
            .collect(),
    };
    Ok(page(StatusCode::OK, &content))
}

/// Whether somebody is shown it as theirs: what is stopped as well, so that they know whom to ask.
fn is_shown(affiliation: &Affiliation) -> bool {
    affiliation.status.is_accepted()
        && affiliation.organization.status != OrganizationStatus::Closed
}

const fn stopped(affiliation: &Affiliation) -> Option<Stopped> {
    match (affiliation.status, affiliation.organization.status) {
        (AffiliationStatus::Suspended, _) => Some(Stopped::Affiliation),
        (_, OrganizationStatus::Suspended) => Some(Stopped::Organization),
        _ => None,
    }
}

fn affiliation<'a>(affiliation: &'a Affiliation, numbers: &'a [String]) -> AffiliationView<'a> {
    AffiliationView {
        id: affiliation.id.as_str(),
        organization: &affiliation.organization.name,
        roles: affiliation.roles.iter().map(|role| role.code()).collect(),
        tax_ids: numbers.iter().map(String::as_str).collect(),
        administrator: affiliation.administrator,
        access_level: affiliation.access_level.code(),
        stopped: stopped(affiliation),
    }
}
