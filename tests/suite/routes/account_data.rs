//! `/account/profile` and `/account/shared`: one's own data, and what sites were told of them.

use hilum_tests::{App, Browser, Fresh, Person, Shared, TestIdp, on_every_store};

on_every_store![
    who_leaves_an_organization_keeps_everything_else_and_the_last_administrator_stays,
    one_changes_ones_telephone_number_and_language_and_nothing_else,
    whoever_has_a_factor_shows_it_before_the_telephone_number_changes,
    a_wrong_field_is_named_and_nothing_is_saved,
    what_was_shared_is_told_to_its_person_alone_and_without_what_it_was,
];

async fn at(idp: &TestIdp, user_id: &str, path: &str) -> (Browser, hilum_tests::Page) {
    let mut browser = idp.browser();
    let page = browser.visit(path).await;
    assert!(page.is_sign_in(), "{}", page.body);
    let page = browser.sign_in(&page, &Person::new(user_id)).await;
    assert_eq!((page.status, page.url.path()), (200, path), "{}", page.body);
    (browser, page)
}

fn on_file(idp: &TestIdp, user_id: &str, column: &str) -> String {
    let query = format!("SELECT {column} AS v FROM subscriber WHERE user_id = '{user_id}'");
    idp.database.column(&query).pop().unwrap_or_default()
}

async fn one_changes_ones_telephone_number_and_language_and_nothing_else(idp: Shared) {
    let (mut browser, page) = at(idp, "biller", "/account/profile").await;
    assert_eq!(page.text("profile-name").unwrap(), {
        let name = |column| on_file(idp, "biller", column);
        format!("{} {}", name("given_name"), name("family_name"))
    });
    let email = on_file(idp, "biller", "email");
    let fields = [("phone", "(360) 555-0199 x12"), ("language", "es")];
    let changing = browser.submit(&page, "profile-submit", &fields);
    let (page, told) = idp.mail_after(&email, "Su número de teléfono cambió", changing).await;
    assert!(!told.text.contains("555-0199"), "{}", told.text);
    assert_eq!((page.status, page.url.path()), (200, "/account/profile"), "{}", page.body);
    assert!(page.body.contains("role=\"status\"") && page.body.contains("555-0199 x12"));
    assert_eq!(on_file(idp, "biller", "phone_number"), "(360) 555-0199 x12");
    assert!(on_file(idp, "biller", "profile").contains("\"locale\":\"es\""));
    assert_eq!(on_file(idp, "biller", "email"), email);
    // Others read this person's mails.
    let back = browser.visit("/account/profile").await;
    browser.submit(&back, "profile-submit", &[("language", "en")]).await;
    let page = browser.visit("/account/activity").await;
    assert!(page.body.contains("You changed your personal data"), "{}", page.body);
    // The number of the audit record is nobody's.
    let told =
        idp.database.column("SELECT after AS v FROM audit_event WHERE kind = 'person.changed'");
    assert!(!told.is_empty() && told.iter().all(|after| !after.contains("555")), "{told:?}");
}

/// 18.4: Support calls back at this number.
async fn whoever_has_a_factor_shows_it_before_the_telephone_number_changes(idp: Shared) {
    let (mut browser, page) = at(idp, "administrator", "/account/profile").await;
    let before = on_file(idp, "administrator", "phone_number");
    let fields = [("phone", "(360) 555-0198"), ("language", "en")];
    let page = browser.submit(&page, "profile-submit", &fields).await;
    assert!(page.has("factor-submit"), "{}", page.body);
    assert_eq!(on_file(idp, "administrator", "phone_number"), before);
}

async fn a_wrong_field_is_named_and_nothing_is_saved(idp: Shared) {
    let (mut browser, page) = at(idp, "profile", "/account/profile").await;
    let before = on_file(idp, "profile", "phone_number");
    let fields = [("phone", "call <b>me</b>"), ("language", "es")];
    let page = browser.press(&page, "profile-submit", &fields).await;
    assert_eq!(page.status, 422, "{}", page.body);
    assert!(page.body.contains("A telephone number has 7 to 15 digits"), "{}", page.body);
    assert!(page.body.contains("aria-describedby=\"phone-problem"), "{}", page.body);
    assert!(!page.body.contains("<b>me</b>"));
    assert_eq!(on_file(idp, "profile", "phone_number"), before);
}

async fn what_was_shared_is_told_to_its_person_alone_and_without_what_it_was(idp: Shared) {
    let site = idp.site("alpha");
    let mut browser = idp.browser();
    site.sign_on(&mut browser, &Person::new("practitioner")).await;
    let page = browser.visit("/account/shared").await;
    assert_eq!((page.status, page.url.path()), (200, "/account/shared"), "{}", page.body);
    let list = page.body.split("id=\"shared-list\"").nth(1).unwrap();
    let list = list.split("</ol>").next().unwrap();
    assert!(list.contains("Your sign-in") && list.contains("<time"), "{list}");
    let email = on_file(idp, "practitioner", "email");
    assert!(!list.contains(&email), "kinds of facts, and not the facts: {list}");
    assert_eq!(page.header("cache-control"), "no-store");
    for wrong in ["x", "1-sub_a", "%00"] {
        let page = browser.visit(&format!("/account/shared?before={wrong}")).await;
        assert_eq!(page.status, 400, "{wrong}");
    }
    let (_, page) = at(idp, "unaffiliated", "/account/shared").await;
    let own = idp.database.column(
        "SELECT grant_id AS v FROM release_log WHERE subscriber_id IN \
         (SELECT id FROM subscriber WHERE user_id = 'unaffiliated')",
    );
    assert_eq!(page.has("shared-none"), own.is_empty(), "{}", page.body);
}

/// Domain 4.3, R17.
async fn who_leaves_an_organization_keeps_everything_else_and_the_last_administrator_stays(
    idp: Fresh,
) {
    let (mut marcus, page) = at(&idp, "biller", "/account").await;
    let own = "SELECT a.id AS v FROM affiliation a JOIN subscriber s ON s.id = a.subscriber_id \
               WHERE a.organization_id = 'org_cedar-falls' AND a.status = 'active' AND s.user_id =";
    let id = idp.database.column(&format!("{own} 'biller'")).remove(0);
    let asked = marcus.follow_link(&page, &format!("leave-{id}")).await;
    assert!(asked.has("does") && asked.body.contains("Cedar Falls"), "{}", asked.body);
    let leaving = marcus.submit(&asked, "leave-submit", &[]);
    let joan = "joan.whitfield@cedar-falls.example";
    let (left, told) = idp.mail_after(joan, "", leaving).await;
    assert!(left.has("done") && !left.body.contains("Cedar Falls"), "{}", left.body);
    assert!(left.body.contains("North Sound") && told.text.contains("Lindqvist"), "{}", told.text);
    assert_eq!(marcus.visit(&format!("/account/leave/{id}")).await.status, 404, "it is over");

    let id = idp.database.column(&format!("{own} 'administrator'")).remove(0);
    let mut browser = idp.browser();
    let app = App::told("HILUMDEMOSEEDFORADMINISTRATOR234");
    let page = browser.work_at(&format!("/account/leave/{id}"), "administrator", &app).await;
    let page = if page.has("leave-submit") {
        page
    } else {
        browser.visit(&format!("/account/leave/{id}")).await
    };
    let refused = browser.submit(&page, "leave-submit", &[]).await;
    assert!(refused.status == 409 && refused.has("problem"), "{}", refused.body);
    assert_eq!(idp.database.column(&format!("{own} 'administrator'")), [id]);
}
