//! Agreements: a text that stands before every site until it is accepted (R19, domain 4.10).

use hilum_tests::{
    Backend, Browser, Fresh, Page, Person, Settings, Site, TestIdp, eventually, on_every_store, run,
};
use serde_json::Value;

on_every_store![
    a_text_is_asked_for_before_a_site_and_only_once,
    a_new_version_is_asked_for_although_the_old_one_was_accepted,
    who_declines_reaches_no_site_and_keeps_their_account,
    the_form_of_one_text_accepts_no_other,
    a_form_of_another_person_or_page_accepts_nothing,
    one_accepts_on_ones_own_page_as_well,
    a_published_text_is_for_good,
];

const TEXT: &str = "# Subscriber agreement\n\nI share my password with <b>nobody</b>.\n";

/// Publishes a text and waits until every node asks for it.
async fn publish(idp: &TestIdp, version: &str, text: &str) {
    let file = idp.folder().write(&format!("{version}.txt"), text);
    let file = file.to_str().unwrap();
    idp.must(&["agreement", "publish", file, "--version", version]);
    let (site, marker) = (idp.site("alpha"), format!("Version {version}"));
    for node in idp.nodes() {
        eventually("the text is asked for", || async {
            let mut browser = idp.browser().at(node.public);
            let page = browser.open(&site.request().url()).await;
            let page = browser.sign_in(&page, &Person::new("profile")).await;
            page.body.contains(&marker).then_some(())
        })
        .await;
    }
}

async fn at_agreement(idp: &TestIdp, site: &Site, user_id: &str) -> (Browser, Page) {
    let mut browser = idp.browser();
    let page = browser.open(&site.request().url()).await;
    let page = browser.sign_in(&page, &Person::new(user_id)).await;
    assert!(page.has("agreement-accept"), "{}", page.body);
    (browser, page)
}

/// Whether a silent request gets its code, or why not.
async fn silent(site: &Site, browser: &mut Browser) -> Result<(), (String, String)> {
    let page = browser.get(&site.request().with("prompt", "none").url()).await;
    if page.answer().code.is_some() { Ok(()) } else { Err(page.error()) }
}

fn due() -> Result<(), (String, String)> {
    Err(("interaction_required".to_owned(), "agreement_required".to_owned()))
}

/// What the audit record and the table say of the person's acceptances.
fn kept(idp: &TestIdp, user_id: &str) -> Vec<Value> {
    let rows = idp.database.column(&format!(
        "SELECT e.after AS v FROM audit_event e JOIN subscriber p ON p.id = e.subject \
         JOIN agreement_acceptance a ON a.subscriber_id = p.id \
         JOIN agreement g ON g.id = a.agreement_id AND a.text_hash = g.text_hash \
         AND a.address = e.address AND a.session_id = e.session_id AND a.accepted_at = e.at \
         WHERE p.user_id = '{user_id}' AND e.kind = 'agreement.accepted' ORDER BY e.at"
    ));
    rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect()
}

async fn a_text_is_asked_for_before_a_site_and_only_once(idp: Fresh) {
    publish(&idp, "1", TEXT).await;
    let site = idp.site("alpha");
    let (mut browser, _) = at_agreement(&idp, &site, "practitioner").await;
    let request = site.request();
    let page = browser.open(&request.url()).await;
    assert!(page.body.contains("nobody") && !page.body.contains("<b>nobody"), "{}", page.body);
    assert_eq!(silent(&site, &mut browser).await, due(), "1.3");
    assert_eq!(kept(&idp, "practitioner"), Vec::<Value>::new());

    let mut page = browser.submit(&page, "agreement-accept", &[]).await;
    if page.is_notice() {
        page = browser.submit(&page, "consent-allow", &[]).await;
    }
    // What the site receives counts as seen when it has redeemed its code.
    let code = page.answer().code.expect("a code");
    assert_eq!(site.redeem(&request, &code).await.status, 200);
    let kept = kept(&idp, "practitioner");
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!((&kept[0]["agreement"], &kept[0]["version"]), (&"subscriber".into(), &"1".into()));
    assert_eq!(kept[0]["sha256"].as_str().map(str::len), Some(64));
    assert_eq!(silent(&site, &mut browser).await, Ok(()));

    // Another browser of the same person is not asked, another person is.
    let mut elsewhere = idp.browser();
    let again = site.request().url();
    assert!(elsewhere.sign_on(&again, &Person::new("practitioner")).await.answer().code.is_some());
    at_agreement(&idp, &site, "biller").await;
    let listed = idp.must(&["agreement", "list"]);
    assert!(listed.stdout.contains("Subscriber agreement"), "{listed:?}");
    idp.must(&["audit", "verify"]);
}

async fn a_new_version_is_asked_for_although_the_old_one_was_accepted(idp: Fresh) {
    let site = idp.site("alpha");
    let mut browser = idp.browser();
    site.sign_on(&mut browser, &Person::new("practitioner")).await;
    for (version, text) in [("1", TEXT.to_owned()), ("2", format!("{TEXT}\nNor with you.\n"))] {
        assert_eq!(silent(&site, &mut browser).await, Ok(()), "before {version}");
        publish(&idp, version, &text).await;
        assert_eq!(silent(&site, &mut browser).await, due(), "{version}");
        let page = browser.open(&site.request().url()).await;
        assert!(page.body.contains(&format!("Version {version}")), "{}", page.body);
        let page = browser.submit(&page, "agreement-accept", &[]).await;
        assert!(page.answer().code.is_some());
    }
    // What is withdrawn is asked of nobody.
    publish(&idp, "3", &format!("{TEXT}\nThree.\n")).await;
    idp.must(&["agreement", "withdraw", "subscriber"]);
    eventually("nobody is asked any more", || async {
        silent(&site, &mut browser.clone()).await.ok()
    })
    .await;
    assert_ne!(idp.cli(&["agreement", "withdraw", "subscriber"]).code, 0);
}

async fn who_declines_reaches_no_site_and_keeps_their_account(idp: Fresh) {
    publish(&idp, "1", TEXT).await;
    let site = idp.site("alpha");
    let (mut browser, page) = at_agreement(&idp, &site, "practitioner").await;
    let page = browser.submit(&page, "agreement-decline", &[]).await;
    assert!(page.has("agreement-again") && page.has("sign-on-cancel"), "{}", page.body);
    assert_eq!(silent(&site, &mut browser).await, due());
    assert_eq!(browser.visit("/account").await.url.path(), "/account");
    let declined = "SELECT COUNT(*) AS v FROM audit_event WHERE kind = 'agreement.declined'";
    assert_eq!(idp.database.number(declined), 1);
    // The site learns why nobody comes.
    let back = browser.press(&page, "sign-on-cancel", &[]).await;
    assert_eq!(back.error(), ("access_denied".to_owned(), "agreement_required".to_owned()));
    assert_eq!(kept(&idp, "practitioner"), Vec::<Value>::new());
}

async fn the_form_of_one_text_accepts_no_other(idp: Fresh) {
    publish(&idp, "1", TEXT).await;
    let site = idp.site("alpha");
    let (mut browser, old) = at_agreement(&idp, &site, "practitioner").await;
    publish(&idp, "2", &format!("{TEXT}\nNor with you.\n")).await;
    let page = browser.submit(&old, "agreement-accept", &[]).await;
    assert_eq!((page.status, page.has("start-again")), (403, true), "{}", page.body);
    assert_eq!(kept(&idp, "practitioner"), Vec::<Value>::new());
    let page = browser.get(&old.url).await;
    assert!(page.body.contains("Version 2"), "{}", page.body);
    let page = browser.submit(&page, "agreement-accept", &[]).await;
    assert!(!page.has("agreement-accept"), "{}", page.body);
    assert_eq!(kept(&idp, "practitioner")[0]["version"], "2");
}

async fn a_form_of_another_person_or_page_accepts_nothing(idp: Fresh) {
    publish(&idp, "1", TEXT).await;
    let site = idp.site("alpha");
    let (mut theirs, foreign) = at_agreement(&idp, &site, "biller").await;
    let (mut browser, page) = at_agreement(&idp, &site, "practitioner").await;
    let token =
        |page: &Page, button: &str| page.form(button).value("form_token").map(str::to_owned);
    let other_form = token(&page, "switch-person").unwrap();
    let stolen = token(&foreign, "agreement-accept").unwrap();
    for forged in [stolen.as_str(), other_form.as_str(), "", "x"] {
        let answer = browser.press(&page, "agreement-accept", &[("form_token", forged)]).await;
        assert_eq!(answer.status, 403, "{forged}");
    }
    // The address of somebody else's sign-on is worth nothing in this browser (15.3).
    let answer = browser.press(&foreign, "agreement-accept", &[]).await;
    assert_eq!(answer.status, 400);
    assert_eq!(kept(&idp, "practitioner").len() + kept(&idp, "biller").len(), 0);
    theirs.submit(&foreign, "agreement-accept", &[]).await;
    assert_eq!(kept(&idp, "biller").len(), 1);
}

async fn one_accepts_on_ones_own_page_as_well(idp: Fresh) {
    publish(&idp, "1", TEXT).await;
    let mut browser = idp.browser();
    let page = browser.visit("/account").await;
    browser.sign_in(&page, &Person::new("practitioner")).await;
    let list = browser.visit("/account/agreements").await;
    let link = list.body.split("href=\"/account/agreements/").nth(1).unwrap();
    let path = format!("/account/agreements/{}", link.split('"').next().unwrap());
    let page = browser.visit(&path).await;
    let done = browser.submit(&page, "agreement-accept", &[]).await;
    assert_eq!((done.status, done.url.path()), (200, "/account/agreements"), "{}", done.body);
    assert_eq!(kept(&idp, "practitioner").len(), 1);
    // Sending the form again keeps the first time.
    let before = idp.database.everything();
    browser.submit(&page, "agreement-accept", &[]).await;
    let rows = |all: &str| all.lines().filter(|l| l.starts_with("agreement_")).count();
    assert_eq!(rows(&before), rows(&idp.database.everything()));
    let site = idp.site("alpha");
    let mut page = browser.open(&site.request().url()).await;
    if page.is_notice() {
        page = browser.submit(&page, "consent-allow", &[]).await;
    }
    assert!(page.answer().code.is_some(), "{}", page.body);
    for foreign in ["agr_none", "x", "..%2f", "'"] {
        assert_eq!(browser.visit(&format!("/account/agreements/{foreign}")).await.status, 404);
    }
}

async fn a_published_text_is_for_good(idp: Fresh) {
    publish(&idp, "1", TEXT).await;
    let same = idp.folder().write("same.txt", TEXT);
    let other = idp.folder().write("other.txt", "# Other\n\nText.\n");
    let wrong = idp.folder().write("wrong.txt", "no title");
    let publish = |file: &std::path::Path| {
        idp.cli(&["agreement", "publish", file.to_str().unwrap(), "--version", "1"])
    };
    let again = publish(&same);
    assert_eq!(again.code, 0, "{again:?}");
    assert!(again.stdout.contains("nothing was changed"), "{again:?}");
    for file in [&other, &wrong] {
        let refused = publish(file);
        assert_eq!((refused.code, refused.stdout.as_str()), (1, ""), "{refused:?}");
    }
    for statement in [
        "UPDATE agreement SET text = 'x'",
        "DELETE FROM agreement",
        "UPDATE agreement_acceptance SET accepted_at = 0",
        "DELETE FROM agreement_acceptance",
    ] {
        let _ = idp.database.execute(statement);
    }
    assert_eq!(idp.database.number("SELECT COUNT(*) AS v FROM agreement"), 1);
    assert_eq!(idp.database.column("SELECT text AS v FROM agreement"), [TEXT]);
}

#[test]
fn a_text_is_in_force_on_both_nodes_and_accepted_on_both() {
    if !Backend::PostgresRedis.is_available() {
        eprintln!("left out: PostgreSQL and Redis are not here (.ci/with-servers starts them)");
        return;
    }
    run(async {
        let mut idp = TestIdp::start_with(Backend::PostgresRedis, Settings::new()).await;
        idp.add_node().await;
        publish(&idp, "1", TEXT).await;
        let site = idp.site("alpha");
        let (mut here, page) = at_agreement(&idp, &site, "practitioner").await;
        let mut there = here.at(idp.nodes()[1].public);
        assert_eq!(silent(&site, &mut there).await, due());
        here.submit(&page, "agreement-accept", &[]).await;
        let denied = silent(&site, &mut there).await.err().map(|(_, why)| why);
        assert_ne!(denied.as_deref(), Some("agreement_required"));
    });
}
