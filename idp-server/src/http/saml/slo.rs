//! `/saml/slo`: a site says that a session is over (SAML Profiles §4.4).
//!
//! The request is signed and names the session, so no cookie is needed: it may come by the browser
//! (Redirect, POST) or from the site itself (SOAP). The session ends for all sites, each of which is
//! told through the outbox, by the way that it has.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::CONTENT_TYPE},
    web::Bytes,
};
use idp_core::{
    audit::Actor,
    ids::SessionId,
    saml::{
        authn_request,
        judge::{Arrival, Here, Untrusted},
        logout::{self, LogoutRequest},
        redirect::{self, Direction, posted},
        response::Envelope,
        service_provider::{LogoutBinding, LogoutEndpoint},
        signature::Signer,
        status::{Second, Status},
        xml::{Node, Xml},
    },
};

use super::{error::refuse, message_id};
use crate::{
    http::{
        browser,
        client_address::ClientAddress,
        error::PageError,
        headers::ContentPolicy,
        sign_out,
        visit::{Visit, page_for, see_other, set},
    },
    pages::FormPostPage,
    sites::ProviderEntry,
    store::{AnyConn, Cause, Ending, Scope, StoreError, end_access, grant},
};

/// What the two ways of SOAP are called (SOAP 1.1 §6.1).
const SOAP: &str = "text/xml";

/// `GET /saml/slo`: by Redirect.
pub async fn get(visit: Visit) -> HttpResponse {
    visit.answer(redirected(&visit).await)
}

/// `POST /saml/slo`: in a form, or from the site itself.
pub async fn post(visit: Visit, body: Bytes) -> HttpResponse {
    if is_soap(&visit.request) {
        return match from_site(&visit, &body).await {
            Ok(answer) => answer,
            // A program reads it: no page.
            Err(error) => {
                let status = StatusCode::from_u16(error.status());
                tracing::info!(%error, "a logout request by SOAP was refused");
                HttpResponse::build(status.unwrap_or(StatusCode::BAD_REQUEST)).finish()
            }
        };
    }
    visit.answer(in_form(&visit, &body).await)
}

fn is_soap(request: &HttpRequest) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with(SOAP))
}

async fn redirected(visit: &Visit) -> Result<HttpResponse, PageError> {
    let query = visit.request.query_string();
    let message = match redirect::read(query, Direction::Request) {
        Ok(message) => message,
        Err(error) => return Err(refuse(visit, error.into(), None).await),
    };
    let arrival = Arrival::Redirected(message.signature.as_ref());
    let done = end(visit, &message.xml, Way::Browser, arrival).await?;
    answer(visit, &done, message.relay_state.as_deref())
}

async fn in_form(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let (xml, relay_state) = match super::read_form(body) {
        Ok(message) => message,
        Err(error) => return Err(refuse(visit, error.into(), None).await),
    };
    let done = end(visit, &xml, Way::Browser, Arrival::Posted).await?;
    answer(visit, &done, relay_state.as_deref())
}

async fn from_site(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let text = std::str::from_utf8(body).map_err(|_| PageError::NotUnderstood)?;
    let done = end(visit, text, Way::Soap, Arrival::Posted).await?;
    let xml = respond(visit, &done, None)?;
    Ok(HttpResponse::Ok().content_type("text/xml; charset=utf-8").body(logout::in_soap(&xml)))
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
    status: Status,
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
    let ended = carry_out(visit, &entry, &request).await?;
    let status = match &ended {
        Some(_) => Status::SUCCESS,
        // Nobody is signed out by a name that the site was never given (security 14.6).
        None => Status::requester(Some(Second::UnknownPrincipal)),
    };
    let current = sign_out::current(visit).await?;
    let is_ours = ended.is_some() && current.is_none() && visit.session().is_some();
    Ok(Done { entry, request: request.id, status, is_ours })
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
) -> Result<Option<usize>, PageError> {
    let Some(name) = request.name.clone() else { return Ok(None) };
    let (entry, wanted) = (Arc::clone(entry), request.sessions.clone());
    let ending = Ending {
        actor: Actor::Site(entry.site.id.clone()),
        address: Some(ClientAddress::of(&visit.request).0),
        cause: Cause::SignedOutAtSite,
        now: visit.clock.now(),
    };
    let random = visit.random.clone();
    let write = move |conn: &mut AnyConn| -> Result<Option<usize>, StoreError> {
        let given: Vec<SessionId> = grant::sessions_of_name(conn, &entry.site.id, &name)?;
        let named = |session: &&SessionId| {
            wanted.is_empty() || wanted.contains(&entry.naming.session(session))
        };
        let sessions: Vec<&SessionId> = given.iter().filter(named).collect();
        if sessions.is_empty() {
            return Ok(None);
        }
        let mut ended = 0;
        for session in sessions {
            let scope = Scope::Session(session.clone());
            ended += end_access(conn, &scope, &ending, &random)?.sessions;
        }
        Ok(Some(ended))
    };
    let ended = visit.db.write(write).await?;
    visit.outbox.wake();
    Ok(ended)
}

/// The signed answer.
fn respond(
    visit: &Visit,
    done: &Done,
    endpoint: Option<&LogoutEndpoint>,
) -> Result<String, PageError> {
    let id = message_id(&visit.random);
    let destination = endpoint
        .map(|endpoint| endpoint.response_location.as_ref().unwrap_or(&endpoint.location).as_str());
    let envelope = Envelope {
        id: &id,
        issuer: &visit.saml.addresses.entity_id,
        destination: destination.unwrap_or(done.entry.provider.entity_id.as_str()),
        in_response_to: Some(&done.request),
        now: visit.clock.now(),
    };
    let signer = super::signer(visit, &done.entry.provider)?;
    // By Redirect the signature stands beside the message, and none in it.
    let redirected = endpoint.is_some_and(|endpoint| endpoint.binding == LogoutBinding::Redirect);
    let inside: Option<&dyn Signer> = (!redirected).then_some(signer.as_ref());
    logout::response(envelope, done.status, inside).map_err(|error| PageError::unexpected(&error))
}

/// Sends the browser back to the site with the answer; to our own page if it has no address for it.
fn answer(
    visit: &Visit,
    done: &Done,
    relay_state: Option<&str>,
) -> Result<HttpResponse, PageError> {
    let endpoints = &done.entry.provider.metadata.logout;
    let by = |binding| endpoints.iter().find(|endpoint| endpoint.binding == binding);
    let cookies = done.is_ours.then(browser::no_session);
    let Some(endpoint) = by(LogoutBinding::Redirect).or_else(|| by(LogoutBinding::Post)) else {
        return Ok(see_other("/signed-out", cookies));
    };
    let xml = respond(visit, done, Some(endpoint))?;
    let target = endpoint.response_location.as_ref().unwrap_or(&endpoint.location);
    if endpoint.binding == LogoutBinding::Post {
        let message = posted(&xml);
        let mut fields = vec![("SAMLResponse", message.as_str())];
        fields.extend(relay_state.map(|text| ("RelayState", text)));
        let site = target.host_str().unwrap_or_default();
        let content = FormPostPage { frame: visit.frame(), action: target.as_str(), site, fields };
        let policy = ContentPolicy::new().form_to(target);
        let mut answer = page_for(StatusCode::OK, &content, &policy);
        set(&mut answer, cookies);
        return Ok(answer);
    }
    let signer = super::signer(visit, &done.entry.provider)?;
    let query = redirect::write(&xml, Direction::Response, relay_state, signer.as_ref())
        .map_err(|error| PageError::unexpected(&error))?;
    let separator = if target.query().is_some() { '&' } else { '?' };
    Ok(see_other(&format!("{target}{separator}{query}"), cookies))
}
