use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;
use crate::saml::{
    service_provider::{Cipher, NameIdKind},
    signature::VerificationKeys,
    status::Second,
    testing::{TestKey, canonical, now},
    xml::{Node, Xml},
};

const ACS: &str = "https://sp.example/acs";

fn envelope(in_response_to: Option<&'static str>) -> Envelope<'static> {
    Envelope {
        id: "_r2",
        issuer: "https://id.example/saml",
        destination: ACS,
        in_response_to,
        now: now(),
    }
}

fn attributes(value: &str) -> Vec<Attribute> {
    vec![Attribute { name: "urn:x", friendly: "x", values: vec![value.to_owned(), "b".into()] }]
}

fn asserted(value: &str, in_response_to: Option<&'static str>, key: &TestKey) -> String {
    let audience = "https://sp.example/sp".parse().unwrap();
    let name_id = NameId { kind: NameIdKind::Persistent, value: value.to_owned() };
    let statement = Statement {
        id: "_a1",
        audience: &audience,
        name_id: &name_id,
        authenticated_at: now() - TimeDelta::minutes(7),
        session_index: "s_8fK2",
        session_ends_at: now() + TimeDelta::hours(3),
        context_class: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        attributes: &attributes(value),
    };
    assertion(envelope(in_response_to), statement, key).unwrap()
}

fn find<'x>(root: Node<'x>, name: &str) -> Node<'x> {
    root.descendants(ns::ASSERTION, name).pop().unwrap()
}

#[test]
fn an_assertion_says_for_whom_where_and_until_when() {
    let key = TestKey::rsa();
    let text = asserted("p7Yc", Some("_r1"), &key);
    assert_eq!(canonical(&text), text);
    let xml = Xml::parse(&text).unwrap();
    let root = xml.root();
    assert_eq!(VerificationKeys::of([&key.certificate()]).verify_root(&xml), Ok(()));
    let at = |minutes: i64| written(now() + TimeDelta::minutes(minutes));
    let confirmation = find(root, "SubjectConfirmationData");
    for (node, attribute, expected) in [
        (root, "ID", "_a1"),
        (root, "Version", "2.0"),
        (confirmation, "Recipient", ACS),
        (confirmation, "InResponseTo", "_r1"),
        (confirmation, "NotOnOrAfter", &at(5)),
        (find(root, "Conditions"), "NotBefore", &at(-1)),
        (find(root, "Conditions"), "NotOnOrAfter", &at(5)),
        (find(root, "AuthnStatement"), "SessionIndex", "s_8fK2"),
        (find(root, "AuthnStatement"), "AuthnInstant", &at(-7)),
        (find(root, "AuthnStatement"), "SessionNotOnOrAfter", &at(180)),
        (find(root, "NameID"), "SPNameQualifier", "https://sp.example/sp"),
        (find(root, "NameID"), "NameQualifier", "https://id.example/saml"),
    ] {
        assert_eq!(node.attribute(attribute), Some(expected), "{} {attribute}", node.name());
    }
    assert_eq!(find(root, "Audience").text(), "https://sp.example/sp");
    assert_eq!(find(root, "Issuer").text(), "https://id.example/saml");
    let unasked = asserted("p7Yc", None, &key);
    assert!(!unasked.contains("InResponseTo"));
}

#[test]
fn a_response_and_the_assertion_in_it_are_each_signed_as_a_whole() {
    for key in TestKey::each() {
        let assertion = asserted("p7Yc", Some("_r1"), &key);
        let text =
            success(envelope(Some("_r1")), &assertion, Protection::Plain, Some(&key)).unwrap();
        assert_eq!(canonical(&text), text);
        assert!(text.contains(&assertion), "what was signed is what is sent");
        // Somebody else's verifier, over both signatures.
        let mut keys = bergshamra::KeysManager::new();
        keys.add_key(
            bergshamra::keys::loader::load_x509_cert_der(key.certificate().as_der()).unwrap(),
        );
        let results = bergshamra::verify_all(&bergshamra::DsigContext::new(keys), &text).unwrap();
        assert_eq!(results.len(), 2);
        assert!(results.iter().all(bergshamra::VerifyResult::is_valid));
    }
}

#[test]
fn an_encrypted_response_shows_nothing_of_the_person() {
    let (ours, theirs) = (TestKey::ec(), TestKey::rsa());
    let assertion = asserted("Ana Rivera", Some("_r1"), &ours);
    let to = EncryptionKey { certificate: theirs.certificate(), cipher: Cipher::Aes128Gcm };
    let randomness = Randomness { key: Zeroizing::new([1; 32]), start: [2; 16] };
    let protection = Protection::Encrypted(&to, &randomness);
    let text = success(envelope(Some("_r1")), &assertion, protection, Some(&ours)).unwrap();
    assert!(!text.contains("Ana") && !text.contains("saml:Assertion "));
    assert_eq!(canonical(&text), text);
    let xml = Xml::parse(&text).unwrap();
    assert_eq!(VerificationKeys::of([&ours.certificate()]).verify_root(&xml), Ok(()));
}

#[test]
fn a_failure_says_why_in_both_codes_and_holds_no_assertion() {
    let status = Status::responder(Second::NoPassive, None);
    let text = failure(envelope(Some("_r1")), status, None).unwrap();
    let xml = Xml::parse(&text).unwrap();
    let codes = xml.root().descendants(ns::PROTOCOL, "StatusCode");
    let codes: Vec<_> = codes.iter().filter_map(|code| code.attribute("Value")).collect();
    assert_eq!(
        codes,
        [
            "urn:oasis:names:tc:SAML:2.0:status:Responder",
            "urn:oasis:names:tc:SAML:2.0:status:NoPassive",
        ]
    );
    assert!(xml.root().descendants(ns::ASSERTION, "Assertion").is_empty());
    assert_eq!(xml.root().attribute("InResponseTo"), Some("_r1"));
}

proptest! {
    #[test]
    fn markup_quotes_and_rare_scripts_arrive_intact(value in "\\PC{1,60}") {
        let key = TestKey::ec();
        let text = asserted(&value, Some("_r1"), &key);
        let xml = Xml::parse(&text).unwrap();
        prop_assert_eq!(find(xml.root(), "NameID").text(), value.trim());
        let values = xml.root().descendants(ns::ASSERTION, "AttributeValue");
        prop_assert_eq!(values.len(), 2);
        prop_assert!(values.iter().any(|found| found.text() == value.trim()));
        let keys = VerificationKeys::of([&key.certificate()]);
        prop_assert_eq!(keys.verify_root(&xml), Ok(()));
    }
}
