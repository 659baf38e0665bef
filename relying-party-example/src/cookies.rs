//! The cookies of a site: each leads to what the site remembers, and says nothing itself.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite},
};

/// The cookies of one site.
///
/// Each holds a random value and nothing else. Cookies do not keep ports apart, so two sites on `localhost` need
/// two names; on https the prefix `__Host-` keeps neighbours from planting one (RFC 6265bis §4.1.3.2).
#[derive(Clone, Debug)]
pub struct CookieJar {
    prefix: String,
    is_https: bool,
}

impl CookieJar {
    /// The cookies of the site at `origin`, whose names begin with `name`.
    #[must_use]
    pub fn new(name: &str, origin: &str) -> Self {
        let is_https = origin.starts_with("https:");
        let host = if is_https { "__Host-" } else { "" };
        Self { prefix: format!("{host}{name}"), is_https }
    }

    /// The value of a cookie that the browser sent.
    #[must_use]
    pub fn read(&self, request: &HttpRequest, kind: CookieKind) -> Option<String> {
        request.cookie(&self.name(kind)).map(|cookie| cookie.value().to_owned())
    }

    /// A cookie to send. Without a lifetime, it goes when the browser closes.
    #[must_use]
    pub fn write(&self, kind: CookieKind, value: String) -> Cookie<'static> {
        // Lax, because the way back from Hilum is a navigation from another site.
        Cookie::build(self.name(kind), value)
            .path("/")
            .http_only(true)
            .secure(self.is_https)
            .same_site(SameSite::Lax)
            .finish()
    }

    /// A cookie that takes the browser's away.
    #[must_use]
    pub fn clear(&self, kind: CookieKind) -> Cookie<'static> {
        let mut cookie = self.write(kind, String::new());
        cookie.make_removal();
        cookie
    }

    fn name(&self, kind: CookieKind) -> String {
        let suffix = match kind {
            CookieKind::Browser => "browser",
            CookieKind::Playground => "playground",
            CookieKind::Session => "session",
        };
        format!("{}-{suffix}", self.prefix)
    }
}

/// What a cookie is for.
#[derive(Clone, Copy, Debug)]
pub enum CookieKind {
    /// Ties a sign-in that is on its way to the browser that began it.
    Browser,
    /// Leads to the tokens in the playground.
    Playground,
    /// Leads to the session.
    Session,
}
