//! Debian's Shibboleth SP (`libapache2-mod-shib`), unmodified, in Chromium, with the configuration
//! of `docs/saml`.

use hilum_tests::{Backend, Chromium, ServiceProvider};

use super::{
    browser::{Demo, in_chromium, sign_in},
    service_provider::{self as story, register},
};

/// The demo, and a Shibboleth that is registered with its own metadata.
async fn started(backend: Backend) -> (Demo, ServiceProvider) {
    let demo = Demo::start(backend).await;
    let site = ServiceProvider::shibboleth(&demo.idp).await;
    register(&demo.idp, &site, &site.metadata().await).await;
    (demo, site)
}

#[test]
fn shibboleth_is_told_who_it_is_in_an_encrypted_assertion() {
    in_chromium(Backend::Sqlite, async |backend| {
        let (demo, site) = started(backend).await;
        let gcm = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
        story::is_told_in_private(&demo.idp, &site, gcm).await;
        story::may_be_opened_from_hilum(&demo, &site).await;
    });
}

#[test]
fn shibboleth_may_ask_passively_and_for_a_new_sign_in() {
    in_chromium(Backend::Sqlite, async |backend| {
        let (demo, site) = started(backend).await;
        story::may_ask_passively(&site, "isPassive=true").await;
        let chromium = Chromium::open(true).await;
        story::sign_on_at_both(&chromium, &demo, &site).await;
        // The filter that comes with Shibboleth believes only the scopes of our metadata.
        let told = chromium.text().await;
        let user = told.lines().find_map(|line| line.strip_prefix("REMOTE_USER="));
        assert!(user.is_some_and(|user| user.ends_with("@localhost")), "{told}");
        // Signed in a moment ago, and asked all the same.
        chromium.go(&site.login("forceAuthn=true")).await;
        sign_in(&chromium, "practitioner").await;
        story::knows_the_practitioner(&chromium, &site, "/open/").await;
        chromium.close().await;
    });
}

#[test]
fn a_sign_out_at_shibboleth_ends_every_session() {
    in_chromium(Backend::Sqlite, async |backend| {
        let (demo, site) = started(backend).await;
        story::signs_out_everywhere(&demo, &site).await;
    });
}

#[test]
fn shibboleth_hears_of_a_sign_out_at_hilum() {
    in_chromium(Backend::PostgresRedis, async |backend| {
        let (demo, site) = started(backend).await;
        story::hears_of_a_sign_out_at_hilum(&demo, &site).await;
    });
}
