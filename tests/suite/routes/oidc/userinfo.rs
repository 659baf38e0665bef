//! `/userinfo` (9.1, 9.2) and the kinds of tokens (8.1 to 8.3).

use hilum_tests::{
    Fresh, Json, Listener, Person, Shared, Site, TestKey, Tokens, claims_of, header_of,
    on_every_store,
};
use reqwest::Method;
use serde_json::json;

on_every_store![
    it_answers_to_get_and_post_and_in_the_form,
    each_way_to_ask_wrongly_has_its_answer,
    an_access_token_ends_after_ten_minutes,
    after_sign_out_a_token_opens_nothing,
    only_our_own_access_tokens_count,
    a_site_sees_the_affiliations_that_its_record_allows,
    last_login_is_the_sign_in_before_this_one,
    two_sites_know_a_person_and_an_affiliation_by_different_names,
];

async fn bearer(site: &Site, header: &str) -> Json {
    Json::of(site.call(Method::GET, "/userinfo").header("Authorization", header).send().await)
}

async fn it_answers_to_get_and_post_and_in_the_form(idp: Shared) {
    let site = idp.site("alpha");
    let tokens = site.sign_on(&mut idp.browser(), &Person::new("practitioner")).await;
    let header = format!("Bearer {}", tokens.access);
    let post = site.call(Method::POST, "/userinfo").header("Authorization", &header);
    let form = site.call(Method::POST, "/userinfo").form(&[("access_token", &tokens.access)]);
    let get = site.userinfo(&tokens.access).await;
    for answer in [
        Json::of(post.send().await),
        Json::of(form.send().await),
        bearer(&site, &header.replace("Bearer", "bearer")).await,
    ] {
        assert_eq!((answer.status, &answer.body), (200, &get.body), "{}", answer.text);
    }
    assert_eq!(get.body["sub"], claims_of(&tokens.id)["sub"]);
    assert!(get.body["email"].is_string() && get.body["name"].is_string(), "{}", get.text);
    assert_eq!(get.header("cache-control"), "no-store");
    assert!(get.header("content-type").starts_with("application/json"));
}

/// 9.1, RFC 6750 §3.1
async fn each_way_to_ask_wrongly_has_its_answer(idp: Shared) {
    let site = idp.site("alpha");
    let tokens = site.sign_on(&mut idp.browser(), &Person::new("practitioner")).await;
    let (access, header) = (&tokens.access, format!("Bearer {}", tokens.access));
    let none = Json::of(site.call(Method::GET, "/userinfo").send().await);
    assert_eq!(none.status, 401);
    let challenge = none.header("www-authenticate");
    assert!(challenge.starts_with("Bearer") && !challenge.contains("error"), "{challenge}");
    let query = format!("/userinfo?access_token={access}");
    for request in [
        site.call(Method::GET, &query),
        site.call(Method::GET, &query).header("Authorization", &header),
        site.call(Method::POST, "/userinfo")
            .header("Authorization", &header)
            .form(&[("access_token", access)]),
        site.call(Method::POST, "/userinfo")
            .form(&[("access_token", access), ("access_token", access)]),
    ] {
        assert_eq!(Json::of(request.send().await).error(), (400, "invalid_request"));
    }
    for token in [
        "x",
        "a.b.c",
        "",
        &access[..access.len() - 2],
        &tokens.id,
        tokens.refresh.as_deref().unwrap(),
    ] {
        let answer = bearer(&site, &format!("Bearer {token}")).await;
        assert_eq!(answer.status, 401, "{token}: {}", answer.text);
        assert!(
            answer.header("www-authenticate").contains("error=\"invalid_token\"")
                || token.is_empty()
        );
    }
    for method in [Method::PUT, Method::DELETE] {
        assert_eq!(site.call(method, "/userinfo").send().await.0, 405);
    }
}

/// 9.1
async fn an_access_token_ends_after_ten_minutes(idp: Fresh) {
    let site = idp.site("alpha");
    let tokens = site.sign_on(&mut idp.browser(), &Person::new("practitioner")).await;
    idp.set_clock(595).await;
    assert_eq!(site.userinfo(&tokens.access).await.status, 200);
    idp.set_clock(605).await;
    assert_eq!(site.userinfo(&tokens.access).await.error(), (401, "invalid_token"));
    assert_eq!(site.introspect(&tokens.access).await.body, json!({ "active": false }));
}

/// 9.2
async fn after_sign_out_a_token_opens_nothing(idp: Shared) {
    let (site, mut browser) = (idp.site("alpha"), idp.browser());
    let tokens = site.sign_on(&mut browser, &Person::new("practitioner")).await;
    let page = browser.visit("/sign-out").await;
    browser.submit(&page, "logout-confirm", &[]).await;
    let answer = site.userinfo(&tokens.access).await;
    assert_eq!(answer.error(), (401, "invalid_token"));
    assert_eq!(answer.body["sub"], serde_json::Value::Null);
}

/// 8.1, 8.2, 8.3
async fn only_our_own_access_tokens_count(idp: Shared) {
    let site = idp.site("alpha");
    let tokens = site.sign_on(&mut idp.browser(), &Person::new("practitioner")).await;
    let (header, claims) = (header_of(&tokens.access), claims_of(&tokens.access));
    let with = |name: &str, value: &str| {
        let mut header = header.clone();
        header[name] = json!(value);
        header
    };
    let foreign = TestKey::new(header["kid"].as_str().unwrap());
    let listener = Listener::start().await;
    let (_, _, jwks) = site.call(Method::GET, "/jwks").send().await;
    let mut own_key = header.clone();
    own_key["jwk"] = foreign.jwk();
    let parts: Vec<&str> = tokens.access.split('.').collect();
    let unsigned = TestKey::unsigned(&claims);
    for (what, token) in [
        ("another key", foreign.sign_with(&header, &claims)),
        ("none", unsigned.clone()),
        ("none, signature kept", format!("{unsigned}{}", parts[2])),
        ("HMAC with our key set", TestKey::hmac(&jwks, &with("alg", "HS256"), &claims)),
        ("its own key", foreign.sign_with(&own_key, &claims)),
        ("jku", foreign.sign_with(&with("jku", &listener.url("/jwks")), &claims)),
        ("a path as kid", foreign.sign_with(&with("kid", "/etc/passwd"), &claims)),
        ("SQL as kid", foreign.sign_with(&with("kid", "x' UNION SELECT 1 --"), &claims)),
        (
            "other claims under our signature",
            format!("{}.{}.{}", parts[0], claims_part(&claims), parts[2]),
        ),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("an ID token", tokens.id.clone()),
    ] {
        let answer = site.userinfo(&token).await;
        assert_eq!(answer.error(), (401, "invalid_token"), "{what}: {}", answer.text);
        let introspected = site.introspect(&token).await;
        assert_eq!(introspected.body, json!({ "active": false }), "{what}");
    }
    assert!(listener.received().is_empty());
    assert_eq!(site.userinfo(&tokens.access).await.status, 200);
}

/// Domain 3.1 to 3.4: what each mode shows
async fn a_site_sees_the_affiliations_that_its_record_allows(idp: Shared) {
    let biller = Person::new("biller");
    let one = idp.site("one").sign_on(&mut idp.browser(), &biller).await;
    let all = idp.site("all").sign_on(&mut idp.browser(), &biller).await;
    let none = idp.site("alpha").sign_on(&mut idp.browser(), &biller).await;
    let one_claims = claims_of(&one.id);
    assert_eq!(one_claims["affiliations"].as_array().unwrap().len(), 1);
    assert_eq!(one_claims["affiliations"][0]["id"], one_claims["selected_affiliation"]);
    assert_eq!(claims_of(&all.id)["selected_affiliation"], serde_json::Value::Null);
    let seen = idp.site("all").userinfo(&all.access).await.body;
    let seen = seen["affiliations"].as_array().unwrap();
    assert_eq!(seen.len(), 2, "{seen:?}");
    for affiliation in seen {
        for name in
            ["id", "organization", "tax_ids", "roles", "administrator", "access_level", "since"]
        {
            assert_ne!(affiliation[name], serde_json::Value::Null, "{name} in {affiliation}");
        }
        assert!(affiliation["tax_ids"][0]["value"].as_str().unwrap().contains('-'));
        assert!(affiliation["roles"].as_array().unwrap().contains(&json!("billing-specialist")));
    }
    let selected = idp.site("one").userinfo(&one.access).await.body;
    assert_eq!(selected["affiliations"].as_array().unwrap().len(), 1, "{selected}");
    assert_eq!(claims_of(&none.id)["affiliations"], serde_json::Value::Null);
}

/// 8.5
async fn two_sites_know_a_person_and_an_affiliation_by_different_names(idp: Shared) {
    let person = Person::new("practitioner");
    let mut names = Vec::new();
    for client in ["one", "credentia", "one"] {
        let site = idp.site(client).asking("openid affiliations");
        let tokens = site.sign_on(&mut idp.browser(), &person).await;
        let claims = claims_of(&tokens.id);
        let affiliation = claims["selected_affiliation"].as_str().unwrap().to_owned();
        let inside = idp.database.column("SELECT id AS v FROM affiliation");
        assert!(!inside.contains(&affiliation), "the name inside is nobody's outside");
        names.push((claims["sub"].as_str().unwrap().to_owned(), affiliation));
    }
    assert_ne!(names[0].0, names[1].0);
    assert_ne!(names[0].1, names[1].1);
    assert_eq!(names[0], names[2], "and each site by the same one for ever");
}

async fn last_login_is_the_sign_in_before_this_one(idp: Fresh) {
    let (site, person) = (idp.site("one"), Person::new("practitioner"));
    let first: Tokens = site.sign_on(&mut idp.browser(), &person).await;
    let auth_time = claims_of(&first.id)["auth_time"].as_i64().unwrap();
    idp.set_clock(100).await;
    let second = site.sign_on(&mut idp.browser(), &person).await;
    assert_eq!(claims_of(&second.id)["last_login"].as_i64(), Some(auth_time));
}

fn claims_part(claims: &serde_json::Value) -> String {
    let mut claims = claims.clone();
    claims["sub"] = json!("somebody-else");
    TestKey::unsigned(&claims).split('.').nth(1).unwrap().to_owned()
}
