//! The door of the consoles (security 18.3, 20.4; the idle limit of half an hour).

use hilum_tests::{App, Browser, Fresh, Page, Person, Shared, TestIdp, on_every_store};

on_every_store![
    a_console_opens_to_its_own_people_with_a_second_factor,
    a_console_that_was_left_alone_asks_again,
];

/// The demo's Administrator.
pub(super) const ADMINISTRATOR: &str = "administrator";
/// The key of their app.
const KEY: &str = "HILUMDEMOSEEDFORADMINISTRATOR234";

/// A browser in which the demo's Administrator signed in with both factors, to open `path`.
pub(super) async fn at_work(idp: &TestIdp, path: &str) -> (Browser, Page) {
    let mut browser = idp.browser();
    let page = browser.visit(path).await;
    let page = sign_in(&mut browser, &page, 0).await;
    (browser, page)
}

/// Through password and code, when the clock of Hilum is so many seconds ahead.
async fn sign_in(browser: &mut Browser, page: &Page, offset: i64) -> Page {
    assert!(page.is_sign_in(), "{}", page.body);
    let page = browser.sign_in(page, &Person::new(ADMINISTRATOR)).await;
    let code = App::told(KEY).when(offset).code(0);
    browser.submit(&page, "factor-submit", &[("code", &code)]).await
}

async fn a_console_opens_to_its_own_people_with_a_second_factor(idp: Shared) {
    // Signed in with a password alone: the second factor is asked for.
    let mut browser = idp.browser();
    let page = browser.visit("/account").await;
    let page = browser.sign_in(&page, &Person::new(ADMINISTRATOR)).await;
    assert_eq!(page.url.path(), "/account", "{}", page.body);
    let page = browser.visit("/organization/org_cedar-falls").await;
    assert!(page.has("factor-submit"), "{}", page.body);
    assert!(!page.body.contains("Cedar Falls"), "nothing is shown before");

    let (mut browser, page) = at_work(idp, "/organization").await;
    assert_eq!(page.url.path(), "/organization/org_cedar-falls", "the only one is chosen");
    assert_eq!((page.status, page.header("cache-control")), (200, "no-store"));
    assert!(page.body.contains("Cedar Falls Family Medicine"), "{}", page.body);
    for foreign in
        ["/organization/org_lakeside", "/organization/org_none", "/organization/x", "/support"]
    {
        let page = browser.visit(foreign).await;
        assert_eq!(page.status, 404, "{foreign}: {}", page.body);
    }
}

async fn a_console_that_was_left_alone_asks_again(idp: Fresh) {
    let (mut browser, page) = at_work(&idp, "/organization").await;
    assert_eq!(page.status, 200, "{}", page.body);
    idp.set_clock(29 * 60).await;
    let page = browser.visit("/organization/org_cedar-falls").await;
    assert_eq!(page.url.path(), "/organization/org_cedar-falls", "{}", page.body);
    idp.set_clock(58 * 60).await;
    let page = browser.visit("/organization/org_cedar-falls").await;
    assert_eq!(page.url.path(), "/organization/org_cedar-falls", "it was used meanwhile");
    idp.set_clock(89 * 60).await;
    let page = browser.visit("/organization/org_cedar-falls?find=ana").await;
    assert!(page.is_sign_in(), "{}", page.body);
    let page = sign_in(&mut browser, &page, 89 * 60).await;
    assert_eq!(page.url.path(), "/organization/org_cedar-falls", "{}", page.body);
    assert_eq!(page.url.query(), Some("find=ana"));
}
