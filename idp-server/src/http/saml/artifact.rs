//! `/saml/artifact`: a site fetches the answer to which its browser brought a reference (SAML
//! Bindings §3.6, SAML Profiles §5).

use std::sync::Arc;

use actix_web::{HttpResponse, cookie::Cookie, web::Bytes};
use idp_core::{
    ids::{GrantId, SiteId},
    saml::{
        acs::RegisteredAcsUrl,
        artifact::{self, ARTIFACT_LIFE, ArtifactResolve},
        authn_request,
        judge::{Here, Untrusted},
        logout,
        response::Envelope,
        xml::Xml,
    },
    secret::SecretDigest,
};
use serde::{Deserialize, Serialize};

use super::{error::refuse, message_id};
use crate::{
    ephemeral::Key,
    http::{
        error::PageError,
        oidc::holder,
        visit::{Visit, see_other},
    },
    sites::ProviderEntry,
    store::{AnyConn, person},
};

/// An answer that waits to be fetched.
#[derive(Serialize, Deserialize)]
struct Waiting {
    site: SiteId,
    /// What the answer gives, if it gives anything.
    grant: Option<GrantId>,
    response: String,
}

/// Keeps the answer, and sends the browser to the site with a reference to it.
///
/// # Errors
/// [`PageError`] if short-lived state is out of reach.
pub(super) async fn leave(
    visit: &Visit,
    site: &SiteId,
    acs: &RegisteredAcsUrl,
    (response, grant, relay_state): (&str, Option<&GrantId>, Option<&str>),
    cookies: Vec<Cookie<'static>>,
) -> Result<HttpResponse, PageError> {
    let artifact = artifact::artifact(&visit.saml.addresses.entity_id, visit.random.bytes());
    let (site, grant) = (site.clone(), grant.cloned());
    let waiting = Waiting { site, grant, response: response.to_owned() };
    let bytes = serde_json::to_vec(&waiting).map_err(|error| PageError::unexpected(&error))?;
    let life = ARTIFACT_LIFE.to_std().unwrap_or_default();
    visit.ephemeral.put(&key(&artifact), &bytes, life).await?;
    let mut target = acs.location().clone();
    target.query_pairs_mut().append_pair("SAMLart", &artifact);
    if let Some(relay_state) = relay_state {
        target.query_pairs_mut().append_pair("RelayState", relay_state);
    }
    Ok(see_other(target.as_str(), cookies))
}

fn key(artifact: &str) -> Key {
    Key::artifact(&SecretDigest::of(artifact))
}

/// `POST /saml/artifact`.
pub async fn post(visit: Visit, body: Bytes) -> HttpResponse {
    match resolve(&visit, &body).await {
        Ok(answer) => super::soap(&answer),
        Err(error) => super::no_soap(&error),
    }
}

async fn resolve(visit: &Visit, body: &Bytes) -> Result<String, PageError> {
    let text = std::str::from_utf8(body).map_err(|_| PageError::NotUnderstood)?;
    let (entry, judged) = judge(visit, text);
    let request = match judged {
        Ok(request) => request,
        Err(why) => {
            return Err(refuse(visit, why, entry.as_ref().map(|entry| &entry.site.id)).await);
        }
    };
    let Some(entry) = entry else { return Err(PageError::NotUnderstood) };
    if !super::is_first(visit, &entry, &request.id).await? {
        return Err(refuse(visit, Untrusted::Replayed, Some(&entry.site.id)).await);
    }
    let response = redeem(visit, &entry, &request).await?;
    let envelope = Envelope {
        id: &message_id(&visit.random),
        issuer: &visit.saml.addresses.entity_id,
        destination: entry.provider.entity_id.as_str(),
        in_response_to: Some(&request.id),
        now: visit.clock.now(),
    };
    let signer = super::signer(visit, &entry.provider)?;
    let xml = artifact::response(envelope, response.as_deref(), signer.as_ref());
    xml.map_err(|error| PageError::unexpected(&error))
}

type Judged = (Option<Arc<ProviderEntry>>, Result<ArtifactResolve, Untrusted>);

fn judge(visit: &Visit, text: &str) -> Judged {
    let xml = match Xml::parse(text) {
        Ok(xml) => xml,
        Err(error) => return (None, Err(error.into())),
    };
    let message = match logout::from_soap(&xml) {
        Ok(message) => message,
        Err(error) => return (None, Err(error.into())),
    };
    let entry = match authn_request::issuer(message) {
        Ok(issuer) => visit.sites.provider(&issuer),
        Err(error) => return (None, Err(error.into())),
    };
    let Some(entry) = entry else { return (None, Err(Untrusted::Site)) };
    let here = Here { address: &visit.saml.addresses.artifact_resolution, now: visit.clock.now() };
    let judged = artifact::judge(&xml, message, (&entry.provider, &entry.verification), here);
    (Some(entry), judged)
}

/// Takes the answer away; of several that present an artifact one gets it. In the hands of another
/// site it is lost to both: it was stolen. Whoever has signed out meanwhile, or may no longer act,
/// is not told of (security 6.3).
async fn redeem(
    visit: &Visit,
    entry: &Arc<ProviderEntry>,
    request: &ArtifactResolve,
) -> Result<Option<String>, PageError> {
    let site = &entry.site.id;
    let Some(bytes) = visit.ephemeral.take(&key(&request.artifact)).await? else {
        refuse(visit, Untrusted::Artifact, Some(site)).await;
        return Ok(None);
    };
    let waiting: Waiting =
        serde_json::from_slice(&bytes).map_err(|error| PageError::unexpected(&error))?;
    if waiting.site == *site && still_stands(visit, entry, waiting.grant).await? {
        return Ok(Some(waiting.response));
    }
    refuse(visit, Untrusted::Artifact, Some(site)).await;
    Ok(None)
}

/// Whether what an answer gives may still be given. One that gives nothing always stands.
async fn still_stands(
    visit: &Visit,
    entry: &Arc<ProviderEntry>,
    grant: Option<GrantId>,
) -> Result<bool, PageError> {
    let Some(grant) = grant else { return Ok(true) };
    let (app, entry, now) = (visit.shared(), Arc::clone(entry), visit.clock.now());
    let read = move |conn: &mut AnyConn| {
        let Some((grant, loaded)) = person::of_grant(conn, &grant, &*app.open_ssn)? else {
            return Ok(false);
        };
        let person = holder::as_of_now(conn, &app, &entry.site, &loaded, now)?;
        Ok(grant.still_gives(&person, &entry.site, now).is_ok())
    };
    Ok(visit.db.read(read).await?)
}
