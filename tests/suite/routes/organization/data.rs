//! An organization's data in the console: what its Administrator changes, and what Support does (R14).

use hilum_tests::{Fresh, TestIdp, on_every_store};

use super::{OWN, at_work};
use crate::routes::support::at_the_desk;

on_every_store![
    an_administrator_moves_the_organization_and_asks_for_another_number,
    an_organization_is_closed_by_two_persons,
    a_wish_to_close_stands_in_a_queue_and_can_be_taken_back,
];

fn listed(idp: &TestIdp, column: &str) -> String {
    let query = format!("SELECT {column} AS v FROM organization WHERE id = 'org_cedar-falls'");
    idp.database.column(&query).concat()
}

async fn an_administrator_moves_the_organization_and_asks_for_another_number(idp: Fresh) {
    let on_file = "UPDATE organization SET address = '1 Main St', phone = '+1 360 555 0110' \
                   WHERE id = 'org_cedar-falls'";
    idp.database.execute(on_file).expect("data");
    let mut browser = at_work(&idp).await;
    let page = browser.visit(&format!("{OWN}/data")).await;
    assert!(page.body.contains("+1 360 555 0110"), "{}", page.body);
    let same = browser.submit(&page, "data-submit", &[]).await;
    assert_eq!((same.status, same.has("done")), (200, true), "{}", same.body);
    let wrong = browser.submit(&page, "data-submit", &[("npi", "1234567890")]).await;
    assert_eq!((wrong.status, wrong.has("npi-wrong")), (422, true), "{}", wrong.body);

    let fields = [("address", "2 Main St"), ("phone", "+1 360 555 0199")];
    let page = browser.submit(&page, "data-submit", &fields).await;
    assert_eq!((page.status, page.has("done")), (200, true), "{}", page.body);
    let now = (listed(&idp, "address"), listed(&idp, "phone"));
    assert_eq!(now, ("2 Main St".to_owned(), "+1 360 555 0110".to_owned()), "Support calls there");
    idp.mail("joan.whitfield@cedar-falls.example", "The data of your organization", 0).await;

    // What was asked for stands in the ticket, and Support does it.
    let (mut support, queue) = at_the_desk(&idp, "support", "/support/tickets?kind=contact").await;
    let id = idp.database.column("SELECT id AS v FROM ticket").concat();
    assert!(queue.body.contains(&id), "{}", queue.body);
    let ticket = support.visit(&format!("/support/tickets/{id}")).await;
    assert!(ticket.body.contains("+1 360 555 0199"), "{}", ticket.body);
    let page = support.visit("/support/organizations/org_cedar-falls").await;
    let fields = [("phone", "+1 360 555 0199"), ("reason", " ")];
    let unsaid = support.submit(&page, "change", &fields).await;
    assert_eq!(unsaid.status, 422, "{}", unsaid.body);
    let fields = [("phone", "+1 360 555 0199"), ("reason", "as the state's directory lists it")];
    let page = support.submit(&page, "change", &fields).await;
    assert!(page.has("done") && listed(&idp, "phone").ends_with("0199"), "{}", page.body);
    let changed = "SELECT count(*) AS v FROM audit_event WHERE kind = 'org.changed'";
    assert_eq!(idp.database.number(changed), 2);
    // 24.4: whoever asks later what number Support called back at finds it in the record.
    let told =
        "SELECT before || after AS v FROM audit_event WHERE kind = 'org.changed' ORDER BY at, id";
    let told = idp.database.column(told);
    for (event, known) in [(0, ["1 Main St", "2 Main St"]), (1, ["555 0110", "555 0199"])] {
        assert!(known.iter().all(|known| told[event].contains(known)), "{told:?}");
    }
}

async fn an_organization_is_closed_by_two_persons(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let page = browser.visit(&format!("{OWN}/data")).await;
    let page = browser.submit(&page, "close-submit", &[]).await;
    assert!(page.has("closing") && !page.has("close-submit"), "{}", page.body);
    assert_eq!(listed(&idp, "status"), "active", "nothing has ended");
    let of = "/support/organizations/org_cedar-falls";
    let (_, page) = at_the_desk(&idp, "support", of).await;
    assert!(!page.has("close"), "the lead approves: {}", page.body);
    let (mut lead, page) = at_the_desk(&idp, "lead", of).await;
    let page = lead.submit(&page, "close", &[("reason", "as agreed by telephone")]).await;
    assert!(page.has("done"), "{}", page.body);
    assert_eq!(listed(&idp, "status"), "closed");
    for left in [
        "SELECT count(*) AS v FROM tax_id WHERE organization_id = 'org_cedar-falls'",
        "SELECT count(*) AS v FROM affiliation WHERE organization_id = 'org_cedar-falls' AND ended_at IS NULL",
        "SELECT count(*) AS v FROM organization WHERE dissolving",
    ] {
        assert_eq!(idp.database.number(left), 0, "{left}");
    }
    assert_eq!(browser.visit(OWN).await.status, 404, "there is no such console any more");
}

/// 4.1: what only one person asked for can be undone, and does not wait for ever.
async fn a_wish_to_close_stands_in_a_queue_and_can_be_taken_back(idp: Fresh) {
    let joan = "joan.whitfield@cedar-falls.example";
    let of = "/support/organizations/org_cedar-falls";
    let mut browser = at_work(&idp).await;
    let page = browser.visit(&format!("{OWN}/data")).await;
    let page = browser.submit(&page, "close-submit", &[]).await;
    assert!(page.has("closing"), "{}", page.body);
    let tickets = "SELECT COUNT(*) AS v FROM ticket WHERE organization_id = 'org_cedar-falls'";
    assert_eq!(idp.database.number(tickets), 1, "and somebody hears of it");
    let (mut support, home) = at_the_desk(&idp, "support", "/support").await;
    let queue = support.follow_link(&home, "queue-closings").await;
    assert!(queue.body.contains("Cedar Falls") && queue.body.contains(of), "{}", queue.body);

    let keeping = browser.submit(&page, "keep-submit", &[]);
    let (kept, _) = idp.mail_after(joan, "Your organization stays", keeping).await;
    assert!(kept.has("done") && kept.has("close-submit"), "{}", kept.body);
    let queue = support.visit("/support/closings").await;
    assert!(!queue.body.contains("Cedar Falls"), "{}", queue.body);

    // Whoever is called at the desk drops it there.
    browser.submit(&kept, "close-submit", &[]).await;
    let page = support.visit(of).await;
    let dropping = support.submit(&page, "keep-open", &[("reason", "Joan called")]);
    let (dropped, _) = idp.mail_after(joan, "Your organization stays", dropping).await;
    assert!(dropped.has("done") && !dropped.has("keep-open"), "{}", dropped.body);
    let told = "SELECT kind AS v FROM audit_event WHERE kind LIKE 'org.closing%' ORDER BY at, id";
    let told = idp.database.column(told);
    let (asked, dropped) = ("org.closing-asked", "org.closing-dropped");
    assert_eq!(told, [asked, dropped, asked, dropped]);

    // A month later it counts for nothing, whether or not that is written down.
    let wish = "UPDATE organization SET closing_asked_by = 'sub_x', closing_asked_at = 1000 \
                WHERE id = 'org_cedar-falls'";
    idp.database.execute(wish).unwrap();
    let page = browser.visit(&format!("{OWN}/data")).await;
    assert!(page.has("close-submit") && !page.has("closing"), "{}", page.body);
    let (mut lead, page) = at_the_desk(&idp, "lead", of).await;
    assert!(!page.has("close"), "{}", page.body);
    let mut fields = page.form("suspend").fields;
    fields.retain(|(name, _)| name == "form_token");
    fields.push(("deed".to_owned(), "close".to_owned()));
    fields.push(("reason".to_owned(), "as agreed".to_owned()));
    assert_eq!(lead.post(&page.url, &fields).await.status, 409);
}
