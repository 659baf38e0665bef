//! `LogoutResponse` as it comes by the browser: what a site says to our request (SAML Core §3.7.3.2,
//! SAML Profiles §4.4.3.4).

use super::{
    authn_request::{Heading, Unreadable},
    instant,
    judge::{Arrival, Here, Untrusted, check_signature},
    names::ns,
    service_provider::ServiceProvider,
    signature::VerificationKeys,
    xml::{Node, Xml},
};

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
const PARTIAL: &str = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout";

/// An answer that may be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutResponse {
    /// The `ID` of the request that it answers.
    pub in_response_to: String,
    /// Whether the site has ended its session.
    pub confirmed: bool,
}

/// Reads and judges an answer that `sender` is said to have given.
///
/// A site that has a key signs (SAML Profiles §4.4.4.2). One that has none is believed all the same:
/// it answers a request whose identifier only it and this browser know, and all that hangs on the
/// answer is what the person is shown.
///
/// # Errors
/// [`Untrusted`]: the request counts as not answered.
pub fn judge(
    xml: &Xml<'_>,
    arrival: Arrival<'_>,
    sender: (&ServiceProvider, &VerificationKeys),
    here: Here<'_>,
) -> Result<LogoutResponse, Untrusted> {
    let (provider, keys) = sender;
    let required = provider.must_sign_requests() || !keys.is_empty();
    let is_signed = check_signature(xml, arrival, keys, required)?;
    let message = xml.root();
    if !message.is(ns::PROTOCOL, "LogoutResponse") {
        return Err(Unreadable::OtherMessage.into());
    }
    let heading = Heading::read(message)?;
    if heading.issuer != provider.entity_id.as_str() {
        return Err(Untrusted::Site);
    }
    if !provider.is_current(here.now) {
        return Err(Untrusted::MetadataExpired);
    }
    if heading.destination.map_or(is_signed, |destination| destination != here.address) {
        return Err(Untrusted::Destination);
    }
    if !heading.is_version_2 {
        return Err(Unreadable::Field("Version").into());
    }
    if !instant::is_fresh(heading.issued_at, here.now) {
        return Err(Untrusted::Stale);
    }
    let status = message.child(ns::PROTOCOL, "Status").ok_or(Unreadable::Field("Status"))?;
    Ok(LogoutResponse {
        in_response_to: in_response_to(message)?.to_owned(),
        confirmed: is_success(status),
    })
}

/// Which request a message says that it answers, whoever wrote it.
///
/// # Errors
/// [`Unreadable`].
pub fn in_response_to(message: Node<'_>) -> Result<&str, Unreadable> {
    message.attribute("InResponseTo").ok_or(Unreadable::Field("InResponseTo"))
}

/// Success as a whole: a site that could end a part of its session only has not ended it.
pub(super) fn is_success(status: Node<'_>) -> bool {
    let code = status.child(ns::PROTOCOL, "StatusCode");
    let inner = code.and_then(|code| code.child(ns::PROTOCOL, "StatusCode"));
    code.and_then(|code| code.attribute("Value")) == Some(SUCCESS)
        && inner.and_then(|code| code.attribute("Value")) != Some(PARTIAL)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::saml::{
        judge::tests::provider,
        logout,
        response::Envelope,
        signature::SignatureError,
        status::{Second, Status},
        testing::{TestKey, now},
    };

    const HERE: &str = "https://id.example/saml/slo";

    fn envelope() -> Envelope<'static> {
        Envelope {
            id: "_a1",
            issuer: "https://sp.example/sp",
            destination: HERE,
            in_response_to: Some("msg_1"),
            now: now(),
        }
    }

    fn judged(text: &str, keys: &VerificationKeys) -> Result<LogoutResponse, Untrusted> {
        let here = Here { address: HERE, now: now() };
        judge(&Xml::parse(text)?, Arrival::Posted, (&provider(), keys), here)
    }

    #[test]
    fn only_success_as_a_whole_confirms() {
        let key = TestKey::kept();
        let keys = VerificationKeys::of([&key.certificate()]);
        for (status, confirmed) in [
            (Status::SUCCESS, true),
            (Status::PARTIAL_LOGOUT, false),
            (Status::requester(Some(Second::UnknownPrincipal)), false),
            (Status::UNAVAILABLE, false),
        ] {
            let text = logout::response(envelope(), status, Some(key)).unwrap();
            let expected = LogoutResponse { in_response_to: "msg_1".to_owned(), confirmed };
            assert_eq!(judged(&text, &keys), Ok(expected), "{status:?}");
        }
    }

    #[test]
    fn an_answer_of_somebody_else_or_for_elsewhere_is_none() {
        let key = TestKey::kept();
        let keys = VerificationKeys::of([&key.certificate()]);
        let signed = |envelope| logout::response(envelope, Status::SUCCESS, Some(key)).unwrap();
        let bare = logout::response(envelope(), Status::SUCCESS, None).unwrap();
        let forged = logout::response(envelope(), Status::SUCCESS, Some(&TestKey::ec())).unwrap();
        let other = Envelope { issuer: "https://other.example/sp", ..envelope() };
        let elsewhere = Envelope { destination: "https://other.example/slo", ..envelope() };
        let old = Envelope { now: now() - TimeDelta::seconds(301), ..envelope() };
        let unasked = Envelope { in_response_to: None, ..envelope() };
        let missing = Untrusted::Signature(SignatureError::Missing);
        for (text, expected) in [
            (bare.clone(), missing),
            (forged, Untrusted::Signature(SignatureError::Invalid)),
            (signed(other), Untrusted::Site),
            (signed(elsewhere), Untrusted::Destination),
            (signed(old), Untrusted::Stale),
            (signed(unasked), Unreadable::Field("InResponseTo").into()),
            (
                signed(envelope()).replace("LogoutResponse", "ArtifactResponse"),
                Untrusted::Signature(SignatureError::Invalid),
            ),
        ] {
            assert_eq!(judged(&text, &keys), Err(expected));
        }
        // A site without keys can sign nothing.
        assert!(judged(&bare, &VerificationKeys::default()).unwrap().confirmed);
    }
}
