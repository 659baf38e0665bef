//! `/api/v1/me`: one's own account behind an access token (RFC 6750, RFC 9470; security 19.4).

use hilum_tests::{Fresh, Person, Site, TestIdp, Tokens, claims_of, first_app, on_every_store};
use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};

on_every_store![a_token_opens_what_its_sign_in_is_strong_enough_for];

const MAILBOX: &str = "ana.rivera@cedar-falls.example";
const STRONG: &str = "urn:hilum:acr:browser-second-factor";

async fn call(
    idp: &TestIdp,
    method: Method,
    path: &str,
    token: Option<&str>,
) -> (u16, HeaderMap, Value) {
    let mut request = idp.call(method, path);
    if let Some(token) = token {
        request = request.header("Authorization", &format!("Bearer {token}"));
    }
    let (status, headers, body) = request.send().await;
    (status.as_u16(), headers, serde_json::from_slice(&body).unwrap_or_default())
}

fn challenge(headers: &HeaderMap) -> &str {
    headers.get("www-authenticate").map(|h| h.to_str().unwrap()).unwrap_or_default()
}

async fn program(idp: &TestIdp, id: &str, scope: &str) -> Site {
    idp.add_site(id, &json!({ "scope": scope, "client_name": id })).await
}

async fn a_token_opens_what_its_sign_in_is_strong_enough_for(idp: Fresh) {
    let person = Person::new("practitioner");
    let mut browser = idp.browser();
    first_app(&idp, &mut browser, "practitioner", MAILBOX).await;
    let (mine, other) = (
        program(&idp, "mine", "openid hilum.me").await,
        program(&idp, "other", "openid profile").await,
    );

    // No token, one of another scope, one in the address, none of ours.
    let (status, headers, _) = call(&idp, Method::GET, "/api/v1/me", None).await;
    assert_eq!((status, challenge(&headers)), (401, "Bearer realm=\"hilum\""));
    let foreign = other.sign_on(&mut browser, &person).await.access;
    let (status, headers, _) = call(&idp, Method::GET, "/api/v1/me", Some(&foreign)).await;
    assert_eq!(status, 403);
    assert!(challenge(&headers).contains("insufficient_scope"), "{headers:?}");
    let (status, ..) = call(&idp, Method::GET, "/api/v1/me?access_token=x", None).await;
    assert_eq!(status, 400);
    let (status, headers, _) = call(&idp, Method::GET, "/api/v1/me", Some("x.y.z")).await;
    assert_eq!(status, 401);
    assert!(challenge(&headers).contains("invalid_token"), "{headers:?}");

    // Another browser, with the password alone.
    let mut weak_browser = idp.browser();
    let weak = mine.sign_on(&mut weak_browser, &person).await.access;
    let (status, _, me) = call(&idp, Method::GET, "/api/v1/me", Some(&weak)).await;
    assert_eq!((status, &me["email"]), (200, &json!(MAILBOX)));
    let said = claims_of(&weak);
    assert_eq!((&me["sub"], &me["sid"]), (&said["sub"], &said["sid"]), "the site's own names");
    assert_eq!(me.get("user_id"), None, "no name that another site could know");
    let (status, _, open) = call(&idp, Method::GET, "/api/v1/me/sessions", Some(&weak)).await;
    let open = open.as_array().unwrap().clone();
    assert_eq!((status, open.len()), (200, 2));
    let id = |current: bool| {
        let session = open.iter().find(|session| session["current"] == current).unwrap();
        session["sid"].as_str().unwrap().to_owned()
    };
    let (here, there) = (id(true), id(false));
    let end = |id: &str| format!("/api/v1/me/sessions/{id}");
    let (status, headers, _) = call(&idp, Method::DELETE, &end(&there), Some(&weak)).await;
    assert_eq!(status, 401);
    assert_eq!(
        challenge(&headers),
        format!(
            "Bearer realm=\"hilum\", error=\"insufficient_user_authentication\", \
             acr_values=\"{STRONG}\", max_age=\"900\""
        )
    );

    // The browser that proved its factor does what the challenge says.
    let request = mine.request().with("acr_values", STRONG).with("max_age", "900");
    let mut page = browser.open(&request.url()).await;
    if page.is_notice() {
        page = browser.submit(&page, "consent-allow", &[]).await;
    }
    let code = page.answer().code.expect("a code");
    let strong = Tokens::of(&mine.redeem(&request, &code).await).access;
    for foreign in ["ses_aaaaaaaaaaaaaaaaaaaaaaaaaa", "x", "'"] {
        let (status, ..) = call(&idp, Method::DELETE, &end(foreign), Some(&strong)).await;
        assert_eq!(status, 404, "{foreign}");
    }
    let mut stranger = idp.browser();
    mine.sign_on(&mut stranger, &Person::new("biller")).await;
    let theirs = idp.database.column(
        "SELECT s.id AS v FROM session s JOIN subscriber p ON p.id = s.subscriber_id \
         WHERE p.user_id = 'biller'",
    );
    let (status, ..) = call(&idp, Method::DELETE, &end(&theirs[0]), Some(&strong)).await;
    assert_eq!(status, 404, "of somebody else");

    let (status, ..) = call(&idp, Method::DELETE, &end(&here), Some(&strong)).await;
    assert_eq!(status, 204);
    assert!(weak_browser.visit("/account").await.is_sign_in(), "ended");
    let (status, ..) = call(&idp, Method::GET, "/api/v1/me", Some(&weak)).await;
    assert_eq!(status, 401, "and its token with it");
    assert_eq!(call(&idp, Method::GET, "/api/v1/me", Some(&strong)).await.0, 200);
}
