//! The keys that sign SAML messages, with their certificates, and our metadata, which name them.
//!
//! They sign no tokens: partners copy a certificate into a configuration and keep it for years, so
//! these keys are replaced on another schedule. Certificate and metadata are made when the keys
//! change, and never for a request.

use std::sync::{Arc, PoisonError, RwLock};

use actix_web::web::Bytes;
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use idp_core::{
    keys::RotationPolicy,
    oidc::{jose::SigningAlgorithm, key_set::PublicKeyError},
    saml::{
        certificate::{CertificateError, OwnCertificate},
        metadata::write::{self, Own},
        signature::{CannotSign, Signer},
    },
};
use jsonwebtoken::jwk::Jwk;

use super::{
    private_key::{PrivateKey, PrivateKeyError},
    ring::{RingError, RingKey},
};

/// What SAML messages can be signed with: RSA, which everybody reads, and ECDSA on P-256.
pub const SAML_ALGORITHMS: [SigningAlgorithm; 2] =
    [SigningAlgorithm::Rs256, SigningAlgorithm::Es256];

/// Partners that read our metadata have a month to notice a new key, and those that do not are
/// told long before by an operator. An old one stays for a month after it signed last.
pub const SAML_POLICY: RotationPolicy = RotationPolicy {
    publish_ahead: TimeDelta::days(30),
    signs_for: TimeDelta::days(3 * 365),
    publish_after: TimeDelta::days(30),
};

/// How long a certificate says that it is valid. Nothing hangs on it but the patience of products
/// that look at it all the same.
const CERTIFICATE_LIFE: TimeDelta = TimeDelta::days(10 * 365);

/// A key with its certificate.
#[derive(Debug)]
pub struct SamlSigner {
    key: PrivateKey,
    certificate: String,
}

impl Signer for SamlSigner {
    fn algorithm(&self) -> SigningAlgorithm {
        self.key.algorithm()
    }

    fn certificate(&self) -> &str {
        &self.certificate
    }

    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, CannotSign> {
        self.key.sign(octets).map_err(|error| {
            tracing::error!(%error, "a SAML message could not be signed");
            CannotSign
        })
    }
}

/// Where SAML is spoken.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Our `entityID`.
    pub entity_id: String,
    /// Our host: what stands behind the `@` of a `pairwise-id`.
    pub scope: String,
    /// Where requests go.
    pub single_sign_on: String,
    /// Where logout messages go.
    pub single_logout: String,
    /// Where artifacts are resolved.
    pub artifact_resolution: String,
}

impl Addresses {
    /// Below this origin.
    pub fn of(origin: &str) -> Self {
        Self {
            entity_id: format!("{origin}/saml"),
            scope: host(origin).to_owned(),
            single_sign_on: format!("{origin}/saml/sso"),
            single_logout: format!("{origin}/saml/slo"),
            artifact_resolution: format!("{origin}/saml/artifact"),
        }
    }
}

/// The host of an origin, without its port.
fn host(origin: &str) -> &str {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    host.split_once(':').map_or(host, |(host, _)| host)
}

/// The keys in use.
pub struct SamlKeys {
    /// Where SAML is spoken.
    pub addresses: Addresses,
    published: RwLock<Arc<Published>>,
}

/// The published keys at one moment.
struct Published {
    signers: Vec<Arc<SamlSigner>>,
    metadata: Bytes,
}

impl SamlKeys {
    /// Keys for the issuer at `origin`.
    ///
    /// # Errors
    /// [`RingError`].
    pub fn new(origin: &str, keys: Vec<RingKey>) -> Result<Self, RingError> {
        let addresses = Addresses::of(origin);
        let published = RwLock::new(Arc::new(Published::of(&addresses, keys)?));
        Ok(Self { addresses, published })
    }

    /// Takes over what the register says now.
    ///
    /// # Errors
    /// [`RingError`]; then the keys are as they were.
    pub fn replace(&self, keys: Vec<RingKey>) -> Result<(), RingError> {
        let next = Arc::new(Published::of(&self.addresses, keys)?);
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    /// The active key of this algorithm.
    ///
    /// # Errors
    /// [`CannotSign`]: there is none.
    pub fn signer(&self, algorithm: SigningAlgorithm) -> Result<Arc<SamlSigner>, CannotSign> {
        let published = self.published();
        let mut signers = published.signers.iter();
        signers.find(|signer| signer.algorithm() == algorithm).map(Arc::clone).ok_or(CannotSign)
    }

    /// Our metadata, signed.
    pub fn metadata(&self) -> Bytes {
        self.published().metadata.clone()
    }

    fn published(&self) -> Arc<Published> {
        Arc::clone(&self.published.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Published {
    fn of(addresses: &Addresses, mut keys: Vec<RingKey>) -> Result<Self, RingError> {
        keys.retain(|key| key.record.state.is_published());
        // A partner that takes the first key of ours had better take one that signs.
        keys.sort_by_key(|key| (!key.record.state.signs(), key.record.algorithm));
        let mut certificates = Vec::new();
        let mut signers = Vec::new();
        for key in keys {
            let kid = key.record.kid.as_str().to_owned();
            let certificate = certificate_of(&key.public)
                .ok_or_else(|| RingError::Public(kid.clone(), PublicKeyError::Malformed))?;
            certificates.push(certificate.clone());
            if key.record.state.signs() {
                let key = key.private.ok_or(RingError::NoPrivatePart(kid))?;
                signers.push(Arc::new(SamlSigner { key, certificate }));
            }
        }
        let metadata = match signers.first() {
            Some(signer) => metadata(addresses, &certificates, signer)?,
            None => Bytes::new(),
        };
        Ok(Self { signers, metadata })
    }
}

fn metadata(
    addresses: &Addresses,
    certificates: &[String],
    signer: &SamlSigner,
) -> Result<Bytes, RingError> {
    let certificates: Vec<&str> = certificates.iter().map(String::as_str).collect();
    let own = Own {
        entity_id: &addresses.entity_id,
        scope: &addresses.scope,
        // Of all documents that we ever sign, none but this has this name.
        id: "hilum-metadata",
        certificates: &certificates,
        single_sign_on: &addresses.single_sign_on,
        single_logout: Some(&addresses.single_logout),
        artifact_resolution: Some(&addresses.artifact_resolution),
    };
    let written = write::write(own, signer)
        .map_err(|_| RingError::NoPrivatePart("one of those that sign SAML messages".to_owned()))?;
    Ok(written.into())
}

/// The certificate that stands with the public half of a key (RFC 7517 §4.7).
fn certificate_of(public: &Jwk) -> Option<String> {
    public.common.x509_chain.as_ref()?.first().cloned()
}

/// Gives the public half of a new key its certificate.
///
/// # Errors
/// [`PrivateKeyError`].
pub fn certify(
    key: &PrivateKey,
    public: &mut Jwk,
    serial: [u8; 16],
    now: DateTime<Utc>,
) -> Result<(), PrivateKeyError> {
    let spki = key.spki()?;
    let content = OwnCertificate {
        algorithm: key.algorithm(),
        name: "Hilum SAML",
        spki: &spki,
        serial,
        // A partner's clock may be behind.
        not_before: now - TimeDelta::hours(1),
        not_after: now + CERTIFICATE_LIFE,
    };
    let signature = key.sign(&content.to_be_signed())?;
    let certificate = content.signed(&signature)?;
    public.common.x509_chain = Some(vec![STANDARD.encode(certificate.as_der())]);
    Ok(())
}

impl From<CertificateError> for PrivateKeyError {
    fn from(_: CertificateError) -> Self {
        Self::Crypto(aws_lc_rs::error::Unspecified)
    }
}

#[cfg(test)]
impl SamlSigner {
    /// A key as a partner has one.
    pub fn of_partner(algorithm: SigningAlgorithm, now: DateTime<Utc>) -> Self {
        let key = PrivateKey::generate(algorithm, super::private_key::RsaSize::default()).unwrap();
        let (_, mut public) = key.public_jwk().unwrap();
        certify(&key, &mut public, [9; 16], now).unwrap();
        Self { certificate: certificate_of(&public).unwrap(), key }
    }
}
