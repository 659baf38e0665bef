//! What a person is shown when a page cannot be: one enum for all pages, one mapping to words.

use std::fmt;

use idp_core::oidc::{authorize::Unanswerable, error::ErrorCode};

use super::saml::SamlRefusal;
use crate::{ephemeral::EphemeralError, pages::ProtocolError, store::StoreError};

/// Why a page cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// A call of a script that is not from our page in this browser.
    #[error("not from our own page")]
    Forbidden,
    /// The sign-on is finished, expired, or began in another browser.
    #[error("no such sign-on in this browser")]
    Interrupted,
    /// Something that is not there, or not this person's.
    #[error("nothing at this address")]
    NotFound,
    /// The request cannot be read.
    #[error("not understood")]
    NotUnderstood,
    /// A SAML message that may not be answered to anybody.
    #[error(transparent)]
    SamlRequest(#[from] Box<SamlRefusal>),
    /// A site's request that may not be answered to the site.
    #[error(transparent)]
    SiteRequest(#[from] Unanswerable),
    /// More parameters than any request of a site needs.
    #[error("too many parameters")]
    TooLarge,
    /// Something that we need is out of reach for now.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Our own fault.
    #[error("unexpected: {0}")]
    Unexpected(String),
}

impl PageError {
    /// A fault of ours, to be logged and shown as a reference number.
    pub fn unexpected(error: &dyn fmt::Display) -> Self {
        Self::Unexpected(error.to_string())
    }

    /// The status that the page is sent with.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Forbidden => 403,
            Self::Interrupted
            | Self::NotUnderstood
            | Self::SamlRequest(_)
            | Self::SiteRequest(_) => 400,
            Self::NotFound => 404,
            Self::TooLarge => 413,
            Self::Unavailable(_) => 503,
            Self::Unexpected(_) => 500,
        }
    }
}

/// The OAuth error that the page shows for a request that may not be answered.
pub const fn protocol_error(error: Unanswerable) -> ProtocolError<'static> {
    let (code, description) = match error {
        Unanswerable::RedirectUri => (
            ErrorCode::InvalidRequest,
            "redirect_uri is missing or is not one that the site registered",
        ),
        Unanswerable::Site => {
            (ErrorCode::InvalidRequest, "client_id is missing or names no active site")
        }
    };
    ProtocolError { code: code.as_str(), description, site: None }
}

impl From<EphemeralError> for PageError {
    fn from(error: EphemeralError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable => Self::Unavailable(error.to_string()),
            StoreError::Conflict(_) | StoreError::CorruptRow { .. } | StoreError::Database(_) => {
                Self::Unexpected(error.to_string())
            }
        }
    }
}
