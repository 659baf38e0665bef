//! `AuthnRequest`: what a site asks (SAML Core §3.4.1), as it stands there. Judging is done in
//! [`super::judge`].

use chrono::{DateTime, Utc};

use super::{
    acs::Wanted,
    authn_context::{self, InvalidContext},
    instant,
    name_id::Policy,
    names::{binding, name_id_format, ns},
    service_provider::ResponseBinding,
    xml::{Node, Xml, boolean},
};
use crate::sign_on::AssuranceDemand;

/// The longest identifier of a message that is kept and echoed.
const LONGEST_ID: usize = 256;

/// Why a message is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// An attribute or element that must be there is not, or makes no sense.
    #[error("{0} is missing or makes no sense")]
    Field(&'static str),
    /// Its outermost element is another one.
    #[error("not the message that belongs here")]
    OtherMessage,
}

impl From<InvalidContext> for Unreadable {
    fn from(_: InvalidContext) -> Self {
        Self::Field("RequestedAuthnContext")
    }
}

/// What every message says about itself (SAML Core §3.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// `ID`.
    pub id: String,
    /// Whether `Version` is 2.0.
    pub is_version_2: bool,
    /// `IssueInstant`.
    pub issued_at: DateTime<Utc>,
    /// `Destination`.
    pub destination: Option<String>,
    /// Who sent it.
    pub issuer: String,
}

impl Heading {
    /// Reads it from the outermost element of a message.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read(root: Node<'_>) -> Result<Self, Unreadable> {
        let id = root.attribute("ID").filter(|id| is_id(id)).ok_or(Unreadable::Field("ID"))?;
        let issued_at = root.attribute("IssueInstant").and_then(instant::read);
        Ok(Self {
            id: id.to_owned(),
            is_version_2: root.attribute("Version") == Some(super::names::VERSION),
            issued_at: issued_at.ok_or(Unreadable::Field("IssueInstant"))?,
            destination: root.attribute("Destination").map(str::to_owned),
            issuer: issuer(root)?,
        })
    }
}

/// Who sent a message; SAML Profiles §4.1.4.1 demands that it be said.
///
/// # Errors
/// [`Unreadable`].
pub fn issuer(root: Node<'_>) -> Result<String, Unreadable> {
    let mut issuers = root.children(ns::ASSERTION, "Issuer");
    let (Some(issuer), None) = (issuers.next(), issuers.next()) else {
        return Err(Unreadable::Field("Issuer"));
    };
    let format = issuer.attribute("Format").unwrap_or(name_id_format::ENTITY);
    let name = issuer.text();
    let plausible = matches!(format, name_id_format::ENTITY | name_id_format::UNSPECIFIED)
        && (1..=1024).contains(&name.len());
    if plausible { Ok(name) } else { Err(Unreadable::Field("Issuer")) }
}

/// `xs:ID` (XML Namespaces §2.2): it stands in what we write, and in a log.
fn is_id(id: &str) -> bool {
    let mut characters = id.chars();
    let starts_well = characters.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
    starts_well && characters.all(goes_on) && id.len() <= LONGEST_ID
}

/// What a site asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthnRequest {
    /// What it says about itself.
    pub heading: Heading,
    /// `ForceAuthn`.
    pub force: bool,
    /// `IsPassive`.
    pub passive: bool,
    /// `AssertionConsumerServiceIndex`.
    acs_index: Option<u16>,
    /// `AssertionConsumerServiceURL`.
    acs_url: Option<String>,
    /// `ProtocolBinding`.
    binding: Option<Option<ResponseBinding>>,
    /// `Format` of the `NameIDPolicy`.
    name_format: Option<String>,
    /// `SPNameQualifier` of the `NameIDPolicy`.
    name_qualifier: Option<String>,
    /// `RequestedAuthnContext`.
    pub assurance: AssuranceDemand,
    /// The person whom it is about: format and name.
    pub subject: Option<(String, String)>,
}

impl AuthnRequest {
    /// Reads a request. `Scoping`, `Extensions` and `Conditions` are passed over: Hilum relays to
    /// nobody, and what it may say is decided in the site's record.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read(xml: &Xml<'_>) -> Result<Self, Unreadable> {
        let root = xml.root();
        if !root.is(ns::PROTOCOL, "AuthnRequest") {
            return Err(Unreadable::OtherMessage);
        }
        let flag = |name: &'static str| {
            let value = root.attribute(name).map_or(Some(false), boolean);
            value.ok_or(Unreadable::Field(name))
        };
        let index = "AssertionConsumerServiceIndex";
        let acs_index = root.attribute(index).map(|text| text.trim().parse());
        let policy = root.child(ns::PROTOCOL, "NameIDPolicy");
        let say = |name: &str| policy.and_then(|policy| policy.attribute(name)).map(str::to_owned);
        let context = root.child(ns::PROTOCOL, "RequestedAuthnContext");
        Ok(Self {
            heading: Heading::read(root)?,
            force: flag("ForceAuthn")?,
            passive: flag("IsPassive")?,
            acs_index: acs_index.transpose().map_err(|_| Unreadable::Field(index))?,
            acs_url: root.attribute("AssertionConsumerServiceURL").map(str::to_owned),
            binding: root.attribute("ProtocolBinding").map(response_binding),
            name_format: say("Format"),
            name_qualifier: say("SPNameQualifier"),
            assurance: context.map(authn_context::read).transpose()?.unwrap_or_default(),
            subject: subject(root)?,
        })
    }

    /// Where the answer is wanted.
    #[must_use]
    pub fn wanted_acs(&self) -> Wanted<'_> {
        Wanted { index: self.acs_index, url: self.acs_url.as_deref(), binding: self.binding }
    }

    /// What it says about names.
    #[must_use]
    pub fn name_policy(&self) -> Policy<'_> {
        Policy { format: self.name_format.as_deref(), qualifier: self.name_qualifier.as_deref() }
    }
}

fn response_binding(text: &str) -> Option<ResponseBinding> {
    match text {
        binding::ARTIFACT => Some(ResponseBinding::Artifact),
        binding::POST => Some(ResponseBinding::Post),
        _ => None,
    }
}

/// The name in `Subject`, if there is one (SAML Core §3.4.1.4). One that is encrypted, or that only
/// confirms somebody, cannot be answered.
fn subject(root: Node<'_>) -> Result<Option<(String, String)>, Unreadable> {
    let Some(subject) = root.child(ns::ASSERTION, "Subject") else { return Ok(None) };
    let name = subject.child(ns::ASSERTION, "NameID").ok_or(Unreadable::Field("Subject"))?;
    let format = name.attribute("Format").unwrap_or(name_id_format::UNSPECIFIED);
    Ok(Some((format.to_owned(), name.text())))
}
