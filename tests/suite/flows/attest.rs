//! Attesting at Credentia, in Chromium (R79): no factor yet, set one up on the way, get a receipt.

use hilum_tests::{Backend, Chromium, factor::App};

use super::browser::{Demo, in_chromium, sign_in};

const MAILBOX: &str = "ana.rivera@cedar-falls.example";

async fn attest(backend: Backend, scripts: bool) {
    let demo = Demo::start(backend).await;
    let chromium = Chromium::open(scripts).await;
    chromium.go(&format!("{}/login", demo.credentia)).await;
    sign_in(&chromium, "practitioner").await;
    chromium.click("#consent-allow").await;
    chromium.click("#attest").await;

    // Whoever has no factor shows that the mailbox is theirs, and sets one up.
    chromium.click("#factor-send").await;
    chromium.wait("#factor-submit").await;
    let code = demo.idp.mailed_code(MAILBOX).await;
    chromium.type_into("input[name=code]", &code).await;
    chromium.click("#factor-submit").await;
    chromium.click("#enrol-app").await;
    // It stands in a part of the page that opens for whoever cannot scan.
    let key = chromium.wait("#text-key").await.html(true).await.unwrap();
    let app = App::told(&key);
    chromium.type_into("input[name=code]", &app.code(0)).await;
    chromium.click("#enrol-submit").await;
    chromium.click("#recovery-continue").await;

    // And is back at the site, which has checked what it was told.
    chromium.wait("#receipt").await;
    assert!(chromium.address().await.starts_with(&demo.credentia));
    let told = chromium.text().await;
    for expected in ["urn:hilum:acr:browser-second-factor", "pwd", "otp", "Ana Rivera"] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    assert!(!told.contains("remembered"), "{told}");
    if scripts {
        chromium.is_accessible("the receipt").await;
    }
    chromium.close().await;
}

#[test]
fn a_person_without_a_factor_is_led_through_enrolment_to_a_receipt() {
    in_chromium(Backend::Sqlite, async |backend| attest(backend, true).await);
}

#[test]
fn attesting_works_on_postgres_and_redis_without_scripts() {
    in_chromium(Backend::PostgresRedis, async |backend| attest(backend, false).await);
}

#[test]
fn a_manager_is_not_offered_to_attest() {
    in_chromium(Backend::Sqlite, async |backend| {
        let demo = Demo::start(backend).await;
        let chromium = Chromium::open(true).await;
        chromium.go(&format!("{}/login", demo.credentia)).await;
        sign_in(&chromium, "administrator").await;
        chromium.click("#consent-allow").await;
        chromium.wait("#sign-out").await;
        let record = chromium.client.source().await.unwrap();
        assert!(!record.contains("id=\"attest\""), "{record}");
        chromium.close().await;
    });
}
