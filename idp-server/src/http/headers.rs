//! The headers that stand on every answer, and the one that a page may widen.

use std::fmt::Write as _;

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use url::{Origin, Url};

const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");

/// Nothing from elsewhere, no inline script or style, no frame around us, forms only to ourselves.
const CLOSED_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
     script-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A year, as ASVS 3.4.1 demands. Other names under ours are for their owners to decide on.
const ONE_YEAR: &str = "max-age=31536000";

/// The content security policy of a page that needs more than the closed one.
///
/// Browsers apply `form-action` to where a form's answer redirects, too. So a page whose form ends
/// at a site has to name that site.
///
/// ```ignore
/// HttpResponse::Ok().insert_header(ContentPolicy::new().form_to(&redirect_uri).header())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ContentPolicy {
    form_targets: Vec<String>,
    images: Vec<String>,
    calls_home: bool,
}

impl ContentPolicy {
    /// The closed policy.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A form of the page may end at this address.
    #[must_use]
    pub fn form_to(mut self, target: &Url) -> Self {
        self.form_targets.push(source(target));
        self
    }

    /// A form of the page is answered by ourselves and may lead on to this address, from where the
    /// site may redirect wherever it likes: browsers hold the whole chain to `form-action`, and many
    /// sites receive the answer at one host and work at another. So for `https` the host is open.
    #[must_use]
    pub fn form_leads_to(mut self, target: &Url) -> Self {
        let is_https = target.scheme() == "https";
        self.form_targets.push(if is_https { "https:".to_owned() } else { source(target) });
        self
    }

    /// The page may show this picture, for instance a site's logo.
    #[must_use]
    pub fn image_from(mut self, picture: &Url) -> Self {
        self.images.push(source(picture));
        self
    }

    /// A script of the page may call us.
    #[must_use]
    pub fn calls_home(mut self) -> Self {
        self.calls_home = true;
        self
    }

    /// The header to insert into the answer.
    #[must_use]
    pub fn header(&self) -> (HeaderName, HeaderValue) {
        let mut policy = String::from("default-src 'none'; style-src 'self'; script-src 'self'");
        for (directive, sources) in [("img-src", &self.images), ("form-action", &self.form_targets)]
        {
            // Writing to a String cannot fail.
            let _ = write!(policy, "; {directive} 'self'");
            for source in sources {
                let _ = write!(policy, " {source}");
            }
        }
        if self.calls_home {
            policy.push_str("; connect-src 'self'");
        }
        policy.push_str("; frame-ancestors 'none'; base-uri 'none'");
        let value = HeaderValue::from_str(&policy)
            .unwrap_or_else(|_| HeaderValue::from_static(CLOSED_POLICY));
        (CONTENT_SECURITY_POLICY, value)
    }
}

/// An address as a source of the policy: its origin, or the scheme of a native application. Both
/// are plain ASCII without a blank or a semicolon, so that no address can add a directive.
fn source(url: &Url) -> String {
    match url.origin() {
        origin @ Origin::Tuple(..) => origin.ascii_serialization(),
        Origin::Opaque(_) => format!("{}:", url.scheme()),
    }
}

/// Completes the headers of an answer. What a handler has set itself stays, where it may differ.
pub(super) fn complete(headers: &mut HeaderMap, is_https: bool) {
    let or = |headers: &mut HeaderMap, name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    or(headers, CONTENT_SECURITY_POLICY, CLOSED_POLICY);
    or(headers, CACHE_CONTROL, "no-store");
    or(headers, CORP, "same-origin");
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (COOP, "same-origin"),
        (PERMISSIONS, "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(ONE_YEAR));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_send_its_form_to_a_site_and_nowhere_else() {
        let site = Url::parse("https://site.example:8443/callback?x=1;script-src%20*").unwrap();
        let native = Url::parse("com.example.app:/callback").unwrap();
        let logo = Url::parse("https://cdn.example/logo.svg").unwrap();
        let policy = ContentPolicy::new().form_to(&site).form_to(&native).image_from(&logo);
        let (_, value) = policy.header();
        assert_eq!(
            value,
            "default-src 'none'; style-src 'self'; script-src 'self'; \
             img-src 'self' https://cdn.example; \
             form-action 'self' https://site.example:8443 com.example.app:; \
             frame-ancestors 'none'; base-uri 'none'"
        );
    }

    #[test]
    fn a_handler_keeps_its_policy_and_its_caching_but_not_its_frames() {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("ALLOWALL"));
        complete(&mut headers, false);
        assert_eq!(headers.get(CACHE_CONTROL).unwrap(), "public, max-age=60");
        assert_eq!(headers.get(X_FRAME_OPTIONS).unwrap(), "DENY");
        assert_eq!(headers.get(CONTENT_SECURITY_POLICY).unwrap(), CLOSED_POLICY);
        assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY));
    }

    #[test]
    fn an_https_origin_is_remembered_for_a_year() {
        let mut headers = HeaderMap::new();
        complete(&mut headers, true);
        assert_eq!(headers.get(STRICT_TRANSPORT_SECURITY).unwrap(), ONE_YEAR);
        assert_eq!(headers.get(CACHE_CONTROL).unwrap(), "no-store");
    }
}
