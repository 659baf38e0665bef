//! What browsers, and whoever looks at a document, are told.

use actix_web::http::{
    Method,
    header::{CONTENT_TYPE, LOCATION},
};

use super::*;

const FORM: (HeaderName, &str) = (CONTENT_TYPE, "application/x-www-form-urlencoded");

#[actix_web::test]
async fn a_document_is_answered_to_get_and_head() {
    for bench in Bench::each().await {
        for path in ["/.well-known/openid-configuration", "/.well-known/hilum-roles", "/jwks"] {
            for (method, expected) in [(Method::GET, 200), (Method::HEAD, 200), (Method::POST, 405)]
            {
                let request = TestRequest::with_uri(path).method(method.clone());
                assert_eq!(bench.call(request).await.status, expected, "{method} {path}");
            }
        }
    }
}

#[actix_web::test]
async fn a_strangers_post_is_put_aside_only_up_to_a_bound() {
    for bench in Bench::each().await {
        let to = "client_id=alpha&redirect_uri=https%3A%2F%2Falpha.example%2Fcb";
        for path in ["/authorize", "/end-session"] {
            for (length, expected) in [(100, 303), (17_000, 413)] {
                let body = format!("{to}&x={}", "x".repeat(length));
                let request = TestRequest::post().uri(path).insert_header(FORM).set_payload(body);
                assert_eq!(bench.call(request).await.status, expected, "{path} {length}");
            }
        }
    }
}

#[actix_web::test]
async fn what_a_database_cannot_keep_is_the_sites_mistake() {
    for bench in Bench::each().await {
        let address = format!(
            "/authorize?client_id=alpha&redirect_uri=https%3A%2F%2Falpha.example%2Fcb&scope=openid\
             &response_type=code&code_challenge={CHALLENGE}&code_challenge_method=S256&nonce=%00"
        );
        let answer = bench.call(TestRequest::get().uri(&address)).await;
        let location = answer.header(LOCATION).unwrap_or_default();
        assert_eq!(answer.status, 303);
        assert!(location.contains("?error=invalid_request&"), "{location}");

        let refused =
            bench.post("alpha", "/token", &[("grant_type", "refresh_token"), ("x", "\0")]);
        assert_eq!(refused.await.error(), (400, "invalid_request"));
    }
}
