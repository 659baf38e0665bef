//! `/revoke` (9.4).

use hilum_tests::{Person, Shared, on_every_store};
use reqwest::Method;
use serde_json::json;

on_every_store![
    giving_a_token_back_ends_its_family,
    an_unknown_token_is_no_error,
    a_token_of_another_site_is_not_touched,
];

/// 9.4
async fn giving_a_token_back_ends_its_family(idp: Shared) {
    for client in ["alpha", "playground"] {
        let site = idp.site(client);
        for which in ["refresh", "access"] {
            let tokens = site.sign_on(&mut idp.browser(), &Person::new("practitioner")).await;
            let refresh = tokens.refresh.clone().unwrap();
            let given = if which == "refresh" { &refresh } else { &tokens.access };
            assert_eq!(site.revoke(given).await.status, 200, "{client} {which}");
            assert_eq!(
                site.refresh(&refresh).await.error(),
                (400, "invalid_grant"),
                "{client} {which}"
            );
            assert_eq!(
                site.userinfo(&tokens.access).await.error(),
                (401, "invalid_token"),
                "{client} {which}"
            );
            assert_eq!(site.revoke(given).await.status, 200, "again is no error");
        }
    }
}

/// 9.4
async fn an_unknown_token_is_no_error(idp: Shared) {
    let site = idp.site("alpha");
    for token in ["x", "a.b.c", "grt_x"] {
        let answer = site.revoke(token).await;
        assert_eq!(answer.status, 200, "{token}: {}", answer.text);
    }
    assert_eq!(site.post("/revoke", &[("x", "y")]).await.error(), (400, "invalid_request"));
    let hinted = site.post("/revoke", &[("token", "x"), ("token_type_hint", "nonsense")]).await;
    assert_eq!(hinted.status, 200, "{}", hinted.text);
    assert_eq!(site.call(Method::GET, "/revoke").send().await.0, 405);
}

/// 9.4
async fn a_token_of_another_site_is_not_touched(idp: Shared) {
    let (alpha, beta) = (idp.site("alpha"), idp.site("beta"));
    let tokens = alpha.sign_on(&mut idp.browser(), &Person::new("practitioner")).await;
    let refresh = tokens.refresh.unwrap();
    for token in [&refresh, &tokens.access] {
        let answer = beta.revoke(token).await;
        assert!(answer.status == 400 || answer.status == 200, "{}", answer.text);
    }
    assert_eq!(alpha.userinfo(&tokens.access).await.status, 200);
    assert_eq!(alpha.introspect(&refresh).await.body["active"], json!(true));
    assert_eq!(alpha.refresh(&refresh).await.status, 200);
}
