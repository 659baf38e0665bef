//! The pages to read, the directory of sites, the agreements in force, the test of a browser, and
//! whether Hilum works.

use actix_web::{
    HttpResponse,
    cookie::{Cookie, SameSite},
    http::StatusCode,
    web::{self, Path, Query},
};
use idp_core::{
    authentication::assurance::Assurance,
    community::site::{OrgEnablement, Site},
    ids::AgreementId,
};
use serde::Deserialize;

use crate::{
    http::{
        error::PageError,
        health::Readiness as _,
        visit::{Visit, page, see_other, set, site_view},
    },
    pages::{
        AgreementView, Article, ArticlePage, BrowserTestPage, ListedSite, PublicAgreementPage,
        PublicAgreementsPage, SitesPage, StatusPage,
    },
    store::agreement,
};

/// The cookie of the test. It says nothing and is gone with the answer that saw it.
const TEST: &str = "__Host-hilum-test";

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    for article in Article::ALL {
        let read = move |visit: Visit| async move {
            page(StatusCode::OK, &ArticlePage { frame: visit.frame(), article })
        };
        config.service(web::resource(article.path()).route(web::get().to(read)));
    }
    config
        .service(web::resource("/agreements").get(agreements))
        .service(web::resource("/agreements/{id}").get(one_agreement))
        .service(web::resource("/browser-test").get(test))
        .service(web::resource("/sites").get(sites))
        .service(web::resource("/status").get(status));
}

async fn sites(visit: Visit) -> HttpResponse {
    let entries = visit.sites.all();
    let sites = entries.iter().map(|entry| listed(&entry.site)).collect();
    page(StatusCode::OK, &SitesPage { frame: visit.frame(), sites })
}

fn listed(site: &Site) -> ListedSite<'_> {
    let release = &site.release;
    ListedSite {
        id: site.id.as_str(),
        view: site_view(site),
        home: site.links.client_uri.as_ref().map(url::Url::as_str),
        help_phone: site.links.help_phone.as_deref(),
        help_email: site.links.help_email.as_deref(),
        receives: release.allowed_scopes.iter().map(|scope| scope.as_str()).collect(),
        roles: release.required_roles.iter().map(|role| role.code()).collect(),
        administrator: release.required_administrator,
        second_factor: release.min_acr >= Assurance::BrowserSecondFactor,
        switched_on: release.org_enablement == OrgEnablement::ByAdministrator,
    }
}

async fn agreements(visit: Visit) -> HttpResponse {
    let outcome = async {
        let in_force = visit.db.read(agreement::in_force).await?;
        let agreements = in_force
            .iter()
            .map(|one| (one.text.title(), one.version.as_str(), format!("/agreements/{}", one.id)));
        let agreements = agreements.collect();
        Ok(page(StatusCode::OK, &PublicAgreementsPage { frame: visit.frame(), agreements }))
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn one_agreement(visit: Visit, id: Path<String>) -> HttpResponse {
    let outcome = async {
        let id: AgreementId = id.parse().map_err(|_| PageError::NotFound)?;
        let found = visit.db.read(move |conn| agreement::find(conn, &id)).await?;
        // What is no longer in force is shown to those who accepted it, on their own page.
        let found = found.filter(|one| one.is_in_force()).ok_or(PageError::NotFound)?;
        let agreement = AgreementView::of(&found);
        Ok(page(StatusCode::OK, &PublicAgreementPage { frame: visit.frame(), agreement }))
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

#[derive(Deserialize)]
struct Test {
    begin: Option<String>,
    end: Option<String>,
}

/// Sets a cookie and sends the browser round once: works without scripts.
async fn test(visit: Visit, step: Query<Test>) -> HttpResponse {
    let cookie = |value: &'static str| {
        Cookie::build(TEST, value).path("/").secure(true).http_only(true).same_site(SameSite::Lax)
    };
    if step.begin.is_some() {
        return see_other("/browser-test?end=1", [cookie("1").finish()]);
    }
    let cookies = step.end.is_some().then(|| visit.request.cookie(TEST).is_some());
    let user_agent = visit.user_agent();
    let frame = visit.frame();
    let content = BrowserTestPage { frame, user_agent: &user_agent, cookies };
    let mut answer = page(StatusCode::OK, &content);
    if cookies == Some(true) {
        let mut over = cookie("").finish();
        over.make_removal();
        set(&mut answer, [over]);
    }
    answer
}

async fn status(visit: Visit) -> HttpResponse {
    let works = visit.missing().await.is_empty();
    let status = if works { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    page(status, &StatusPage { frame: visit.frame(), works })
}
