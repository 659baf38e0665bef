//! The key pair of a system: made on its machine, kept there, and known to Hilum by its public half.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use aws_lc_rs::{
    error::{KeyRejected, Unspecified},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use relying_party_example::shelf::random;
use serde_json::{Value, json};

/// The file with the private key.
const FILE: &str = "key.pem";
/// The lines around it (RFC 7468 §10).
const LABELS: [&str; 2] = ["-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"];

/// A key on P-256, for ES256.
pub(crate) struct KeyPair {
    pair: EcdsaKeyPair,
    pkcs8: Vec<u8>,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// The system gives no randomness.
    #[error("no key can be made: the system gives no randomness")]
    Random(#[from] Unspecified),
    /// The file holds no key.
    #[error("the key file holds no P-256 key: set the system up again")]
    Rejected(#[from] KeyRejected),
    /// The file is not there or cannot be read.
    #[error("the key file cannot be used: {0}\nRun `hie-client set-up` first.")]
    File(#[from] io::Error),
}

impl KeyPair {
    /// A new one.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub(crate) fn generate() -> Result<Self, KeyError> {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)?;
        Self::read(document.as_ref().to_vec())
    }

    fn read(pkcs8: Vec<u8>) -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8)?;
        Ok(Self { pair, pkcs8 })
    }

    /// The key of an earlier set-up.
    ///
    /// # Errors
    /// [`KeyError`].
    pub(crate) fn load(folder: &Path) -> Result<Self, KeyError> {
        let text = fs::read_to_string(folder.join(FILE))?;
        let lines: String = text.lines().filter(|line| !LABELS.contains(line)).collect();
        let broken = || io::Error::from(io::ErrorKind::InvalidData);
        Self::read(STANDARD.decode(lines).map_err(|_| broken())?)
    }

    /// Keeps the key for the next calls, where nobody else on this machine can read it. The file is complete or
    /// not there.
    ///
    /// # Errors
    /// [`KeyError::File`].
    pub(crate) fn save(&self, folder: &Path) -> Result<(), KeyError> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let new = folder.join(format!("{FILE}.{}", random()));
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        let [begin, end] = LABELS;
        writeln!(file, "{begin}\n{}\n{end}", STANDARD.encode(&self.pkcs8))?;
        file.sync_all()?;
        Ok(fs::rename(new, folder.join(FILE))?)
    }

    /// The public half, as Hilum takes it (RFC 7517).
    pub(crate) fn jwks(&self) -> Value {
        // An uncompressed point: 4, then x and y.
        let point = self.pair.public_key().as_ref().get(1..).unwrap_or_default();
        let (x, y) = point.split_at(point.len() / 2);
        json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256",
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        }] })
    }

    /// Signs claims (RFC 7515 §5.1).
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub(crate) fn sign(&self, claims: &Value) -> Result<String, KeyError> {
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let header = json!({ "alg": "ES256", "typ": "JWT" });
        let input = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.pair.sign(&SystemRandom::new(), input.as_bytes())?;
        Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_comes_back_as_it_was_and_nobody_else_can_read_it() {
        let folder = std::env::temp_dir().join(format!("hie-client-{}", random()));
        let key = KeyPair::generate().unwrap();
        key.save(&folder).unwrap();
        let found = KeyPair::load(&folder).unwrap();
        assert_eq!(found.jwks(), key.jwks());
        let mode = fs::metadata(folder.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing else is left");
        fs::write(folder.join(FILE), "no key").unwrap();
        assert!(KeyPair::load(&folder).is_err());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_set_of_public_keys_says_nothing_private() {
        let jwks = KeyPair::generate().unwrap().jwks();
        let key = jwks["keys"][0].as_object().unwrap();
        assert_eq!(key.get("d"), None);
        assert_eq!(key["x"].as_str().unwrap().len(), 43);
    }
}
