//! Resource servers: sites whose API takes Hilum's access tokens (RFC 6749 §1.1, RFC 9068), and what
//! a system is given for them (R83; domain 3.5).
//!
//! A token is for one API: whoever receives it could use it at any other that it names. So the scopes
//! of a token belong to one resource server, and that one is its `aud`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::oidc::scope::Scope;

/// The API of a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct ResourceServer {
    /// Its name in `aud`: an absolute URI without a fragment (RFC 8707 §2), compared to the octet.
    pub resource: String,
    /// The scopes that an organization's systems may have there.
    pub system_scopes: BTreeSet<Scope>,
}

/// As it is registered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    resource: String,
    #[serde(default)]
    system_scopes: BTreeSet<Scope>,
}

/// Why something is no resource server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidResourceServer {
    /// It has no name that a token could carry.
    #[error("resource is an absolute address without a fragment, such as https://hie.example/api")]
    Resource,
    /// One of the scopes is about a person.
    #[error("system_scopes are the API's own, such as hie/pmp.query: {0} is about a person")]
    Scope(Scope),
}

impl TryFrom<Unchecked> for ResourceServer {
    type Error = InvalidResourceServer;

    fn try_from(unchecked: Unchecked) -> Result<Self, InvalidResourceServer> {
        let Unchecked { resource, system_scopes } = unchecked;
        let url = Url::parse(&resource).map_err(|_| InvalidResourceServer::Resource)?;
        if url.fragment().is_some() || url.cannot_be_a_base() {
            return Err(InvalidResourceServer::Resource);
        }
        let about_a_person =
            Scope::STANDARD.into_iter().find(|scope| system_scopes.contains(scope));
        if let Some(scope) = about_a_person {
            return Err(InvalidResourceServer::Scope(scope));
        }
        Ok(Self { resource, system_scopes })
    }
}

/// Why a system is given nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NothingToGive {
    /// None of the scopes is its own and offered.
    #[error("none of the scopes may be granted to this client")]
    NoScope,
    /// The scopes belong to more than one API.
    #[error("the scopes belong to different resource servers: ask for a token for each")]
    SeveralResources,
}

/// Every scope that a system may be registered for.
#[must_use]
pub fn offered<'a>(servers: impl IntoIterator<Item = &'a ResourceServer>) -> BTreeSet<String> {
    let scopes = servers.into_iter().flat_map(|server| &server.system_scopes);
    scopes.map(|scope| scope.as_str().to_owned()).collect()
}

/// What a system gets that asks for `requested` (nothing said: for all that it has) and was registered
/// for `own`: the scopes, and the one resource that they belong to.
///
/// As for sites, a scope that is not to be had is dropped, and `scope` shows it; one that is about a
/// person is refused, since whoever asks has mixed up two ways of asking.
///
/// # Errors
/// [`NothingToGive`].
pub fn for_system<'a>(
    servers: impl IntoIterator<Item = &'a ResourceServer>,
    own: &BTreeSet<String>,
    requested: Option<&BTreeSet<Scope>>,
) -> Result<(&'a str, BTreeSet<Scope>), NothingToGive> {
    let is_about_a_person = |scope: &Scope| !matches!(scope, Scope::Other(_));
    if requested.is_some_and(|requested| requested.iter().any(is_about_a_person)) {
        return Err(NothingToGive::NoScope);
    }
    let wanted = |scope: &&Scope| {
        own.contains(scope.as_str()) && requested.is_none_or(|requested| requested.contains(scope))
    };
    let (mut resource, mut granted) = (None, BTreeSet::new());
    for server in servers {
        let here: BTreeSet<Scope> = server.system_scopes.iter().filter(wanted).cloned().collect();
        if here.is_empty() {
            continue;
        }
        if resource.is_some_and(|known| known != server.resource) {
            return Err(NothingToGive::SeveralResources);
        }
        resource = Some(server.resource.as_str());
        granted.extend(here);
    }
    resource.map(|resource| (resource, granted)).ok_or(NothingToGive::NoScope)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::oidc::scope::{parse_list, to_list};

    fn server(resource: &str, scopes: &str) -> ResourceServer {
        let scopes: Vec<&str> = scopes.split(' ').collect();
        let document = json!({ "resource": resource, "system_scopes": scopes });
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn a_resource_server_has_an_absolute_name_and_scopes_of_its_own() {
        for (document, expected) in [
            (json!({"resource": "https://hie.example/api"}), ""),
            (json!({"resource": "https://hie.example", "system_scopes": ["hie/pmp.query"]}), ""),
            (json!({"resource": "hie"}), "absolute address"),
            (json!({"resource": "urn:hie"}), "absolute address"),
            (json!({"resource": "https://hie.example/api#x"}), "absolute address"),
            (
                json!({"resource": "https://a.example", "system_scopes": ["email"]}),
                "email is about",
            ),
            (json!({"resource": "https://a.example", "scopes": []}), "unknown field"),
            (json!({}), "missing field"),
        ] {
            let found = serde_json::from_value::<ResourceServer>(document.clone());
            let found = found.err().map(|error| error.to_string()).unwrap_or_default();
            assert_eq!(found.is_empty(), expected.is_empty(), "{document}: {found}");
            assert!(found.contains(expected), "{document}: {found}");
        }
    }

    #[test]
    fn a_system_gets_what_is_its_own_and_offered_for_one_resource() {
        let hie = server("https://hie.example/api", "hie/pmp.query hie/adt.subscribe");
        let lab = server("https://lab.example/api", "lab/results");
        let own = ["hie/pmp.query", "hie/adt.subscribe", "lab/results", "gone/scope"];
        let own: BTreeSet<String> = own.map(str::to_owned).into();
        let hie_only: BTreeSet<String> = ["hie/pmp.query".to_owned()].into();
        let hie_resource = "https://hie.example/api";
        for (own, requested, expected) in [
            (&own, Some("hie/pmp.query"), Ok((hie_resource, "hie/pmp.query"))),
            (
                &own,
                Some("hie/pmp.query hie/adt.subscribe"),
                Ok((hie_resource, "hie/adt.subscribe hie/pmp.query")),
            ),
            (&own, Some("lab/results"), Ok(("https://lab.example/api", "lab/results"))),
            (&own, Some("lab/results hie/pmp.query"), Err(NothingToGive::SeveralResources)),
            (&own, None, Err(NothingToGive::SeveralResources)),
            (&own, Some("gone/scope"), Err(NothingToGive::NoScope)),
            (&own, Some(""), Err(NothingToGive::NoScope)),
            (&own, Some("hie/pmp.query openid"), Err(NothingToGive::NoScope)),
            (&hie_only, None, Ok((hie_resource, "hie/pmp.query"))),
            (&hie_only, Some("hie/adt.subscribe"), Err(NothingToGive::NoScope)),
            (
                &hie_only,
                Some("hie/pmp.query hie/adt.subscribe"),
                Ok((hie_resource, "hie/pmp.query")),
            ),
        ] {
            let asked = requested.map(|list| parse_list(list).unwrap());
            let found = for_system([&hie, &lab], own, asked.as_ref());
            let found = found.map(|(resource, scopes)| (resource, to_list(&scopes)));
            let expected = expected.map(|(resource, scopes)| (resource, scopes.to_owned()));
            assert_eq!(found, expected, "{requested:?}");
        }
    }

    #[test]
    fn one_scope_at_two_apis_is_not_for_us_to_choose() {
        let own: BTreeSet<String> = ["hie/pmp.query".to_owned()].into();
        let east = server("https://east.example", "hie/pmp.query");
        let west = server("https://west.example", "hie/pmp.query");
        assert_eq!(for_system([&east, &west], &own, None), Err(NothingToGive::SeveralResources));
        // Two sites may serve one API together.
        let again = server("https://east.example", "hie/pmp.query");
        assert!(for_system([&east, &again], &own, None).is_ok());
        assert_eq!(offered([&east, &west]), own);
    }
}
