//! Registering a site that speaks SAML: its metadata, and what the operator decides about it.
//!
//! The metadata say how the site speaks. What it may learn stands in a second document, with the
//! same fields as for an OIDC site; without one it learns nothing but that somebody signed in.

use serde_json::{Value, json};
use url::Url;

use super::{Circumstances, FieldError, Fields, links, release};
use crate::{
    community::site::{AffiliationMode, Front, ReleasePolicy, Site, SiteStatus, TaxIdRelease},
    ids::SiteId,
    oidc::scope::Scope,
    saml::{
        metadata::{read::Described, refresh::Refresh},
        service_provider::{
            EncryptionPolicy, MetadataSource, NameIdKind, SamlPolicy, ServiceProvider,
        },
    },
};

/// Reads what the operator decides about the site that metadata describe. `decisions` is a JSON
/// object or nothing.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(
    described: Described,
    decisions: Option<&Value>,
    circumstances: Circumstances,
) -> Result<Site, Vec<FieldError>> {
    let nothing = json!({});
    let mut fields = Fields::new(decisions.unwrap_or(&nothing))?;
    let id = fields.parsed::<SiteId>("client_id");
    let name = fields.text("client_name").or(described.name);
    let shown = links(&mut fields);
    let release = release(&mut fields);
    let policy: SamlPolicy = fields.json("saml").unwrap_or_default();
    let sector = fields.text("sector");
    let source: Option<MetadataSource> = fields.json("metadata_source");
    if source.as_ref().is_some_and(|source| source.signed_by.is_empty()) {
        fields.wrong("metadata_source", "needs signed_by: who must have signed the metadata");
    }
    let entity_id = described.entity_id;
    let provider = ServiceProvider {
        sector: sector.unwrap_or_else(|| entity_id.as_str().to_owned()),
        entity_id,
        metadata: described.metadata,
        policy,
        source,
        refresh: Refresh::default(),
    };
    for mistake in contradictions(&provider, &release) {
        fields.wrong(mistake.0, mistake.1);
    }
    let id = id.unwrap_or_else(|| SiteId::from_random(circumstances.id));
    let fallback = || host_of(provider.entity_id.as_str());
    let name = name.unwrap_or_else(fallback);
    if !(1..=100).contains(&name.chars().count()) {
        fields.wrong("client_name", "is the site's name as people see it, 1 to 100 characters");
    }
    fields.finish()?;
    Ok(Site {
        id,
        name,
        status: SiteStatus::Live,
        links: shown,
        front: Front::Saml(Box::new(provider)),
        release,
        demo: circumstances.demo,
    })
}

/// What cannot be true at once, by field. A refresh of the metadata asks this anew.
#[must_use]
pub fn contradictions(
    provider: &ServiceProvider,
    release: &ReleasePolicy,
) -> Vec<(&'static str, &'static str)> {
    let policy = &provider.policy;
    let kinds = || policy.name_ids_allowed.iter().chain([&policy.name_id]);
    let has_tax_ids = release.allowed_scopes.contains(&Scope::TaxIds)
        && release.affiliation_mode != AffiliationMode::None
        && release.tax_id_release != TaxIdRelease::None;
    let can_encrypt = provider.encryption_key().is_some();
    let lacks_key = !can_encrypt
        && match policy.encryption {
            EncryptionPolicy::Never => false,
            EncryptionPolicy::Required => true,
            EncryptionPolicy::WherePossible => has_tax_ids,
        };
    let checks = [
        (
            lacks_key,
            "saml",
            "the site would receive Tax IDs, or must have its assertions encrypted, and its \
             metadata have no RSA key for encryption (or say \"encryption\": \"never\")",
        ),
        (
            kinds().any(|kind| *kind == NameIdKind::UserId) && !release.release_user_id,
            "saml",
            "a site that is named people by User ID needs \"release_user_id\": true",
        ),
        (
            kinds().any(|kind| *kind == NameIdKind::Email)
                && !release.allowed_scopes.contains(&Scope::Email),
            "saml",
            "a site that is named people by mail address needs the scope email",
        ),
        (
            policy.require_signed_requests && provider.metadata.signing.is_empty(),
            "saml",
            "requests must be signed, and the metadata have no key to check them by",
        ),
        (
            provider.metadata.authn_requests_signed && provider.metadata.signing.is_empty(),
            "metadata",
            "AuthnRequestsSigned is true, and there is no key to check requests by",
        ),
    ];
    let wrong = checks.into_iter().filter(|(is_wrong, ..)| *is_wrong);
    wrong.map(|(_, field, message)| (field, message)).collect()
}

fn host_of(entity_id: &str) -> String {
    let host = Url::parse(entity_id).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_else(|| entity_id.chars().take(100).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saml::{
        certificate::Certificate,
        judge::tests::provider,
        service_provider::{Cipher, EncryptionKey},
        testing::TestKey,
    };

    fn described(encryption: Option<Certificate>) -> Described {
        let mut provider = provider();
        let key = |certificate| EncryptionKey { certificate, cipher: Cipher::Aes128Gcm };
        provider.metadata.encryption = encryption.map(key).into_iter().collect();
        Described {
            entity_id: provider.entity_id,
            name: Some("Payer".to_owned()),
            metadata: provider.metadata,
        }
    }

    fn registered(
        decisions: &Value,
        encryption: Option<Certificate>,
    ) -> Result<Site, Vec<FieldError>> {
        let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
        read(described(encryption), Some(decisions), circumstances)
    }

    fn wrong_field(decisions: &Value) -> Option<String> {
        registered(decisions, None).err()?.into_iter().next().map(|error| error.field)
    }

    #[test]
    fn without_decisions_a_site_learns_nothing_but_that_somebody_signed_in() {
        let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
        let site = read(described(None), None, circumstances).unwrap();
        assert_eq!(site.release, ReleasePolicy::default());
        assert_eq!((site.name.as_str(), site.sector()), ("Payer", "https://sp.example/sp"));
        let provider = site.service_provider().unwrap();
        assert_eq!(provider.policy, SamlPolicy::default());
        assert!(site.client().is_none());
        // It is stored and read back as it is.
        let stored = serde_json::to_string(&site).unwrap();
        assert_eq!(serde_json::from_str::<Site>(&stored).unwrap(), site);
    }

    #[test]
    fn a_site_that_receives_tax_ids_has_a_key_to_encrypt_to_unless_its_record_says_otherwise() {
        let with = |encryption: &str| {
            json!({
                "scope": "affiliations tax_ids",
                "release": { "affiliation_mode": "one", "tax_id_release": "all" },
                "saml": { "encryption": encryption },
            })
        };
        let rsa = || Some(TestKey::kept().certificate());
        let ec = || Some(TestKey::ec().certificate());
        for (encryption, key, good) in [
            ("where-possible", None, false),
            ("where-possible", ec(), false),
            ("where-possible", rsa(), true),
            ("required", None, false),
            ("required", rsa(), true),
            ("never", None, true),
        ] {
            assert_eq!(registered(&with(encryption), key).is_ok(), good, "{encryption}");
        }
    }

    #[test]
    fn each_mistake_is_named_by_its_field() {
        for (decisions, field) in [
            (json!([]), "(document)"),
            (json!({ "redirect_uris": ["https://sp.example/cb"] }), "redirect_uris"),
            (json!({ "client_name": "" }), "client_name"),
            (json!({ "saml": { "encryption": "sometimes" } }), "saml"),
            (json!({ "saml": { "misspelt": true } }), "saml"),
            (json!({ "saml": { "name_id": "user-id" } }), "saml"),
            (json!({ "saml": { "name_id": "email" } }), "saml"),
            (json!({ "saml": { "require_signed_requests": true } }), "saml"),
            (json!({ "scope": "x y\"" }), "scope"),
            (
                json!({ "metadata_source": { "url": "https://sp.example/m", "signed_by": [] } }),
                "metadata_source",
            ),
        ] {
            assert_eq!(wrong_field(&decisions).as_deref(), Some(field), "{decisions}");
        }
        let approved = json!({ "saml": { "name_id": "email" }, "scope": "email" });
        assert!(registered(&approved, None).is_ok());
    }
}
