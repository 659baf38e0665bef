//! An organization's systems in the console (R83; domain 4.10; security 19.5, 20.1).

use hilum_tests::{App, Browser, Fresh, Page, TestIdp, on_every_store, standing::SITE_KEY};
use reqwest::Method;
use serde_json::json;

use super::{OWN, at_work};

on_every_store![
    a_system_is_registered_set_up_renewed_and_stopped,
    a_system_that_ends_soon_is_pointed_out_and_ends_by_date,
    a_system_of_another_organization_is_not_there,
];

const WANTED: &[(&str, &str)] =
    &[("name", "Chart server"), ("scope.hie/pmp.query", "yes"), ("purpose.TREAT", "yes")];

async fn list(browser: &mut Browser) -> Page {
    let page = browser.visit(&format!("{OWN}/systems")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    page
}

/// Registers a system; its `client_id` and its code.
async fn registered(browser: &mut Browser) -> (String, String) {
    let page = list(browser).await;
    let page = browser.submit(&page, "system-submit", WANTED).await;
    assert_eq!(page.status, 200, "{}", page.body);
    (page.text("client-id").unwrap(), page.text("set-up-code").unwrap())
}

/// Whoever installs it brings its keys.
async fn set_up(idp: &TestIdp, id: &str, code: &str) -> u16 {
    let keys = json!({ "code": code, "jwks": SITE_KEY.jwks() });
    let call = idp
        .call(Method::POST, &format!("/systems/{id}/set-up"))
        .header("Content-Type", "application/json")
        .body(keys.to_string().into_bytes());
    call.send().await.0.as_u16()
}

async fn a_system_is_registered_set_up_renewed_and_stopped(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let page = list(&mut browser).await;
    assert!(page.has("none"), "{}", page.body);
    let wrong = [("name", "Chart server"), ("purpose.TREAT", "yes")];
    let page = browser.submit(&page, "system-submit", &wrong).await;
    assert_eq!(page.status, 422, "{}", page.body);
    assert!(page.has("problem") && page.body.contains("Chart server"), "{}", page.body);

    let (id, code) = registered(&mut browser).await;
    assert!(!idp.database.everything().contains(&code), "kept nowhere");
    assert!(!list(&mut browser).await.body.contains(&code), "and shown once");
    assert_eq!(set_up(&idp, &id, &code).await, 200);
    let page = list(&mut browser).await;
    assert!(page.body.contains("Chart server") && page.has(&format!("renew-{id}")));
    let page = browser.submit(&page, &format!("renew-{id}"), &[]).await;
    assert!(page.has("done"), "{}", page.body);

    // A new code is for other keys; the old one opened the door already.
    let page = browser.submit(&page, &format!("code-{id}"), &[]).await;
    let other = page.text("set-up-code").expect("a code");
    assert_ne!(other, code);
    assert_eq!(set_up(&idp, &id, &other).await, 200);

    let page = list(&mut browser).await;
    let stale = page.form(&format!("renew-{id}")).fields;
    let page = browser.submit(&page, &format!("revoke-{id}"), &[]).await;
    assert!(page.has("done") && !page.has(&format!("revoke-{id}")), "{}", page.body);
    let stale = [&stale[..], &[("deed".to_owned(), "renew".to_owned())]].concat();
    let again = browser.post(&idp.url(&format!("{OWN}/systems/{id}")), &stale).await;
    assert_eq!(again.status, 409, "{}", again.body);
    for (kind, times) in [
        ("system.created", 1),
        ("system.code-issued", 2),
        ("system.activated", 2),
        ("system.renewed", 1),
        ("system.revoked", 1),
    ] {
        let query = format!("SELECT count(*) AS v FROM audit_event WHERE kind = '{kind}'");
        assert_eq!(idp.database.number(&query), times, "{kind}");
    }
    let told = idp.mail("joan.whitfield@cedar-falls.example", "A system of your", 0).await;
    assert!(told.text.contains(&format!("{OWN}/systems")), "{}", told.text);
}

async fn a_system_that_ends_soon_is_pointed_out_and_ends_by_date(idp: Fresh) {
    let (id, code) = registered(&mut at_work(&idp).await).await;
    assert_eq!(set_up(&idp, &id, &code).await, 200);
    for (day, pointed_out, acts) in [(149, false, true), (151, true, true), (181, false, false)] {
        let later = day * 86_400;
        idp.set_clock(later).await;
        let mut browser = idp.browser();
        let app = App::told(super::SEED).when(later);
        let home = browser.work_at(OWN, "administrator", &app).await;
        assert_eq!(home.has("systems-end"), pointed_out, "day {day}: {}", home.body);
        let page = list(&mut browser).await;
        assert_eq!(page.has(&format!("renew-{id}")), acts, "day {day}: {}", page.body);
    }
}

async fn a_system_of_another_organization_is_not_there(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let (id, _) = registered(&mut browser).await;
    let token =
        list(&mut browser).await.form("system-submit").value("form_token").unwrap().to_owned();
    let other =
        format!("UPDATE system_client SET organization_id = 'org_lakeside' WHERE id = '{id}'");
    idp.database.execute(&other).expect("another's");
    let page = list(&mut browser).await;
    assert!(!page.body.contains(&id), "{}", page.body);
    let refused = "SELECT count(*) AS v FROM audit_event WHERE kind = 'access.refused'";
    for deed in ["code", "renew", "revoke", "anything"] {
        let before = idp.database.number(refused);
        let fields = [("form_token", token.as_str()), ("deed", deed)];
        let page = browser.post(&idp.url(&format!("{OWN}/systems/{id}")), &fields).await;
        assert_eq!(page.status, 404, "{deed}: {}", page.body);
        assert_eq!(idp.database.number(refused), before + 1, "{deed} is written down");
    }
    // 20.3
    let fields = [("form_token", token.as_str()), ("deed", "renew"), ("organization", "org_x")];
    let page = browser.post(&idp.url(&format!("{OWN}/systems/{id}")), &fields).await;
    assert_eq!(page.status, 400, "{}", page.body);
}
