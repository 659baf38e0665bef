//! The support desk and the public forms in Chromium, as people see them.

use hilum_tests::{App, Backend, Chromium, Settings, TestIdp, run};

use super::{browser::sign_in, dialogue};

async fn look(chromium: &Chromium, idp: &TestIdp, path: &str, name: &str) {
    chromium.go(idp.url(path).as_str()).await;
    chromium.wait("main").await;
    chromium.is_accessible(name).await;
    chromium.picture(name).await;
}

async fn the_desk_is_worked_at() {
    let idp = TestIdp::start_with(Backend::Sqlite, Settings::new()).await;
    let chromium = Chromium::open(true).await;
    for (path, name) in [
        ("/", "public-home"),
        ("/help", "public-help"),
        ("/sites", "public-sites"),
        ("/browser-test", "public-browser-test"),
        ("/administrator-left", "public-administrator-left"),
    ] {
        look(&chromium, &idp, path, name).await;
    }
    look(&chromium, &idp, "/contact", "public-contact").await;
    chromium.type_into("#name", "Ana Rivera").await;
    chromium.type_into("#email", "ana@elsewhere.example").await;
    chromium.type_into("#message", "I cannot sign in. Please help.").await;
    chromium.click("#ask-submit").await;
    chromium.wait("#asked").await;
    chromium.is_accessible("asked").await;

    chromium.close().await;
    let chromium = at_the_desk(&idp, "/support/tickets").await;
    chromium.wait("#tickets a").await;
    chromium.is_accessible("queue").await;
    chromium.picture("support-queue").await;
    chromium.click("#tickets a").await;
    chromium.click("#take").await;
    chromium.wait("#resolve").await;
    chromium.is_accessible("ticket").await;
    chromium.picture("support-ticket").await;

    look(&chromium, &idp, "/support/search?q=rivera", "support-search").await;
    chromium.click("#people ~ ul a").await;
    chromium.click("#ask").await;
    chromium.wait("#check").await;
    chromium.is_accessible("caller check").await;
    chromium.picture("support-caller-check").await;
    look(&chromium, &idp, "/support/audit", "support-audit").await;
    look(&chromium, &idp, "/support/organizations/org_cedar-falls", "support-organization").await;
    chromium.close().await;
}

async fn at_the_desk(idp: &TestIdp, path: &str) -> Chromium {
    let chromium = Chromium::open(true).await;
    chromium.go(idp.url(path).as_str()).await;
    sign_in(&chromium, "support").await;
    chromium.wait("#factor-submit").await;
    chromium.type_into("#code", &App::told("HILUMDEMOSEEDFORSUPPORTAGENT2345").code(0)).await;
    chromium.click("#factor-submit").await;
    chromium
}

async fn a_further_number() {
    let idp = TestIdp::start_with(Backend::Sqlite, Settings::new()).await;
    let joan = dialogue::owner(&idp).await;
    joan.type_into("#number", "12-3400001").await;
    joan.click("#add-submit").await;
    joan.wait("#asked-for").await;
    joan.is_accessible("asked for").await;
    joan.picture("tax-ids-asked-for").await;

    let sam = at_the_desk(&idp, "/support/tax-ids").await;
    sam.wait("#further").await;
    sam.is_accessible("further numbers").await;
    sam.picture("support-tax-ids").await;
    sam.click("#further ~ ul a").await;
    sam.wait("#accept").await;
    sam.is_accessible("a further number").await;
    sam.picture("support-further-number").await;
    sam.click("#accept").await;
    sam.wait("#done").await;
    joan.go(idp.url("/organization/org_cedar-falls/tax-ids").as_str()).await;
    joan.wait("#add-submit").await;
    let page = joan.client.source().await.expect("a page");
    assert!(page.contains("12-3400001") && !page.contains("id=\"asked-for\""), "{page}");
    joan.picture("tax-ids-two").await;
    joan.close().await;
    sam.close().await;
}

#[test]
fn a_further_number_is_asked_for_and_accepted_in_chromium() {
    if Chromium::is_available() {
        run(a_further_number());
    }
}

#[test]
fn the_desk_is_worked_at_in_chromium() {
    if Chromium::is_available() {
        run(the_desk_is_worked_at());
    }
}
