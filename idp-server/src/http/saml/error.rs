//! What becomes of a message that is not trusted: a page for the person, a line for the operator,
//! and a row in the audit record.

use std::{net::IpAddr, time::Duration};

use idp_core::{
    audit::{Actor, Event, Kind, flood},
    authentication::throttle::Network,
    ids::{EventId, SiteId},
    saml::judge::Untrusted,
};
use serde_json::json;

use crate::{
    ephemeral::{EphemeralError, Key},
    http::{client_address::ClientAddress, error::PageError, visit::Visit},
    pages::ProtocolError,
    store::audit,
};

/// The time within which refusals are counted.
const MINUTE: Duration = Duration::from_secs(60);
/// The longest reason, in characters.
const LONGEST: usize = 200;

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

/// Writes a refusal down and turns it into the page's error. Whoever is named in the message, anybody
/// can have sent it: a flood is counted and not written down in full ([`flood`]).
pub async fn refuse(visit: &Visit, why: Untrusted, site: Option<&SiteId>) -> PageError {
    let refusal = SamlRefusal { why, site: site.cloned() };
    let address = ClientAddress::of(&visit.request).0;
    match count(visit, site, address).await {
        Ok((nth, of_all)) if flood::is_told(nth, of_all) => {
            write_down(visit, &refusal, address, nth).await;
        }
        Ok(_) => {}
        // What cannot be counted could be a flood. The log has it all the same.
        Err(error) => tracing::error!(%error, "refused SAML messages cannot be counted"),
    }
    PageError::SamlRequest(Box::new(refusal))
}

/// The how many-th it is within a minute of its place and the site that it names, and of all.
async fn count(
    visit: &Visit,
    site: Option<&SiteId>,
    address: IpAddr,
) -> Result<(u64, u64), EphemeralError> {
    let place = Network::of(address).to_string();
    let of_place = Key::refused(&[site.map(SiteId::as_str).unwrap_or_default(), place.as_str()]);
    let nth = visit.ephemeral.count(&of_place, MINUTE).await?;
    let of_all = visit.ephemeral.count(&Key::refused(&[]), MINUTE).await?;
    Ok((nth.hits, of_all.hits))
}

async fn write_down(visit: &Visit, refusal: &SamlRefusal, address: IpAddr, nth: u64) {
    let id = EventId::from_random(visit.random.bytes());
    // A reader's complaint can quote what a stranger sent.
    let plain = |text: String| text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let reason: String = plain(refusal.to_string());
    let mut event = Event::new(id, visit.clock.now(), Kind::AccessRefused, Actor::Nobody)
        .from_address(address)
        .because(reason);
    event.site.clone_from(&refusal.site);
    if nth > 1 {
        event = event.after(json!({ "within_a_minute": nth }));
    }
    let written =
        visit.db.write(move |conn| audit::record(conn, std::slice::from_ref(&event))).await;
    if let Err(error) = written {
        // The message is refused all the same.
        tracing::error!(%error, "a refused SAML message could not be written down");
    }
}
