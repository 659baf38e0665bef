//! Systems that act for an organization, from the outside (R83; domain 3.5, 4.10).

use actix_web::{http::header::RETRY_AFTER, test::TestRequest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use idp_core::{
    community::{
        actor::Actor,
        organization::OrganizationStatus,
        site_registration::{self, Circumstances},
        system_client::{SystemForm, SystemRequest},
    },
    ids::SystemClientId,
    oidc::{client_assertion::CLIENT_ASSERTION_TYPE, jose::SigningAlgorithm},
};
use serde_json::{Value, json};

use super::{Answer, Bench, claims, secret};
use crate::{
    community::systems::{OwnSystems, WithCode},
    keys::private_key::{PrivateKey, RsaSize},
    store::{
        organization, site,
        tests::samples::{an_organization, at},
    },
};

const RESOURCE: &str = "https://hie.example/api";

/// An installed system: its name and its key.
struct System {
    id: SystemClientId,
    key: PrivateKey,
}

fn key() -> PrivateKey {
    PrivateKey::generate(SigningAlgorithm::Es256, RsaSize::default()).unwrap()
}

fn jwks(key: &PrivateKey) -> Value {
    let (_, jwk) = key.public_jwk().unwrap();
    json!({ "keys": [jwk] })
}

impl System {
    fn assertion(&self, jti: &str, now: DateTime<Utc>) -> String {
        let claims = json!({
            "iss": self.id, "sub": self.id, "aud": "http://localhost:8080", "jti": jti,
            "iat": now.timestamp(), "exp": (now + TimeDelta::minutes(1)).timestamp(),
        });
        let encode = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let message = format!("{}.{}", encode(&json!({ "alg": "ES256" })), encode(&claims));
        let signature = self.key.sign(message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// What Ann is as an Administrator of the clinic.
fn theirs(bench: &Bench) -> OwnSystems {
    let of = "org_clinic".parse().unwrap();
    let actor = Actor::Administrator { who: "sub_ann".parse().unwrap(), of };
    OwnSystems {
        office: bench.app.office(actor),
        organization: "org_clinic".parse().unwrap(),
        reason: None,
    }
}

fn request(scopes: &[&str]) -> SystemRequest {
    let offered = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    SystemForm { name: "EHR", scopes, purposes: &["TREAT"] }.read(&offered).unwrap()
}

impl Bench {
    async fn with_hie(&self) {
        let server = |scopes: &[&str], resource: &str| json!({ "resource": resource, "system_scopes": scopes });
        for (id, server) in [
            ("hie", server(&["hie/pmp.query", "hie/adt.subscribe"], RESOURCE)),
            ("lab", server(&["lab/results"], "https://lab.example/api")),
        ] {
            let document = json!({
                "client_id": id, "client_name": id, "client_secret": secret(id),
                "redirect_uris": [format!("https://{id}.example/cb")], "resource_server": server,
                "scope": "openid",
            });
            let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
            let new = site_registration::read(&document, circumstances).unwrap().site;
            self.database.write(move |conn| site::insert(conn, &new, at(0))).await;
        }
        self.app.reload_sites().await.unwrap();
    }

    async fn created(&self, scopes: &[&str]) -> WithCode {
        let (theirs, request) = (theirs(self), request(scopes));
        self.database.write(move |conn| theirs.create(conn, request.clone())).await.unwrap()
    }

    async fn bring_keys(&self, id: &str, code: &str, jwks: &Value) -> Answer {
        let request = TestRequest::post().uri(&format!("/systems/{id}/set-up"));
        self.call(request.set_json(json!({ "code": code, "jwks": jwks }))).await
    }

    async fn installed(&self, scopes: &[&str]) -> System {
        let (made, key) = (self.created(scopes).await, key());
        let answer =
            self.bring_keys(made.system.id.as_str(), made.code.expose(), &jwks(&key)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        System { id: made.system.id, key }
    }

    async fn ask(&self, assertion: &str, scope: Option<&str>) -> Answer {
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_assertion_type", CLIENT_ASSERTION_TYPE),
            ("client_assertion", assertion),
        ];
        form.extend(scope.map(|scope| ("scope", scope)));
        self.call(TestRequest::post().uri("/token").set_form(form)).await
    }

    async fn is_active(&self, asking: &str, token: &str) -> bool {
        let answer = self.post(asking, "/introspect", &[("token", token)]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["active"] == true
    }
}

#[actix_web::test]
async fn a_system_gets_a_token_that_says_for_which_organization_it_acts() {
    for bench in Bench::each().await {
        bench.with_hie().await;
        let system = bench.installed(&["hie/pmp.query", "hie/adt.subscribe"]).await;
        let answer = bench.ask(&system.assertion("1", bench.now()), Some("hie/pmp.query")).await;
        assert_eq!((answer.status, &answer.body["expires_in"]), (200, &json!(300)), "{answer:?}");
        let token = answer.text("access_token");
        let mut said = claims(&token);
        said.as_object_mut().unwrap().remove("jti");
        let now = bench.now().timestamp();
        assert_eq!(
            said,
            json!({
                "iss": "http://localhost:8080", "aud": RESOURCE, "sub": system.id,
                "client_id": system.id, "iat": now, "exp": now + 300, "scope": "hie/pmp.query",
                "organization": { "id": "org_clinic", "npi": "1999999984" },
                "extensions": { "hl7-b2b": {
                    "version": "1",
                    "organization_id": "urn:oid:2.16.840.1.113883.4.4#91-1234567",
                    "organization_name": "Cedar Falls Clinic",
                    "purpose_of_use": ["http://terminology.hl7.org/CodeSystem/v3-ActReason#TREAT"],
                } },
            })
        );
        // The API that it is for may ask about it; another site learns nothing.
        assert!(bench.is_active("hie", &token).await);
        assert!(!bench.is_active("lab", &token).await);
        let whole = bench.ask(&system.assertion("2", bench.now()), None).await;
        assert_eq!(whole.body["scope"], "hie/adt.subscribe hie/pmp.query");
        assert_eq!(bench.userinfo(&token).await.status, 401, "it is not for us");
    }
}

#[actix_web::test]
async fn what_a_system_may_not_have_it_does_not_get() {
    for bench in Bench::each().await {
        bench.with_hie().await;
        let system = bench.installed(&["hie/pmp.query", "lab/results", "gone"]).await;
        let fresh = |jti: &str| system.assertion(jti, bench.now());
        let used = fresh("used");
        assert_eq!(bench.ask(&used, Some("hie/pmp.query")).await.status, 200);
        let foreign = System { id: system.id.clone(), key: key() };
        let unknown = System { id: "sys_nobody".parse().unwrap(), key: key() };
        for (what, assertion, scope, expected) in [
            ("not its own", fresh("1"), "hie/adt.subscribe", (400, "invalid_scope")),
            ("not offered", fresh("2"), "gone", (400, "invalid_scope")),
            ("about a person", fresh("3"), "openid", (400, "invalid_scope")),
            ("of two APIs", fresh("4"), "hie/pmp.query lab/results", (400, "invalid_scope")),
            ("used before", used, "hie/pmp.query", (401, "invalid_client")),
            ("another key", foreign.assertion("5", bench.now()), "", (401, "invalid_client")),
            ("nobody", unknown.assertion("6", bench.now()), "", (401, "invalid_client")),
        ] {
            let answer = bench.ask(&assertion, Some(scope)).await;
            assert_eq!(answer.error(), expected, "{what}: {answer:?}");
        }
        for grant_type in ["authorization_code", "refresh_token"] {
            let assertion = fresh(grant_type);
            let form = [
                ("grant_type", grant_type),
                ("client_assertion_type", CLIENT_ASSERTION_TYPE),
                ("client_assertion", &assertion),
            ];
            let answer = bench.call(TestRequest::post().uri("/token").set_form(form)).await;
            assert_eq!(answer.error(), (400, "unauthorized_client"), "{grant_type}");
        }
        // Nothing else is for systems.
        let assertion = fresh("7");
        let form = [
            ("token", "x"),
            ("client_assertion_type", CLIENT_ASSERTION_TYPE),
            ("client_assertion", &assertion),
        ];
        for path in ["/introspect", "/revoke"] {
            let answer = bench.call(TestRequest::post().uri(path).set_form(form)).await;
            assert_eq!(answer.error(), (401, "invalid_client"), "{path}");
        }
        for form in [[("client_id", system.id.as_str()), ("client_secret", "x")]] {
            let form = [&form[..], &[("grant_type", "client_credentials")]].concat();
            let answer = bench.call(TestRequest::post().uri("/token").set_form(form)).await;
            assert_eq!(answer.error(), (401, "invalid_client"));
        }
    }
}

#[actix_web::test]
async fn a_revoked_system_gets_nothing_from_that_moment_and_its_token_is_worth_nothing() {
    for bench in Bench::each().await {
        bench.with_hie().await;
        let system = bench.installed(&["hie/pmp.query"]).await;
        let token = bench.ask(&system.assertion("1", bench.now()), None).await.text("access_token");
        assert!(bench.is_active("hie", &token).await);
        let (theirs, id) = (theirs(&bench), system.id.clone());
        let revoked = bench.database.write(move |conn| theirs.revoke(conn, &id)).await;
        assert!(revoked.is_ok(), "{revoked:?}");
        assert!(!bench.is_active("hie", &token).await);
        let refused = bench.ask(&system.assertion("2", bench.now()), None).await;
        assert_eq!(refused.error(), (401, "invalid_client"));
        assert_eq!(
            bench.audit().await,
            ["system.activated", "system.code-issued", "system.created", "system.revoked"]
        );
    }
}

#[actix_web::test]
async fn a_system_stops_with_its_organization_and_on_its_last_day() {
    for bench in Bench::each().await {
        bench.with_hie().await;
        let system = bench.installed(&["hie/pmp.query"]).await;
        let token = bench.ask(&system.assertion("1", bench.now()), None).await.text("access_token");
        let stand = |status| {
            let clinic = idp_core::community::organization::Organization {
                status,
                ..an_organization("org_clinic", "Cedar Falls Clinic")
            };
            bench.database.write(move |conn| organization::update(conn, &clinic, false, at(1)))
        };
        stand(OrganizationStatus::Suspended).await;
        assert!(!bench.is_active("hie", &token).await);
        let refused = bench.ask(&system.assertion("2", bench.now()), None).await;
        assert_eq!(refused.error(), (401, "invalid_client"));
        stand(OrganizationStatus::Active).await;
        assert!(bench.is_active("hie", &token).await);

        bench.advance(180 * 24 * 60 - 1);
        assert_eq!(bench.ask(&system.assertion("3", bench.now()), None).await.status, 200);
        bench.advance(1);
        let refused = bench.ask(&system.assertion("4", bench.now()), None).await;
        assert_eq!(refused.error(), (401, "invalid_client"), "by date, without any job");
    }
}

#[actix_web::test]
async fn a_code_sets_a_system_up_once_and_does_not_die_of_a_strangers_tries() {
    for bench in Bench::each().await {
        bench.with_hie().await;
        let (first, second) =
            (bench.created(&["hie/pmp.query"]).await, bench.created(&["lab/results"]).await);
        let (id, keys) = (first.system.id.as_str(), jwks(&key()));
        let right = first.code.expose();
        let private =
            json!({ "keys": [{ "kty": "EC", "crv": "P-256", "x": "a", "y": "a", "d": "a" }] });
        let nothing = json!({ "keys": [] });
        for (what, id, code, keys, expected) in [
            ("of another system", id, second.code.expose(), &keys, (400, "invalid_grant")),
            ("of nobody", "sys_nobody", right, &keys, (400, "invalid_grant")),
            ("no system at all", "x", right, &keys, (400, "invalid_grant")),
            ("a private key", id, right, &private, (400, "invalid_request")),
            ("no key", id, right, &nothing, (400, "invalid_request")),
        ] {
            let answer = bench.bring_keys(id, code, keys).await;
            assert_eq!(answer.error(), expected, "{what}: {answer:?}");
        }
        let done = bench.bring_keys(id, right, &keys).await;
        assert_eq!((done.status, &done.body["client_id"]), (200, &json!(id)), "{done:?}");
        assert_eq!(done.body["scope"], "hie/pmp.query");
        let until = bench.now() + TimeDelta::days(180);
        assert_eq!(done.body["expires_at"], until.timestamp());
        assert_eq!(
            bench.bring_keys(id, right, &keys).await.error(),
            (400, "invalid_grant"),
            "once"
        );

        let id = second.system.id.as_str();
        for _ in 0..5 {
            let answer = bench.bring_keys(id, "wrong", &keys).await;
            assert_eq!(answer.error(), (400, "invalid_grant"), "{answer:?}");
        }
        assert_eq!(bench.bring_keys(id, second.code.expose(), &keys).await.status, 200);

        // Another code takes the place of the first, and the record says nothing of any.
        let third = bench.created(&["lab/results"]).await;
        let (theirs, id) = (theirs(&bench), third.system.id.clone());
        let again = bench.database.write(move |conn| theirs.issue_code(conn, &id)).await.unwrap();
        let id = again.system.id.as_str();
        let old = bench.bring_keys(id, third.code.expose(), &keys).await;
        assert_eq!(old.error(), (400, "invalid_grant"), "{old:?}");
        assert_eq!(bench.bring_keys(id, again.code.expose(), &keys).await.status, 200);
        let kinds = bench.audit().await;
        let failed = kinds.iter().filter(|kind| *kind == "system.code-failed").count();
        assert_eq!(failed, 8, "{kinds:?}");
    }
}

#[actix_web::test]
async fn what_cannot_be_read_is_told_exactly() {
    let bench = Bench::each().await.remove(0);
    for (kind, body, status, text) in [
        ("text/plain", "{}".to_owned(), 400, "application/json"),
        ("application/json", "{".to_owned(), 400, "one JSON object"),
        ("application/json", json!({ "code": "x" }).to_string(), 400, "one JSON object"),
        (
            "application/json",
            json!({ "code": "x", "jwks": {}, "more": 1 }).to_string(),
            400,
            "one JSON object",
        ),
        ("application/json", json!({ "code": "x", "jwks": {} }).to_string(), 400, "jwks: "),
        ("application/json", "x".repeat(40_000), 413, "32 KiB"),
    ] {
        let request = TestRequest::post().uri("/systems/sys_a/set-up");
        let request = request.insert_header(("content-type", kind)).set_payload(body.clone());
        let answer = bench.call(request).await;
        assert_eq!((answer.status, answer.error().1), (status, "invalid_request"), "{body:.80}");
        assert!(answer.text("error_description").contains(text), "{answer:?}");
    }
}

#[actix_web::test]
async fn whoever_keeps_guessing_codes_has_to_wait() {
    let bench = Bench::each().await.remove(0);
    let keys = jwks(&key());
    let mut last = bench.bring_keys("sys_guess", "0", &keys).await;
    for _ in 0..super::MOST_FAILURES + 1 {
        last = bench.bring_keys("sys_guess", "1", &keys).await;
    }
    assert_eq!(last.error(), (429, "temporarily_unavailable"));
    assert!(last.header(RETRY_AFTER).is_some(), "{last:?}");
}

#[actix_web::test]
async fn a_system_of_another_organization_is_not_there() {
    for bench in Bench::each().await {
        bench.with_hie().await;
        let made = bench.created(&["hie/pmp.query"]).await;
        let mut others = theirs(&bench);
        others.organization = "org_billing".parse().unwrap();
        others.office.actor = Actor::Administrator {
            who: "sub_ann".parse().unwrap(),
            of: "org_billing".parse().unwrap(),
        };
        let id = made.system.id.clone();
        let refused = bench
            .database
            .write(move |conn| {
                Ok((
                    others.issue_code(conn, &id)?.map(|made| made.system),
                    others.renew(conn, &id)?,
                    others.revoke(conn, &id)?,
                ))
            })
            .await;
        let said = [refused.0, refused.1, refused.2].map(|one| one.unwrap_err().to_string());
        assert!(said.iter().all(|text| *text == said[0]), "{said:?}");
        let kinds = bench.audit().await;
        assert_eq!(kinds.iter().filter(|kind| *kind == "access.refused").count(), 3, "{kinds:?}");
    }
}
