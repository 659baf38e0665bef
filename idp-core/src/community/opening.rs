//! Where a person opens a site of their own accord, without having been sent by it.

use chrono::{DateTime, Utc};
use url::Url;

use super::site::{Front, GrantType, OidcClient, Site};

/// Where a site is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Nowhere for now: its SAML metadata are past their end.
    Expired,
    /// At Hilum, which begins the sign-on (SAML Profiles §4.1.5).
    Here,
    /// At an address of its own: the one that begins a sign-on (OIDC Core §4), or its home page.
    There(Url),
    /// Its record does not say.
    Unknown,
}

impl Site {
    /// Where a person opens the site at `now`; `None` if it is no site for people, but a program that
    /// signs in by itself. `issuer` is ours, and tells the site who vouches for the person.
    #[must_use]
    pub fn opening(&self, issuer: &str, now: DateTime<Utc>) -> Option<Opening> {
        let home = || self.links.client_uri.clone().map_or(Opening::Unknown, Opening::There);
        match &self.front {
            Front::Oidc(client) if !client.grant_types.contains(&GrantType::AuthorizationCode) => {
                None
            }
            Front::Oidc(client) => Some(login(client, issuer).map_or_else(home, Opening::There)),
            Front::Saml(provider) if !provider.is_current(now) => Some(Opening::Expired),
            Front::Saml(provider) if provider.policy.idp_initiated.is_some() => Some(Opening::Here),
            Front::Saml(_) => Some(home()),
        }
    }
}

fn login(client: &OidcClient, issuer: &str) -> Option<Url> {
    let mut address = client.initiate_login_uri.clone()?;
    address.query_pairs_mut().append_pair("iss", issuer);
    Some(address)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;

    use super::*;
    use crate::{
        community::site_registration::{Circumstances, read, saml},
        saml::{metadata::read as metadata, names::ns, xml::Xml},
    };

    const ISSUER: &str = "https://id.example";

    fn circumstances() -> Circumstances {
        Circumstances { id: [1; 16], secret: [2; 32], demo: false }
    }

    fn there(address: &str) -> Option<Opening> {
        Some(Opening::There(address.parse().unwrap()))
    }

    #[test]
    fn an_oidc_site_opens_where_it_begins_a_sign_on_or_at_its_home_page() {
        let people = json!(["authorization_code"]);
        let machine = json!(["client_credentials"]);
        let login = "https://a.example/login?x=1";
        let begun = "https://a.example/login?x=1&iss=https%3A%2F%2Fid.example";
        for (grants, login, home, expected) in [
            (&people, Some(login), Some("https://a.example/"), there(begun)),
            (&people, None, Some("https://a.example/"), there("https://a.example/")),
            (&people, None, None, Some(Opening::Unknown)),
            (&machine, None, Some("https://a.example/"), None),
        ] {
            let mut document = json!({ "client_name": "A", "grant_types": grants });
            let fields = document.as_object_mut().unwrap();
            if grants == &people {
                fields.insert("redirect_uris".into(), json!(["https://a.example/cb"]));
            } else {
                fields.insert("scope".into(), json!("hie/read"));
                fields.insert("audience".into(), json!("https://hie.example/api"));
            }
            for (name, address) in [("initiate_login_uri", login), ("client_uri", home)] {
                if let Some(address) = address {
                    fields.insert(name.into(), json!(address));
                }
            }
            let site = read(&document, circumstances()).unwrap().site;
            assert_eq!(site.opening(ISSUER, DateTime::UNIX_EPOCH), expected, "{document}");
        }
    }

    #[test]
    fn a_saml_site_opens_here_if_its_record_allows_it_and_its_metadata_still_count() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let text = format!(
            "<EntityDescriptor xmlns=\"{}\" entityID=\"https://a.example/sp\" \
             validUntil=\"2030-01-01T00:00:00Z\"><SPSSODescriptor \
             protocolSupportEnumeration=\"{}\"><AssertionConsumerService index=\"0\" \
             Location=\"https://a.example/acs\" \
             Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"/></SPSSODescriptor>\
             </EntityDescriptor>",
            ns::METADATA,
            ns::PROTOCOL
        );
        let described = metadata::one(&Xml::parse(&text).unwrap(), None, now).unwrap();
        let site = |decisions| saml::read(described.clone(), Some(&decisions), circumstances());
        let late = now + TimeDelta::days(10_000);
        for (decisions, at, expected) in [
            (json!({ "saml": { "idp_initiated": {} } }), now, Opening::Here),
            (json!({ "saml": { "idp_initiated": {} } }), late, Opening::Expired),
            (json!({}), now, Opening::Unknown),
        ] {
            let site = site(decisions.clone()).unwrap();
            assert_eq!(site.opening(ISSUER, at), Some(expected), "{decisions}");
        }
    }
}
