//! What Hilum says about itself: discovery (OIDC Discovery §4, RFC 8414 §3), the key set and the
//! catalogue of roles.
//!
//! Every site reads these, some at each sign-on. So the octets are ready before the first request
//! comes, and a request only picks them up.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    web::{self, Bytes},
};
use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use idp_core::{community::role, oidc::discovery};
use serde_json::Value;

use crate::{app::App, keys::jwks::JWKS_MAX_AGE};

/// How long discovery and the roles may be kept, in seconds: they change with a new release.
const DOCUMENT_MAX_AGE: u32 = 3600;

/// The documents that do not change while the process lives.
pub struct Metadata {
    discovery: Document,
    roles: Document,
}

/// A JSON document, ready to be sent.
struct Document {
    body: Bytes,
    etag: String,
}

impl Metadata {
    /// The documents of this issuer.
    #[must_use]
    pub fn of(issuer: &str) -> Self {
        Self {
            discovery: Document::of(&discovery::document(issuer)),
            roles: Document::of(&role::catalogue_document()),
        }
    }
}

impl Document {
    fn of(json: &Value) -> Self {
        let body = json.to_string();
        let hash = digest::digest(&digest::SHA256, body.as_bytes());
        let (short, _) = hash.as_ref().split_at(12);
        Self { etag: format!("\"{}\"", URL_SAFE_NO_PAD.encode(short)), body: body.into() }
    }
}

/// `GET /.well-known/openid-configuration` and `GET /.well-known/oauth-authorization-server`.
pub async fn discovery(request: HttpRequest, app: web::Data<App>) -> HttpResponse {
    let Document { body, etag } = &app.metadata.discovery;
    answer(&request, body, etag, DOCUMENT_MAX_AGE, "application/json")
}

/// `GET /.well-known/hilum-roles`: the role catalogue (domain section 5).
pub async fn roles(request: HttpRequest, app: web::Data<App>) -> HttpResponse {
    let Document { body, etag } = &app.metadata.roles;
    answer(&request, body, etag, DOCUMENT_MAX_AGE, "application/json")
}

/// `GET /jwks`: the public keys (RFC 7517 §5, RFC 7517 §8.5.2 for the media type).
pub async fn jwks(request: HttpRequest, app: web::Data<App>) -> HttpResponse {
    let jwks = app.ring.jwks();
    answer(&request, &jwks.body, &jwks.etag, JWKS_MAX_AGE, "application/jwk-set+json")
}

/// The document, or 304 to somebody who has it. Pages of any origin may read it: it is public.
fn answer(
    request: &HttpRequest,
    body: &Bytes,
    etag: &str,
    max_age: u32,
    media_type: &'static str,
) -> HttpResponse {
    let status = if has_it(request, etag) { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let mut answer = HttpResponse::build(status);
    answer
        .insert_header((ETAG, etag))
        .insert_header((CACHE_CONTROL, format!("public, max-age={max_age}")))
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    if status == StatusCode::NOT_MODIFIED {
        return answer.finish();
    }
    answer.insert_header((CONTENT_TYPE, media_type)).body(body.clone())
}

/// Whether `If-None-Match` names this document (RFC 9110 §13.1.2).
fn has_it(request: &HttpRequest, etag: &str) -> bool {
    let lines = request.headers().get_all(IF_NONE_MATCH).filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[cfg(test)]
mod tests {
    use actix_web::{body::MessageBody as _, test::TestRequest};

    use super::*;

    const ISSUER: &str = "https://id.example";

    #[test]
    fn who_has_the_document_is_not_sent_it_again() {
        let Metadata { discovery: Document { body, etag }, .. } = Metadata::of(ISSUER);
        for (header, expected) in [
            (String::new(), 200),
            (etag.clone(), 304),
            (format!("W/{etag}"), 304),
            (format!("\"other\", {etag}"), 304),
            ("*".to_owned(), 304),
            ("\"other\"".to_owned(), 200),
        ] {
            let request = TestRequest::get().insert_header((IF_NONE_MATCH, header.clone()));
            let answer = answer(&request.to_http_request(), &body, &etag, 60, "application/json");
            assert_eq!(answer.status(), expected, "{header}");
            assert_eq!(answer.headers().get(ETAG).unwrap(), etag.as_str());
            assert_eq!(answer.headers().get(CACHE_CONTROL).unwrap(), "public, max-age=60");
            let sent = answer.into_body().try_into_bytes().unwrap();
            assert_eq!(sent.is_empty(), expected == 304, "{header}");
        }
    }

    #[test]
    fn a_document_has_the_same_etag_on_every_node() {
        let (one, other) = (Metadata::of(ISSUER), Metadata::of(ISSUER));
        assert_eq!(one.discovery.etag, other.discovery.etag);
        assert_ne!(one.discovery.etag, one.roles.etag);
        assert_ne!(one.discovery.etag, Metadata::of("https://other.example").discovery.etag);
    }
}
