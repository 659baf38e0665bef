//! Second factors in Chromium, with a passkey device and an authenticator app: set up, sign in,
//! step up at Credentia, lose the factor, come back.

use hilum_tests::{App, Backend, Chromium, TestIdp, eventually};

use super::browser::{Demo, in_chromium, sign_in};

const MAILBOX: &str = "ana.rivera@cedar-falls.example";

/// The page is fit to be used, and its picture kept.
async fn look(chromium: &Chromium, name: &str) {
    chromium.is_accessible(name).await;
    chromium.picture(name).await;
}

/// Types the code that was mailed.
async fn confirm_mailbox(chromium: &Chromium, idp: &TestIdp) {
    chromium.click("#factor-send").await;
    chromium.wait("#code").await;
    look(chromium, "factor-mailbox-sent").await;
    let code = idp.mailed_code(MAILBOX).await;
    chromium.type_into("#code", &code).await;
    chromium.click("#factor-submit").await;
}

/// Scans the code that is shown and proves it; keeps the recovery codes.
async fn set_up_app(chromium: &Chromium) -> (App, Vec<String>) {
    chromium.wait("#enrol-submit").await;
    look(chromium, "enrol-app").await;
    chromium.click("details summary").await;
    let key = chromium.wait("#text-key").await.text().await.unwrap();
    let app = App::told(&key);
    chromium.type_into("#code", &app.code(0)).await;
    chromium.click("#enrol-submit").await;
    let codes = chromium.wait("#recovery-codes").await.text().await.unwrap();
    look(chromium, "recovery-codes").await;
    let codes: Vec<String> = codes.split_whitespace().map(str::to_owned).collect();
    assert_eq!(codes.len(), 10, "{codes:?}");
    (app, codes)
}

async fn continue_past_notice(chromium: &Chromium, until: &str) {
    let next = chromium.wait(&format!("#consent-allow, {until}")).await;
    if next.attr("id").await.unwrap().as_deref() == Some("consent-allow") {
        chromium.click("#consent-allow").await;
        chromium.wait(until).await;
    }
}

async fn attest_lose_and_come_back(backend: Backend) {
    let demo = Demo::start(backend).await;
    let chromium = Chromium::open(true).await;
    chromium.go(&demo.credentia).await;
    chromium.click("#sign-in").await;
    chromium.wait("#login-submit").await;
    look(&chromium, "sign-in").await;
    sign_in(&chromium, "practitioner").await;
    continue_past_notice(&chromium, "#attest").await;

    // Credentia wants more than a password: the mailbox, an app, and back with a receipt.
    chromium.click("#attest").await;
    chromium.wait("#factor-send").await;
    look(&chromium, "factor-mailbox").await;
    confirm_mailbox(&chromium, &demo.idp).await;
    chromium.wait("#enrol-app").await;
    look(&chromium, "enrol").await;
    chromium.click("#enrol-app").await;
    let (_, codes) = set_up_app(&chromium).await;
    chromium.click("#recovery-continue").await;
    continue_past_notice(&chromium, "#receipt").await;
    assert!(chromium.address().await.starts_with(&demo.credentia));
    let acr = chromium.wait("#receipt-acr").await.text().await.unwrap();
    assert!(acr.contains("browser-second-factor"), "{acr}");

    // The phone is lost; a code from the drawer opens the door to a new factor.
    chromium.go(demo.idp.url("/").as_str()).await;
    chromium.forget_cookies().await;
    chromium.go(&demo.credentia).await;
    chromium.forget_cookies().await;
    chromium.go(&demo.credentia).await;
    chromium.click("#sign-in").await;
    sign_in(&chromium, "practitioner").await;
    chromium.click("#attest").await;
    chromium.wait("#factor-submit").await;
    look(&chromium, "factor-totp").await;
    chromium.type_into("#code", "000000").await;
    chromium.click("#factor-submit").await;
    chromium.wait("#problem").await;
    look(&chromium, "factor-totp-refused").await;
    chromium.click("#way-recovery").await;
    chromium.wait("#code-hint").await;
    look(&chromium, "factor-recovery").await;
    chromium.type_into("#code", &codes[0]).await;
    chromium.click("#factor-submit").await;
    // This time a passkey.
    chromium.add_passkey_device().await;
    chromium.click("#enrol-passkey").await;
    chromium.wait("#enrol-submit").await;
    look(&chromium, "enrol-passkey").await;
    chromium.click("#enrol-submit").await;
    chromium.wait("#receipt").await;
    let amr = chromium.wait("#receipt-amr").await.text().await.unwrap();
    assert!(amr.contains("hwk"), "{amr}");

    // From now on the passkey alone signs in, and reaches the highest rung.
    chromium.go(demo.idp.url("/").as_str()).await;
    chromium.forget_cookies().await;
    chromium.go(demo.idp.url("/account/security").as_str()).await;
    // The browser offers it by itself, or the person presses the button.
    let first = chromium.wait("#passkey-submit, #security-confirm, #recovery-replace").await;
    if first.attr("id").await.ok().flatten().as_deref() == Some("passkey-submit") {
        let _ = first.click().await;
    }
    chromium.wait("#recovery-replace").await;
    look(&chromium, "security").await;
    let text = chromium.text().await;
    assert!(text.contains("Passkey") && text.contains("Authenticator app"), "{text}");
    assert!(text.contains("Unused codes: 9"), "{text}");
    eventually("the notices", || async {
        (demo.idp.mails(MAILBOX).await.len() >= 4).then_some(())
    })
    .await;
    chromium.close().await;
}

#[test]
fn attest_with_a_new_factor_lose_it_and_come_back() {
    in_chromium(Backend::Sqlite, attest_lose_and_come_back);
}

#[test]
fn attest_with_a_new_factor_lose_it_and_come_back_on_postgres_and_redis() {
    in_chromium(Backend::PostgresRedis, attest_lose_and_come_back);
}

#[test]
fn a_keyboard_is_enough_for_a_second_factor() {
    in_chromium(Backend::Sqlite, async |backend| {
        let demo = Demo::start(backend).await;
        let chromium = Chromium::open(true).await;
        chromium.go(demo.idp.url("/account/security").as_str()).await;
        sign_in(&chromium, "practitioner").await;
        chromium.wait("#add-app").await;
        chromium.tab_to("add-app").await;
        chromium.press("\u{e007}").await;
        chromium.wait("#factor-send").await;
        chromium.tab_to("factor-send").await;
        chromium.press("\u{e007}").await;
        chromium.wait("#code").await;
        let code = demo.idp.mailed_code(MAILBOX).await;
        // The field has the focus already; Enter sends the form.
        chromium.press(&format!("{code}\u{e007}")).await;
        chromium.wait("#enrol-submit").await;
        chromium.tab_to("code").await;
        let key = chromium
            .client
            .execute("return document.getElementById('text-key').textContent", Vec::new());
        let key = key.await.unwrap().as_str().unwrap().to_owned();
        chromium.press(&App::told(&key).code(0)).await;
        chromium.tab_to("enrol-submit").await;
        chromium.press("\u{e007}").await;
        chromium.wait("#recovery-codes").await;
        chromium.tab_to("recovery-continue").await;
        chromium.press("\u{e007}").await;
        chromium.wait("#recovery-replace").await;
        chromium.close().await;
    });
}

#[test]
fn without_scripts_an_app_and_recovery_codes_are_enough() {
    in_chromium(Backend::Sqlite, async |backend| {
        let demo = Demo::start(backend).await;
        let chromium = Chromium::open(false).await;
        chromium.go(demo.idp.url("/account/security/app").as_str()).await;
        sign_in(&chromium, "practitioner").await;
        chromium.click("#factor-send").await;
        chromium.wait("#code").await;
        let code = demo.idp.mailed_code(MAILBOX).await;
        chromium.type_into("#code", &code).await;
        chromium.click("#factor-submit").await;
        chromium.click("details summary").await;
        let key = chromium.wait("#text-key").await.text().await.unwrap();
        chromium.type_into("#code", &App::told(&key).code(0)).await;
        chromium.click("#enrol-submit").await;
        chromium.wait("#recovery-codes").await;
        chromium.close().await;
    });
}
