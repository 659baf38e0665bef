//! Private signing keys, parsed once.
//!
//! `jsonwebtoken::encode` parses the private key anew for every token, which costs an RSA key more
//! than half its speed. So tokens are signed with the keys of this file, and `jsonwebtoken` is left
//! what it is good at: public keys, their thumbprints, and checking signatures.

use aws_lc_rs::{
    encoding::AsDer,
    error::{KeyRejected, Unspecified},
    rand::SystemRandom,
    rsa::{KeySize, PublicKeyComponents},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use idp_core::{keys::KeyId, oidc::jose::SigningAlgorithm};
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, EllipticCurveKeyParameters,
    EllipticCurveKeyType, Jwk, OctetKeyPairParameters, OctetKeyPairType, PublicKeyUse,
    RSAKeyParameters, RSAKeyType, ThumbprintHash,
};
use zeroize::Zeroizing;

/// How long new RSA keys are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RsaSize {
    /// 2048 bits: enough until 2030 (NIST SP 800-57 part 1).
    #[default]
    Bits2048,
    /// 3072 bits: a third of the speed.
    Bits3072,
}

/// Why a private key cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum PrivateKeyError {
    /// The library refused an operation.
    #[error("the cryptographic library refused an operation")]
    Crypto(#[from] Unspecified),
    /// A thumbprint could not be computed.
    #[error("the public key has no thumbprint: {0}")]
    Jwk(#[from] jsonwebtoken::errors::Error),
    /// The PKCS#8 document holds no key of this kind.
    #[error("not a private key of this algorithm: {0}")]
    Rejected(#[from] KeyRejected),
}

/// A private key and the one algorithm that it signs with.
#[derive(Debug)]
pub struct PrivateKey {
    algorithm: SigningAlgorithm,
    parsed: Parsed,
}

/// The key in the library's own form. Its `Debug` does not show it.
#[derive(Debug)]
enum Parsed {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

impl PrivateKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`PrivateKeyError::Crypto`].
    pub fn generate(algorithm: SigningAlgorithm, size: RsaSize) -> Result<Self, PrivateKeyError> {
        let size = match size {
            RsaSize::Bits2048 => KeySize::Rsa2048,
            RsaSize::Bits3072 => KeySize::Rsa3072,
        };
        let parsed = match algorithm {
            SigningAlgorithm::Rs256 => Parsed::Rsa(RsaKeyPair::generate(size)?, &RSA_PKCS1_SHA256),
            SigningAlgorithm::Ps256 => Parsed::Rsa(RsaKeyPair::generate(size)?, &RSA_PSS_SHA256),
            SigningAlgorithm::Es256 => {
                Parsed::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?)
            }
            SigningAlgorithm::EdDsa => Parsed::Ed(Ed25519KeyPair::generate()?),
        };
        Ok(Self { algorithm, parsed })
    }

    /// Reads a key that [`Self::to_pkcs8`] wrote.
    ///
    /// # Errors
    /// [`PrivateKeyError::Rejected`].
    pub fn from_pkcs8(algorithm: SigningAlgorithm, der: &[u8]) -> Result<Self, PrivateKeyError> {
        let parsed = match algorithm {
            SigningAlgorithm::Rs256 => Parsed::Rsa(RsaKeyPair::from_pkcs8(der)?, &RSA_PKCS1_SHA256),
            SigningAlgorithm::Ps256 => Parsed::Rsa(RsaKeyPair::from_pkcs8(der)?, &RSA_PSS_SHA256),
            SigningAlgorithm::Es256 => {
                Parsed::Ec(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)?)
            }
            SigningAlgorithm::EdDsa => Parsed::Ed(Ed25519KeyPair::from_pkcs8(der)?),
        };
        Ok(Self { algorithm, parsed })
    }

    /// The key in clear, to be sealed at once.
    ///
    /// # Errors
    /// [`PrivateKeyError::Crypto`].
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, PrivateKeyError> {
        let der = match &self.parsed {
            Parsed::Ec(key) => key.to_pkcs8v1()?.as_ref().to_vec(),
            Parsed::Ed(key) => key.to_pkcs8v1()?.as_ref().to_vec(),
            Parsed::Rsa(key, _) => key.as_der()?.as_ref().to_vec(),
        };
        Ok(Zeroizing::new(der))
    }

    /// The public half as `SubjectPublicKeyInfo` (RFC 5280 §4.1), for a certificate.
    ///
    /// # Errors
    /// [`PrivateKeyError::Crypto`].
    pub fn spki(&self) -> Result<Vec<u8>, PrivateKeyError> {
        Ok(match &self.parsed {
            Parsed::Ec(key) => key.public_key().as_der()?.as_ref().to_vec(),
            Parsed::Ed(key) => key.public_key().as_der()?.as_ref().to_vec(),
            Parsed::Rsa(key, _) => key.public_key().as_der()?.as_ref().to_vec(),
        })
    }

    /// What it signs with.
    #[must_use]
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// Signs octets, in the form that JOSE wants (RFC 7518 §3).
    ///
    /// # Errors
    /// [`PrivateKeyError::Crypto`].
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, PrivateKeyError> {
        let random = SystemRandom::new();
        Ok(match &self.parsed {
            Parsed::Ec(key) => key.sign(&random, message)?.as_ref().to_vec(),
            Parsed::Ed(key) => key.try_sign(message)?.as_ref().to_vec(),
            Parsed::Rsa(key, encoding) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(*encoding, &random, message, &mut signature)?;
                signature
            }
        })
    }

    /// The public half as our key set shows it, under its thumbprint as name.
    ///
    /// # Errors
    /// [`PrivateKeyError::Jwk`].
    pub fn public_jwk(&self) -> Result<(KeyId, Jwk), PrivateKeyError> {
        let mut jwk = Jwk {
            common: CommonParameters {
                public_key_use: Some(PublicKeyUse::Signature),
                key_algorithm: Some(self.algorithm.jwa().into()),
                ..CommonParameters::default()
            },
            algorithm: self.public_parameters(),
        };
        let thumbprint = jwk.thumbprint(ThumbprintHash::SHA256)?;
        jwk.common.key_id = Some(thumbprint.clone());
        Ok((KeyId::new(thumbprint), jwk))
    }

    fn public_parameters(&self) -> AlgorithmParameters {
        match &self.parsed {
            Parsed::Ec(key) => {
                // An uncompressed point: one octet that says so, then x and y (SEC 1 §2.3.3).
                let point = key.public_key().as_ref();
                let coordinates = point.get(1..).unwrap_or_default();
                let (x, y) = coordinates.split_at(coordinates.len() / 2);
                AlgorithmParameters::EllipticCurve(EllipticCurveKeyParameters {
                    key_type: EllipticCurveKeyType::EC,
                    curve: EllipticCurve::P256,
                    x: URL_SAFE_NO_PAD.encode(x),
                    y: URL_SAFE_NO_PAD.encode(y),
                })
            }
            Parsed::Ed(key) => AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
                key_type: OctetKeyPairType::OctetKeyPair,
                curve: EllipticCurve::Ed25519,
                x: URL_SAFE_NO_PAD.encode(key.public_key()),
            }),
            Parsed::Rsa(key, _) => {
                let public = PublicKeyComponents::<Vec<u8>>::from(key.public_key());
                AlgorithmParameters::RSA(RSAKeyParameters {
                    key_type: RSAKeyType::RSA,
                    n: URL_SAFE_NO_PAD.encode(public.n),
                    e: URL_SAFE_NO_PAD.encode(public.e),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use idp_core::oidc::key_set::PublicKey;

    use super::*;

    #[test]
    fn a_key_survives_being_stored() {
        for algorithm in SigningAlgorithm::ALL {
            let key = PrivateKey::generate(algorithm, RsaSize::Bits2048).unwrap();
            let again = PrivateKey::from_pkcs8(algorithm, &key.to_pkcs8().unwrap()).unwrap();
            assert_eq!(key.public_jwk().unwrap(), again.public_jwk().unwrap());
            assert!(!again.sign(b"message").unwrap().is_empty());
        }
    }

    #[test]
    fn a_public_key_is_fit_and_named_by_its_thumbprint() {
        for algorithm in SigningAlgorithm::ALL {
            let key = PrivateKey::generate(algorithm, RsaSize::Bits2048).unwrap();
            let (kid, jwk) = key.public_jwk().unwrap();
            assert_eq!(kid.as_str().len(), 43);
            assert_eq!(PublicKey::try_from(&jwk).unwrap().kid(), Some(kid.as_str()));

            let shown = serde_json::to_value(&jwk).unwrap();
            assert_eq!(shown["alg"], algorithm.as_str());
            assert_eq!(shown["use"], "sig");
            assert!(["d", "p", "q", "dp", "dq", "qi"].iter().all(|part| shown.get(part).is_none()));
        }
    }

    #[test]
    fn a_key_of_another_kind_is_refused() {
        let ec = PrivateKey::generate(SigningAlgorithm::Es256, RsaSize::Bits2048).unwrap();
        let der = ec.to_pkcs8().unwrap();
        for other in [SigningAlgorithm::Rs256, SigningAlgorithm::Ps256, SigningAlgorithm::EdDsa] {
            assert!(PrivateKey::from_pkcs8(other, &der).is_err());
        }
        assert!(PrivateKey::from_pkcs8(SigningAlgorithm::Es256, b"").is_err());
    }
}
