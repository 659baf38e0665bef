//! The pages of an organization's console that no other story walks, as an Administrator sees them.

use hilum_tests::{App, Backend, Chromium, TestIdp};

use super::browser::{in_chromium, sign_in};

const OWN: &str = "/organization/org_cedar-falls";

async fn seen(chromium: &Chromium, name: &str) {
    chromium.is_accessible(name).await;
    chromium.picture(&format!("console-{name}")).await;
}

async fn an_organization_is_looked_after(backend: Backend) {
    let idp = TestIdp::start(backend).await;
    let joan = Chromium::open(true).await;
    joan.go(idp.url(&format!("{OWN}/systems")).as_str()).await;
    sign_in(&joan, "administrator").await;
    joan.wait("#factor-submit").await;
    joan.type_into("#code", &App::told("HILUMDEMOSEEDFORADMINISTRATOR234").code(0)).await;
    joan.click("#factor-submit").await;
    joan.wait("#system-submit").await;
    seen(&joan, "systems-none").await;
    joan.type_into("#name", "Chart server").await;
    joan.click("#system-submit").await;
    joan.wait("#problem").await;
    seen(&joan, "systems-wrong").await;
    joan.click("#scope-1").await;
    joan.click("#purpose-TREAT").await;
    joan.click("#system-submit").await;
    joan.wait("#set-up-code").await;
    seen(&joan, "system-code").await;
    joan.go(idp.url(&format!("{OWN}/systems")).as_str()).await;
    joan.wait("[id^=revoke-]").await;
    seen(&joan, "systems").await;
    joan.go(idp.url(&format!("{OWN}/data")).as_str()).await;
    joan.wait("#data-submit").await;
    seen(&joan, "data").await;
    joan.click("#to-parts").await;
    joan.wait("#part-submit").await;
    joan.type_into("#name", "Cedar Falls Day Clinic").await;
    joan.click("#part-submit").await;
    joan.wait("#parts").await;
    seen(&joan, "parts").await;
    idp.database
        .execute("UPDATE organization SET people_reviewed_at = people_reviewed_at - 31622400000")
        .expect("a year ago");
    idp.database.execute("UPDATE affiliation SET since = '2024-01-02'").expect("their time there");
    joan.go(idp.url(OWN).as_str()).await;
    joan.wait("#review").await;
    seen(&joan, "home-review").await;
    joan.go(idp.url(&format!("{OWN}/review")).as_str()).await;
    joan.wait("#keep").await;
    seen(&joan, "review").await;
    joan.close().await;
}

#[test]
fn an_organization_is_looked_after_in_chromium() {
    in_chromium(Backend::Sqlite, an_organization_is_looked_after);
}
