//! The organization's own audit record, and where its people went (20.1, 20.2, 21.4, 21.5).

use hilum_tests::{Fresh, Page, Person, on_every_store};
use serde_json::json;

use super::{NOMINEE, OWN, at_work, nominate};

on_every_store![
    the_record_is_of_the_own_organization_and_no_other,
    the_record_tells_where_people_went_with_which_tax_id,
];

/// How many events a page shows.
fn shown(page: &Page) -> usize {
    page.body.matches("<dt>When</dt>").count()
}

/// 20.1, 20.9, 21.4, 21.5
async fn the_record_is_of_the_own_organization_and_no_other(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let record = format!("{OWN}/audit");
    // Somebody with a formula for a name, and somebody of another organization, who is asked.
    let formula = [("given_name", "=1+1"), ("family_name", "Raman"), ("email", "p@mail.example")];
    nominate(&mut browser, &[&formula[..], &NOMINEE[3..]].concat()).await;
    let stranger = [
        ("given_name", "Whoever"),
        ("family_name", "Itmaybe"),
        ("email", "grace.okafor@north-sound.example"),
    ];
    nominate(&mut browser, &[&stranger[..], &NOMINEE[3..]].concat()).await;
    let page = browser.visit(&record).await;
    assert!(page.body.contains("Somebody was nominated"), "{}", page.body);
    assert!(page.body.contains("=1+1 Raman") && page.body.contains("Joan"), "{}", page.body);
    assert!(page.body.contains("grace.okafor@north-sound.example"), "as it was typed");
    assert!(!page.body.contains("Okafor"), "before she accepts: {}", page.body);
    for (query, found) in [
        ("what=nomination.created", 1),
        ("what=affiliation.proposed", 1),
        ("what=roster.exported", 0),
        ("what=nomination.created&from=2020-01-01&until=2020-12-31", 0),
        ("what=nomination.created&from=2020-01-01", 1),
        ("site=credentia", 0),
        ("person=hospital", 0),
        ("person=nobody-at-all", 0),
    ] {
        let page = browser.visit(&format!("{record}?{query}")).await;
        assert_eq!((page.status, shown(&page)), (200, found), "{query}: {}", page.body);
        let empty = page.has("none") || page.has("nobody");
        assert_eq!(empty, found == 0, "{query}: {}", page.body);
    }
    for query in [
        "what=all",
        "what=login.succeeded",
        "what=grant.refreshed",
        "from=yesterday",
        "until=%2B262143-12-31",
        "before=1",
        "before=evt_x",
        "person=%00",
        "site=%20",
        "x=1",
    ] {
        let page = browser.visit(&format!("{record}?{query}")).await;
        assert_eq!(page.status, 400, "{query}");
    }
    let file = browser.visit(&format!("{record}/export?what=nomination.created")).await;
    assert!(file.header("content-disposition").starts_with("attachment"), "{}", file.body);
    let lines: Vec<&str> = file.body.lines().collect();
    assert_eq!(lines.len(), 2, "{}", file.body);
    assert!(lines[1].contains("nomination.created"), "{}", file.body);
    assert!(lines[1].contains("'=1+1 Raman"), "no live formula: {}", file.body);
    let page = browser.visit(&format!("{record}?what=org.record-exported")).await;
    assert_eq!(shown(&page), 1, "that it was taken away is in it");
    // As many as there are, each once, however many pages they fill.
    let own = "SELECT count(*) AS v FROM audit_event WHERE organization_id = 'org_cedar-falls' \
               AND kind <> 'grant.refreshed'";
    let (mut page, mut found) = (browser.visit(&record).await, 0);
    loop {
        found += shown(&page);
        if !page.has("next") {
            break;
        }
        let link = page.body.split("id=\"next\" href=\"").nth(1).unwrap();
        let link = link.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
        page = browser.visit(&link).await;
    }
    assert_eq!(i64::try_from(found).unwrap(), idp.database.number(own));
}

/// 20.1: whoever works for two organizations goes to a site that sees both; each finds its own.
async fn the_record_tells_where_people_went_with_which_tax_id(idp: Fresh) {
    let more = |mode: &str, name: &str| {
        json!({
            "client_name": name, "scope": "openid profile affiliations tax_ids",
            "release": { "affiliation_mode": mode, "tax_id_release": "all" },
        })
    };
    let one = idp.add_site("records", &more("one", "Records")).await;
    let all = idp.add_site("ledger", &more("all", "Ledger")).await;
    let person = Person::new("biller");
    for organization in ["Cedar Falls", "North Sound"] {
        let acting = Person::new("biller").acting_for(organization);
        one.sign_on(&mut idp.browser(), &acting).await;
    }
    all.sign_on(&mut idp.browser(), &person).await;
    let visits = |of: &str| {
        let query = format!(
            "SELECT site_id AS v FROM audit_event WHERE kind = 'grant.issued' \
             AND organization_id = '{of}' ORDER BY at"
        );
        idp.database.column(&query)
    };
    assert_eq!(visits("org_cedar-falls"), ["records", "ledger"]);
    assert_eq!(visits("org_north-sound"), ["records", "ledger"]);

    let mut browser = at_work(&idp).await;
    let page = browser.visit(&format!("{OWN}/audit?what=grant.issued&person=biller")).await;
    assert_eq!(shown(&page), 2, "{}", page.body);
    assert!(page.body.contains("Records") && page.body.contains("Ledger"), "{}", page.body);
    assert_eq!(page.body.matches("91-1234567").count(), 2, "{}", page.body);
    for foreign in ["20-3456789", "45-1122334", "North Sound"] {
        assert!(!page.body.contains(foreign), "{foreign}: {}", page.body);
    }
    let page = browser.visit(&format!("{OWN}/audit?site=ledger")).await;
    assert_eq!(shown(&page), 1, "{}", page.body);
    let file = browser.visit(&format!("{OWN}/audit/export?site=ledger")).await;
    assert_eq!(file.body.lines().count(), 2, "{}", file.body);

    // To the person it is one visit.
    let mut own = idp.browser();
    let page = own.visit("/account/activity").await;
    let page = own.sign_in(&page, &person).await;
    assert_eq!(page.body.matches("You opened a site").count(), 3, "{}", page.body);
}
