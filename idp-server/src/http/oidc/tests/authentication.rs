//! Client authentication, from the outside.

use actix_web::{
    http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE},
    test::TestRequest,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use idp_core::{
    community::site_registration::{self, Circumstances},
    oidc::{client_assertion::CLIENT_ASSERTION_TYPE, jose::SigningAlgorithm},
};
use serde_json::{Value, json};

use super::{Answer, Bench, basic, secret};
use crate::{
    keys::private_key::{PrivateKey, RsaSize},
    store::{site, tests::samples::at},
};

#[actix_web::test]
async fn an_unknown_site_looks_like_a_wrong_secret() {
    let bench = Bench::each().await.remove(0);
    let mut answers = Vec::new();
    for (site, secret) in [
        ("alpha", "wrong".to_owned()),
        ("nobody", secret("alpha")),
        ("beta", secret("beta")), // it has registered the other method
        ("native", "x".to_owned()),
    ] {
        let request = TestRequest::post()
            .uri("/token")
            .insert_header((AUTHORIZATION, basic(site, &secret)))
            .set_form([("grant_type", "refresh_token")]);
        let Answer { status, headers, body } = bench.call(request).await;
        let mut headers: Vec<String> =
            headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        headers.sort();
        answers.push((status, headers, body));
    }
    assert_eq!((answers[0].0, &answers[0].2["error"]), (401, &json!("invalid_client")));
    assert!(answers[0].1.iter().any(|line| line.starts_with(WWW_AUTHENTICATE.as_str())));
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}

#[actix_web::test]
async fn a_site_authenticates_in_its_own_way_and_in_no_other() {
    let bench = Bench::each().await.remove(0);
    let (alpha, beta) = (basic("alpha", &secret("alpha")), secret("beta"));
    let form = "application/x-www-form-urlencoded";
    let ask = "grant_type=refresh_token";
    // the header, the body and its type; status and error
    for (header, body, kind, expected) in [
        // Authenticated: what is missing is the token.
        (Some(&alpha), ask.to_owned(), form, (400, "invalid_request")),
        (None, format!("{ask}&client_id=native"), form, (400, "invalid_request")),
        (None, format!("{ask}&client_id=alpha"), form, (401, "invalid_client")),
        (
            None,
            format!("{ask}&client_id=alpha&client_secret={beta}"),
            form,
            (401, "invalid_client"),
        ),
        (None, ask.to_owned(), form, (401, "invalid_client")),
        (Some(&alpha), format!("{ask}&client_id=beta"), form, (401, "invalid_client")),
        (Some(&alpha), format!("{ask}&client_secret=x"), form, (400, "invalid_request")),
        (Some(&alpha), format!("{ask}&{ask}"), form, (400, "invalid_request")),
        (Some(&alpha), "{}".to_owned(), "application/json", (400, "invalid_request")),
        (Some(&alpha), format!("x={}", "y".repeat(64 * 1024)), form, (413, "invalid_request")),
    ] {
        let mut request = TestRequest::post().uri("/token").insert_header((CONTENT_TYPE, kind));
        if let Some(header) = header {
            request = request.insert_header((AUTHORIZATION, header.as_str()));
        }
        let answer = bench.call(request.set_payload(body.clone())).await;
        assert_eq!(answer.error(), expected, "{body:.100}");
    }
}

/// Registers a site that signs its assertions, and returns its key.
async fn signing_site(bench: &Bench) -> PrivateKey {
    let key = PrivateKey::generate(SigningAlgorithm::Es256, RsaSize::default()).unwrap();
    let (_, jwk) = key.public_jwk().unwrap();
    let document = json!({
        "client_id": "signer", "client_name": "signer", "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [jwk] },
    });
    let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
    let new = site_registration::read(&document, circumstances).unwrap().site;
    bench.database.write(move |conn| site::insert(conn, &new, at(0))).await;
    bench.app.reload_sites().await.unwrap();
    key
}

fn assertion(key: &PrivateKey, claims: &Value) -> String {
    let encode = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let message = format!("{}.{}", encode(&json!({ "alg": "ES256" })), encode(claims));
    let signature = key.sign(message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[actix_web::test]
async fn an_assertion_opens_the_door_once() {
    for bench in Bench::each().await {
        let key = signing_site(&bench).await;
        let good = json!({
            "iss": "signer", "sub": "signer", "aud": "http://localhost:8080", "jti": "j1",
            "exp": at(5).timestamp(), "iat": at(1).timestamp(),
        });
        let with = |name: &str, value: Value| {
            let mut claims = good.clone();
            claims["jti"] = format!("with {name} {value}").into();
            claims[name] = value;
            assertion(&key, &claims)
        };
        let stranger = PrivateKey::generate(SigningAlgorithm::Es256, RsaSize::default()).unwrap();
        let first = assertion(&key, &good);
        for (what, assertion, expected) in [
            ("a good one", first.clone(), 200),
            ("the same again", first, 401),
            ("a new one", with("jti", "j2".into()), 200),
            ("another audience", with("aud", "http://localhost:8080/token".into()), 401),
            ("audiences", with("aud", json!(["http://localhost:8080"])), 401),
            ("expired", with("exp", at(1).timestamp().into()), 401),
            ("long-lived", with("exp", at(7).timestamp().into()), 401),
        ] {
            let form = [
                ("grant_type", "client_credentials"),
                ("client_assertion_type", CLIENT_ASSERTION_TYPE),
                ("client_assertion", &assertion),
            ];
            // Failures of one line must not slow down the next.
            let address = format!("192.0.2.{}:1", what.len()).parse().unwrap();
            let request = TestRequest::post().uri("/token").peer_addr(address).set_form(form);
            assert_eq!(bench.call(request).await.status, expected, "{what}");
        }
        let forged = assertion(&stranger, &good);
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", CLIENT_ASSERTION_TYPE),
            ("client_assertion", &forged),
        ];
        let forged = bench.call(TestRequest::post().uri("/token").set_form(form)).await;
        assert_eq!(forged.error(), (401, "invalid_client"));
    }
}
