//! The keys that sign our tokens, ready for use, and the checking of tokens that are our own.
//!
//! The ring holds an immutable snapshot of the published keys and swaps it as a whole when the
//! register of keys changes. A request takes the snapshot once and is not disturbed by a rotation.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use idp_core::{
    keys::KeyRecord,
    oidc::{
        jose::{JoseError, SigningAlgorithm, TokenType, UnverifiedJws},
        key_set::PublicKey,
    },
};
use jsonwebtoken::jwk::Jwk;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    jwks::Jwks,
    known_tokens::KnownTokens,
    private_key::{PrivateKey, PrivateKeyError},
};

/// A key of the register.
#[derive(Debug)]
pub struct RingKey {
    /// Its name, algorithm and state.
    pub record: KeyRecord,
    /// Its public half.
    pub public: Jwk,
    /// Its private half; needed of the active ones only.
    pub private: Option<PrivateKey>,
}

/// Why a ring cannot be filled. The ring keeps what it had.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// The header or the set could not be written.
    #[error("cannot write a key as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// An active key has no private half.
    #[error("the active key {0} has no private part")]
    NoPrivatePart(String),
    /// A public half is not fit for use.
    #[error("the public key {0} is unusable: {1}")]
    Public(String, idp_core::oidc::key_set::PublicKeyError),
}

/// Why a token could not be signed. All of them are faults of ours.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The claims are not JSON.
    #[error("cannot write the claims as JSON: {0}")]
    Claims(#[from] serde_json::Error),
    /// The key failed.
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
    /// No key of this algorithm is active.
    #[error("no active key for {0}")]
    NoKey(SigningAlgorithm),
}

/// Why something is not a valid token of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnTokenError {
    /// Past its `exp`.
    #[error("expired")]
    Expired,
    /// Of another issuer.
    #[error("issued by somebody else")]
    Issuer,
    /// Not a signed message that we would look at, or not claims of this shape.
    #[error(transparent)]
    Jose(#[from] JoseError),
    /// Not signed by the key that its header names.
    #[error("wrong signature")]
    Signature,
    /// Another kind of token.
    #[error("a token of another type")]
    Type,
    /// Signed by a key that is not published, or no longer.
    #[error("no published key has this kid")]
    UnknownKey,
}

/// Whether an expired token is refused.
#[derive(Clone, Copy, Debug)]
pub enum Expiry {
    /// At this instant it must still be valid.
    At(DateTime<Utc>),
    /// It may have expired: an `id_token_hint` only reminds us of somebody (RPL §4).
    Ignored,
}

/// The keys in use.
#[derive(Debug)]
pub struct KeyRing {
    issuer: String,
    keys: RwLock<Arc<Snapshot>>,
    known: KnownTokens,
}

/// The published keys at one moment.
#[derive(Debug)]
struct Snapshot {
    signers: Vec<Signer>,
    published: HashMap<String, PublicKey>,
    jwks: Jwks,
}

/// An active key, with the headers of its tokens in their final form.
#[derive(Debug)]
struct Signer {
    access_token: String,
    id_token: String,
    logout_token: String,
    key: PrivateKey,
}

impl KeyRing {
    /// A ring for the tokens of `issuer`.
    ///
    /// # Errors
    /// [`RingError`].
    pub fn new(issuer: impl Into<String>, keys: Vec<RingKey>) -> Result<Self, RingError> {
        let keys = RwLock::new(Arc::new(Snapshot::of(keys)?));
        Ok(Self { issuer: issuer.into(), keys, known: KnownTokens::default() })
    }

    /// Takes over what the register says now.
    ///
    /// # Errors
    /// [`RingError`]; then the ring is as it was.
    pub fn replace(&self, keys: Vec<RingKey>) -> Result<(), RingError> {
        let next = Arc::new(Snapshot::of(keys)?);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    /// The algorithms that there is an active key for.
    #[must_use]
    pub fn algorithms(&self) -> Vec<SigningAlgorithm> {
        let snapshot = self.snapshot();
        let active = |algorithm: &SigningAlgorithm| snapshot.signer(*algorithm).is_some();
        SigningAlgorithm::ALL.into_iter().filter(active).collect()
    }

    /// The public key set.
    #[must_use]
    pub fn jwks(&self) -> Jwks {
        self.snapshot().jwks.clone()
    }

    /// Signs a token of this type with the active key of the algorithm.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn sign<C: Serialize>(
        &self,
        algorithm: SigningAlgorithm,
        token_type: TokenType,
        claims: &C,
    ) -> Result<String, SignError> {
        let snapshot = self.snapshot();
        let signer = snapshot.signer(algorithm).ok_or(SignError::NoKey(algorithm))?;
        let token = signer.sign(token_type, &serde_json::to_vec(claims)?)?;
        if token_type == TokenType::AccessToken {
            self.known.remember(&token);
        }
        Ok(token)
    }

    /// Checks that a token is ours, of this type and, if so asked, still valid, and gives its
    /// claims. Audience and revocation are the caller's to judge.
    ///
    /// # Errors
    /// [`OwnTokenError`].
    pub fn verify_own<T: DeserializeOwned>(
        &self,
        token: &str,
        expected: TokenType,
        expiry: Expiry,
    ) -> Result<T, OwnTokenError> {
        let jws = UnverifiedJws::parse(token)?;
        if !expected.is_named(jws.typ.as_deref()) {
            return Err(OwnTokenError::Type);
        }
        let snapshot = self.snapshot();
        let key = jws.kid.as_deref().and_then(|kid| snapshot.published.get(kid));
        let key = key.ok_or(OwnTokenError::UnknownKey)?;
        if expected == TokenType::AccessToken {
            if !self.known.contains(token) {
                check_signature(key, &jws)?;
                self.known.remember(token);
            }
        } else {
            check_signature(key, &jws)?;
        }
        self.check_stamp(&jws.unverified_claims()?, expiry)?;
        Ok(jws.unverified_claims()?)
    }

    fn check_stamp(&self, stamp: &Stamp, expiry: Expiry) -> Result<(), OwnTokenError> {
        if stamp.iss != self.issuer {
            return Err(OwnTokenError::Issuer);
        }
        match expiry {
            // A token ends at `exp`: at that second it is over (RFC 7519 §4.1.4).
            Expiry::At(now) if stamp.exp <= now.timestamp() => Err(OwnTokenError::Expired),
            Expiry::At(_) | Expiry::Ignored => Ok(()),
        }
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What every token of ours says.
#[derive(Deserialize)]
struct Stamp {
    iss: String,
    exp: i64,
}

fn check_signature(key: &PublicKey, jws: &UnverifiedJws<'_>) -> Result<(), OwnTokenError> {
    if key.has_signed(jws) { Ok(()) } else { Err(OwnTokenError::Signature) }
}

impl Snapshot {
    fn of(mut keys: Vec<RingKey>) -> Result<Self, RingError> {
        keys.retain(|key| key.record.state.is_published());
        // Some sites take the first key of a set: let it be an active RS256, then the next ones.
        keys.sort_by_key(|key| {
            (!key.record.state.signs(), key.record.algorithm, key.record.kid.clone())
        });
        let jwks = Jwks::of(keys.iter().map(|key| key.public.clone()).collect())?;
        let mut snapshot = Self { signers: Vec::new(), published: HashMap::new(), jwks };
        for key in keys {
            let kid = key.record.kid.as_str().to_owned();
            let public = PublicKey::try_from(&key.public)
                .map_err(|error| RingError::Public(kid.clone(), error))?;
            if key.record.state.signs() {
                let private = key.private.ok_or_else(|| RingError::NoPrivatePart(kid.clone()))?;
                snapshot.signers.push(Signer::new(private, &kid)?);
            }
            snapshot.published.insert(kid, public);
        }
        Ok(snapshot)
    }

    fn signer(&self, algorithm: SigningAlgorithm) -> Option<&Signer> {
        self.signers.iter().find(|signer| signer.key.algorithm() == algorithm)
    }
}

impl Signer {
    fn new(key: PrivateKey, kid: &str) -> Result<Self, serde_json::Error> {
        /// A token's header.
        #[derive(Serialize)]
        struct Header<'a> {
            alg: SigningAlgorithm,
            kid: &'a str,
            typ: &'static str,
        }
        let header = |token_type: TokenType| {
            let header = Header { alg: key.algorithm(), kid, typ: token_type.as_str() };
            serde_json::to_vec(&header).map(|json| URL_SAFE_NO_PAD.encode(json))
        };
        Ok(Self {
            access_token: header(TokenType::AccessToken)?,
            id_token: header(TokenType::IdToken)?,
            logout_token: header(TokenType::LogoutToken)?,
            key,
        })
    }

    fn sign(&self, token_type: TokenType, claims: &[u8]) -> Result<String, PrivateKeyError> {
        let header = match token_type {
            TokenType::AccessToken => &self.access_token,
            TokenType::IdToken => &self.id_token,
            TokenType::LogoutToken => &self.logout_token,
        };
        // Room for all of it, the signature of a 3072-bit key included.
        let mut token = String::with_capacity(header.len() + claims.len() * 4 / 3 + 520);
        token.push_str(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self.key.sign(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

#[cfg(test)]
mod tests;
