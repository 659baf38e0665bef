//! What an answer must be, with one thing wrong at a time. Keys are `openssl`'s, as an operator's.

use std::{path::PathBuf, process::Command, sync::LazyLock};

use bergshamra::{EncContext, KeysManager, keys::loader};
use url::Url;

use super::*;
use crate::keys::{HilumKeys, NotSigned};

const US: &str = "https://passage.example/saml/metadata";
const ACS: &str = "https://passage.example/saml/acs";
const HILUM: &str = "https://id.example/saml";

/// A key of each party; the stranger's is good, and known to nobody.
struct Parties {
    us: OwnKey,
    us_public: String,
    hilum: OwnKey,
    stranger: OwnKey,
}

static PARTIES: LazyLock<Parties> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("passage-keys-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let make = |name: &str| -> (OwnKey, PathBuf) {
        let (key, certificate) = (folder.join(name), folder.join(format!("{name}.crt")));
        let mut openssl = Command::new("openssl");
        openssl
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=t", "-keyout"]);
        assert!(openssl.arg(&key).arg("-out").arg(&certificate).output().unwrap().status.success());
        (OwnKey::load(&key, &certificate).unwrap(), certificate)
    };
    let (us, certificate) = make("us");
    let us_public = std::fs::read_to_string(certificate).unwrap();
    let parties = Parties { us, us_public, hilum: make("hilum").0, stranger: make("stranger").0 };
    std::fs::remove_dir_all(folder).unwrap();
    parties
});

/// A key, and what a party that trusts it has.
pub(crate) fn keys() -> (OwnKey, HilumKeys) {
    let own = PARTIES.hilum.clone();
    let known = HilumKeys::of([own.certificate.clone()].into_iter());
    (own, known)
}

fn now() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

const SIGNATURE: &str = r##"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><ds:Reference URI="#_a"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue></ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue></ds:SignatureValue></ds:Signature>"##;

/// A good assertion, to be signed.
fn good() -> String {
    format!(
        r#"<saml:Assertion xmlns:saml="{}" ID="_a" Version="2.0" IssueInstant="2026-11-22T11:59:59Z"><saml:Issuer>{HILUM}</saml:Issuer>{SIGNATURE}<saml:Subject><saml:NameID Format="f" NameQualifier="{HILUM}" SPNameQualifier="{US}">ana</saml:NameID><saml:SubjectConfirmation Method="{BEARER}"><saml:SubjectConfirmationData InResponseTo="_q" NotOnOrAfter="2026-11-22T12:05:00Z" Recipient="{ACS}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="2026-11-22T11:59:59Z" NotOnOrAfter="2026-11-22T12:05:00Z"><saml:AudienceRestriction><saml:Audience>{US}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="2026-11-22T11:59:00Z" SessionIndex="s1" SessionNotOnOrAfter="2026-11-22T15:59:00Z"><saml:AuthnContext><saml:AuthnContextClassRef>c</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="urn:x" FriendlyName="x"><saml:AttributeValue>1 &amp; 2</saml:AttributeValue><saml:AttributeValue>3</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>"#,
        ns::ASSERTION
    )
}

/// An encrypted assertion in a response.
fn response(assertion: &str) -> String {
    let template = format!(
        r#"<saml:EncryptedAssertion xmlns:saml="{}"><xenc:EncryptedData xmlns:xenc="{}" Type="http://www.w3.org/2001/04/xmlenc#Element"><xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/><ds:KeyInfo xmlns:ds="{}"><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"><ds:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/></xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue></xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue></xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>"#,
        ns::ASSERTION,
        ns::XENC,
        ns::DS
    );
    let mut keys = KeysManager::new();
    keys.add_key(loader::load_x509_cert_pem(PARTIES.us_public.as_bytes()).unwrap());
    let encrypted =
        bergshamra::encrypt(&EncContext::new(keys), &template, assertion.as_bytes()).unwrap();
    format!(
        r#"<samlp:Response xmlns:samlp="{}" ID="_r" Version="2.0" IssueInstant="2026-11-22T12:00:00Z" Destination="{ACS}" InResponseTo="_q"><saml:Issuer xmlns:saml="{}">{HILUM}</saml:Issuer><samlp:Status><samlp:StatusCode Value="{SUCCESS}"/></samlp:Status>{encrypted}</samlp:Response>"#,
        ns::PROTOCOL,
        ns::ASSERTION
    )
}

fn judged(response: &str, at: DateTime<Utc>) -> Result<SignedIn, Refused> {
    let hilum = Hilum {
        entity_id: HILUM.to_owned(),
        sign_on: Url::parse(HILUM).unwrap(),
        logout: Url::parse(HILUM).unwrap(),
        keys: HilumKeys::of([PARTIES.hilum.certificate.clone()].into_iter()),
    };
    let expected = Expected { entity_id: US, acs: ACS, hilum: &hilum, key: &PARTIES.us, now: at };
    judge(response, "_q", expected)
}

fn signed(assertion: &str) -> String {
    PARTIES.hilum.sign_message(assertion).unwrap()
}

#[test]
fn a_good_answer_is_believed() {
    let said = judged(&response(&signed(&good())), now()).unwrap();
    assert_eq!((said.name.value.as_str(), said.session_index.as_str()), ("ana", "s1"));
    assert_eq!(said.name.sp_qualifier.as_deref(), Some(US));
    assert_eq!(said.attributes[0].values, ["1 & 2", "3"]);
    assert_eq!(said.assertion, "_a");
}

/// Hilum would have signed each of these for somebody or for some other time.
#[test]
fn whatever_was_not_meant_for_us_here_and_now_is_refused() {
    let malformed = Refused::Malformed;
    for (from, to, expected) in [
        ("<saml:Audience>https://passage", "<saml:Audience>https://other", Refused::Audience),
        ("AudienceRestriction>", "ProxyRestriction>", Refused::Audience),
        ("Recipient=\"https://passage", "Recipient=\"https://other", Refused::Destination),
        ("InResponseTo=\"_q\"", "InResponseTo=\"_p\"", Refused::Unsolicited),
        (" InResponseTo=\"_q\"", "", Refused::Unsolicited),
        (":cm:bearer", ":cm:sender-vouches", malformed("SubjectConfirmation")),
        ("<saml:Issuer>https://id.", "<saml:Issuer>https://other.", Refused::Issuer),
        (" SessionIndex=\"s1\"", "", malformed("SessionIndex")),
        ("NameID", "BaseID", malformed("NameID")),
        (" NotOnOrAfter=\"2026-11-22T12:05:00Z\" Recipient", " Recipient", Refused::Time),
        ("Z\" Recipient", "Z\" NotBefore=\"2026-11-22T11:00:00Z\" Recipient", Refused::Time),
        ("AuthnStatement", "AuthzStatement", malformed("AuthnStatement")),
    ] {
        assert!(good().contains(from), "{from}");
        let refused = judged(&response(&signed(&good().replace(from, to))), now()).unwrap_err();
        assert_eq!(refused, expected, "{from} -> {to}");
    }
}

#[test]
fn an_answer_is_good_for_its_time_and_a_minute_of_skew() {
    let message = response(&signed(&good()));
    for (at, good) in [
        ("2026-11-22T11:58:58Z", false),
        ("2026-11-22T11:58:59Z", true),
        ("2026-11-22T12:05:59Z", true),
        ("2026-11-22T12:06:00Z", false),
    ] {
        let refused = judged(&message, at.parse().unwrap()).err();
        assert_eq!(refused, (!good).then_some(Refused::Time), "{at}");
    }
}

#[test]
fn only_what_hilum_signed_as_a_whole_is_believed() {
    let (good, signature) = (good(), Refused::Signature(NotSigned));
    let by_hilum = signed(&good);
    let evil = good.replace(">ana<", ">eve<").replace("ID=\"_a\"", "ID=\"_e\"");
    let bare = |text: &str| text.replace(SIGNATURE, "");
    let inner = by_hilum.replacen("<saml:Assertion ", "<saml:Assertion a='' ", 1);
    for (what, text, expected) in [
        ("changed", by_hilum.replace(">ana<", ">eve<"), &signature),
        ("unsigned", bare(&good), &signature),
        ("a stranger's", PARTIES.stranger.sign_message(&good).unwrap(), &signature),
        ("a method of old", by_hilum.replace("more#rsa-sha256", "more#rsa-sha1"), &signature),
        (
            "the signed one inside an unsigned one",
            bare(&evil).replace(
                "<saml:Subject>",
                &format!("<saml:Advice>{inner}</saml:Advice><saml:Subject>"),
            ),
            &Refused::Malformed("more than one assertion"),
        ),
        (
            "the signature of another",
            evil.replace(
                SIGNATURE,
                &by_hilum
                    [by_hilum.find("<ds:Sig").unwrap()..by_hilum.find("<saml:Subject>").unwrap()],
            ),
            &signature,
        ),
    ] {
        assert_eq!(&judged(&response(&text), now()).unwrap_err(), expected, "{what}");
    }
}

#[test]
fn an_assertion_in_the_clear_or_for_another_key_is_refused() {
    let clear = response(&signed(&good()));
    let from = clear.find("<saml:EncryptedAssertion").unwrap();
    let clear = format!("{}{}</samlp:Response>", &clear[..from], signed(&good()));
    assert_eq!(judged(&clear, now()).unwrap_err(), Refused::Encryption);
    let beside = response(&signed(&good())).replace("</samlp:Response>", &clear[from..]);
    assert_eq!(judged(&beside, now()).unwrap_err(), Refused::Encryption);
}

#[test]
fn a_refusal_of_hilums_is_told_with_its_reason() {
    let inner = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:RequestDenied\"/>";
    let message = response(&signed(&good())).replace(
        &format!("Value=\"{SUCCESS}\"/>"),
        &format!(
            "Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\">{inner}</samlp:StatusCode>\
             <samlp:StatusMessage>role_required</samlp:StatusMessage>"
        ),
    );
    let denied =
        Refused::Denied { code: "RequestDenied".to_owned(), message: "role_required".to_owned() };
    assert_eq!(judged(&message, now()).unwrap_err(), denied);
}
