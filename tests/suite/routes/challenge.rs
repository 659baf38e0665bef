//! The challenge after failures and on public forms (15.6, 22.2).

use hilum_tests::{
    Browser, Fresh, PASSWORD, Page, Person, Shared, TestIdp, challenge::solve, on_every_store,
};

on_every_store![
    after_three_failures_no_password_is_looked_at_without_the_work,
    a_challenge_counts_once_for_its_form_and_its_browser,
    a_browser_without_scripts_waits_and_each_wait_is_longer,
    a_new_challenge_is_one_press_away,
];

async fn fail(idp: &TestIdp, user_id: &str) -> (Browser, Page) {
    let mut browser = idp.browser();
    let page = browser.visit("/account").await;
    let wrong = Person::new(user_id).with_password("wrong");
    let page = browser.sign_in(&page, &wrong).await;
    assert_eq!(page.status, 401, "{}", page.body);
    (browser, page)
}

/// 15.6
async fn after_three_failures_no_password_is_looked_at_without_the_work(idp: Fresh) {
    for name in ["profile", "nobody-of-this-name"] {
        for failures in 1..=3 {
            let (_, page) = fail(&idp, name).await;
            assert_eq!(page.has("challenge"), failures == 3, "{name}: {failures}");
        }
    }
    let failures = || {
        idp.database.column(
            "SELECT CAST(COUNT(*) AS TEXT) AS v FROM audit_event WHERE kind = 'login.failed'",
        )
    };
    let before = failures();
    let mut browser = idp.browser();
    let page = browser.visit("/account").await;
    for solution in ["0", "1.2.3", "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"] {
        let fields = [("username", "profile"), ("password", PASSWORD)];
        let challenged = browser.submit(&page, "login-submit", &fields).await;
        assert_eq!(challenged.status, 403, "{}", challenged.body);
        assert!(challenged.has("challenge-problem"));
        // The right password, and no work for it.
        let fields = [fields[0], fields[1], ("solution", solution)];
        let refused = browser.submit(&challenged, "login-submit", &fields).await;
        assert_eq!(refused.status, 403, "{solution}: {}", refused.body);
    }
    assert_eq!(failures(), before, "no try was looked at or counted");
    // A clinic behind the same address goes on signing in.
    let mut neighbour = idp.browser();
    let other = neighbour.visit("/account").await;
    let other = neighbour.sign_in(&other, &Person::new("biller")).await;
    assert!(!other.is_sign_in(), "{}", other.body);
    // And so does the person, whose browser does the work.
    let page = browser.visit("/account").await;
    let page = browser.sign_in(&page, &Person::new("profile")).await;
    assert!(!page.is_sign_in(), "{}", page.body);
}

async fn a_challenge_counts_once_for_its_form_and_its_browser(idp: Shared) {
    let mut browser = idp.browser();
    let ask = [("email", "grace.okafor@north-sound.example")];
    let page = browser.visit("/forgot/user-id").await;
    let token = page.form("forgot-submit").value("challenge").unwrap().to_owned();
    let solution = solve(&token);
    let with = |challenge: &str, solution: &str| {
        [ask[0], ("challenge", challenge), ("solution", solution)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    async fn status(browser: &mut Browser, page: &Page, fields: &[(String, String)]) -> u16 {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (&**n, &**v)).collect();
        browser.submit(page, "forgot-submit", &fields).await.status
    }
    // Another form's, and another browser's.
    let other_form = browser.visit("/forgot/password").await;
    let foreign = other_form.form("forgot-submit").value("challenge").unwrap().to_owned();
    assert_eq!(status(&mut browser, &page, &with(&foreign, &solve(&foreign))).await, 403);
    let mut stranger = idp.browser();
    let strange = stranger.visit("/forgot/user-id").await;
    assert_eq!(status(&mut stranger, &strange, &with(&token, &solution)).await, 403);
    // Made easier by hand.
    let mut parts: Vec<&str> = token.split('.').collect();
    parts[2] = "0";
    let easier = parts.join(".");
    assert_eq!(status(&mut browser, &page, &with(&easier, &solve(&easier))).await, 403);
    // Its own: once.
    assert_eq!(status(&mut browser, &page, &with(&token, &solution)).await, 200);
    assert_eq!(status(&mut browser, &page, &with(&token, &solution)).await, 403);
}

/// The plain alternative, and why it is no way around.
async fn a_browser_without_scripts_waits_and_each_wait_is_longer(idp: Fresh) {
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let mut browser = idp.browser();
        let page = browser.visit("/forgot/user-id").await;
        assert!(page.body.contains("<noscript>") && page.body.contains("20 seconds"));
        waiting.push((browser, page));
    }
    async fn ask((browser, page): &mut (Browser, Page)) -> Page {
        let fields = [("email", "grace.okafor@north-sound.example"), ("solution", "-")];
        browser.submit(page, "forgot-submit", &fields).await
    }
    let early = ask(&mut waiting[0]).await;
    assert_eq!(early.status, 403);
    assert!(early.text("challenge-problem").unwrap().contains("seconds"), "{}", early.body);
    // All three were begun at once; after one wait, one of them is through.
    idp.set_clock(25).await;
    assert_eq!(ask(&mut waiting[0]).await.status, 200);
    assert_eq!(ask(&mut waiting[1]).await.status, 403);
    assert_eq!(ask(&mut waiting[2]).await.status, 403);
    idp.set_clock(45).await;
    assert_eq!(ask(&mut waiting[1]).await.status, 200);
    assert_eq!(ask(&mut waiting[2]).await.status, 403);
    idp.set_clock(65).await;
    assert_eq!(ask(&mut waiting[2]).await.status, 200);
}

async fn a_new_challenge_is_one_press_away(idp: Shared) {
    let mut browser = idp.browser();
    let page = browser.visit("/forgot/password").await;
    let old = page.form("forgot-submit").value("challenge").unwrap().to_owned();
    let page = browser.submit(&page, "challenge-new", &[("username", "profile")]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let form = page.form("forgot-submit");
    assert_ne!(form.value("challenge"), Some(&*old));
    assert_eq!(form.value("username"), Some("profile"), "what was typed is kept");
}
