//! `/saml/slo`: a site says that a session is over, or answers that it has ended its own (SAML
//! Profiles §4.4).
//!
//! A request is signed and names the session, so no cookie is needed: it may come by the browser
//! (Redirect, POST) or from the site itself (SOAP). The session ends here first. Then the other sites
//! are told through the outbox, by our server where they can be, else by this browser; and last the
//! site that asked learns whether all of them were.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse, cookie::Cookie, http::header::CONTENT_TYPE, web::Bytes,
};
use idp_core::{
    audit::Actor,
    ids::{SessionId, SiteId},
    oidc::params::Params,
    saml::{
        authn_request,
        judge::{Arrival, Here, Untrusted},
        logout::{self, LogoutRequest},
        redirect::{self, Direction},
        response::Envelope,
        status::{Second, Status},
        xml::{Node, Xml},
    },
};
use serde::{Deserialize, Serialize};

use super::{
    ask,
    carry::{Parcel, carry},
    error::refuse,
    message_id,
};
use crate::{
    http::{
        browser,
        client_address::ClientAddress,
        error::PageError,
        round::{self, Then},
        sign_out,
        visit::{Visit, see_other},
    },
    sites::ProviderEntry,
    store::{AnyConn, Cause, Ending, Scope, StoreError, end_access, front_logout, grant},
};

/// Nobody is signed out by a name that the site was never given (security 14.6).
const UNKNOWN: Status = Status::requester(Some(Second::UnknownPrincipal));
/// What the two ways of SOAP are called (SOAP 1.1 §6.1).
const SOAP: &str = "text/xml";

/// `GET /saml/slo`: by Redirect.
pub async fn get(visit: Visit) -> HttpResponse {
    visit.answer(redirected(&visit).await)
}

/// `POST /saml/slo`: in a form, or from the site itself.
pub async fn post(visit: Visit, body: Bytes) -> HttpResponse {
    if is_soap(&visit.request) {
        let answer = from_site(&visit, &body).await;
        return answer.unwrap_or_else(|error| super::no_soap(&error));
    }
    visit.answer(in_form(&visit, &body).await)
}

fn is_soap(request: &HttpRequest) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with(SOAP))
}

async fn redirected(visit: &Visit) -> Result<HttpResponse, PageError> {
    let query = visit.request.query_string();
    let direction = super::direction_of(&Params::parse(query.as_bytes()));
    let message = match redirect::read(query, direction) {
        Ok(message) => message,
        Err(error) => return Err(refuse(visit, error.into(), None).await),
    };
    let arrival = Arrival::Redirected(message.signature.as_ref());
    match direction {
        Direction::Request => by_browser(visit, &message.xml, arrival, message.relay_state).await,
        Direction::Response => ask::answered(visit, &message.xml, arrival).await,
    }
}

async fn in_form(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let form = Params::parse(body);
    let direction = super::direction_of(&form);
    let (xml, relay_state) = match super::read_form(&form, direction) {
        Ok(message) => message,
        Err(error) => return Err(refuse(visit, error.into(), None).await),
    };
    match direction {
        Direction::Request => by_browser(visit, &xml, Arrival::Posted, relay_state).await,
        Direction::Response => ask::answered(visit, &xml, Arrival::Posted).await,
    }
}

async fn by_browser(
    visit: &Visit,
    xml: &str,
    arrival: Arrival<'_>,
    relay_state: Option<String>,
) -> Result<HttpResponse, PageError> {
    let done = end(visit, xml, Way::Browser, arrival).await?;
    let reply =
        LogoutReply { site: done.entry.site.id.clone(), request: done.request, relay_state };
    let cookies: Vec<_> = done.is_ours.then(browser::no_session).into_iter().collect();
    match done.ended {
        Some(sessions) => {
            let name = browser::browser_secret(&visit.request);
            round::begin(visit, sessions, Then::Saml(reply), (name.as_ref(), cookies)).await
        }
        None => reply.send(visit, UNKNOWN, cookies),
    }
}

async fn from_site(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let text = std::str::from_utf8(body).map_err(|_| PageError::NotUnderstood)?;
    let done = end(visit, text, Way::Soap, Arrival::Posted).await?;
    let status = match &done.ended {
        Some(sessions) => round::status(visit, sessions, &done.entry.site.id).await?,
        None => UNKNOWN,
    };
    let envelope = Envelope {
        id: &message_id(&visit.random),
        issuer: &visit.saml.addresses.entity_id,
        destination: done.entry.provider.entity_id.as_str(),
        in_response_to: Some(&done.request),
        now: visit.clock.now(),
    };
    let signer = super::signer(visit, &done.entry.provider)?;
    let xml = logout::response(envelope, status, Some(signer.as_ref()))
        .map_err(|error| PageError::unexpected(&error))?;
    Ok(super::soap(&xml))
}

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Browser,
    Soap,
}

/// A request that was carried out, or that named nobody.
struct Done {
    entry: Arc<ProviderEntry>,
    request: String,
    /// The sessions that it named; `None`: none that the site was given.
    ended: Option<Vec<SessionId>>,
    /// Whether the session of this very browser ended.
    is_ours: bool,
}

/// Finds the site, judges the request, and ends what it names.
async fn end(visit: &Visit, text: &str, way: Way, arrival: Arrival<'_>) -> Result<Done, PageError> {
    let (entry, judged) = judge(visit, text, way, arrival);
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
    let ended = carry_out(visit, &entry, &request, way).await?;
    let current = sign_out::current(visit).await?;
    let is_ours = ended.is_some() && current.is_none() && visit.session().is_some();
    Ok(Done { entry, request: request.id, ended, is_ours })
}

type Judged = (Option<Arc<ProviderEntry>>, Result<LogoutRequest, Untrusted>);

fn judge(visit: &Visit, text: &str, way: Way, arrival: Arrival<'_>) -> Judged {
    let xml = match Xml::parse(text) {
        Ok(xml) => xml,
        Err(error) => return (None, Err(error.into())),
    };
    let message: Result<Node<'_>, Untrusted> = match way {
        Way::Browser => Ok(xml.root()),
        Way::Soap => logout::from_soap(&xml).map_err(Untrusted::from),
    };
    let found = message.and_then(|message| {
        let issuer = authn_request::issuer(message)?;
        let entry = visit.sites.provider(&issuer).ok_or(Untrusted::Site)?;
        Ok((message, entry))
    });
    let (message, entry) = match found {
        Ok(found) => found,
        Err(why) => return (None, Err(why)),
    };
    let here = Here { address: &visit.saml.addresses.single_logout, now: visit.clock.now() };
    let sender = (&entry.provider, &entry.verification);
    let judged = logout::judge(&xml, message, arrival, sender, here);
    (Some(entry), judged)
}

/// Ends the sessions that a request names, in one transaction; `None` if it names none that the site
/// was given.
async fn carry_out(
    visit: &Visit,
    entry: &Arc<ProviderEntry>,
    request: &LogoutRequest,
    way: Way,
) -> Result<Option<Vec<SessionId>>, PageError> {
    let Some(name) = request.name.clone() else { return Ok(None) };
    let (entry, wanted) = (Arc::clone(entry), request.sessions.clone());
    let ending = Ending {
        actor: Actor::Site(entry.site.id.clone()),
        address: Some(ClientAddress::of(&visit.request).0),
        cause: Cause::SignedOutAtSite,
        now: visit.clock.now(),
    };
    let random = visit.random.clone();
    let write = move |conn: &mut AnyConn| -> Result<Option<Vec<SessionId>>, StoreError> {
        let given: Vec<SessionId> = grant::sessions_of_name(conn, &entry.site.id, &name)?;
        let named = |session: &&SessionId| {
            wanted.is_empty() || wanted.contains(&entry.naming.session(session))
        };
        let sessions: Vec<SessionId> = given.iter().filter(named).cloned().collect();
        for session in &sessions {
            let ended = end_access(conn, &Scope::Session(session.clone()), &ending, &random)?;
            if way == Way::Browser && ended.sessions > 0 {
                front_logout::queue(conn, session, &ending, &random, ending.now + round::LIFE)?;
            }
        }
        Ok((!sessions.is_empty()).then_some(sessions))
    };
    let ended = visit.db.write(write).await?;
    visit.outbox.wake();
    Ok(ended)
}

/// What a site that asked by its browser is told at the end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogoutReply {
    /// The site.
    pub site: SiteId,
    /// The `ID` of its request.
    request: String,
    /// What it gets back unchanged.
    relay_state: Option<String>,
}

impl LogoutReply {
    /// Sends the browser back to the site; to our own page if it has no address for it.
    ///
    /// # Errors
    /// [`PageError`] if our key fails.
    pub fn send(
        &self,
        visit: &Visit,
        status: Status,
        cookies: Vec<Cookie<'static>>,
    ) -> Result<HttpResponse, PageError> {
        let entry = visit.sites.provider_by_id(&self.site);
        let to = entry.as_ref().and_then(|entry| Some((entry, entry.provider.browser_logout()?)));
        let Some((entry, endpoint)) = to else { return Ok(see_other("/signed-out", cookies)) };
        let envelope = Envelope {
            id: &message_id(&visit.random),
            issuer: &visit.saml.addresses.entity_id,
            destination: endpoint.response_location().as_str(),
            in_response_to: Some(&self.request),
            now: visit.clock.now(),
        };
        let parcel = Parcel {
            entry,
            binding: endpoint.binding,
            target: endpoint.response_location(),
            direction: Direction::Response,
            relay_state: self.relay_state.as_deref(),
        };
        carry(visit, &parcel, cookies, |signer| logout::response(envelope, status, signer))
    }
}
