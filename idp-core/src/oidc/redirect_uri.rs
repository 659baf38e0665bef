//! Redirect URIs: compared to the octet (RFC 9700 §2.1, §4.1.3).
//!
//! An answer needs a [`RegisteredRedirectUri`], and only a site's own record can make one: an
//! address from a request can never become a destination.

use serde::{Deserialize, Serialize};
use url::Url;

/// An address that a site may register for answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RedirectUri(String);

/// Why an address may not be registered (RFC 7591 §3.2.2 `invalid_redirect_uri`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRedirectUri {
    /// It has a fragment.
    #[error("a redirect URI has no fragment (#…)")]
    Fragment,
    /// It is no absolute address.
    #[error("a redirect URI is an absolute address, for instance https://site.example/callback")]
    NotAbsolute,
    /// It names a plain-http host other than the loopback.
    #[error("a redirect URI uses https; plain http is for localhost only")]
    PlainHttp,
    /// Its scheme runs or embeds something.
    #[error("a redirect URI uses https, or a private scheme such as com.example.app:/callback")]
    Scheme,
    /// It has user, password, blanks or control characters.
    #[error("a redirect URI has no user, password, blanks or control characters")]
    Unclean,
    /// It has a wildcard.
    #[error("a redirect URI is compared letter by letter and cannot have a wildcard (*)")]
    Wildcard,
}

impl RedirectUri {
    /// The registered octets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the loopback address of a native app, whose port may vary (RFC 8252 §7.3).
    fn loopback_with_any_port(&self) -> Option<Url> {
        let url = Url::parse(&self.0).ok()?;
        let numeric = matches!(url.host_str(), Some("127.0.0.1" | "[::1]"));
        (url.scheme() == "http" && numeric && url.port().is_none()).then_some(url)
    }

    /// Whether `requested` is this address.
    fn admits(&self, requested: &str) -> bool {
        if self.0 == requested {
            return true;
        }
        let (Some(own), Ok(mut asked)) = (self.loopback_with_any_port(), Url::parse(requested))
        else {
            return false;
        };
        // The parser must not have tidied anything up: apart from the port, octets count.
        let port = asked.port().map_or_else(String::new, |port| format!(":{port}"));
        let untouched = requested == asked.as_str();
        let authority = format!("{}{port}", own.host_str().unwrap_or_default());
        let same_start =
            requested.strip_prefix("http://").is_some_and(|rest| rest.starts_with(&authority));
        untouched && same_start && asked.set_port(None).is_ok() && asked == own
    }
}

impl std::str::FromStr for RedirectUri {
    type Err = InvalidRedirectUri;

    fn from_str(text: &str) -> Result<Self, InvalidRedirectUri> {
        if text.contains('*') {
            return Err(InvalidRedirectUri::Wildcard);
        }
        if text.contains('#') {
            return Err(InvalidRedirectUri::Fragment);
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) || text.contains('\\') {
            return Err(InvalidRedirectUri::Unclean);
        }
        let url = Url::parse(text).map_err(|_| InvalidRedirectUri::NotAbsolute)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidRedirectUri::Unclean);
        }
        let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        match url.scheme() {
            "https" if url.has_host() => {}
            "http" if loopback => {}
            "http" => return Err(InvalidRedirectUri::PlainHttp),
            // A native app's scheme is a domain name read backwards (RFC 8252 §7.1).
            private if private.contains('.') => {}
            _ => return Err(InvalidRedirectUri::Scheme),
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for RedirectUri {
    type Error = InvalidRedirectUri;

    fn try_from(text: String) -> Result<Self, InvalidRedirectUri> {
        text.parse()
    }
}

impl From<RedirectUri> for String {
    fn from(uri: RedirectUri) -> Self {
        uri.0
    }
}

/// A destination that a site registered. Only [`registered`] makes one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredRedirectUri(String);

impl RegisteredRedirectUri {
    /// The address as the request spelt it, which is how it was registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address with `parameters` added to its query; a registered query is kept
    /// (RFC 6749 §3.1.2).
    #[must_use]
    pub fn with_query(&self, parameters: &[(&str, &str)]) -> String {
        let mut encoded = url::form_urlencoded::Serializer::new(String::new());
        encoded.extend_pairs(parameters);
        let joint = match self.0.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        format!("{}{joint}{}", self.0, encoded.finish())
    }
}

/// The destination that `requested` names among `known`, if it is one of them.
#[must_use]
pub fn registered(known: &[RedirectUri], requested: &str) -> Option<RegisteredRedirectUri> {
    let admitted = known.iter().any(|uri| uri.admits(requested));
    admitted.then(|| RegisteredRedirectUri(requested.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_differs_if_any_octet_does() {
        let known: Vec<RedirectUri> = ["https://site.example/cb?a=1", "http://127.0.0.1/app"]
            .map(|text| text.parse().unwrap())
            .into();
        for (requested, expected) in [
            ("https://site.example/cb?a=1", true),
            ("https://site.example/cb", false),
            ("https://site.example/cb?a=1&b=2", false),
            ("https://site.example/cb/?a=1", false),
            ("https://site.example/CB?a=1", false),
            ("https://SITE.example/cb?a=1", false),
            ("https://site.example:443/cb?a=1", false),
            ("https://site.example/%63b?a=1", false),
            ("https://site.example/x/../cb?a=1", false),
            ("https://site.example/cb?a=1#f", false),
            ("https://user@site.example/cb?a=1", false),
            ("http://site.example/cb?a=1", false),
            ("http://127.0.0.1/app", true),
            ("http://127.0.0.1:51004/app", true),
            ("http://127.0.0.1:51004/other", false),
            ("http://127.0.0.1:51004/app?x=1", false),
            ("http://127.1:51004/app", false),
            ("http://localhost:51004/app", false),
            ("http://127.0.0.1:51004/./app", false),
            ("", false),
        ] {
            assert_eq!(registered(&known, requested).is_some(), expected, "{requested}");
        }
    }

    #[test]
    fn a_dangerous_address_cannot_be_registered() {
        use InvalidRedirectUri as E;
        for (text, expected) in [
            ("https://site.example/cb", Ok(())),
            ("http://localhost:8091/callback", Ok(())),
            ("com.example.app:/cb", Ok(())),
            ("https://*.site.example/cb", Err(E::Wildcard)),
            ("https://site.example/cb#x", Err(E::Fragment)),
            ("http://site.example/cb", Err(E::PlainHttp)),
            ("JavaScript:alert(1)", Err(E::Scheme)),
            ("data:text/html,x", Err(E::Scheme)),
            ("DATA:text/html,x", Err(E::Scheme)),
            ("vbscript:x", Err(E::Scheme)),
            ("/callback", Err(E::NotAbsolute)),
            ("https://u:p@site.example/cb", Err(E::Unclean)),
            ("https://site.example\\@evil.example/cb", Err(E::Unclean)),
            ("https://site.example/c b", Err(E::Unclean)),
        ] {
            assert_eq!(text.parse::<RedirectUri>().map(|_| ()), expected, "{text}");
        }
    }

    #[test]
    fn a_registered_query_is_kept() {
        let with = |text: &str| {
            registered(&[text.parse().unwrap()], text)
                .unwrap()
                .with_query(&[("code", "a b"), ("state", "&=")])
        };
        assert_eq!(with("https://s.example/cb"), "https://s.example/cb?code=a+b&state=%26%3D");
        assert_eq!(
            with("https://s.example/cb?x=1"),
            "https://s.example/cb?x=1&code=a+b&state=%26%3D"
        );
    }

    proptest! {
        #[test]
        fn nothing_but_the_registered_address_is_a_destination(requested in "https://site\\.example/[a-z?=#%./]{0,12}") {
            let known: RedirectUri = "https://site.example/cb".parse().unwrap();
            prop_assert_eq!(registered(std::slice::from_ref(&known), &requested).is_some(), requested == known.as_str());
        }
    }
}
