//! The judgement of an `AuthnRequest`: who asks, may the answer go there, what is asked (SAML
//! Profiles §4.1.4.1).
//!
//! Two kinds of "no". What cannot be trusted to come from a registered site, or for here and now,
//! gets our own page ([`Untrusted`]). What comes from the site and cannot be granted is told to it,
//! at the address that it registered ([`Denied`]).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    acs::{self, RegisteredAcsUrl},
    authn_request::{AuthnRequest, Unreadable},
    instant, name_id,
    names::name_id_format,
    redirect::{Detached, TransportError},
    service_provider::{NameIdKind, ServiceProvider},
    signature::{SignatureError, VerificationKeys},
    status::{Second, Status},
    xml::{Xml, XmlError},
};
use crate::{
    ids::SiteId,
    sign_on::{AffiliationDemand, AssuranceDemand, SignOnRequest},
};

/// A request that may be answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlRequest {
    /// Who asks.
    pub site: SiteId,
    /// Its `ID`; none if the sign-on started here.
    pub id: Option<String>,
    /// Where the answer goes.
    pub acs: RegisteredAcsUrl,
    /// What is echoed, unchanged.
    pub relay_state: Option<String>,
    /// What is asked of the sign-on.
    pub sign_on: SignOnRequest,
    /// The kind of name that the site gets.
    pub name_id: NameIdKind,
}

/// Why a message gets our own page, and no word to any address in it (security 13.1–13.5).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// It wants its answer at an address that is not registered.
    #[error("the AssertionConsumerService is not one of the site's metadata")]
    Acs,
    /// It wants to redeem an artifact that is unknown, used, too old, or another site's.
    #[error("the artifact is not one that waits for this site")]
    Artifact,
    /// It was meant for somebody else, or is signed and does not say for whom.
    #[error("Destination is not this address")]
    Destination,
    /// It does not say what it must.
    #[error(transparent)]
    Message(#[from] Unreadable),
    /// The site's metadata are past their end.
    #[error("the site's metadata have expired")]
    MetadataExpired,
    /// It came before.
    #[error("the message was used before")]
    Replayed,
    /// Its signature does not count, or there is none where there must be.
    #[error("{0}")]
    Signature(#[from] SignatureError),
    /// No site has this name.
    #[error("the Issuer is no active site")]
    Site,
    /// It is older than five minutes, or from the future.
    #[error("IssueInstant is more than five minutes off")]
    Stale,
    /// It does not arrive.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// It answers nothing that the site was asked.
    #[error("it answers no request that waits for an answer of this site")]
    Unasked,
    /// It is no XML that we would read.
    #[error(transparent)]
    Xml(#[from] XmlError),
}

/// A request of a registered site that cannot be granted, and where to say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// Who asked.
    pub site: SiteId,
    /// Where.
    pub acs: RegisteredAcsUrl,
    /// The request's `ID`.
    pub in_response_to: String,
    /// What is echoed.
    pub relay_state: Option<String>,
    /// What is said.
    pub status: Status,
}

/// How a message arrived.
#[derive(Clone, Copy, Debug)]
pub enum Arrival<'a> {
    /// By POST: a signature stands in the message.
    Posted,
    /// By Redirect: a signature stands beside it.
    Redirected(Option<&'a Detached>),
}

/// The site and its keys.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// The site.
    pub site: &'a SiteId,
    /// How it speaks SAML.
    pub provider: &'a ServiceProvider,
    /// Its keys.
    pub keys: &'a VerificationKeys,
}

/// Where and when a message arrived.
#[derive(Clone, Copy, Debug)]
pub struct Here<'a> {
    /// Our address.
    pub address: &'a str,
    /// The moment.
    pub now: DateTime<Utc>,
}

/// Checks a message's signature: always if there is one, and that there is one if there must be.
/// Says whether it is signed.
///
/// # Errors
/// [`SignatureError`].
pub fn check_signature(
    xml: &Xml<'_>,
    arrival: Arrival<'_>,
    keys: &VerificationKeys,
    required: bool,
) -> Result<bool, SignatureError> {
    let checked = match arrival {
        Arrival::Posted => keys.verify_root(xml),
        // A signature inside is not looked at where the binding has its own (§3.4.4.1).
        Arrival::Redirected(Some(detached)) => detached.verify(keys),
        Arrival::Redirected(None) => Err(SignatureError::Missing),
    };
    match checked {
        Ok(()) => Ok(true),
        Err(SignatureError::Missing) if !required => Ok(false),
        Err(error) => Err(error),
    }
}

/// What a request comes to.
pub type Judgement = Result<SamlRequest, Box<Denied>>;

/// Judges a request that `sender` is said to have sent.
///
/// # Errors
/// [`Untrusted`]: nothing is said to anybody but the person.
pub fn judge(
    xml: &Xml<'_>,
    arrival: Arrival<'_>,
    relay_state: Option<String>,
    sender: Sender<'_>,
    here: Here<'_>,
) -> Result<Judgement, Untrusted> {
    let provider = sender.provider;
    let required = provider.must_sign_requests();
    let is_signed = check_signature(xml, arrival, sender.keys, required)?;
    let request = AuthnRequest::read(xml)?;
    if request.heading.issuer != provider.entity_id.as_str() {
        return Err(Untrusted::Site);
    }
    if !provider.is_current(here.now) {
        return Err(Untrusted::MetadataExpired);
    }
    let destination = request.heading.destination.as_deref();
    // Unsigned it says nothing by which it could be held to an address (SAML Bindings §3.4.5.2).
    if destination.map_or(is_signed, |destination| destination != here.address) {
        return Err(Untrusted::Destination);
    }
    if !instant::is_fresh(request.heading.issued_at, here.now) {
        return Err(Untrusted::Stale);
    }
    let acs = acs::choose(&provider.metadata, request.wanted_acs()).ok_or(Untrusted::Acs)?;
    Ok(grant(request, acs, relay_state, sender, here.now))
}

/// What a trusted request comes to.
fn grant(
    request: AuthnRequest,
    acs: RegisteredAcsUrl,
    relay_state: Option<String>,
    sender: Sender<'_>,
    now: DateTime<Utc>,
) -> Judgement {
    let denied = |acs, relay_state, status| {
        let in_response_to = request.heading.id.clone();
        let site = sender.site.clone();
        Err(Box::new(Denied { site, acs, in_response_to, relay_state, status }))
    };
    if !request.heading.is_version_2 {
        return denied(acs, relay_state, Status::VERSION_MISMATCH);
    }
    let Ok(name_id) = name_id::choose(sender.provider, request.name_policy()) else {
        let status = Status::requester(Some(Second::InvalidNameIdPolicy));
        return denied(acs, relay_state, status);
    };
    let subject = match &request.subject {
        None => None,
        // The only name that tells the engine who it is; the site has it from us.
        Some((format, name)) if format == name_id_format::PERSISTENT => Some(name.clone()),
        Some(_) => {
            let status = Status::requester(Some(Second::UnknownPrincipal));
            return denied(acs, relay_state, status);
        }
    };
    Ok(SamlRequest {
        site: sender.site.clone(),
        id: Some(request.heading.id.clone()),
        acs,
        relay_state,
        sign_on: SignOnRequest {
            asked_at: now,
            passive: request.passive,
            force: request.force,
            max_age_seconds: None,
            assurance: request.assurance,
            affiliation: AffiliationDemand::default(),
            subject,
            show_notice: false,
        },
        name_id,
    })
}

/// A sign-on that starts here, if the site's record allows it (security 14.3). Nothing of it comes
/// from an address: not where it goes, and not its `RelayState`.
#[must_use]
pub fn start(site: &SiteId, provider: &ServiceProvider, now: DateTime<Utc>) -> Option<SamlRequest> {
    let allowed = provider.policy.idp_initiated.as_ref().filter(|_| provider.is_current(now))?;
    Some(SamlRequest {
        site: site.clone(),
        id: None,
        acs: acs::of_start(&provider.metadata)?,
        relay_state: allowed.relay_state.clone(),
        sign_on: SignOnRequest {
            asked_at: now,
            passive: false,
            force: false,
            max_age_seconds: None,
            assurance: AssuranceDemand::default(),
            affiliation: AffiliationDemand::default(),
            subject: None,
            show_notice: false,
        },
        name_id: provider.policy.name_id,
    })
}

#[cfg(test)]
pub(crate) mod tests;
