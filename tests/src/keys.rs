//! A site's own key, and tokens that nobody should believe.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// A P-256 key with its name.
pub struct TestKey {
    kid: String,
    pair: EcdsaKeyPair,
}

impl TestKey {
    /// A new one.
    #[must_use]
    pub fn new(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        Self { kid: kid.to_owned(), pair }
    }

    /// Its public half (RFC 7517).
    #[must_use]
    pub fn jwk(&self) -> Value {
        // An uncompressed point: 4, then x and y.
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(32);
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid,
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        })
    }

    /// A key set with this key alone.
    #[must_use]
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.jwk()] })
    }

    /// A token signed with it.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with(&json!({ "alg": "ES256", "kid": self.kid, "typ": "JWT" }), claims)
    }

    /// The same with another header.
    #[must_use]
    pub fn sign_with(&self, header: &Value, claims: &Value) -> String {
        let input = Self::input(header, claims);
        let signature =
            self.pair.sign(&SystemRandom::new(), input.as_bytes()).expect("a signature");
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A token with an HMAC under `secret` in place of a signature.
    #[must_use]
    pub fn hmac(secret: &[u8], header: &Value, claims: &Value) -> String {
        let input = Self::input(header, claims);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes());
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    /// A token that says `alg: none`.
    #[must_use]
    pub fn unsigned(claims: &Value) -> String {
        format!("{}.", Self::input(&json!({ "alg": "none", "typ": "JWT" }), claims))
    }

    fn input(header: &Value, claims: &Value) -> String {
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        format!("{}.{}", encode(header), encode(claims))
    }
}
