//! `grant_type=client_credentials` (RFC 6749 §4.4): a site acts for itself, or a system for its
//! organization.
//!
//! Nothing is stored. For a site nothing is read either, so a machine that asks for a token a thousand
//! times costs a thousand signatures and no database; a system was read when it proved who it is.

use std::collections::BTreeSet;

use idp_core::{
    community::{resource_server::for_system, site::ReleasePolicy},
    oidc::scope::{Scope, to_list},
};

use super::{
    TokenError, asked_scopes,
    mint::{self, TokenAnswer},
};
use crate::{
    app::App,
    http::oidc::client_authentication::{AuthenticatedSite, AuthenticatedSystem},
};

/// Issues a token to the site.
///
/// # Errors
/// [`TokenError::NoScope`] if it may have none of the scopes that it asks for.
pub(super) fn issue(app: &App, site: &AuthenticatedSite) -> Result<TokenAnswer, TokenError> {
    let requested = asked_scopes(&site.form)?;
    let scopes = grantable_to_site(requested.as_ref(), &site.entry.site.release)?;
    let answer = mint::client_token(app, &site.entry, &scopes, app.clock.now())?;
    let (id, scope) = (site.entry.site.id.as_str(), to_list(&scopes));
    tracing::info!(site = id, address = %site.address, scope, "a site was given its own token");
    Ok(answer)
}

/// Issues a token to the system, for the one API that the scopes belong to.
///
/// # Errors
/// [`TokenError::NotGiven`] if it may have none of the scopes that it asks for, or they belong to
/// several APIs.
pub(super) fn issue_to_system(
    app: &App,
    caller: &AuthenticatedSystem,
) -> Result<TokenAnswer, TokenError> {
    let requested = asked_scopes(&caller.form)?;
    let servers = app.sites.resource_servers();
    let system = &caller.loaded.system;
    let (resource, scopes) = for_system(&servers, &system.scopes, requested.as_ref())?;
    let answer = mint::system_token(app, &caller.loaded, resource, &scopes, app.clock.now())?;
    let (id, scope) = (system.id.as_str(), to_list(&scopes));
    tracing::info!(system = id, address = %caller.address, resource, scope, "a system was given a token");
    Ok(answer)
}

/// The scopes that a site may have for itself: of its allowed ones those that are about no person.
/// One that is about a person is refused rather than dropped, since the site has mixed up two ways
/// of asking; others that are not allowed are dropped, and `scope` shows it.
fn grantable_to_site(
    requested: Option<&BTreeSet<Scope>>,
    release: &ReleasePolicy,
) -> Result<BTreeSet<Scope>, TokenError> {
    let is_own = |scope: &&Scope| matches!(scope, Scope::Other(_));
    let allowed = release.allowed_scopes.iter().filter(is_own);
    let Some(requested) = requested else { return Ok(allowed.cloned().collect()) };
    if !requested.iter().all(|scope| is_own(&scope)) {
        return Err(TokenError::NoScope);
    }
    let granted: BTreeSet<Scope> =
        allowed.filter(|scope| requested.contains(scope)).cloned().collect();
    if granted.is_empty() && !requested.is_empty() { Err(TokenError::NoScope) } else { Ok(granted) }
}

#[cfg(test)]
mod tests {
    use idp_core::oidc::scope::parse_list;

    use super::*;

    #[test]
    fn a_site_gets_only_scopes_that_are_about_nobody() {
        let release = ReleasePolicy {
            allowed_scopes: parse_list("openid email hie/pmp.query hie/adt.subscribe").unwrap(),
            ..ReleasePolicy::default()
        };
        for (requested, expected) in [
            (None, Some("hie/adt.subscribe hie/pmp.query")),
            (Some("hie/pmp.query"), Some("hie/pmp.query")),
            (Some("hie/pmp.query hie/other"), Some("hie/pmp.query")),
            (Some("hie/other"), None),
            (Some("openid"), None),
            (Some("hie/pmp.query email"), None),
            (Some("offline_access"), None),
        ] {
            let requested = requested.map(|list| parse_list(list).unwrap());
            let granted = grantable_to_site(requested.as_ref(), &release);
            let granted = granted.ok().map(|scopes| to_list(&scopes));
            assert_eq!(granted.as_deref(), expected, "{requested:?}");
        }
        let nothing = grantable_to_site(None, &ReleasePolicy::default()).unwrap();
        assert!(nothing.is_empty());
    }
}
