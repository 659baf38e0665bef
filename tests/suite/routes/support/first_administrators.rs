//! Registrations at the desk: what is decided, and how the first Administrator gets in (R4, R36, R37;
//! domain 4.1; security 17.4, 17.8).

use hilum_tests::{Browser, Fresh, Mail, Page, TestIdp, on_every_store};

use super::at_the_desk;
use crate::routes::register::{Registrant, at_review};

on_every_store![
    the_first_administrator_gets_in_by_the_mail_and_the_code_of_the_beginning,
    a_dead_code_is_made_anew_by_support_after_a_call_back,
];

const QUEUE: &str = "/support/registrations";
const APPROVED: &str = "Your organization takes part";

/// Opens the only registration that waits.
async fn opened(support: &mut Browser, idp: &TestIdp) -> Page {
    let id = idp.database.column("SELECT id AS v FROM registration").concat();
    let page = support.visit(&format!("{QUEUE}/{id}")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    page
}

/// Support lets the organization of this registration take part; the mail about it.
async fn approved(idp: &TestIdp, ada: &Registrant) -> (Browser, Mail) {
    let (mut support, _) = at_the_desk(idp, "support", QUEUE).await;
    let page = opened(&mut support, idp).await;
    let approve = support.submit(&page, "approve", &[]);
    let (page, mail) = idp.mail_after(&ada.email, APPROVED, approve).await;
    assert!(page.has("done"), "{}", page.body);
    (support, mail)
}

fn link(idp: &TestIdp, mail: &Mail) -> String {
    let origin = idp.url("/").origin().ascii_serialization();
    mail.link(&origin, "/activate/").unwrap_or_else(|| panic!("{}", mail.text))
}

async fn typed(idp: &TestIdp, link: &str, code: &str) -> Page {
    let mut browser = idp.browser();
    let page = browser.visit(link).await;
    browser.submit(&page, "activate-submit", &[("code", code)]).await
}

async fn the_first_administrator_gets_in_by_the_mail_and_the_code_of_the_beginning(idp: Fresh) {
    let ada = at_review(&idp, "ada").await;
    let (_, mail) = approved(&idp, &ada).await;
    assert!(mail.text.contains("ada.birch"), "the User ID: {}", mail.text);
    assert!(mail.text.contains("Your code works until"), "{}", mail.text);
    assert!(!mail.text.contains(&ada.code), "the code travels another way");
    let page = typed(&idp, &link(&idp, &mail), &ada.code).await;
    assert!(page.status == 200 && page.body.contains("Birch Street Clinic"), "{}", page.body);
    assert!(!page.body.contains("has nominated you"), "nobody did: {}", page.body);
}

async fn a_dead_code_is_made_anew_by_support_after_a_call_back(idp: Fresh) {
    let ada = at_review(&idp, "ada").await;
    let (mut support, mail) = approved(&idp, &ada).await;
    let old = link(&idp, &mail);
    for _ in 0..5 {
        assert_eq!(typed(&idp, &old, "0000 0000 0000").await.status, 403);
    }
    assert_eq!(typed(&idp, &old, &ada.code).await.status, 403, "it is dead");
    // The desk hears of it, and finds the organization with whom to call back.
    let queue = support.visit("/support/tickets?kind=promote-admin").await;
    assert!(queue.body.contains("/support/tickets/tkt_"), "{}", queue.body);
    let query = "SELECT id AS v FROM organization WHERE name = 'Birch Street Clinic'";
    let place = format!("/support/organizations/{}", idp.database.column(query).concat());
    let page = support.visit(&place).await;
    assert!(page.has("first") && page.body.contains("(360) 555-0111"), "{}", page.body);
    let silent = support.submit(&page, "first-code", &[("reason", "")]).await;
    assert_eq!(silent.status, 422, "how they made sure is to be said: {}", silent.body);
    let fields = [("reason", "Called back (360) 555-0111; named the Organization ID.")];
    let make = support.submit(&page, "first-code", &fields);
    let (page, mail) = idp.mail_after(&ada.email, "A new code", make).await;
    let code = page.text("code").unwrap_or_else(|| panic!("{}", page.body));
    assert!(!mail.text.contains(&code), "{}", mail.text);
    let new = link(&idp, &mail);
    assert_eq!(typed(&idp, &old, &code).await.status, 403, "the old link is dead");
    assert_eq!(typed(&idp, &new, &code).await.status, 200);
    let told = "SELECT reason AS v FROM audit_event WHERE kind = 'nomination.code-issued'";
    assert!(idp.database.column(told).concat().contains("Called back"));
    // Taken back, the organization stops: nobody could run it (R4).
    let page = support.submit(&page, "first-withdraw", &[("reason", "A forgery.")]).await;
    assert!(page.has("done") && !page.has("first-withdraw"), "{}", page.body);
    let state = "SELECT status AS v FROM organization WHERE name = 'Birch Street Clinic'";
    assert_eq!(idp.database.column(state).concat(), "suspended");
}
