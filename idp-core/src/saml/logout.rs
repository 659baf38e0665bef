//! Single logout (SAML Core §3.7, SAML Profiles §4.4): a site says that a session is over, and is
//! told so.
//!
//! A request counts only signed, whatever the site's record says of other messages: an unsigned one
//! would let anybody end anybody's session (security 14.6).

use chrono::{DateTime, Utc};

use super::{
    authn_request::{Heading, Unreadable},
    instant,
    judge::{Arrival, Here, Untrusted, check_signature},
    logout_response::is_success,
    name_id::{self, NameId},
    names::{name_id_format, ns},
    response::{Envelope, open_response},
    service_provider::{NameIdKind, ServiceProvider},
    signature::{CannotSign, Signer, VerificationKeys, sign_enveloped},
    status::Status,
    writer::Writer,
    xml::{Node, Xml},
};

/// The most sessions that one request names.
const MOST_SESSIONS: usize = 50;

/// A request of a site that may be acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutRequest {
    /// Its `ID`.
    pub id: String,
    /// By what name the site knows the person; `None`: by one that it cannot have from us.
    pub name: Option<NameId>,
    /// Which sessions, in the site's words; empty: all of the person's.
    pub sessions: Vec<String>,
}

/// Reads and judges a request that `provider` is said to have sent. `message` is the outermost
/// element, or the one in the body of a SOAP envelope.
///
/// # Errors
/// [`Untrusted`]: nobody is signed out.
pub fn judge(
    xml: &Xml<'_>,
    message: Node<'_>,
    arrival: Arrival<'_>,
    sender: (&ServiceProvider, &VerificationKeys),
    here: Here<'_>,
) -> Result<LogoutRequest, Untrusted> {
    let (provider, keys) = sender;
    match arrival {
        Arrival::Posted => keys.verify_element(xml, message)?,
        Arrival::Redirected(_) => {
            check_signature(xml, arrival, keys, true)?;
        }
    }
    if !message.is(ns::PROTOCOL, "LogoutRequest") {
        return Err(Unreadable::OtherMessage.into());
    }
    let heading = Heading::read(message)?;
    if heading.issuer != provider.entity_id.as_str() {
        return Err(Untrusted::Site);
    }
    if !provider.is_current(here.now) {
        return Err(Untrusted::MetadataExpired);
    }
    // By the browser it must say for whom it is (SAML Bindings §3.4.5.2, §3.5.5.2); in a SOAP envelope
    // the message goes nowhere else.
    let by_browser = message.id() == xml.root().id();
    if heading.destination.as_deref().map_or(by_browser, |said| said != here.address) {
        return Err(Untrusted::Destination);
    }
    if !heading.is_version_2 {
        return Err(Unreadable::Field("Version").into());
    }
    let until = message.attribute("NotOnOrAfter").map(instant::read);
    let is_over = |until: Option<DateTime<Utc>>| until.is_none_or(|until| until <= here.now);
    if !instant::is_fresh(heading.issued_at, here.now) || until.is_some_and(is_over) {
        return Err(Untrusted::Stale);
    }
    let name = message.child(ns::ASSERTION, "NameID").ok_or(Unreadable::Field("NameID"))?;
    let sessions: Vec<String> =
        message.children(ns::PROTOCOL, "SessionIndex").map(Node::text).collect();
    if sessions.len() > MOST_SESSIONS {
        return Err(Unreadable::Field("SessionIndex").into());
    }
    Ok(LogoutRequest { id: heading.id, name: name_of(name, provider, here), sessions })
}

/// The name, if it is one that we give. Its qualifiers must be ours and the site's where they are
/// said (SAML Core §8.3.7).
fn name_of(node: Node<'_>, provider: &ServiceProvider, here: Here<'_>) -> Option<NameId> {
    let kind = match node.attribute("Format") {
        Some(name_id_format::EMAIL) => NameIdKind::Email,
        Some(name_id_format::PERSISTENT) => NameIdKind::Persistent,
        Some(name_id_format::TRANSIENT) => NameIdKind::Transient,
        None | Some(name_id_format::UNSPECIFIED) => NameIdKind::UserId,
        Some(_) => return None,
    };
    let says = |name, expected: &str| node.attribute(name).is_none_or(|said| said == expected);
    let ours = here.address.strip_suffix("/slo").unwrap_or(here.address);
    let qualified =
        says("NameQualifier", ours) && says("SPNameQualifier", provider.entity_id.as_str());
    qualified.then(|| NameId { kind, value: node.text() })
}

/// A request to a site: this session of this person is over. `signer` is none where the binding has
/// a signature of its own (SAML Bindings §3.4.4.1).
///
/// # Errors
/// [`CannotSign`].
pub fn request(
    envelope: Envelope<'_>,
    site: &ServiceProvider,
    name: &NameId,
    session: &str,
    signer: Option<&dyn Signer>,
) -> Result<String, CannotSign> {
    let mut to = Writer::new();
    let at = open_response(&mut to, "samlp:LogoutRequest", envelope);
    let mut about = name_id::attributes(name, envelope.issuer, &site.entity_id);
    about.push(("xmlns:saml", ns::ASSERTION));
    to.leaf("saml:NameID", &about, &name.value);
    to.leaf("samlp:SessionIndex", &[], session);
    signed(to, at, envelope, signer)
}

/// The answer to a site's request. `signer` is none where the binding has a signature of its own
/// (SAML Bindings §3.4.4.1).
///
/// # Errors
/// [`CannotSign`].
pub fn response(
    envelope: Envelope<'_>,
    status: Status,
    signer: Option<&dyn Signer>,
) -> Result<String, CannotSign> {
    let mut to = Writer::new();
    let at = open_response(&mut to, "samlp:LogoutResponse", envelope);
    status.write(&mut to);
    signed(to, at, envelope, signer)
}

fn signed(
    message: Writer,
    at: usize,
    envelope: Envelope<'_>,
    signer: Option<&dyn Signer>,
) -> Result<String, CannotSign> {
    let whole = message.finish();
    match signer {
        Some(signer) => sign_enveloped(&whole, at, envelope.id, signer),
        None => Ok(whole),
    }
}

/// Puts a message into a SOAP envelope (SAML Bindings §3.2).
#[must_use]
pub fn in_soap(message: &str) -> String {
    let mut to = Writer::new();
    to.open("soap:Envelope", &[("xmlns:soap", ns::SOAP)]).open("soap:Body", &[]).part(message);
    to.finish()
}

/// The one message in a SOAP envelope.
///
/// # Errors
/// [`Unreadable`].
pub fn from_soap<'x>(xml: &'x Xml<'x>) -> Result<Node<'x>, Unreadable> {
    let root = xml.root();
    let mut bodies = root.children(ns::SOAP, "Body");
    let (true, Some(body), None) = (root.is(ns::SOAP, "Envelope"), bodies.next(), bodies.next())
    else {
        return Err(Unreadable::OtherMessage);
    };
    let mut messages = body.elements();
    match (messages.next(), messages.next()) {
        (Some(message), None) => Ok(message),
        _ => Err(Unreadable::OtherMessage),
    }
}

/// Whether a site's answer to `id` says that it has ended the session.
#[must_use]
pub fn is_confirmed(text: &str, id: &str) -> bool {
    let Ok(xml) = Xml::parse(text) else { return false };
    let Ok(message) = from_soap(&xml) else { return false };
    message.is(ns::PROTOCOL, "LogoutResponse")
        && message.attribute("InResponseTo") == Some(id)
        && message.child(ns::PROTOCOL, "Status").is_some_and(is_success)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::saml::{
        judge::tests::provider,
        signature::SignatureError,
        status::Second,
        testing::{TestKey, canonical, now},
    };

    const HERE: &str = "https://id.example/saml/slo";

    /// A request as a site would send it, with something replaced before it is signed.
    fn sent(key: &TestKey, from: &str, to: &str) -> String {
        let issued_at = instant::written(now());
        let text = format!(
            "<samlp:LogoutRequest xmlns:samlp=\"{}\" Destination=\"{HERE}\" ID=\"_l1\" \
             IssueInstant=\"{issued_at}\" Version=\"2.0\"><saml:Issuer xmlns:saml=\"{}\">\
             https://sp.example/sp</saml:Issuer><saml:NameID xmlns:saml=\"{}\" \
             Format=\"{}\" NameQualifier=\"https://id.example/saml\">p7Yc</saml:NameID>\
             <samlp:SessionIndex>s_1</samlp:SessionIndex></samlp:LogoutRequest>",
            ns::PROTOCOL,
            ns::ASSERTION,
            ns::ASSERTION,
            name_id_format::PERSISTENT
        );
        let changed = canonical(&text.replacen(from, to, 1));
        let at = changed.find("</saml:Issuer>").unwrap() + "</saml:Issuer>".len();
        sign_enveloped(&changed, at, "_l1", key).unwrap()
    }

    fn judged(text: &str, key: &TestKey) -> Result<LogoutRequest, Untrusted> {
        let keys = VerificationKeys::of([&key.certificate()]);
        let xml = Xml::parse(text)?;
        let here = Here { address: HERE, now: now() };
        judge(&xml, xml.root(), Arrival::Posted, (&provider(), &keys), here)
    }

    #[test]
    fn a_request_names_a_person_and_sessions_in_our_words() {
        let key = TestKey::kept();
        let found = judged(&sent(key, "", ""), key).unwrap();
        let name = NameId { kind: NameIdKind::Persistent, value: "p7Yc".into() };
        assert_eq!((found.id.as_str(), found.name), ("_l1", Some(name)));
        assert_eq!(found.sessions, ["s_1"]);
        for (from, to) in [
            (
                "NameQualifier=\"https://id.example/saml\"",
                "NameQualifier=\"https://other.example\"",
            ),
            ("NameQualifier=", "SPNameQualifier="),
            ("nameid-format:persistent", "nameid-format:kerberos"),
        ] {
            assert_eq!(judged(&sent(key, from, to), key).unwrap().name, None, "{to}");
        }
    }

    #[test]
    fn a_request_that_is_not_signed_or_not_for_here_and_now_signs_nobody_out() {
        let key = TestKey::kept();
        let over = format!("ID=\"_l1\" NotOnOrAfter=\"{}\"", instant::written(now()));
        let old = instant::written(now() - TimeDelta::seconds(301));
        let current = instant::written(now());
        for (from, to, expected) in [
            (HERE, "https://other.example/slo", Untrusted::Destination),
            (&format!("Destination=\"{HERE}\" "), "", Untrusted::Destination),
            ("https://sp.example/sp<", "https://other.example/sp<", Untrusted::Site),
            ("ID=\"_l1\"", &over, Untrusted::Stale),
            (&current, &old, Untrusted::Stale),
            ("Version=\"2.0\"", "Version=\"1.1\"", Unreadable::Field("Version").into()),
        ] {
            assert_eq!(judged(&sent(key, from, to), key), Err(expected), "{to}");
        }
        let signed = sent(key, "", "");
        let mut over = provider();
        over.metadata.valid_until = Some(now());
        let keys = VerificationKeys::of([&key.certificate()]);
        let (xml, here) = (Xml::parse(&signed).unwrap(), Here { address: HERE, now: now() });
        let judged_late = judge(&xml, xml.root(), Arrival::Posted, (&over, &keys), here);
        assert_eq!(judged_late, Err(Untrusted::MetadataExpired));
        let forged = signed.replace("p7Yc", "p7Yd");
        let invalid = Err(Untrusted::Signature(SignatureError::Invalid));
        assert_eq!(judged(&forged, key), invalid);
        assert_eq!(judged(&signed, &TestKey::ec()), invalid);
        let from = signed.find("<ds:Signature").unwrap();
        let to = signed.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
        let bare = [&signed[..from], &signed[to..]].concat();
        assert_eq!(judged(&bare, key), Err(Untrusted::Signature(SignatureError::Missing)));
    }

    #[test]
    fn in_a_soap_envelope_the_one_message_is_what_was_signed() {
        let key = TestKey::kept();
        let keys = VerificationKeys::of([&key.certificate()]);
        let judge_soap = |text: &str| {
            let xml = Xml::parse(text)?;
            let here = Here { address: HERE, now: now() };
            judge(&xml, from_soap(&xml)?, Arrival::Posted, (&provider(), &keys), here)
        };
        let good = in_soap(&sent(key, "", ""));
        assert!(judge_soap(&good).is_ok());
        let nowhere = in_soap(&sent(key, &format!("Destination=\"{HERE}\" "), ""));
        assert!(judge_soap(&nowhere).is_ok(), "it came here from the site itself");
        let evil = sent(&TestKey::ec(), "p7Yc", "p7Yd");
        let header =
            good.replace("<soap:Body>", &format!("<soap:Header>{evil}</soap:Header><soap:Body>"));
        assert!(judge_soap(&header).is_err(), "two signatures");
        let bare = evil.split("<ds:Signature").next().unwrap().to_owned();
        let two =
            good.replace("</soap:Body>", &format!("{bare}</samlp:LogoutRequest></soap:Body>"));
        assert!(judge_soap(&two).is_err(), "two messages");
        let swapped = good.replace("<soap:Body>", "<soap:Header>").replace(
            "</soap:Body>",
            &format!("</soap:Header><soap:Body>{bare}</samlp:LogoutRequest></soap:Body>"),
        );
        assert!(judge_soap(&swapped).is_err(), "the signed one elsewhere");
    }

    #[test]
    fn what_we_send_is_signed_and_an_answer_counts_only_for_what_it_answers() {
        let key = TestKey::kept();
        let envelope = Envelope {
            id: "_q1",
            issuer: "https://id.example/saml",
            destination: "https://sp.example/slo",
            in_response_to: None,
            now: now(),
        };
        let name = NameId { kind: NameIdKind::Persistent, value: "a & <b>".into() };
        let text = request(envelope, &provider(), &name, "s_1", Some(key)).unwrap();
        assert_eq!(canonical(&text), text);
        let xml = Xml::parse(&text).unwrap();
        assert_eq!(VerificationKeys::of([&key.certificate()]).verify_root(&xml), Ok(()));
        assert_eq!(xml.root().child(ns::ASSERTION, "NameID").unwrap().text(), "a & <b>");

        let answering = Envelope { in_response_to: Some("_q1"), id: "_q2", ..envelope };
        let done = in_soap(&response(answering, Status::SUCCESS, Some(key)).unwrap());
        let denied = Status::requester(Some(Second::UnknownPrincipal));
        let not_done = in_soap(&response(answering, denied, Some(key)).unwrap());
        let partly = Status::PARTIAL_LOGOUT;
        let partly = in_soap(&response(answering, partly, Some(key)).unwrap());
        for (text, id, expected) in [
            (partly.as_str(), "_q1", false),
            (done.as_str(), "_q1", true),
            (&done, "_q9", false),
            (&not_done, "_q1", false),
            ("", "_q1", false),
            ("<html/>", "_q1", false),
        ] {
            assert_eq!(is_confirmed(text, id), expected, "{text:.60} {id}");
        }
    }
}
