//! Our own metadata, signed (SAML Metadata §2.4.3).

use crate::saml::{
    names::{PROTOCOL_SUPPORT, binding, name_id_format, ns},
    signature::{CannotSign, Signer, sign_enveloped},
    writer::Writer,
};

/// How long a site may go without asking again (`xs:duration`). Shorter than a new key is published
/// before it signs.
pub const CACHE_DURATION: &str = "PT6H";

/// What we say about ourselves.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    /// Our name in SAML.
    pub entity_id: &'a str,
    /// What stands behind the `@` of each `pairwise-id` that we give (SAML Subject Identifiers §3.3).
    pub scope: &'a str,
    /// A new identifier for the document.
    pub id: &'a str,
    /// The certificates of all published keys, the signing ones first: during a roll-over both the
    /// old and the new one.
    pub certificates: &'a [&'a str],
    /// Where requests go, by Redirect and by POST.
    pub single_sign_on: &'a str,
    /// Where logout messages go, by Redirect, POST and SOAP; none while that is not offered.
    pub single_logout: Option<&'a str>,
    /// Where artifacts are resolved; none while that is not offered.
    pub artifact_resolution: Option<&'a str>,
}

/// Writes and signs it.
///
/// # Errors
/// [`CannotSign`].
pub fn write(own: Own<'_>, signer: &dyn Signer) -> Result<String, CannotSign> {
    let mut to = Writer::new();
    to.open(
        "md:EntityDescriptor",
        &[
            ("xmlns:md", ns::METADATA),
            ("ID", own.id),
            ("cacheDuration", CACHE_DURATION),
            ("entityID", own.entity_id),
        ],
    );
    let at = to.position();
    to.open(
        "md:IDPSSODescriptor",
        &[("WantAuthnRequestsSigned", "false"), ("protocolSupportEnumeration", PROTOCOL_SUPPORT)],
    );
    // Sites believe a scope that our metadata name, and no other (SAML Subject Identifiers §3.5.2).
    to.open("md:Extensions", &[]);
    to.leaf("shibmd:Scope", &[("xmlns:shibmd", ns::SHIBBOLETH), ("regexp", "false")], own.scope);
    to.close();
    for certificate in own.certificates {
        to.open("md:KeyDescriptor", &[("use", "signing")]);
        to.open("ds:KeyInfo", &[("xmlns:ds", ns::DS)]).open("ds:X509Data", &[]);
        to.leaf("ds:X509Certificate", &[], certificate).close().close().close();
    }
    // The order is the schema's.
    if let Some(location) = own.artifact_resolution {
        to.leaf(
            "md:ArtifactResolutionService",
            &[("Binding", binding::SOAP), ("Location", location), ("index", "0")],
            "",
        );
    }
    if let Some(location) = own.single_logout {
        for binding in [binding::REDIRECT, binding::POST, binding::SOAP] {
            let endpoint = [("Binding", binding), ("Location", location)];
            to.leaf("md:SingleLogoutService", &endpoint, "");
        }
    }
    for format in [name_id_format::PERSISTENT, name_id_format::TRANSIENT] {
        to.leaf("md:NameIDFormat", &[], format);
    }
    for binding in [binding::REDIRECT, binding::POST] {
        let endpoint = [("Binding", binding), ("Location", own.single_sign_on)];
        to.leaf("md:SingleSignOnService", &endpoint, "");
    }
    sign_enveloped(&to.finish(), at, own.id, signer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saml::{
        signature::VerificationKeys,
        testing::{TestKey, canonical},
        xml::Xml,
    };

    #[test]
    fn our_metadata_name_both_keys_and_are_signed() {
        let (old, new) = (TestKey::rsa(), TestKey::ec());
        let certificates = [old.certificate().to_base64(), new.certificate().to_base64()];
        let certificates: Vec<&str> = certificates.iter().map(String::as_str).collect();
        let own = Own {
            entity_id: "https://id.example/saml",
            scope: "id.example",
            id: "_m1",
            certificates: &certificates,
            single_sign_on: "https://id.example/saml/sso",
            single_logout: Some("https://id.example/saml/slo"),
            artifact_resolution: Some("https://id.example/saml/artifact"),
        };
        let written = write(own, &old).unwrap();
        assert_eq!(canonical(&written), written);
        let xml = Xml::parse(&written).unwrap();
        let keys = VerificationKeys::of([&old.certificate()]);
        assert_eq!(keys.verify_root(&xml), Ok(()));
        let role = xml.root().child(ns::METADATA, "IDPSSODescriptor").unwrap();
        let scope = role.child(ns::METADATA, "Extensions").unwrap();
        let scope = scope.child(ns::SHIBBOLETH, "Scope").unwrap();
        assert_eq!(
            (scope.text().as_str(), scope.attribute("regexp")),
            ("id.example", Some("false"))
        );
        for (name, expected) in [
            ("KeyDescriptor", 2),
            ("ArtifactResolutionService", 1),
            ("SingleLogoutService", 3),
            ("NameIDFormat", 2),
            ("SingleSignOnService", 2),
        ] {
            assert_eq!(role.children(ns::METADATA, name).count(), expected, "{name}");
        }
    }
}
