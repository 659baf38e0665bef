//! The answer to a site: an assertion, or why there is none, in a form that the browser posts.

use std::sync::Arc;

use actix_web::{HttpResponse, cookie::Cookie};
use chrono::{DateTime, Utc};
use idp_core::{
    audit::{Actor, Event, Kind},
    ids::{AffiliationId, EventId, GrantId, SessionId, SiteId},
    oidc::{
        claims_request::ClaimsRequest,
        grant::{Grant, Lapse, end_of_grant, standing_affiliations},
    },
    release::Facts,
    saml::{
        acs::RegisteredAcsUrl,
        attributes::{self, Attribute},
        authn_context,
        encryption::Randomness,
        judge::{Denied, SamlRequest},
        name_id::{self, NameId},
        redirect::posted,
        response::{self, Envelope, Protection, Statement},
        service_provider::{NameIdKind, ResponseBinding},
        signature::Signer,
        status::{Second, Status},
    },
    secret::SecretDigest,
    sign_on::Released,
};
use zeroize::Zeroizing;

use super::{artifact, carry, message_id, signer};
use crate::{
    app::App,
    http::{
        client_address::ClientAddress,
        error::PageError,
        front::{Complete, Outcome},
        oidc::holder,
        visit::{Visit, set},
        visited::Visited,
    },
    sites::ProviderEntry,
    store::{AnyConn, StoreError, audit, grant, person, site_visit},
};

/// Tells the site how the sign-on ended.
///
/// # Errors
/// [`PageError`] if the answer cannot be made.
pub async fn answer(
    visit: &Visit,
    request: &SamlRequest,
    outcome: Outcome<'_>,
    cookies: Vec<Cookie<'static>>,
) -> Result<HttpResponse, PageError> {
    let entry = visit.sites.provider_by_id(&request.site).ok_or(PageError::Interrupted)?;
    let status = match outcome {
        Outcome::Cancelled => Status::CANCELLED,
        Outcome::Declined => Status::AGREEMENT_REQUIRED,
        Outcome::Refused(refusal) => refusal.into(),
        Outcome::Complete(complete) => {
            return assert(visit, &entry, request, complete, cookies).await;
        }
    };
    fail(visit, &entry, request, status, cookies).await
}

/// Tells a site why its request is not granted.
///
/// # Errors
/// [`PageError`] if our key fails.
pub async fn deny(visit: &Visit, denied: &Denied) -> Result<HttpResponse, PageError> {
    tracing::info!(status = ?denied.status, "a SAML request was denied");
    let id = message_id(&visit.random);
    let envelope = Envelope {
        id: &id,
        issuer: &visit.saml.addresses.entity_id,
        destination: denied.acs.location().as_str(),
        in_response_to: Some(&denied.in_response_to),
        now: visit.clock.now(),
    };
    let xml = response::failure(envelope, denied.status, None);
    let xml = xml.map_err(|error| PageError::unexpected(&error))?;
    let to = (&denied.site, &denied.acs, denied.relay_state.as_deref());
    send(visit, to, (&xml, None), Vec::new()).await
}

async fn fail(
    visit: &Visit,
    entry: &ProviderEntry,
    request: &SamlRequest,
    status: Status,
    cookies: Vec<Cookie<'static>>,
) -> Result<HttpResponse, PageError> {
    let failed = |error| PageError::unexpected(&error);
    let (id, signer) = (message_id(&visit.random), signer(visit, &entry.provider)?);
    let signer: Option<&dyn Signer> =
        entry.provider.policy.sign_response.then_some(signer.as_ref());
    let xml = response::failure(envelope(visit, request, &id), status, signer).map_err(failed)?;
    let to = (&request.site, &request.acs, request.relay_state.as_deref());
    send(visit, to, (&xml, None), cookies).await
}

fn envelope<'a>(visit: &'a Visit, request: &'a SamlRequest, id: &'a str) -> Envelope<'a> {
    Envelope {
        id,
        issuer: &visit.saml.addresses.entity_id,
        destination: request.acs.location().as_str(),
        in_response_to: request.id.as_deref(),
        now: visit.clock.now(),
    }
}

/// Writes down what the site is given, and gives it.
async fn assert(
    visit: &Visit,
    entry: &Arc<ProviderEntry>,
    request: &SamlRequest,
    complete: Complete<'_>,
    cookies: Vec<Cookie<'static>>,
) -> Result<HttpResponse, PageError> {
    let affiliation = match &complete.sign_on.affiliations {
        Released::One(affiliation) => Some(affiliation.id.clone()),
        Released::All(_) | Released::None => None,
    };
    let given = Giving {
        app: visit.shared(),
        entry: Arc::clone(entry),
        kind: request.name_id,
        session: complete.sign_on.session.id.clone(),
        affiliation,
        acr: complete.sign_on.acr.clone(),
        first_visit: complete.first_visit,
        grant: GrantId::from_random(visit.random.bytes()),
        event: EventId::from_random(visit.random.bytes()),
        assertion: message_id(&visit.random),
        transient: crate::http::token_id(&visit.random),
        address: ClientAddress::of(&visit.request).0,
        now: visit.clock.now(),
    };
    let assertion_id = given.assertion.clone();
    let given = match visit.db.write(move |conn| given.write(conn)).await? {
        Ok(given) => given,
        Err(status) => return fail(visit, entry, request, status, cookies).await,
    };
    let unexpected = |error| PageError::unexpected(&error);
    let signer = signer(visit, &entry.provider)?;
    let id = message_id(&visit.random);
    let envelope = envelope(visit, request, &id);
    let class = authn_context::class_for(&given.grant.acr, &request.sign_on.assurance);
    let statement = Statement {
        id: &assertion_id,
        audience: &entry.provider.entity_id,
        name_id: &given.name,
        authenticated_at: given.grant.auth_time,
        session_index: &entry.naming.session(&given.grant.session),
        session_ends_at: given.grant.expires_at,
        context_class: &class,
        attributes: &given.attributes,
    };
    let assertion = response::assertion(envelope, statement, signer.as_ref())
        .map_err(|error| PageError::unexpected(&error))?;
    let randomness =
        Randomness { key: Zeroizing::new(visit.random.bytes()), start: visit.random.bytes() };
    // That there is one where there must be was seen before anything was written down.
    let key = entry.provider.encrypt_to(&given.attributes).ok().flatten();
    let protection = key.map_or(Protection::Plain, |key| Protection::Encrypted(key, &randomness));
    let outer: Option<&dyn Signer> = entry.provider.policy.sign_response.then_some(signer.as_ref());
    let xml = response::success(envelope, &assertion, protection, outer).map_err(unexpected)?;
    visit.metrics.sign_in("completed");
    let to = (&request.site, &request.acs, request.relay_state.as_deref());
    send(visit, to, (&xml, Some(&given.grant.id)), cookies).await
}

/// Sends the browser to the site with an answer, or with a reference to it: as the address wants it.
async fn send(
    visit: &Visit,
    (site, acs, relay_state): (&SiteId, &RegisteredAcsUrl, Option<&str>),
    (xml, grant): (&str, Option<&GrantId>),
    cookies: Vec<Cookie<'static>>,
) -> Result<HttpResponse, PageError> {
    if acs.binding() == ResponseBinding::Artifact {
        return artifact::leave(visit, site, acs, (xml, grant, relay_state), cookies).await;
    }
    let message = posted(xml);
    let mut fields = vec![("SAMLResponse", message.as_str())];
    fields.extend(relay_state.map(|text| ("RelayState", text)));
    let mut answer = carry::form(visit, acs.location(), fields);
    set(&mut answer, cookies);
    Ok(answer)
}

/// Everything that one assertion rests on; the transaction may run more than once.
struct Giving {
    app: Arc<App>,
    entry: Arc<ProviderEntry>,
    kind: NameIdKind,
    session: SessionId,
    affiliation: Option<AffiliationId>,
    acr: String,
    first_visit: bool,
    grant: GrantId,
    event: EventId,
    assertion: String,
    transient: String,
    address: std::net::IpAddr,
    now: DateTime<Utc>,
}

/// What the site is given.
struct Given {
    grant: Grant,
    name: NameId,
    attributes: Vec<Attribute>,
}

impl Giving {
    /// One transaction: load, decide, write down. Since the page before, the person may have signed
    /// out in another tab or been suspended (security 6.3).
    fn write(&self, conn: &mut AnyConn) -> Result<Result<Given, Status>, StoreError> {
        let (site, app) = (&self.entry.site, &self.app);
        let loaded = person::by_session(conn, &self.session, &*app.open_ssn)?;
        let Some(loaded) = loaded else { return Ok(Err(status_of(Lapse::Session))) };
        let person = holder::as_of_now(conn, app, site, &loaded, self.now)?;
        let selected = self.affiliation.as_ref();
        let released = match standing_affiliations(&person, &site.release, selected, self.now) {
            Ok(released) => released,
            Err(lapse) => return Ok(Err(status_of(lapse))),
        };
        let naming = &self.entry.naming;
        let name = name_id::name(self.kind, &loaded.subscriber, naming, &self.transient);
        let Ok(name) = name else {
            return Ok(Err(Status::requester(Some(Second::InvalidNameIdPolicy))));
        };
        let facts = Facts {
            subscriber: &loaded.subscriber,
            session: &loaded.session,
            last_login: loaded.previous_sign_in_at,
            acr: &self.acr,
            affiliations: &released,
            naming,
        };
        let attributes = attributes::attributes(facts, &site.release, &app.saml.addresses.scope);
        let grant = Grant {
            id: self.grant.clone(),
            session: self.session.clone(),
            site: site.id.clone(),
            subscriber: loaded.subscriber.id.clone(),
            affiliation: self.affiliation.clone(),
            scopes: site.release.allowed_scopes.clone(),
            claims: ClaimsRequest::default(),
            nonce: None,
            acr: self.acr.clone(),
            auth_time: loaded.session.auth_time(),
            generation: 0,
            issued_at: self.now,
            expires_at: end_of_grant(&loaded.session, site.release.session_max_minutes),
            ended_at: None,
        };
        if self.now >= grant.expires_at {
            return Ok(Err(status_of(Lapse::Expired)));
        }
        if self.entry.provider.encrypt_to(&attributes).is_err() {
            return Ok(Err(Status::ENCRYPTION_KEY_REQUIRED));
        }
        grant::insert_named(conn, &grant, &SecretDigest::of(&self.assertion), &name)?;
        if self.first_visit {
            site_visit::record(conn, &grant.subscriber, &grant.site, self.now)?;
        }
        audit::record(conn, &self.told(&grant, &released))?;
        Ok(Ok(Given { grant, name, attributes }))
    }

    /// What the audit record is told.
    fn told(&self, grant: &Grant, released: &Released) -> Vec<Event> {
        let site = grant.site.clone();
        let event =
            Event::new(self.event.clone(), self.now, Kind::GrantIssued, Actor::Site(site.clone()))
                .at_site(site)
                .from_address(self.address)
                .to(grant.subscriber.clone())
                .in_session(grant.session.clone());
        let release = &self.entry.site.release;
        let visited = Visited { grant, scopes: &grant.scopes, released, release };
        visited.events(event, &self.app.random)
    }
}

/// What a site is told when a sign-on that was complete no longer stands.
fn status_of(lapse: Lapse) -> Status {
    tracing::info!(%lapse, "a sign-on lapsed before its assertion was made");
    Status::responder(Second::RequestDenied, None)
}
