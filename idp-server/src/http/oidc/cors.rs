//! Cross-origin requests (Fetch, "CORS protocol").
//!
//! A page may call `/token`, `/userinfo` and `/revoke` only from an origin to which a public client
//! has registered a redirect URI: such a client runs in the browser and has no server that could
//! call in its place (security 2.1). Cookies are never part of it, so no answer allows credentials.

use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
            ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
            ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN, VARY,
        },
    },
    middleware::Next,
    web,
};
use idp_core::community::site::Site;
use url::Url;

use crate::app::App;

/// What a page may send beyond what every page may.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static("Authorization, Content-Type");
/// What a page may read beyond what every page may.
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static("Retry-After, WWW-Authenticate");

/// Answers preflight requests, and opens answers to the origins of public clients.
///
/// # Errors
/// Those of the handler.
pub async fn for_public_clients(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let allowed = allowed_origin(&request);
    let is_preflight = *request.method() == Method::OPTIONS
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut answered = if is_preflight {
        request.into_response(HttpResponse::new(StatusCode::NO_CONTENT))
    } else {
        next.call(request).await?.map_into_boxed_body()
    };
    let headers = answered.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = allowed {
        open_to(origin, is_preflight, headers);
    }
    Ok(answered)
}

fn open_to(origin: HeaderValue, is_preflight: bool, headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if is_preflight {
        headers
            .insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS"));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    } else {
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
    }
}

/// The origin of the request, if it is that of a public client.
fn allowed_origin(request: &ServiceRequest) -> Option<HeaderValue> {
    let origin = request.headers().get(ORIGIN)?;
    let text = origin.to_str().ok()?;
    let app = request.app_data::<web::Data<App>>()?;
    app.sites.all().iter().any(|entry| is_origin_of(&entry.site, text)).then(|| origin.clone())
}

/// Whether `site` is a public client that has registered a redirect URI of this origin.
fn is_origin_of(site: &Site, origin: &str) -> bool {
    let has_origin =
        |uri: &str| Url::parse(uri).is_ok_and(|url| url.origin().ascii_serialization() == origin);
    // A native app's scheme has the opaque origin "null", which any sandboxed page has as well.
    origin != "null"
        && !site.is_confidential()
        && site.client.redirect_uris.iter().any(|uri| has_origin(uri.as_str()))
}

#[cfg(test)]
mod tests {
    use idp_core::community::site_registration::{Circumstances, read};
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_origin_of_a_public_clients_redirect_uri_is_let_in() {
        for (method, origin, expected) in [
            ("none", "https://app.example", true),
            ("none", "https://APP.example", false),
            ("none", "https://app.example:8443", false),
            ("none", "https://app.example.evil.example", false),
            ("none", "http://app.example", false),
            ("none", "null", false),
            ("client_secret_basic", "https://app.example", false),
        ] {
            let document = json!({
                "client_name": "App", "token_endpoint_auth_method": method, "sector": "app",
                "redirect_uris": ["https://app.example/callback", "com.example.app:/callback"],
            });
            let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
            let site = read(&document, circumstances).unwrap().site;
            assert_eq!(is_origin_of(&site, origin), expected, "{method} {origin}");
        }
    }
}
