//! What the tests of this folder share: keys, certificates, and somebody else's canonical form.

use std::sync::LazyLock;

use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bergshamra::c14n::C14nMode;
use chrono::{DateTime, TimeDelta, Utc};

use super::{
    certificate::{Certificate, OwnCertificate},
    signature::{CannotSign, Signer},
};
use crate::oidc::jose::SigningAlgorithm;

/// The moment at which everything happens.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

/// What Exclusive XML Canonicalization makes of a document, by somebody else's program.
pub(crate) fn canonical(xml: &str) -> String {
    let octets =
        bergshamra::c14n::canonicalize(xml, C14nMode::Exclusive, None, &[] as &[&str]).unwrap();
    String::from_utf8(octets).unwrap()
}

enum Pair {
    Ec(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

/// A key with its certificate.
pub(crate) struct TestKey {
    pair: Pair,
    spki: Vec<u8>,
    certificate: String,
}

impl TestKey {
    /// A new RSA key.
    pub(crate) fn rsa() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let spki = pair.public_key().as_der().unwrap().as_ref().to_vec();
        Self { pair: Pair::Rsa(pair), spki, certificate: String::new() }.certified()
    }

    /// A new key on P-256.
    pub(crate) fn ec() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let spki = pair.public_key().as_der().unwrap().as_ref().to_vec();
        Self { pair: Pair::Ec(pair), spki, certificate: String::new() }.certified()
    }

    /// One of each kind.
    pub(crate) fn each() -> [Self; 2] {
        [Self::rsa(), Self::ec()]
    }

    /// The key as the site that owns it would open messages with it.
    pub(crate) fn decryption_key(&self) -> bergshamra::Key {
        bergshamra::keys::loader::load_rsa_private_pem(self.private_pem().as_bytes()).unwrap()
    }

    /// The same as a file for other people's programs.
    pub(crate) fn private_pem(&self) -> String {
        let Pair::Rsa(pair) = &self.pair else { unreachable!("only RSA keys are encrypted to") };
        let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
        pem("PRIVATE KEY", der.as_ref())
    }

    /// The certificate as a file.
    pub(crate) fn certificate_pem(&self) -> String {
        pem("CERTIFICATE", self.certificate().as_der())
    }

    /// One that was made once, for tests with many cases: an RSA key takes long to make.
    pub(crate) fn kept() -> &'static Self {
        static KEPT: LazyLock<TestKey> = LazyLock::new(TestKey::rsa);
        &KEPT
    }

    pub(crate) fn spki(&self) -> &[u8] {
        &self.spki
    }

    pub(crate) fn certificate(&self) -> Certificate {
        Certificate::from_base64(&self.certificate).unwrap()
    }

    fn certified(mut self) -> Self {
        let content = OwnCertificate {
            algorithm: self.algorithm(),
            name: "test",
            spki: &self.spki,
            serial: [9; 16],
            not_before: now(),
            not_after: now() + TimeDelta::days(10_000),
        };
        let signature = self.sign(&content.to_be_signed()).unwrap();
        self.certificate = content.signed(&signature).unwrap().to_base64();
        self
    }
}

impl Signer for TestKey {
    fn algorithm(&self) -> SigningAlgorithm {
        match self.pair {
            Pair::Ec(_) => SigningAlgorithm::Es256,
            Pair::Rsa(_) => SigningAlgorithm::Rs256,
        }
    }

    fn certificate(&self) -> &str {
        &self.certificate
    }

    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, CannotSign> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(pair) => Ok(pair.sign(&random, octets).unwrap().as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, octets, &mut signature).unwrap();
                Ok(signature)
            }
        }
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A certificate of this kind, made by OpenSSL where we would not make it.
pub(crate) fn der_of(name: &str) -> Vec<u8> {
    match name {
        "rsa-2048" => TestKey::rsa().certificate().as_der().to_vec(),
        "p256" => TestKey::ec().certificate().as_der().to_vec(),
        "rsa-1024" => STANDARD.decode(WEAK).unwrap(),
        "ed25519" => STANDARD.decode(ED25519).unwrap(),
        _ => unreachable!("{name}"),
    }
}

/// With an RSA key of 1024 bits.
const WEAK: &str = "MIIB/DCCAWWgAwIBAgIUR41T4SQS4WfnKMNmToxv7hNQBf0wDQYJKoZIhvcNAQELBQAwDzENMAsGA1UEAwwEd2VhazAgFw0yNjExMjIxNTE3MjlaGA8yMTI2MTAyOTE1MTcyOVowDzENMAsGA1UEAwwEd2VhazCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEA6MZfp2l5qtkqmXJUJpUeKGb1sSd9DQ+xsdPwYAxlNBGWXtRYvvQ86t+P3yf9TdxLM4XuuIHlrvJdqa73atj79uhe/Uuk4WBTT+mQSNRMKgv2cR16nUOlDue+PISpnvNJsiRTepO6XAPgxHqzbL9IWSKzvEiNrDbx7VKi6co1P18CAwEAAaNTMFEwHQYDVR0OBBYEFAENgswEAvHmEIXsSfBAzy3cDtNlMB8GA1UdIwQYMBaAFAENgswEAvHmEIXsSfBAzy3cDtNlMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADgYEAVK6cPzCPoQ+cNunfOfeYaNdoaYwgQJta6JTV2VxymqZMpDZhFyY+zbOTCD6/GefSkKbs+1a5dTSWbA2x7DvDjBlX58qLpEwrjRV7QMwu0SDpgo6iNqZkLIObuuMHgOK358vQ4Ue4P5Q8cvP7xKom6N2T/hW2iTSUtlQghpqgTyY=";
/// With a key that SAML does not know.
const ED25519: &str = "MIIBMDCB46ADAgECAhRuZ61q+csUPulufDepEqeCpHHkuzAFBgMrZXAwDTELMAkGA1UEAwwCZWQwIBcNMjYxMTIyMTUxNzI5WhgPMjEyNjEwMjkxNTE3MjlaMA0xCzAJBgNVBAMMAmVkMCowBQYDK2VwAyEA5MOPB6daGR5KDMyc2DHx9C4zgteiH1l5orFKH5WugAujUzBRMB0GA1UdDgQWBBQvTCBcWff2EqzdLkJXVdoa4DvcwDAfBgNVHSMEGDAWgBQvTCBcWff2EqzdLkJXVdoa4DvcwDAPBgNVHRMBAf8EBTADAQH/MAUGAytlcANBACCdT6drcjUKjekAyDQYBxvfGxDMgsK7GPCGk91pURB1EP3H5GiJcZ5sF1QVeMGvOWfU4IVJ/6kQRnyuXJVMfww=";
