//! The pages of a sign-on (section 15).

use hilum_tests::{
    Backend, Browser, Fresh, PASSWORD, Page, Person, Settings, Shared, TestIdp, on_every_store,
};
use reqwest::Method;

on_every_store![
    a_form_without_its_token_is_not_evaluated_and_not_counted,
    a_planted_session_value_is_not_taken_over,
    a_sign_on_goes_on_only_in_the_browser_that_began_it,
    a_sign_on_that_nobody_knows_leads_to_the_start,
    nobody_can_tell_which_names_exist,
    an_unknown_name_costs_as_much_work_as_a_known_one,
    the_seventh_failure_locks_for_ten_minutes_and_then_it_opens_by_itself,
    racing_guesses_are_all_counted,
    a_name_that_does_not_exist_is_locked_just_the_same,
    one_place_that_keeps_failing_has_to_wait,
    a_forged_forwarding_header_changes_nothing,
    a_clinic_behind_one_address_signs_in_in_spite_of_some_typing_errors,
    an_account_is_dormant_by_date_without_any_job,
    an_empty_form_says_what_is_missing_and_counts_nothing,
    somebody_else_may_sign_in_instead,
    every_page_of_a_sign_on_is_closed_to_frames_and_scripts_from_elsewhere,
];

async fn sign_in_page(idp: &TestIdp, browser: &mut Browser) -> Page {
    let page = browser.open(&idp.site("alpha").request().url()).await;
    assert!(page.is_sign_in(), "{}", page.body);
    page
}

/// One try on a page of its own.
async fn attempt(idp: &TestIdp, user_id: &str, password: &str) -> Page {
    let mut browser = idp.browser();
    let page = sign_in_page(idp, &mut browser).await;
    browser.sign_in(&page, &Person::new(user_id).with_password(password)).await
}

/// What a page says, without what differs from one sign-on to the next.
fn words(page: &Page, user_id: &str) -> String {
    let path = page.url.path().trim_end_matches("/password").to_owned();
    let token = page.form("login-submit").value("form_token").unwrap().to_owned();
    let body = page.body.replace(&path, "").replace(&token, "").replace(user_id, "");
    without_challenge(&body)
}

/// A page without the challenge that comes after three failures, whosever they are (15.6).
fn without_challenge(body: &str) -> String {
    let mut shown = String::new();
    let mut inside = false;
    for line in body.lines().filter(|line| !line.contains("/assets/challenge.js")) {
        inside |= line.contains("<div class=\"challenge\"");
        if !inside && !line.trim().is_empty() {
            shown.push_str(line.trim());
            shown.push('\n');
        }
        inside &= !line.contains("</div>");
    }
    shown
}

/// 15.1
async fn a_form_without_its_token_is_not_evaluated_and_not_counted(idp: Fresh) {
    let mut browser = idp.browser();
    let page = sign_in_page(&idp, &mut browser).await;
    let own_token = page.form("login-submit").value("form_token").unwrap().to_owned();
    let mut stranger = idp.browser();
    let strange = sign_in_page(&idp, &mut stranger).await;
    let strange_token = strange.form("login-submit").value("form_token").unwrap().to_owned();
    let url = idp.url(&page.form("login-submit").action);
    let cross: &[(&str, &str)] = &[("Sec-Fetch-Site", "cross-site")];
    let foreign: &[(&str, &str)] = &[("Origin", "https://evil.example")];
    let none: &[(&str, &str)] = &[];
    let tries = [
        (None, none),
        (Some(""), none),
        (Some("forged"), none),
        (Some(&*strange_token), none),
        (Some(&*own_token), cross),
        (Some(&*own_token), foreign),
    ];
    for round in 0..2 {
        for (token, headers) in tries {
            let mut form = vec![
                ("username", "practitioner"),
                ("password", if round == 0 { PASSWORD } else { "wrong" }),
            ];
            form.extend(token.map(|token| ("form_token", token)));
            let mut request = browser.request(Method::POST, &url).form(&form);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            let answer = browser.send(&url, request).await;
            assert_eq!(answer.status, 403, "{token:?} {headers:?}: {}", answer.body);
            assert!(answer.is_sign_in(), "with a new form");
            assert_eq!(browser.session(), None);
        }
    }
    // Twelve wrong ones were sent; none was counted, the form of the page works.
    let answer = browser.sign_in(&page, &Person::new("practitioner")).await;
    assert!(browser.session().is_some(), "{} {}", answer.status, answer.body);
    assert_eq!(idp.database.number("SELECT COUNT(*) AS v FROM lockout WHERE failures > 0"), 0);
}

/// 15.3
async fn a_planted_session_value_is_not_taken_over(idp: Shared) {
    let mut browser = idp.browser();
    let planted = "A".repeat(43);
    browser.cookies.insert("__Host-hilum-session".into(), planted.clone());
    let page = sign_in_page(idp, &mut browser).await;
    browser.sign_in(&page, &Person::new("practitioner")).await;
    assert_ne!(browser.session(), Some(&*planted));
    let mut thief = idp.browser();
    thief.cookies.insert("__Host-hilum-session".into(), planted);
    assert!(thief.visit("/account").await.is_sign_in());
}

/// 15.3, CVE-2026-7507
async fn a_sign_on_goes_on_only_in_the_browser_that_began_it(idp: Shared) {
    let mut victim = idp.browser();
    let page = sign_in_page(idp, &mut victim).await;
    let mut thief = idp.browser();
    let opened = thief.open(&page.url).await;
    assert!(!opened.is_sign_in() && opened.status == 400, "{} {}", opened.status, opened.body);
    assert!(!opened.body.contains("Test site alpha"), "nothing of it is shown");
    let posted = thief.sign_in(&page, &Person::new("practitioner")).await;
    assert_eq!(posted.status, 400, "{}", posted.body);
    assert_eq!(thief.session(), None);
    let own = sign_in_page(idp, &mut thief).await;
    // Nor with the thief's own form sent to the victim's address.
    let mut form = own.form("login-submit");
    form.fill("username", "practitioner");
    form.fill("password", PASSWORD);
    let url = idp.url(&page.form("login-submit").action);
    let request = thief.request(Method::POST, &url).form(&form.fields);
    assert_eq!(thief.send(&url, request).await.status, 400);
    assert_eq!(thief.session(), None);
}

async fn a_sign_on_that_nobody_knows_leads_to_the_start(idp: Shared) {
    let mut browser = idp.browser();
    for handle in
        ["x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "%00", "..%2f..%2fetc", "'%20OR%201"]
    {
        let page = browser.visit(&format!("/sign-on/{handle}")).await;
        assert!(matches!(page.status, 400 | 404), "{handle}: {} {}", page.status, page.body);
    }
}

/// 15.4
async fn nobody_can_tell_which_names_exist(idp: Fresh) {
    let mut seen = Vec::new();
    for user_id in [
        "practitioner",
        "nobody-of-this-name",
        "dormant",
        "' OR '1'='1",
        "PRACTITIONER",
        "\u{fc}mlaut",
    ] {
        let page = attempt(&idp, user_id, "wrong-password").await;
        assert_eq!(page.status, 401, "{user_id}: {}", page.body);
        let shown = page.form("login-submit").value("username").unwrap().to_owned();
        assert_eq!(shown, user_id, "what was typed is not lost");
        let mut names: Vec<String> = page.headers.keys().map(ToString::to_string).collect();
        names.sort_unstable();
        let escaped = user_id.replace('\'', "&#39;");
        seen.push((words(&page, &escaped), names));
    }
    for (words, names) in &seen {
        assert_eq!((words, names), (&seen[0].0, &seen[0].1));
    }
    // The right password of an account that may not be used is no different (R28).
    let dormant = attempt(&idp, "dormant", PASSWORD).await;
    assert_eq!((dormant.status, words(&dormant, "dormant")), (401, seen[0].0.clone()));
}

/// 15.4: the hash work is always done
async fn an_unknown_name_costs_as_much_work_as_a_known_one(idp: Fresh) {
    for user_id in ["practitioner", "nobody", "dormant", "unaffiliated"] {
        let before = idp.metrics(0).await;
        attempt(&idp, user_id, "wrong-password").await;
        let hashed = idp.metrics(0).await.since(&before, "hilum_passwords_hashed_total");
        assert!((hashed - 1.0).abs() < 0.1, "{user_id}: {hashed}");
    }
}

/// 15.5, R29
async fn the_seventh_failure_locks_for_ten_minutes_and_then_it_opens_by_itself(idp: Fresh) {
    let mut wrong = Vec::new();
    for _ in 0..7 {
        wrong.push(attempt(&idp, "practitioner", "wrong").await);
    }
    let locked = attempt(&idp, "practitioner", PASSWORD).await;
    assert_eq!(locked.status, 401);
    assert_eq!(words(&locked, "practitioner"), words(&wrong[0], "practitioner"), "the same text");
    // Attempts meanwhile neither count nor prolong.
    idp.set_clock(540).await;
    for _ in 0..8 {
        assert_eq!(attempt(&idp, "practitioner", "wrong").await.status, 401);
    }
    idp.set_clock(590).await;
    assert_eq!(attempt(&idp, "practitioner", PASSWORD).await.status, 401);
    idp.set_clock(605).await;
    let mut browser = idp.browser();
    let page = sign_in_page(&idp, &mut browser).await;
    browser.sign_in(&page, &Person::new("practitioner")).await;
    assert!(browser.session().is_some());
    // And the counter is cleared: six more do not lock.
    for _ in 0..6 {
        attempt(&idp, "practitioner", "wrong").await;
    }
    let page = attempt(&idp, "practitioner", PASSWORD).await;
    assert_ne!(page.status, 401, "{}", page.body);
}

/// 15.5: counted atomically
async fn racing_guesses_are_all_counted(idp: Fresh) {
    let tries = (0..12).map(|_| attempt(&idp, "biller", "wrong"));
    for page in futures_util::future::join_all(tries).await {
        assert!(matches!(page.status, 401 | 503), "{}", page.status);
    }
    assert_eq!(attempt(&idp, "biller", PASSWORD).await.status, 401, "locked");
}

async fn a_name_that_does_not_exist_is_locked_just_the_same(idp: Shared) {
    let name = format!("ghost-{:?}", idp.backend);
    let mut pages = Vec::new();
    for _ in 0..9 {
        pages.push(words(&attempt(idp, &name, "wrong").await, &name));
    }
    pages.dedup();
    assert_eq!(pages.len(), 1);
}

/// 15.6
async fn one_place_that_keeps_failing_has_to_wait(backend: Backend) {
    let idp =
        TestIdp::start_with(backend, Settings::new().with("throttle.sign_in_failures", "10")).await;
    let mut waited = None;
    for number in 0..30 {
        let page = attempt(&idp, &format!("user{number}"), "Password-1").await;
        if page.status == 429 {
            waited = Some(page);
            break;
        }
        assert_eq!(page.status, 401);
    }
    let waited = waited.expect("at some time it has to wait");
    assert!(waited.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    assert!(waited.is_sign_in());
}

/// 15.7
async fn a_forged_forwarding_header_changes_nothing(backend: Backend) {
    let idp =
        TestIdp::start_with(backend, Settings::new().with("throttle.sign_in_failures", "10")).await;
    let mut last = 0;
    for number in 0..30 {
        let mut browser = idp.browser();
        let address = format!("198.51.100.{number}");
        for name in ["X-Forwarded-For", "X-Real-IP", "Client-IP", "True-Client-IP"] {
            browser.headers.push((name.into(), address.clone()));
        }
        browser.headers.push(("Forwarded".into(), format!("for={address};host=evil.example")));
        browser.headers.push(("X-Forwarded-Host".into(), "evil.example".into()));
        let page = sign_in_page(&idp, &mut browser).await;
        assert!(!page.body.contains("evil.example"));
        let person = Person::new(&format!("user{number}")).with_password("wrong");
        last = browser.sign_in(&page, &person).await.status;
    }
    assert_eq!(last, 429, "the true peer is counted");
    let addresses = idp
        .database
        .column("SELECT DISTINCT address AS v FROM audit_event WHERE address IS NOT NULL");
    assert_eq!(addresses, ["127.0.0.1"]);
}

/// 15.9, R28
async fn an_account_is_dormant_by_date_without_any_job(idp: Fresh) {
    let (site, mut browser) = (idp.site("alpha"), idp.browser());
    site.sign_on(&mut browser, &Person::new("practitioner")).await;
    idp.set_clock(199 * 86_400).await;
    let tokens = site.sign_on(&mut idp.browser(), &Person::new("practitioner")).await;
    assert!(!tokens.access.is_empty(), "199 days are not 200");
    idp.set_clock((199 + 201) * 86_400).await;
    let wrong = attempt(&idp, "practitioner", "wrong").await;
    let right = attempt(&idp, "practitioner", PASSWORD).await;
    assert_eq!((right.status, words(&right, "practitioner")), (401, words(&wrong, "practitioner")));
}

async fn an_empty_form_says_what_is_missing_and_counts_nothing(idp: Shared) {
    let mut browser = idp.browser();
    let page = sign_in_page(idp, &mut browser).await;
    for (user_id, password) in [("", ""), ("practitioner", ""), ("", "x"), ("   ", "x")] {
        let answer = browser.sign_in(&page, &Person::new(user_id).with_password(password)).await;
        assert_eq!((answer.status, answer.has("problem")), (400, true), "{}", answer.body);
    }
}

async fn somebody_else_may_sign_in_instead(idp: Shared) {
    let (site, mut browser) = (idp.site("all"), idp.browser());
    site.sign_on(&mut browser, &Person::new("practitioner")).await;
    let cookie = browser.session().unwrap().to_owned();
    let request = site.request().with("prompt", "consent");
    let page = browser.open(&request.url()).await;
    assert!(page.is_notice(), "{}", page.body);
    let page = browser.submit(&page, "switch-person", &[]).await;
    assert!(page.is_sign_in(), "{}", page.body);
    let mut old = idp.browser();
    old.cookies.insert("__Host-hilum-session".into(), cookie);
    assert!(old.visit("/account").await.is_sign_in(), "the first person's session is over");
    let page = browser.sign_in(&page, &Person::new("administrator")).await;
    assert!(page.is_notice() && page.body.contains("administrator"), "{}", page.body);
}

/// 15.2, 25.3
async fn every_page_of_a_sign_on_is_closed_to_frames_and_scripts_from_elsewhere(idp: Shared) {
    let (site, mut browser) = (idp.site("one"), idp.browser());
    let mut pages = vec![browser.open(&site.request().with("prompt", "consent").url()).await];
    pages.push(browser.sign_in(&pages[0], &Person::new("biller")).await);
    let choice =
        pages[1].body.split("id=\"affiliation-").nth(1).unwrap().split('"').next().unwrap();
    let button = format!("affiliation-{choice}");
    pages.push(browser.submit(&pages[1].clone(), &button, &[]).await);
    assert!(pages[1].is_chooser() && pages[2].is_notice());
    for page in &pages {
        let policy = page.header("content-security-policy");
        for part in
            ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "script-src 'self'"]
        {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cache-control"), "no-store");
        assert!(!page.body.contains("style=\"") && !page.body.contains(" onclick"));
    }
}

/// 15.6
async fn a_clinic_behind_one_address_signs_in_in_spite_of_some_typing_errors(backend: Backend) {
    let settings = Settings::new().with("throttle.sign_in_failures", "100");
    let idp = TestIdp::start_with(backend, settings).await;
    let people = ["practitioner", "biller", "administrator", "profile", "hospital"];
    for round in 0..4 {
        for user_id in people {
            let wrong = attempt(&idp, user_id, "Mistyped-1").await;
            assert_eq!(wrong.status, 401, "round {round}");
            let right = attempt(&idp, user_id, PASSWORD).await;
            assert_ne!(right.status, 401, "round {round}: {user_id}");
            assert_ne!(right.status, 429, "round {round}: {user_id}");
        }
    }
}
