//! `/account`: one's own sessions (19.4).

use hilum_tests::{Browser, Person, Shared, TestIdp, on_every_store};
use reqwest::Method;

on_every_store![
    it_asks_for_a_sign_in_and_shows_who_one_is,
    one_ends_ones_own_other_sessions_and_nobody_elses,
    without_a_session_its_forms_do_nothing,
];

async fn at_account(idp: &TestIdp, user_id: &str) -> Browser {
    let mut browser = idp.browser();
    let page = browser.visit("/account").await;
    assert!(page.is_sign_in(), "{}", page.body);
    let page = browser.sign_in(&page, &Person::new(user_id)).await;
    assert_eq!((page.status, page.url.path()), (200, "/account"), "{}", page.body);
    browser
}

async fn it_asks_for_a_sign_in_and_shows_who_one_is(idp: Shared) {
    let mut browser = at_account(idp, "practitioner").await;
    let page = browser.visit("/account").await;
    assert!(page.body.contains("practitioner") && page.has("sign-out"), "{}", page.body);
    assert!(!page.body.contains(browser.session().unwrap()), "identifiers are not the cookie");
    assert_eq!(page.header("cache-control"), "no-store");
}

/// 19.4
async fn one_ends_ones_own_other_sessions_and_nobody_elses(idp: Shared) {
    let mut here = at_account(idp, "unaffiliated").await;
    let mut there = at_account(idp, "unaffiliated").await;
    let mut stranger = at_account(idp, "profile").await;
    let sessions = |user_id: &str| {
        idp.database.column(&format!(
            "SELECT s.id AS v FROM session s JOIN subscriber p ON p.id = s.subscriber_id \
         WHERE p.user_id = '{user_id}' AND s.ended_at IS NULL"
        ))
    };
    let page = here.visit("/account/sessions").await;
    let token = page.form("sessions-end-others").value("form_token").unwrap().to_owned();
    for foreign in sessions("profile").iter().map(String::as_str).chain([
        "ses_aaaaaaaaaaaaaaaaaaaaaaaaaa",
        "x",
        "..%2f",
        "'",
    ]) {
        let url = idp.url(&format!("/account/sessions/{foreign}/end"));
        let request = here.request(Method::POST, &url).form(&[("form_token", &token)]);
        assert_eq!(here.send(&url, request).await.status, 404, "{foreign}");
    }
    assert_eq!(stranger.visit("/account").await.url.path(), "/account");
    // A form token of somebody else's browser ends nothing.
    let strange = stranger.visit("/account/sessions").await;
    let strange = hilum_tests::Form::all(&strange.body)
        .into_iter()
        .find_map(|form| form.value("form_token").map(str::to_owned));
    let url = idp.url("/account/sessions/end-others");
    for forged in [strange.unwrap_or_default().as_str(), "", "forged"] {
        let request = here.request(Method::POST, &url).form(&[("form_token", forged)]);
        assert_eq!(here.send(&url, request).await.status, 403);
    }
    assert_eq!(there.visit("/account").await.url.path(), "/account");
    let page = here.submit(&page, "sessions-end-others", &[]).await;
    assert_eq!((page.status, page.url.path()), (200, "/account/sessions"), "{}", page.body);
    assert!(there.visit("/account").await.is_sign_in(), "ended");
    assert_eq!(here.visit("/account").await.url.path(), "/account", "this one goes on");
}

async fn without_a_session_its_forms_do_nothing(idp: Shared) {
    let mut browser = idp.browser();
    for path in ["/account/sessions/end-others", "/account/sessions/ses_x/end"] {
        let url = idp.url(path);
        let request = browser.request(Method::POST, &url).form(&[("form_token", "x")]);
        let page = browser.send(&url, request).await;
        assert!(matches!(page.status, 303 | 403 | 404), "{path}: {}", page.status);
    }
}
