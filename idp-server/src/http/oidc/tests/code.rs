//! Codes: redeemed once, by their site, if what they stand for still counts.

use actix_web::http::header::CACHE_CONTROL;
use futures_util::future::join_all;
use idp_core::audit::Actor;
use serde_json::json;

use super::{Bench, CHALLENGE, VERIFIER, claims};
use crate::{
    random::Random,
    store::{AnyConn, Cause, Ending, Scope, StoreError, end_access, tests::samples::at},
};

#[actix_web::test]
async fn a_code_becomes_tokens_that_say_what_the_site_may_know() {
    for bench in Bench::each().await {
        let answer = bench.tokens("alpha", "one").await;
        assert_eq!(answer.header(CACHE_CONTROL), Some("no-store"));
        assert_eq!(answer.body["token_type"], "Bearer");
        assert_eq!(answer.body["expires_in"], 600);
        let scope = "openid email affiliations tax_ids offline_access";
        let mut granted: Vec<_> = answer.body["scope"].as_str().unwrap().split(' ').collect();
        let mut asked: Vec<_> = scope.split(' ').collect();
        granted.sort_unstable();
        asked.sort_unstable();
        assert_eq!(granted, asked);

        let id_token = claims(&answer.text("id_token"));
        assert_eq!(id_token["iss"], "http://localhost:8080");
        assert_eq!(id_token["aud"], "alpha");
        assert_eq!(id_token["nonce"], "n-0S6");
        assert_eq!(id_token["auth_time"], at(0).timestamp());
        assert_eq!(id_token["exp"], at(6).timestamp());
        assert_eq!(id_token["acr"], "urn:hilum:acr:password");
        assert_eq!(id_token["affiliations"][0]["organization"]["id"], "org_clinic");
        let number = json!([{ "value": "91-7654321", "type": "ein", "primary": false }]);
        assert_eq!(id_token["affiliations"][0]["tax_ids"], number);
        assert!(id_token["at_hash"].is_string() && id_token["jti"].is_string());
        assert!(id_token.get("email").is_none(), "scope claims live in userinfo");

        let access_token = claims(&answer.text("access_token"));
        for name in ["sub", "sid", "auth_time", "acr", "selected_affiliation"] {
            assert_eq!(access_token[name], id_token[name], "{name}");
        }
        assert_eq!(access_token["aud"], "http://localhost:8080");
        assert_eq!(access_token["client_id"], "alpha");

        let userinfo = bench.userinfo(&answer.text("access_token")).await;
        assert_eq!((userinfo.status, userinfo.header(CACHE_CONTROL)), (200, Some("no-store")));
        assert_eq!(userinfo.body["sub"], id_token["sub"]);
        assert_eq!(userinfo.body["email"], "ann@Clinic.example");
        assert_eq!(bench.audit().await, ["grant.issued"]);
    }
}

#[actix_web::test]
async fn two_sites_know_one_person_by_names_that_share_nothing() {
    for bench in Bench::each().await {
        let [one, other] = [("alpha", "one"), ("beta", "two")];
        let one = claims(&bench.tokens(one.0, one.1).await.text("access_token"));
        let other = claims(&bench.tokens(other.0, other.1).await.text("access_token"));
        for name in ["sub", "sid", "selected_affiliation", "grant", "jti"] {
            assert_ne!(one[name], other[name], "{name}");
        }
    }
}

#[actix_web::test]
async fn an_exchange_takes_three_statements_and_one_commit() {
    for bench in Bench::each().await {
        bench.code("alpha", "one").await;
        bench.code_for("alpha", "two", "openid", true).await;
        // Connections are opened with the first use.
        bench.tokens("beta", "zero").await;
        bench.database.counted();
        assert_eq!(bench.redeem("alpha", "one").await.status, 200);
        assert_eq!(bench.database.counted(), (3, 1));
        assert_eq!(bench.redeem("alpha", "two").await.status, 200);
        assert_eq!(bench.database.counted(), (4, 1), "the first visit is taken down");
    }
}

#[actix_web::test]
async fn a_code_that_comes_back_ends_what_it_led_to() {
    for bench in Bench::each().await {
        let answer = bench.tokens("alpha", "one").await;
        let access_token = answer.text("access_token");
        assert_eq!(bench.userinfo(&access_token).await.status, 200);
        let again = bench.redeem("alpha", "one").await;
        assert_eq!(again.error(), (400, "invalid_grant"));
        assert_eq!(bench.userinfo(&access_token).await.error(), (401, "invalid_token"));
        let refreshed = bench.refresh("alpha", &answer.text("refresh_token")).await;
        assert_eq!(refreshed.error(), (400, "invalid_grant"));
        let audit = bench.audit().await;
        assert!(audit.contains(&"code.reused".to_owned()), "{audit:?}");
        assert!(audit.contains(&"grant.ended".to_owned()), "{audit:?}");
    }
}

#[actix_web::test]
async fn of_many_who_redeem_one_code_at_once_one_succeeds() {
    for bench in Bench::each().await {
        for code in ["one", "two", "three"] {
            bench.code("alpha", code).await;
            let answers = join_all((0..20).map(|_| bench.redeem("alpha", code))).await;
            let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
            statuses.sort_unstable();
            assert_eq!((statuses[0], statuses[1], statuses[19]), (200, 400, 400), "{statuses:?}");
        }
    }
}

#[actix_web::test]
async fn a_code_in_the_wrong_hands_is_spent_and_says_nothing() {
    for bench in Bench::each().await {
        bench.code("alpha", "one").await;
        let stolen = bench.redeem("beta", "one").await;
        assert_eq!(stolen.error(), (400, "invalid_grant"));
        assert_eq!(bench.redeem("alpha", "one").await.error(), (400, "invalid_grant"));

        // A used code in the hands of another site ends nothing.
        let access_token = bench.tokens("alpha", "two").await.text("access_token");
        let copied = bench.redeem("beta", "two").await;
        assert_eq!((copied.status, &copied.body), (stolen.status, &stolen.body));
        assert_eq!(bench.userinfo(&access_token).await.status, 200);
    }
}

#[actix_web::test]
async fn a_code_needs_its_address_its_verifier_and_its_minute() {
    for bench in Bench::each().await {
        let good = [
            ("grant_type", "authorization_code"),
            ("code", "one"),
            ("redirect_uri", "https://alpha.example/cb"),
            ("code_verifier", VERIFIER),
        ];
        for (place, value) in [
            (2, ("redirect_uri", "https://alpha.example/cb/")),
            (2, ("other", "")),
            (3, ("code_verifier", CHALLENGE)),
            (3, ("code_verifier", "short")),
            (3, ("other", "")),
        ] {
            bench.code("alpha", "one").await;
            let mut bad = good;
            bad[place] = value;
            let answer = bench.post("alpha", "/token", &bad).await;
            assert_eq!(answer.error(), (400, "invalid_grant"), "{value:?}");
            let spent = bench.post("alpha", "/token", &good).await;
            assert_eq!(spent.error(), (400, "invalid_grant"), "spent after {value:?}");
        }
        bench.code("alpha", "one").await;
        bench.advance(1);
        assert_eq!(bench.redeem("alpha", "one").await.error(), (400, "invalid_grant"));
    }
}

/// Ends something of Ann's.
fn end(conn: &mut AnyConn, scope: &Scope) -> Result<(), StoreError> {
    let ending =
        Ending { actor: Actor::Nobody, address: None, cause: Cause::SignedOut, now: at(1) };
    end_access(conn, scope, &ending, &Random::new()).map(drop)
}

#[actix_web::test]
async fn what_ended_after_the_code_was_issued_ends_the_code() {
    for ended in
        [Scope::Session("ses_ann".parse().unwrap()), Scope::Affiliation("aff_1".parse().unwrap())]
    {
        for bench in Bench::each().await {
            bench.code("alpha", "one").await;
            let scope = ended.clone();
            bench.database.write(move |conn| end(conn, &scope)).await;
            let answer = bench.redeem("alpha", "one").await;
            assert_eq!(answer.error(), (400, "invalid_grant"), "{ended:?}");
            let audit = bench.audit().await;
            assert!(audit.contains(&"access.refused".to_owned()), "{audit:?}");
        }
    }
}

#[actix_web::test]
async fn what_ended_after_the_tokens_were_issued_ends_the_tokens() {
    for ended in
        [Scope::Session("ses_ann".parse().unwrap()), Scope::Affiliation("aff_1".parse().unwrap())]
    {
        for bench in Bench::each().await {
            let answer = bench.tokens("alpha", "one").await;
            let scope = ended.clone();
            bench.database.write(move |conn| end(conn, &scope)).await;
            let userinfo = bench.userinfo(&answer.text("access_token")).await;
            assert_eq!(userinfo.error(), (401, "invalid_token"), "{ended:?}");
            let refreshed = bench.refresh("alpha", &answer.text("refresh_token")).await;
            assert_eq!(refreshed.error(), (400, "invalid_grant"), "{ended:?}");
        }
    }
}
