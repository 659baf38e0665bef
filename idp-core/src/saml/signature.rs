//! Signatures: made over what we write, checked over what we read.
//!
//! A signature is accepted only if the *outermost* element is what it covers. That a document holds
//! some signed element proves nothing about the rest of it; all published wrapping attacks live from
//! the difference (security 13.1; Somorovsky et al., "On Breaking SAML", 2012). Nothing of a
//! `KeyInfo` is used: the keys are those of the site's registered metadata.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};
use bergshamra::{
    DsigContext, Key, KeysManager, VerifyResult, dsig::verify::verify_document_with_source,
    keys::loader,
};

use super::{
    certificate::Certificate,
    names::ns,
    writer::Writer,
    xml::{Node, Xml},
};
use crate::oidc::jose::SigningAlgorithm;

/// Exclusive canonicalization, the only kind that is written or read (SAML Core §5.4.3).
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const EXCLUSIVE_WITH_COMMENTS: &str = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const ECDSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";

/// What partners may digest with. Not SHA-1 (security 13.4).
const DIGESTS: [&str; 3] = [
    SHA256,
    "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512",
];
/// What partners may sign with. Neither SHA-1 nor HMAC, which a public key would "verify".
const METHODS: [&str; 6] = [
    RSA_SHA256,
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    ECDSA_SHA256,
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
];

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// An algorithm that is not on the list (security 13.4).
    #[error("the algorithm {0:?} is not accepted")]
    Algorithm(String),
    /// None of the site's keys made it, or what it covers was changed.
    #[error("the signature is not by a registered key over this message")]
    Invalid,
    /// There is none.
    #[error("not signed")]
    Missing,
    /// It is not put together as SAML demands (SAML Core §5.4).
    #[error("the signature is malformed: {0}")]
    Shape(&'static str),
    /// It stands elsewhere, or covers something else than the whole message.
    #[error("the signature does not cover the message")]
    Wrapped,
}

/// The keys by which one site's signatures are checked. They are never mixed with another's.
#[derive(Clone, Default)]
pub struct VerificationKeys(Vec<Key>);

impl std::fmt::Debug for VerificationKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VerificationKeys({})", self.0.len())
    }
}

impl VerificationKeys {
    /// The keys of these certificates.
    pub fn of<'a>(certificates: impl IntoIterator<Item = &'a Certificate>) -> Self {
        let load = |certificate: &Certificate| loader::load_spki_der(certificate.spki()).ok();
        Self(certificates.into_iter().filter_map(load).collect())
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks a signature that travels beside the octets that it covers (SAML Bindings §3.4.4.1).
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify_detached(
        &self,
        method: &str,
        octets: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        if !METHODS.contains(&method) {
            return Err(SignatureError::Algorithm(shortened(method)));
        }
        let algorithm = bergshamra::crypto::sign::from_uri(method)
            .map_err(|_| SignatureError::Algorithm(shortened(method)))?;
        let made_by = |key: &Key| {
            let software = key.software_key().ok().flatten();
            software.is_some_and(|key| {
                algorithm.verify(&key, octets, signature).is_ok_and(|valid| valid)
            })
        };
        if self.0.iter().any(made_by) { Ok(()) } else { Err(SignatureError::Invalid) }
    }

    /// Checks that the outermost element of `xml` is signed by one of the keys, as a whole.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify_root(&self, xml: &Xml<'_>) -> Result<(), SignatureError> {
        self.verify_element(xml, xml.root())
    }

    /// Checks the same of `element`, which the caller has found where the binding puts a message.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify_element(&self, xml: &Xml<'_>, element: Node<'_>) -> Result<(), SignatureError> {
        let signature = signature_of(xml, element)?;
        check_shape(element, signature)?;
        // One key at a time, so that a site with two of one kind is served by either.
        for key in &self.0 {
            let mut keys = KeysManager::new();
            keys.add_key(key.clone());
            let context = DsigContext::new(keys);
            let result = verify_document_with_source(&context, xml.document(), Some(xml.text()));
            if let Ok(VerifyResult::Valid { signature_node, references, .. }) = result {
                let covers = references.first().is_some_and(|reference| {
                    reference.resolved_node == Some(element.id()) && reference.digest_verified
                });
                if references.len() == 1 && covers && signature_node == signature.id() {
                    return Ok(());
                }
                return Err(SignatureError::Wrapped);
            }
        }
        Err(SignatureError::Invalid)
    }
}

/// The one signature of a document, which stands directly in the message.
fn signature_of<'x>(xml: &'x Xml<'x>, element: Node<'x>) -> Result<Node<'x>, SignatureError> {
    let mut here = element.children(ns::DS, "Signature");
    match (here.next(), here.next(), xml.root().descendants(ns::DS, "Signature").len()) {
        (None, _, 0) => Err(SignatureError::Missing),
        (Some(signature), None, 1) => Ok(signature),
        _ => Err(SignatureError::Wrapped),
    }
}

/// That a signature has the one shape that SAML allows (SAML Core §5.4): one reference, to the
/// element that it stands in, and no transform that could make something else of it.
pub(super) fn check_shape(root: Node<'_>, signature: Node<'_>) -> Result<(), SignatureError> {
    if !signature.descendants(ns::DS, "Object").is_empty() {
        return Err(SignatureError::Wrapped);
    }
    let info = only(signature, "SignedInfo")?;
    allowed(only(info, "CanonicalizationMethod")?, &[EXCLUSIVE, EXCLUSIVE_WITH_COMMENTS])?;
    allowed(only(info, "SignatureMethod")?, &METHODS)?;
    let reference = only(info, "Reference")?;
    let target = reference.attribute("URI").and_then(|uri| uri.strip_prefix('#'));
    if target.is_none_or(str::is_empty) || target != root.attribute("ID") {
        return Err(SignatureError::Wrapped);
    }
    allowed(only(reference, "DigestMethod")?, &DIGESTS)?;
    let transforms = only(reference, "Transforms")?;
    let mut enveloped = false;
    for transform in transforms.elements() {
        if !transform.is(ns::DS, "Transform") {
            return Err(SignatureError::Shape("Transforms"));
        }
        allowed(transform, &[ENVELOPED, EXCLUSIVE, EXCLUSIVE_WITH_COMMENTS])?;
        enveloped |= transform.attribute("Algorithm") == Some(ENVELOPED);
    }
    if transforms.elements().count() > 2 || !enveloped {
        return Err(SignatureError::Shape("Transforms"));
    }
    Ok(())
}

fn only<'x>(parent: Node<'x>, name: &'static str) -> Result<Node<'x>, SignatureError> {
    let mut found = parent.elements().filter(|child| child.is(ns::DS, name));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(SignatureError::Shape(name)),
    }
}

fn allowed(node: Node<'_>, accepted: &[&str]) -> Result<(), SignatureError> {
    let algorithm = node.attribute("Algorithm").unwrap_or_default();
    if accepted.contains(&algorithm) {
        Ok(())
    } else {
        Err(SignatureError::Algorithm(shortened(algorithm)))
    }
}

/// A stranger's text, for a log.
fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}

/// The key failed. A fault of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signing key failed")]
pub struct CannotSign;

/// A key of ours, as the shell holds it.
pub trait Signer {
    /// What it signs with: [`SigningAlgorithm::Rs256`] or [`SigningAlgorithm::Es256`].
    fn algorithm(&self) -> SigningAlgorithm;

    /// Its certificate, in base64.
    fn certificate(&self) -> &str;

    /// Signs octets. ECDSA in the form of RFC 7518 §3.4, which is that of XML Signature as well.
    ///
    /// # Errors
    /// [`CannotSign`].
    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, CannotSign>;
}

/// Puts a signature of the whole into a canonical element.
///
/// `element` has `id` as its `ID` and was written by [`Writer`]; `at` is the place in it where the
/// signature goes.
///
/// # Errors
/// [`CannotSign`].
pub fn sign_enveloped(
    element: &str,
    at: usize,
    id: &str,
    signer: &dyn Signer,
) -> Result<String, CannotSign> {
    let digest = STANDARD.encode(digest::digest(&digest::SHA256, element.as_bytes()));
    // On its own the part declares its namespace; inside the signature it inherits it.
    let info = signed_info(&[("xmlns:ds", ns::DS)], id, &digest, signer);
    let value = STANDARD.encode(signer.sign(info.as_bytes())?);
    let mut signature = Writer::new();
    signature.open("ds:Signature", &[("xmlns:ds", ns::DS)]);
    signature.part(&signed_info(&[], id, &digest, signer));
    signature.leaf("ds:SignatureValue", &[], &value);
    signature.open("ds:KeyInfo", &[]).open("ds:X509Data", &[]);
    signature.leaf("ds:X509Certificate", &[], signer.certificate());
    let signature = signature.finish();
    let (before, after) = element.split_at_checked(at).ok_or(CannotSign)?;
    Ok([before, &signature, after].concat())
}

fn signed_info(
    namespaces: &[(&'static str, &str)],
    id: &str,
    digest: &str,
    signer: &dyn Signer,
) -> String {
    let mut info = Writer::new();
    info.open("ds:SignedInfo", namespaces);
    info.leaf("ds:CanonicalizationMethod", &[("Algorithm", EXCLUSIVE)], "");
    info.leaf("ds:SignatureMethod", &[("Algorithm", method_of(signer.algorithm()))], "");
    info.open("ds:Reference", &[("URI", &format!("#{id}"))]).open("ds:Transforms", &[]);
    info.leaf("ds:Transform", &[("Algorithm", ENVELOPED)], "");
    info.leaf("ds:Transform", &[("Algorithm", EXCLUSIVE)], "").close();
    info.leaf("ds:DigestMethod", &[("Algorithm", SHA256)], "");
    info.leaf("ds:DigestValue", &[], digest);
    info.finish()
}

/// The name of the method by which a key of ours signs.
#[must_use]
pub const fn method_of(algorithm: SigningAlgorithm) -> &'static str {
    match algorithm {
        SigningAlgorithm::Es256 => ECDSA_SHA256,
        SigningAlgorithm::EdDsa | SigningAlgorithm::Ps256 | SigningAlgorithm::Rs256 => RSA_SHA256,
    }
}

#[cfg(test)]
mod tests;
