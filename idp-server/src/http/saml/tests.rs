//! The SAML front from outside: on SQLite, and on PostgreSQL where there is one. Ann is signed in.

mod artifact;
mod logout;
mod refused;
mod round;
mod sign_on;

use std::sync::{Arc, Mutex};

use actix_web::{
    App as Service,
    http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HeaderMap, LOCATION},
    test::{self, TestRequest},
    web,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
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
use serde_json::json;

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
    /// The cookie with which Ann's browser goes round, once it has one.
    round: Mutex<String>,
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
/// Has the key of the rich one, and hears of logout by POST.
const OTHER: &str = "https://other.example/sp";

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
         <AssertionConsumerService index=\"1\" Location=\"{host}/artifact\" \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact\"/>\
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
                "other",
                metadata(OTHER, "", Some(partner.certificate()))
                    .replace("bindings:HTTP-Redirect", "bindings:HTTP-POST"),
                json!({ "client_id": "other" }),
            ),
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
        Self {
            app: Arc::new(app),
            clock,
            database,
            partner,
            cookie,
            round: Mutex::default(),
            _folder: folder,
        }
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
        let cookies = headers.get_all("set-cookie").filter_map(|cookie| cookie.to_str().ok());
        for cookie in cookies.filter(|cookie| cookie.starts_with("__Host-hilum-round=")) {
            *self.round.lock().unwrap() = cookie.split(';').next().unwrap().to_owned();
        }
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
