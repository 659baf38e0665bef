//! Sessions and cookies (section 19).

use hilum_tests::{Fresh, Person, Shared, claims_of, on_every_store};

on_every_store![
    the_cookies_are_as_narrow_as_can_be,
    a_session_ends_after_four_hours_of_constant_use,
    the_next_sign_in_has_its_own_four_hours,
];

/// 19.1
async fn the_cookies_are_as_narrow_as_can_be(idp: Shared) {
    let mut browser = idp.browser();
    let begun = browser.get(&idp.site("alpha").request().url()).await;
    let page = browser.follow(begun.clone()).await;
    let person = [("username", "practitioner"), ("password", hilum_tests::PASSWORD)];
    let signed_in = browser.press(&page, "login-submit", &person).await;
    let set: Vec<String> = [begun.set_cookies(), signed_in.set_cookies()].concat();
    for name in ["__Host-hilum-session=", "__Host-hilum-browser="] {
        let cookie = set
            .iter()
            .find(|cookie| cookie.starts_with(name))
            .unwrap_or_else(|| panic!("{name}: {set:?}"));
        let parts: Vec<String> =
            cookie.split(';').skip(1).map(|part| part.trim().to_lowercase()).collect();
        for part in ["secure", "httponly", "samesite=lax", "path=/"] {
            assert!(parts.iter().any(|own| own == part), "{part} in {cookie}");
        }
        for part in ["domain", "max-age", "expires"] {
            assert!(!parts.iter().any(|own| own.starts_with(part)), "{part} in {cookie}");
        }
        let value = cookie.split(['=', ';']).nth(1).unwrap();
        assert!(value.len() >= 43, "256 random bits: {value}");
        // Only a hash of it is kept.
        let everything = idp.database.everything();
        assert!(!everything.contains(value), "{name} stands in the database");
    }
}

/// 19.2, R30
async fn a_session_ends_after_four_hours_of_constant_use(idp: Fresh) {
    let (site, person) = (idp.site("alpha"), Person::new("practitioner"));
    let mut browser = idp.browser();
    let first = site.sign_on(&mut browser, &person).await;
    let id = claims_of(&first.id);
    let ends = id["session_expires_at"].as_i64().unwrap();
    assert!((ends - id["auth_time"].as_i64().unwrap() - 4 * 3600).abs() <= 1);
    let silent = || site.request().with("prompt", "none").url();
    for minutes in [60, 120, 180, 239] {
        idp.set_clock(minutes * 60).await;
        assert!(browser.get(&silent()).await.answer().code.is_some(), "after {minutes} minutes");
    }
    // A sign-in in between does not prolong it.
    let request = site.request().with("prompt", "login");
    let page = browser.open(&request.url()).await;
    browser.sign_in(&page, &person).await;
    idp.set_clock(4 * 3600 + 1).await;
    assert_eq!(browser.get(&silent()).await.error().0, "login_required");
    assert!(browser.open(&site.request().url()).await.is_sign_in());
    assert!(browser.visit("/account").await.is_sign_in());
}

/// 19.2: a sign-in after the end begins a new session
async fn the_next_sign_in_has_its_own_four_hours(idp: Fresh) {
    let (site, person) = (idp.site("alpha"), Person::new("practitioner"));
    let mut browser = idp.browser();
    let first = claims_of(&site.sign_on(&mut browser, &person).await.id);
    idp.set_clock(5 * 3600).await;
    let second = claims_of(&site.sign_on(&mut browser, &person).await.id);
    assert_ne!(first["sid"], second["sid"]);
    assert!(second["session_expires_at"].as_i64() > first["session_expires_at"].as_i64());
}
