//! Artifacts: the browser carries a reference, and the site fetches the answer from server to server
//! (SAML Bindings §3.6, SAML Core §3.5).
//!
//! An artifact is worth nothing by itself: it is redeemed once, within a minute, by the one site for
//! which it was made, which signs to prove who it is. Whoever presents another gets an answer with
//! nothing in it and learns nothing from that (SAML Core §3.5.3).

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::TimeDelta;

use super::{
    authn_request::{Heading, Unreadable},
    instant,
    judge::{Here, Untrusted},
    names::{VERSION, ns},
    response::Envelope,
    service_provider::ServiceProvider,
    signature::{CannotSign, Signer, VerificationKeys, sign_enveloped},
    status::Status,
    writer::Writer,
    xml::{Node, Xml},
};

/// How long an artifact may be on its way: as long as an authorization code, for it is one.
pub const ARTIFACT_LIFE: TimeDelta = crate::oidc::code::CODE_LIFE;
/// The type code, and the index of our one resolution service (SAML Bindings §3.6.4).
const TYPE_AND_INDEX: [u8; 4] = [0x00, 0x04, 0x00, 0x00];
/// The longest text that is looked at; one of ours has 60 characters.
const LONGEST: usize = 256;
/// What stands on an answer's outermost element as we write it.
const PROTOCOL: &str = " xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"";

/// An artifact of the party `entity_id` (SAML Bindings §3.6.4). `handle` is random: 160 bits.
#[must_use]
pub fn artifact(entity_id: &str, handle: [u8; 20]) -> String {
    // A name for the party, not a protection of anything: the standard says which.
    let source = digest(&SHA1_FOR_LEGACY_USE_ONLY, entity_id.as_bytes());
    STANDARD.encode([&TYPE_AND_INDEX, source.as_ref(), &handle].concat())
}

/// A request of a site that may be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactResolve {
    /// Its `ID`.
    pub id: String,
    /// What the site wants to redeem.
    pub artifact: String,
}

/// Reads and judges a request that `provider` is said to have sent. `message` is the one in the body
/// of a SOAP envelope. It counts only signed: nothing else says who fetches the answer.
///
/// # Errors
/// [`Untrusted`].
pub fn judge(
    xml: &Xml<'_>,
    message: Node<'_>,
    (provider, keys): (&ServiceProvider, &VerificationKeys),
    here: Here<'_>,
) -> Result<ArtifactResolve, Untrusted> {
    keys.verify_element(xml, message)?;
    if !message.is(ns::PROTOCOL, "ArtifactResolve") {
        return Err(Unreadable::OtherMessage.into());
    }
    let heading = Heading::read(message)?;
    if heading.issuer != provider.entity_id.as_str() {
        return Err(Untrusted::Site);
    }
    if !provider.is_current(here.now) {
        return Err(Untrusted::MetadataExpired);
    }
    if heading.destination.is_some_and(|destination| destination != here.address) {
        return Err(Untrusted::Destination);
    }
    if !heading.is_version_2 {
        return Err(Unreadable::Field("Version").into());
    }
    if !instant::is_fresh(heading.issued_at, here.now) {
        return Err(Untrusted::Stale);
    }
    let artifact = message.child(ns::PROTOCOL, "Artifact").map(Node::text);
    let artifact = artifact.filter(|text| (1..=LONGEST).contains(&text.len()));
    Ok(ArtifactResolve { id: heading.id, artifact: artifact.ok_or(Unreadable::Field("Artifact"))? })
}

/// The answer: the `Response` as it was written, or nothing.
///
/// # Errors
/// [`CannotSign`].
pub fn response(
    envelope: Envelope<'_>,
    message: Option<&str>,
    signer: &dyn Signer,
) -> Result<String, CannotSign> {
    let mut to = Writer::new();
    let now = instant::written(envelope.now);
    let mut attributes = vec![
        ("xmlns:samlp", ns::PROTOCOL),
        ("ID", envelope.id),
        ("IssueInstant", now.as_str()),
        ("Version", VERSION),
    ];
    attributes.extend(envelope.in_response_to.map(|id| ("InResponseTo", id)));
    to.open("samlp:ArtifactResponse", &attributes);
    to.leaf("saml:Issuer", &[("xmlns:saml", ns::ASSERTION)], envelope.issuer);
    let at = to.position();
    Status::SUCCESS.write(&mut to);
    // Around it the namespace is declared already, and canonical form has it once. A signature of
    // the answer's own covers it in exclusive form and does not mind.
    to.part(&message.unwrap_or_default().replacen(PROTOCOL, "", 1));
    sign_enveloped(&to.finish(), at, envelope.id, signer)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::saml::{
        judge::tests::provider,
        logout::{from_soap, in_soap},
        response,
        signature::SignatureError,
        testing::{TestKey, canonical, now},
    };

    const HERE: &str = "https://id.example/saml/artifact";

    /// A request as a site would send it, with something replaced before it is signed.
    fn sent(key: &TestKey, from: &str, to: &str) -> String {
        let text = format!(
            "<samlp:ArtifactResolve xmlns:samlp=\"{}\" Destination=\"{HERE}\" ID=\"_q1\" \
             IssueInstant=\"{}\" Version=\"2.0\"><saml:Issuer xmlns:saml=\"{}\">\
             https://sp.example/sp</saml:Issuer><samlp:Artifact>AAQA</samlp:Artifact>\
             </samlp:ArtifactResolve>",
            ns::PROTOCOL,
            instant::written(now()),
            ns::ASSERTION,
        );
        let changed = canonical(&text.replacen(from, to, 1));
        let at = changed.find("</saml:Issuer>").unwrap() + "</saml:Issuer>".len();
        in_soap(&sign_enveloped(&changed, at, "_q1", key).unwrap())
    }

    fn judged(text: &str, keys: &VerificationKeys) -> Result<ArtifactResolve, Untrusted> {
        let xml = Xml::parse(text)?;
        judge(&xml, from_soap(&xml)?, (&provider(), keys), Here { address: HERE, now: now() })
    }

    #[test]
    fn an_artifact_says_whose_it_is_and_nothing_else() {
        let text = artifact("https://id.example/saml", [7; 20]);
        let octets = STANDARD.decode(&text).unwrap();
        assert_eq!((octets.len(), &octets[..4]), (44, &[0, 4, 0, 0][..]));
        // sha1sum says the same.
        let source = "5e95a59f9a348d9b6c85610878850ef62166b94f";
        assert_eq!(octets[4..24].iter().map(|o| format!("{o:02x}")).collect::<String>(), source);
        assert_eq!(octets[24..], [7; 20]);
    }

    #[test]
    fn only_the_site_itself_here_and_now_may_redeem() {
        let key = TestKey::kept();
        let keys = VerificationKeys::of([&key.certificate()]);
        let good = judged(&sent(key, "", ""), &keys).unwrap();
        assert_eq!((good.id.as_str(), good.artifact.as_str()), ("_q1", "AAQA"));
        let old = instant::written(now() - TimeDelta::seconds(301));
        for (from, to, expected) in [
            (HERE, "https://other.example/artifact", Untrusted::Destination),
            ("https://sp.example/sp<", "https://other.example/sp<", Untrusted::Site),
            (instant::written(now()).as_str(), &old, Untrusted::Stale),
            ("Version=\"2.0\"", "Version=\"1.1\"", Unreadable::Field("Version").into()),
            ("AAQA", "", Unreadable::Field("Artifact").into()),
            ("AAQA", &"A".repeat(257), Unreadable::Field("Artifact").into()),
        ] {
            assert_eq!(judged(&sent(key, from, to), &keys), Err(expected), "{to}");
        }
        let invalid = Err(Untrusted::Signature(SignatureError::Invalid));
        assert_eq!(judged(&sent(key, "", "").replace("AAQA", "AAQB"), &keys), invalid);
        assert_eq!(judged(&sent(key, "", ""), &VerificationKeys::default()), invalid);
        let bare = sent(key, "", "");
        let (from, to) =
            (bare.find("<ds:Signature").unwrap(), bare.find("</ds:Signature>").unwrap());
        let bare = [&bare[..from], &bare[to + "</ds:Signature>".len()..]].concat();
        let missing = Err(Untrusted::Signature(SignatureError::Missing));
        assert_eq!(judged(&bare, &keys), missing);
    }

    #[test]
    fn an_answer_is_canonical_with_the_message_in_it_and_without() {
        let key = TestKey::kept();
        let envelope = Envelope {
            id: "_a2",
            issuer: "https://id.example/saml",
            destination: "https://sp.example/acs",
            in_response_to: Some("_q1"),
            now: now(),
        };
        let inner = Envelope { id: "_r2", in_response_to: Some("_r1"), ..envelope };
        let inner = response::failure(inner, Status::UNAVAILABLE, Some(key)).unwrap();
        for message in [None, Some(inner.as_str())] {
            let text = response(envelope, message, key).unwrap();
            assert_eq!(canonical(&text), text);
            let xml = Xml::parse(&text).unwrap();
            let found = xml.root().child(ns::PROTOCOL, "Response");
            assert_eq!(found.is_some(), message.is_some());
            assert_eq!(xml.root().attribute("InResponseTo"), Some("_q1"));
        }
    }
}
