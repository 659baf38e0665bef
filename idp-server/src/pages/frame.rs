//! What all pages share: language, support contact, and the site that asked.

use chrono::{DateTime, Utc};
use url::Url;

use super::assets::ASSETS;
use super::messages::Messages;
use super::moment::Moment;
use super::objection::objection;

/// What every page is given.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub text: &'static Messages,
    pub support: Support<'a>,
}

impl<'a> Frame<'a> {
    /// A frame in the given language with the configured support contact.
    pub fn new(text: &'static Messages, support: Support<'a>) -> Self {
        Self { text, support }
    }

    pub(super) fn stylesheet(&self) -> &'static str {
        &ASSETS.stylesheet.url
    }

    pub(super) fn mark(&self) -> &'static str {
        &ASSETS.mark.url
    }

    pub(super) fn challenge_script(&self) -> &'static str {
        &ASSETS.challenge.url
    }

    pub(super) fn form_post_script(&self) -> &'static str {
        &ASSETS.form_post.url
    }

    pub(super) fn password_hints_script(&self) -> &'static str {
        &ASSETS.password_hints.url
    }

    pub(super) fn passkey_script(&self) -> &'static str {
        &ASSETS.passkey.url
    }

    /// What core objects to a field, in the language of the page.
    pub(super) fn objection(&self, why: &str) -> String {
        objection(self.text, why)
    }

    /// A time, as a `time` element in the language of the page.
    pub(super) fn moment(&self, at: &DateTime<Utc>) -> Moment {
        Moment::new(*at, self.text)
    }
}

/// Whom people call (R2: named on every page).
#[derive(Clone, Copy, Debug)]
pub struct Support<'a> {
    /// As people read it, for instance `1-800-555-0142`.
    pub phone: &'a str,
    pub email: Option<&'a str>,
    /// Where notaries' forms are sent, in one line (R36).
    pub address: &'a str,
}

impl Support<'_> {
    /// The number as a telephone dials it, for a `tel:` link (RFC 3966).
    pub(super) fn dialled(&self) -> String {
        self.phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
    }
}

/// A participating site as pages name it. The addresses are the site's own and untrusted: only
/// web addresses become links.
#[derive(Clone, Copy, Debug)]
pub struct SiteView<'a> {
    pub name: &'a str,
    pub logo_uri: Option<&'a str>,
    pub policy_uri: Option<&'a str>,
    pub tos_uri: Option<&'a str>,
}

impl<'a> SiteView<'a> {
    /// The links to show: text and address.
    pub(super) fn links(&self, text: &'static Messages) -> Vec<(&'static str, &'a str)> {
        [
            (text.site.privacy, self.policy_uri),
            (text.site.terms, self.tos_uri),
            (text.site.logo, self.logo_uri),
        ]
        .into_iter()
        .filter_map(|(label, address)| Some((label, address.filter(|it| is_web_address(it))?)))
        .collect()
    }

    /// The first letter or digit of the name, to stand for the site's logo: our pages load nothing
    /// from elsewhere.
    pub(super) fn initial(&self) -> String {
        let letter = self.name.chars().find(|c| c.is_alphanumeric());
        letter.map(|c| c.to_uppercase().collect()).unwrap_or_default()
    }
}

/// Whether following the address opens a web page, rather than running a script.
fn is_web_address(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "https" | "http"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linked(address: &str) -> bool {
        let site =
            SiteView { name: "Site", logo_uri: None, policy_uri: Some(address), tos_uri: None };
        !site.links(Messages::english()).is_empty()
    }

    #[test]
    fn only_web_addresses_become_links() {
        assert!(linked("https://site.example/privacy"));
        assert!(linked("http://localhost:8091/privacy"));
        for address in ["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "/x", ""]
        {
            assert!(!linked(address), "{address}");
        }
    }

    #[test]
    fn a_support_number_is_dialled_by_its_digits() {
        let support = Support { phone: "+1 (800) 555-0142", email: None, address: "1 Main Street" };
        assert_eq!(support.dialled(), "+18005550142");
    }
}
