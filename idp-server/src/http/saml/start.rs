//! `GET /saml/start/{site}`: a sign-on that starts here (SAML Profiles §4.1.5), for sites whose
//! record allows it. Nothing else in the address counts (security 14.3).

use actix_web::{HttpResponse, web::Path};
use idp_core::saml::judge::{self, Untrusted};

use super::{error::refuse, sso};
use crate::http::{error::PageError, visit::Visit};

/// Begins it, or says that there is nothing here.
pub async fn get(visit: Visit, site: Path<String>) -> HttpResponse {
    visit.answer(start(&visit, &site).await)
}

async fn start(visit: &Visit, site: &str) -> Result<HttpResponse, PageError> {
    let id = site.parse().map_err(|_| PageError::NotFound)?;
    let entry = visit.sites.provider_by_id(&id).ok_or(PageError::NotFound)?;
    let is_offered = entry.provider.policy.idp_initiated.is_some();
    if is_offered && !entry.provider.is_current(visit.clock.now()) {
        return Err(refuse(visit, Untrusted::MetadataExpired, Some(&entry.site.id)).await);
    }
    let request = judge::start(&entry.site.id, &entry.provider, visit.clock.now());
    sso::begin(visit, request.ok_or(PageError::NotFound)?).await
}
