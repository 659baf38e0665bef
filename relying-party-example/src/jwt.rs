//! A signed JWT in compact form (RFC 7519, RFC 7515 §3.1), for the tokens that the `openidconnect` crate does
//! not know: logout tokens, and the tokens that the playground takes apart.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKey as _, JsonWebKeyId};
use serde::Deserialize;
use serde_json::Value;

/// A token that has been taken apart. Nothing in it is true before [`Jwt::verify`] has said so.
#[derive(Debug)]
pub struct Jwt {
    /// The header.
    pub header: Header,
    /// The payload.
    pub claims: Value,
    signed: String,
    signature: Vec<u8>,
}

/// What this site reads of a JOSE header. Keys or addresses of keys in it are ignored (RFC 8725 §3.10).
#[derive(Debug, Deserialize)]
pub struct Header {
    /// The algorithm that the token says it is signed with.
    pub alg: String,
    /// The key that it says it is signed with.
    pub kid: Option<JsonWebKeyId>,
    /// What kind of token it says it is.
    pub typ: Option<String>,
    /// Extensions that a reader must understand (RFC 7515 §4.1.11). We understand none.
    pub crit: Option<Value>,
}

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// Another algorithm than the agreed one, or an extension that we do not understand.
    #[error("unexpected algorithm or extension")]
    Algorithm,
    /// Not three base64url parts of which the first two hold JSON.
    #[error("not a signed JWT")]
    Malformed,
    /// The signature does not fit.
    #[error("wrong signature")]
    Signature,
    /// Hilum publishes no such key; it may have published a new one since we looked.
    #[error("unknown key")]
    UnknownKey,
}

impl Jwt {
    /// Takes a token apart without believing it.
    ///
    /// # Errors
    /// [`JwtError::Malformed`].
    pub fn parse(token: &str) -> Result<Self, JwtError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(JwtError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(JwtError::Malformed)?;
        let decode = |part| URL_SAFE_NO_PAD.decode(part).map_err(|_| JwtError::Malformed);
        Ok(Self {
            header: serde_json::from_slice(&decode(header)?).map_err(|_| JwtError::Malformed)?,
            claims: serde_json::from_slice(&decode(claims)?).map_err(|_| JwtError::Malformed)?,
            signed: signed.to_owned(),
            signature: decode(signature)?,
        })
    }

    /// Checks the signature against Hilum's published keys, in the one algorithm agreed with Hilum.
    ///
    /// # Errors
    /// Every [`JwtError`] but `Malformed`.
    pub fn verify(
        &self,
        keys: &CoreJsonWebKeySet,
        agreed: &CoreJwsSigningAlgorithm,
    ) -> Result<(), JwtError> {
        let alg: CoreJwsSigningAlgorithm =
            serde_json::from_value(Value::String(self.header.alg.clone()))
                .map_err(|_| JwtError::Algorithm)?;
        if alg != *agreed || self.header.crit.is_some() {
            return Err(JwtError::Algorithm);
        }
        let key = keys
            .keys()
            .iter()
            .find(|key| key.key_id().is_some() && key.key_id() == self.header.kid.as_ref())
            .ok_or(JwtError::UnknownKey)?;
        key.verify_signature(agreed, self.signed.as_bytes(), &self.signature)
            .map_err(|_| JwtError::Signature)
    }
}

/// The claims of a token whose signature somebody else has checked, for display only.
pub fn claims_of(token: &str) -> Option<Value> {
    Jwt::parse(token).ok().map(|jwt| jwt.claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing;
    use serde_json::json;

    fn verdict(header: &Value) -> Result<(), JwtError> {
        let token = signing::sign(header, &json!({"sub": "s"}));
        Jwt::parse(&token)?.verify(&signing::published(), &CoreJwsSigningAlgorithm::EdDsa)
    }

    #[test]
    fn only_the_agreed_algorithm_and_a_published_key_are_believed() {
        for (header, expected) in [
            (json!({"alg": "EdDSA", "kid": "k1"}), Ok(())),
            (json!({"alg": "none", "kid": "k1"}), Err(JwtError::Algorithm)),
            (json!({"alg": "HS256", "kid": "k1"}), Err(JwtError::Algorithm)),
            (json!({"alg": "RS256", "kid": "k1"}), Err(JwtError::Algorithm)),
            (json!({"alg": "ML-DSA-44", "kid": "k1"}), Err(JwtError::Algorithm)),
            (json!({"alg": "EdDSA", "kid": "k1", "crit": ["x"]}), Err(JwtError::Algorithm)),
            (json!({"alg": "EdDSA", "kid": "k2"}), Err(JwtError::UnknownKey)),
            (json!({"alg": "EdDSA"}), Err(JwtError::UnknownKey)),
        ] {
            assert_eq!(verdict(&header), expected, "{header}");
        }
    }

    #[test]
    fn a_changed_claim_breaks_the_signature() {
        let token = signing::sign(&json!({"alg": "EdDSA", "kid": "k1"}), &json!({"sub": "s"}));
        let other = URL_SAFE_NO_PAD.encode(json!({"sub": "t"}).to_string());
        let parts: Vec<&str> = token.split('.').collect();
        let forged = Jwt::parse(&format!("{}.{other}.{}", parts[0], parts[2])).unwrap();
        let verdict = forged.verify(&signing::published(), &CoreJwsSigningAlgorithm::EdDsa);
        assert_eq!(verdict, Err(JwtError::Signature));
    }

    #[test]
    fn what_is_no_jwt_is_refused() {
        for token in ["", ".", "..", "a.b.c", "e30.e30", "e30.e30.%"] {
            assert!(Jwt::parse(token).is_err(), "{token}");
        }
    }
}
