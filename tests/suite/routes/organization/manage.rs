//! One person, and what an Administrator can do about them.

use hilum_tests::{Browser, Fresh, Page, Person, TestIdp, on_every_store};

use super::{OWN, at_work};

on_every_store![
    a_code_for_a_new_password_is_shown_once,
    nobody_uses_the_office_on_themselves,
    one_who_becomes_a_practitioner_gets_the_number_with_the_role,
    removing_ends_what_is_open_and_shows_what_the_sites_said,
    whoever_is_suspended_comes_back,
    whoever_is_suspended_in_one_organization_is_told_there,
];

/// The page of somebody of the organization.
async fn open(idp: &TestIdp, browser: &mut Browser, user_id: &str, deed: &str) -> Page {
    let ids =
        idp.database.column(&format!("SELECT id AS v FROM subscriber WHERE user_id = '{user_id}'"));
    browser.visit(&format!("{OWN}/people/{}{deed}", ids[0])).await
}

/// 17.7, 17.8
async fn a_code_for_a_new_password_is_shown_once(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let page = open(&idp, &mut browser, "biller", "/code").await;
    let unsaid = browser.submit(&page, "deed-submit", &[("reason", " ")]).await;
    assert_eq!(unsaid.status, 422, "how they made sure is asked: {}", unsaid.body);
    let page = browser.submit(&page, "deed-submit", &[("reason", "she stood before me")]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let code = page.text("reset-code").unwrap();
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    assert_eq!(digits.len(), 12);
    let everything = idp.database.everything();
    assert!(!everything.contains(&digits) && !everything.contains(&code));
}

/// 20.3, 20.5
async fn nobody_uses_the_office_on_themselves(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let page = open(&idp, &mut browser, "administrator", "").await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(!page.has("remove") && !page.has("rights"), "{}", page.body);
    for deed in ["remove", "deactivate", "demote", "suspend", "code"] {
        let page = open(&idp, &mut browser, "administrator", &format!("/{deed}")).await;
        let page = browser.submit(&page, "deed-submit", &[("reason", "why not")]).await;
        assert!([403, 409].contains(&page.status), "{deed}: {} {}", page.status, page.body);
    }
    let still = "SELECT count(*) AS v FROM affiliation a JOIN subscriber s ON \
                 s.id = a.subscriber_id WHERE s.user_id = 'administrator' AND a.administrator \
                 AND a.status = 'active' AND s.status = 'active'";
    assert_eq!(idp.database.number(still), 1);
}

/// 19.3, 20.2
async fn removing_ends_what_is_open_and_shows_what_the_sites_said(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let page = open(&idp, &mut browser, "biller", "/remove").await;
    assert!(page.has("does"), "it says what it does: {}", page.body);
    let page = browser.submit(&page, "deed-submit", &[("reason", "moved away")]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.has("receipts") && page.body.contains("is removed"), "{}", page.body);
    let reason = "SELECT reason AS v FROM audit_event WHERE kind = 'affiliation.ended'";
    assert_eq!(idp.database.column(reason), ["moved away"]);
    let gone = open(&idp, &mut browser, "biller", "").await;
    assert_eq!(gone.status, 404, "{}", gone.body);
    let list = browser.visit(&format!("{OWN}/people?q=biller")).await;
    assert!(!list.has("people"), "{}", list.body);
    // What the person has elsewhere is as it was.
    let elsewhere = "SELECT count(*) AS v FROM affiliation a JOIN subscriber s ON \
                     s.id = a.subscriber_id WHERE s.user_id = 'biller' AND a.status = 'active' \
                     AND s.status = 'active'";
    assert_eq!(idp.database.number(elsewhere), 1);
}

/// R78, 20.3
async fn one_who_becomes_a_practitioner_gets_the_number_with_the_role(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let page = open(&idp, &mut browser, "practitioner", "/rights").await;
    assert!(page.has("rights-submit") && !page.has("npi"), "hers is on file: {}", page.body);
    let mut page = open(&idp, &mut browser, "biller", "/rights").await;
    // None, one that cannot be, and somebody else's, of which it is not said whose it is.
    for (npi, why) in [
        ("", "needs a National Provider Identifier"),
        ("1234567890", "check digit"),
        ("1234567893", "cannot be used here"),
    ] {
        let fields = [("role.licensed-practitioner", "yes"), ("npi", npi)];
        page = browser.submit(&page, "rights-submit", &fields).await;
        assert!(page.status == 422 && page.has("npi-wrong"), "{npi}: {}", page.body);
        assert!(page.body.contains(why), "{npi}: {}", page.body);
    }
    let kept = "SELECT npi AS v FROM subscriber WHERE user_id = 'biller' AND npi IS NOT NULL";
    assert!(idp.database.column(kept).is_empty());
    let page = browser.submit(&page, "rights-submit", &[("npi", "1245319599")]).await;
    assert!(page.has("done"), "{}", page.body);
    assert_eq!(idp.database.column(kept), ["1245319599"]);
    let events = "SELECT organization_id AS v FROM audit_event WHERE kind = 'person.changed'";
    assert_eq!(idp.database.column(events), ["org_cedar-falls"]);
    let page = open(&idp, &mut browser, "biller", "/rights").await;
    assert!(!page.has("npi"), "{}", page.body);
}

/// 20.2
async fn whoever_is_suspended_in_one_organization_is_told_there(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let page = open(&idp, &mut browser, "biller", "/suspend").await;
    let page = browser.submit(&page, "deed-submit", &[("reason", "on leave")]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let mut theirs = idp.browser();
    let page = theirs.visit("/account").await;
    let page = theirs.sign_in(&page, &Person::new("biller")).await;
    let told = page.body.matches("You cannot act for this organization").count();
    assert_eq!(told, 1, "{}", page.body);
    assert!(page.body.contains("Cedar Falls") && !page.body.contains("on leave"), "{}", page.body);
}

/// 19.3
async fn whoever_is_suspended_comes_back(idp: Fresh) {
    let mut theirs = idp.browser();
    let page = theirs.visit("/account").await;
    theirs.sign_in(&page, &Person::new("practitioner")).await;
    let mut browser = at_work(&idp).await;
    let page = open(&idp, &mut browser, "practitioner", "/deactivate").await;
    let page = browser.submit(&page, "deed-submit", &[("reason", "phone stolen")]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let page = theirs.visit("/account").await;
    assert!(page.is_sign_in(), "{}", page.body);
    let page = theirs.sign_in(&page, &Person::new("practitioner")).await;
    assert_ne!(page.status, 200, "{}", page.body);
    let page = open(&idp, &mut browser, "practitioner", "/resume").await;
    let page = browser.submit(&page, "deed-submit", &[]).await;
    assert!(page.has("done"), "{}", page.body);
    let page = theirs.visit("/account").await;
    let page = theirs.sign_in(&page, &Person::new("practitioner")).await;
    assert_eq!(page.url.path(), "/account", "{}", page.body);
}
