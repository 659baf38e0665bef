//! Reading the metadata of service providers: one, or an aggregate of thousands.

use chrono::{DateTime, Utc};
use url::Url;

use crate::saml::{
    certificate::{Certificate, CertificateError},
    instant,
    names::{binding, ns},
    service_provider::{
        AssertionConsumer, Cipher, EncryptionKey, EntityId, InvalidEntityId, LogoutBinding,
        LogoutEndpoint, ProviderMetadata, ResponseBinding,
    },
    signature::{SignatureError, VerificationKeys},
    xml::{Node, Xml, XmlError, boolean},
};

/// The most endpoints or keys of one kind that a site may have.
const MOST: usize = 100;

/// Why metadata are not taken over. What was there before stays as it is (security 14.4).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// A certificate in them is of no use.
    #[error("a certificate is not accepted: {0}")]
    Certificate(#[from] CertificateError),
    /// The entity ID is none.
    #[error(transparent)]
    EntityId(#[from] InvalidEntityId),
    /// They are past their `validUntil`.
    #[error("validUntil has passed")]
    Expired,
    /// Something in them makes no sense.
    #[error("{0} is missing or makes no sense")]
    Field(&'static str),
    /// An address in them is not one that a browser would be sent to.
    #[error("{0} is not an https address (plain http for localhost only)")]
    Location(String),
    /// They hold no service provider of SAML 2.0.
    #[error("there is no SPSSODescriptor for SAML 2.0")]
    NoServiceProvider,
    /// They describe somebody else than they did before.
    #[error("they describe another entity than before")]
    OtherEntity,
    /// They describe several parties where one is expected.
    #[error("they describe several entities, and none of them was named")]
    Several,
    /// They are not signed as they must be.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// They are no XML that we would read.
    #[error(transparent)]
    Xml(#[from] XmlError),
}

/// A service provider as metadata describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its `entityID`.
    pub entity_id: EntityId,
    /// What people call it, if the metadata say.
    pub name: Option<String>,
    /// The rest.
    pub metadata: ProviderMetadata,
}

/// A party that an aggregate describes: read, or not.
pub type Entry = Result<Described, Unread>;

/// A party of an aggregate that cannot be taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// What it calls itself.
    pub entity_id: String,
    /// Why not.
    pub why: MetadataError,
}

/// Checks that metadata are signed as a whole by one of the keys.
///
/// # Errors
/// [`MetadataError::Signature`].
pub fn check_signature(xml: &Xml<'_>, keys: &VerificationKeys) -> Result<(), MetadataError> {
    Ok(keys.verify_root(xml)?)
}

/// The one service provider that a document describes; of an aggregate, the one that is `wanted`.
///
/// # Errors
/// [`MetadataError`].
pub fn one(
    xml: &Xml<'_>,
    wanted: Option<&EntityId>,
    now: DateTime<Utc>,
) -> Result<Described, MetadataError> {
    let mut found = Vec::new();
    collect(xml.root(), None, now, &mut |node, until| {
        let is_wanted = wanted.is_none_or(|id| node.attribute("entityID") == Some(id.as_str()));
        if is_wanted {
            found.push((node, until));
        }
    })?;
    match (found.as_slice(), wanted) {
        ([(node, until)], _) => entity(*node, *until),
        ([], Some(_)) => Err(MetadataError::OtherEntity),
        ([], None) => Err(MetadataError::NoServiceProvider),
        (_, _) => Err(MetadataError::Several),
    }
}

/// All service providers of a document. Parties that are none are passed over; one that cannot be
/// read is told with the reason, and keeps nobody else out.
///
/// # Errors
/// [`MetadataError`] if the document as a whole is of no use.
pub fn all(xml: &Xml<'_>, now: DateTime<Utc>) -> Result<Vec<Entry>, MetadataError> {
    let mut found = Vec::new();
    collect(xml.root(), None, now, &mut |node, until| match entity(node, until) {
        Ok(described) => found.push(Ok(described)),
        Err(MetadataError::NoServiceProvider) => {}
        Err(error) => {
            let id = node.attribute("entityID").unwrap_or_default();
            let entity_id = id.chars().take(200).collect();
            found.push(Err(Unread { entity_id, why: error }));
        }
    })?;
    Ok(found)
}

/// Hands each `EntityDescriptor` that may be used at `now` to `take`, with the moment until which.
fn collect<'x>(
    node: Node<'x>,
    until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    take: &mut dyn FnMut(Node<'x>, Option<DateTime<Utc>>),
) -> Result<(), MetadataError> {
    let until = earlier(until, valid_until(node)?);
    if until.is_some_and(|until| until <= now) {
        return Err(MetadataError::Expired);
    }
    if node.is(ns::METADATA, "EntityDescriptor") {
        take(node, until);
        return Ok(());
    }
    if !node.is(ns::METADATA, "EntitiesDescriptor") {
        return Err(MetadataError::Field("EntityDescriptor"));
    }
    for child in node.elements() {
        let described = child.is(ns::METADATA, "EntityDescriptor");
        if described || child.is(ns::METADATA, "EntitiesDescriptor") {
            match collect(child, until, now, take) {
                // One party of an aggregate that has expired is passed over.
                Ok(()) | Err(MetadataError::Expired) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

fn valid_until(node: Node<'_>) -> Result<Option<DateTime<Utc>>, MetadataError> {
    match node.attribute("validUntil") {
        None => Ok(None),
        Some(text) => instant::read(text).map(Some).ok_or(MetadataError::Field("validUntil")),
    }
}

fn earlier(a: Option<DateTime<Utc>>, b: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, None) | (None, one) => one,
    }
}

fn entity(node: Node<'_>, until: Option<DateTime<Utc>>) -> Result<Described, MetadataError> {
    let id = node.attribute("entityID").ok_or(MetadataError::Field("entityID"))?;
    let speaks = |role: &Node<'_>| {
        let protocols = role.attribute("protocolSupportEnumeration").unwrap_or_default();
        protocols.split_ascii_whitespace().any(|protocol| protocol == ns::PROTOCOL)
    };
    let mut roles = node.children(ns::METADATA, "SPSSODescriptor").filter(speaks);
    let role = roles.next().ok_or(MetadataError::NoServiceProvider)?;
    let until = earlier(until, valid_until(role)?);
    let (signing, encryption) = keys(role)?;
    let signed = role.attribute("AuthnRequestsSigned").map_or(Some(false), boolean);
    Ok(Described {
        entity_id: id.parse()?,
        name: name(node, role),
        metadata: ProviderMetadata {
            assertion_consumers: assertion_consumers(role)?,
            logout: logout(role)?,
            signing,
            encryption,
            name_id_formats: role
                .children(ns::METADATA, "NameIDFormat")
                .map(Node::text)
                .take(MOST)
                .collect(),
            authn_requests_signed: signed.ok_or(MetadataError::Field("AuthnRequestsSigned"))?,
            valid_until: until,
        },
    })
}

fn assertion_consumers(role: Node<'_>) -> Result<Vec<AssertionConsumer>, MetadataError> {
    let mut consumers = Vec::new();
    for node in role.children(ns::METADATA, "AssertionConsumerService").take(MOST) {
        let binding = match node.attribute("Binding") {
            Some(binding::ARTIFACT) => ResponseBinding::Artifact,
            Some(binding::POST) => ResponseBinding::Post,
            // PAOS and whatever else: not for a browser.
            Some(_) | None => continue,
        };
        let index = node.attribute("index").and_then(|text| text.trim().parse().ok());
        consumers.push(AssertionConsumer {
            index: index.ok_or(MetadataError::Field("AssertionConsumerService/@index"))?,
            is_default: node.attribute("isDefault").and_then(boolean) == Some(true),
            binding,
            location: location(node, "Location")?
                .ok_or(MetadataError::Field("AssertionConsumerService/@Location"))?,
        });
    }
    if consumers.is_empty() {
        return Err(MetadataError::Field("AssertionConsumerService with POST or Artifact"));
    }
    Ok(consumers)
}

fn logout(role: Node<'_>) -> Result<Vec<LogoutEndpoint>, MetadataError> {
    let mut endpoints = Vec::new();
    for node in role.children(ns::METADATA, "SingleLogoutService").take(MOST) {
        let binding = match node.attribute("Binding") {
            Some(binding::POST) => LogoutBinding::Post,
            Some(binding::REDIRECT) => LogoutBinding::Redirect,
            Some(binding::SOAP) => LogoutBinding::Soap,
            Some(_) | None => continue,
        };
        endpoints.push(LogoutEndpoint {
            binding,
            location: location(node, "Location")?
                .ok_or(MetadataError::Field("SingleLogoutService/@Location"))?,
            response_location: location(node, "ResponseLocation")?,
        });
    }
    Ok(endpoints)
}

/// An address that a browser may be sent to: https, or http on this machine. A script in the place
/// of an address would run as the page that carries the form.
fn location(node: Node<'_>, name: &'static str) -> Result<Option<Url>, MetadataError> {
    let Some(text) = node.attribute(name) else { return Ok(None) };
    let wrong = || MetadataError::Location(text.chars().take(200).collect());
    let url = Url::parse(text).map_err(|_| wrong())?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let plausible = url.scheme() == "https" || (url.scheme() == "http" && local);
    // What is compared to the octet later must not be spelt otherwise in here.
    if plausible && url.as_str() == text { Ok(Some(url)) } else { Err(wrong()) }
}

/// The keys for signatures and for encryption. One without a use counts for both (SAML Metadata
/// §2.4.1.1), and losing one never switches the checking of signatures off.
fn keys(role: Node<'_>) -> Result<(Vec<Certificate>, Vec<EncryptionKey>), MetadataError> {
    let (mut signing, mut encryption) = (Vec::new(), Vec::new());
    for descriptor in role.children(ns::METADATA, "KeyDescriptor").take(MOST) {
        let purpose = descriptor.attribute("use");
        let methods = descriptor.children(ns::METADATA, "EncryptionMethod");
        let methods: Vec<&str> = methods.filter_map(|m| m.attribute("Algorithm")).collect();
        let cipher = Cipher::choose(&methods);
        let data = descriptor
            .children(ns::DS, "KeyInfo")
            .flat_map(|info| info.children(ns::DS, "X509Data"))
            .flat_map(|data| data.children(ns::DS, "X509Certificate"));
        for node in data {
            let certificate = Certificate::from_base64(&node.text())?;
            if matches!(purpose, None | Some("encryption")) {
                let certificate = certificate.clone();
                encryption.push(EncryptionKey { certificate, cipher });
            }
            if matches!(purpose, None | Some("signing")) {
                signing.push(certificate);
            }
        }
    }
    Ok((signing, encryption))
}

/// What people call the site: its display name, the name of its service, or of its organization.
fn name(node: Node<'_>, role: Node<'_>) -> Option<String> {
    let display = role
        .child(ns::METADATA, "Extensions")
        .and_then(|extensions| extensions.child(ns::UI, "UIInfo"))
        .and_then(|info| info.child(ns::UI, "DisplayName"));
    let service = || {
        let service = role.child(ns::METADATA, "AttributeConsumingService")?;
        service.child(ns::METADATA, "ServiceName")
    };
    let organization = || {
        let organization = node.child(ns::METADATA, "Organization")?;
        organization.child(ns::METADATA, "OrganizationDisplayName")
    };
    let text = display.or_else(service).or_else(organization)?.text();
    let text: String = text.chars().filter(|c| !c.is_control()).take(100).collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
pub(crate) mod tests;
