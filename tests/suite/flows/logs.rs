//! Marked secrets through every flow, failures included: none stays anywhere (24.1).

use hilum_tests::{Backend, Person, Settings, TestIdp, on_every_store, standing::SITE_KEY};

on_every_store![no_secret_stands_in_a_log_a_count_or_the_database,];

async fn no_secret_stands_in_a_log_a_count_or_the_database(backend: Backend) {
    let settings = Settings::new().with("log.filter", "trace,hilum=trace");
    let idp = TestIdp::start_with(backend, settings).await;
    let mut marked: Vec<(String, String)> = Vec::new();
    let mut mark = |what: &str, secret: &str| marked.push((what.to_owned(), secret.to_owned()));
    let site = idp.site("alpha");
    mark("client secret", "alpha-secret-of-the-tests-0123456789abcdef");
    mark("demo password", hilum_tests::PASSWORD);

    // A person who mistypes, in every way there is.
    let mut browser = idp.browser();
    let request = site.request();
    let page = browser.open(&request.url()).await;
    let wrong = "Marked-Wrong-1";
    mark("wrong password", wrong);
    let typo = "Marked-Typed-As-Name-1";
    mark("a password typed as a name", typo);
    for (name, password) in [("practitioner", wrong), (typo, "x"), ("nobody", wrong)] {
        let page = browser.sign_in(&page, &Person::new(name).with_password(password)).await;
        assert_eq!(page.status, 401);
    }
    let handle = page.url.path().rsplit('/').next().unwrap().to_owned();
    mark("handle of a sign-on", &handle);
    mark("form token", page.form("login-submit").value("form_token").unwrap());
    let page = browser.sign_on(&request.url(), &Person::new("practitioner")).await;
    let code = page.answer().code.unwrap();
    mark("code", &code);
    mark("code verifier", &request.verifier);
    for (name, value) in &browser.cookies {
        mark(name, value);
    }

    // The site, right and wrong.
    let tokens = hilum_tests::Tokens::of(&site.redeem(&request, &code).await);
    site.userinfo(&tokens.access).await;
    let refreshed =
        hilum_tests::Tokens::of(&site.refresh(tokens.refresh.as_deref().unwrap()).await);
    for tokens in [&tokens, &refreshed] {
        mark("access token", &tokens.access);
        mark("ID token", &tokens.id);
        mark("refresh token", tokens.refresh.as_deref().unwrap());
        for token in [&tokens.access, &tokens.id] {
            // A part of it would do as well.
            mark("signature", token.rsplit('.').next().unwrap());
        }
    }
    let query = format!("/token?client_secret=Marked-In-Query-1&code={code}");
    mark("secret in an address", "Marked-In-Query-1");
    idp.call(reqwest::Method::GET, &query).send().await;
    idp.call(reqwest::Method::GET, &format!("/userinfo?access_token={}", tokens.access))
        .send()
        .await;
    let stranger = hilum_tests::Site {
        authentication: hilum_tests::Authentication::Basic("Marked-Wrong-Secret-1".into()),
        ..site.clone()
    };
    mark("wrong client secret", "Marked-Wrong-Secret-1");
    stranger.introspect(&tokens.access).await;
    let keyed = idp.site("keyed");
    let assertion = SITE_KEY.sign(&keyed.assertion());
    mark("assertion", &assertion);
    let bare = hilum_tests::Site { authentication: hilum_tests::Authentication::None, ..keyed };
    for _ in 0..2 {
        bare.token(&[
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion),
        ])
        .await;
    }
    site.redeem(&request, &code).await;
    site.refresh(tokens.refresh.as_deref().unwrap()).await;
    site.revoke(&refreshed.access).await;
    let hinted = site.request().with("id_token_hint", &tokens.id).with("prompt", "none");
    browser.get(&hinted.url()).await;
    let mut end = idp.url("/end-session");
    end.query_pairs_mut().append_pair("id_token_hint", &tokens.id);
    let page = browser.open(&end).await;
    if page.has("logout-confirm") {
        browser.submit(&page, "logout-confirm", &[]).await;
    }
    let master = std::fs::read_to_string(idp.folder().path("master.key")).unwrap();
    mark("master key", master.trim());

    let verified = idp.must(&["audit", "verify"]);
    let places = [
        ("the log", idp.log()),
        ("the metrics", idp.private(0, "/metrics").await.1),
        ("the database", idp.database.everything()),
        ("the command line", format!("{}{}", verified.stdout, verified.stderr)),
        ("the list of sites", idp.must(&["site", "list"]).stdout),
        ("the list of keys", idp.must(&["keys", "list"]).stdout),
    ];
    for (place, text) in &places {
        assert!(!text.is_empty(), "{place} is empty");
        for (what, secret) in &marked {
            assert!(!text.contains(secret.as_str()), "{what} stands in {place}");
        }
    }
    let log = &places[0].1;
    assert!(log.contains("sign-in refused"), "and the log does say something");
}
