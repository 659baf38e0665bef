//! Fetching, keeping and re-fetching a site's keys.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use idp_core::{
    keys::{KeyRecord, KeyState},
    oidc::jose::{SigningAlgorithm, TokenType},
};
use serde_json::json;

use super::*;
use crate::{
    config,
    keys::{
        private_key::{PrivateKey, RsaSize},
        ring::{KeyRing, RingKey},
    },
};

const ISSUER: &str = "https://id.hilum.example";

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
}

/// A site with a key of its own. Its assertions are made like our ID tokens: signed, type `JWT`.
fn site() -> KeyRing {
    let private = PrivateKey::generate(SigningAlgorithm::Es256, RsaSize::default()).unwrap();
    let (kid, public) = private.public_jwk().unwrap();
    let state = KeyState::Active { activated_at: at(0) };
    let record = KeyRecord { kid, algorithm: SigningAlgorithm::Es256, state };
    KeyRing::new("hie", vec![RingKey { record, public, private: Some(private) }]).unwrap()
}

fn assertion(site: &KeyRing, now: DateTime<Utc>) -> String {
    let claims = json!({
        "iss": "hie", "sub": "hie", "aud": ISSUER, "jti": "t_1", "exp": now.timestamp() + 60,
    });
    site.sign(SigningAlgorithm::Es256, TokenType::IdToken, &claims).unwrap()
}

/// An address that gives one answer after the other, the last one again and again, and counts.
fn serve(answers: Vec<String>) -> (ClientKeys, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/jwks", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&count);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let n = asked.fetch_add(1, Ordering::SeqCst);
            let body = answers.get(n).or(answers.last()).unwrap();
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close", body.len());
            stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).unwrap();
        }
    });
    (ClientKeys::JwksUri(address.parse().unwrap()), count)
}

fn document(site: &KeyRing) -> String {
    String::from_utf8(site.jwks().body.to_vec()).unwrap()
}

fn site_keys() -> SiteKeys {
    let allow_hosts = vec!["127.0.0.1".to_owned()];
    let settings = config::Outgoing { allow_hosts, extra_ca_file: None };
    SiteKeys::new(Outgoing::new(&settings).unwrap())
}

async fn verify(
    site_keys: &SiteKeys,
    site: &KeyRing,
    keys: &ClientKeys,
    now: DateTime<Utc>,
) -> Result<VerifiedAssertion, SiteKeyError> {
    let algorithms = &SigningAlgorithm::ALL;
    let expected = Expected { issuer: ISSUER, client_id: "hie", algorithms };
    site_keys.verify(&assertion(site, now), keys, expected, now).await
}

#[tokio::test]
async fn registered_keys_are_used_as_they_stand() {
    let (site, stranger, site_keys) = (site(), site(), site_keys());
    let keys = ClientKeys::Jwks(serde_json::from_slice(&site.jwks().body).unwrap());
    assert_eq!(verify(&site_keys, &site, &keys, at(0)).await.unwrap().jti, "t_1");
    let refused = verify(&site_keys, &stranger, &keys, at(0)).await;
    assert!(matches!(refused, Err(SiteKeyError::Assertion(AssertionError::UnknownKey))));
    let refused = verify(&site_keys, &site, &ClientKeys::Jwks(json!({ "keys": [] })), at(0)).await;
    assert!(matches!(refused, Err(SiteKeyError::Registered(KeySetError::Unusable))));
}

#[tokio::test]
async fn fetched_keys_are_kept_for_ten_minutes() {
    let (site, site_keys) = (site(), site_keys());
    let (keys, asked) = serve(vec![document(&site)]);
    for (seconds, times) in [(0, 1), (1, 1), (599, 1), (600, 2), (601, 2)] {
        verify(&site_keys, &site, &keys, at(seconds)).await.unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), times, "after {seconds} seconds");
    }
}

#[tokio::test]
async fn a_site_that_rolled_over_is_asked_again_but_not_at_once() {
    let (old, new, site_keys) = (site(), site(), site_keys());
    let (keys, asked) = serve(vec![document(&old), document(&new)]);
    verify(&site_keys, &old, &keys, at(0)).await.unwrap();
    for seconds in [1, 29] {
        assert!(verify(&site_keys, &new, &keys, at(seconds)).await.is_err());
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "anybody could make us ask");
    verify(&site_keys, &new, &keys, at(30)).await.unwrap();
    assert!(verify(&site_keys, &old, &keys, at(31)).await.is_err(), "withdrawn");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_site_that_gives_no_keys_keeps_the_last_good_ones_for_an_hour() {
    let (site, site_keys) = (site(), site_keys());
    let (keys, _) = serve(vec![document(&site), "out of order".to_owned()]);
    for seconds in [0, 600, 3599] {
        verify(&site_keys, &site, &keys, at(seconds)).await.unwrap();
    }
    let refused = verify(&site_keys, &site, &keys, at(3600)).await;
    assert!(matches!(refused, Err(SiteKeyError::Unavailable)));
}

#[tokio::test]
async fn an_address_without_keys_is_not_asked_by_every_request() {
    let (site, site_keys) = (site(), site_keys());
    let (keys, asked) = serve(vec![String::new()]);
    for (seconds, times) in [(0, 1), (29, 1), (30, 2)] {
        let refused = verify(&site_keys, &site, &keys, at(seconds)).await;
        assert!(matches!(refused, Err(SiteKeyError::Unavailable)));
        assert_eq!(asked.load(Ordering::SeqCst), times, "after {seconds} seconds");
    }
}
