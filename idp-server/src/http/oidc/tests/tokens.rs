//! What tokens are worth: introspection, revocation, and a site's tokens for itself.

use actix_web::{
    http::{
        Method,
        header::{
            ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, ALLOW, ORIGIN, RETRY_AFTER,
            WWW_AUTHENTICATE,
        },
    },
    test::TestRequest,
};
use serde_json::json;

use super::{Bench, MOST_FAILURES, claims};

#[actix_web::test]
async fn a_site_learns_of_its_own_tokens_only() {
    for bench in Bench::each().await {
        let answer = bench.tokens("alpha", "one").await;
        let (access, refresh) = (answer.text("access_token"), answer.text("refresh_token"));
        let inactive = json!({ "active": false });
        for token in [access.as_str(), refresh.as_str()] {
            let own = bench.post("alpha", "/introspect", &[("token", token)]).await;
            assert_eq!((own.status, &own.body["active"]), (200, &json!(true)));
            assert_eq!(own.body["client_id"], "alpha");
            assert_eq!(own.body["sub"], claims(&access)["sub"]);
            assert!(own.body.get("grant").is_none());
            let foreign = bench.post("beta", "/introspect", &[("token", token)]).await;
            assert_eq!((foreign.status, foreign.body), (200, inactive.clone()));
        }
        for token in ["", "x", "a.b.c", answer.text("id_token").as_str()] {
            let nothing = bench.post("alpha", "/introspect", &[("token", token)]).await;
            let expected = if token.is_empty() { 400 } else { 200 };
            assert_eq!(nothing.status, expected);
            assert!(expected == 400 || nothing.body == inactive, "{nothing:?}");
        }
        let public = bench.post("native", "/introspect", &[("token", &access)]).await;
        assert_eq!(public.error(), (401, "invalid_client"));

        bench.refresh("alpha", &refresh).await;
        let spent = bench.post("alpha", "/introspect", &[("token", &refresh)]).await;
        assert_eq!((spent.status, spent.body), (200, inactive.clone()));
        bench.advance(11);
        let expired = bench.post("alpha", "/introspect", &[("token", &access)]).await;
        assert_eq!((expired.status, expired.body), (200, inactive));
    }
}

#[actix_web::test]
async fn a_revoked_token_takes_its_family_along() {
    for bench in Bench::each().await {
        for (code, member) in [("one", "access_token"), ("two", "refresh_token")] {
            let answer = bench.tokens("alpha", code).await;
            let (access, token) = (answer.text("access_token"), answer.text(member));

            let foreign = bench.post("beta", "/revoke", &[("token", &token)]).await;
            assert_eq!(foreign.error(), (400, "invalid_grant"));
            assert_eq!(bench.userinfo(&access).await.status, 200, "unharmed");

            let own = bench.post("alpha", "/revoke", &[("token", &token)]).await;
            assert_eq!(own.status, 200);
            assert_eq!(bench.userinfo(&access).await.error(), (401, "invalid_token"));
            let refreshed = bench.refresh("alpha", &answer.text("refresh_token")).await;
            assert_eq!(refreshed.error(), (400, "invalid_grant"));
            let again = bench.post("alpha", "/revoke", &[("token", &token)]).await;
            assert_eq!(again.status, 200);
        }
        assert_eq!(bench.post("alpha", "/revoke", &[("token", "x")]).await.status, 200);
        assert_eq!(bench.post("alpha", "/revoke", &[]).await.error(), (400, "invalid_request"));
    }
}

#[actix_web::test]
async fn a_machine_is_given_tokens_without_a_single_statement() {
    for bench in Bench::each().await {
        let form = [("grant_type", "client_credentials")];
        bench.database.counted();
        let answer = bench.post("machine", "/token", &form).await;
        assert_eq!(bench.database.counted(), (0, 0));
        assert_eq!((answer.status, &answer.body["expires_in"]), (200, &json!(300)));
        assert_eq!(answer.body["scope"], "hie/pmp.query");
        for absent in ["refresh_token", "id_token"] {
            assert!(answer.body.get(absent).is_none(), "{absent}");
        }
        let token = answer.text("access_token");
        let said = claims(&token);
        assert_eq!((&said["sub"], &said["client_id"]), (&json!("machine"), &json!("machine")));
        assert_eq!(bench.userinfo(&token).await.error(), (403, "insufficient_scope"));
        let revoked = bench.post("machine", "/revoke", &[("token", &token)]).await;
        assert_eq!(revoked.error(), (400, "unsupported_token_type"));
        assert_eq!(bench.database.counted(), (0, 0));

        let person = [form[0], ("scope", "openid")];
        assert_eq!(bench.post("machine", "/token", &person).await.error(), (400, "invalid_scope"));
        let unregistered = bench.post("alpha", "/token", &form).await;
        assert_eq!(unregistered.error(), (400, "unauthorized_client"));
        let password = bench.post("alpha", "/token", &[("grant_type", "password")]).await;
        assert_eq!(password.error(), (400, "unsupported_grant_type"));
    }
}

#[actix_web::test]
async fn other_kinds_of_token_do_not_open_userinfo() {
    for bench in Bench::each().await {
        let answer = bench.tokens("alpha", "one").await;
        for token in [answer.text("id_token"), answer.text("refresh_token"), "x.y.z".to_owned()] {
            assert_eq!(bench.userinfo(&token).await.error(), (401, "invalid_token"));
        }
        let bare = bench.call(TestRequest::get().uri("/userinfo")).await;
        assert_eq!(
            (bare.status, bare.header(WWW_AUTHENTICATE)),
            (401, Some("Bearer realm=\"hilum\""))
        );
        let form = [("access_token", answer.text("access_token"))];
        let posted = bench.call(TestRequest::post().uri("/userinfo").set_form(form)).await;
        assert_eq!(posted.status, 200);
        bench.advance(10);
        let expired = bench.userinfo(&answer.text("access_token")).await;
        assert_eq!(expired.error(), (401, "invalid_token"));
    }
}

#[actix_web::test]
async fn a_page_may_call_only_from_the_origin_of_a_public_client() {
    let bench = Bench::each().await.remove(0);
    for (origin, allowed) in [
        ("https://native.example", Some("https://native.example")),
        ("https://alpha.example", None),
        ("https://evil.example", None),
    ] {
        for path in ["/token", "/userinfo", "/revoke"] {
            let preflight = TestRequest::with_uri(path)
                .method(Method::OPTIONS)
                .insert_header((ORIGIN, origin))
                .insert_header((ACCESS_CONTROL_REQUEST_METHOD, "POST"));
            let answer = bench.call(preflight).await;
            assert_eq!(answer.status, 204);
            assert_eq!(answer.header(ACCESS_CONTROL_ALLOW_ORIGIN), allowed, "{origin} {path}");
            // Errors are for the page to read as well.
            let request = TestRequest::post().uri(path).insert_header((ORIGIN, origin));
            let answer = bench.call(request.set_form([("client_id", "nobody")])).await;
            assert_eq!(answer.status, 401);
            assert_eq!(answer.header(ACCESS_CONTROL_ALLOW_ORIGIN), allowed, "{origin} {path}");
        }
    }
    let discovery = TestRequest::get().uri("/.well-known/openid-configuration");
    let discovery = bench.call(discovery).await;
    assert_eq!(discovery.header(ACCESS_CONTROL_ALLOW_ORIGIN), Some("*"));
}

#[actix_web::test]
async fn secrets_in_an_address_are_refused_unread() {
    let bench = Bench::each().await.remove(0);
    for path in ["/token", "/introspect", "/revoke"] {
        let get = bench.call(TestRequest::get().uri(&format!("{path}?code=one"))).await;
        assert_eq!((get.status, get.header(ALLOW)), (405, Some("POST")));
        let uri = format!("{path}?client_secret=x");
        let post = bench.post("alpha", &uri, &[("token", "x")]).await;
        assert_eq!(post.error(), (400, "invalid_request"));
    }
}

#[actix_web::test]
async fn who_keeps_failing_has_to_wait() {
    let bench = Bench::each().await.remove(0);
    let wrong = || {
        let form = [("client_id", "beta"), ("client_secret", "wrong")];
        bench.call(TestRequest::post().uri("/token").set_form(form))
    };
    for _ in 0..MOST_FAILURES {
        assert_eq!(wrong().await.error(), (401, "invalid_client"));
    }
    let waits = wrong().await;
    assert_eq!(waits.status, 429);
    assert!(waits.header(RETRY_AFTER).is_some());
    // The right secret would have to wait as well: else a guesser could tell.
    let right = bench.post("beta", "/token", &[("grant_type", "refresh_token")]).await;
    assert_eq!(right.status, 429);
    // Another site from the same place is not held up.
    let other = bench.post("alpha", "/token", &[("grant_type", "refresh_token")]).await;
    assert_eq!(other.error(), (400, "invalid_request"));
}
