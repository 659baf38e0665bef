//! What we write, before other people's programs: Debian's `xmlsec1` checks and decrypts it, and
//! `xmllint` holds it to the schemas of OASIS (packages in `.ci/setup-test`).

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use chrono::TimeDelta;
use zeroize::Zeroizing;

use super::{
    artifact,
    attributes::Attribute,
    encryption::Randomness,
    metadata::write::{self, Own},
    name_id::NameId,
    response::{self, Envelope, Protection, Statement},
    service_provider::{Cipher, EncryptionKey, NameIdKind},
    status::{Second, Status},
    testing::{TestKey, now},
};

const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion:Assertion";
const RESPONSE: &str = "urn:oasis:names:tc:SAML:2.0:protocol:Response";
const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor";

/// A folder of its own, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("hilum-saml-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().expect("the tools of .ci/setup-test are installed");
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// Whether `xmlsec1` finds the first signature valid, by the key of this certificate.
fn verifies(xml: &str, element: &str, key: &TestKey) -> Result<String, String> {
    let folder = Folder::new();
    let certificate = folder.file("cert.pem", &key.certificate_pem());
    let document = folder.file("document.xml", xml);
    run(Command::new("xmlsec1")
        .args(["--verify", "--enabled-key-data", "key-name", "--id-attr:ID", element])
        .arg("--pubkey-cert-pem")
        .args([certificate, document]))
}

/// Whether a document is as its schema says.
fn is_valid(xml: &str, schema: &str) -> Result<String, String> {
    let folder = Folder::new();
    let document = folder.file("document.xml", xml);
    let system = |address: &str, file: &str| {
        format!("<system systemId=\"{address}\" uri=\"file:///usr/share/xml/xmltooling/{file}\"/>")
    };
    let catalog = [
        "<catalog xmlns=\"urn:oasis:names:tc:entity:xmlns:xml:catalog\">".to_owned(),
        system(
            "http://www.w3.org/TR/2002/REC-xmldsig-core-20020212/xmldsig-core-schema.xsd",
            "xmldsig-core-schema.xsd",
        ),
        system(
            "http://www.w3.org/TR/2002/REC-xmlenc-core-20021210/xenc-schema.xsd",
            "xenc-schema.xsd",
        ),
        system("http://www.w3.org/2001/xml.xsd", "xml.xsd"),
        "</catalog>".to_owned(),
    ];
    let catalog = folder.file("catalog.xml", &catalog.concat());
    run(Command::new("xmllint")
        .env("XML_CATALOG_FILES", catalog)
        .args(["--nonet", "--noout", "--schema"])
        .arg(Path::new("/usr/share/xml/opensaml").join(schema))
        .arg(document))
}

const PROTOCOL_SCHEMA: &str = "saml-schema-protocol-2.0.xsd";

fn envelope() -> Envelope<'static> {
    Envelope {
        id: "_r2",
        issuer: "https://id.example/saml",
        destination: "https://sp.example/acs?a=1&b=2",
        in_response_to: Some("_r1"),
        now: now(),
    }
}

fn assertion(key: &TestKey) -> String {
    let audience = "https://sp.example/sp".parse().unwrap();
    let name_id = NameId { kind: NameIdKind::Persistent, value: "p7Yc".into() };
    let values = vec!["a & <b> \"c\" ]]>\r\n\tñ 漢 🦀".to_owned(), String::new()];
    let attributes = [Attribute { name: "urn:x", friendly: "x", values }];
    let statement = Statement {
        id: "_a1",
        audience: &audience,
        name_id: &name_id,
        authenticated_at: now(),
        session_index: "s_8fK2",
        session_ends_at: now() + TimeDelta::hours(4),
        context_class: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        attributes: &attributes,
    };
    response::assertion(envelope(), statement, key).unwrap()
}

#[test]
fn a_response_is_as_the_schema_says_and_both_its_signatures_verify() {
    for key in TestKey::each() {
        let assertion = assertion(&key);
        verifies(&assertion, ASSERTION, &key).unwrap();
        let text =
            response::success(envelope(), &assertion, Protection::Plain, Some(&key)).unwrap();
        verifies(&text, RESPONSE, &key).unwrap();
        is_valid(&text, PROTOCOL_SCHEMA).unwrap();
        // The same tools say no where they should.
        let forged = text.replace("p7Yc", "p7Yd");
        verifies(&forged, RESPONSE, &key).unwrap_err();
        verifies(&text, RESPONSE, &TestKey::rsa()).unwrap_err();
        is_valid(&text.replace("saml:Audience>", "saml:Audience2>"), PROTOCOL_SCHEMA).unwrap_err();
    }
}

#[test]
fn another_library_reads_the_same_from_a_response() {
    let key = TestKey::rsa();
    let assertion = assertion(&key);
    let text = response::success(envelope(), &assertion, Protection::Plain, Some(&key)).unwrap();
    let read: samael::schema::Response = text.parse().unwrap();
    assert_eq!(read.in_response_to.as_deref(), Some("_r1"));
    let assertion = read.assertion.unwrap();
    assert_eq!(assertion.issuer.value.as_deref(), Some("https://id.example/saml"));
    assert_eq!(assertion.subject.unwrap().name_id.unwrap().value, "p7Yc");
    let conditions = assertion.conditions.unwrap();
    assert_eq!(conditions.not_on_or_after, Some(now() + TimeDelta::minutes(5)));
}

#[test]
fn a_failure_is_as_the_schema_says() {
    let key = TestKey::ec();
    for status in [
        Status::VERSION_MISMATCH,
        Status::CANCELLED,
        Status::UNAVAILABLE,
        Status::responder(Second::NoPassive, None),
        Status::requester(Some(Second::InvalidNameIdPolicy)),
    ] {
        let text = response::failure(envelope(), status, Some(&key)).unwrap();
        verifies(&text, RESPONSE, &key).unwrap();
        is_valid(&text, PROTOCOL_SCHEMA).unwrap();
    }
}

#[test]
fn an_encrypted_assertion_is_opened_by_somebody_elses_program_and_still_signed() {
    let (ours, theirs) = (TestKey::rsa(), TestKey::rsa());
    let folder = Folder::new();
    let private = folder.file("key.pem", &theirs.private_pem());
    for cipher in Cipher::ALL {
        let to = EncryptionKey { certificate: theirs.certificate(), cipher };
        let randomness = Randomness { key: Zeroizing::new([9; 32]), start: [4; 16] };
        let plain = assertion(&ours);
        let protection = Protection::Encrypted(&to, &randomness);
        let text = response::success(envelope(), &plain, protection, Some(&ours)).unwrap();
        is_valid(&text, PROTOCOL_SCHEMA).unwrap();
        verifies(&text, RESPONSE, &ours).unwrap();
        let encrypted = folder.file("encrypted.xml", &text);
        let opened = run(Command::new("xmlsec1")
            .arg("--decrypt")
            .arg("--privkey-pem")
            .args([&private, &encrypted]))
        .unwrap();
        let from = opened.find("<saml:Assertion ").unwrap();
        let to = opened.find("</saml:EncryptedAssertion>").unwrap();
        verifies(&opened[from..to], ASSERTION, &ours).unwrap();
    }
}

#[test]
fn an_answer_that_is_fetched_is_as_the_schema_says_and_all_its_signatures_verify() {
    let key = TestKey::rsa();
    let assertion = assertion(&key);
    let inner = response::success(envelope(), &assertion, Protection::Plain, Some(&key)).unwrap();
    let outer = Envelope { id: "_a9", in_response_to: Some("_q9"), ..envelope() };
    for message in [None, Some(inner.as_str())] {
        let text = artifact::response(outer, message, &key).unwrap();
        verifies(&text, "urn:oasis:names:tc:SAML:2.0:protocol:ArtifactResponse", &key).unwrap();
        is_valid(&text, PROTOCOL_SCHEMA).unwrap();
    }
    // What the site takes out stands on its own: its signature does not hang on what was around it.
    let text = artifact::response(outer, Some(&inner), &key).unwrap();
    let from = text.find("<samlp:Response").unwrap();
    let taken = text[from..].replace("</samlp:ArtifactResponse>", "");
    let declared = "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"";
    verifies(&taken.replacen("<samlp:Response", declared, 1), RESPONSE, &key).unwrap();
}

#[test]
fn our_metadata_are_as_the_schema_says_and_signed() {
    for key in TestKey::each() {
        let certificate = key.certificate().to_base64();
        let own = Own {
            entity_id: "https://id.example/saml",
            scope: "id.example",
            id: "_m1",
            certificates: &[&certificate, &certificate],
            single_sign_on: "https://id.example/saml/sso",
            single_logout: Some("https://id.example/saml/slo"),
            artifact_resolution: Some("https://id.example/saml/artifact"),
        };
        let text = write::write(own, &key).unwrap();
        verifies(&text, METADATA, &key).unwrap();
        is_valid(&text, "saml-schema-metadata-2.0.xsd").unwrap();
    }
}
