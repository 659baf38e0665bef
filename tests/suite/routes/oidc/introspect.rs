//! `/introspect` (9.3).

use hilum_tests::{Authentication, Person, Shared, Site, on_every_store};
use reqwest::Method;
use serde_json::json;

on_every_store![
    a_site_learns_what_its_own_tokens_are_worth,
    whatever_is_no_live_token_of_the_site_is_inactive_and_no_more_is_said,
    only_a_site_that_can_prove_itself_may_ask,
];

async fn a_site_learns_what_its_own_tokens_are_worth(idp: Shared) {
    let site = idp.site("alpha");
    let tokens = site.sign_on(&mut idp.browser(), &Person::new("practitioner")).await;
    let answer = site.introspect(&tokens.access).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let said = &answer.body;
    assert_eq!((&said["active"], &said["client_id"]), (&json!(true), &json!("alpha")), "{said}");
    assert_eq!(said["iss"], idp.origin.as_str());
    assert!(said["exp"].is_i64() && said["sub"].is_string() && said["scope"].is_string());
    let refresh = site.introspect(tokens.refresh.as_deref().unwrap()).await.body;
    assert_eq!(refresh["active"], true, "{refresh}");
    let machine = idp.site("machine");
    let own = machine.client_credentials().await.body["access_token"].clone();
    assert_eq!(machine.introspect(own.as_str().unwrap()).await.body["active"], true);
}

/// 9.3
async fn whatever_is_no_live_token_of_the_site_is_inactive_and_no_more_is_said(idp: Shared) {
    let (alpha, beta) = (idp.site("alpha"), idp.site("beta"));
    let tokens = alpha.sign_on(&mut idp.browser(), &Person::new("practitioner")).await;
    let refresh = tokens.refresh.clone().unwrap();
    let long = "x".repeat(20_000);
    let inactive = json!({ "active": false });
    for token in
        ["x", "a.b.c", "..", "\u{1}", "' OR 1=1 --", "eyJhbGciOiJub25lIn0.e30.", &long, &tokens.id]
    {
        let answer = alpha.introspect(token).await;
        assert_eq!((answer.status, &answer.body), (200, &inactive), "{token}: {}", answer.text);
    }
    for token in [&tokens.access, &refresh] {
        let answer = beta.introspect(token).await;
        assert_eq!((answer.status, &answer.body), (200, &inactive), "another site's");
    }
    assert_eq!(alpha.revoke(&refresh).await.status, 200);
    for token in [&tokens.access, &refresh] {
        assert_eq!(alpha.introspect(token).await.body, inactive, "revoked");
    }
}

async fn only_a_site_that_can_prove_itself_may_ask(idp: Shared) {
    let site = idp.site("alpha");
    let tokens = site.sign_on(&mut idp.browser(), &Person::new("practitioner")).await;
    let stranger = Site { authentication: Authentication::None, ..site.clone() };
    assert_eq!(stranger.introspect(&tokens.access).await.error(), (401, "invalid_client"));
    assert_eq!(idp.site("playground").introspect(&tokens.access).await.status, 401);
    assert_eq!(site.call(Method::GET, "/introspect").send().await.0, 405);
    let missing = site.post("/introspect", &[("x", "y")]).await;
    assert_eq!(missing.error(), (400, "invalid_request"));
}
