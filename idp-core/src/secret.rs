//! Secrets that are shown once and kept as digests: codes, cookies, client secrets.

use std::fmt;

use aws_lc_rs::{constant_time, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};

/// A value that whoever holds it may use: an authorization code, a cookie, a client secret.
///
/// It prints as nothing and is wiped when dropped. What is stored is its [`SecretDigest`].
pub struct Secret(SecretString);

impl Secret {
    /// A new secret of 256 random bits: 43 characters of base64url.
    #[must_use]
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(SecretString::from(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// A secret that somebody sent.
    #[must_use]
    pub fn received(text: &str) -> Self {
        Self(SecretString::from(text))
    }

    /// The text, to be sent to its holder and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What is stored and looked up in place of the secret.
    #[must_use]
    pub fn digest(&self) -> SecretDigest {
        SecretDigest::of(self.expose())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

/// SHA-256 of a secret, compared in constant time.
///
/// A plain hash is enough because every secret that Hilum makes has 256 random bits; passwords,
/// which people make, go through Argon2id instead.
#[derive(Clone, Copy, Eq)]
pub struct SecretDigest([u8; 32]);

impl SecretDigest {
    /// The digest of `text`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
        Self(bytes)
    }

    /// Reads a stored digest; `None` unless it is 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes, for a column.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest as 43 characters of base64url, for a key or a JSON document.
    #[must_use]
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads what [`Self::to_text`] wrote.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| Self::from_bytes(&bytes))
    }
}

impl PartialEq for SecretDigest {
    fn eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[DIGEST]")
    }
}

impl serde::Serialize for SecretDigest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl<'de> serde::Deserialize<'de> for SecretDigest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_text(&text).ok_or_else(|| serde::de::Error::custom("not a SHA-256 digest"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints() {
        let secret = Secret::received("hunter2");
        assert_eq!(format!("{secret:?} {:?}", secret.digest()), "[REDACTED] [DIGEST]");
    }

    #[test]
    fn a_code_has_43_characters() {
        assert_eq!(Secret::from_random([7; 32]).expose().len(), 43);
    }

    #[test]
    fn a_digest_survives_being_stored() {
        let digest = Secret::received("x").digest();
        assert_eq!(SecretDigest::from_text(&digest.to_text()), Some(digest));
        assert_eq!(SecretDigest::from_bytes(digest.as_bytes()), Some(digest));
        assert_ne!(digest, SecretDigest::of("y"));
    }
}
