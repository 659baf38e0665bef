//! New metadata of registered sites: fetched, checked, compared. The command line and the job that
//! keeps them fresh do the same.

use chrono::{DateTime, TimeDelta, Utc};
use idp_core::saml::{
    certificate::Certificate,
    metadata::{
        read::{self, Described, MetadataError},
        refresh,
    },
    service_provider::{MetadataSource, ProviderMetadata, ServiceProvider},
    signature::VerificationKeys,
    xml::Xml,
};

use crate::outgoing::{Outgoing, OutgoingError};

/// Why metadata could not be fetched. The last good copy stays (security 14.4).
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// They are not as they must be.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// The site did not answer.
    #[error(transparent)]
    Outgoing(#[from] OutgoingError),
    /// The site answered with something else.
    #[error("the answer has status {0}")]
    Status(u16),
    /// The answer is no text.
    #[error("the answer is not text in UTF-8")]
    Text,
}

/// What was fetched.
#[derive(Debug)]
pub struct Fetched {
    /// What it says of the site.
    pub described: Described,
    /// How long it says that it may be kept.
    pub keep_for: Option<TimeDelta>,
}

/// Fetches a site's metadata from where its record says. They count only signed by whom it says: the
/// connection alone proves nothing about who wrote them.
///
/// # Errors
/// [`FetchError`].
pub async fn fetch(
    outgoing: &Outgoing,
    provider: &ServiceProvider,
    source: &MetadataSource,
    now: DateTime<Utc>,
) -> Result<Fetched, FetchError> {
    let answer = outgoing.get(&source.url).await?;
    if answer.status != 200 {
        return Err(FetchError::Status(answer.status));
    }
    let text = String::from_utf8(answer.body).map_err(|_| FetchError::Text)?;
    Ok(check(&text, provider, &source.signed_by, now)?)
}

/// What fetched metadata say of the site, if they are signed by one of `signed_by`.
fn check(
    text: &str,
    provider: &ServiceProvider,
    signed_by: &[Certificate],
    now: DateTime<Utc>,
) -> Result<Fetched, MetadataError> {
    let xml = Xml::parse(text)?;
    read::check_signature(&xml, &VerificationKeys::of(signed_by))?;
    let described = read::one(&xml, Some(&provider.entity_id), now)?;
    Ok(Fetched { described, keep_for: refresh::cache_duration(xml.root()) })
}

/// What becomes other by new metadata, a line each, for a person to review. Keys are named by their
/// fingerprints, which can be compared on the telephone.
pub fn changes(old: &ServiceProvider, new: &Described) -> Vec<String> {
    let (before, after) = (&old.metadata, &new.metadata);
    let mut lines = Vec::new();
    let consumers = |metadata: &ProviderMetadata| -> Vec<String> {
        let consumers = metadata.assertion_consumers.iter();
        consumers.map(|acs| format!("assertions to {} ({:?})", acs.location, acs.binding)).collect()
    };
    let logout = |metadata: &ProviderMetadata| -> Vec<String> {
        let endpoints = metadata.logout.iter();
        endpoints.map(|slo| format!("logout at {} ({:?})", slo.location, slo.binding)).collect()
    };
    let signing = |metadata: &ProviderMetadata| -> Vec<String> {
        let keys = metadata.signing.iter();
        keys.map(|key| format!("signature key {}", key.fingerprint())).collect()
    };
    let encryption = |metadata: &ProviderMetadata| -> Vec<String> {
        let keys = metadata.encryption.iter();
        keys.map(|key| {
            format!("encryption key {} ({:?})", key.certificate.fingerprint(), key.cipher)
        })
        .collect()
    };
    compare(&mut lines, &consumers(before), &consumers(after));
    compare(&mut lines, &logout(before), &logout(after));
    compare(&mut lines, &signing(before), &signing(after));
    compare(&mut lines, &encryption(before), &encryption(after));
    if before.authn_requests_signed != after.authn_requests_signed {
        let signs = if after.authn_requests_signed { "now" } else { "no longer" };
        lines.push(format!("~ it {signs} signs all its requests"));
    }
    lines
}

fn compare(lines: &mut Vec<String>, before: &[String], after: &[String]) {
    lines.extend(before.iter().filter(|old| !after.contains(old)).map(|old| format!("- {old}")));
    lines.extend(after.iter().filter(|new| !before.contains(new)).map(|new| format!("+ {new}")));
}

#[cfg(test)]
mod tests {
    use idp_core::{
        community::site_registration::{Circumstances, saml},
        oidc::jose::SigningAlgorithm,
        saml::signature::{Signer as _, sign_enveloped},
    };

    use super::*;
    use crate::keys::saml_keys::SamlSigner;

    fn metadata(host: &str, path: &str) -> String {
        format!(
            "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
             entityID=\"https://sp.example/sp\"><SPSSODescriptor \
             protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
             <AssertionConsumerService index=\"0\" Location=\"https://{host}/{path}\" \
             Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"/>\
             </SPSSODescriptor></EntityDescriptor>"
        )
    }

    fn described(text: &str) -> Described {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        read::one(&Xml::parse(text).unwrap(), None, now).unwrap()
    }

    #[test]
    fn a_person_is_shown_each_change_before_it_counts() {
        let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
        let old = described(&metadata("sp.example", "acs"));
        let site = saml::read(old, None, circumstances).unwrap();
        let provider = site.service_provider().unwrap();
        assert!(changes(provider, &described(&metadata("sp.example", "acs"))).is_empty());
        assert_eq!(
            changes(provider, &described(&metadata("evil.example", "acs"))),
            [
                "- assertions to https://sp.example/acs (Post)",
                "+ assertions to https://evil.example/acs (Post)",
            ]
        );
    }

    #[test]
    fn fetched_metadata_count_only_signed_by_whom_the_record_says() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
        let text = metadata("sp.example", "acs");
        let site = saml::read(described(&text), None, circumstances).unwrap();
        let provider = site.service_provider().unwrap();
        let [good, other] = [(); 2].map(|()| SamlSigner::of_partner(SigningAlgorithm::Es256, now));
        let trusted = [Certificate::from_base64(good.certificate()).unwrap()];
        let canonical = |text: &str| text.replace(" entityID", " ID=\"_m\" entityID");
        let signed = |text: &str, by: &SamlSigner| {
            let text = canonical(text).replace("/></SPSS", "></AssertionConsumerService></SPSS");
            let text = text.replace(
                "<AssertionConsumerService index=\"0\" Location=\"https://sp.example/acs\" \
                 Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\">",
                "<AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
                 Location=\"https://sp.example/acs\" index=\"0\">",
            );
            let at = text.find("<SPSSODescriptor").unwrap();
            sign_enveloped(&text, at, "_m", by).unwrap()
        };
        let found = check(&signed(&text, &good), provider, &trusted, now).unwrap();
        assert_eq!((found.described, found.keep_for), (described(&text), None));
        for (text, name) in [
            (text.clone(), "unsigned"),
            (signed(&text, &other), "by somebody else"),
            (signed(&text, &good).replace("/acs", "/evil"), "changed"),
            (signed(&text.replace("/sp\"", "/other\""), &good), "of another entity"),
        ] {
            assert!(check(&text, provider, &trusted, now).is_err(), "{name}");
        }
        assert!(check(&signed(&text, &good), provider, &[], now).is_err(), "nobody is trusted");
    }
}
