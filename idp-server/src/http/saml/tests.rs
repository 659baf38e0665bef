//! The SAML front from outside: on SQLite, and on PostgreSQL where there is one. Ann is signed in.

mod logout_tests;

use std::sync::Arc;

use actix_web::{
    App as Service,
    http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HeaderMap, LOCATION},
    test::{self, TestRequest},
    web,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use idp_core::{
    community::site_registration::{Circumstances, saml},
    oidc::jose::SigningAlgorithm,
    saml::{
        certificate::Certificate,
        instant,
        metadata::read,
        names::ns,
        redirect::{self, Direction, posted},
        signature::{Signer as _, VerificationKeys, sign_enveloped},
        xml::Xml,
    },
    secret::Secret,
};
use serde_json::{Value, json};

use crate::{
    app::App,
    clock::{Clock as _, TestClock},
    config::testing::Folder,
    http::routes,
    keys::saml_keys::SamlSigner,
    store::{
        migrations,
        session::{self, NewSession},
        site, site_visit,
        tests::{
            TestDatabase,
            samples::{a_session, at, community, open},
        },
    },
};

struct Bench {
    app: Arc<App>,
    clock: Arc<TestClock>,
    database: TestDatabase,
    partner: SamlSigner,
    cookie: Secret,
    _folder: Folder,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: impl actix_web::http::header::AsHeaderName) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The value of a field of the form, as a browser would post it.
    fn field(&self, name: &str) -> Option<String> {
        let (_, rest) = self.body.split_once(&format!("name=\"{name}\" value=\""))?;
        let value = rest.split('"').next()?;
        let unescaped = [
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&#34;", "\""),
            ("&#39;", "'"),
            ("&#60;", "<"),
            ("&#62;", ">"),
            ("&#38;", "&"),
            ("&amp;", "&"),
        ]
        .into_iter()
        .fold(value.to_owned(), |text, (from, to)| text.replace(from, to));
        Some(unescaped)
    }

    /// The message that the browser carries to the site.
    fn response(&self) -> String {
        let field = self.field("SAMLResponse").unwrap_or_else(|| panic!("{}", self.body));
        String::from_utf8(STANDARD.decode(field).unwrap()).unwrap()
    }

    fn codes(&self) -> Vec<String> {
        let text = self.response();
        let xml = Xml::parse(&text).unwrap();
        let codes = xml.root().descendants(ns::PROTOCOL, "StatusCode");
        let last = |uri: &str| uri.rsplit(':').next().unwrap_or_default().to_owned();
        codes.iter().filter_map(|code| code.attribute("Value")).map(last).collect()
    }
}

const PLAIN: &str = "https://plain.example/sp";
const RICH: &str = "https://rich.example/sp";

/// The metadata of a site.
fn metadata(entity_id: &str, attributes: &str, certificate: Option<&str>) -> String {
    let host = entity_id.trim_end_matches("/sp");
    let key = certificate.map(|certificate| {
        format!(
            "<KeyDescriptor><KeyInfo xmlns=\"{}\"><X509Data><X509Certificate>{certificate}\
             </X509Certificate></X509Data></KeyInfo></KeyDescriptor>",
            ns::DS
        )
    });
    format!(
        "<EntityDescriptor xmlns=\"{}\" entityID=\"{entity_id}\"><SPSSODescriptor {attributes} \
         protocolSupportEnumeration=\"{}\">{}<SingleLogoutService Location=\"{host}/slo\" \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
         ResponseLocation=\"{host}/slo-done\"/><AssertionConsumerService index=\"0\" \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"{host}/acs\"/>\
         </SPSSODescriptor></EntityDescriptor>",
        ns::METADATA,
        ns::PROTOCOL,
        key.unwrap_or_default()
    )
}

impl Bench {
    async fn each() -> Vec<Self> {
        let mut all = Vec::new();
        for database in TestDatabase::each() {
            all.push(Self::on(database).await);
        }
        all
    }

    async fn on(database: TestDatabase) -> Self {
        let partner = SamlSigner::of_partner(SigningAlgorithm::Rs256, at(0));
        let cookie = Secret::from_random([7; 32]);
        let digest = cookie.digest();
        database.write(community).await;
        for (id, text, decisions) in [
            ("plain", metadata(PLAIN, "", None), json!({ "client_id": "plain" })),
            (
                "rich",
                metadata(RICH, "AuthnRequestsSigned=\"true\"", Some(partner.certificate())),
                json!({
                    "client_id": "rich", "scope": "email affiliations tax_ids",
                    "release": { "affiliation_mode": "all", "tax_id_release": "all" },
                    "saml": { "sign_response": true, "signature_algorithm": "ES256",
                              "idp_initiated": { "relay_state": "/home" } },
                }),
            ),
        ] {
            let described = read::one(&Xml::parse(&text).unwrap(), None, at(0)).unwrap();
            let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
            let site = saml::read(described, Some(&decisions), circumstances).unwrap();
            database.write(move |conn| site::insert(conn, &site, at(-1000))).await;
            let id = id.parse().unwrap();
            database
                .write(move |conn| {
                    site_visit::record(conn, &"sub_ann".parse().unwrap(), &id, at(-900))
                })
                .await;
        }
        database
            .write(move |conn| {
                let new = NewSession {
                    session: &a_session("ann", "ann", 0),
                    cookie: &digest,
                    previous_sign_in_at: None,
                    address: "192.0.2.1",
                    user_agent: "test",
                };
                session::insert(conn, &new)
            })
            .await;
        let folder = Folder::new();
        let mut config = folder.config(&[]);
        config.database.url = database.url.clone();
        migrations::migrate(&config.database.url).unwrap();
        let mut app = App::open(&config).await.unwrap();
        let clock = Arc::new(TestClock::at(at(1)));
        app.clock = Arc::clone(&clock) as _;
        app.db = database.db.clone();
        app.open_ssn = Arc::new(open);
        Self { app: Arc::new(app), clock, database, partner, cookie, _folder: folder }
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn here(&self) -> String {
        self.app.saml.addresses.single_sign_on.clone()
    }

    async fn call(&self, request: TestRequest) -> Answer {
        let service = Service::new().app_data(web::Data::from(Arc::clone(&self.app)));
        let service = test::init_service(service.configure(routes)).await;
        let answer = test::call_service(&service, request.to_request()).await;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = test::read_body(answer).await;
        Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    /// As Ann's browser.
    fn signed_in(&self, request: TestRequest) -> TestRequest {
        let cookie = format!("__Host-hilum-session={}", self.cookie.expose());
        request.insert_header((COOKIE, cookie))
    }

    /// A request with these attributes and this inside.
    fn request(&self, issuer: &str, id: &str, attributes: &str, inside: &str) -> String {
        let issued_at = if attributes.contains("IssueInstant") {
            String::new()
        } else {
            format!("IssueInstant=\"{}\"", instant::written(self.now()))
        };
        format!(
            "<p:AuthnRequest xmlns:p=\"{}\" xmlns:a=\"{}\" ID=\"{id}\" Version=\"2.0\" {issued_at} \
             {attributes}><a:Issuer>{issuer}</a:Issuer>{inside}</p:AuthnRequest>",
            ns::PROTOCOL,
            ns::ASSERTION
        )
    }

    fn signed_query(&self, xml: &str, relay_state: Option<&str>) -> String {
        redirect::write(xml, Direction::Request, relay_state, &self.partner).unwrap()
    }

    async fn redirect(&self, query: &str) -> Answer {
        let address = format!("/saml/sso?{query}");
        self.call(self.signed_in(TestRequest::get().uri(&address))).await
    }

    async fn refusals(&self) -> Vec<String> {
        let events = self.database.read(|conn| crate::store::audit::pending(conn, 200)).await;
        let refused = events.into_iter().filter(|event| event.kind.as_str() == "access.refused");
        refused.filter_map(|event| event.reason).collect()
    }
}

/// The query of an unsigned message.
fn unsigned(xml: &str, relay_state: Option<&str>) -> String {
    let partner = SamlSigner::of_partner(SigningAlgorithm::Es256, at(0));
    let query = redirect::write(xml, Direction::Request, relay_state, &partner).unwrap();
    query.split("&SigAlg=").next().unwrap().to_owned()
}

#[actix_web::test]
async fn a_signed_in_person_is_sent_on_with_a_signed_assertion() {
    for bench in Bench::each().await {
        let relay_state = "https://evil.example/?a=\"b\"&c=<d>";
        let xml = bench.request(PLAIN, "_r1", "", "");
        let answer = bench.redirect(&unsigned(&xml, Some(relay_state))).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let policy = answer.header(CONTENT_SECURITY_POLICY);
        assert!(policy.contains("form-action 'self' https://plain.example;"), "{policy}");
        assert!(answer.body.contains("action=\"https://plain.example/acs\""));
        assert_eq!(answer.field("RelayState").as_deref(), Some(relay_state));
        assert!(answer.body.contains("form-post-submit"), "usable without script");

        let text = answer.response();
        let response = Xml::parse(&text).unwrap();
        let assertion = response.root().child(ns::ASSERTION, "Assertion").unwrap();
        assert_eq!(response.root().attribute("InResponseTo"), Some("_r1"));
        let from = text.find("<saml:Assertion ").unwrap();
        let alone = &text[from..text.find("</samlp:Response>").unwrap()];
        let keys = VerificationKeys::of(&certificates(&bench).await);
        assert_eq!(keys.verify_root(&Xml::parse(alone).unwrap()), Ok(()));
        let class = assertion.descendants(ns::ASSERTION, "AuthnContextClassRef");
        assert!(class.first().unwrap().text().ends_with(":PasswordProtectedTransport"));
        let attributes = assertion.descendants(ns::ASSERTION, "Attribute");
        let names: Vec<_> = attributes.iter().filter_map(|a| a.attribute("FriendlyName")).collect();
        assert_eq!(names, ["pairwise-id"], "nothing that the record does not allow");
    }
}

/// The certificates of our own metadata.
async fn certificates(bench: &Bench) -> Vec<Certificate> {
    let answer = bench.call(TestRequest::get().uri("/saml/metadata")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header(CONTENT_TYPE), "application/samlmetadata+xml");
    let xml = Xml::parse(&answer.body).unwrap();
    let nodes = xml.root().child(ns::METADATA, "IDPSSODescriptor").unwrap();
    let nodes = nodes.descendants(ns::DS, "X509Certificate");
    let certificates: Vec<_> =
        nodes.iter().map(|node| Certificate::from_base64(&node.text()).unwrap()).collect();
    let keys = VerificationKeys::of(&certificates);
    assert_eq!(keys.verify_root(&xml), Ok(()), "the metadata are signed by a key in them");
    certificates
}

#[actix_web::test]
async fn a_post_from_another_site_is_picked_up_with_the_cookie() {
    for bench in Bench::each().await {
        let xml = bench.request(PLAIN, "_r2", "", "");
        let form = [("SAMLRequest", posted(&xml)), ("RelayState", "r".to_owned())];
        let answer = bench.call(TestRequest::post().uri("/saml/sso").set_form(form)).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let location = answer.header(LOCATION).to_owned();
        assert!(location.starts_with("/saml/sso?parked="), "{location}");
        let answer = bench.call(bench.signed_in(TestRequest::get().uri(&location))).await;
        assert_eq!((answer.status, answer.codes()), (200, vec!["Success".to_owned()]));
        assert_eq!(answer.field("RelayState").as_deref(), Some("r"));
    }
}

#[actix_web::test]
async fn tax_ids_travel_encrypted_and_the_response_is_signed_where_the_record_says_so() {
    for bench in Bench::each().await {
        let xml = bench.request(RICH, "_r3", &format!("Destination=\"{}\"", bench.here()), "");
        let answer = bench.redirect(&bench.signed_query(&xml, None)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let text = answer.response();
        let response = Xml::parse(&text).unwrap();
        let keys = VerificationKeys::of(&certificates(&bench).await);
        assert_eq!(keys.verify_root(&response), Ok(()));
        assert!(text.contains("ecdsa-sha256"), "by the algorithm of the record");
        assert!(text.contains("<saml:EncryptedAssertion") && !text.contains("<saml:Assertion "));
        assert!(!text.contains("91-7654321") && !text.contains("sub_ann"));
    }
}

#[actix_web::test]
async fn what_cannot_be_trusted_gets_our_page_and_a_row_in_the_record() {
    for bench in Bench::each().await {
        let other = SamlSigner::of_partner(SigningAlgorithm::Rs256, at(0));
        let there = format!("Destination=\"{}\"", bench.here());
        let good = |id: &str| bench.request(RICH, id, &there, "");
        let plain = |id: &str, attributes: &str| bench.request(PLAIN, id, attributes, "");
        let forged = redirect::write(&good("_a"), Direction::Request, None, &other).unwrap();
        let old =
            format!("IssueInstant=\"{}\"", instant::written(bench.now() - TimeDelta::seconds(301)));
        let (unsigned_good, elsewhere) =
            (unsigned(&good("_b"), None), plain("_c", "Destination=\"x\""));
        for (name, query, row) in [
            ("unsigned", unsigned_good, "not signed"),
            ("forged", forged, "not by a registered key"),
            (
                "no destination",
                bench.signed_query(&bench.request(RICH, "_d", "", ""), None),
                "Destination",
            ),
            ("elsewhere", unsigned(&elsewhere, None), "Destination"),
            ("old", unsigned(&plain("_e", &old), None), "IssueInstant"),
            (
                "foreign address",
                unsigned(
                    &plain("_f", "AssertionConsumerServiceURL=\"https://evil.example/\""),
                    None,
                ),
                "AssertionConsumerService",
            ),
            (
                "index",
                unsigned(&plain("_g", "AssertionConsumerServiceIndex=\"7\""), None),
                "AssertionConsumerService",
            ),
            ("document type", unsigned(&format!("<!DOCTYPE a>{}", plain("_h", "")), None), ""),
            (
                "unknown",
                unsigned(&bench.request("https://nobody.example/", "_i", "", ""), None),
                "",
            ),
            ("long", unsigned(&plain("_j", ""), Some(&"x".repeat(1025))), ""),
            ("nothing", String::new(), ""),
            ("noise", "SAMLRequest=%00%ff".to_owned(), ""),
        ] {
            let before = bench.refusals().await.len();
            let answer = bench.redirect(&query).await;
            assert_eq!(answer.status, 400, "{name}: {}", answer.body);
            assert!(!answer.body.contains("SAMLResponse"), "{name}");
            assert!(!answer.body.contains("evil.example"), "{name}");
            let rows = bench.refusals().await;
            if row.is_empty() {
                assert_eq!(rows.len(), before, "{name}: nobody is named");
            } else {
                assert_eq!(rows.len(), before + 1, "{name}");
                assert!(rows.iter().any(|r| r.contains(row)), "{name}: {rows:?}");
            }
        }
    }
}

#[actix_web::test]
async fn a_message_counts_once() {
    for bench in Bench::each().await {
        let query = unsigned(&bench.request(PLAIN, "_r4", "", ""), None);
        assert_eq!(bench.redirect(&query).await.status, 200);
        let again = bench.redirect(&query).await;
        assert_eq!(again.status, 400);
        assert!(again.body.contains("Replayed"), "{}", again.body);
        // By another way it is the same message.
        let form = [("SAMLRequest", posted(&bench.request(PLAIN, "_r4", "", "")))];
        let answer = bench.call(TestRequest::post().uri("/saml/sso").set_form(form)).await;
        assert_eq!(answer.status, 400);
    }
}

#[actix_web::test]
async fn what_cannot_be_granted_is_told_to_the_registered_address() {
    for bench in Bench::each().await {
        let context = "<p:RequestedAuthnContext><a:AuthnContextClassRef>urn:nobody:knows\
             </a:AuthnContextClassRef></p:RequestedAuthnContext>";
        let email = "<p:NameIDPolicy \
             Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\"/>";
        for (id, inside, expected) in [
            ("_n1", context, vec!["Responder", "NoAuthnContext"]),
            ("_n2", email, vec!["Requester", "InvalidNameIDPolicy"]),
        ] {
            let answer =
                bench.redirect(&unsigned(&bench.request(PLAIN, id, "", inside), None)).await;
            assert_eq!(
                (answer.status, answer.codes()),
                (200, expected.iter().map(|&code| code.to_owned()).collect())
            );
            assert!(answer.body.contains("action=\"https://plain.example/acs\""));
            assert!(!answer.response().contains("Assertion "));
        }
        // Nobody is signed in in this browser.
        let passive = unsigned(&bench.request(PLAIN, "_n3", "IsPassive=\"true\"", ""), None);
        let address = format!("/saml/sso?{passive}");
        let answer = bench.call(TestRequest::get().uri(&address)).await;
        assert_eq!(answer.codes(), ["Responder", "NoPassive"]);
        // With a page of ours in between, the browser goes there.
        let forced = unsigned(&bench.request(PLAIN, "_n4", "ForceAuthn=\"1\"", ""), None);
        let answer = bench.redirect(&forced).await;
        assert_eq!(answer.status, 303);
        assert!(answer.header(LOCATION).starts_with("/sign-on/"));
    }
}

#[actix_web::test]
async fn a_sign_on_starts_here_only_where_the_record_allows_it() {
    for bench in Bench::each().await {
        for (path, expected) in [
            ("/saml/start/plain", 404),
            ("/saml/start/nobody", 404),
            ("/saml/start/credentia", 404),
            ("/saml/start/rich?RelayState=https://evil.example/", 200),
        ] {
            let answer = bench.call(bench.signed_in(TestRequest::get().uri(path))).await;
            assert_eq!(answer.status, expected, "{path}");
            if expected == 200 {
                assert_eq!(answer.field("RelayState").as_deref(), Some("/home"));
                assert!(!answer.response().contains("InResponseTo"));
                assert!(answer.body.contains("action=\"https://rich.example/acs\""));
            }
        }
    }
}

#[actix_web::test]
async fn the_site_becomes_a_participant_of_the_session() {
    for bench in Bench::each().await {
        let query = unsigned(&bench.request(PLAIN, "_r5", "", ""), None);
        assert_eq!(bench.redirect(&query).await.status, 200);
        let participants = bench
            .database
            .read(|conn| crate::store::grant::participants(conn, &"ses_ann".parse().unwrap()))
            .await;
        assert_eq!(participants, ["plain".parse().unwrap()]);
        let events = bench.database.read(|conn| crate::store::audit::pending(conn, 200)).await;
        let given = events.iter().find(|event| event.kind.as_str() == "grant.issued").unwrap();
        assert_eq!(given.site.as_ref().unwrap().as_str(), "plain");
        let told: &Value = given.after.as_ref().unwrap();
        assert!(told["grant"].as_str().unwrap().starts_with("grt_"));
    }
}
