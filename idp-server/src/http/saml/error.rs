//! What becomes of a message that is not trusted: a page for the person, a line for the operator,
//! and a row in the audit record where a registered site is named in it.

use idp_core::{
    audit::{Actor, Event, Kind},
    ids::{EventId, SiteId},
    saml::judge::Untrusted,
};

use crate::{
    http::{client_address::ClientAddress, error::PageError, visit::Visit},
    pages::ProtocolError,
    store::audit,
};

/// A message that gets our own page.
#[derive(Debug, thiserror::Error)]
#[error("SAML message refused: {why}")]
pub struct SamlRefusal {
    /// Why.
    pub why: Untrusted,
    /// The site that it names.
    pub site: Option<SiteId>,
}

impl SamlRefusal {
    /// What the page shows a developer. Whether a name is that of a site is not told.
    pub const fn shown(&self) -> ProtocolError<'static> {
        let (code, description) = match &self.why {
            Untrusted::Acs => (
                "InvalidAssertionConsumerService",
                "the AssertionConsumerService is not one of the site's metadata",
            ),
            Untrusted::Artifact => {
                ("InvalidArtifact", "the artifact is not one that waits for the site")
            }
            Untrusted::Destination => {
                ("InvalidDestination", "the message was meant for another address")
            }
            Untrusted::Message(_) | Untrusted::Transport(_) | Untrusted::Xml(_) => {
                ("MalformedMessage", "the message is not as SAML 2.0 demands")
            }
            Untrusted::MetadataExpired => ("MetadataExpired", "the site's metadata have expired"),
            Untrusted::Replayed => {
                ("Replayed", "the message was used before: please start again at the site")
            }
            Untrusted::Signature(_) => {
                ("InvalidSignature", "the message is not signed by a registered key as it must be")
            }
            Untrusted::Site => ("UnknownIssuer", "the Issuer names no active site"),
            Untrusted::Unasked => ("Unasked", "the message answers no request of ours"),
            Untrusted::Stale => {
                ("Expired", "the message is too old: please start again at the site")
            }
        };
        ProtocolError { code, description, site: None }
    }
}

/// Writes a refusal down and turns it into the page's error. Only what names a registered site gets
/// a row: anybody can send anything, and the record is for good.
pub async fn refuse(visit: &Visit, why: Untrusted, site: Option<&SiteId>) -> PageError {
    let refusal = SamlRefusal { why, site: site.cloned() };
    if let Some(site) = site {
        let event = Event::new(
            EventId::from_random(visit.random.bytes()),
            visit.clock.now(),
            Kind::AccessRefused,
            Actor::Nobody,
        )
        .at_site(site.clone())
        .from_address(ClientAddress::of(&visit.request).0)
        .because(refusal.to_string());
        let written =
            visit.db.write(move |conn| audit::record(conn, std::slice::from_ref(&event))).await;
        if let Err(error) = written {
            // The message is refused all the same.
            tracing::error!(%error, "a refused SAML message could not be written down");
        }
    }
    PageError::SamlRequest(Box::new(refusal))
}
