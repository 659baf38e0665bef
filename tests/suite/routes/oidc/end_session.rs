//! `/end-session` and back-channel logout (section 10).

use hilum_tests::{
    Browser, Fresh, Json, Listener, Page, Person, Shared, Site, TestIdp, Tokens, claims_of,
    eventually, header_of, on_every_store,
};
use serde_json::{Value, json};
use url::Url;

on_every_store![
    the_sites_own_hint_ends_the_session_and_leads_back_with_the_state,
    without_a_hint_of_this_very_session_nobody_is_signed_out_unasked,
    a_confirmation_from_elsewhere_ends_nothing,
    an_address_that_is_not_registered_is_never_gone_to,
    it_may_be_posted_from_the_site,
    after_sign_out_nothing_of_the_session_is_left,
    every_site_of_the_session_is_told_with_its_own_names,
    a_site_that_is_away_is_told_when_it_is_back,
    signing_out_at_one_site_ends_what_the_others_were_given,
];

fn end_session(idp: &TestIdp, parameters: &[(&str, &str)]) -> Url {
    let mut url = idp.url("/end-session");
    url.query_pairs_mut().extend_pairs(parameters);
    url
}

async fn is_signed_in(browser: &mut Browser, site: &Site) -> bool {
    let url = site.request().with("prompt", "none").url();
    browser.get(&url).await.answer().code.is_some()
}

async fn signed_on(idp: &TestIdp, client: &str) -> (Site, Browser, Tokens) {
    let (site, mut browser) = (idp.site(client), idp.browser());
    let tokens = site.sign_on(&mut browser, &Person::new("practitioner")).await;
    (site, browser, tokens)
}

/// Our own page, saying that it is done.
fn says_signed_out(page: &Page) {
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(page.url.path(), "/signed-out");
    assert!(page.body.to_lowercase().contains("logged out"), "{}", page.body);
}

async fn the_sites_own_hint_ends_the_session_and_leads_back_with_the_state(idp: Shared) {
    let (site, mut browser, tokens) = signed_on(idp, "alpha").await;
    let back = "https://alpha.example/signed-out";
    let url = end_session(
        idp,
        &[("id_token_hint", &tokens.id), ("post_logout_redirect_uri", back), ("state", "a&b c")],
    );
    let page = browser.open(&url).await;
    let location = page.location().expect("back to the site");
    assert!(location.as_str().starts_with(&format!("{back}?")), "{location}");
    assert_eq!(page.answer().fields, [("state".to_owned(), "a&b c".to_owned())]);
    assert_eq!(browser.session(), None, "the cookie is taken away");
    assert!(!is_signed_in(&mut browser, &site).await);
    // Without a state none is made up.
    let (_, mut browser, tokens) = signed_on(idp, "alpha").await;
    let url =
        end_session(idp, &[("id_token_hint", &tokens.id), ("post_logout_redirect_uri", back)]);
    assert_eq!(browser.open(&url).await.location().unwrap().as_str(), back);
}

/// 10.1
async fn without_a_hint_of_this_very_session_nobody_is_signed_out_unasked(idp: Shared) {
    let (_, _, other_session) = signed_on(idp, "alpha").await;
    let other_person = idp.site("alpha").sign_on(&mut idp.browser(), &Person::new("profile")).await;
    let (site, mut browser, own) = signed_on(idp, "alpha").await;
    let unsigned = hilum_tests::TestKey::unsigned(&claims_of(&own.id));
    let forged = hilum_tests::TestKey::new("x").sign(&claims_of(&own.id));
    let logout = "post_logout_redirect_uri";
    let back = (logout, "https://alpha.example/signed-out");
    for parameters in [
        vec![],
        vec![("client_id", "alpha"), back],
        vec![("id_token_hint", &*other_session.id)],
        vec![("id_token_hint", &*other_person.id), back],
        vec![("id_token_hint", "rubbish"), back],
        vec![("id_token_hint", &*unsigned), back],
        vec![("id_token_hint", &*forged), back],
        vec![("id_token_hint", &*own.access), back],
        vec![("id_token_hint", &*own.id), ("client_id", "beta"), back],
        vec![("logout_hint", "practitioner")],
    ] {
        let page = browser.open(&end_session(idp, &parameters)).await;
        assert!(page.has("logout-confirm"), "{parameters:?}: {} {}", page.status, page.body);
        assert!(is_signed_in(&mut browser, &site).await, "{parameters:?}");
    }
    // Confirmed by POST, it happens.
    let page = browser.open(&end_session(idp, &[("client_id", "alpha"), back])).await;
    let done = browser.submit(&page, "logout-confirm", &[]).await;
    assert_eq!(done.location().map(String::from).as_deref(), Some(back.1));
    assert!(!is_signed_in(&mut browser, &site).await);
}

/// 10.1: a confirmation is the person's own
async fn a_confirmation_from_elsewhere_ends_nothing(idp: Shared) {
    let (site, mut browser, _) = signed_on(idp, "alpha").await;
    let page = browser.visit("/sign-out").await;
    let mut form = page.form("logout-confirm");
    form.fill("form_token", "forged");
    let url = idp.url("/sign-out");
    for headers in
        [vec![], vec![("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")]]
    {
        let mut request = browser.request(reqwest::Method::POST, &url).form(&form.fields);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = browser.send(&url, request).await;
        assert_eq!(answer.status, 403, "{}", answer.body);
        assert!(is_signed_in(&mut browser, &site).await);
    }
}

/// 10.2
async fn an_address_that_is_not_registered_is_never_gone_to(idp: Shared) {
    for uri in [
        "https://evil.example/",
        "https://alpha.example/signed-out/",
        "https://alpha.example/callback",
        "https://beta.example/signed-out",
        "javascript:alert(1)",
        "//evil.example",
    ] {
        let (site, mut browser, tokens) = signed_on(idp, "alpha").await;
        let url = end_session(
            idp,
            &[("id_token_hint", &tokens.id), ("post_logout_redirect_uri", uri), ("state", "s")],
        );
        let page = browser.open(&url).await;
        says_signed_out(&page);
        assert!(!page.body.contains("evil.example"));
        assert!(!is_signed_in(&mut browser, &site).await, "{uri}");
    }
    // Nobody says who asks: our own page, too.
    let mut browser = idp.browser();
    let url = end_session(idp, &[("post_logout_redirect_uri", "https://alpha.example/signed-out")]);
    says_signed_out(&browser.open(&url).await);
}

async fn it_may_be_posted_from_the_site(idp: Shared) {
    let (site, mut browser, tokens) = signed_on(idp, "alpha").await;
    let form = [
        ("id_token_hint".to_owned(), tokens.id.clone()),
        ("post_logout_redirect_uri".to_owned(), "https://alpha.example/signed-out".to_owned()),
    ];
    let page = browser.post_from_elsewhere(&idp.url("/end-session"), &form).await;
    assert_eq!(page.status, 303);
    let page = browser.follow(page).await;
    assert_eq!(page.location().unwrap().as_str(), "https://alpha.example/signed-out");
    assert!(!is_signed_in(&mut browser, &site).await);
}

/// 10.3
async fn after_sign_out_nothing_of_the_session_is_left(idp: Shared) {
    let (site, mut browser, tokens) = signed_on(idp, "alpha").await;
    let account = browser.visit("/account").await;
    let old_tab = browser.open(&site.request().with("prompt", "login").url()).await;
    let cookies = browser.cookies.clone();
    let page = browser.visit("/sign-out").await;
    let done = browser.submit(&page, "logout-confirm", &[]).await;
    says_signed_out(&done);
    // The Back button asks the server again.
    assert_eq!(account.header("cache-control"), "no-store");
    assert!(browser.visit("/account").await.is_sign_in());
    // The old cookie opens nothing.
    let mut stolen = idp.browser();
    stolen.cookies = cookies;
    assert!(!is_signed_in(&mut stolen, &site).await);
    assert!(stolen.visit("/account").await.is_sign_in());
    // A form of an old tab is not evaluated.
    let answer = browser.sign_in(&old_tab, &Person::new("practitioner")).await;
    assert!(answer.status == 403 || answer.status == 400 || answer.is_sign_in(), "{}", answer.body);
    assert_eq!(browser.session(), None);
    let url = site.request().with("prompt", "none").url();
    assert_eq!(browser.get(&url).await.error().0, "login_required");
    assert_eq!(site.refresh(&tokens.refresh.unwrap()).await.error(), (400, "invalid_grant"));
}

/// 10.4, BCL §2.4
async fn every_site_of_the_session_is_told_with_its_own_names(idp: Shared) {
    let (first, second) = (Listener::start().await, Listener::start().await);
    let mut sites = Vec::new();
    let mut browser = idp.browser();
    for (name, listener, algorithm) in [("told-a", &first, "RS256"), ("told-b", &second, "ES256")] {
        let id = format!("{name}-{:?}", idp.backend).to_lowercase();
        let site = idp
            .add_site(
                &id,
                &json!({
                    "backchannel_logout_uri": listener.url("/out?x=1"),
                    "id_token_signed_response_alg": algorithm,
                }),
            )
            .await;
        let tokens = site.sign_on(&mut browser, &Person::new("practitioner")).await;
        sites.push((site, tokens));
    }
    let page = browser.visit("/sign-out").await;
    let done = browser.submit(&page, "logout-confirm", &[]).await;
    says_signed_out(&done);
    let mut tokens = Vec::new();
    for ((site, given), listener) in sites.iter().zip([&first, &second]) {
        let calls = listener.wait_for(1).await;
        assert_eq!(calls[0].target, "POST /out?x=1");
        let token = calls[0].field("logout_token").expect("a logout token");
        is_good_logout_token(&token, site, given);
        tokens.push(claims_of(&token));
    }
    assert_ne!(tokens[0]["sub"], tokens[1]["sub"]);
    assert_ne!(tokens[0]["sid"], tokens[1]["sid"]);
    assert_ne!(tokens[0]["jti"], tokens[1]["jti"]);
    // The page has a receipt for each site.
    eventually("both receipts", || async {
        let page = browser.clone().open(&done.url).await;
        sites
            .iter()
            .all(|(site, _)| page.body.contains(&format!("Test site {}", site.client_id)))
            .then_some(())
    })
    .await;
    // A logout token is no access token (8.3).
    let token = first.received()[0].field("logout_token").unwrap();
    assert_eq!(sites[0].0.userinfo(&token).await.error(), (401, "invalid_token"));
}

/// 10.4: neither lost nor invented
async fn a_site_that_is_away_is_told_when_it_is_back(idp: Fresh) {
    let listener = Listener::start().await;
    listener.answer(503, "");
    let site =
        idp.add_site("away", &json!({ "backchannel_logout_uri": listener.url("/out") })).await;
    let mut browser = idp.browser();
    site.sign_on(&mut browser, &Person::new("practitioner")).await;
    let page = browser.visit("/sign-out").await;
    browser.submit(&page, "logout-confirm", &[]).await;
    let first = listener.wait_for(1).await;
    listener.answer(200, "");
    let token = |call: &hilum_tests::Received| call.field("logout_token").unwrap();
    let mut clock = 0;
    let calls = loop {
        clock += 120;
        idp.set_clock(clock).await;
        let calls = listener.received();
        if calls.len() > first.len() || clock > 1200 {
            break calls;
        }
    };
    assert!(calls.len() > first.len(), "it was tried again");
    assert_eq!(
        claims_of(&token(&calls[0]))["sid"],
        claims_of(&token(calls.last().unwrap()))["sid"]
    );
}

/// OIDC Back-Channel Logout §2.4.
fn is_good_logout_token(token: &str, site: &Site, given: &Tokens) {
    let (header, claims, id) = (header_of(token), claims_of(token), claims_of(&given.id));
    assert_eq!(header["typ"].as_str().unwrap().to_lowercase(), "logout+jwt");
    assert_eq!(header["alg"], header_of(&given.id)["alg"]);
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(site.issuer), &json!(site.client_id)));
    assert_eq!((&claims["sub"], &claims["sid"]), (&id["sub"], &id["sid"]));
    assert_eq!(
        claims["events"],
        json!({ "http://schemas.openid.net/event/backchannel-logout": {} })
    );
    assert_eq!(claims["nonce"], Value::Null);
    assert!(claims["jti"].is_string());
    let lives = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert!((1..=120).contains(&lives), "short-lived: {lives}");
}

/// 6.3, 9.2, 10.3: what a site was given is over with the session, whoever ends it
async fn signing_out_at_one_site_ends_what_the_others_were_given(idp: Shared) {
    let (alpha, mut browser, first) = signed_on(idp, "alpha").await;
    let beta = idp.site("beta");
    let second = beta.sign_on(&mut browser, &Person::new("practitioner")).await;
    browser.open(&end_session(idp, &[("id_token_hint", &first.id)])).await;
    for (site, tokens) in [(alpha, first), (beta, second)] {
        let userinfo: Json = site.userinfo(&tokens.access).await;
        assert_eq!(userinfo.error(), (401, "invalid_token"), "{}", site.client_id);
        assert_eq!(site.refresh(&tokens.refresh.unwrap()).await.error(), (400, "invalid_grant"));
    }
}
