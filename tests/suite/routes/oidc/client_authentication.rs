//! How sites prove who they are (section 3, and 8.1 to 8.3 for assertions).

use hilum_tests::{
    Authentication, Fresh, Json, Listener, Settings, Shared, Site, TestIdp, TestKey, now,
    on_every_store, standing::SITE_KEY,
};
use serde_json::{Value, json};

on_every_store![
    an_unknown_site_and_a_wrong_secret_get_the_same_answer,
    only_the_registered_method_counts_and_only_one,
    an_assertion_must_be_the_sites_own_for_us_alone_and_short_lived,
    an_assertion_that_the_sites_key_has_not_signed_is_worth_nothing,
    an_assertion_is_good_once,
    a_site_may_keep_its_keys_at_an_address_and_change_them,
    whoever_keeps_failing_has_to_wait_and_others_have_not,
];

/// Asks for tokens with this assertion.
async fn assert_with(site: &Site, assertion: &str) -> Json {
    let bare = Site { authentication: Authentication::None, ..site.clone() };
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ];
    bare.token(&form).await
}

/// A good assertion with `changes` made to it; `null` takes a claim out.
fn changed(site: &Site, changes: &Value) -> Value {
    let mut claims = site.assertion();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        }
    }
    claims
}

/// 3.1
async fn an_unknown_site_and_a_wrong_secret_get_the_same_answer(idp: Shared) {
    let alpha = idp.site("alpha");
    let wrong = |id: &str, secret: &str| Site {
        client_id: id.into(),
        authentication: Authentication::Basic(secret.into()),
        ..alpha.clone()
    };
    let mut texts = Vec::new();
    for site in [
        wrong("alpha", "wrong"),
        wrong("nobody", "wrong"),
        wrong("alpha", ""),
        wrong("'; --", "x"),
        wrong("", ""),
    ] {
        let answer = site.client_credentials().await;
        assert_eq!(answer.error(), (401, "invalid_client"));
        assert!(answer.header("www-authenticate").starts_with("Basic "), "{answer:?}");
        texts.push(answer.text);
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
}

/// 3.2
async fn only_the_registered_method_counts_and_only_one(idp: Shared) {
    let secret = |id: &str| hilum_tests::standing::secret_of(id);
    for (client, authentication) in [
        ("alpha", Authentication::None),
        ("alpha", Authentication::Post(secret("alpha"))),
        ("alpha", Authentication::Key),
        ("poster", Authentication::Basic(secret("poster"))),
        ("poster", Authentication::None),
        ("keyed", Authentication::None),
        ("keyed", Authentication::Basic(secret("keyed"))),
        ("keyed", Authentication::Post(String::new())),
        ("playground", Authentication::Basic("x".into())),
        ("playground", Authentication::Post("x".into())),
    ] {
        let site = Site { authentication, ..idp.site(client) };
        let answer = site.token(&[("grant_type", "refresh_token"), ("refresh_token", "x")]).await;
        assert_eq!(answer.error(), (401, "invalid_client"), "{client} {:?}", site.authentication);
    }
    let alpha = idp.site("alpha");
    let assertion = SITE_KEY.sign(&idp.site("keyed").assertion());
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    for form in [
        vec![
            ("client_secret", "alpha-secret-of-the-tests-0123456789abcdef"),
            ("client_id", "alpha"),
        ],
        vec![("client_assertion", assertion.as_str()), ("client_assertion_type", kind)],
    ] {
        let answer = alpha.token(&[form, vec![("grant_type", "refresh_token")]].concat()).await;
        assert_eq!(answer.error(), (400, "invalid_request"), "two methods: {}", answer.text);
    }
}

/// 3.3, 3.4
async fn an_assertion_must_be_the_sites_own_for_us_alone_and_short_lived(idp: Shared) {
    let site = idp.site("keyed");
    assert_eq!(assert_with(&site, &SITE_KEY.sign(&site.assertion())).await.status, 200);
    let issuer = idp.origin.as_str();
    let token_endpoint = format!("{issuer}/token");
    for changes in [
        json!({ "iss": "alpha" }),
        json!({ "iss": null }),
        json!({ "sub": "alpha", "iss": "alpha" }),
        json!({ "exp": null }),
        json!({ "exp": now() + 400 }),
        json!({ "exp": now() - 1 }),
        json!({ "exp": "soon" }),
        json!({ "exp": 1e300 }),
        json!({ "exp": -1 }),
        json!({ "nbf": now() + 60 }),
        json!({ "iat": now() + 60 }),
        json!({ "jti": null }),
        json!({ "jti": "" }),
        json!({ "aud": null }),
        json!({ "aud": [issuer] }),
        json!({ "aud": [issuer, "https://other.example"] }),
        json!({ "aud": token_endpoint }),
        json!({ "aud": format!("{issuer}/") }),
        json!({ "aud": "https://other.example" }),
    ] {
        let answer = assert_with(&site, &SITE_KEY.sign(&changed(&site, &changes))).await;
        // What is no claim of its type at all says nothing about who sends it.
        let refused = matches!(answer.error(), (401, "invalid_client") | (400, "invalid_request"));
        assert!(refused, "{changes}: {}", answer.text);
    }
    let slow = changed(&site, &json!({ "iat": now() + 8, "nbf": now() + 8 }));
    assert_eq!(assert_with(&site, &SITE_KEY.sign(&slow)).await.status, 200, "a clock 8 s ahead");
}

/// 3.3, 8.1, 8.2
async fn an_assertion_that_the_sites_key_has_not_signed_is_worth_nothing(idp: Shared) {
    let site = idp.site("keyed");
    let claims = || site.assertion();
    let foreign = TestKey::new("keyed-1");
    let listener = Listener::start().await;
    let header = |more: Value| {
        let mut header = json!({ "alg": "ES256", "typ": "JWT", "kid": "keyed-1" });
        header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        header
    };
    let public = SITE_KEY.jwk().to_string();
    for (what, assertion) in [
        ("another key", foreign.sign(&claims())),
        ("none", TestKey::unsigned(&claims())),
        ("NONE", foreign.sign_with(&header(json!({ "alg": "NONE" })), &claims())),
        (
            "HMAC with the public key",
            TestKey::hmac(public.as_bytes(), &header(json!({ "alg": "HS256" })), &claims()),
        ),
        ("HMAC with nothing", TestKey::hmac(b"", &header(json!({ "alg": "HS256" })), &claims())),
        (
            "its own key in the header",
            foreign.sign_with(&header(json!({ "jwk": foreign.jwk() })), &claims()),
        ),
        ("jku", foreign.sign_with(&header(json!({ "jku": listener.url("/jwks") })), &claims())),
        ("x5u", foreign.sign_with(&header(json!({ "x5u": listener.url("/x5u") })), &claims())),
        (
            "strange kid",
            foreign.sign_with(&header(json!({ "kid": "../../../../dev/null" })), &claims()),
        ),
        ("SQL in kid", foreign.sign_with(&header(json!({ "kid": "' OR 1=1 --" })), &claims())),
        ("another typ", SITE_KEY.sign_with(&header(json!({ "typ": "at+jwt" })), &claims())),
        ("crit", SITE_KEY.sign_with(&header(json!({ "crit": ["exp"] })), &claims())),
        ("rubbish", "a.b.c".to_owned()),
        ("two parts", "e30.e30".to_owned()),
    ] {
        let answer = assert_with(&site, &assertion).await;
        let refused = matches!(answer.error(), (401, "invalid_client") | (400, "invalid_request"));
        assert!(refused, "{what}: {}", answer.text);
    }
    assert!(listener.received().is_empty(), "no address of a header is ever called");
    // An ID token of ours is no assertion either (8.3).
    let mut browser = idp.browser();
    let tokens = site.sign_on(&mut browser, &hilum_tests::Person::new("practitioner")).await;
    for token in [&tokens.id, &tokens.access] {
        let answer = assert_with(&site, token).await;
        assert!(matches!(answer.status, 400 | 401), "{}", answer.text);
    }
}

/// RFC 7523 §3
async fn an_assertion_is_good_once(idp: Shared) {
    let site = idp.site("keyed");
    let assertion = SITE_KEY.sign(&site.assertion());
    assert_eq!(assert_with(&site, &assertion).await.status, 200);
    assert_eq!(assert_with(&site, &assertion).await.error(), (401, "invalid_client"));
}

/// RFC 7523, RFC 7591 `jwks_uri`
async fn a_site_may_keep_its_keys_at_an_address_and_change_them(idp: Fresh) {
    let listener = Listener::start().await;
    let (first, second) = (TestKey::new("first"), TestKey::new("second"));
    listener.answer(200, &first.jwks().to_string());
    let site = idp
        .add_site(
            &format!("remote-{:?}", idp.backend).to_lowercase(),
            &json!({
                "token_endpoint_auth_method": "private_key_jwt", "client_secret": null,
                "jwks_uri": listener.url("/keys"),
                "grant_types": ["authorization_code", "client_credentials"],
            }),
        )
        .await;
    assert_eq!(assert_with(&site, &first.sign(&site.assertion())).await.status, 200);
    listener.answer(200, &second.jwks().to_string());
    // Nobody can make us fetch at will: a little later, an unknown key is worth a second look.
    let early = assert_with(&site, &second.sign(&site.assertion())).await;
    assert!(matches!(early.status, 200 | 401), "{}", early.text);
    idp.set_clock(40).await;
    let answer = assert_with(&site, &second.sign(&site.assertion())).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let calls = listener.received().len();
    for _ in 0..5 {
        let unknown = TestKey::new("never-published");
        assert_eq!(assert_with(&site, &unknown.sign(&site.assertion())).await.status, 401);
    }
    assert!(listener.received().len() <= calls + 1, "{calls} calls");
}

/// 3.1
async fn whoever_keeps_failing_has_to_wait_and_others_have_not(backend: hilum_tests::Backend) {
    let settings = Settings::new().with("throttle.client_failures", "5");
    let idp = TestIdp::start_with(backend, settings).await;
    let alpha = idp.site("alpha");
    let wrong = Site { authentication: Authentication::Basic("wrong".into()), ..alpha.clone() };
    let mut waited = None;
    for _ in 0..40 {
        let answer = wrong.refresh("x").await;
        if answer.status == 429 {
            waited = Some(answer);
            break;
        }
        assert_eq!(answer.error(), (401, "invalid_client"));
    }
    let waited = waited.expect("at some time it has to wait");
    assert!(waited.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    assert_eq!(idp.site("machine").client_credentials().await.status, 200, "others go on");
}
