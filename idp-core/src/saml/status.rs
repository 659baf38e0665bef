//! How an answer says how it went (SAML Core §3.2.2.2).

use serde::{Deserialize, Serialize};

use super::writer::Writer;
use crate::sign_on::Refusal;

/// A status: a first code, a second one that says more, and a few words for the developer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Whose fault it is, if any.
    pub first: First,
    /// What it is.
    pub second: Option<Second>,
    /// What a developer reads: one of our own texts.
    pub message: Option<Message>,
}

/// The first code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum First {
    /// The site asked wrongly.
    Requester,
    /// Hilum cannot or will not.
    Responder,
    /// It went well.
    Success,
    /// Not SAML 2.0.
    VersionMismatch,
}

/// The second code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Second {
    /// A name that the site may not have, or not this one.
    InvalidNameIdPolicy,
    /// The demanded strength cannot be reached.
    NoAuthnContext,
    /// A page is due and none may be shown.
    NoPassive,
    /// Not all sites could be told.
    PartialLogout,
    /// It is against the rules of the community.
    RequestDenied,
    /// Something that Hilum does not offer.
    RequestUnsupported,
    /// Nobody is known by that name.
    UnknownPrincipal,
}

/// What a developer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// The person acts for no organization that fits the site.
    AffiliationRequired,
    /// An agreement waits to be accepted.
    AgreementRequired,
    /// The person turned back.
    Cancelled,
    /// The site has no key to encrypt to.
    EncryptionKeyRequired,
    /// The person lacks a role that the site demands.
    RoleRequired,
    /// No organization of the person switched the site on.
    SiteNotEnabled,
    /// Hilum is out of order for a moment.
    Unavailable,
}

impl Status {
    /// It went well.
    pub const SUCCESS: Self = Self { first: First::Success, second: None, message: None };
    /// The person is signed out here, and not at every site (SAML Core §3.7.3.2).
    pub const PARTIAL_LOGOUT: Self =
        Self { first: First::Success, second: Some(Second::PartialLogout), message: None };
    /// The message is of another version.
    pub const VERSION_MISMATCH: Self =
        Self { first: First::VersionMismatch, second: None, message: None };
    /// The person turned back.
    pub const CANCELLED: Self = Self::responder(Second::RequestDenied, Some(Message::Cancelled));
    /// The person did not accept an agreement.
    pub const AGREEMENT_REQUIRED: Self =
        Self::responder(Second::RequestDenied, Some(Message::AgreementRequired));
    /// Hilum is out of order for a moment.
    pub const UNAVAILABLE: Self =
        Self { first: First::Responder, second: None, message: Some(Message::Unavailable) };
    /// There is no key to encrypt to, and what the site receives must be encrypted.
    pub const ENCRYPTION_KEY_REQUIRED: Self =
        Self::responder(Second::RequestDenied, Some(Message::EncryptionKeyRequired));

    /// The site asked wrongly.
    #[must_use]
    pub const fn requester(second: Option<Second>) -> Self {
        Self { first: First::Requester, second, message: None }
    }

    /// Hilum cannot or will not.
    #[must_use]
    pub const fn responder(second: Second, message: Option<Message>) -> Self {
        Self { first: First::Responder, second: Some(second), message }
    }

    /// Writes the `Status` element. The namespace is declared around it.
    pub fn write(self, to: &mut Writer) {
        to.open("samlp:Status", &[]);
        to.open("samlp:StatusCode", &[("Value", self.first.uri())]);
        if let Some(second) = self.second {
            to.leaf("samlp:StatusCode", &[("Value", second.uri())], "");
        }
        to.close();
        if let Some(message) = self.message {
            to.leaf("samlp:StatusMessage", &[], message.text());
        }
        to.close();
    }
}

/// How a refusal of the engine is told to a SAML site.
impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        use Second as S;
        let (second, message) = match refusal {
            Refusal::AffiliationRequired => (S::RequestDenied, Some(Message::AffiliationRequired)),
            Refusal::AgreementRequired => (S::NoPassive, Some(Message::AgreementRequired)),
            Refusal::AssuranceUnmet => (S::NoAuthnContext, None),
            Refusal::ChoiceDue | Refusal::InteractionDue | Refusal::SignInDue => {
                (S::NoPassive, None)
            }
            Refusal::RoleRequired => (S::RequestDenied, Some(Message::RoleRequired)),
            Refusal::SiteNotEnabled => (S::RequestDenied, Some(Message::SiteNotEnabled)),
        };
        Self::responder(second, message)
    }
}

impl First {
    const fn uri(self) -> &'static str {
        match self {
            Self::Requester => "urn:oasis:names:tc:SAML:2.0:status:Requester",
            Self::Responder => "urn:oasis:names:tc:SAML:2.0:status:Responder",
            Self::Success => "urn:oasis:names:tc:SAML:2.0:status:Success",
            Self::VersionMismatch => "urn:oasis:names:tc:SAML:2.0:status:VersionMismatch",
        }
    }
}

impl Second {
    const fn uri(self) -> &'static str {
        match self {
            Self::InvalidNameIdPolicy => "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy",
            Self::NoAuthnContext => "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext",
            Self::NoPassive => "urn:oasis:names:tc:SAML:2.0:status:NoPassive",
            Self::PartialLogout => "urn:oasis:names:tc:SAML:2.0:status:PartialLogout",
            Self::RequestDenied => "urn:oasis:names:tc:SAML:2.0:status:RequestDenied",
            Self::RequestUnsupported => "urn:oasis:names:tc:SAML:2.0:status:RequestUnsupported",
            Self::UnknownPrincipal => "urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal",
        }
    }
}

impl Message {
    const fn text(self) -> &'static str {
        match self {
            Self::AffiliationRequired => "affiliation_required",
            Self::AgreementRequired => "agreement_required",
            Self::Cancelled => "cancelled",
            Self::EncryptionKeyRequired => {
                "what this site receives must be encrypted, and its metadata have no RSA key for it"
            }
            Self::RoleRequired => "role_required",
            Self::SiteNotEnabled => "site_not_enabled",
            Self::Unavailable => "please try again in a moment",
        }
    }
}
