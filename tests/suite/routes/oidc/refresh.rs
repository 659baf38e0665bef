//! Refresh tokens (section 7).

use hilum_tests::{
    Authentication, Backend, Fresh, Person, Shared, Site, TestIdp, Tokens, claims_of,
    on_every_store,
};
use serde_json::Value;

on_every_store![
    every_refresh_brings_a_new_token_and_the_same_person,
    a_reused_refresh_token_ends_the_family,
    a_refresh_token_is_of_no_use_to_another_site_and_unharmed_by_it,
    a_wider_scope_is_refused_and_a_narrower_one_holds_for_the_new_token,
    no_refresh_outlives_the_four_hours,
    what_is_no_refresh_token_is_refused_alike,
    without_offline_access_there_is_no_refresh_token,
    of_racing_refreshes_one_at_most_wins,
];

async fn signed_on(idp: &TestIdp, client: &str) -> (Site, Tokens) {
    let site = idp.site(client);
    let tokens = site.sign_on(&mut idp.browser(), &Person::new("practitioner")).await;
    assert!(tokens.refresh.is_some(), "offline_access was asked and granted: {tokens:?}");
    (site, tokens)
}

/// 7.1
async fn every_refresh_brings_a_new_token_and_the_same_person(idp: Shared) {
    for client in ["alpha", "poster", "keyed", "playground"] {
        let (site, mut tokens) = signed_on(idp, client).await;
        let first = claims_of(&tokens.id);
        for _ in 0..3 {
            let answer = site.refresh(tokens.refresh.as_deref().unwrap()).await;
            let next = Tokens::of(&answer);
            assert_eq!(answer.header("cache-control"), "no-store");
            assert!(answer.body["expires_in"].is_i64());
            assert_ne!(next.refresh, tokens.refresh);
            let claims = claims_of(&next.id);
            for name in ["iss", "sub", "aud", "auth_time", "sid", "acr", "session_expires_at"] {
                assert_eq!(claims[name], first[name], "{client} {name}");
            }
            // OIDC Core §12.2: the nonce of the beginning, or none.
            assert!(claims["nonce"] == first["nonce"] || claims["nonce"] == Value::Null);
            assert_eq!(site.userinfo(&next.access).await.status, 200);
            tokens = next;
        }
    }
}

/// 7.2, RFC 9700 §4.14.2
async fn a_reused_refresh_token_ends_the_family(idp: Shared) {
    let (site, tokens) = signed_on(idp, "alpha").await;
    let old = tokens.refresh.clone().unwrap();
    let next = Tokens::of(&site.refresh(&old).await);
    let newest = Tokens::of(&site.refresh(next.refresh.as_deref().unwrap()).await);
    assert_eq!(site.refresh(&old).await.error(), (400, "invalid_grant"));
    assert_eq!(
        site.refresh(newest.refresh.as_deref().unwrap()).await.error(),
        (400, "invalid_grant")
    );
    for token in [&tokens.access, &next.access, &newest.access] {
        assert_eq!(site.userinfo(token).await.error(), (401, "invalid_token"));
    }
    let reused = "SELECT COUNT(*) AS v FROM audit_event WHERE kind LIKE '%reuse%'";
    assert!(idp.database.number(reused) >= 1);
}

/// 7.4, CVE-2026-55672
async fn a_refresh_token_is_of_no_use_to_another_site_and_unharmed_by_it(idp: Shared) {
    let (alpha, tokens) = signed_on(idp, "alpha").await;
    let refresh = tokens.refresh.unwrap();
    for other in ["beta", "poster", "keyed", "playground"] {
        let answer = idp.site(other).refresh(&refresh).await;
        assert_eq!(answer.error(), (400, "invalid_grant"), "{other}: not invalid_client");
    }
    let pretended = Site { authentication: Authentication::None, ..alpha.clone() };
    assert_eq!(pretended.refresh(&refresh).await.error(), (401, "invalid_client"));
    assert_eq!(alpha.refresh(&refresh).await.status, 200, "the rightful owner's is unharmed");
}

/// 7.4, RFC 6749 §6
async fn a_wider_scope_is_refused_and_a_narrower_one_holds_for_the_new_token(idp: Shared) {
    let site = idp.site("alpha").asking("openid email offline_access");
    let tokens = site.sign_on(&mut idp.browser(), &Person::new("practitioner")).await;
    let refresh = tokens.refresh.unwrap();
    let ask = |token: &str, scope: &str| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)];
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let site = site.clone();
        async move { site.token(&form).await }
    };
    for scope in ["openid email profile", "openid email offline_access phone", "\"", "hie/x"] {
        let answer = ask(&refresh, scope).await;
        assert!(
            matches!(answer.error(), (400, "invalid_scope" | "invalid_request")),
            "{scope}: {}",
            answer.text
        );
    }
    let narrow = Tokens::of(&ask(&refresh, "openid").await);
    assert_eq!(narrow.scope, "openid");
    assert_eq!(site.userinfo(&narrow.access).await.body["email"], Value::Null);
    let wide = Tokens::of(&site.refresh(narrow.refresh.as_deref().unwrap()).await);
    assert!(wide.scope.contains("email"), "the grant itself is as wide as before: {}", wide.scope);
}

/// 7.1, 7.3, R30
async fn no_refresh_outlives_the_four_hours(idp: Fresh) {
    let (site, tokens) = signed_on(&idp, "alpha").await;
    let mut refresh = tokens.refresh.unwrap();
    for minutes in [60, 120, 180, 238] {
        idp.set_clock(minutes * 60).await;
        let next = Tokens::of(&site.refresh(&refresh).await);
        let claims = claims_of(&next.access);
        let end = claims_of(&next.id)["session_expires_at"].as_i64().unwrap();
        assert!(claims["exp"].as_i64().unwrap() <= end, "nor does an access token");
        refresh = next.refresh.unwrap();
    }
    idp.set_clock(4 * 3600 + 2).await;
    assert_eq!(site.refresh(&refresh).await.error(), (400, "invalid_grant"));
}

async fn what_is_no_refresh_token_is_refused_alike(idp: Shared) {
    let (site, tokens) = signed_on(idp, "alpha").await;
    let refresh = tokens.refresh.unwrap();
    let cut = &refresh[..refresh.len() - 1];
    let more = format!("{refresh}A");
    let long = "x".repeat(10_000);
    let mut texts = Vec::new();
    for token in ["x", "", cut, &more, &tokens.access, &tokens.id, &long, "grt_' OR 1=1"] {
        let answer = site.refresh(token).await;
        if token.is_empty() {
            assert_eq!(answer.status, 400);
            continue;
        }
        assert_eq!(answer.error(), (400, "invalid_grant"), "{token}");
        texts.push(answer.text);
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert_eq!(site.refresh(&refresh).await.status, 200);
}

async fn without_offline_access_there_is_no_refresh_token(idp: Shared) {
    let site = idp.site("alpha").asking("openid");
    let tokens = site.sign_on(&mut idp.browser(), &Person::new("practitioner")).await;
    assert_eq!(tokens.refresh, None);
}

/// 7.2 at the same instant: exactly one of the racing requests may win.
async fn of_racing_refreshes_one_at_most_wins(backend: Backend) {
    let idp = TestIdp::start(backend).await;
    let (site, mut tokens) = signed_on(&idp, "alpha").await;
    for round in 0..10 {
        let refresh = tokens.refresh.clone().unwrap();
        let race = (0..6).map(|_| site.refresh(&refresh));
        let answers = futures_util::future::join_all(race).await;
        let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert!(won.len() <= 1, "round {round}: {}", won.len());
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            let refused =
                matches!(answer.error(), (400, "invalid_grant") | (503, "temporarily_unavailable"));
            assert!(refused, "{}", answer.text);
        }
        tokens = signed_on(&idp, "alpha").await.1;
    }
}
