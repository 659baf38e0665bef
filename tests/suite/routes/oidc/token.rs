//! `/token`: form of requests and answers, and the code (sections 2, 5 and 6).

use hilum_tests::{
    AuthorizeRequest, Fresh, Json, Person, Shared, Site, TestIdp, Tokens, claims_of, header_of,
    on_every_store,
};
use reqwest::Method;
use serde_json::{Value, json};

on_every_store![
    a_code_becomes_tokens_for_this_person_and_this_site,
    answers_are_json_that_nobody_keeps,
    only_a_posted_form_is_read,
    grants_that_are_not_offered_or_not_registered_are_refused,
    a_parameter_sent_twice_is_refused,
    another_redirect_uri_or_none_is_refused_and_spends_the_code,
    a_wrong_verifier_is_refused_and_spends_the_code,
    a_code_shown_twice_ends_what_it_led_to,
    a_code_lives_for_a_minute,
    a_code_is_of_no_use_to_another_site,
    a_code_dies_with_the_sign_out,
    a_machine_gets_a_token_of_its_own_and_nobodys_data,
    a_page_may_call_only_where_a_public_client_lives,
];

/// A code for `practitioner`, fresh from the oven.
async fn fresh_code(idp: &TestIdp, site: &Site) -> (AuthorizeRequest, String) {
    let request = site.request();
    let code = site.code(&mut idp.browser(), &Person::new("practitioner"), &request).await;
    (request, code)
}

async fn a_code_becomes_tokens_for_this_person_and_this_site(idp: Shared) {
    for (client, algorithm) in
        [("alpha", "RS256"), ("beta", "ES256"), ("poster", "PS256"), ("keyed", "EdDSA")]
    {
        let site = idp.site(client);
        let (request, code) = fresh_code(idp, &site).await;
        let answer = site.redeem(&request, &code).await;
        let tokens = Tokens::of(&answer);
        assert_eq!(
            answer.body["token_type"].as_str().map(str::to_lowercase).as_deref(),
            Some("bearer")
        );
        assert_eq!(answer.body["expires_in"], 600, "R-constant: an access token lives ten minutes");
        assert_eq!(header_of(&tokens.id)["alg"], algorithm, "{client}");
        let (id, access) = (claims_of(&tokens.id), claims_of(&tokens.access));
        assert_eq!((&id["iss"], &id["aud"]), (&json!(idp.origin), &json!(client)));
        assert_eq!(id["nonce"], request.nonce.as_str());
        let lives = id["exp"].as_i64().unwrap() - id["iat"].as_i64().unwrap();
        assert_eq!(lives, 300, "an ID token lives five minutes");
        assert!(id["auth_time"].is_i64() && id["sid"].is_string() && id["jti"].is_string());
        // RFC 9068 §2.2: what a resource server needs, and nothing about the person.
        let typ = header_of(&tokens.access)["typ"].as_str().unwrap().to_lowercase();
        assert_eq!(typ, "at+jwt");
        for name in ["iss", "aud", "sub", "client_id", "iat", "exp", "jti", "scope"] {
            assert_ne!(access[name], Value::Null, "{name}");
        }
        for name in ["name", "email", "affiliations", "npi", "last_login"] {
            assert_eq!(access[name], Value::Null, "{name}");
        }
        assert_eq!(id["sub"], access["sub"]);
        assert_eq!(site.userinfo(&tokens.access).await.body["sub"], id["sub"]);
    }
}

/// 2.1
async fn answers_are_json_that_nobody_keeps(idp: Shared) {
    let site = idp.site("alpha");
    let (request, code) = fresh_code(idp, &site).await;
    for answer in [
        site.redeem(&request, &code).await,
        site.redeem(&request, "nonsense").await,
        site.token(&[("grant_type", "password")]).await,
    ] {
        assert!(answer.header("content-type").starts_with("application/json"), "{}", answer.text);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("access-control-allow-origin"), "");
        assert!(answer.headers.get("set-cookie").is_none());
    }
}

/// 2.1, CVE-2026-37977
async fn only_a_posted_form_is_read(idp: Shared) {
    let site = idp.site("poster");
    let (request, code) = fresh_code(idp, &site).await;
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(request.redemption(&code))
        .extend_pairs([
            ("client_id", "poster"),
            ("client_secret", "poster-secret-of-the-tests-0123456789abcdef"),
        ])
        .finish();
    let get = site.call(Method::GET, &format!("/token?{query}")).send().await;
    assert_eq!(get.0, 405);
    assert!(get.1.get("allow").is_some_and(|allow| allow.to_str().unwrap().contains("POST")));
    for answer in [
        Json::of(
            site.call(Method::POST, &format!("/token?{query}")).form(&[("x", "y")]).send().await,
        ),
        Json::of(
            site.authenticated("/token?grant_type=authorization_code", &request.redemption(&code))
                .send()
                .await,
        ),
        Json::of(
            site.call(Method::POST, "/token")
                .header("Content-Type", "application/json")
                .body("{}")
                .send()
                .await,
        ),
        Json::of(
            site.call(Method::POST, "/token")
                .header("Content-Type", "multipart/form-data; boundary=x")
                .body("--x--")
                .send()
                .await,
        ),
        Json::of(site.call(Method::POST, "/token").body(query.clone()).send().await),
    ] {
        assert_eq!(answer.error(), (400, "invalid_request"), "{}", answer.text);
    }
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        assert_eq!(site.call(method, "/token").send().await.0, 405);
    }
    // None of this has spent the code.
    assert_eq!(site.redeem(&request, &code).await.status, 200);
    assert!(!idp.log().contains(&code), "what stood in an address is in no log");
}

/// 2.2
async fn grants_that_are_not_offered_or_not_registered_are_refused(idp: Shared) {
    let alpha = idp.site("alpha");
    for grant in [
        "password",
        "implicit",
        "urn:ietf:params:oauth:grant-type:device_code",
        "AUTHORIZATION_CODE",
    ] {
        let answer = alpha
            .token(&[("grant_type", grant), ("username", "practitioner"), ("password", "x")])
            .await;
        assert_eq!(answer.error(), (400, "unsupported_grant_type"), "{grant}");
    }
    let none: [(&str, &str); 0] = [];
    assert_eq!(alpha.token(&none).await.status, 400);
    assert_eq!(alpha.client_credentials().await.error(), (400, "unauthorized_client"));
    let machine = idp.site("machine");
    let code = machine.token(&[("grant_type", "authorization_code"), ("code", "x")]).await;
    assert_eq!(code.error(), (400, "unauthorized_client"));
    let codes_only = idp.site("codes-only");
    assert_eq!(codes_only.refresh("x").await.error(), (400, "unauthorized_client"));
    let tokens = codes_only.sign_on(&mut idp.browser(), &Person::new("practitioner")).await;
    assert_eq!(tokens.refresh, None);
}

async fn a_parameter_sent_twice_is_refused(idp: Shared) {
    let site = idp.site("alpha");
    let (request, code) = fresh_code(idp, &site).await;
    let mut form = request.redemption(&code);
    form.push(("code".into(), "other".into()));
    assert_eq!(site.token(&form).await.error(), (400, "invalid_request"));
    assert_eq!(site.redeem(&request, &code).await.status, 200, "and the code is not spent");
}

/// 4.3
async fn another_redirect_uri_or_none_is_refused_and_spends_the_code(idp: Shared) {
    let site = idp.site("alpha");
    for uri in
        [None, Some("https://alpha.example/callback/"), Some("https://evil.example/"), Some("")]
    {
        let (request, code) = fresh_code(idp, &site).await;
        let mut form = request.redemption(&code);
        form.retain(|(name, _)| name != "redirect_uri");
        form.extend(uri.map(|uri| ("redirect_uri".into(), uri.into())));
        assert_eq!(site.token(&form).await.error(), (400, "invalid_grant"), "{uri:?}");
        let again = site.redeem(&request, &code).await;
        assert_eq!(again.error(), (400, "invalid_grant"), "{uri:?}: spent");
    }
}

/// 5.2, CVE-2023-48228
async fn a_wrong_verifier_is_refused_and_spends_the_code(idp: Shared) {
    let site = idp.site("alpha");
    let (long, other) = ("v".repeat(129), "w".repeat(43));
    for verifier in [
        None,
        Some(""),
        Some("short"),
        Some(&*other),
        Some(&*long),
        Some("\u{e9}"),
        Some("challenge"),
    ] {
        let (request, code) = fresh_code(idp, &site).await;
        let challenge = request.parameters.iter().find(|(name, _)| name == "code_challenge");
        let challenge = challenge.unwrap().1.clone();
        let verifier =
            verifier.map(|text| if text == "challenge" { challenge } else { text.to_owned() });
        let mut form = request.redemption(&code);
        form.retain(|(name, _)| name != "code_verifier");
        form.extend(verifier.clone().map(|text| ("code_verifier".into(), text)));
        assert_eq!(site.token(&form).await.error(), (400, "invalid_grant"), "{verifier:?}");
        let again = site.redeem(&request, &code).await;
        assert_eq!(again.error(), (400, "invalid_grant"), "{verifier:?}: spent");
    }
    // A verifier for a request that had no challenge (RFC 9700 §4.8.2).
    let lax = idp.site("lax");
    let request = lax.request().without_pkce();
    let code = lax.code(&mut idp.browser(), &Person::new("practitioner"), &request).await;
    let mut form = request.redemption(&code);
    form.push(("code_verifier".into(), other.clone()));
    assert_eq!(lax.token(&form).await.error(), (400, "invalid_grant"));
}

/// 6.1
async fn a_code_shown_twice_ends_what_it_led_to(idp: Shared) {
    let site = idp.site("alpha");
    let (request, code) = fresh_code(idp, &site).await;
    let tokens = Tokens::of(&site.redeem(&request, &code).await);
    assert_eq!(site.userinfo(&tokens.access).await.status, 200);
    assert_eq!(site.redeem(&request, &code).await.error(), (400, "invalid_grant"));
    assert_eq!(site.userinfo(&tokens.access).await.error(), (401, "invalid_token"));
    assert_eq!(site.introspect(&tokens.access).await.body, json!({ "active": false }));
    let refreshed = site.refresh(&tokens.refresh.unwrap()).await;
    assert_eq!(refreshed.error(), (400, "invalid_grant"));
    let reused = "SELECT COUNT(*) AS v FROM audit_event WHERE kind LIKE '%reuse%'";
    assert!(idp.database.number(reused) >= 1, "and it is in the audit trail");
}

/// 6.1
async fn a_code_lives_for_a_minute(idp: Fresh) {
    let site = idp.site("alpha");
    let early = fresh_code(&idp, &site).await;
    let late = fresh_code(&idp, &site).await;
    idp.set_clock(50).await;
    assert_eq!(site.redeem(&early.0, &early.1).await.status, 200);
    idp.set_clock(63).await;
    assert_eq!(site.redeem(&late.0, &late.1).await.error(), (400, "invalid_grant"));
}

/// 6.2, CVE-2026-55672
async fn a_code_is_of_no_use_to_another_site(idp: Shared) {
    let (alpha, beta) = (idp.site("alpha"), idp.site("beta"));
    let (request, code) = fresh_code(idp, &alpha).await;
    let stolen = beta.redeem(&request, &code).await;
    assert_eq!(stolen.error(), (400, "invalid_grant"));
    let unknown = beta.redeem(&request, "never-was-a-code").await;
    assert_eq!(stolen.text, unknown.text, "nor does it learn whether there was one");
    let (request, code) = fresh_code(idp, &alpha).await;
    let tokens = Tokens::of(&alpha.redeem(&request, &code).await);
    // A used one neither: and the rightful owner keeps what it has.
    assert_eq!(beta.redeem(&request, &code).await.error(), (400, "invalid_grant"));
    assert_eq!(alpha.userinfo(&tokens.access).await.status, 200);
    let (request, code) = fresh_code(idp, &alpha).await;
    let mut form = request.redemption(&code);
    form.push(("client_id".into(), "alpha".into()));
    let mixed = beta.token(&form).await;
    assert_eq!(mixed.error(), (401, "invalid_client"), "credentials of one, name of another");
}

/// 6.3
async fn a_code_dies_with_the_sign_out(idp: Shared) {
    let (site, mut browser) = (idp.site("alpha"), idp.browser());
    let request = site.request();
    let code = site.code(&mut browser, &Person::new("practitioner"), &request).await;
    let page = browser.visit("/sign-out").await;
    browser.submit(&page, "logout-confirm", &[]).await;
    assert_eq!(site.redeem(&request, &code).await.error(), (400, "invalid_grant"));
}

/// RFC 9068; domain 3.1
async fn a_machine_gets_a_token_of_its_own_and_nobodys_data(idp: Shared) {
    for client in ["machine", "keyed"] {
        let site = idp.site(client);
        let answer = site.client_credentials().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(
            (&answer.body["refresh_token"], &answer.body["id_token"]),
            (&Value::Null, &Value::Null)
        );
        let token = answer.body["access_token"].as_str().unwrap();
        let claims = claims_of(token);
        assert_eq!(header_of(token)["alg"], "ES256");
        assert_eq!((&claims["sub"], &claims["client_id"]), (&json!(client), &json!(client)));
        assert!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap() <= 300);
        let userinfo = site.userinfo(token).await;
        assert!(
            matches!(userinfo.error(), (401, "invalid_token") | (403, "insufficient_scope")),
            "{}",
            userinfo.text
        );
    }
    let machine = idp.site("machine");
    for scope in ["openid", "profile", "offline_access", "affiliations"] {
        let answer = machine.token(&[("grant_type", "client_credentials"), ("scope", scope)]).await;
        assert_eq!(answer.error(), (400, "invalid_scope"), "{scope}");
    }
}

/// 2.1: CORS for the origins of public clients only
async fn a_page_may_call_only_where_a_public_client_lives(idp: Shared) {
    for (origin, allowed) in [
        ("http://localhost:8091", true), // the playground
        ("https://alpha.example", false),
        ("https://evil.example", false),
        ("null", false),
    ] {
        let preflight = idp
            .call(Method::OPTIONS, "/token")
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "POST")
            .send()
            .await;
        let answer = idp
            .call(Method::POST, "/token")
            .header("Origin", origin)
            .form(&[("a", "b")])
            .send()
            .await;
        for (_, headers, _) in [preflight, answer] {
            let got =
                headers.get("access-control-allow-origin").map(|value| value.to_str().unwrap());
            assert_eq!(got, allowed.then_some(origin), "{origin}");
            assert!(headers.get("access-control-allow-credentials").is_none());
        }
    }
}
