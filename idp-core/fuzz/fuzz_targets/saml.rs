//! Whatever a stranger sends as a SAML message, as metadata or as a certificate: nothing panics, and
//! nothing counts as signed by a key that has signed nothing.
#![no_main]

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use idp_core::{
    community::{
        site::{Front, Site},
        site_registration::{self, Circumstances},
    },
    saml::{
        artifact,
        certificate::Certificate,
        judge::{self, Arrival, Here, Sender},
        logout, logout_response,
        metadata::read,
        redirect::{self, Direction},
        signature::VerificationKeys,
        xml::Xml,
    },
};
use libfuzzer_sys::fuzz_target;

/// When everything happens: the hour in which the seeds were written.
static NOW: LazyLock<DateTime<Utc>> =
    LazyLock::new(|| DateTime::from_timestamp(1_795_341_600, 0).unwrap_or_default());

/// A site whose private key nobody has.
static SITE: LazyLock<(Site, VerificationKeys)> = LazyLock::new(|| {
    let text = include_str!("../seeds/saml/metadata.xml");
    let xml = Xml::parse(text).expect("the seed is well-formed");
    let described = read::one(&xml, None, *NOW).expect("the seed describes a site");
    let circumstances = Circumstances { id: [1; 16], secret: [1; 32], demo: false };
    let site = site_registration::saml::read(described, None, circumstances).expect("a site");
    let certificate = include_str!("../seeds/saml/certificate.txt");
    let certificate = Certificate::from_base64(certificate).expect("the seed is a certificate");
    (site, VerificationKeys::of([&certificate]))
});

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = Certificate::from_base64(text);
    for direction in [Direction::Request, Direction::Response] {
        if let Ok(message) = redirect::read(text, direction) {
            let detached = message.signature.as_ref();
            assert!(detached.is_none_or(|signature| signature.verify(&SITE.1).is_err()));
            judged(&message.xml, Arrival::Redirected(detached));
        }
    }
    if let Ok(posted) = redirect::read_posted(text) {
        judged(&posted, Arrival::Posted);
    }
    judged(text, Arrival::Posted);
});

fn judged(text: &str, arrival: Arrival<'_>) {
    let Ok(xml) = Xml::parse(text) else { return };
    let (site, keys) = &*SITE;
    let Front::Saml(provider) = &site.front else { unreachable!("the seed speaks SAML") };
    let here = |address| Here { address, now: *NOW };
    assert!(keys.verify_root(&xml).is_err(), "nobody can have signed this");
    let sender = Sender { site: &site.id, provider, keys };
    let sso = here("https://id.example/saml/sso");
    // The site signs its requests, and nobody has its key.
    assert!(judge::judge(&xml, arrival, None, sender, sso).is_err());
    let slo = here("https://id.example/saml/slo");
    assert!(logout::judge(&xml, xml.root(), arrival, (provider, keys), slo).is_err());
    assert!(logout_response::judge(&xml, arrival, (provider, keys), slo).is_err());
    if let Ok(message) = logout::from_soap(&xml) {
        assert!(logout::judge(&xml, message, arrival, (provider, keys), slo).is_err());
        let resolver = here("https://id.example/saml/artifact");
        assert!(artifact::judge(&xml, message, (provider, keys), resolver).is_err());
    }
    let _ = logout::is_confirmed(text, "_2");
    let _ = idp_core::saml::authn_request::AuthnRequest::read(&xml);
    let _ = read::one(&xml, None, *NOW);
    let _ = read::all(&xml, *NOW);
}
