//! An offer that nobody answers (domain 4.3).

use hilum_tests::{Browser, Fresh, Page, Person, on_every_store};

use super::{OWN, at_work, at_work_when};

on_every_store![an_offer_that_nobody_answered_is_over_by_date_and_can_be_made_anew];

/// Somebody of another organization.
const ADDRESS: &str = "grace.okafor@north-sound.example";
const DAY: i64 = 24 * 3600;

async fn ask(browser: &mut Browser) -> Page {
    let fields = [
        ("given_name", "Grace"),
        ("family_name", "Okafor"),
        ("email", ADDRESS),
        ("verified_by", "photo-id"),
    ];
    let page = browser.visit(&format!("{OWN}/nominate")).await;
    browser.submit(&page, "nominate-submit", &fields).await
}

async fn an_offer_that_nobody_answered_is_over_by_date_and_can_be_made_anew(idp: Fresh) {
    let mut joan = at_work(&idp).await;
    let page = ask(&mut joan).await;
    let page = joan.submit(&page, "confirm", &[]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(ask(&mut joan).await.status, 409, "she is asked already");
    let mut grace = idp.browser();
    let page = grace.visit("/account/offers").await;
    let open = grace.sign_in(&page, &Person::new("hospital")).await;
    let offer = "SELECT id AS v FROM affiliation WHERE status = 'proposed'";
    let accept = format!("accept-{}", idp.database.column(offer)[0]);
    assert!(open.has(&accept), "{}", open.body);

    // The job that notes it looks once a day; the offer is over without it.
    idp.set_clock(30 * DAY + 60).await;
    let mut grace = idp.browser();
    let page = grace.visit("/account/offers").await;
    let page = grace.sign_in(&page, &Person::new("hospital")).await;
    assert!(page.status == 200 && !page.has(&accept), "{}", page.body);
    let late = grace.submit(&open, &accept, &[]).await;
    assert!(late.status >= 400 || late.body.contains("not open any more"), "{}", late.body);

    let mut joan = at_work_when(&idp, 30 * DAY + 60).await;
    let page = ask(&mut joan).await;
    let page = joan.submit(&page, "confirm", &[]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let declined = "SELECT count(*) AS v FROM audit_event WHERE kind = 'affiliation.declined'";
    assert_eq!(idp.database.number(declined), 1, "that nobody answered is on record, once");
}
