//! Certificates: in SAML, envelopes for public keys.
//!
//! A partner's key is trusted because it stands in registered metadata, for as long as it stands
//! there. Who issued the certificate around it and until when it is valid says nothing (SAML
//! Metadata Interoperability §2.6.1), so only the key in it is read, and it must be a strong one.
//! Our own keys are published in certificates that they sign themselves.

use std::fmt;

use aws_lc_rs::{digest, rsa::PublicEncryptingKey};
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};

use crate::oidc::jose::SigningAlgorithm;

/// The shortest RSA key that is trusted (security 13.4).
const SHORTEST_RSA: usize = 2048;
/// The longest certificate that is read.
const LONGEST: usize = 16 * 1024;

/// `rsaEncryption`, `id-ecPublicKey` and its curves, as DER.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];

/// Base64 as partners write it: with or without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a certificate is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// It is no certificate.
    #[error("not an X.509 certificate in base64")]
    Malformed,
    /// Its key is of a kind that signs nothing here.
    #[error("a key that is neither RSA nor ECDSA on P-256, P-384 or P-521")]
    Unsupported,
    /// Its RSA key is too short (security 13.4).
    #[error("an RSA key of less than 2048 bits")]
    Weak,
}

/// A certificate with a key that is strong enough.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Certificate {
    der: Vec<u8>,
    key: KeyKind,
}

/// What kind of key a certificate holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// ECDSA: it can sign and not be encrypted to.
    Ec,
    /// RSA.
    Rsa,
}

impl Certificate {
    /// Reads a certificate as metadata have it: base64 with any blanks in it.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn from_base64(text: &str) -> Result<Self, CertificateError> {
        if text.len() > LONGEST {
            return Err(CertificateError::Malformed);
        }
        let packed: String = text.split_ascii_whitespace().collect();
        let der = LENIENT.decode(packed).map_err(|_| CertificateError::Malformed)?;
        Self::from_der(der)
    }

    /// Reads a certificate as DER.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn from_der(der: Vec<u8>) -> Result<Self, CertificateError> {
        let spki = find_spki(&der).ok_or(CertificateError::Malformed)?;
        let key = kind(spki)?;
        Ok(Self { der, key })
    }

    /// As it stands in metadata and signatures: base64 in one line.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.der)
    }

    /// The certificate as DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The `SubjectPublicKeyInfo` in it, as DER (RFC 5280 §4.1).
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        // It was there when the certificate was read.
        find_spki(&self.der).unwrap_or_default()
    }

    /// What kind of key it holds.
    #[must_use]
    pub const fn key_kind(&self) -> KeyKind {
        self.key
    }

    /// The SHA-256 of the certificate, as people compare it: pairs of hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let hash = digest::digest(&digest::SHA256, &self.der);
        let pairs: Vec<String> = hash.as_ref().iter().map(|octet| format!("{octet:02X}")).collect();
        pairs.join(":")
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.fingerprint())
    }
}

impl TryFrom<String> for Certificate {
    type Error = CertificateError;

    fn try_from(text: String) -> Result<Self, CertificateError> {
        Self::from_base64(&text)
    }
}

impl From<Certificate> for String {
    fn from(certificate: Certificate) -> Self {
        certificate.to_base64()
    }
}

fn kind(spki: &[u8]) -> Result<KeyKind, CertificateError> {
    let algorithm = || {
        let (0x30, content, _) = read(spki)? else { return None };
        let (0x30, algorithm, _) = read(content)? else { return None };
        let (0x06, name, parameters) = read(algorithm)? else { return None };
        Some((name, parameters))
    };
    let (name, parameters) = algorithm().ok_or(CertificateError::Malformed)?;
    match name {
        RSA => {
            let key = PublicEncryptingKey::from_der(spki).map_err(|_| CertificateError::Weak)?;
            let is_strong = key.key_size_bits() >= SHORTEST_RSA;
            if is_strong { Ok(KeyKind::Rsa) } else { Err(CertificateError::Weak) }
        }
        EC => match read(parameters) {
            Some((0x06, P256 | P384 | P521, _)) => Ok(KeyKind::Ec),
            Some(_) | None => Err(CertificateError::Unsupported),
        },
        _ => Err(CertificateError::Unsupported),
    }
}

/// The `subjectPublicKeyInfo` of a certificate: the seventh part of the first part, or the sixth if
/// there is no version (RFC 5280 §4.1).
fn find_spki(der: &[u8]) -> Option<&[u8]> {
    let (0x30, certificate, _) = read(der)? else { return None };
    let (0x30, mut rest, _) = read(certificate)? else { return None };
    if let (0xa0, _, after) = read(rest)? {
        rest = after;
    }
    for _ in ["serialNumber", "signature", "issuer", "validity", "subject"] {
        let (_, _, after) = read(rest)?;
        rest = after;
    }
    let (0x30, _, after) = read(rest)? else { return None };
    rest.get(..rest.len() - after.len())
}

/// The tag and the content of the first value in `der`, and what follows it (X.690 §8.1).
fn read(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let length = match first {
        0..=0x7f => usize::from(*first),
        0x81..=0x83 => {
            let (octets, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
            rest = after;
            octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet))
        }
        _ => return None,
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((*tag, content, after))
}

/// What stands in a certificate of ours.
#[derive(Clone, Copy, Debug)]
pub struct OwnCertificate<'a> {
    /// What the key signs with: [`SigningAlgorithm::Rs256`] or [`SigningAlgorithm::Es256`].
    pub algorithm: SigningAlgorithm,
    /// The common name.
    pub name: &'a str,
    /// The public half, as `SubjectPublicKeyInfo`.
    pub spki: &'a [u8],
    /// The serial number.
    pub serial: [u8; 16],
    /// From when.
    pub not_before: DateTime<Utc>,
    /// Until when.
    pub not_after: DateTime<Utc>,
}

/// `sha256WithRSAEncryption` with its NULL, and `ecdsa-with-SHA256` (RFC 4055 §5, RFC 5758 §3.2).
const RSA_SHA256: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0];
const ECDSA_SHA256: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// `keyUsage`, critical: `digitalSignature`.
const KEY_USAGE: &[u8] =
    &[0x30, 14, 0x06, 3, 0x55, 0x1d, 0x0f, 0x01, 1, 0xff, 0x04, 4, 0x03, 2, 7, 0x80];

impl OwnCertificate<'_> {
    /// What has to be signed: the `TBSCertificate` (RFC 5280 §4.1.2).
    #[must_use]
    pub fn to_be_signed(&self) -> Vec<u8> {
        let mut serial = self.serial;
        // A positive number without a leading zero octet.
        serial[0] = serial[0] & 0x7f | 0x40;
        let name = sequence(&[value(0x06, &[0x55, 0x04, 0x03]), value(0x0c, self.name.as_bytes())]);
        let name = sequence(&[value(0x31, &name)]);
        sequence(&[
            value(0xa0, &value(0x02, &[2])),
            value(0x02, &serial),
            self.signature_algorithm(),
            name.clone(),
            sequence(&[time(self.not_before), time(self.not_after)]),
            name,
            self.spki.to_vec(),
            value(0xa3, &sequence(&[KEY_USAGE.to_vec()])),
        ])
    }

    /// The certificate: what was signed, and the signature in the form of RFC 7518 §3.
    ///
    /// # Errors
    /// [`CertificateError`] if these make no certificate.
    pub fn signed(&self, signature: &[u8]) -> Result<Certificate, CertificateError> {
        let signature = match self.algorithm {
            SigningAlgorithm::Es256 => ecdsa_der(signature),
            SigningAlgorithm::EdDsa | SigningAlgorithm::Ps256 | SigningAlgorithm::Rs256 => {
                signature.to_vec()
            }
        };
        let bits = [&[0][..], &signature].concat();
        Certificate::from_der(sequence(&[
            self.to_be_signed(),
            self.signature_algorithm(),
            value(0x03, &bits),
        ]))
    }

    fn signature_algorithm(&self) -> Vec<u8> {
        value(
            0x30,
            if self.algorithm == SigningAlgorithm::Es256 { ECDSA_SHA256 } else { RSA_SHA256 },
        )
    }
}

/// `r` and `s` side by side as two numbers (RFC 3279 §2.2.3).
fn ecdsa_der(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(signature.len() / 2);
    sequence(&[number(r), number(s)])
}

/// A number without needless zeros, and with one where it would look negative.
fn number(octets: &[u8]) -> Vec<u8> {
    let start = octets.iter().position(|octet| *octet != 0).unwrap_or(octets.len());
    let digits = octets.get(start..).unwrap_or_default();
    let needs_zero = digits.first().is_none_or(|first| *first >= 0x80);
    let zero: &[u8] = if needs_zero { &[0] } else { &[] };
    value(0x02, &[zero, digits].concat())
}

/// RFC 5280 §4.1.2.5: two digits of the year until 2049, four from then on.
fn time(at: DateTime<Utc>) -> Vec<u8> {
    if at.year() < 2050 {
        value(0x17, at.format("%y%m%d%H%M%SZ").to_string().as_bytes())
    } else {
        value(0x18, at.format("%Y%m%d%H%M%SZ").to_string().as_bytes())
    }
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    value(0x30, &parts.concat())
}

fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let mut der = vec![tag];
    match content.len() {
        0..=0x7f => der.extend(length.last()),
        _ => {
            let digits = length.iter().skip_while(|octet| **octet == 0);
            let digits: Vec<u8> = digits.copied().collect();
            der.push(0x80 | u8::try_from(digits.len()).unwrap_or(8));
            der.extend(digits);
        }
    }
    der.extend_from_slice(content);
    der
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::saml::testing::{TestKey, der_of};

    #[test]
    fn our_certificates_are_read_and_their_signature_holds() {
        for key in TestKey::each() {
            let certificate = key.certificate();
            assert_eq!(certificate.spki(), key.spki());
            // Somebody else's reader agrees, and finds the same key.
            let loaded =
                bergshamra::keys::loader::load_x509_cert_der(certificate.as_der()).unwrap();
            assert_eq!(loaded.to_spki_der().unwrap(), key.spki());
        }
    }

    #[test]
    fn only_strong_keys_of_known_kinds_are_trusted() {
        for (name, expected) in [
            ("rsa-2048", Ok(KeyKind::Rsa)),
            ("rsa-1024", Err(CertificateError::Weak)),
            ("p256", Ok(KeyKind::Ec)),
            ("ed25519", Err(CertificateError::Unsupported)),
        ] {
            let read = Certificate::from_der(der_of(name));
            assert_eq!(read.map(|certificate| certificate.key_kind()), expected, "{name}");
        }
    }

    #[test]
    fn a_certificate_may_be_broken_into_lines() {
        let certificate = TestKey::rsa().certificate();
        let text = certificate.to_base64();
        let (first, second) = text.split_at(64);
        let broken = format!("\n    {first}\n\t{second}\r\n");
        assert_eq!(Certificate::from_base64(&broken), Ok(certificate));
        assert_eq!(Certificate::from_base64("QUJD"), Err(CertificateError::Malformed));
        assert_eq!(Certificate::from_base64("?"), Err(CertificateError::Malformed));
    }

    proptest! {
        #[test]
        fn no_octets_can_make_reading_panic(octets: Vec<u8>) {
            let _ = Certificate::from_der(octets);
        }

        #[test]
        fn a_damaged_certificate_is_refused_or_read_but_never_panics(
            place in 0..700_usize, octet: u8,
        ) {
            let mut der = TestKey::kept().certificate().as_der().to_vec();
            if let Some(damaged) = der.get_mut(place) {
                *damaged = octet;
            }
            let _ = Certificate::from_der(der);
        }

        #[test]
        fn a_length_is_read_as_it_was_written(length in 0..70_000_usize) {
            let content = vec![7; length];
            let der = value(0x04, &content);
            prop_assert_eq!(read(&der), Some((0x04, content.as_slice(), &[][..])));
        }
    }
}
