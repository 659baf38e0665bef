//! Refresh tokens: a new one each time, and none beyond the session.

use futures_util::future::join_all;
use serde_json::Value;

use super::{Bench, claims};

#[actix_web::test]
async fn a_refresh_gives_the_next_token_in_three_statements_and_one_commit() {
    for bench in Bench::each().await {
        let first = bench.tokens("alpha", "one").await;
        bench.advance(30);
        bench.database.counted();
        let second = bench.refresh("alpha", &first.text("refresh_token")).await;
        assert_eq!(second.status, 200, "{second:?}");
        assert_eq!(bench.database.counted(), (3, 1));
        assert_ne!(second.text("refresh_token"), first.text("refresh_token"));

        let [before, after] = [&first, &second].map(|answer| claims(&answer.text("id_token")));
        for name in ["iss", "sub", "aud", "auth_time", "sid", "nonce", "acr"] {
            assert_eq!(after[name], before[name], "{name}");
        }
        assert_eq!(after["iat"].as_i64(), before["iat"].as_i64().map(|iat| iat + 30 * 60));

        let third = bench.refresh("alpha", &second.text("refresh_token")).await;
        assert_eq!(third.status, 200, "{third:?}");
        assert_eq!(bench.userinfo(&third.text("access_token")).await.status, 200);
    }
}

#[actix_web::test]
async fn a_reused_refresh_token_ends_the_family() {
    for bench in Bench::each().await {
        let first = bench.tokens("alpha", "one").await;
        let second = bench.refresh("alpha", &first.text("refresh_token")).await;
        let again = bench.refresh("alpha", &first.text("refresh_token")).await;
        assert_eq!(again.error(), (400, "invalid_grant"));
        let latest = bench.refresh("alpha", &second.text("refresh_token")).await;
        assert_eq!(latest.error(), (400, "invalid_grant"));
        for answer in [first, second] {
            let userinfo = bench.userinfo(&answer.text("access_token")).await;
            assert_eq!(userinfo.error(), (401, "invalid_token"));
        }
        let audit = bench.audit().await;
        assert!(audit.contains(&"token.reused".to_owned()), "{audit:?}");
        assert!(audit.contains(&"grant.ended".to_owned()), "{audit:?}");
    }
}

#[actix_web::test]
async fn of_many_who_refresh_with_one_token_at_once_one_succeeds_and_the_family_ends() {
    for bench in Bench::each().await {
        let token = bench.tokens("alpha", "one").await.text("refresh_token");
        let answers = join_all((0..20).map(|_| bench.refresh("alpha", &token))).await;
        let (good, bad): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(good.len(), 1);
        assert!(bad.iter().all(|answer| answer.error() == (400, "invalid_grant")), "{bad:?}");
        let next = bench.refresh("alpha", &good[0].text("refresh_token")).await;
        assert_eq!(next.error(), (400, "invalid_grant"));
    }
}

#[actix_web::test]
async fn a_refresh_token_in_the_wrong_hands_or_for_more_is_left_unharmed() {
    for bench in Bench::each().await {
        let token = bench.tokens("alpha", "one").await.text("refresh_token");
        assert_eq!(bench.refresh("beta", &token).await.error(), (400, "invalid_grant"));
        let ask = |scope| {
            let form = [
                ("grant_type", "refresh_token"),
                ("refresh_token", token.as_str()),
                ("scope", scope),
            ];
            let (bench, form) = (&bench, form);
            async move { bench.post("alpha", "/token", &form).await }
        };
        assert_eq!(ask("openid profile").await.error(), (400, "invalid_scope"));
        assert_eq!(ask("open\"id").await.error(), (400, "invalid_request"));
        let narrower = ask("email").await;
        assert_eq!((narrower.status, &narrower.body["scope"]), (200, &Value::from("email")));
        assert!(narrower.body.get("id_token").is_none());
        let userinfo = bench.userinfo(&narrower.text("access_token")).await;
        assert_eq!(userinfo.error(), (403, "insufficient_scope"));
        // Fewer scopes once are not fewer for good (RFC 6749 §6).
        let next = bench.refresh("alpha", &narrower.text("refresh_token")).await;
        assert!(next.text("scope").contains("openid"), "{next:?}");
    }
}

#[actix_web::test]
async fn nothing_is_refreshed_at_the_end_of_the_session() {
    for bench in Bench::each().await {
        let first = bench.tokens("alpha", "one").await;
        bench.advance(238);
        let last = bench.refresh("alpha", &first.text("refresh_token")).await;
        assert_eq!((last.status, &last.body["expires_in"]), (200, &Value::from(60)));
        bench.advance(1);
        let late = bench.refresh("alpha", &last.text("refresh_token")).await;
        assert_eq!(late.error(), (400, "invalid_grant"));
        let userinfo = bench.userinfo(&last.text("access_token")).await;
        assert_eq!(userinfo.error(), (401, "invalid_token"));
    }
}

#[actix_web::test]
async fn what_is_no_refresh_token_is_answered_like_one_that_ended() {
    for bench in Bench::each().await {
        let access_token = bench.tokens("alpha", "one").await.text("access_token");
        for token in ["x", "AAAA", "a.b.c", access_token.as_str()] {
            let answer = bench.refresh("alpha", token).await;
            assert_eq!(answer.error(), (400, "invalid_grant"), "{token}");
        }
        let missing = bench.post("alpha", "/token", &[("grant_type", "refresh_token")]).await;
        assert_eq!(missing.error(), (400, "invalid_request"));
    }
}
