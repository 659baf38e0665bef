//! How answers leave `/authorize` (1.4), and requests that come by POST.

use hilum_tests::{Person, Shared, TestIdp, on_every_store};

on_every_store![
    an_answer_carries_iss_and_the_whole_state_and_is_kept_by_nobody,
    state_comes_back_only_if_it_was_sent_and_unchanged,
    form_post_answers_are_forms_with_escaped_values,
    errors_are_posted_too_where_form_post_was_asked,
    a_form_is_never_answered_by_a_redirect_that_sends_it_on,
    a_request_may_be_posted_from_the_site_although_no_cookie_comes_with_it,
    a_posted_request_is_judged_like_any_other,
    a_person_may_turn_back_at_every_page,
];

async fn an_answer_carries_iss_and_the_whole_state_and_is_kept_by_nobody(idp: Shared) {
    let (site, mut browser) = (idp.site("alpha"), idp.browser());
    let state = "s".repeat(128);
    let request = site.request().with("state", &state);
    let page = browser.sign_on(&request.url(), &Person::new("practitioner")).await;
    let answer = page.answer();
    assert_eq!(page.status, 303);
    assert_eq!(answer.state, Some(state));
    assert_eq!(answer.iss.as_deref(), Some(idp.origin.as_str()));
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    let code = answer.code.unwrap();
    assert!(code.len() >= 43, "256 random bits: {code}");
    let names: Vec<&str> = answer.fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["code", "state", "iss"]);
}

async fn state_comes_back_only_if_it_was_sent_and_unchanged(idp: Shared) {
    let (site, mut browser) = (idp.site("alpha"), idp.browser());
    let page = browser.get(&site.request().with("prompt", "none").without("state").url()).await;
    assert_eq!(page.answer().state, None);
    for state in ["a b+c&d=e%20#\u{e9}\u{1f600}", "\"><script>alert(1)</script>", "0", "\r\nX: y"] {
        let request = site.request().with("state", state).with("prompt", "none");
        let page = browser.get(&request.url()).await;
        assert_eq!(page.answer().state.as_deref(), Some(state));
        assert!(page.headers.get("x").is_none());
    }
}

async fn form_post_answers_are_forms_with_escaped_values(idp: Shared) {
    let (site, mut browser) = (idp.site("alpha"), idp.browser());
    let state = "\"><script>alert('x')</script>&amp;";
    let request = site.request().with("response_mode", "form_post").with("state", state);
    let page = browser.sign_on(&request.url(), &Person::new("practitioner")).await;
    assert_eq!((page.status, page.location()), (200, None));
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https://alpha.example;"), "{policy}");
    let answer = page.answer();
    assert_eq!((answer.to.as_str(), answer.state.as_deref()), (&*site.redirect_uri, Some(state)));
    assert_eq!(answer.iss.as_deref(), Some(idp.origin.as_str()));
    // It can be sent without scripts.
    assert_eq!(page.form("form-post-submit").method, "post");
    assert_eq!(site.redeem(&request, &answer.code.unwrap()).await.status, 200);
}

async fn errors_are_posted_too_where_form_post_was_asked(idp: Shared) {
    let (site, mut browser) = (idp.site("alpha"), idp.browser());
    let request = site.request().with("response_mode", "form_post").with("prompt", "none");
    let page = browser.get(&request.url()).await;
    let answer = page.answer();
    assert_eq!((page.status, page.has("form-post")), (200, true));
    assert_eq!(answer.error.as_deref(), Some("login_required"));
    assert_eq!(answer.state.as_deref(), Some(request.state.as_str()));
}

async fn a_form_is_never_answered_by_a_redirect_that_sends_it_on(idp: Shared) {
    let (site, mut browser) = (idp.site("alpha"), idp.browser());
    let page = browser.open(&site.request().url()).await;
    let person = [("username", "practitioner"), ("password", hilum_tests::PASSWORD)];
    let mut page = browser.press(&page, "login-submit", &person).await;
    while let Some(next) = page.location() {
        assert_eq!(page.status, 303, "{}", page.url);
        if !next.as_str().starts_with(&idp.origin) {
            return;
        }
        page = browser.get(&next).await;
        if page.is_notice() {
            page = browser.press(&page, "consent-allow", &[]).await;
        }
    }
    panic!("no answer: {} {}", page.status, page.body);
}

/// Conformance "POST /authorize"
async fn a_request_may_be_posted_from_the_site_although_no_cookie_comes_with_it(idp: Shared) {
    let (site, mut browser) = (idp.site("alpha"), idp.browser());
    site.sign_on(&mut browser, &Person::new("practitioner")).await;
    let request = site.request();
    let page = browser.post_from_elsewhere(&idp.url("/authorize"), &request.parameters).await;
    assert_eq!(page.status, 303, "{}", page.body);
    assert!(page.location().unwrap().as_str().starts_with(&idp.origin));
    // The next request carries the cookies: the session is there, no page is shown.
    let page = browser.follow(page).await;
    let code = page.answer().code.expect("signed on without a page");
    assert_eq!(site.redeem(&request, &code).await.status, 200);
}

async fn a_posted_request_is_judged_like_any_other(idp: Shared) {
    let (site, mut browser) = (idp.site("alpha"), idp.browser());
    let twice = [site.request().parameters, vec![("nonce".into(), "2".into())]].concat();
    let page = browser.post_from_elsewhere(&idp.url("/authorize"), &twice).await;
    assert_eq!(browser.follow(page).await.error().0, "invalid_request");
    let request = site.request().with("redirect_uri", "https://evil.example/");
    let page = browser.post_from_elsewhere(&idp.url("/authorize"), &request.parameters).await;
    assert_eq!((page.status, page.location()), (400, None));
    assert!(page.body.contains("redirect_uri"));
}

async fn a_person_may_turn_back_at_every_page(idp: Shared) {
    let (site, mut browser) = (idp.site("all"), idp.browser());
    let page = browser.open(&site.request().url()).await;
    assert!(page.is_sign_in(), "{}", page.body);
    let back = browser.submit(&page, "sign-on-cancel", &[]).await;
    assert_eq!(back.error().0, "access_denied");
    // The turned-back sign-on is over.
    let again = browser.submit(&page, "sign-on-cancel", &[]).await;
    assert_eq!((again.status, again.location()), (400, None), "{}", again.body);
    let url = site.request().with("prompt", "consent").url();
    let page = browser.open(&url).await;
    let notice = browser.sign_in(&page, &Person::new("administrator")).await;
    assert!(notice.is_notice(), "{}", notice.body);
    let back = browser.submit(&notice, "consent-deny", &[]).await;
    assert_eq!(back.error().0, "access_denied");
}

/// The first request of a browser that is signed in at `site` already.
pub(super) async fn signed_in(idp: &TestIdp, site: &str, user_id: &str) -> hilum_tests::Browser {
    let mut browser = idp.browser();
    idp.site(site).sign_on(&mut browser, &Person::new(user_id)).await;
    browser
}
