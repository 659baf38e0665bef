//! `/account/password`, and what a password may be (section 16).

use std::fs;

use hilum_tests::{
    Browser, Fresh, PASSWORD, Page, Person, Settings, TestIdp, Tokens, on_every_store,
};
use reqwest::Method;
use serde_json::Value;

on_every_store![
    a_new_password_ends_everything_but_this_browser,
    it_takes_a_fresh_sign_in_and_the_current_password,
    wrong_current_passwords_count_towards_the_lock,
    the_community_policy_is_kept_by_the_server_itself,
    the_hints_say_what_the_server_would_say,
    nothing_is_cut_off_a_long_password,
    the_nist_policy_asks_for_length_and_nothing_else,
    whoever_had_a_password_keeps_it_when_the_policy_changes,
    a_hash_of_cheaper_days_is_renewed_at_the_next_success,
];

const NEW: &str = "Copper-kettle-7";

async fn at_page(idp: &TestIdp, person: &Person) -> (Browser, Page) {
    let mut browser = idp.browser();
    let page = browser.visit("/account/password").await;
    let page = browser.sign_in(&page, person).await;
    assert!(page.has("password-submit"), "{} {}", page.url, page.body);
    (browser, page)
}

async fn change(browser: &mut Browser, page: &Page, current: &str, new: &str) -> Page {
    let fields =
        [("current_password", current), ("new_password", new), ("new_password_again", new)];
    browser.submit(page, "password-submit", &fields).await
}

fn is_changed(page: &Page) -> bool {
    page.url.query() == Some("done=changed") && page.status == 200
}

async fn can_sign_in(idp: &TestIdp, person: &Person) -> bool {
    let mut browser = idp.browser();
    let page = browser.visit("/account").await;
    browser.sign_in(&page, person).await.url.path() == "/account"
}

fn hash_of(idp: &TestIdp, user_id: &str) -> String {
    let query = format!("SELECT password_hash AS v FROM subscriber WHERE user_id = '{user_id}'");
    idp.database.column(&query).remove(0)
}

fn events(idp: &TestIdp, kind: &str) -> i64 {
    idp.database.number(&format!("SELECT COUNT(*) AS v FROM audit_event WHERE kind = '{kind}'"))
}

/// Starts the node again with these lines in its configuration.
async fn restart_with(idp: &mut TestIdp, lines: &str) {
    let config = fs::read_to_string(idp.config_file()).unwrap();
    fs::write(idp.config_file(), format!("{config}\n{lines}\n")).unwrap();
    idp.node(0).stop();
    idp.restart(0).await;
}

/// 16.4
async fn a_new_password_ends_everything_but_this_browser(idp: Fresh) {
    let person = Person::new("practitioner");
    let site = idp.site("alpha");
    let mut elsewhere = idp.browser();
    let other = site.sign_on(&mut elsewhere, &person).await;
    let (mut browser, page) = at_page(&idp, &person).await;
    let own = Tokens::of(&{
        let request = site.request();
        let code = browser.sign_on(&request.url(), &person).await.answer().code.unwrap();
        site.redeem(&request, &code).await
    });
    let old_cookies = browser.cookies.clone();
    let page = change(&mut browser, &page, PASSWORD, NEW).await;
    assert!(is_changed(&page), "{} {}", page.url, page.body);

    assert!(elsewhere.visit("/account").await.is_sign_in());
    for tokens in [&other, &own] {
        let refresh = tokens.refresh.as_deref().unwrap();
        assert_eq!(site.refresh(refresh).await.error(), (400, "invalid_grant"));
        assert_eq!(site.userinfo(&tokens.access).await.status, 401);
    }
    // This browser goes on, under another cookie.
    assert_eq!(browser.visit("/account").await.url.path(), "/account");
    let mut thief = idp.browser();
    thief.cookies = old_cookies;
    assert!(thief.visit("/account").await.is_sign_in());
    let silent = site.request().with("prompt", "none").url();
    assert!(browser.get(&silent).await.answer().code.is_some());

    assert!(!can_sign_in(&idp, &person).await);
    assert!(can_sign_in(&idp, &person.clone().with_password(NEW)).await);
    assert_eq!(events(&idp, "password.changed"), 1);
    let mails = "SELECT COUNT(*) AS v FROM outbox WHERE kind = 'mail' \
                 AND payload LIKE '%password-changed%'";
    assert_eq!(idp.database.number(mails), 1, "a notice that cannot be turned off");
    let everything = idp.database.everything();
    assert!(!everything.contains(NEW) && !idp.log().contains(NEW));
}

/// 16.4
async fn it_takes_a_fresh_sign_in_and_the_current_password(idp: Fresh) {
    let person = Person::new("practitioner");
    let before = hash_of(&idp, "practitioner");
    let mut stranger = idp.browser();
    assert!(stranger.visit("/account/password").await.is_sign_in());
    let (mut browser, page) = at_page(&idp, &person).await;
    for (current, new, again) in [
        ("", NEW, NEW),
        (PASSWORD, "", ""),
        (PASSWORD, NEW, "other"),
        (PASSWORD, PASSWORD, PASSWORD),
    ] {
        let fields =
            [("current_password", current), ("new_password", new), ("new_password_again", again)];
        let answer = browser.submit(&page, "password-submit", &fields).await;
        assert_eq!((answer.status, answer.has("problem")), (400, true), "{current} {new} {again}");
        assert!(answer.body.contains("aria-invalid=\"true\""), "{}", answer.body);
    }
    let forged = [
        ("form_token", "x"),
        ("current_password", PASSWORD),
        ("new_password", NEW),
        ("new_password_again", NEW),
    ];
    assert_eq!(browser.press(&page, "password-submit", &forged).await.status, 403);
    idp.set_clock(16 * 60).await;
    let answer = change(&mut browser, &page, PASSWORD, NEW).await;
    assert!(answer.is_sign_in(), "{} {}", answer.url, answer.body);
    assert!(browser.visit("/account/password").await.is_sign_in());
    assert_eq!(hash_of(&idp, "practitioner"), before);
    // And back to where they wanted to go.
    let page = browser.visit("/account/password").await;
    let page = browser.sign_in(&page, &person).await;
    assert!(is_changed(&change(&mut browser, &page, PASSWORD, NEW).await));
}

/// 16.4, 15.5
async fn wrong_current_passwords_count_towards_the_lock(idp: Fresh) {
    let person = Person::new("practitioner");
    let (mut browser, page) = at_page(&idp, &person).await;
    for attempt in 1..=7 {
        let answer = change(&mut browser, &page, "Wrong-password-1", NEW).await;
        assert_eq!((answer.status, answer.has("problem")), (403, true), "{attempt}");
    }
    assert_eq!((events(&idp, "password.change-refused"), events(&idp, "account.locked")), (6, 1));
    // Locked: the right one is not looked at, here or anywhere.
    let answer = change(&mut browser, &page, PASSWORD, NEW).await;
    assert_eq!(answer.status, 403);
    assert!(!can_sign_in(&idp, &person).await);
    idp.set_clock(11 * 60).await;
    assert!(is_changed(&change(&mut browser, &page, PASSWORD, NEW).await));
}

/// Passwords, and a word of what the page says against them.
const COMMUNITY: &[(&str, Option<&str>)] = &[
    ("Abcde1!", Some("too short")),
    ("Rvbcdef1", None),
    ("Zbcdefghijklmnopqrstuv1!", None),
    ("Zbcdefghijklmnopqrstuvw1!", Some("too long")),
    ("copper-kettle", Some("kinds")),
    ("\u{d1}andu-kettle", None),
    ("PASSWORD2026!", Some("less usual")),
    ("x-PRACTITIONER-1", Some("Leave that out")),
    ("x-hILUM-1x", Some("Leave that out")),
    ("x-cEdAr-1x", Some("Leave that out")),
];

/// 16.1, 16.2
async fn the_community_policy_is_kept_by_the_server_itself(idp: Fresh) {
    let person = Person::new("practitioner");
    let (mut browser, mut page) = at_page(&idp, &person).await;
    let mut current = PASSWORD.to_owned();
    for (new, objection) in COMMUNITY {
        let answer = change(&mut browser, &page, &current, new).await;
        assert_eq!(is_changed(&answer), objection.is_none(), "{new}: {}", answer.body);
        match objection {
            Some(words) => {
                assert_eq!(answer.status, 400, "{new}");
                assert!(answer.body.contains(words), "{new}: {}", answer.body);
                assert!(!answer.body.contains(&format!("value=\"{new}\"")), "{new} comes back");
            }
            None => {
                (*new).clone_into(&mut current);
                page = answer;
            }
        }
    }
    assert!(page.body.contains("autocomplete=\"new-password\"") && !page.body.contains("onpaste"));
}

/// 16.2: one rule, said while somebody types and when they have typed.
async fn the_hints_say_what_the_server_would_say(idp: Fresh) {
    let (mut browser, page) = at_page(&idp, &Person::new("practitioner")).await;
    let token = page.form("password-submit").value("form_token").unwrap().to_owned();
    let url = idp.url("/account/password/hints");
    for (new, objection) in COMMUNITY {
        let form = [("form_token", token.as_str()), ("new_password", new)];
        let request = browser.request(Method::POST, &url).form(&form);
        let answer = browser.send(&url, request).await;
        let hints: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(hints["good"], objection.is_none(), "{new}: {hints}");
        let said = hints["sentences"].to_string();
        assert!(objection.is_none_or(|words| said.contains(words)), "{new}: {hints}");
    }
    for (cookies, token) in [(false, token.as_str()), (true, ""), (true, "x")] {
        let mut asker = if cookies { browser.clone() } else { idp.browser() };
        let request =
            asker.request(Method::POST, &url).form(&[("form_token", token), ("new_password", NEW)]);
        assert_eq!(asker.send(&url, request).await.status, 403, "{cookies} {token}");
    }
}

/// 16.1: every code point counts one, and every octet is compared.
async fn nothing_is_cut_off_a_long_password(idp: Fresh) {
    let person = Person::new("practitioner");
    let body: String = (0..20_u32).filter_map(|n| char::from_u32(0x1f600 + n)).collect();
    let (one, other) = (format!("{body}Ab1x"), format!("{body}Ab1y"));
    assert_eq!((one.chars().count(), one.len()), (24, 84));
    let (mut browser, page) = at_page(&idp, &person).await;
    assert!(is_changed(&change(&mut browser, &page, PASSWORD, &one).await));
    assert!(!can_sign_in(&idp, &person.clone().with_password(&other)).await);
    assert!(!can_sign_in(&idp, &person.clone().with_password(&body)).await);
    assert!(can_sign_in(&idp, &person.with_password(&one)).await);
}

/// 16.5
async fn the_nist_policy_asks_for_length_and_nothing_else(backend: hilum_tests::Backend) {
    let settings = Settings::new().with("password.policy", "nist-63b-4");
    let idp = TestIdp::start_with(backend, settings).await;
    let person = Person::new("practitioner");
    let (mut browser, mut page) = at_page(&idp, &person).await;
    assert!(!page.body.contains("capital letters"), "no rule about kinds: {}", page.body);
    assert!(!page.body.contains("/account/questions"), "no secret questions: {}", page.body);
    assert_eq!(browser.visit("/account/questions").await.status, 404);
    let mut current = PASSWORD.to_owned();
    let (most, too_long) = ("copper ".repeat(18) + "ab", "copper ".repeat(18) + "abc");
    assert_eq!((most.chars().count(), too_long.chars().count()), (128, 129));
    for (new, accepted) in [
        ("copper kettles", false),
        ("copper kettles.", true),
        ("passwordpassword", false),
        ("1234567890123456", false),
        (most.as_str(), true),
        (too_long.as_str(), false),
    ] {
        let answer = change(&mut browser, &page, &current, new).await;
        assert_eq!(is_changed(&answer), accepted, "{new}: {}", answer.body);
        if accepted {
            new.clone_into(&mut current);
            page = answer;
        }
    }
    assert!(can_sign_in(&idp, &person.with_password(&most)).await);
    let sign_in = idp.browser().visit("/account").await;
    let places = ["passkey-submit", "login-submit"].map(|id| sign_in.body.find(id));
    assert!(places[0].is_some() && places.is_sorted(), "passkey first: {}", sign_in.body);
}

/// 16.5
async fn whoever_had_a_password_keeps_it_when_the_policy_changes(mut idp: Fresh) {
    let person = Person::new("practitioner");
    let (mut browser, page) = at_page(&idp, &person).await;
    assert!(is_changed(&change(&mut browser, &page, PASSWORD, "Kettle-7").await));
    let short = person.clone().with_password("Kettle-7");
    restart_with(&mut idp, "[password]\npolicy = \"nist-63b-4\"").await;
    assert!(can_sign_in(&idp, &short).await, "eight characters, chosen before");
    assert!(can_sign_in(&idp, &Person::new("biller")).await);
    let (mut browser, page) = at_page(&idp, &short).await;
    let long = "one two three four five six seven";
    assert!(!is_changed(&change(&mut browser, &page, "Kettle-7", "Kettle-8").await));
    assert!(is_changed(&change(&mut browser, &page, "Kettle-7", long).await));
    let config = fs::read_to_string(idp.config_file()).unwrap();
    fs::write(idp.config_file(), config.replace("nist-63b-4", "community")).unwrap();
    idp.node(0).stop();
    idp.restart(0).await;
    assert!(can_sign_in(&idp, &person.with_password(long)).await, "33 characters, one kind");
}

/// 16.3
async fn a_hash_of_cheaper_days_is_renewed_at_the_next_success(mut idp: Fresh) {
    let person = Person::new("practitioner");
    let before = hash_of(&idp, "practitioner");
    assert!(before.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{before}");
    restart_with(&mut idp, "[password]\npasses = 3").await;
    assert!(!can_sign_in(&idp, &person.clone().with_password("Wrong-password-1")).await);
    assert_eq!(hash_of(&idp, "practitioner"), before, "a failure renews nothing");
    assert!(can_sign_in(&idp, &person).await);
    let renewed = hilum_tests::eventually("the hash is renewed", || async {
        Some(hash_of(&idp, "practitioner")).filter(|hash| *hash != before)
    });
    let renewed = renewed.await;
    assert!(renewed.starts_with("$argon2id$v=19$m=19456,t=3,p=1$"), "{renewed}");
    assert!(can_sign_in(&idp, &person).await);
}
