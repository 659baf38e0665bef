//! An organization that is stopped, and how it goes on (domain 4.1).

use hilum_tests::{Fresh, Person, on_every_store};

use super::{OWN, at_work};
use crate::routes::{support::at_the_desk, tax_ids::further};

on_every_store![
    a_stopped_organization_puts_right_what_stopped_it,
    an_organization_that_broke_the_agreement_is_told_so_and_does_nothing,
];

async fn a_stopped_organization_puts_right_what_stopped_it(idp: Fresh) {
    let (mut support, page) =
        at_the_desk(&idp, "support", "/support/organizations/org_cedar-falls").await;
    let fields = [("why", "no-tax-id"), ("reason", "the IRS says so")];
    let page = support.submit(&page, "suspend", &fields).await;
    assert!(page.has("done"), "{}", page.body);

    let mut joan = at_work(&idp).await;
    let home = joan.visit(OWN).await;
    assert!(home.has("stopped") && home.body.contains("no Tax ID any more"), "{}", home.body);
    further(&idp, (&mut joan, &mut support), "12-3499999").await;
    // Nobody acts for it meanwhile, and its people are told.
    let mut ana = idp.browser();
    let page = ana.visit("/account").await;
    let page = ana.sign_in(&page, &Person::new("practitioner")).await;
    assert!(page.body.contains("Nobody acts for this organization"), "{}", page.body);

    let page = support.visit("/support/organizations/org_cedar-falls").await;
    let page = support.submit(&page, "resume", &[("reason", "a number")]).await;
    assert!(page.has("done"), "{}", page.body);
    let home = joan.visit(OWN).await;
    assert!(home.status == 200 && !home.has("stopped"), "{}", home.body);
    let reasons = "SELECT reason AS v FROM audit_event WHERE kind IN \
                   ('org.suspended', 'org.resumed') ORDER BY at, id";
    assert_eq!(idp.database.column(reasons), ["the IRS says so", "a number"]);
}

async fn an_organization_that_broke_the_agreement_is_told_so_and_does_nothing(idp: Fresh) {
    let mut joan = at_work(&idp).await;
    let nominate = joan.visit(&format!("{OWN}/nominate")).await;
    let (mut support, page) =
        at_the_desk(&idp, "support", "/support/organizations/org_cedar-falls").await;
    let fields = [("why", "breach"), ("reason", "shared passwords")];
    assert!(support.submit(&page, "suspend", &fields).await.has("done"));
    for page in [
        joan.visit(OWN).await,
        joan.visit(&format!("{OWN}/people")).await,
        joan.submit(&nominate, "nominate-submit", super::NOMINEE).await,
    ] {
        assert_eq!((page.status, page.url.path()), (200, OWN), "{}", page.body);
        assert!(page.has("stopped") && !page.body.contains("shared passwords"), "{}", page.body);
    }
}
