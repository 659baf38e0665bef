//! A browser that stands in for the second factor, and when it does so no longer (18.7).

use hilum_tests::{PASSWORD, Site, community::Change};

use super::*;

on_every_store![
    a_remembered_browser_stands_in_only_where_the_site_accepts_it,
    a_browser_is_remembered_for_sixty_days,
    a_new_password_ends_what_is_remembered,
    another_factor_ends_what_is_remembered,
    a_suspension_ends_what_is_remembered,
];

/// A site that accepts remembered browsers, a browser that it remembers, opened again without a
/// session, and the app, when the clock is a minute ahead.
async fn remembered(idp: &TestIdp) -> (Site, Browser, App) {
    let mut browser = idp.browser();
    let (app, _) = ana(idp, &mut browser).await;
    let release = json!({ "min_acr": BSF, "accept_remembered_browser": true });
    let lenient = idp.add_site("lenient", &json!({ "release": release })).await;
    idp.set_clock(60).await;
    let app = app.when(60);
    let mut browser = idp.browser();
    let page = browser.open(&lenient.request().url()).await;
    let page = browser.sign_in(&page, &Person::new(ANA.0)).await;
    let code = app.code(0);
    let fields = [("code", &*code), ("remember", "on")];
    let page = browser.submit(&page, "factor-submit", &fields).await;
    browser.submit(&page, "consent-allow", &[]).await;
    let secret = browser.cookies.get("__Host-hilum-remembered").expect("a cookie").clone();
    assert!(!idp.database.everything().contains(&secret), "only a digest of it is kept");
    close(&mut browser);
    (lenient, browser, app)
}

/// The browser is closed, and opened again.
fn close(browser: &mut Browser) {
    browser.cookies.retain(|name, _| name.contains("remembered"));
}

/// Whether the browser stands in for the second step of this person.
async fn stands_in(site: &Site, browser: &Browser, person: &Person) -> bool {
    let mut browser = browser.clone();
    let page = browser.open(&site.request().url()).await;
    let page = browser.sign_in(&page, person).await;
    let asked = page.has("factor-submit");
    let goes_on = page.is_notice() || page.location().is_some();
    assert!(asked || goes_on, "{} {}", page.status, page.body);
    !asked
}

/// 18.7
async fn a_remembered_browser_stands_in_only_where_the_site_accepts_it(idp: Fresh) {
    let (lenient, mut browser, mut app) = remembered(&idp).await;
    let request = lenient.request();
    let page = browser.sign_on(&request.url(), &Person::new(ANA.0)).await;
    let code = page.answer().code.expect("no second step");
    let claims = claims_of(&Tokens::of(&lenient.redeem(&request, &code).await).id);
    assert_eq!(claims["amr"], json!(["pwd", "hilum:remembered-browser"]), "and it shows");
    for (site, more) in [
        (idp.site("strong"), None),
        (lenient.clone(), Some(("acr_values", BSF))),
        (lenient.clone(), Some(("max_age", "300"))),
    ] {
        let request =
            more.iter().fold(site.request(), |request, (name, value)| request.with(name, value));
        let page = browser.open(&request.url()).await;
        assert!(page.has("factor-submit"), "{more:?}: {}", page.body);
    }
    let confirm = browser.visit("/account/security/confirm").await;
    assert!(confirm.has("factor-submit"), "nor on our own pages: {}", confirm.body);
    // Not for somebody else, and not in another browser.
    let mut stranger = idp.browser();
    stranger.cookies = browser.cookies.clone();
    close(&mut stranger);
    let page = stranger.open(&lenient.request().url()).await;
    let page = stranger.sign_in(&page, &Person::new("biller")).await;
    assert!(page.has("factor-send"), "{}", page.body);
    // Signing out everywhere else forgets it.
    app.offset = 120;
    idp.set_clock(120).await;
    let sessions = browser.visit("/account/sessions").await;
    let mut second = idp.browser();
    let page = second.open(&idp.site("alpha").request().url()).await;
    second.sign_in(&page, &Person::new(ANA.0)).await;
    let sessions = if sessions.has("sessions-end-others") {
        sessions
    } else {
        browser.visit("/account/sessions").await
    };
    browser.submit(&sessions, "sessions-end-others", &[]).await;
    close(&mut browser);
    let page = browser.open(&lenient.request().url()).await;
    let page = browser.sign_in(&page, &Person::new(ANA.0)).await;
    assert!(page.has("factor-submit"), "forgotten: {}", page.body);
}

/// 18.7: sixty days, whatever happens in them.
async fn a_browser_is_remembered_for_sixty_days(idp: Fresh) {
    let (lenient, browser, _) = remembered(&idp).await;
    let (person, day) = (Person::new(ANA.0), 24 * 3600);
    for (seconds, expected) in [(60 * day - 3600, true), (60 * day + 120, false)] {
        idp.set_clock(seconds).await;
        assert_eq!(stands_in(&lenient, &browser, &person).await, expected, "{seconds}");
    }
}

/// 18.7, 16.4
async fn a_new_password_ends_what_is_remembered(idp: Fresh) {
    let (lenient, browser, app) = remembered(&idp).await;
    idp.set_clock(120).await;
    let mut own = idp.browser();
    let page = own.visit("/account/password").await;
    let page = own.sign_in(&page, &Person::new(ANA.0)).await;
    let page = type_code(&mut own, &page, &app.when(120).code(0)).await;
    let new = "Copper-kettle-7";
    let fields =
        [("current_password", PASSWORD), ("new_password", new), ("new_password_again", new)];
    let page = own.submit(&page, "password-submit", &fields).await;
    assert_eq!(page.url.query(), Some("done=changed"), "{}", page.body);
    let person = Person::new(ANA.0).with_password(new);
    assert!(!stands_in(&lenient, &browser, &person).await);
}

/// 18.7
async fn another_factor_ends_what_is_remembered(idp: Fresh) {
    let (lenient, browser, app) = remembered(&idp).await;
    idp.set_clock(120).await;
    let mut own = idp.browser();
    let page = own.visit("/account/security/passkey").await;
    let page = own.sign_in(&page, &Person::new(ANA.0)).await;
    type_code(&mut own, &page, &app.when(120).code(0)).await;
    assert!(stands_in(&lenient, &browser, &Person::new(ANA.0)).await, "not yet");
    super::passkeys::add_key(&mut own, &mut SecurityKey::new(&idp, true)).await;
    assert_eq!(idp.database.number("SELECT COUNT(*) AS v FROM factor WHERE kind = 'passkey'"), 1);
    assert!(!stands_in(&lenient, &browser, &Person::new(ANA.0)).await);
}

/// 18.7, domain 4.5
async fn a_suspension_ends_what_is_remembered(idp: Fresh) {
    let (lenient, browser, _) = remembered(&idp).await;
    let import = |change: Change, name: &str| {
        let file = idp.folder().write(name, change.text());
        idp.must(&["community", "import", file.to_str().unwrap()]);
    };
    import(Change::new().status(ANA.0, "suspended"), "suspended.toml");
    import(Change::new().status(ANA.0, "active"), "active.toml");
    assert!(!stands_in(&lenient, &browser, &Person::new(ANA.0)).await);
}
