//! How the API says no: a status, a challenge that tells a program what would help, and JSON that tells its
//! developer (RFC 6750 §3, RFC 9470 §3).

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use chrono::TimeDelta;
use serde_json::json;

use crate::token::{NotGood, STRONG};

/// Why a call is not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// No token was sent, so nothing is said about any (RFC 6750 §3.1).
    #[error("this call needs an access token in the Authorization header")]
    Anonymous,
    /// A parameter is wrong.
    #[error("{0}")]
    Malformed(&'static str),
    /// A system that acts for no organization.
    #[error("the token names no organization")]
    NoOrganization,
    /// The token is not good.
    #[error("{0}")]
    NotGood(#[from] NotGood),
    /// It does not open this.
    #[error("this call needs the scope {0}")]
    Scope(&'static str),
    /// Hilum says that it no longer counts.
    #[error("the token was taken back, or what it rests on has ended")]
    TakenBack,
    /// Hilum cannot be asked. Nothing is opened on a guess.
    #[error("the identity provider cannot be asked at the moment")]
    Unreachable,
    /// The person has to prove a second factor first.
    #[error("this report takes a second factor, in a sign-in that is not older than {} minutes", .0.num_minutes())]
    Weak(TimeDelta),
}

impl Refusal {
    const fn code(&self) -> &'static str {
        match self {
            Self::Anonymous => "unauthorized",
            Self::Malformed(_) => "invalid_request",
            Self::NoOrganization | Self::NotGood(_) | Self::TakenBack => "invalid_token",
            Self::Scope(_) => "insufficient_scope",
            Self::Unreachable => "temporarily_unavailable",
            Self::Weak(_) => "insufficient_user_authentication",
        }
    }

    /// What stands in `WWW-Authenticate`.
    fn challenge(&self) -> Option<String> {
        const REALM: &str = "Bearer realm=\"hie\"";
        let named = |more: String| Some(format!("{REALM}, error=\"{}\"{more}", self.code()));
        match self {
            Self::Anonymous => Some(REALM.to_owned()),
            Self::Malformed(_) | Self::Unreachable => None,
            Self::NoOrganization | Self::NotGood(_) | Self::TakenBack => named(String::new()),
            Self::Scope(scope) => named(format!(", scope=\"{scope}\"")),
            Self::Weak(max_age) => {
                let acr = STRONG.first().copied().unwrap_or_default();
                named(format!(", acr_values=\"{acr}\", max_age=\"{}\"", max_age.num_seconds()))
            }
        }
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Scope(_) => StatusCode::FORBIDDEN,
            Self::Unreachable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Anonymous
            | Self::NoOrganization
            | Self::NotGood(_)
            | Self::TakenBack
            | Self::Weak(_) => StatusCode::UNAUTHORIZED,
        }
    }

    fn error_response(&self) -> HttpResponse {
        tracing::info!(reason = %self, "refused");
        let mut answer = HttpResponse::build(self.status_code());
        if let Some(challenge) = self.challenge() {
            answer.insert_header((WWW_AUTHENTICATE, challenge));
        }
        if matches!(self, Self::Unreachable) {
            answer.insert_header((RETRY_AFTER, "2"));
        }
        answer.json(json!({ "error": self.code(), "error_description": self.to_string() }))
    }
}

#[cfg(test)]
mod tests {
    use relying_party_example::jwt::JwtError;

    use super::*;

    #[test]
    fn a_challenge_says_what_would_help() {
        for (refusal, status, expected) in [
            (Refusal::Anonymous, 401, Some("Bearer realm=\"hie\"")),
            (
                Refusal::NotGood(NotGood::Jwt(JwtError::Signature)),
                401,
                Some("Bearer realm=\"hie\", error=\"invalid_token\""),
            ),
            (
                Refusal::Scope("hie/pmp.query"),
                403,
                Some("Bearer realm=\"hie\", error=\"insufficient_scope\", scope=\"hie/pmp.query\""),
            ),
            (
                Refusal::Weak(TimeDelta::minutes(15)),
                401,
                Some(
                    "Bearer realm=\"hie\", error=\"insufficient_user_authentication\", \
                     acr_values=\"urn:hilum:acr:browser-second-factor\", max_age=\"900\"",
                ),
            ),
            (Refusal::Malformed("x"), 400, None),
            (Refusal::Unreachable, 503, None),
        ] {
            let answer = refusal.error_response();
            let found = answer.headers().get(WWW_AUTHENTICATE).map(|text| text.to_str().unwrap());
            assert_eq!((answer.status().as_u16(), found), (status, expected), "{refusal}");
        }
    }
}
