//! Signing out, in both directions (SAML Profiles §4.4).
//!
//! The person leaves here: our session ends, then the browser takes a request to Hilum and comes back
//! with its answer. The person leaves elsewhere: Hilum asks us, from server to server by SOAP, or
//! through the browser by Redirect.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template as _;
use chrono::{DateTime, TimeDelta, Utc};
use relying_party_example::{
    cookies::CookieKind,
    page::{Page as _, now},
};
use serde::Deserialize;

use crate::{
    hilum::Hilum,
    keys::NotSigned,
    messages::{LogoutRequest, LogoutResponse, NameId, instant, new_id},
    pages::Notice,
    redirect::{self, Arrived, Kind},
    response::{CLOCK_SKEW, read_name, time},
    site::{Session, Site, see_other},
    xml::{Node, Xml, ns},
};

/// How old a request may be. Each is remembered for as long.
const REQUEST_LASTS: TimeDelta = TimeDelta::minutes(5);
/// How long a person may take to confirm at Hilum.
const SIGN_OUT_LASTS: TimeDelta = TimeDelta::minutes(10);
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
/// Some site does not know of the logout.
const PARTIAL_LOGOUT: &str = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout";

/// The form of the sign-out button.
#[derive(Deserialize)]
pub(crate) struct SignOutForm {
    form_token: String,
}

/// `POST /sign-out`: ends the session here, then sends the browser to end the one at Hilum.
pub(crate) async fn sign_out(
    site: web::Data<Site>,
    request: HttpRequest,
    form: web::Form<SignOutForm>,
) -> HttpResponse {
    let now = now();
    let cookie = site.cookies.read(&request, CookieKind::Session).unwrap_or_default();
    let Some(session) = site.sessions.find(&cookie, now) else {
        return Notice::signed_out(&site.config, false).answer();
    };
    if form.form_token != session.form_token {
        return Notice::stale_form(&site.config).answer();
    }
    site.sessions.take(&cookie, now);
    // Signed out here is better than not at all; the page says what is left to do.
    let mut answer = match ask(&site, &session, now).await {
        Some(address) => see_other(&address),
        None => Notice::signed_out(&site.config, false).answer(),
    };
    if let Err(error) = answer.add_cookie(&site.cookies.clear(CookieKind::Session)) {
        tracing::warn!(%error, "cookie");
    }
    answer
}

/// The address that takes our request to Hilum; `None` if Hilum or our key cannot be had.
async fn ask(site: &Site, session: &Session, now: DateTime<Utc>) -> Option<String> {
    let hilum = site.source.hilum(now).await.ok()?;
    let id = new_id();
    let request = LogoutRequest {
        id: &id,
        at: instant(now),
        destination: hilum.logout.as_str(),
        issuer: &site.entity_id,
        name: &session.said.name,
        session_index: &session.said.session_index,
    };
    let message = request.render().ok()?;
    let address = redirect::write(&hilum.logout, Kind::Request, &message, None, &site.key)?;
    site.sign_outs.put(id, (), now + SIGN_OUT_LASTS, now);
    Some(address.into())
}

/// Why a message about logout is not obeyed. The text is for the log.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("malformed")]
    Malformed,
    #[error("it came before")]
    Replayed,
    #[error(transparent)]
    Signature(#[from] NotSigned),
    #[error("too old")]
    Time,
    #[error("Hilum's keys are not known")]
    Unknown,
}

/// `GET /saml/slo`: the browser brings Hilum's answer to our request, or a request of Hilum's.
pub(crate) async fn redirected(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let now = now();
    match heard(&site, request.query_string(), now).await {
        Ok(answer) => answer,
        Err(why) => {
            let notice = Notice::logout_refused(&site.config);
            tracing::warn!(%why, reference = notice.reference(), "a logout message was refused");
            notice.answer()
        }
    }
}

async fn heard(site: &Site, query: &str, now: DateTime<Utc>) -> Result<HttpResponse, Refused> {
    let hilum = site.source.hilum(now).await.map_err(|_| Refused::Unknown)?;
    let Arrived { kind, message, relay_state } = redirect::read(query, &hilum.keys)?;
    let xml = Xml::parse(&message).map_err(|_| Refused::Malformed)?;
    let here = format!("{}/saml/slo", site.config.origin());
    let root = xml.root();
    if root.attribute("Destination") != Some(&here) || !is_by(root, &hilum) {
        return Err(Refused::Malformed);
    }
    match kind {
        Kind::Request => {
            let asked = end_sessions(site, root, now)?;
            let response = LogoutResponse {
                id: &new_id(),
                at: instant(now),
                destination: hilum.logout.as_str(),
                in_response_to: &asked,
                issuer: &site.entity_id,
                signed_with: None,
            };
            let message = response.render().map_err(|_| Refused::Malformed)?;
            let state = relay_state.as_deref();
            let to = redirect::write(&hilum.logout, Kind::Response, &message, state, &site.key);
            to.map(|to| see_other(to.as_str())).ok_or(Refused::Malformed)
        }
        Kind::Response => {
            let asked = root.attribute("InResponseTo").unwrap_or_default();
            let ours = root.is(ns::PROTOCOL, "LogoutResponse")
                && site.sign_outs.take(asked, now).is_some();
            let code = root
                .only(ns::PROTOCOL, "Status")
                .and_then(|status| status.only(ns::PROTOCOL, "StatusCode"));
            let inner = code.and_then(|code| code.only(ns::PROTOCOL, "StatusCode"));
            // Signed out at Hilum, but not everywhere: that is said inside (SAML Core §3.2.2.2).
            let done = code.and_then(|code| code.attribute("Value")) == Some(SUCCESS)
                && inner.and_then(|code| code.attribute("Value")) != Some(PARTIAL_LOGOUT);
            Ok(Notice::signed_out(&site.config, ours && done).answer())
        }
    }
}

/// `POST /saml/soap`: Hilum's server asks (SAML Bindings §3.2).
pub(crate) async fn soap(site: web::Data<Site>, body: String) -> HttpResponse {
    let now = now();
    match asked_by_server(&site, &body, now).await {
        Ok(answer) => HttpResponse::Ok().content_type("text/xml; charset=utf-8").body(answer),
        Err(why) => {
            tracing::warn!(%why, "a logout request by SOAP was refused");
            HttpResponse::BadRequest().finish()
        }
    }
}

async fn asked_by_server(site: &Site, body: &str, now: DateTime<Utc>) -> Result<String, Refused> {
    let hilum = site.source.hilum(now).await.map_err(|_| Refused::Unknown)?;
    let xml = Xml::parse(body).map_err(|_| Refused::Malformed)?;
    let envelope = xml.root();
    let request = Some(envelope)
        .filter(|envelope| envelope.is(ns::SOAP, "Envelope"))
        .and_then(|envelope| envelope.only(ns::SOAP, "Body"))
        .and_then(|body| body.only(ns::PROTOCOL, "LogoutRequest"))
        .ok_or(Refused::Malformed)?;
    hilum.keys.check_element(&xml, request)?;
    let here = format!("{}/saml/soap", site.config.origin());
    if request.attribute("Destination") != Some(&here) || !is_by(request, &hilum) {
        return Err(Refused::Malformed);
    }
    let asked = end_sessions(site, request, now)?;
    let response = LogoutResponse {
        id: &new_id(),
        at: instant(now),
        destination: &hilum.entity_id,
        in_response_to: &asked,
        issuer: &site.entity_id,
        signed_with: Some(&site.key.certificate),
    };
    let message = response.render().ok().and_then(|message| site.key.sign_message(&message));
    let message = message.ok_or(Refused::Malformed)?;
    let namespace = ns::SOAP;
    Ok(format!("<S:Envelope xmlns:S=\"{namespace}\"><S:Body>{message}</S:Body></S:Envelope>"))
}

fn is_by(message: Node<'_>, hilum: &Hilum) -> bool {
    let issuer = message.only(ns::ASSERTION, "Issuer");
    issuer.is_some_and(|issuer| issuer.text() == hilum.entity_id)
}

/// Ends the sessions that a request names, and returns its identifier. That there is none is no
/// fault: they may have ended by themselves.
fn end_sessions(site: &Site, request: Node<'_>, now: DateTime<Utc>) -> Result<String, Refused> {
    let id = request.attribute("ID").filter(|id| !id.is_empty()).ok_or(Refused::Malformed)?;
    if !request.is(ns::PROTOCOL, "LogoutRequest") {
        return Err(Refused::Malformed);
    }
    let instant = |name| time(request, name).map_err(|_| Refused::Malformed);
    let issued = instant("IssueInstant")?.ok_or(Refused::Malformed)?;
    let late = instant("NotOnOrAfter")?.is_some_and(|ends| ends <= now - CLOCK_SKEW);
    if late || issued > now + CLOCK_SKEW || issued <= now - REQUEST_LASTS {
        return Err(Refused::Time);
    }
    if !site.heard.put(id.to_owned(), (), now + REQUEST_LASTS + CLOCK_SKEW, now) {
        return Err(Refused::Replayed);
    }
    let name: NameId =
        request.only(ns::ASSERTION, "NameID").map(read_name).ok_or(Refused::Malformed)?;
    let named: Vec<String> =
        request.children(ns::PROTOCOL, "SessionIndex").map(Node::text).collect();
    let ended = site.sessions.remove_where(|session| {
        session.said.name == name
            && (named.is_empty() || named.contains(&session.said.session_index))
    });
    tracing::info!(ended, "sessions ended because Hilum asked");
    Ok(id.to_owned())
}
