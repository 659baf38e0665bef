//! Signatures and encryption, by `bergshamra`.
//!
//! A signature counts only if it covers the very element that is read afterwards. That a document
//! holds *some* signed element proves nothing about the rest of it; all published wrapping attacks
//! live from the difference (Somorovsky et al., "On Breaking SAML", 2012). Keys come from Hilum's
//! metadata, never from the message.

use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bergshamra::{
    DsigContext, EncContext, Key, KeysManager, VerifyResult, crypto,
    dsig::verify::verify_document_with_source, keys::loader,
};

use crate::xml::{Node, Xml, ns};

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// What this site signs with.
pub(crate) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
/// What Hilum may sign with. Not SHA-1, and no HMAC, which a public key would "verify".
const METHODS: [&str; 2] = [RSA_SHA256, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"];
const DIGEST: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
/// Ciphers that notice when somebody has changed what they hide. Those of CBC mode do not, and an
/// answer that tells "wrong padding" from "wrong content" opens them octet by octet.
const CIPHERS: [&str; 2] =
    ["http://www.w3.org/2009/xmlenc11#aes128-gcm", "http://www.w3.org/2009/xmlenc11#aes256-gcm"];

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// It holds something else.
    #[error("{0}: not an RSA key, or not its certificate, in PEM")]
    Content(PathBuf),
    /// It cannot be read.
    #[error("{0}: {1}")]
    Unreadable(PathBuf, std::io::Error),
}

/// This site's key: it signs requests, and opens what is encrypted for the site.
#[derive(Clone)]
pub(crate) struct OwnKey {
    key: Key,
    /// The certificate in base64, as metadata and signatures show it.
    pub certificate: String,
}

impl OwnKey {
    /// Reads the two files.
    ///
    /// # Errors
    /// [`KeyError`].
    pub(crate) fn load(key: &Path, certificate: &Path) -> Result<Self, KeyError> {
        let read = |path: &Path| {
            std::fs::read_to_string(path).map_err(|why| KeyError::Unreadable(path.to_owned(), why))
        };
        let private = loader::load_rsa_private_pem(read(key)?.as_bytes())
            .map_err(|_| KeyError::Content(key.to_owned()))?;
        let pem = read(certificate)?;
        loader::load_x509_cert_pem(pem.as_bytes())
            .map_err(|_| KeyError::Content(certificate.to_owned()))?;
        let lines = pem.lines().filter(|line| !line.starts_with("-----"));
        Ok(Self { key: private, certificate: lines.collect() })
    }

    fn manager(&self) -> KeysManager {
        let mut keys = KeysManager::new();
        keys.add_key(self.key.clone());
        keys
    }

    /// The signature over these octets; `None` if the key failed.
    pub(crate) fn sign(&self, octets: &[u8]) -> Option<Vec<u8>> {
        let key = self.key.software_key().ok().flatten()?;
        crypto::sign::from_uri(RSA_SHA256).ok()?.sign(&key, octets).ok()
    }

    /// The message with its empty signature filled in; `None` if the key failed.
    pub(crate) fn sign_message(&self, message: &str) -> Option<String> {
        bergshamra::sign(&DsigContext::new(self.manager()), message).ok()
    }

    /// The document with its one encrypted part in the clear; `None` if it was not encrypted for
    /// this site, or in a way that is not accepted.
    pub(crate) fn decrypt(&self, xml: &Xml<'_>) -> Option<String> {
        let data = xml.root().all(ns::XENC, "EncryptedData");
        let [data] = data.as_slice() else { return None };
        let method = data.only(ns::XENC, "EncryptionMethod")?.attribute("Algorithm")?;
        if !CIPHERS.contains(&method) {
            return None;
        }
        let context = EncContext::new(self.manager()).with_disable_cipher_reference(true);
        bergshamra::decrypt(&context, xml.text).ok()
    }
}

/// A signature that does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not signed as a whole by a key of Hilum")]
pub(crate) struct NotSigned;

/// Hilum's keys; two while it replaces one.
#[derive(Clone, Default)]
pub(crate) struct HilumKeys(Vec<Key>);

impl HilumKeys {
    /// The keys of these certificates, in base64.
    pub(crate) fn of(certificates: impl Iterator<Item = String>) -> Self {
        let load = |certificate: String| {
            let body: String = certificate.split_whitespace().collect();
            loader::load_x509_cert_der(&STANDARD.decode(body).ok()?).ok()
        };
        Self(certificates.filter_map(load).collect())
    }

    /// Whether there is none.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks a signature that travels beside the octets that it covers (SAML Bindings §3.4.4.1).
    ///
    /// # Errors
    /// [`NotSigned`].
    pub(crate) fn check(&self, method: &str, octets: &[u8], value: &[u8]) -> Result<(), NotSigned> {
        if !METHODS.contains(&method) {
            return Err(NotSigned);
        }
        let algorithm = crypto::sign::from_uri(method).map_err(|_| NotSigned)?;
        let made_by = |key: &Key| {
            let key = key.software_key().ok().flatten();
            key.is_some_and(|key| algorithm.verify(&key, octets, value).is_ok_and(|good| good))
        };
        if self.0.iter().any(made_by) { Ok(()) } else { Err(NotSigned) }
    }

    /// Checks that `element` of `xml` is signed as a whole.
    ///
    /// # Errors
    /// [`NotSigned`].
    pub(crate) fn check_element(&self, xml: &Xml<'_>, element: Node<'_>) -> Result<(), NotSigned> {
        let signature = element.only(ns::DS, "Signature").ok_or(NotSigned)?;
        // The library checks the first one that it finds, so there must be no other.
        if xml.root().all(ns::DS, "Signature").len() != 1 || !has_the_one_shape(element, signature)
        {
            return Err(NotSigned);
        }
        // One key at a time: an old and a new one are alike to the library.
        let covers = |key: &Key| {
            let mut keys = KeysManager::new();
            keys.add_key(key.clone());
            let context = DsigContext::new(keys);
            match verify_document_with_source(&context, &xml.document, Some(xml.text)) {
                Ok(VerifyResult::Valid { signature_node, references, .. }) => {
                    signature_node == signature.id
                        && references.len() == 1
                        && references.iter().all(|reference| {
                            reference.digest_verified && reference.resolved_node == Some(element.id)
                        })
                }
                Ok(VerifyResult::Invalid { .. }) | Err(_) => false,
            }
        };
        if self.0.iter().any(covers) { Ok(()) } else { Err(NotSigned) }
    }
}

/// One reference, to the element that the signature stands in, and no transform that could make
/// something else of it (SAML Core §5.4).
fn has_the_one_shape(element: Node<'_>, signature: Node<'_>) -> bool {
    let is = |node: Option<Node<'_>>, accepted: &[&str]| {
        let algorithm = node.and_then(|node| node.attribute("Algorithm"));
        algorithm.is_some_and(|algorithm| accepted.contains(&algorithm))
    };
    let Some(info) = signature.only(ns::DS, "SignedInfo") else { return false };
    let Some(reference) = info.only(ns::DS, "Reference") else { return false };
    let Some(transforms) = reference.only(ns::DS, "Transforms") else { return false };
    let target = reference.attribute("URI").and_then(|uri| uri.strip_prefix('#'));
    let transforms: Vec<Node<'_>> = transforms.elements().collect();
    target.is_some_and(|target| !target.is_empty())
        && target == element.attribute("ID")
        && signature.all(ns::DS, "Object").is_empty()
        && is(info.only(ns::DS, "CanonicalizationMethod"), &[EXCLUSIVE])
        && is(info.only(ns::DS, "SignatureMethod"), &METHODS)
        && is(reference.only(ns::DS, "DigestMethod"), &[DIGEST])
        && transforms.len() <= 2
        && transforms.iter().all(|transform| is(Some(*transform), &[ENVELOPED, EXCLUSIVE]))
        && transforms.iter().any(|transform| is(Some(*transform), &[ENVELOPED]))
}
