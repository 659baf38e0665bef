use super::*;
use crate::saml::testing::{TestKey, canonical};

/// A message, and where its signature goes.
fn message(id: &str, acs: &str) -> (String, usize) {
    let mut writer = Writer::new();
    writer.open(
        "samlp:AuthnRequest",
        &[("xmlns:samlp", ns::PROTOCOL), ("ID", id), ("AssertionConsumerServiceURL", acs)],
    );
    writer.leaf("saml:Issuer", &[("xmlns:saml", ns::ASSERTION)], "https://sp.example/sp");
    let at = writer.position();
    writer.open("samlp:NameIDPolicy", &[]).close();
    (writer.finish(), at)
}

const GOOD: &str = "https://sp.example/acs";
const EVIL: &str = "https://evil.example/acs";

fn signed(key: &TestKey) -> String {
    let (message, at) = message("_good", GOOD);
    sign_enveloped(&message, at, "_good", key).unwrap()
}

fn verdict(xml: &str, key: &TestKey) -> Result<(), SignatureError> {
    let keys = VerificationKeys::of([&key.certificate()]);
    keys.verify_root(&Xml::parse(xml).unwrap())
}

#[test]
fn what_we_sign_is_canonical_and_verifies() {
    for key in TestKey::each() {
        let signed = signed(&key);
        assert_eq!(canonical(&signed), signed);
        assert_eq!(verdict(&signed, &key), Ok(()));
        // Around it, another document: the signature holds there as well.
        assert!(signed.contains("<ds:SignedInfo><ds:CanonicalizationMethod"), "{signed}");
    }
}

#[test]
fn either_of_two_keys_may_have_signed_and_no_third() {
    let [old, new, other] = [TestKey::rsa(), TestKey::rsa(), TestKey::ec()];
    let keys = VerificationKeys::of([&old.certificate(), &new.certificate()]);
    for (key, expected) in [(&old, Ok(())), (&new, Ok(())), (&other, Err(SignatureError::Invalid))]
    {
        let signed = signed(key);
        assert_eq!(keys.verify_root(&Xml::parse(&signed).unwrap()), expected);
    }
    let nobody = VerificationKeys::default();
    let signed = signed(&old);
    let verdict = nobody.verify_root(&Xml::parse(&signed).unwrap());
    assert_eq!(verdict, Err(SignatureError::Invalid));
}

#[test]
fn a_change_anywhere_or_no_signature_at_all_is_refused() {
    let key = TestKey::ec();
    let signed = signed(&key);
    let (unsigned, _) = message("_good", GOOD);
    assert_eq!(verdict(&unsigned, &key), Err(SignatureError::Missing));
    for (from, to) in [
        (GOOD, EVIL),
        ("https://sp.example/sp", "https://sp.example/SP"),
        ("<samlp:NameIDPolicy>", "<samlp:NameIDPolicy Format=\"x\">"),
        ("</samlp:AuthnRequest>", "<samlp:Scoping/></samlp:AuthnRequest>"),
        ("<ds:DigestValue>", "<ds:DigestValue>A"),
        ("<ds:SignatureValue>", "<ds:SignatureValue>A"),
    ] {
        let forged = signed.replacen(from, to, 1);
        assert_ne!(forged, signed, "{from}");
        assert!(verdict(&forged, &key).is_err(), "{from}");
    }
    // A comment is outside canonical form: it changes nothing, and no reader of ours is cut by it.
    let commented = signed.replacen("sp.example/sp", "sp.example<!-- -->/sp", 1);
    assert_eq!(verdict(&commented, &key), Ok(()));
}

#[test]
fn a_key_that_the_message_brings_along_is_not_used() {
    let (good, evil) = (TestKey::rsa(), TestKey::rsa());
    let forged = signed(&evil);
    assert!(forged.contains(evil.certificate().to_base64().as_str()));
    assert_eq!(verdict(&forged, &good), Err(SignatureError::Invalid));
}

/// The eight arrangements of "On Breaking SAML" (Somorovsky et al., 2012), for a request: the signed
/// original is moved to where the reference still finds it, and a forged message is what a careless
/// reader takes for signed.
fn arrangements(signed: &str, evil_id: &str) -> Vec<(&'static str, String)> {
    let from = signed.find("<ds:Signature").unwrap();
    let to = signed.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let signature = &signed[from..to];
    let bare = [&signed[..from], &signed[to..]].concat();
    let (evil, at) = message(evil_id, EVIL);
    let end = evil.len() - "</samlp:AuthnRequest>".len();
    let within = |place: usize, what: &str| [&evil[..place], what, &evil[place..]].concat();
    let objected = |what: &str| {
        signature
            .replace("</ds:Signature>", &format!("<ds:Object>{what}</ds:Object></ds:Signature>"))
    };
    let enclosing =
        |what: &str| signature.replace("</ds:Signature>", &format!("{what}</ds:Signature>"));
    let extensions = |what: &str| format!("<samlp:Extensions>{what}</samlp:Extensions>");
    let good_end = signed.len() - "</samlp:AuthnRequest>".len();
    vec![
        ("1: the original inside the signature", within(at, &enclosing(&bare))),
        ("2: the original beside the signature", within(at, &format!("{bare}{signature}"))),
        ("3: the signed original as first child", within(at, signed)),
        ("4: the signed original as last child", within(end, signed)),
        (
            "5: the signature in the forged one, the original after it",
            within(end, &format!("{signature}{bare}")),
        ),
        ("6: the original in an object of the signature", within(at, &objected(&bare))),
        ("7: the signed original in extensions", within(at, &extensions(signed))),
        ("8: the whole in an object of a signature", within(at, &objected(signed))),
        (
            "and: the forged one inside the original",
            [&signed[..good_end], &evil, &signed[good_end..]].concat(),
        ),
        ("and: two signatures", within(at, &format!("{signature}{}", extensions(signed)))),
    ]
}

#[test]
fn none_of_the_published_wrapping_arrangements_is_taken_for_signed() {
    for key in TestKey::each() {
        let signed = signed(&key);
        for evil_id in ["_evil", "_good"] {
            for (name, forged) in arrangements(&signed, evil_id) {
                let verdict = verdict(&forged, &key);
                assert!(verdict.is_err(), "{name}, {evil_id}: taken for signed: {forged}");
            }
        }
    }
}

#[test]
fn algorithms_and_transforms_off_the_list_are_refused() {
    let key = TestKey::rsa();
    let signed = signed(&key);
    for (from, to) in [
        (RSA_SHA256, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        (RSA_SHA256, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        (RSA_SHA256, "http://www.w3.org/2000/09/xmldsig#dsa-sha1"),
        (SHA256, "http://www.w3.org/2000/09/xmldsig#sha1"),
        (SHA256, "http://www.w3.org/2001/04/xmldsig-more#md5"),
        (EXCLUSIVE, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        (ENVELOPED, "http://www.w3.org/TR/1999/REC-xslt-19991116"),
        (ENVELOPED, "http://www.w3.org/TR/1999/REC-xpath-19991116"),
        (ENVELOPED, "http://www.w3.org/2000/09/xmldsig#base64"),
    ] {
        let weak = signed.replacen(from, to, 1);
        assert_eq!(verdict(&weak, &key), Err(SignatureError::Algorithm(to.to_owned())), "{to}");
    }
    let transform = format!("<ds:Transform Algorithm=\"{EXCLUSIVE}\"></ds:Transform>");
    for (from, to) in [
        ("URI=\"#_good\"", "URI=\"\""),
        ("URI=\"#_good\"", "URI=\"#\""),
        ("URI=\"#_good\"", "URI=\"#_other\""),
        ("URI=\"#_good\"", "URI=\"#xpointer(/)\""),
        ("URI=\"#_good\"", "URI=\"http://evil.example/\""),
        (" URI=\"#_good\"", ""),
        (transform.as_str(), &transform.repeat(2)),
    ] {
        let strange = signed.replacen(from, to, 1);
        assert_ne!(strange, signed, "{from}");
        assert!(
            matches!(
                verdict(&strange, &key),
                Err(SignatureError::Wrapped | SignatureError::Shape(_))
            ),
            "{to}"
        );
    }
}
