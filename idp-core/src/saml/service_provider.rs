//! How a site speaks SAML: what its metadata say, and what the operator decided about it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    attributes::{self, Attribute},
    certificate::{Certificate, KeyKind},
    metadata::refresh::Refresh,
};
use crate::oidc::jose::SigningAlgorithm;

/// The longest entity identifier (SAML Core §8.3.6).
const LONGEST_ENTITY_ID: usize = 1024;

/// The name of a party in SAML: an absolute URI of up to 1,024 characters (SAML Core §8.3.6).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntityId(String);

impl EntityId {
    /// The identifier as it is stored and sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text names no party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an entity ID is an absolute URI without blanks, of at most 1024 characters")]
pub struct InvalidEntityId;

impl std::str::FromStr for EntityId {
    type Err = InvalidEntityId;

    fn from_str(text: &str) -> Result<Self, InvalidEntityId> {
        let plausible = text.chars().count() <= LONGEST_ENTITY_ID
            && !text.chars().any(|c| c.is_whitespace() || c.is_control())
            && Url::parse(text).is_ok();
        if plausible { Ok(Self(text.to_owned())) } else { Err(InvalidEntityId) }
    }
}

impl TryFrom<String> for EntityId {
    type Error = InvalidEntityId;

    fn try_from(text: String) -> Result<Self, InvalidEntityId> {
        text.parse()
    }
}

impl From<EntityId> for String {
    fn from(id: EntityId) -> Self {
        id.0
    }
}

impl std::fmt::Display for EntityId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a site speaks SAML.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceProvider {
    /// Its `entityID`.
    pub entity_id: EntityId,
    /// What its metadata say; a refresh replaces it as a whole.
    pub metadata: ProviderMetadata,
    /// What the operator decided; a refresh leaves it alone.
    pub policy: SamlPolicy,
    /// Its pairwise group: sites with one sector know a person by one name.
    pub sector: String,
    /// Where its metadata are fetched anew from, if they are.
    pub source: Option<MetadataSource>,
    /// How that stands.
    #[serde(default)]
    pub refresh: Refresh,
}

/// What a service provider says about itself (SAML Metadata §2.4.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderMetadata {
    /// Where assertions may go.
    pub assertion_consumers: Vec<AssertionConsumer>,
    /// Where it hears that a session ended.
    pub logout: Vec<LogoutEndpoint>,
    /// By which keys its messages are checked; several while it rolls one over.
    pub signing: Vec<Certificate>,
    /// By which keys assertions can be encrypted for it.
    pub encryption: Vec<EncryptionKey>,
    /// By which kinds of name it likes to know people, best liked first.
    pub name_id_formats: Vec<String>,
    /// `AuthnRequestsSigned`: it signs all its requests, so one without a signature is not its own.
    pub authn_requests_signed: bool,
    /// Until when this may be used.
    pub valid_until: Option<DateTime<Utc>>,
}

impl ProviderMetadata {
    /// The key to encrypt to: the first that can be.
    #[must_use]
    pub fn encryption_key(&self) -> Option<&EncryptionKey> {
        self.encryption.iter().find(|key| key.certificate.key_kind() == KeyKind::Rsa)
    }
}

/// Where assertions may go (SAML Metadata §2.2.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssertionConsumer {
    /// `index`.
    pub index: u16,
    /// Whether it is the one to use where none is named.
    pub is_default: bool,
    /// How the answer travels.
    pub binding: ResponseBinding,
    /// The address.
    pub location: Url,
}

/// How an answer travels to a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResponseBinding {
    /// The browser carries a reference, and the site fetches the answer (SAML Bindings §3.6).
    Artifact,
    /// The browser posts it (SAML Bindings §3.5).
    Post,
}

/// Where a site hears of logout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogoutEndpoint {
    /// How messages travel there.
    pub binding: LogoutBinding,
    /// Where requests go.
    pub location: Url,
    /// Where answers go, if elsewhere.
    pub response_location: Option<Url>,
}

/// How logout messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogoutBinding {
    /// In a form.
    Post,
    /// In the query of an address.
    Redirect,
    /// From server to server.
    Soap,
}

/// A key that assertions are encrypted to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncryptionKey {
    /// The key, which is an RSA one.
    pub certificate: Certificate,
    /// How the site wants its data encrypted.
    pub cipher: Cipher,
}

/// How data are encrypted (XML Encryption 1.1 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cipher {
    /// AES-128 in CBC mode. Only for sites that name nothing better.
    Aes128Cbc,
    /// AES-128 in GCM mode.
    Aes128Gcm,
    /// AES-256 in CBC mode. Only for sites that name nothing better.
    Aes256Cbc,
    /// AES-256 in GCM mode.
    Aes256Gcm,
}

/// What the operator decided about a site that speaks SAML.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SamlPolicy {
    /// Whether its assertions are encrypted.
    pub encryption: EncryptionPolicy,
    /// Whether a sign-on may start here, and with which `RelayState` (security 14.3).
    pub idp_initiated: Option<IdpInitiated>,
    /// The name that it gets where its request asks for none in particular.
    pub name_id: NameIdKind,
    /// Names that it may ask for beside that and a transient one.
    pub name_ids_allowed: Vec<NameIdKind>,
    /// Refuse requests without a signature, whatever its metadata say.
    pub require_signed_requests: bool,
    /// Sign the response as well; the assertion in it is always signed.
    pub sign_response: bool,
    /// What we sign with.
    pub signature_algorithm: SigningAlgorithm,
}

impl Default for SamlPolicy {
    fn default() -> Self {
        Self {
            encryption: EncryptionPolicy::WherePossible,
            idp_initiated: None,
            name_id: NameIdKind::Persistent,
            name_ids_allowed: Vec::new(),
            require_signed_requests: false,
            sign_response: false,
            signature_algorithm: SigningAlgorithm::Rs256,
        }
    }
}

/// Whether a site's assertions are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EncryptionPolicy {
    /// Not, even with Tax IDs inside: the operator has another protection for them.
    Never,
    /// Always; without a key the site gets no assertion.
    Required,
    /// If its metadata have a key. A site that receives Tax IDs must have one.
    WherePossible,
}

/// A sign-on that starts at Hilum.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdpInitiated {
    /// What the site is sent as `RelayState`; it never comes from the address.
    pub relay_state: Option<String>,
}

/// By what kind of name a person is known to a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameIdKind {
    /// The mail address, which can change: by approval.
    Email,
    /// A name for this site's group only, for good.
    Persistent,
    /// A new one each time.
    Transient,
    /// The User ID: by approval.
    UserId,
}

/// Where a site's metadata are fetched anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetadataSource {
    /// The address.
    pub url: Url,
    /// Who must have signed them; never empty (security 14.4).
    pub signed_by: Vec<Certificate>,
}

/// What the site receives may not be read by the browser that carries it, and there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what the site receives must be encrypted, and its metadata have no RSA key for it")]
pub struct MissingKey;

impl LogoutEndpoint {
    /// Where answers go.
    #[must_use]
    pub fn response_location(&self) -> &Url {
        self.response_location.as_ref().unwrap_or(&self.location)
    }
}

impl ServiceProvider {
    /// Whether a request without a signature is refused.
    #[must_use]
    pub const fn must_sign_requests(&self) -> bool {
        self.policy.require_signed_requests || self.metadata.authn_requests_signed
    }

    /// Whether its metadata may still be used at `now`.
    #[must_use]
    pub fn is_current(&self, now: DateTime<Utc>) -> bool {
        self.metadata.valid_until.is_none_or(|until| now < until)
    }

    /// Where the site hears from our server that a session ended.
    #[must_use]
    pub fn soap_logout(&self) -> Option<&Url> {
        let endpoints = &self.metadata.logout;
        let soap = endpoints.iter().find(|endpoint| endpoint.binding == LogoutBinding::Soap);
        soap.map(|endpoint| &endpoint.location)
    }

    /// Where the person's browser tells the site that a session ended: what fits into an address
    /// needs no form.
    #[must_use]
    pub fn browser_logout(&self) -> Option<&LogoutEndpoint> {
        let endpoints = &self.metadata.logout;
        let by = |binding| endpoints.iter().find(|endpoint| endpoint.binding == binding);
        by(LogoutBinding::Redirect).or_else(|| by(LogoutBinding::Post))
    }

    /// The key to which an assertion with these attributes is encrypted, if it is.
    ///
    /// # Errors
    /// [`MissingKey`]: the site gets no assertion.
    pub fn encrypt_to(
        &self,
        attributes: &[Attribute],
    ) -> Result<Option<&EncryptionKey>, MissingKey> {
        let needed = match self.policy.encryption {
            EncryptionPolicy::Never => return Ok(None),
            EncryptionPolicy::Required => true,
            EncryptionPolicy::WherePossible => attributes::hold_tax_ids(attributes),
        };
        let key = self.encryption_key();
        if needed && key.is_none() { Err(MissingKey) } else { Ok(key) }
    }

    /// The key to encrypt to: the first that can be.
    #[must_use]
    pub fn encryption_key(&self) -> Option<&EncryptionKey> {
        self.metadata.encryption_key()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_id_is_an_absolute_uri() {
        for (text, good) in [
            ("https://passage.example/sp", true),
            ("urn:mace:example", true),
            ("passage", false),
            ("https://passage.example/a b", false),
            ("", false),
            (&format!("https://a.example/{}", "x".repeat(1024)), false),
        ] {
            assert_eq!(text.parse::<EntityId>().is_ok(), good, "{text:.40}");
        }
    }
}
