//! Keys and signed messages for the tests of this folder.

use std::sync::LazyLock;

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeySize, PublicKeyComponents},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RSA_PSS_SHA256, RsaKeyPair,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::jose::SigningAlgorithm;

/// A site's keys: one per kind, and a second EC key that is nobody's.
pub(super) struct TestKeys {
    pub(super) rsa: RsaKeyPair,
    pub(super) ec: EcdsaKeyPair,
    pub(super) stranger: EcdsaKeyPair,
    pub(super) ed: Ed25519KeyPair,
}

pub(super) static KEYS: LazyLock<TestKeys> = LazyLock::new(|| TestKeys {
    rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
    ec: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
    stranger: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
    ed: Ed25519KeyPair::generate().unwrap(),
});

pub(super) fn encode(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

pub(super) fn rsa_jwk(key: &RsaKeyPair, kid: &str) -> Value {
    let public = PublicKeyComponents::<Vec<u8>>::from(key.public_key());
    json!({ "kty": "RSA", "kid": kid, "n": encode(public.n), "e": encode(public.e) })
}

pub(super) fn ec_jwk(key: &EcdsaKeyPair, kid: &str) -> Value {
    let point = key.public_key().as_ref();
    let (x, y) = point[1..].split_at(32);
    json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": encode(x), "y": encode(y) })
}

pub(super) fn ed_jwk(key: &Ed25519KeyPair, kid: &str) -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": encode(key.public_key()) })
}

/// The three public keys of [`KEYS`], named `rsa`, `ec` and `ed`.
pub(super) fn jwks() -> Value {
    let keys = &*KEYS;
    json!({ "keys": [rsa_jwk(&keys.rsa, "rsa"), ec_jwk(&keys.ec, "ec"), ed_jwk(&keys.ed, "ed")] })
}

/// Signs with the key of [`KEYS`] that fits, whatever the header says.
pub(super) fn sign(algorithm: SigningAlgorithm, header: &Value, claims: &str) -> String {
    let message = format!("{}.{}", encode(header.to_string()), encode(claims));
    let rng = SystemRandom::new();
    let keys = &*KEYS;
    let rsa = |padding| {
        let mut signature = vec![0; keys.rsa.public_modulus_len()];
        keys.rsa.sign(padding, &rng, message.as_bytes(), &mut signature).unwrap();
        signature
    };
    let signature = match algorithm {
        SigningAlgorithm::Rs256 => rsa(&RSA_PKCS1_SHA256),
        SigningAlgorithm::Ps256 => rsa(&RSA_PSS_SHA256),
        SigningAlgorithm::Es256 => {
            keys.ec.sign(&rng, message.as_bytes()).unwrap().as_ref().to_vec()
        }
        SigningAlgorithm::EdDsa => keys.ed.sign(message.as_bytes()).as_ref().to_vec(),
    };
    format!("{message}.{}", encode(signature))
}
