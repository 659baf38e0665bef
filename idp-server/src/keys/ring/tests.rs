//! What the ring signs, what it takes for its own, and what a rotation does to both.

use std::sync::LazyLock;

use idp_core::keys::KeyState;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::keys::private_key::RsaSize;

const ISSUER: &str = "https://id.hilum.example";
const NOW: i64 = 1_790_000_000;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn valid() -> Expiry {
    Expiry::At(at(NOW))
}

fn active() -> KeyState {
    KeyState::Active { activated_at: at(0) }
}

/// A new key as the register would give it, and its document to load it again.
fn key(algorithm: SigningAlgorithm, state: KeyState) -> (RingKey, impl Fn(KeyState) -> RingKey) {
    let key = PrivateKey::generate(algorithm, RsaSize::Bits2048).unwrap();
    let der = key.to_pkcs8().unwrap();
    let load = move |state: KeyState| {
        let private = PrivateKey::from_pkcs8(algorithm, &der).unwrap();
        let (kid, public) = private.public_jwk().unwrap();
        let record = KeyRecord { kid, algorithm, state };
        RingKey { record, public, private: state.signs().then_some(private) }
    };
    (load(state), load)
}

fn ring(keys: Vec<RingKey>) -> KeyRing {
    KeyRing::new(ISSUER, keys).unwrap()
}

fn claims() -> Value {
    json!({ "iss": ISSUER, "sub": "Zk3v9QmT7cB1xH0e", "exp": NOW + 300 })
}

fn published(ring: &KeyRing) -> Vec<String> {
    let set: Value = serde_json::from_slice(&ring.jwks().body).unwrap();
    let kid = |key: &Value| key["kid"].as_str().unwrap().to_owned();
    set["keys"].as_array().unwrap().iter().map(kid).collect()
}

#[test]
fn what_was_signed_is_our_own_in_every_algorithm_and_type() {
    let ring = ring(SigningAlgorithm::ALL.map(|algorithm| key(algorithm, active()).0).into());
    assert_eq!(ring.algorithms(), SigningAlgorithm::ALL);
    for algorithm in SigningAlgorithm::ALL {
        for token_type in TokenType::ALL {
            let token = ring.sign(algorithm, token_type, &claims()).unwrap();
            let jws = UnverifiedJws::parse(&token).unwrap();
            assert_eq!(jws.algorithm, algorithm);
            assert_eq!(jws.typ.as_deref(), Some(token_type.as_str()));
            assert!(published(&ring).contains(jws.kid.as_ref().unwrap()));
            assert_eq!(ring.verify_own::<Value>(&token, token_type, valid()), Ok(claims()));

            for other in TokenType::ALL.into_iter().filter(|other| *other != token_type) {
                let refused = ring.verify_own::<Value>(&token, other, valid());
                assert_eq!(refused, Err(OwnTokenError::Type), "{token_type:?} as {other:?}");
            }
        }
    }
}

#[test]
fn anything_else_is_refused() {
    let ours = ring(vec![key(SigningAlgorithm::Es256, active()).0]);
    let theirs = ring(vec![key(SigningAlgorithm::Es256, active()).0]);
    let sign = |ring: &KeyRing, claims: &Value| {
        ring.sign(SigningAlgorithm::Es256, TokenType::AccessToken, claims).unwrap()
    };
    let good = sign(&ours, &claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let mut other_issuer = claims();
    other_issuer["iss"] = json!("https://id.hilum.example/");
    let mut without_end = claims();
    without_end.as_object_mut().unwrap().remove("exp");
    let (_, stolen) = sign(&theirs, &claims())
        .rsplit_once('.')
        .map(|(m, s)| (m.to_owned(), s.to_owned()))
        .unwrap();
    for (token, expected) in [
        (sign(&theirs, &claims()), OwnTokenError::UnknownKey),
        (format!("{message}.{stolen}"), OwnTokenError::Signature),
        (format!("{message}."), OwnTokenError::Signature),
        (format!("{message}x.{signature}"), OwnTokenError::Signature),
        (sign(&ours, &other_issuer), OwnTokenError::Issuer),
        (sign(&ours, &without_end), OwnTokenError::Jose(JoseError::Malformed)),
        ("opaque".to_owned(), OwnTokenError::Jose(JoseError::Malformed)),
    ] {
        let refused = ours.verify_own::<Value>(&token, TokenType::AccessToken, valid());
        assert_eq!(refused, Err(expected), "{token}");
    }
}

#[test]
fn a_token_ends_at_exp_except_as_a_hint() {
    let ring = ring(vec![key(SigningAlgorithm::EdDsa, active()).0]);
    for token_type in TokenType::ALL {
        let token = ring.sign(SigningAlgorithm::EdDsa, token_type, &claims()).unwrap();
        let verify = |expiry| ring.verify_own::<Value>(&token, token_type, expiry).map(|_| ());
        assert_eq!(verify(Expiry::At(at(NOW + 299))), Ok(()));
        assert_eq!(verify(Expiry::At(at(NOW + 300))), Err(OwnTokenError::Expired));
        assert_eq!(verify(Expiry::Ignored), Ok(()));
    }
}

#[test]
fn a_rotation_keeps_old_tokens_valid_until_their_key_is_retired() {
    let (first, old) = key(SigningAlgorithm::Es256, active());
    let (second, new) = key(SigningAlgorithm::Es256, KeyState::Upcoming { published_at: at(0) });
    let (old_kid, new_kid) = (first.record.kid.to_string(), second.record.kid.to_string());
    let ring = ring(vec![first, second]);
    assert_eq!(published(&ring), [old_kid.clone(), new_kid.clone()], "the active one comes first");
    let sign = || ring.sign(SigningAlgorithm::Es256, TokenType::AccessToken, &claims()).unwrap();
    let verify =
        |token: &str| ring.verify_own::<Value>(token, TokenType::AccessToken, valid()).map(|_| ());
    let before = sign();

    let etag = ring.jwks().etag;
    ring.replace(vec![old(KeyState::Retiring { replaced_at: at(NOW) }), new(active())]).unwrap();
    assert_ne!(ring.jwks().etag, etag);
    let after = sign();
    assert_eq!(UnverifiedJws::parse(&after).unwrap().kid, Some(new_kid.clone()));
    assert_eq!((verify(&before), verify(&after)), (Ok(()), Ok(())));

    // Withdrawn: that this process made the token itself does not help it.
    ring.replace(vec![old(KeyState::Retired { retired_at: at(NOW) }), new(active())]).unwrap();
    assert_eq!(published(&ring), [new_kid]);
    assert_eq!((verify(&before), verify(&after)), (Err(OwnTokenError::UnknownKey), Ok(())));
}

#[test]
fn a_register_that_cannot_be_used_changes_nothing() {
    let (first, load) = key(SigningAlgorithm::Es256, active());
    let ring = ring(vec![first]);
    let etag = ring.jwks().etag;
    let mut broken = load(active());
    broken.private = None;
    assert!(matches!(ring.replace(vec![broken]), Err(RingError::NoPrivatePart(_))));
    assert_eq!(ring.jwks().etag, etag);
    assert!(matches!(
        ring.sign(SigningAlgorithm::Rs256, TokenType::IdToken, &claims()),
        Err(SignError::NoKey(SigningAlgorithm::Rs256))
    ));
}

#[test]
fn a_token_that_was_seen_costs_no_second_signature_check() {
    let (mine, load) = key(SigningAlgorithm::Es256, active());
    let node = ring(vec![mine]);
    let other_node = ring(vec![load(active())]);
    let token = node.sign(SigningAlgorithm::Es256, TokenType::AccessToken, &claims()).unwrap();
    assert!(node.known.contains(&token), "made here");
    assert!(!other_node.known.contains(&token));
    let verify = || other_node.verify_own::<Value>(&token, TokenType::AccessToken, valid());
    assert_eq!(verify(), Ok(claims()));
    assert!(other_node.known.contains(&token), "checked once");
    assert_eq!(verify(), Ok(claims()));
}

proptest! {
    #[test]
    fn nothing_that_was_made_up_is_a_token_of_ours(text in ".{0,200}", forged in ".{0,60}") {
        static RING: LazyLock<KeyRing> =
            LazyLock::new(|| ring(vec![key(SigningAlgorithm::EdDsa, active()).0]));
        let verify = |token: &str| RING.verify_own::<Value>(token, TokenType::IdToken, Expiry::Ignored);
        prop_assert!(verify(&text).is_err());
        let good = RING.sign(SigningAlgorithm::EdDsa, TokenType::IdToken, &claims());
        let good = good.unwrap();
        let parts: Vec<_> = good.split('.').collect();
        let forged = URL_SAFE_NO_PAD.encode(forged);
        let forged = [parts[0], &forged, parts[2]].join(".");
        prop_assert!(verify(&forged).is_err());
    }
}
