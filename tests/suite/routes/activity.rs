//! `/account/activity`: one's own events in plain words, a page at a time (R26, 22.3).

use std::time::Instant;

use hilum_tests::{Browser, Fresh, Person, TestIdp, on_every_store};

on_every_store![
    one_reads_what_happened_in_ones_own_account,
    every_event_is_shown_once_however_many_there_are,
    a_forged_place_is_refused_and_shows_nobody_elses_events,
];

async fn signed_in(idp: &TestIdp, user_id: &str) -> Browser {
    let mut browser = idp.browser();
    let page = browser.visit("/account/activity").await;
    let page = browser.sign_in(&page, &Person::new(user_id)).await;
    assert_eq!((page.status, page.url.path()), (200, "/account/activity"), "{}", page.body);
    browser
}

/// Events of a person, a millisecond apart, long ago.
fn fill(idp: &TestIdp, user_id: &str, kind: &str, from: usize, count: usize) {
    let rows = match idp.database.file() {
        Some(_) => format!(
            "WITH RECURSIVE g(n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM g WHERE n < {})",
            from + count - 1
        ),
        None => {
            format!("WITH g(n) AS (SELECT * FROM generate_series({from}, {}))", from + count - 1)
        }
    };
    let insert = format!(
        "INSERT INTO audit_event (id, at, kind, actor, subject) \
         {rows} SELECT 'evt_{user_id}' || n, 1000000 + n / 3, '{kind}', 'nobody', p.id \
         FROM g, subscriber p WHERE p.user_id = '{user_id}'"
    );
    assert_eq!(idp.database.execute(&insert).unwrap(), count);
}

async fn one_reads_what_happened_in_ones_own_account(idp: Fresh) {
    let person = Person::new("practitioner");
    let mut browser = idp.browser();
    let page = browser.visit("/account").await;
    browser.sign_in(&page, &person.clone().with_password("wrong-password")).await;
    idp.site("alpha").sign_on(&mut browser, &person).await;
    signed_in(&idp, "biller").await;
    let page = browser.visit("/account/activity").await;
    for words in ["You signed in", "did not get in", "You opened a site", "127.0.0.1"] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    let order = ["You opened a site", "You signed in", "did not get in"];
    let places: Vec<_> = order.iter().map(|words| page.body.find(words)).collect();
    assert!(places.is_sorted(), "newest first: {places:?}");
    assert!(page.body.matches("You signed in<").count() == 1, "of nobody else: {}", page.body);
    assert!(!page.has("activity-older"));
}

async fn every_event_is_shown_once_however_many_there_are(idp: Fresh) {
    // What is worth telling lies below what is not, and events share their milliseconds.
    fill(&idp, "practitioner", "login.failed", 0, 120);
    fill(&idp, "practitioner", "grant.refreshed", 1_000, 100_000);
    let mut browser = signed_in(&idp, "practitioner").await;
    let mut page = browser.visit("/account/activity").await;
    assert!(page.body.contains("You signed in"));
    let (mut failed, mut pages) = (0, 0);
    let mut slowest = std::time::Duration::ZERO;
    loop {
        failed += page.body.matches("did not get in").count();
        pages += 1;
        let Some(link) = page.body.split("id=\"activity-older\" href=\"").nth(1) else { break };
        let link = hilum_tests::html::decode(link.split('"').next().unwrap());
        // Nobody clicks through 100,000 events that tell nothing: jump to where they end.
        let link =
            if pages == 3 { "/account/activity?before=1000334-evt_x".to_owned() } else { link };
        let began = Instant::now();
        page = browser.visit(&link).await;
        slowest = slowest.max(began.elapsed());
        assert!(pages < 12, "{link}");
    }
    assert_eq!(failed, 120);
    eprintln!("slowest of {pages} pages over 100,000 events: {slowest:?}");
}

async fn a_forged_place_is_refused_and_shows_nobody_elses_events(idp: Fresh) {
    fill(&idp, "biller", "login.failed", 0, 3);
    let mut browser = signed_in(&idp, "practitioner").await;
    for forged in ["", "x", "-", "1-", "-1-evt_a", "1-ses_a", "99999999999999999999-evt_a", "1-'"] {
        let page = browser.visit(&format!("/account/activity?before={forged}")).await;
        assert_eq!(page.status, 400, "{forged}");
    }
    for place in ["9223372036854775807-evt_a", "0-evt_a", "1000000-evt_biller2"] {
        let page = browser.visit(&format!("/account/activity?before={place}")).await;
        assert_eq!(page.status, 200, "{place}");
        assert!(!page.body.contains("did not get in"), "{place}: {}", page.body);
    }
}
