//! How the API says no: a challenge (RFC 6750 §3) that tells what would help (RFC 9470 §3).

use std::{collections::BTreeMap, fmt};

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header::WWW_AUTHENTICATE},
};
use idp_core::{
    authentication::gate::Challenge,
    community::{field::Objections, permission::Denied},
    oidc::error::ErrorCode,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{http::oidc::json, keys::ring::OwnTokenError, store::StoreError};

/// Why the API said no.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No token was sent, so nothing is said about any (RFC 6750 §3.1).
    #[error("no access token")]
    Anonymous,
    /// What the token rests on no longer counts, or it is for somebody else.
    #[error("access token of a grant that no longer counts")]
    Ended,
    /// Something else was in the way; what, and what to do.
    #[error("{0}")]
    Conflict(String),
    /// The person may not do this.
    #[error("you may not do this")]
    Forbidden,
    /// The token does not open this.
    #[error("the access token lacks the scope {0}")]
    InsufficientScope(&'static str),
    /// The request cannot be read; why.
    #[error("{0}")]
    Malformed(String),
    /// Nothing of this person is there.
    #[error("nothing at this address")]
    NotFound,
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The body is larger than 256 KiB.
    #[error("the body is larger than 256 KiB")]
    TooLarge,
    /// The body is no JSON.
    #[error("send application/json")]
    UnsupportedType,
    /// What is wrong, by field.
    #[error("the request is not acceptable: see fields")]
    Unacceptable(Objections),
    /// No access token of ours, or expired.
    #[error("access token: {0}")]
    Token(#[from] OwnTokenError),
    /// The sign-in behind the token is too weak or too old for this.
    #[error("a stronger or more recent sign-in is needed")]
    Weak(Challenge),
}

impl ApiError {
    /// A parameter of the query that is none.
    pub(super) fn parameter(name: &str) -> Self {
        Self::Malformed(format!("the parameter {name} is not valid"))
    }

    /// One field that is not acceptable.
    pub(super) fn field(name: &'static str, why: impl fmt::Display) -> Self {
        let mut found = Objections::default();
        found.object(name, why);
        Self::Unacceptable(found)
    }

    /// `None`: the bare challenge, or the bare status.
    const fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Anonymous
            | Self::Conflict(_)
            | Self::Forbidden
            | Self::NotFound
            | Self::TooLarge
            | Self::Unacceptable(_)
            | Self::UnsupportedType => None,
            Self::Ended | Self::Token(_) => Some(ErrorCode::InvalidToken),
            Self::InsufficientScope(_) => Some(ErrorCode::InsufficientScope),
            Self::Malformed(_) => Some(ErrorCode::InvalidRequest),
            Self::Store(StoreError::Unavailable) => Some(ErrorCode::TemporarilyUnavailable),
            Self::Store(
                StoreError::Conflict(_) | StoreError::CorruptRow { .. } | StoreError::Database(_),
            ) => Some(ErrorCode::ServerError),
            Self::Weak(_) => Some(ErrorCode::InsufficientUserAuthentication),
        }
    }

    /// What stands in `WWW-Authenticate`, if anything.
    fn challenge(&self) -> Option<String> {
        const REALM: &str = "Bearer realm=\"hilum\"";
        let named = |error: &str, more: String| Some(format!("{REALM}, error=\"{error}\"{more}"));
        match self {
            Self::Anonymous => Some(REALM.to_owned()),
            Self::Ended | Self::Token(_) => named("invalid_token", String::new()),
            Self::InsufficientScope(scope) => {
                named("insufficient_scope", format!(", scope=\"{scope}\""))
            }
            Self::Malformed(_) => named("invalid_request", String::new()),
            Self::Conflict(_)
            | Self::Forbidden
            | Self::NotFound
            | Self::Store(_)
            | Self::TooLarge
            | Self::Unacceptable(_)
            | Self::UnsupportedType => None,
            Self::Weak(Challenge { acr, max_age_seconds }) => {
                let acr = acr.map(|rung| format!(", acr_values=\"{}\"", rung.acr()));
                let age = max_age_seconds.map(|seconds| format!(", max_age=\"{seconds}\""));
                let more = [acr, age].into_iter().flatten().collect::<String>();
                named("insufficient_user_authentication", more)
            }
        }
    }
}

/// What the answer to a refused request says (the API's `Problem`).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody {
    /// A word for programs.
    error: &'static str,
    /// What is wrong, and what to do.
    error_description: String,
    /// What is wrong with each field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<&'static str, String>,
}

impl ApiError {
    /// The answer where no OAuth error fits.
    fn in_words(&self) -> HttpResponse {
        let mut answer = json::private(self.status_code());
        let error = match self {
            Self::Conflict(_) => "conflict",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::TooLarge => "too_large",
            Self::Unacceptable(_) => "unacceptable",
            Self::UnsupportedType => "unsupported_media_type",
            Self::Anonymous
            | Self::Ended
            | Self::InsufficientScope(_)
            | Self::Malformed(_)
            | Self::Store(_)
            | Self::Token(_)
            | Self::Weak(_) => return answer.finish(),
        };
        let fields = if let Self::Unacceptable(found) = self {
            found.iter().map(|(field, why)| (field, why.to_owned())).collect()
        } else {
            BTreeMap::new()
        };
        answer.json(ProblemBody { error, error_description: self.to_string(), fields })
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Forbidden => Self::Forbidden,
            Denied::NotFound => Self::NotFound,
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match (self, self.code()) {
            (_, Some(code)) => json::status(code),
            (Self::Conflict(_), None) => StatusCode::CONFLICT,
            (Self::Forbidden, None) => StatusCode::FORBIDDEN,
            (Self::NotFound, None) => StatusCode::NOT_FOUND,
            (Self::TooLarge, None) => StatusCode::PAYLOAD_TOO_LARGE,
            (Self::Unacceptable(_), None) => StatusCode::UNPROCESSABLE_ENTITY,
            (Self::UnsupportedType, None) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            (_, None) => StatusCode::UNAUTHORIZED,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = match self.code() {
            Some(code) => json::error(code, self, "the access token is invalid or has ended"),
            None => self.in_words(),
        };
        if let Some(challenge) = self.challenge().and_then(|challenge| challenge.parse().ok()) {
            answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use idp_core::authentication::assurance::Assurance;

    use super::*;

    #[test]
    fn a_challenge_says_what_would_help() {
        let strong =
            Challenge { acr: Some(Assurance::BrowserSecondFactor), max_age_seconds: Some(900) };
        for (error, status, expected) in [
            (ApiError::Anonymous, 401, Some("Bearer realm=\"hilum\"")),
            (ApiError::Ended, 401, Some("Bearer realm=\"hilum\", error=\"invalid_token\"")),
            (
                ApiError::InsufficientScope("hilum.me"),
                403,
                Some("Bearer realm=\"hilum\", error=\"insufficient_scope\", scope=\"hilum.me\""),
            ),
            (
                ApiError::Weak(strong),
                401,
                Some(
                    "Bearer realm=\"hilum\", error=\"insufficient_user_authentication\", \
                     acr_values=\"urn:hilum:acr:browser-second-factor\", max_age=\"900\"",
                ),
            ),
            (
                ApiError::Weak(Challenge { acr: None, max_age_seconds: Some(900) }),
                401,
                Some(
                    "Bearer realm=\"hilum\", error=\"insufficient_user_authentication\", \
                     max_age=\"900\"",
                ),
            ),
            (ApiError::NotFound, 404, None),
        ] {
            let answer = error.error_response();
            let found = answer.headers().get(WWW_AUTHENTICATE).map(|h| h.to_str().unwrap());
            assert_eq!((answer.status().as_u16(), found), (status, expected), "{error}");
        }
    }
}
