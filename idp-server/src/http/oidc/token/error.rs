//! Why the token endpoint said no.

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use idp_core::{
    community::resource_server::NothingToGive,
    ids::GrantId,
    oidc::{
        code::CodeRefusal,
        error::ErrorCode,
        grant::{Lapse, RefreshRefusal},
    },
};

use crate::{
    ephemeral::EphemeralError, http::oidc::json, keys::ring::SignError, store::StoreError,
};

/// Why the token endpoint said no. The text is for our log; the site learns the code, and a
/// description where that tells it nothing about anybody.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The code may not be redeemed by this request.
    #[error("code: {0}")]
    Code(#[from] CodeRefusal),
    /// The code has been redeemed before; what it led to is over.
    #[error("code used again, grant {0} ended")]
    CodeReused(GrantId),
    /// The record behind the code cannot be read.
    #[error("a code leads to no valid record")]
    CorruptCode,
    /// Short-lived state is away, so that nobody can say what became of the code.
    #[error(transparent)]
    Ephemeral(#[from] EphemeralError),
    /// What the code or token rests on no longer counts.
    #[error("lapsed: {0}")]
    Lapsed(#[from] Lapse),
    /// `scope` is no list of scopes.
    #[error("scope is malformed")]
    MalformedScope,
    /// A parameter is missing.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// No scope is left that the site may have.
    #[error("none of the scopes may be granted to this client")]
    NoScope,
    /// A system gets nothing for these scopes.
    #[error(transparent)]
    NotGiven(#[from] NothingToGive),
    /// The client has not registered this grant type.
    #[error("grant type not registered for this client")]
    NotRegistered,
    /// The refresh token may not be redeemed by this request.
    #[error("refresh token: {0}")]
    Refresh(#[from] RefreshRefusal),
    /// A token could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The refresh token has been used before; its family is over.
    #[error("refresh token used again, grant {0} ended")]
    TokenReused(GrantId),
    /// No such code, or no such token.
    #[error("no such code or token")]
    Unknown,
    /// A grant type that is not offered, or none at all (security 2.2).
    #[error("grant_type is not supported")]
    UnsupportedGrantType,
}

impl TokenError {
    /// RFC 6749 §5.2. A new variant does not compile until it has chosen its code.
    const fn code(&self) -> ErrorCode {
        match self {
            Self::MalformedScope | Self::Missing(_) => ErrorCode::InvalidRequest,
            // One answer for all, so that nobody can probe which codes and tokens exist.
            Self::Code(_)
            | Self::CodeReused(_)
            | Self::Lapsed(_)
            | Self::Refresh(
                RefreshRefusal::Lapsed(_)
                | RefreshRefusal::OtherSite
                | RefreshRefusal::Reused
                | RefreshRefusal::Unknown,
            )
            | Self::TokenReused(_)
            | Self::Unknown => ErrorCode::InvalidGrant,
            Self::NoScope | Self::NotGiven(_) | Self::Refresh(RefreshRefusal::Scope) => {
                ErrorCode::InvalidScope
            }
            Self::NotRegistered => ErrorCode::UnauthorizedClient,
            Self::UnsupportedGrantType => ErrorCode::UnsupportedGrantType,
            Self::Ephemeral(_) | Self::Store(StoreError::Unavailable) => {
                ErrorCode::TemporarilyUnavailable
            }
            Self::CorruptCode
            | Self::Sign(_)
            | Self::Store(
                StoreError::Conflict(_) | StoreError::CorruptRow { .. } | StoreError::Database(_),
            ) => ErrorCode::ServerError,
        }
    }
}

impl ResponseError for TokenError {
    fn status_code(&self) -> StatusCode {
        json::status(self.code())
    }

    fn error_response(&self) -> HttpResponse {
        json::error(self.code(), self, "the code or token is invalid, expired or was used before")
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::MessageBody as _;

    use super::*;

    #[test]
    fn a_site_cannot_tell_why_a_code_or_token_is_no_good() {
        let grant = || "grt_a".parse::<GrantId>().unwrap();
        let answers = [
            TokenError::Code(CodeRefusal::Expired),
            TokenError::Code(CodeRefusal::OtherSite),
            TokenError::Code(CodeRefusal::RedirectUri),
            TokenError::Code(CodeRefusal::Verifier),
            TokenError::CodeReused(grant()),
            TokenError::Lapsed(Lapse::Account),
            TokenError::Lapsed(Lapse::Session),
            TokenError::Refresh(RefreshRefusal::Lapsed(Lapse::Ended)),
            TokenError::Refresh(RefreshRefusal::OtherSite),
            TokenError::Refresh(RefreshRefusal::Unknown),
            TokenError::TokenReused(grant()),
            TokenError::Unknown,
        ]
        .map(|error| {
            let answer = error.error_response();
            (answer.status(), answer.into_body().try_into_bytes().unwrap())
        });
        assert_eq!(answers[0].0, 400);
        assert!(answers[0].1.starts_with(b"{\"error\":\"invalid_grant\""));
        assert!(answers.iter().all(|answer| *answer == answers[0]));
    }

    #[test]
    fn every_refusal_has_its_code_and_status() {
        for (error, status, code) in [
            (TokenError::Missing("code"), 400, "invalid_request"),
            (TokenError::MalformedScope, 400, "invalid_request"),
            (TokenError::NotRegistered, 400, "unauthorized_client"),
            (TokenError::UnsupportedGrantType, 400, "unsupported_grant_type"),
            (TokenError::NoScope, 400, "invalid_scope"),
            (TokenError::NotGiven(NothingToGive::NoScope), 400, "invalid_scope"),
            (TokenError::NotGiven(NothingToGive::SeveralResources), 400, "invalid_scope"),
            (TokenError::Refresh(RefreshRefusal::Scope), 400, "invalid_scope"),
            (TokenError::CorruptCode, 500, "server_error"),
            (TokenError::Store(StoreError::Unavailable), 503, "temporarily_unavailable"),
        ] {
            let answer = error.error_response();
            assert_eq!(answer.status(), status, "{error}");
            let body = answer.into_body().try_into_bytes().unwrap();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["error"], code, "{error}");
        }
    }
}
