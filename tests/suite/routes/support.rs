//! `/support`: the support desk.

mod first_administrators;
mod people;
mod registrations;
pub(super) mod tickets;

use hilum_tests::{App, Browser, Fresh, Page, Person, TestIdp, on_every_store};

on_every_store![
    the_desk_is_not_there_for_anybody_else,
    the_rights_of_the_desk_reach_no_site,
    where_the_desk_begins_stands_how_much_waits,
];

/// Whoever works at the desk of the demo.
pub(super) async fn at_the_desk(idp: &TestIdp, user_id: &str, path: &str) -> (Browser, Page) {
    at_the_desk_when(idp, user_id, path, 0).await
}

/// Likewise, when the clock of Hilum is so many seconds ahead.
async fn at_the_desk_when(
    idp: &TestIdp,
    user_id: &str,
    path: &str,
    offset: i64,
) -> (Browser, Page) {
    let seed = match user_id {
        "support" => "HILUMDEMOSEEDFORSUPPORTAGENT2345",
        "lead" => "HILUMDEMOSEEDFORSUPPORTLEAD23456",
        other => panic!("{other} does not work at the desk"),
    };
    let mut browser = idp.browser();
    let page = browser.work_at(path, user_id, &App::told(seed).when(offset)).await;
    assert_eq!(
        (page.status, page.url.path()),
        (200, path.split('?').next().unwrap()),
        "{}",
        page.body
    );
    (browser, page)
}

async fn where_the_desk_begins_stands_how_much_waits(idp: Fresh) {
    let (mut support, page) = at_the_desk(&idp, "support", "/support").await;
    for queue in
        ["new-tickets", "tickets", "registrations", "notary", "tax-ids", "promotions", "closings"]
    {
        let there = support.follow_link(&page, &format!("queue-{queue}")).await;
        assert_eq!(there.status, 200, "{queue}: {}", there.body);
    }
    let before = page.body.matches("Nothing waits.").count();
    let one = "INSERT INTO ticket (id, kind, state, details, opened_at) \
               VALUES ('tkt_1', 'contact', 'new', '{}', 1795521600000)";
    idp.database.execute(one).expect("a ticket");
    let page = support.visit("/support").await;
    assert_eq!(page.body.matches("Nothing waits.").count(), before - 2, "{}", page.body);
    assert_eq!(page.body.matches("1 waiting").count(), 2, "new, and open: {}", page.body);
}

/// 20.1, 20.4: nobody else learns that there is such a place, and that they asked is written down.
async fn the_desk_is_not_there_for_anybody_else(idp: Fresh) {
    let mut stranger = idp.browser();
    assert!(stranger.visit("/support/tickets").await.is_sign_in());

    let mut browser = idp.browser();
    let app = App::told("HILUMDEMOSEEDFORADMINISTRATOR234");
    let page = browser.work_at("/support", "administrator", &app).await;
    assert_eq!(page.status, 404, "{}", page.body);
    for path in ["/support/tickets", "/support/tickets/tkt_x", "/support/tickets?state=x"] {
        assert_eq!(browser.visit(path).await.status, 404, "{path}");
    }
    let refused =
        idp.database.column("SELECT reason AS v FROM audit_event WHERE kind = 'access.refused'");
    assert!(refused.len() >= 4, "{refused:?}");

    // Let go, and the next page is not there.
    let (mut support, _) = at_the_desk(&idp, "support", "/support").await;
    idp.must(&["staff", "remove", "support"]);
    assert_eq!(support.visit("/support").await.status, 404);
}

/// Domain 5: a right of the desk is in no token.
async fn the_rights_of_the_desk_reach_no_site(idp: Fresh) {
    let site = idp.site("alpha");
    for user_id in ["support", "lead"] {
        let mut browser = idp.browser();
        let tokens = site.sign_on(&mut browser, &Person::new(user_id)).await;
        let all = format!("{} {}", tokens.id, tokens.access);
        let claims = hilum_tests::claims_of(&tokens.id).to_string();
        for word in ["support-agent", "support-lead", "staff", "rank"] {
            assert!(!claims.contains(word) && !all.contains(word), "{user_id}: {claims}");
        }
    }
}
