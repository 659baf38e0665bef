//! `/account/delete` and `/account/sign-on-test`: giving an account up, and looking at a sign-on before it
//! happens (domain 4.5, section 6; security 20.5, 20.10).

use hilum_tests::{App, Browser, Fresh, Page, Person, TestIdp, on_every_store};

on_every_store![
    whoever_gives_their_account_up_is_out_everywhere_and_keeps_the_user_id,
    the_last_administrator_does_not_give_their_account_up,
    the_organizations_of_whoever_gives_their_account_up_hear_of_it,
    a_sign_on_is_looked_at_without_opening_the_site,
];

async fn at(idp: &TestIdp, user_id: &str, path: &str) -> (Browser, Page) {
    let mut browser = idp.browser();
    let page = browser.visit(path).await;
    let page = browser.sign_in(&page, &Person::new(user_id)).await;
    (browser, page)
}

fn status(idp: &TestIdp, user_id: &str) -> String {
    let query = format!("SELECT status AS v FROM subscriber WHERE user_id = '{user_id}'");
    idp.database.column(&query).concat()
}

async fn whoever_gives_their_account_up_is_out_everywhere_and_keeps_the_user_id(idp: Fresh) {
    let (mut marcus, page) = at(&idp, "biller", "/account").await;
    let (mut elsewhere, _) = at(&idp, "biller", "/account").await;
    let page = marcus.follow_link(&page, "to-delete").await;
    assert!(page.has("does"), "{}", page.body);
    let unsure = marcus.submit(&page, "delete-submit", &[]).await;
    assert_eq!((unsure.status, unsure.has("problem")), (422, true), "{}", unsure.body);
    assert_eq!(status(&idp, "biller"), "active");

    // A sign-in of a while ago does not do (security 19.5).
    idp.set_clock(16 * 60).await;
    let stale = marcus.submit(&unsure, "delete-submit", &[("sure", "yes")]).await;
    assert!(stale.is_sign_in(), "{}", stale.body);
    assert_eq!(status(&idp, "biller"), "active");
    marcus.sign_in(&stale, &Person::new("biller")).await;
    let page = marcus.visit("/account/delete").await;
    let deleting = marcus.submit(&page, "delete-submit", &[("sure", "yes")]);
    let address = "SELECT email AS v FROM subscriber WHERE user_id = 'biller'";
    let address = idp.database.column(address).concat();
    let (done, mail) = idp.mail_after(&address, "", deleting).await;
    assert!(done.has("outcome") && !mail.text.is_empty(), "{}", done.body);
    assert_eq!(status(&idp, "biller"), "terminated");
    for browser in [&mut marcus, &mut elsewhere] {
        assert!(browser.visit("/account").await.is_sign_in());
    }
    let open = "SELECT count(*) AS v FROM affiliation a JOIN subscriber s ON s.id = a.subscriber_id \
                WHERE s.user_id = 'biller' AND a.ended_at IS NULL";
    assert_eq!(idp.database.number(open), 0);
    let (_, page) = at(&idp, "biller", "/account").await;
    assert!(page.has("problem"), "nobody signs in with it: {}", page.body);
}

/// 4.3, 4.5, 4.8: each organization hears of its own, and the record says that one Administrator is gone.
async fn the_organizations_of_whoever_gives_their_account_up_hear_of_it(idp: Fresh) {
    let joan = "joan.whitfield@cedar-falls.example";
    let (mut marcus, page) = at(&idp, "biller", "/account").await;
    idp.database
        .execute(
            "UPDATE affiliation SET administrator = TRUE WHERE organization_id = 'org_cedar-falls' \
             AND subscriber_id = (SELECT id FROM subscriber WHERE user_id = 'biller')",
        )
        .unwrap();
    let page = marcus.follow_link(&page, "to-delete").await;
    let deleting = marcus.submit(&page, "delete-submit", &[("sure", "yes")]);
    let (done, mail) = idp.mail_after(joan, "Somebody no longer acts", deleting).await;
    assert!(done.has("outcome"), "{}", done.body);
    assert!(mail.text.contains("Marcus Lindqvist"), "{}", mail.text);
    let of = |kind: &str| {
        idp.database.column(&format!(
            "SELECT e.organization_id AS v FROM audit_event e JOIN subscriber s ON s.id = e.subject \
             WHERE e.kind = '{kind}' AND s.user_id = 'biller' ORDER BY 1"
        ))
    };
    assert_eq!(of("affiliation.ended"), ["org_cedar-falls", "org_north-sound"]);
    assert_eq!(of("admin.demoted"), ["org_cedar-falls"]);
}

async fn the_last_administrator_does_not_give_their_account_up(idp: Fresh) {
    let mut joan = idp.browser();
    let app = App::told("HILUMDEMOSEEDFORADMINISTRATOR234");
    let page = joan.work_at("/account/delete", "administrator", &app).await;
    let page = if page.has("delete-submit") { page } else { joan.visit("/account/delete").await };
    let refused = joan.submit(&page, "delete-submit", &[("sure", "yes")]).await;
    assert_eq!((refused.status, refused.has("problem")), (409, true), "{}", refused.body);
    assert_eq!(status(&idp, "administrator"), "active");
    assert_eq!(joan.visit("/account").await.status, 200, "and is still signed in");
}

async fn a_sign_on_is_looked_at_without_opening_the_site(idp: Fresh) {
    let (mut ana, page) = at(&idp, "practitioner", "/portal").await;
    let page = ana.follow_link(&page, "to-test").await;
    assert!(page.has("test") && !page.has("told"), "{}", page.body);
    let grants = || idp.database.number("SELECT count(*) AS v FROM site_grant");
    let before = grants();
    let page = ana.visit("/account/sign-on-test?site=credentia").await;
    assert!(page.has("complete") && page.has("told"), "{}", page.body);
    assert!(page.body.contains("selected_affiliation") && page.body.contains("Cedar Falls"));
    assert_eq!(grants(), before, "no site was told anything");
    // Somebody who acts for two organizations is asked which.
    let (mut marcus, _) = at(&idp, "biller", "/portal").await;
    let page = marcus.visit("/account/sign-on-test?site=payer").await;
    assert!(page.has("choice") || page.has("complete"), "{}", page.body);
    let refused = marcus.visit("/account/sign-on-test?site=credentia").await;
    assert!(refused.has("refused"), "{}", refused.body);
    // What it would take stands beside it (R80), as an Administrator of theirs can mend it.
    assert!(refused.has("needs") && refused.body.contains("You lack it."), "{}", refused.body);
    // What is not one's own is not there.
    let other = idp.database.column(
        "SELECT a.id AS v FROM affiliation a JOIN subscriber s ON s.id = a.subscriber_id \
         WHERE s.user_id = 'practitioner'",
    );
    for query in [format!("site=credentia&affiliation={}", other[0]), "site=none".to_owned()] {
        let page = marcus.visit(&format!("/account/sign-on-test?{query}")).await;
        assert_eq!(page.status, 404, "{query}");
    }
}
