//! The support desk and the public forms in Chromium, as people see them.

use hilum_tests::{App, Backend, Chromium, Settings, TestIdp, run};

use super::browser::sign_in;

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

    chromium.go(idp.url("/support/tickets").as_str()).await;
    sign_in(&chromium, "support").await;
    chromium.wait("#factor-submit").await;
    chromium.type_into("#code", &App::told("HILUMDEMOSEEDFORSUPPORTAGENT2345").code(0)).await;
    chromium.click("#factor-submit").await;
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

#[test]
fn the_desk_is_worked_at_in_chromium() {
    if Chromium::is_available() {
        run(the_desk_is_worked_at());
    }
}
