use chrono::TimeDelta;

use super::*;
use crate::saml::{
    service_provider::ResponseBinding,
    signature::sign_enveloped,
    testing::{TestKey, canonical, now},
};

/// The metadata of one site, with this inside its role and these attributes outside.
pub(crate) fn document(attributes: &str, inside: &str) -> String {
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" \
         entityID=\"https://sp.example/sp\" {attributes}>\
         <md:SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:1.1:protocol \
         urn:oasis:names:tc:SAML:2.0:protocol\">{inside}\
         <md:AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:PAOS\" \
         Location=\"https://sp.example/ecp\" index=\"0\"/>\
         <md:AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
         Location=\"https://sp.example/acs\" index=\"1\"/></md:SPSSODescriptor>\
         <md:Organization><md:OrganizationDisplayName xml:lang=\"en\">Payer &amp; Sons\
         </md:OrganizationDisplayName></md:Organization></md:EntityDescriptor>"
    )
}

/// A key as metadata have it.
pub(crate) fn key(purpose: &str, certificate: &Certificate, inside: &str) -> String {
    let certificate = certificate.to_base64();
    format!(
        "<md:KeyDescriptor{purpose}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\n{certificate}\n\
         </ds:X509Certificate></ds:X509Data></ds:KeyInfo>{inside}</md:KeyDescriptor>"
    )
}

fn read(text: &str) -> Result<Described, MetadataError> {
    one(&Xml::parse(text)?, None, now())
}

#[test]
fn a_site_is_read_with_its_addresses_keys_and_name() {
    let (signing, both) = (TestKey::ec().certificate(), TestKey::rsa().certificate());
    let gcm = "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\">\
         <ds:DigestMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\"/>\
         </md:EncryptionMethod>";
    let logout = "<md:SingleLogoutService \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
         Location=\"https://sp.example/slo\" ResponseLocation=\"https://sp.example/slo-done\"/>";
    let inside =
        [key(" use=\"signing\"", &signing, ""), key("", &both, gcm), logout.to_owned()].concat();
    let found = read(&document("cacheDuration=\"PT1H\"", &inside)).unwrap();
    assert_eq!(found.entity_id.as_str(), "https://sp.example/sp");
    assert_eq!(found.name.as_deref(), Some("Payer & Sons"));
    let metadata = found.metadata;
    // A key without a use counts for both (security 14.4).
    assert_eq!(metadata.signing, vec![signing, both.clone()]);
    let encryption = EncryptionKey { certificate: both, cipher: Cipher::Aes256Gcm };
    assert_eq!(metadata.encryption, vec![encryption]);
    let consumers: Vec<_> = metadata
        .assertion_consumers
        .iter()
        .map(|acs| (acs.index, acs.binding, acs.location.as_str()))
        .collect();
    assert_eq!(consumers, [(1, ResponseBinding::Post, "https://sp.example/acs")]);
    let slo = metadata.logout.first().unwrap();
    assert_eq!(slo.response_location.as_ref().unwrap().as_str(), "https://sp.example/slo-done");
    assert!(!metadata.authn_requests_signed && metadata.valid_until.is_none());
}

#[test]
fn what_cannot_be_used_is_refused_with_the_reason() {
    use MetadataError as M;
    let acs = |location: &str| document("", "").replace("https://sp.example/acs", location);
    let weak = Certificate::from_der(crate::saml::testing::der_of("rsa-1024")).unwrap_err();
    let weak_key = {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let der = STANDARD.encode(crate::saml::testing::der_of("rsa-1024"));
        format!(
            "<md:KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{der}\
             </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        )
    };
    let past = instant::written(now());
    for (text, expected) in [
        (acs("http://sp.example/acs"), M::Location("http://sp.example/acs".into())),
        (acs("javascript:alert(1)"), M::Location("javascript:alert(1)".into())),
        (acs("https://sp.example/a/../acs"), M::Location("https://sp.example/a/../acs".into())),
        (document(&format!("validUntil=\"{past}\""), ""), M::Expired),
        (document("validUntil=\"soon\"", ""), M::Field("validUntil")),
        (document("", "").replace("SAML:2.0:protocol", "SAML:1.0:protocol"), M::NoServiceProvider),
        (document("", "").replace("HTTP-POST", "PAOS"), {
            M::Field("AssertionConsumerService with POST or Artifact")
        }),
        (document("", &weak_key), M::Certificate(weak)),
        ("<a/>".into(), M::Field("EntityDescriptor")),
    ] {
        assert_eq!(read(&text), Err(expected), "{text:.300}");
    }
    assert!(read("<!DOCTYPE a><a/>").is_err());
    assert!(read(&acs("http://localhost:8092/acs")).is_ok());
}

#[test]
fn an_aggregate_gives_the_one_that_is_wanted_and_tells_who_cannot_be_read() {
    let other = document("", "").replace("sp.example/sp", "other.example/sp");
    let broken = document("", "").replace("sp.example/sp", "broken.example/sp");
    let broken = broken.replace("https://sp.example/acs", "http://broken.example/acs");
    let expired = document("validUntil=\"2001-01-01T00:00:00Z\"", "").replace("/sp\"", "/old\"");
    let until = instant::written(now() + TimeDelta::days(1));
    let text = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         validUntil=\"{until}\"><md:EntitiesDescriptor>{}{other}</md:EntitiesDescriptor>\
         {broken}{expired}</md:EntitiesDescriptor>",
        document("", "")
    );
    let xml = Xml::parse(&text).unwrap();
    let wanted: EntityId = "https://other.example/sp".parse().unwrap();
    let found = one(&xml, Some(&wanted), now()).unwrap();
    assert_eq!(found.entity_id, wanted);
    assert_eq!(found.metadata.valid_until, instant::read(&until));
    assert_eq!(one(&xml, None, now()), Err(MetadataError::Several));
    let nobody: EntityId = "https://nobody.example/".parse().unwrap();
    assert_eq!(one(&xml, Some(&nobody), now()), Err(MetadataError::OtherEntity));
    let all = all(&xml, now()).unwrap();
    assert_eq!((all.len(), all.iter().filter(|found| found.is_ok()).count()), (3, 2));
}

#[test]
fn signed_metadata_are_signed_as_a_whole_by_the_right_key() {
    let (key, other) = (TestKey::rsa(), TestKey::rsa());
    let text = canonical(&document("ID=\"_m\"", ""));
    let at = text.find("<md:SPSSODescriptor").unwrap();
    let signed = sign_enveloped(&text, at, "_m", &key).unwrap();
    let check = |text: &str, key: &TestKey| {
        let keys = VerificationKeys::of([&key.certificate()]);
        check_signature(&Xml::parse(text).unwrap(), &keys)
    };
    assert_eq!(check(&signed, &key), Ok(()));
    for (text, key) in [
        (signed.as_str(), &other),
        (&text, &key),
        (&signed.replace("https://sp.example/acs", "https://evil.example/acs"), &key),
    ] {
        assert!(matches!(check(text, key), Err(MetadataError::Signature(_))));
    }
}
