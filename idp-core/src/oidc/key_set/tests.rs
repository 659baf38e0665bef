//! What becomes a usable key, and what does not.

use aws_lc_rs::signature::Ed25519KeyPair;
use serde_json::json;

use super::{super::testing::*, *};

fn parse(document: &Value) -> Result<KeySet, KeySetError> {
    KeySet::parse(document.to_string().as_bytes())
}

fn with(mut jwk: Value, member: &str, value: Value) -> Value {
    jwk[member] = value;
    jwk
}

#[test]
fn only_fit_keys_are_kept() {
    let ec = ec_jwk(&KEYS.ec, "1");
    let rsa = rsa_jwk(&KEYS.rsa, "1");
    let modulus = |octets: usize| with(rsa.clone(), "n", json!(encode(vec![0xff; octets])));
    for (jwk, usable) in [
        (ec.clone(), true),
        (rsa.clone(), true),
        (ed_jwk(&KEYS.ed, "1"), true),
        (with(ec.clone(), "use", json!("sig")), true),
        (with(ec.clone(), "key_ops", json!(["verify"])), true),
        (with(ec.clone(), "alg", json!("ES256")), true),
        (with(rsa.clone(), "alg", json!("PS256")), true),
        (with(ec.clone(), "use", json!("enc")), false),
        (with(ec.clone(), "key_ops", json!(["encrypt"])), false),
        (with(ec.clone(), "alg", json!("RS256")), false),
        (with(ec.clone(), "alg", json!("none")), false),
        (with(rsa.clone(), "alg", json!("RSA-OAEP")), false),
        (with(ec.clone(), "crv", json!("P-384")), false),
        (with(ec.clone(), "x", json!("AAAA")), false),
        (with(ec.clone(), "x", json!("???")), false),
        (modulus(255), false), // 2040 bits
        (modulus(256), true),
        (modulus(1024), true),
        (modulus(1025), false),
        // 2048 bits long on paper, but the first octet is zero.
        (with(rsa, "n", json!(encode([vec![0], vec![0xff; 255]].concat()))), false),
        (json!({ "kty": "unheard-of", "kid": "1" }), false),
    ] {
        let expected = if usable { None } else { Some(KeySetError::Unusable) };
        assert_eq!(parse(&json!({ "keys": [jwk] })).err(), expected, "{jwk}");
    }
}

#[test]
fn a_short_rsa_key_is_counted_in_bits() {
    for (octets, expected) in
        [(vec![], 0), (vec![0, 0], 0), (vec![1], 1), (vec![0x80, 0], 16), (vec![0, 0x7f, 1], 15)]
    {
        assert_eq!(bits(&encode(octets)), Ok(expected));
    }
}

#[test]
fn a_private_or_symmetric_key_is_refused_aloud() {
    let published = with(ec_jwk(&KEYS.ec, "1"), "d", json!("AAAA"));
    let symmetric = json!({ "kty": "oct", "k": "AAAA" });
    for secret in [published, symmetric] {
        let set = json!({ "keys": [ec_jwk(&KEYS.ec, "2"), secret] });
        assert_eq!(parse(&set).err(), Some(KeySetError::PrivateKey));
    }
}

#[test]
fn what_is_no_key_set_is_refused() {
    let many = vec![ec_jwk(&KEYS.ec, "1"); MOST_KEYS + 1];
    for (document, expected) in [
        (json!([]), KeySetError::Malformed),
        (json!({ "keys": {} }), KeySetError::Malformed),
        (json!({ "keys": ["x"] }), KeySetError::Malformed),
        (json!({ "keys": [] }), KeySetError::Unusable),
        (json!({ "keys": many }), KeySetError::TooMany),
    ] {
        assert_eq!(parse(&document).err(), Some(expected));
    }
    assert_eq!(KeySet::parse(b"\xff").err(), Some(KeySetError::Malformed));
}

#[test]
fn a_key_is_found_by_name_or_because_it_is_the_only_one() {
    use SigningAlgorithm::{EdDsa, Es256, Ps256, Rs256};
    let second = Ed25519KeyPair::generate().unwrap();
    let mut document = jwks();
    document["keys"].as_array_mut().unwrap().push(ed_jwk(&second, "ed-2"));
    let set = parse(&document).unwrap();
    for (kid, algorithm, expected) in [
        (Some("rsa"), Rs256, Some("rsa")),
        (Some("rsa"), Ps256, Some("rsa")),
        (None, Es256, Some("ec")),
        (Some("ed-2"), EdDsa, Some("ed-2")),
        (None, EdDsa, None), // which of the two?
        (Some("rsa"), Es256, None),
        (Some("RSA"), Rs256, None),
        (Some("../ec"), Es256, None),
        (Some(""), Es256, None),
    ] {
        let found = set.find(kid, algorithm).and_then(PublicKey::kid);
        assert_eq!(found, expected, "{kid:?} {algorithm}");
    }
}

#[test]
fn a_signature_counts_for_its_own_algorithm_and_message_only() {
    for algorithm in SigningAlgorithm::ALL {
        let set = parse(&jwks()).unwrap();
        let token = sign(algorithm, &json!({ "alg": algorithm }), "{}");
        let jws = UnverifiedJws::parse(&token).unwrap();
        assert!(set.find(None, algorithm).unwrap().has_signed(&jws), "{algorithm}");

        for other in SigningAlgorithm::ALL.into_iter().filter(|other| *other != algorithm) {
            let token = sign(algorithm, &json!({ "alg": other }), "{}");
            let jws = UnverifiedJws::parse(&token).unwrap();
            for key in &set.0 {
                assert!(!key.has_signed(&jws), "{algorithm} passed as {other}");
            }
        }
    }
}
