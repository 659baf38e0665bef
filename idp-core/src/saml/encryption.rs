//! Encrypted assertions (SAML Core §2.3.4, XML Encryption 1.1).
//!
//! The assertion is encrypted under a key that is used once, and that key under the site's own. The
//! key travels by RSA-OAEP with its defaults (`rsa-oaep-mgf1p`), which every product can open; never
//! by RSA 1.5, whose padding has been an oracle ever since (XML Encryption 1.1 §6.1.1).

use aws_lc_rs::{
    aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    cipher::{AES_128, AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey},
    iv::FixedLength,
    rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::{
    names::ns,
    service_provider::{Cipher, EncryptionKey},
    writer::Writer,
};

const ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";
const RSA_OAEP: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";

/// An assertion could not be encrypted. It is then not sent at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the assertion could not be encrypted to the site's key")]
pub struct CannotEncrypt;

impl Cipher {
    /// The ciphers that Hilum offers, best liked first.
    pub const ALL: [Self; 4] = [Self::Aes256Gcm, Self::Aes128Gcm, Self::Aes256Cbc, Self::Aes128Cbc];

    /// The URI of the cipher.
    #[must_use]
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Aes128Cbc => "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
            Self::Aes128Gcm => "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            Self::Aes256Cbc => "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
            Self::Aes256Gcm => "http://www.w3.org/2009/xmlenc11#aes256-gcm",
        }
    }

    /// The cipher to use for a site whose metadata name these: the best liked of ours among them,
    /// and AES-128 in GCM mode where they name none.
    #[must_use]
    pub fn choose(named: &[&str]) -> Self {
        let ours = Self::ALL.into_iter().find(|cipher| named.contains(&cipher.uri()));
        ours.unwrap_or(Self::Aes128Gcm)
    }

    const fn key_octets(self) -> usize {
        match self {
            Self::Aes128Cbc | Self::Aes128Gcm => 16,
            Self::Aes256Cbc | Self::Aes256Gcm => 32,
        }
    }
}

/// Random octets, for one assertion: the key and what it starts with.
pub struct Randomness {
    /// The key; a shorter one takes its first half.
    pub key: Zeroizing<[u8; 32]>,
    /// The initialization vector; a shorter one takes its first 12 octets.
    pub start: [u8; 16],
}

/// The `EncryptedAssertion` of an assertion. It declares all its namespaces itself.
///
/// # Errors
/// [`CannotEncrypt`].
pub fn encrypt(
    assertion: &str,
    key: &EncryptionKey,
    randomness: &Randomness,
) -> Result<String, CannotEncrypt> {
    let octets = key.cipher.key_octets();
    let secret = randomness.key.get(..octets).ok_or(CannotEncrypt)?;
    let data = seal(key.cipher, secret, randomness.start, assertion.as_bytes())?;
    let wrapped = wrap(key.certificate.spki(), secret)?;
    let mut to = Writer::new();
    to.open("saml:EncryptedAssertion", &[("xmlns:saml", ns::ASSERTION)]);
    to.open("xenc:EncryptedData", &[("xmlns:xenc", ns::XENC), ("Type", ELEMENT)]);
    to.leaf("xenc:EncryptionMethod", &[("Algorithm", key.cipher.uri())], "");
    to.open("ds:KeyInfo", &[("xmlns:ds", ns::DS)]).open("xenc:EncryptedKey", &[]);
    to.open("xenc:EncryptionMethod", &[("Algorithm", RSA_OAEP)]);
    to.leaf("ds:DigestMethod", &[("Algorithm", SHA1)], "").close();
    to.open("ds:KeyInfo", &[]).open("ds:X509Data", &[]);
    to.leaf("ds:X509Certificate", &[], &key.certificate.to_base64()).close().close();
    to.open("xenc:CipherData", &[]).leaf("xenc:CipherValue", &[], &STANDARD.encode(wrapped));
    to.close().close().close();
    to.open("xenc:CipherData", &[]).leaf("xenc:CipherValue", &[], &STANDARD.encode(data));
    Ok(to.finish())
}

/// The start and what follows from it: for CBC padded (XML Encryption §5.2.2), for GCM with its tag
/// (§5.2.4).
fn seal(
    cipher: Cipher,
    key: &[u8],
    start: [u8; 16],
    plain: &[u8],
) -> Result<Vec<u8>, CannotEncrypt> {
    let mut data = plain.to_vec();
    let start = match cipher {
        Cipher::Aes128Gcm | Cipher::Aes256Gcm => {
            let algorithm = if cipher == Cipher::Aes128Gcm { &AES_128_GCM } else { &AES_256_GCM };
            let key = UnboundKey::new(algorithm, key).map_err(|_| CannotEncrypt)?;
            let nonce = start.first_chunk::<12>().ok_or(CannotEncrypt)?;
            LessSafeKey::new(key)
                .seal_in_place_append_tag(
                    Nonce::assume_unique_for_key(*nonce),
                    Aad::empty(),
                    &mut data,
                )
                .map_err(|_| CannotEncrypt)?;
            nonce.to_vec()
        }
        Cipher::Aes128Cbc | Cipher::Aes256Cbc => {
            let algorithm = if cipher == Cipher::Aes128Cbc { &AES_128 } else { &AES_256 };
            let key = UnboundCipherKey::new(algorithm, key).map_err(|_| CannotEncrypt)?;
            let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).map_err(|_| CannotEncrypt)?;
            let context = EncryptionContext::Iv128(FixedLength::from(start));
            key.less_safe_encrypt(&mut data, context).map_err(|_| CannotEncrypt)?;
            start.to_vec()
        }
    };
    Ok([start, data].concat())
}

/// The padding of OAEP is random; the library draws it where nobody can see it.
fn wrap(spki: &[u8], secret: &[u8]) -> Result<Vec<u8>, CannotEncrypt> {
    let key = PublicEncryptingKey::from_der(spki).map_err(|_| CannotEncrypt)?;
    let key = OaepPublicEncryptingKey::new(key).map_err(|_| CannotEncrypt)?;
    let mut wrapped = vec![0; key.ciphertext_size()];
    let wrapped =
        key.encrypt(&OAEP_SHA1_MGF1SHA1, secret, &mut wrapped, None).map_err(|_| CannotEncrypt)?;
    Ok(wrapped.to_vec())
}

#[cfg(test)]
mod tests {
    use bergshamra::{EncContext, KeysManager};

    use super::*;
    use crate::saml::{testing::TestKey, xml::Xml};

    #[test]
    fn what_is_encrypted_can_be_read_by_the_site_alone() {
        let (key, other) = (TestKey::rsa(), TestKey::rsa());
        let text = "<saml:Assertion>Zoë &amp; Ñandú</saml:Assertion>";
        for cipher in Cipher::ALL {
            let randomness = Randomness { key: Zeroizing::new([3; 32]), start: [5; 16] };
            let to = EncryptionKey { certificate: key.certificate(), cipher };
            let encrypted = encrypt(text, &to, &randomness).unwrap();
            assert!(!encrypted.contains("Zoë"));
            assert!(Xml::parse(&encrypted).is_ok());
            let opened = |key: &TestKey| {
                let mut keys = KeysManager::new();
                keys.add_key(key.decryption_key());
                bergshamra::decrypt(&EncContext::new(keys), &encrypted)
            };
            assert!(opened(&key).unwrap().contains(text), "{cipher:?}");
            assert!(opened(&other).is_err(), "{cipher:?}");
        }
    }

    #[test]
    fn the_best_cipher_that_a_site_names_is_used() {
        let cbc = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
        let gcm = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
        for (named, expected) in [
            (vec![], Cipher::Aes128Gcm),
            (vec![cbc], Cipher::Aes128Cbc),
            (vec![cbc, gcm], Cipher::Aes256Gcm),
            (vec!["http://www.w3.org/2001/04/xmlenc#tripledes-cbc"], Cipher::Aes128Gcm),
        ] {
            assert_eq!(Cipher::choose(&named), expected, "{named:?}");
        }
    }
}
