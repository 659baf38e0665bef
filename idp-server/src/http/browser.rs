//! The browser at the other end: its cookies and the tokens in our forms.
//!
//! One cookie binds a sign-on in progress and every form to the browser that began it; one is the
//! session; one, where people wished it, stands in for their second factor. All hold random secrets
//! and nothing else.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time},
    http::header,
};
use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use idp_core::{
    authentication::remembered_browser::REMEMBERED_FOR,
    secret::{Secret, SecretDigest},
};

use crate::{app::App, keys::sub_keys::SubKey};

/// The session. `__Host-`: only over TLS (or this machine), only this host, the whole host.
const SESSION: &str = "__Host-hilum-session";
/// The browser.
const BROWSER: &str = "__Host-hilum-browser";
/// The browser that is remembered, for whomever it is.
const REMEMBERED: &str = "__Host-hilum-remembered";
/// The browser as its people know it, so that a sign-in with another one can be told to them.
const KNOWN: &str = "__Host-hilum-known";
/// The browser that goes round the sites of an ended session.
const ROUND: &str = "__Host-hilum-round";
/// What a cookie of ours looks like: 256 random bits.
const SECRET_LENGTH: usize = 43;

/// The digest of the session cookie, if the browser sent one that could be ours.
pub fn session_digest(request: &HttpRequest) -> Option<SecretDigest> {
    secret(request, SESSION).map(|secret| secret.digest())
}

/// What names this browser, if it has been named.
pub fn browser_secret(request: &HttpRequest) -> Option<Secret> {
    secret(request, BROWSER)
}

/// What a remembered browser brings with it.
pub fn remembered_secret(request: &HttpRequest) -> Option<Secret> {
    secret(request, REMEMBERED)
}

/// Reads the cookie by itself. Programs on neighbouring hosts set cookies for us as well, and one
/// that is malformed must not take ours from sight, as it does in the framework's reader.
fn secret(request: &HttpRequest, name: &str) -> Option<Secret> {
    let lines = request.headers().get_all(header::COOKIE);
    let mut cookies = lines.flat_map(|line| line.as_bytes().split(|octet| *octet == b';'));
    let value = cookies
        .find_map(|cookie| cookie.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    let value = std::str::from_utf8(value).ok()?;
    (value.len() == SECRET_LENGTH).then(|| Secret::received(value))
}

/// Names the browser.
pub fn browser_cookie(secret: &Secret) -> Cookie<'static> {
    cookie(BROWSER, secret.expose().to_owned())
}

/// What people know the browser by, if it has signed somebody in.
pub fn known_secret(request: &HttpRequest) -> Option<Secret> {
    secret(request, KNOWN)
}

/// Makes the browser known beyond its closing, for as long as browsers keep a cookie.
pub fn known_cookie(secret: &Secret) -> Cookie<'static> {
    let mut cookie = cookie(KNOWN, secret.expose().to_owned());
    cookie.set_max_age(time::Duration::days(400));
    cookie
}

/// What shows that this browser goes round.
pub fn round_secret(request: &HttpRequest) -> Option<Secret> {
    secret(request, ROUND)
}

/// Lets this browser go round, and no other. It has a name of its own: a form from another site
/// brings no cookie of ours, and the browser's name may be taken by a sign-on in another tab.
pub fn round_cookie(secret: &Secret) -> Cookie<'static> {
    cookie(ROUND, secret.expose().to_owned())
}

/// Begins or renews the session.
pub fn session_cookie(secret: &Secret) -> Cookie<'static> {
    cookie(SESSION, secret.expose().to_owned())
}

/// Remembers the browser beyond its closing, unlike every other cookie of ours.
pub fn remembered_cookie(secret: &Secret) -> Cookie<'static> {
    let mut cookie = cookie(REMEMBERED, secret.expose().to_owned());
    cookie.set_max_age(time::Duration::days(REMEMBERED_FOR.num_days()));
    cookie
}

/// Takes the session cookie away.
pub fn no_session() -> Cookie<'static> {
    let mut cookie = cookie(SESSION, String::new());
    cookie.make_removal();
    cookie
}

/// Security 19.1. No `Max-Age`: it goes with the browser (R65).
fn cookie(name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .finish()
}

/// What ties a form to a browser and to what it is for, so that no other site and no other
/// browser can send it (security 15.1).
pub fn form_token(key: &SubKey, browser: &Secret, purpose: &str) -> String {
    URL_SAFE_NO_PAD.encode(hmac::sign(&hmac_key(key), &message(browser, purpose)))
}

fn hmac_key(key: &SubKey) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key.expose())
}

fn message(browser: &Secret, purpose: &str) -> Vec<u8> {
    // A cookie of ours has a fixed length, so the border is always at the same place.
    [browser.expose().as_bytes(), purpose.as_bytes()].concat()
}

/// Whether a form that was posted for `purpose` came from our own page in this browser.
pub fn form_is_ours(app: &App, request: &HttpRequest, token: Option<&str>, purpose: &str) -> bool {
    let (Some(browser), Some(token)) = (browser_secret(request), token) else { return false };
    let Ok(tag) = URL_SAFE_NO_PAD.decode(token) else { return false };
    let key = hmac_key(&app.sub_keys.form_token);
    comes_from_here(app, request) && hmac::verify(&key, &message(&browser, purpose), &tag).is_ok()
}

/// Whether the browser says that the request comes from our own page. One that says nothing is
/// judged by the form token alone. `Origin: null` says nothing: our own pages send it, because
/// they carry `Referrer-Policy: no-referrer` (Fetch, "append a request `Origin` header").
fn comes_from_here(app: &App, request: &HttpRequest) -> bool {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let from_page =
        text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    let origin = text(header::ORIGIN.as_str());
    from_page && origin.is_none_or(|origin| origin == "null" || origin == app.issuer)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_neighbours_malformed_cookie_does_not_hide_ours() {
        let ours = "v".repeat(SECRET_LENGTH);
        for (line, found) in [
            (format!("{SESSION}={ours}"), true),
            (format!("nameless; {SESSION}={ours}"), true),
            (format!("other=%ff\u{f1}; a=b;{SESSION}={ours} ; =x"), true),
            (format!("x{SESSION}={ours}"), false),
            (format!("{SESSION}x={ours}"), false),
            (format!("other={SESSION}={ours}"), false),
            (format!("{SESSION}={ours}v"), false),
            (format!("{SESSION}="), false),
        ] {
            let line = header::HeaderValue::from_bytes(line.as_bytes()).unwrap();
            let request =
                TestRequest::get().append_header((header::COOKIE, line)).to_http_request();
            assert_eq!(session_digest(&request).is_some(), found, "{request:?}");
        }
    }
}
