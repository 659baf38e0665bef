//! Public keys that we check signatures with: those a site registered, and our own.
//!
//! A [`PublicKey`] only comes into being if it is strong enough and of a kind that we know, so that
//! no later code has to ask. A key of a site's set that we cannot use is left out (a set may hold
//! encryption keys too); a set that carries a *private* key is refused as a whole, because its
//! owner has published it and must make a new one.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

use super::jose::{SigningAlgorithm, UnverifiedJws};

/// More keys than any honest site has. A bound on what one document can cost us.
const MOST_KEYS: usize = 64;

/// NIST SP 800-131A: shorter RSA keys are no longer acceptable.
const SHORTEST_RSA_BITS: usize = 2048;

/// What the library can use; longer ones would only serve to slow us down.
const LONGEST_RSA_BITS: usize = 8192;

/// Why a document is no set of public keys (RFC 7517 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// Not JSON, or not an object with an array `keys` of JWKs.
    #[error("not a JSON Web Key Set")]
    Malformed,
    /// A private or a symmetric key is in it.
    #[error("the set contains a private or symmetric key; publish only public keys")]
    PrivateKey,
    /// More than 64 keys.
    #[error("the set has more than {MOST_KEYS} keys")]
    TooMany,
    /// No key in it fits any of our algorithms.
    #[error(
        "no usable signing key: RSA of 2048 to 8192 bits, EC P-256 or Ed25519, with \"use\" \"sig\" or none"
    )]
    Unusable,
}

/// Why a single key was left out of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// A key type, curve or `alg` that we do not verify with.
    #[error("key type, curve or algorithm not supported")]
    Kind,
    /// A coordinate or modulus is not base64url, or has the wrong length.
    #[error("malformed key")]
    Malformed,
    /// An RSA modulus below 2048 or above 8192 bits.
    #[error("RSA key of {0} bits")]
    RsaSize(usize),
    /// Meant for something other than verifying signatures.
    #[error("not a signature key")]
    Use,
}

/// A public key that is fit to check a signature.
#[derive(Clone, Debug)]
pub struct PublicKey {
    kid: Option<String>,
    fits: Vec<SigningAlgorithm>,
    key: DecodingKey,
}

impl PublicKey {
    /// Whether exactly this message was signed with this key, by an algorithm that fits it.
    #[must_use]
    pub fn has_signed(&self, jws: &UnverifiedJws<'_>) -> bool {
        self.fits.contains(&jws.algorithm)
            && jsonwebtoken::crypto::verify(
                jws.signature(),
                jws.signed().as_bytes(),
                &self.key,
                jws.algorithm.jwa(),
            )
            .unwrap_or(false)
    }

    /// The key's name in its set.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }
}

impl TryFrom<&Jwk> for PublicKey {
    type Error = PublicKeyError;

    fn try_from(jwk: &Jwk) -> Result<Self, PublicKeyError> {
        let common = &jwk.common;
        if !matches!(common.public_key_use, None | Some(PublicKeyUse::Signature)) {
            return Err(PublicKeyError::Use);
        }
        if let Some(operations) = &common.key_operations
            && !operations.contains(&KeyOperations::Verify)
        {
            return Err(PublicKeyError::Use);
        }
        let mut fits = algorithms_of(&jwk.algorithm)?;
        if let Some(declared) = common.key_algorithm {
            let declared = declared.to_string();
            fits.retain(|algorithm| algorithm.as_str() == declared);
        }
        if fits.is_empty() {
            return Err(PublicKeyError::Kind);
        }
        let key = DecodingKey::from_jwk(jwk).map_err(|_| PublicKeyError::Malformed)?;
        Ok(Self { kid: common.key_id.clone(), fits, key })
    }
}

/// The algorithms a key of this kind and size can serve.
fn algorithms_of(
    parameters: &AlgorithmParameters,
) -> Result<Vec<SigningAlgorithm>, PublicKeyError> {
    if let AlgorithmParameters::RSA(rsa) = parameters {
        return match bits(&rsa.n)? {
            SHORTEST_RSA_BITS..=LONGEST_RSA_BITS => {
                Ok(vec![SigningAlgorithm::Rs256, SigningAlgorithm::Ps256])
            }
            other => Err(PublicKeyError::RsaSize(other)),
        };
    }
    if let AlgorithmParameters::EllipticCurve(ec) = parameters
        && ec.curve == EllipticCurve::P256
    {
        require_octets(&ec.x, 32)?;
        require_octets(&ec.y, 32)?;
        return Ok(vec![SigningAlgorithm::Es256]);
    }
    if let AlgorithmParameters::OctetKeyPair(okp) = parameters
        && okp.curve == EllipticCurve::Ed25519
    {
        require_octets(&okp.x, 32)?;
        return Ok(vec![SigningAlgorithm::EdDsa]);
    }
    // Other curves, symmetric keys, and what RFCs to come may invent.
    Err(PublicKeyError::Kind)
}

fn octets(base64url: &str) -> Result<Vec<u8>, PublicKeyError> {
    URL_SAFE_NO_PAD.decode(base64url).map_err(|_| PublicKeyError::Malformed)
}

fn require_octets(base64url: &str, length: usize) -> Result<(), PublicKeyError> {
    if octets(base64url)?.len() == length { Ok(()) } else { Err(PublicKeyError::Malformed) }
}

/// How many bits a big-endian number has, leading zeros not counted.
fn bits(base64url: &str) -> Result<usize, PublicKeyError> {
    let number = octets(base64url)?;
    let mut significant = number.iter().skip_while(|octet| **octet == 0);
    let Some(first) = significant.next() else { return Ok(0) };
    let top = first.checked_ilog2().map_or(0, |log| log as usize + 1);
    Ok(top + 8 * significant.count())
}

/// The public keys of one party.
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<PublicKey>);

impl KeySet {
    /// Reads what a site's `jwks_uri` answered.
    ///
    /// # Errors
    /// [`KeySetError`]; a set without one usable key is an error too.
    pub fn parse(json: &[u8]) -> Result<Self, KeySetError> {
        let document = serde_json::from_slice(json).map_err(|_| KeySetError::Malformed)?;
        Self::from_document(&document)
    }

    /// Reads a site's registered `jwks`.
    ///
    /// # Errors
    /// As for [`Self::parse`].
    pub fn from_document(document: &Value) -> Result<Self, KeySetError> {
        let entries = document.get("keys").and_then(Value::as_array);
        let entries = entries.ok_or(KeySetError::Malformed)?;
        if entries.len() > MOST_KEYS {
            return Err(KeySetError::TooMany);
        }
        // `d` is the private part of RSA, EC and OKP keys; `k` is a symmetric key (RFC 7518 §6).
        if entries.iter().any(|key| key.get("d").is_some() || key.get("k").is_some()) {
            return Err(KeySetError::PrivateKey);
        }
        let set = JwkSet::deserialize(document).map_err(|_| KeySetError::Malformed)?;
        let keys = Self::from(&set);
        if keys.0.is_empty() { Err(KeySetError::Unusable) } else { Ok(keys) }
    }

    /// The one key that may have signed a message with this header.
    ///
    /// With a `kid`, the key of that name; without, the only key that fits the algorithm. A choice
    /// between several is not made: the sender has to name one (OIDC Core §10.1).
    #[must_use]
    pub fn find(&self, kid: Option<&str>, algorithm: SigningAlgorithm) -> Option<&PublicKey> {
        let mut candidates = self.0.iter().filter(|key| {
            key.fits.contains(&algorithm) && (kid.is_none() || key.kid.as_deref() == kid)
        });
        let first = candidates.next()?;
        candidates.next().is_none().then_some(first)
    }
}

impl From<&JwkSet> for KeySet {
    /// Keeps the keys that can be used.
    fn from(set: &JwkSet) -> Self {
        Self(set.keys.iter().filter_map(|jwk| PublicKey::try_from(jwk).ok()).collect())
    }
}

impl FromIterator<PublicKey> for KeySet {
    fn from_iter<I: IntoIterator<Item = PublicKey>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

#[cfg(test)]
mod tests;
