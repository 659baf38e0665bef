//! Programs of the support desk.

use crate::{
    community::site::{ClientAuthentication, OidcClient, ReleasePolicy},
    oidc::scope::{SUPPORT_DESK, Scope},
};

/// What stands in the way of the support desk's scope, by field; nothing for a site that does not ask
/// for it. The rights of the desk reach no site that people sign on to (domain section 5): its program
/// learns nothing of them, keeps a secret, and serves no API at which its tokens would be read.
pub(super) fn objections(
    client: &OidcClient,
    release: &ReleasePolicy,
) -> Vec<(&'static str, &'static str)> {
    if !release.allowed_scopes.iter().any(|scope| scope.as_str() == SUPPORT_DESK) {
        return Vec::new();
    }
    let of_a_program = |scope: &Scope| match scope {
        Scope::OfflineAccess | Scope::OpenId => true,
        Scope::Other(name) => name.starts_with("hilum."),
        Scope::Address
        | Scope::Affiliations
        | Scope::Email
        | Scope::LoginHistory
        | Scope::Npi
        | Scope::Phone
        | Scope::Profile
        | Scope::TaxIds => false,
    };
    [
        (
            !release.allowed_scopes.iter().all(of_a_program),
            "scope",
            "hilum.support stands beside openid, offline_access and other scopes of hilum only: \
             register a client of its own for the support desk's program",
        ),
        (
            matches!(client.authentication, ClientAuthentication::None),
            "token_endpoint_auth_method",
            "hilum.support takes a client that can authenticate",
        ),
        (
            client.resource_server.is_some(),
            "resource_server",
            "a client with hilum.support serves no API: its tokens are for Hilum's alone",
        ),
        (
            release.accept_remembered_browser,
            "release",
            "hilum.support takes the second factor itself: leave accept_remembered_browser out",
        ),
    ]
    .into_iter()
    .filter_map(|(wrong, field, message)| wrong.then_some((field, message)))
    .collect()
}
