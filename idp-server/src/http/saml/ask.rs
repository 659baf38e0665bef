//! Single logout by the person's browser: what we ask a site, and what it answers (SAML Profiles
//! §4.4.3.3, §4.4.3.4).

use std::sync::Arc;

use actix_web::HttpResponse;
use idp_core::{
    ids::{EventId, MessageId, SiteId},
    saml::{
        authn_request,
        judge::{Arrival, Here, Untrusted},
        logout,
        logout_response::{self, LogoutResponse},
        redirect::Direction,
        response::Envelope,
        xml::Xml,
    },
};
use url::Url;

use super::{
    carry::{Parcel, carry},
    error::refuse,
};
use crate::{
    http::{
        error::PageError,
        round,
        visit::{Visit, see_other},
    },
    sites::ProviderEntry,
    store::{
        AnyConn,
        front_logout::{self, Stop},
        grant,
    },
};

/// Sends the browser to the site with a `LogoutRequest`; `None` if there is no longer anything to
/// ask it.
///
/// # Errors
/// [`PageError`] if the request cannot be made.
pub async fn ask(visit: &Visit, stop: &Stop) -> Result<Option<HttpResponse>, PageError> {
    let Some(entry) = visit.sites.provider_by_id(&stop.site) else { return Ok(None) };
    let Some(endpoint) = entry.provider.browser_logout() else { return Ok(None) };
    let (session, site) = (stop.session.clone(), stop.site.clone());
    let read = move |conn: &mut AnyConn| grant::last_name(conn, &session, &site);
    let Some(name) = visit.db.read(read).await? else { return Ok(None) };
    let envelope = Envelope {
        // 128 random bits, by which the answer is found again.
        id: stop.message.as_str(),
        issuer: &visit.saml.addresses.entity_id,
        destination: endpoint.location.as_str(),
        in_response_to: None,
        now: visit.clock.now(),
    };
    let index = entry.naming.session(&stop.session);
    let parcel = Parcel {
        entry: &entry,
        binding: endpoint.binding,
        target: &endpoint.location,
        direction: Direction::Request,
        relay_state: None,
    };
    carry(visit, &parcel, [], |signer| {
        logout::request(envelope, &entry.provider, &name, &index, signer)
    })
    .map(Some)
}

/// Takes in what a site answers, and sends the browser on its way round.
///
/// # Errors
/// [`PageError`] if the answer does not count and no way round is known on which it could go on.
pub async fn answered(
    visit: &Visit,
    text: &str,
    arrival: Arrival<'_>,
) -> Result<HttpResponse, PageError> {
    let (entry, judged) = judge(visit, text, arrival);
    let site = entry.as_ref().map(|entry| &entry.site.id);
    let noted = match (&judged, &entry) {
        (Ok(response), Some(entry)) => note(visit, entry, response).await?,
        (Ok(_), None) | (Err(_), _) => false,
    };
    let refusal = match judged {
        Ok(_) if noted => None,
        Ok(_) => Some(refuse(visit, Untrusted::Unasked, site).await),
        Err(why) => Some(refuse(visit, why, site).await),
    };
    // An answer that does not count leaves the site as asked, and does not hold the person up.
    match (claimed(text), refusal) {
        (Some(id), refusal) => match (round::of_request(visit, &id).await?, refusal) {
            (Some(location), _) => Ok(see_other(&location, [])),
            (None, Some(error)) => Err(error),
            (None, None) => Ok(see_other("/signed-out", [])),
        },
        (None, Some(error)) => Err(error),
        (None, None) => Ok(see_other("/signed-out", [])),
    }
}

/// Which message of ours the text says that it answers.
fn claimed(text: &str) -> Option<MessageId> {
    let xml = Xml::parse(text).ok()?;
    logout_response::in_response_to(xml.root()).ok()?.parse().ok()
}

/// Where the browser goes that is to ask a site.
pub fn asked_at(visit: &Visit, site: &SiteId) -> Option<Url> {
    let entry = visit.sites.provider_by_id(site)?;
    entry.provider.browser_logout().map(|endpoint| endpoint.location.clone())
}

/// Where the browser goes that brings a site our answer.
pub fn answered_at(visit: &Visit, site: &SiteId) -> Option<Url> {
    let entry = visit.sites.provider_by_id(site)?;
    entry.provider.browser_logout().map(|endpoint| endpoint.response_location().clone())
}

type Judged = (Option<Arc<ProviderEntry>>, Result<LogoutResponse, Untrusted>);

fn judge(visit: &Visit, text: &str, arrival: Arrival<'_>) -> Judged {
    let xml = match Xml::parse(text) {
        Ok(xml) => xml,
        Err(error) => return (None, Err(error.into())),
    };
    let entry = match authn_request::issuer(xml.root()) {
        Ok(issuer) => visit.sites.provider(&issuer),
        Err(error) => return (None, Err(error.into())),
    };
    let Some(entry) = entry else { return (None, Err(Untrusted::Site)) };
    let here = Here { address: &visit.saml.addresses.single_logout, now: visit.clock.now() };
    let judged =
        logout_response::judge(&xml, arrival, (&entry.provider, &entry.verification), here);
    (Some(entry), judged)
}

/// Writes the receipt; `false` if this site was not asked that, or has answered before.
async fn note(
    visit: &Visit,
    entry: &ProviderEntry,
    response: &LogoutResponse,
) -> Result<bool, PageError> {
    let Ok(message) = response.in_response_to.parse::<MessageId>() else { return Ok(false) };
    let (site, confirmed) = (entry.site.id.clone(), response.confirmed);
    let told = (EventId::from_random(visit.random.bytes()), visit.clock.now());
    let write = move |conn: &mut AnyConn| {
        front_logout::answered(conn, &message, &site, confirmed, told.clone())
    };
    Ok(visit.db.write(write).await?)
}
