//! `/saml/sso`: a site asks for a sign-on (SAML Profiles §4.1.3).

use std::sync::Arc;

use actix_web::{HttpResponse, web::Bytes};
use idp_core::{
    oidc::params::Params,
    saml::{
        authn_request,
        judge::{self, Arrival, Denied, Here, Judgement, SamlRequest, Sender, Untrusted},
        redirect::{self, Direction},
        status::Status,
        xml::Xml,
    },
};

use super::{answer, error::refuse};
use crate::{
    http::{
        error::PageError,
        front::SiteRequest,
        sign_on, transaction,
        visit::{Visit, see_other},
    },
    sites::ProviderEntry,
};

/// `GET /saml/sso`: a message by Redirect, or the way back from a POST.
pub async fn get(visit: Visit) -> HttpResponse {
    visit.answer(redirected(&visit).await)
}

/// `POST /saml/sso`. The browser sends no cookie with a form from another site (`SameSite=Lax`), so
/// the request is judged and picked up by a GET.
pub async fn post(visit: Visit, body: Bytes) -> HttpResponse {
    visit.answer(posted(&visit, &body).await)
}

async fn redirected(visit: &Visit) -> Result<HttpResponse, PageError> {
    let query = visit.request.query_string();
    if let Some(handle) = Params::parse(query.as_bytes()).find("parked") {
        let kept = transaction::parked(visit, handle).await?;
        let request: SamlRequest =
            serde_json::from_slice(&kept).map_err(|error| PageError::unexpected(&error))?;
        return begin(visit, request).await;
    }
    let message = match redirect::read(query, Direction::Request) {
        Ok(message) => message,
        Err(error) => return Err(refuse(visit, error.into(), None).await),
    };
    let arrival = Arrival::Redirected(message.signature.as_ref());
    match judged(visit, &message.xml, arrival, message.relay_state.clone()).await? {
        Ok(request) => begin(visit, request).await,
        Err(denied) => answer::deny(visit, &denied).await,
    }
}

async fn posted(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let (xml, relay_state) = match super::read_form(&Params::parse(body), Direction::Request) {
        Ok(message) => message,
        Err(error) => return Err(refuse(visit, error.into(), None).await),
    };
    match judged(visit, &xml, Arrival::Posted, relay_state).await? {
        Ok(request) => {
            // What is put aside is small, and was judged: a stranger's message takes no memory.
            let kept =
                serde_json::to_string(&request).map_err(|error| PageError::unexpected(&error))?;
            let handle = visit.random.secret();
            transaction::park(visit, handle.expose(), &kept).await?;
            Ok(see_other(&format!("/saml/sso?parked={}", handle.expose()), []))
        }
        Err(denied) => answer::deny(visit, &denied).await,
    }
}

/// Finds the site, judges the message, and sees that it is the first with its identifier.
async fn judged(
    visit: &Visit,
    xml: &str,
    arrival: Arrival<'_>,
    relay_state: Option<String>,
) -> Result<Judgement, PageError> {
    let entry = {
        let issuer = Xml::parse(xml)
            .map_err(Untrusted::from)
            .and_then(|xml| authn_request::issuer(xml.root()).map_err(Untrusted::from));
        match issuer.map(|issuer| visit.sites.provider(&issuer)) {
            Ok(Some(entry)) => entry,
            Ok(None) => return Err(refuse(visit, Untrusted::Site, None).await),
            Err(why) => return Err(refuse(visit, why, None).await),
        }
    };
    let site = &entry.site.id;
    let judgement = match judge_by(visit, &entry, xml, arrival, relay_state) {
        Ok(judgement) => judgement,
        Err(why) => return Err(refuse(visit, why, Some(site)).await),
    };
    let id = match &judgement {
        Ok(request) => request.id.as_deref().unwrap_or_default(),
        Err(denied) => &denied.in_response_to,
    };
    if !super::is_first(visit, &entry, id).await? {
        return Err(refuse(visit, Untrusted::Replayed, Some(site)).await);
    }
    Ok(judgement)
}

fn judge_by(
    visit: &Visit,
    entry: &Arc<ProviderEntry>,
    xml: &str,
    arrival: Arrival<'_>,
    relay_state: Option<String>,
) -> Result<Judgement, Untrusted> {
    let sender =
        Sender { site: &entry.site.id, provider: &entry.provider, keys: &entry.verification };
    let address = &visit.saml.addresses.single_sign_on;
    let here = Here { address, now: visit.clock.now() };
    judge::judge(&Xml::parse(xml)?, arrival, relay_state, sender, here)
}

/// Begins the sign-on. Where the site can be told, it is told that it is our fault.
pub(super) async fn begin(visit: &Visit, request: SamlRequest) -> Result<HttpResponse, PageError> {
    let unavailable = Denied {
        site: request.site.clone(),
        acs: request.acs.clone(),
        in_response_to: request.id.clone().unwrap_or_default(),
        relay_state: request.relay_state.clone(),
        status: Status::UNAVAILABLE,
    };
    match sign_on::begin(visit, SiteRequest::Saml(request)).await {
        Err(PageError::Unavailable(why)) if !unavailable.in_response_to.is_empty() => {
            tracing::error!(why, "a sign-on could not begin");
            answer::deny(visit, &unavailable).await
        }
        other => other,
    }
}
