//! The endpoints that sites call, from the outside: on SQLite, and on PostgreSQL where there is
//! one. A code stands for a finished sign-on.

mod authentication;
mod code;
mod pages;
mod refresh;
mod systems;
mod tokens;

use std::sync::Arc;

use actix_web::{
    App as Service,
    http::header::{AUTHORIZATION, HeaderMap, HeaderName},
    test::{self, TestRequest},
    web,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use idp_core::{
    community::site_registration::{self, Circumstances},
    oidc::{claims_request::ClaimsRequest, code::CodeRecord, pkce::CodeChallenge, scope},
    secret::SecretDigest,
};
use serde_json::{Value, json};

use super::routes;
use crate::http::systems::routes as systems_routes;
use crate::{
    app::App,
    clock::{Clock as _, TestClock},
    config::testing::Folder,
    ephemeral::Key,
    store::{
        AnyConn, StoreError, migrations, site,
        tests::{
            TestDatabase,
            samples::{at, community, open, store_session},
        },
    },
};

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// How often a site may fail to prove who it is.
const MOST_FAILURES: u32 = 12;

/// A server with its own database and clock. Ann is signed in.
struct Bench {
    app: Arc<App>,
    clock: Arc<TestClock>,
    database: TestDatabase,
    _folder: Folder,
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    fn header(&self, name: impl Into<HeaderName>) -> Option<&str> {
        self.headers.get(name.into()).map(|value| value.to_str().unwrap())
    }

    /// Status and error code.
    fn error(&self) -> (u16, &str) {
        (self.status, self.body["error"].as_str().unwrap_or_default())
    }

    fn text(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_else(|| panic!("{member} in {self:?}")).to_owned()
    }
}

/// Sites with two secrets, one without, and one that acts for itself.
fn sites() -> Vec<Value> {
    let code = json!(["authorization_code", "refresh_token"]);
    let release = json!({ "affiliation_mode": "one", "tax_id_release": "all" });
    let scope = "openid email affiliations tax_ids offline_access";
    let site = |id: &str, method: &str| {
        json!({
            "client_id": id, "client_name": id, "grant_types": code, "scope": scope,
            "redirect_uris": [format!("https://{id}.example/cb")], "release": release,
            "token_endpoint_auth_method": method, "id_token_signed_response_alg": "ES256",
        })
    };
    let (mut alpha, mut beta) =
        (site("alpha", "client_secret_basic"), site("beta", "client_secret_post"));
    alpha["client_secret"] = secret("alpha").into();
    beta["client_secret"] = secret("beta").into();
    let machine = json!({
        "client_id": "machine", "client_name": "machine", "client_secret": secret("machine"),
        "grant_types": ["client_credentials"], "scope": "hie/pmp.query",
    });
    vec![alpha, beta, site("native", "none"), machine]
}

fn secret(site: &str) -> String {
    format!("the secret of {site}, and long enough for anybody")
}

fn store_sites(conn: &mut AnyConn) -> Result<(), StoreError> {
    for document in sites() {
        let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
        let site = site_registration::read(&document, circumstances).unwrap().site;
        site::insert(conn, &site, at(-1000))?;
    }
    Ok(())
}

impl Bench {
    /// One for each database that can be had.
    async fn each() -> Vec<Self> {
        let mut all = Vec::new();
        for database in TestDatabase::each() {
            all.push(Self::on(database).await);
        }
        all
    }

    async fn on(database: TestDatabase) -> Self {
        database.write(community).await;
        database.write(store_sites).await;
        database.write(|conn| store_session(conn, "ann", "ann", 0)).await;
        let folder = Folder::new();
        let mut config =
            folder.config(&[("HILUM__THROTTLE__CLIENT_FAILURES", &MOST_FAILURES.to_string())]);
        config.database.url = database.url.clone();
        migrations::migrate(&config.database.url).unwrap();
        let mut app = App::open(&config).await.unwrap();
        let clock = Arc::new(TestClock::at(at(1)));
        app.clock = Arc::clone(&clock) as _;
        app.db = database.db.clone();
        app.open_ssn = Arc::new(open);
        Self { app: Arc::new(app), clock, database, _folder: folder }
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn advance(&self, minutes: i64) {
        self.clock.advance(TimeDelta::minutes(minutes));
    }

    async fn call(&self, request: TestRequest) -> Answer {
        let service = Service::new().app_data(web::Data::from(Arc::clone(&self.app)));
        let service = test::init_service(service.configure(routes).configure(systems_routes)).await;
        let answer = test::call_service(&service, request.to_request()).await;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = test::read_body(answer).await;
        Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() }
    }

    /// Posts a form as `site`, by its registered method.
    async fn post(&self, site: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let (mut form, secret) = (form.to_vec(), secret(site));
        let mut request = TestRequest::post().uri(path);
        match site {
            "beta" => form.extend([("client_id", site), ("client_secret", &secret)]),
            "native" => form.push(("client_id", site)),
            _ => request = request.insert_header((AUTHORIZATION, basic(site, &secret))),
        }
        self.call(request.set_form(form)).await
    }

    /// A code that stands for a finished sign-on of Ann at a site.
    async fn code(&self, site: &str, code: &str) {
        self.code_for(site, code, "openid email affiliations tax_ids offline_access", false).await;
    }

    async fn code_for(&self, site: &str, code: &str, scopes: &str, first_visit: bool) {
        let record = CodeRecord {
            site: site.parse().unwrap(),
            redirect_uri: format!("https://{site}.example/cb"),
            challenge: CodeChallenge::parse(CHALLENGE),
            session: "ses_ann".parse().unwrap(),
            affiliation: Some("aff_1".parse().unwrap()),
            scopes: scope::parse_list(scopes).unwrap(),
            claims: ClaimsRequest::default(),
            nonce: Some("n-0S6".to_owned()),
            acr: "urn:hilum:acr:password".to_owned(),
            first_visit,
            issued_at: self.now(),
        };
        let key = Key::code(&SecretDigest::of(code));
        let bytes = serde_json::to_vec(&record).unwrap();
        self.app.ephemeral.put(&key, &bytes, std::time::Duration::from_secs(600)).await.unwrap();
    }

    async fn redeem(&self, site: &str, code: &str) -> Answer {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &format!("https://{site}.example/cb")),
            ("code_verifier", VERIFIER),
        ];
        self.post(site, "/token", &form).await
    }

    /// Tokens of a fresh sign-on.
    async fn tokens(&self, site: &str, code: &str) -> Answer {
        self.code(site, code).await;
        let answer = self.redeem(site, code).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }

    async fn refresh(&self, site: &str, token: &str) -> Answer {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.post(site, "/token", &form).await
    }

    async fn userinfo(&self, token: &str) -> Answer {
        let header = (AUTHORIZATION, format!("Bearer {token}"));
        self.call(TestRequest::get().uri("/userinfo").insert_header(header)).await
    }

    /// What the audit record says, event by event.
    async fn audit(&self) -> Vec<String> {
        let events = self.database.read(|conn| crate::store::audit::pending(conn, 100)).await;
        let mut kinds: Vec<String> = events.iter().map(|event| event.kind.to_string()).collect();
        kinds.retain(|kind| !kind.starts_with("key."));
        kinds.sort();
        kinds
    }
}

fn basic(site: &str, secret: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    format!("Basic {}", STANDARD.encode(format!("{site}:{encoded}")))
}

/// The claims of a signed token.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice(&payload).unwrap()
}
