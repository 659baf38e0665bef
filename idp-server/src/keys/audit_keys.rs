//! The Ed25519 keys that sign the head of the audit chain.
//!
//! They sign nothing else and stand in no public key set. A key that was replaced goes on checking
//! what it signed, for as long as there are audit events.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use idp_core::{keys::KeyId, oidc::jose::SigningAlgorithm};
use jsonwebtoken::{DecodingKey, jwk::Jwk};

use super::private_key::{PrivateKey, PrivateKeyError};

/// What audit heads are signed with.
pub const AUDIT_ALGORITHM: SigningAlgorithm = SigningAlgorithm::EdDsa;

/// The audit keys: one that signs, and all that ever did.
#[derive(Debug)]
pub struct AuditKeys {
    signs: (KeyId, PrivateKey),
    check: Vec<(KeyId, DecodingKey)>,
}

impl AuditKeys {
    /// Takes the key that signs, and the public halves of all that ever did.
    ///
    /// # Errors
    /// [`PrivateKeyError::Jwk`] if a public half is not one.
    pub fn new(
        signs: (KeyId, PrivateKey),
        public: impl IntoIterator<Item = (KeyId, Jwk)>,
    ) -> Result<Self, PrivateKeyError> {
        let parse = |(kid, jwk)| Ok((kid, DecodingKey::from_jwk(&jwk)?));
        let check = public.into_iter().map(parse).collect::<Result<_, PrivateKeyError>>()?;
        Ok(Self { signs, check })
    }

    /// Signs the head of the chain. The name tells which key to check with.
    ///
    /// # Errors
    /// [`PrivateKeyError::Crypto`].
    pub fn sign(&self, head: &[u8]) -> Result<(&KeyId, Vec<u8>), PrivateKeyError> {
        let (kid, key) = &self.signs;
        Ok((kid, key.sign(head)?))
    }

    /// Whether the key of this name has signed this head.
    #[must_use]
    pub fn has_signed(&self, kid: &str, head: &[u8], signature: &[u8]) -> bool {
        let Some((_, key)) = self.check.iter().find(|(known, _)| known.as_str() == kid) else {
            return false;
        };
        let signature = URL_SAFE_NO_PAD.encode(signature);
        let checked = jsonwebtoken::crypto::verify(&signature, head, key, AUDIT_ALGORITHM.jwa());
        checked.unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::private_key::RsaSize;

    fn key() -> (KeyId, Jwk, PrivateKey) {
        let key = PrivateKey::generate(AUDIT_ALGORITHM, RsaSize::default()).unwrap();
        let (kid, jwk) = key.public_jwk().unwrap();
        (kid, jwk, key)
    }

    #[test]
    fn a_head_is_checked_with_the_key_that_signed_it_even_after_a_rotation() {
        let ((old_kid, old_jwk, old), (kid, jwk, new)) = (key(), key());
        let signature = old.sign(b"head 1").unwrap();
        let public = [(old_kid.clone(), old_jwk), (kid.clone(), jwk)];
        let keys = AuditKeys::new((kid.clone(), new), public).unwrap();
        assert!(keys.has_signed(old_kid.as_str(), b"head 1", &signature));
        assert!(!keys.has_signed(old_kid.as_str(), b"head 2", &signature));
        assert!(!keys.has_signed(kid.as_str(), b"head 1", &signature));
        assert!(!keys.has_signed("strange", b"head 1", &signature));

        let (by, signature) = keys.sign(b"head 2").unwrap();
        assert_eq!(by, &kid);
        assert!(keys.has_signed(kid.as_str(), b"head 2", &signature));
    }
}
