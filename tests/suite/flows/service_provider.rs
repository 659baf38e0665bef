//! What people meet at a site behind a SAML module that nobody here wrote.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fantoccini::Locator;
use hilum_tests::{Chromium, ServiceProvider, TestIdp, eventually};

use super::browser::{Demo, sign_in};

/// What Hilum's operator decides about the site.
pub(super) async fn register(idp: &TestIdp, site: &ServiceProvider, metadata: &str) {
    let decisions = serde_json::json!({
        "client_id": "clinic",
        "client_name": "Clinic",
        "scope": "profile email npi affiliations tax_ids",
        "release": { "affiliation_mode": "one", "tax_id_release": "all" },
        "saml": { "idp_initiated": { "relay_state": site.url("/secure/") } },
    });
    site.register(idp, metadata, &decisions.to_string()).await;
}

/// What the site knows of the practitioner.
const TOLD: [&str; 6] = [
    "Ana Rivera",
    "ana.rivera@cedar-falls.example",
    "1234567893",
    "Cedar Falls Family Medicine",
    "licensed-practitioner",
    "91-1234567",
];

/// Signs the practitioner in at `/secure/` and sees that the assertion is encrypted with `cipher`.
/// Without scripts, so that the message waits for a click.
pub(super) async fn is_told_in_private(idp: &TestIdp, site: &ServiceProvider, cipher: &str) {
    let chromium = Chromium::open(false).await;
    chromium.go(&site.url("/secure/")).await;
    sign_in(&chromium, "practitioner").await;
    chromium.click("#consent-allow").await;
    let message = message(&chromium).await;
    assert!(chromium.address().await.starts_with(&idp.origin));
    assert!(message.contains("<saml:EncryptedAssertion"), "{message}");
    assert!(message.contains(cipher), "{cipher}: {message}");
    assert!(!message.contains("<saml:Assertion") && !message.contains("Rivera"), "{message}");
    chromium.click("#form-post-submit").await;
    knows_the_practitioner(&chromium, site, "/secure/").await;
    chromium.close().await;
}

/// What is about to be posted to the site; it waits for a click where there are no scripts.
async fn message(chromium: &Chromium) -> String {
    chromium.wait("#form-post-submit").await;
    let field = chromium.wait("input[name=SAMLResponse]").await;
    let message = field.attr("value").await.unwrap().expect("a message");
    String::from_utf8(STANDARD.decode(message).unwrap()).unwrap()
}

/// A passive request of somebody who is signed out comes back without any page: `NoPassive`, and
/// the site shows what it has for everybody.
pub(super) async fn may_ask_passively(site: &ServiceProvider, parameter: &str) {
    let chromium = Chromium::open(false).await;
    chromium.go(&site.login(parameter)).await;
    let message = message(&chromium).await;
    assert!(message.contains("urn:oasis:names:tc:SAML:2.0:status:NoPassive"), "{message}");
    chromium.click("#form-post-submit").await;
    knows_nobody(&chromium, site).await;
    chromium.close().await;
}

/// What the site shows, once it does. If it does not, its own log says why.
async fn shown(chromium: &Chromium, site: &ServiceProvider) -> String {
    let waiting = chromium.client.wait().at_most(Duration::from_secs(30));
    if let Err(error) = waiting.for_element(Locator::Css("#told")).await {
        let page = (chromium.address().await, chromium.text().await);
        panic!("the site's page never came: {error}: {page:?}\n{}", site.log());
    }
    chromium.text().await
}

/// The page at `path` comes and shows all of what the site may know.
pub(super) async fn knows_the_practitioner(
    chromium: &Chromium,
    site: &ServiceProvider,
    path: &str,
) {
    let text = shown(chromium, site).await;
    assert_eq!(chromium.address().await, site.url(path));
    for expected in TOLD {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

/// Somebody came back to the open page, and the site does not know who it is.
pub(super) async fn knows_nobody(chromium: &Chromium, site: &ServiceProvider) {
    let text = shown(chromium, site).await;
    assert!(chromium.address().await.starts_with(&site.url("/open/")));
    assert!(text.contains("REQUEST_URI") && !text.contains("Rivera"), "{text}");
}

/// Signed in at Credentia, and through at the site after the notice of a first visit.
pub(super) async fn sign_on_at_both(chromium: &Chromium, demo: &Demo, site: &ServiceProvider) {
    chromium.go(&format!("{}/login", demo.credentia)).await;
    sign_in(chromium, "practitioner").await;
    chromium.click("#consent-allow").await;
    chromium.wait("#sign-out").await;
    chromium.go(&site.url("/secure/")).await;
    // The notice comes and not the sign-in.
    chromium.click("#consent-allow").await;
    knows_the_practitioner(chromium, site, "/secure/").await;
}

/// Both sites ask for a sign-in again.
pub(super) async fn is_signed_out_everywhere(
    chromium: &Chromium,
    demo: &Demo,
    site: &ServiceProvider,
) {
    eventually("the site has heard of it", || async {
        chromium.go(&site.url("/open/")).await;
        (!chromium.text().await.contains("Rivera")).then_some(())
    })
    .await;
    chromium.go(&site.url("/secure/")).await;
    chromium.wait("#login-submit").await;
    eventually("Credentia has heard of it", || async {
        chromium.go(&format!("{}/me", demo.credentia)).await;
        (!chromium.text().await.contains("You act for")).then_some(())
    })
    .await;
}

/// Signed out at the site: Hilum's session and the other site's have ended.
pub(super) async fn signs_out_everywhere(demo: &Demo, site: &ServiceProvider) {
    let chromium = Chromium::open(true).await;
    sign_on_at_both(&chromium, demo, site).await;
    chromium.go(&site.logout()).await;
    knows_nobody(&chromium, site).await;
    is_signed_out_everywhere(&chromium, demo, site).await;
    chromium.close().await;
}

/// Signed out at Hilum: the site has been told from server to server.
pub(super) async fn hears_of_a_sign_out_at_hilum(demo: &Demo, site: &ServiceProvider) {
    let chromium = Chromium::open(true).await;
    sign_on_at_both(&chromium, demo, site).await;
    chromium.go(demo.idp.url("/sign-out").as_str()).await;
    chromium.click("#logout-confirm").await;
    chromium.arrive(demo.idp.url("/signed-out").as_str()).await;
    is_signed_out_everywhere(&chromium, demo, site).await;
    chromium.close().await;
}

/// A sign-on that begins at Hilum, of somebody who has been at the site before.
pub(super) async fn may_be_opened_from_hilum(demo: &Demo, site: &ServiceProvider) {
    let chromium = Chromium::open(true).await;
    chromium.go(demo.idp.url("/saml/start/clinic").as_str()).await;
    sign_in(&chromium, "practitioner").await;
    knows_the_practitioner(&chromium, site, "/secure/").await;
    chromium.close().await;
}
