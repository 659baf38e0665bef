//! Debian's `mod_auth_mellon`, unmodified, in Chromium, with the configuration of `docs/saml`.

use hilum_tests::{Backend, ServiceProvider};

use super::{
    browser::{Demo, in_chromium},
    service_provider::{self as story, register},
};

const CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";

/// The demo, and a `mod_auth_mellon` that is registered with its own metadata.
async fn started(backend: Backend) -> (Demo, ServiceProvider) {
    let demo = Demo::start(backend).await;
    let site = ServiceProvider::mellon(&demo.idp).await;
    register(&demo.idp, &site, &site.metadata().await).await;
    (demo, site)
}

#[test]
fn mellon_is_told_who_it_is_in_an_encrypted_assertion() {
    in_chromium(Backend::Sqlite, async |backend| {
        let (demo, site) = started(backend).await;
        let gcm = "http://www.w3.org/2009/xmlenc11#aes128-gcm";
        story::is_told_in_private(&demo.idp, &site, gcm).await;
        story::may_be_opened_from_hilum(&demo, &site).await;
    });
}

/// XML Encryption 1.1 §5.2.2, for products that know nothing better.
#[test]
fn a_site_whose_metadata_ask_for_cbc_gets_it() {
    in_chromium(Backend::Sqlite, async |backend| {
        let demo = Demo::start(backend).await;
        let site = ServiceProvider::mellon(&demo.idp).await;
        let metadata = site.metadata().await;
        let (before, key) = metadata.split_once("use=\"encryption\"").expect("a key");
        let (key, after) = key.split_once("</KeyDescriptor>").expect("its end");
        let asking = format!(
            "{before}use=\"encryption\"{key}<EncryptionMethod Algorithm=\"{CBC}\"/>\
             </KeyDescriptor>{after}"
        );
        register(&demo.idp, &site, &asking).await;
        story::is_told_in_private(&demo.idp, &site, CBC).await;
    });
}

#[test]
fn mellon_may_ask_passively() {
    in_chromium(Backend::Sqlite, async |backend| {
        let (_demo, site) = started(backend).await;
        story::may_ask_passively(&site, "IsPassive=true").await;
    });
}

#[test]
fn a_sign_out_at_mellon_ends_every_session() {
    in_chromium(Backend::PostgresRedis, async |backend| {
        let (demo, site) = started(backend).await;
        story::signs_out_everywhere(&demo, &site).await;
    });
}

#[test]
fn mellon_hears_of_a_sign_out_at_hilum() {
    in_chromium(Backend::Sqlite, async |backend| {
        let (demo, site) = started(backend).await;
        story::hears_of_a_sign_out_at_hilum(&demo, &site).await;
    });
}
