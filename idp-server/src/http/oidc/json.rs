//! What OAuth endpoints answer: JSON that nobody may keep (RFC 6749 §5.1, §5.2).

use std::error::Error;

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder, Responder,
    body::BoxBody,
    http::{
        StatusCode,
        header::{ALLOW, CACHE_CONTROL, PRAGMA, RETRY_AFTER},
    },
};
use idp_core::oidc::error::ErrorCode;
use serde::Serialize;

use crate::random::Random;

/// An answer in JSON that no cache may keep. The headers live here, not in a handler's memory.
pub struct NoStore<T>(pub T);

impl<T: Serialize> Responder for NoStore<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        private(StatusCode::OK).json(self.0)
    }
}

/// The body of an error (RFC 6749 §5.2).
#[derive(Serialize)]
struct ErrorBody {
    error: &'static str,
    error_description: String,
}

/// The beginning of an answer that no cache may keep.
pub fn private(status: StatusCode) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    answer.insert_header((CACHE_CONTROL, "no-store")).insert_header((PRAGMA, "no-cache"));
    answer
}

/// The answer that says `code`, with a description for the site's developer.
pub fn refuse(code: ErrorCode, description: &str) -> HttpResponse {
    refuse_with(&mut private(status(code)), code, description)
}

/// The same where the headers say more than that.
pub fn refuse_with(
    answer: &mut HttpResponseBuilder,
    code: ErrorCode,
    description: &str,
) -> HttpResponse {
    let error_description = description.chars().filter(|c| is_describable(*c)).collect();
    answer.json(ErrorBody { error: code.as_str(), error_description })
}

/// The status of an answer that says `code`.
pub fn status(code: ErrorCode) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The answer to `error`, which goes by `code`; `vague` stands in place of its text where that
/// would tell a site whether a code or token exists.
pub fn error(code: ErrorCode, error: &dyn Error, vague: &str) -> HttpResponse {
    match code {
        ErrorCode::ServerError => unexpected(error),
        ErrorCode::TemporarilyUnavailable => unavailable(error),
        ErrorCode::InvalidGrant | ErrorCode::InvalidToken => {
            tracing::info!(reason = %error, code = code.as_str(), "refused");
            refuse(code, vague)
        }
        ErrorCode::AccessDenied
        | ErrorCode::AccountSelectionRequired
        | ErrorCode::InsufficientScope
        | ErrorCode::InsufficientUserAuthentication
        | ErrorCode::InteractionRequired
        | ErrorCode::InvalidClient
        | ErrorCode::InvalidRequest
        | ErrorCode::InvalidScope
        | ErrorCode::LoginRequired
        | ErrorCode::RegistrationNotSupported
        | ErrorCode::RequestNotSupported
        | ErrorCode::RequestUriNotSupported
        | ErrorCode::UnauthorizedClient
        | ErrorCode::UnmetAuthenticationRequirements
        | ErrorCode::UnsupportedGrantType
        | ErrorCode::UnsupportedResponseType
        | ErrorCode::UnsupportedTokenType => {
            tracing::info!(reason = %error, code = code.as_str(), "refused");
            refuse(code, &error.to_string())
        }
    }
}

/// The answer to what should never happen: a reference number here, and the cause beside the same
/// number in our log.
pub fn unexpected(cause: &dyn Error) -> HttpResponse {
    let reference = Random::new().reference();
    tracing::error!(reference, cause = %cause, "request failed");
    refuse(ErrorCode::ServerError, &format!("unexpected error, reference {reference}"))
}

/// The answer while something that we need is away.
pub fn unavailable(cause: &dyn Error) -> HttpResponse {
    tracing::warn!(cause = %cause, "a request could not be answered");
    let code = ErrorCode::TemporarilyUnavailable;
    let mut answer = private(status(code));
    answer.insert_header((RETRY_AFTER, "2"));
    refuse_with(&mut answer, code, "out of service for a moment, try again")
}

/// The answer to any other method, where only POST is understood.
pub async fn only_post() -> HttpResponse {
    let mut answer = private(StatusCode::METHOD_NOT_ALLOWED);
    answer.insert_header((ALLOW, "POST"));
    refuse_with(
        &mut answer,
        ErrorCode::InvalidRequest,
        "use POST, and send what there is to say in the body",
    )
}

/// What may stand in an `error_description` (RFC 6749 §5.2): ASCII without `"` and `\`.
const fn is_describable(c: char) -> bool {
    matches!(c, ' '..='~') && !matches!(c, '"' | '\\')
}

#[cfg(test)]
mod tests {
    use actix_web::body::MessageBody as _;

    use super::*;

    #[test]
    fn an_error_is_never_kept_and_its_description_is_plain_ascii() {
        let answer = refuse(ErrorCode::InvalidGrant, "no \"such\" c\u{f3}de\\\r\n");
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.headers().get(CACHE_CONTROL).unwrap(), "no-store");
        let body = answer.into_body().try_into_bytes().unwrap();
        assert_eq!(body, r#"{"error":"invalid_grant","error_description":"no such cde"}"#);
    }
}
