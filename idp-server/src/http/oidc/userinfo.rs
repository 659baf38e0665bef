//! `/userinfo` (OIDC Core §5.3): what a site may know of the person, as of this moment.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE},
    },
    web::{self, Bytes},
};
use idp_core::{
    oidc::{error::ErrorCode, params::Params, scope::Scope},
    release::{Asked, userinfo_claims},
};
use serde_json::{Map, Value};

use super::{
    json::{self, NoStore},
    presented,
};
use crate::{app::App, keys::ring::OwnTokenError, store::StoreError};

/// Why userinfo said no.
#[derive(Debug, thiserror::Error)]
pub enum UserinfoError {
    /// No token was sent, so nothing is said about any (RFC 6750 §3.1).
    #[error("no access token")]
    Anonymous,
    /// The token opens something else.
    #[error("access token for another audience")]
    Audience,
    /// What the token rests on no longer counts.
    #[error("access token of a grant that no longer counts")]
    Ended,
    /// The token does not open userinfo.
    #[error("the access token lacks the scope openid")]
    InsufficientScope,
    /// The token cannot be taken from where it stands.
    #[error("{0}")]
    Malformed(&'static str),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No access token of ours, or expired.
    #[error("access token: {0}")]
    Token(#[from] OwnTokenError),
}

/// `GET /userinfo`. A body is not read.
///
/// # Errors
/// [`UserinfoError`], sent as RFC 6750 §3 has it.
pub async fn get(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<NoStore<Map<String, Value>>, UserinfoError> {
    userinfo(&app.into_inner(), &bearer_token(&request, &Params::default())?).await
}

/// `POST /userinfo`.
///
/// # Errors
/// [`UserinfoError`], sent as RFC 6750 §3 has it.
pub async fn post(
    app: web::Data<App>,
    request: HttpRequest,
    body: Bytes,
) -> Result<NoStore<Map<String, Value>>, UserinfoError> {
    let form = if is_form(&request) { Params::parse(&body) } else { Params::default() };
    userinfo(&app.into_inner(), &bearer_token(&request, &form)?).await
}

async fn userinfo(
    app: &Arc<App>,
    token: &str,
) -> Result<NoStore<Map<String, Value>>, UserinfoError> {
    let now = app.clock.now();
    let claims = presented::access_token(app, token, now)?;
    if !claims.aud.contains(&app.issuer) {
        return Err(UserinfoError::Audience);
    }
    let Some(about) = claims.person else { return Err(UserinfoError::InsufficientScope) };
    let site = claims.client_id.parse().ok().and_then(|id| app.sites.client(&id));
    let site = site.ok_or(UserinfoError::Ended)?;
    let given = presented::still_given(app, &site, about.grant, Some(&claims.scope), now).await?;
    let given = given.ok_or(UserinfoError::Ended)?;
    if !given.scopes.contains(&Scope::OpenId) {
        return Err(UserinfoError::InsufficientScope);
    }
    let asked = Asked { scopes: &given.scopes, names: &given.grant.claims.userinfo };
    Ok(NoStore(userinfo_claims(given.facts(&site), asked, &site.site.release)))
}

/// The one token of a request: in the header or, posted, in the form (RFC 6750 §2). In the address
/// it would stand in the logs of everything on the way, so there it is refused.
fn bearer_token(request: &HttpRequest, form: &Params) -> Result<String, UserinfoError> {
    if Params::parse(request.query_string().as_bytes()).find("access_token").is_some() {
        return Err(UserinfoError::Malformed("the access token does not belong into the address"));
    }
    if form.is_repeated("access_token") {
        return Err(UserinfoError::Malformed("access_token was sent more than once"));
    }
    let in_header = request.headers().get(AUTHORIZATION);
    let in_header = in_header.and_then(|value| value.to_str().ok()).and_then(of_scheme_bearer);
    match (in_header, form.find("access_token")) {
        (Some(_), Some(_)) => {
            Err(UserinfoError::Malformed("the access token was sent in two places"))
        }
        (Some(token), None) | (None, Some(token)) => Ok(token.to_owned()),
        (None, None) => Err(UserinfoError::Anonymous),
    }
}

/// The token of `Bearer …`; the name of the scheme counts in any letter case (RFC 9110 §11.1).
pub fn of_scheme_bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn is_form(request: &HttpRequest) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

impl UserinfoError {
    /// RFC 6750 §3.1. `None`: the bare challenge.
    const fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Anonymous => None,
            Self::Audience | Self::Ended | Self::Token(_) => Some(ErrorCode::InvalidToken),
            Self::InsufficientScope => Some(ErrorCode::InsufficientScope),
            Self::Malformed(_) => Some(ErrorCode::InvalidRequest),
            Self::Store(StoreError::Unavailable) => Some(ErrorCode::TemporarilyUnavailable),
            Self::Store(
                StoreError::Conflict(_) | StoreError::CorruptRow { .. } | StoreError::Database(_),
            ) => Some(ErrorCode::ServerError),
        }
    }
}

impl ResponseError for UserinfoError {
    fn status_code(&self) -> StatusCode {
        self.code().map_or(StatusCode::UNAUTHORIZED, json::status)
    }

    fn error_response(&self) -> HttpResponse {
        const REALM: &str = "Bearer realm=\"hilum\"";
        let Some(code) = self.code() else {
            return json::private(StatusCode::UNAUTHORIZED)
                .insert_header((WWW_AUTHENTICATE, REALM))
                .finish();
        };
        let mut answer = json::error(code, self, "the access token is invalid or has ended");
        if let ErrorCode::InvalidRequest | ErrorCode::InvalidToken | ErrorCode::InsufficientScope =
            code
        {
            let scope =
                if code == ErrorCode::InsufficientScope { ", scope=\"openid\"" } else { "" };
            let challenge = format!("{REALM}, error=\"{}\"{scope}", code.as_str());
            if let Ok(challenge) = challenge.parse() {
                answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            }
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_token_is_taken_from_one_place_and_never_from_the_address() {
        for (address, header, form, expected) in [
            ("/userinfo", Some("Bearer abc"), "", Ok("abc")),
            ("/userinfo", Some("bEARER abc"), "x=1", Ok("abc")),
            ("/userinfo", None, "access_token=abc", Ok("abc")),
            ("/userinfo", None, "", Err(401)),
            ("/userinfo", Some("Basic abc"), "", Err(401)),
            ("/userinfo", Some("Bearer abc"), "access_token=abc", Err(400)),
            ("/userinfo", None, "access_token=abc&access_token=abc", Err(400)),
            ("/userinfo?access_token=abc", None, "", Err(400)),
            ("/userinfo?access_token=abc", Some("Bearer abc"), "", Err(400)),
        ] {
            let mut request = TestRequest::post().uri(address);
            if let Some(header) = header {
                request = request.insert_header((AUTHORIZATION, header));
            }
            let found = bearer_token(&request.to_http_request(), &Params::parse(form.as_bytes()));
            let found = found.map_err(|error| error.status_code().as_u16());
            assert_eq!(found, expected.map(str::to_owned), "{address} {header:?} {form}");
        }
    }

    #[test]
    fn only_a_form_can_carry_a_token() {
        for (kind, expected) in [
            ("application/x-www-form-urlencoded", true),
            ("Application/X-WWW-Form-Urlencoded; charset=UTF-8", true),
            ("application/json", false),
            ("multipart/form-data", false),
        ] {
            let request = TestRequest::post().insert_header((CONTENT_TYPE, kind));
            assert_eq!(is_form(&request.to_http_request()), expected, "{kind}");
        }
    }

    #[test]
    fn each_refusal_is_a_challenge() {
        for (error, status, challenge) in [
            (UserinfoError::Anonymous, 401, "Bearer realm=\"hilum\""),
            (UserinfoError::Ended, 401, "Bearer realm=\"hilum\", error=\"invalid_token\""),
            (UserinfoError::Audience, 401, "Bearer realm=\"hilum\", error=\"invalid_token\""),
            (
                UserinfoError::InsufficientScope,
                403,
                "Bearer realm=\"hilum\", error=\"insufficient_scope\", scope=\"openid\"",
            ),
            (
                UserinfoError::Malformed("twice"),
                400,
                "Bearer realm=\"hilum\", error=\"invalid_request\"",
            ),
        ] {
            let answer = error.error_response();
            assert_eq!(answer.status(), status, "{error}");
            assert_eq!(answer.headers().get(WWW_AUTHENTICATE).unwrap(), challenge, "{error}");
        }
    }
}
