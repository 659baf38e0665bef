//! `hilum site add`: a registration, read with everything that is wrong with it, and taken in.

use std::{fs, path::Path};

use chrono::{DateTime, Utc};
use idp_core::{
    audit::Kind,
    community::{
        site::{ClientAuthentication, ClientKeys, Front, OidcClient, Site},
        site_registration::{self, Circumstances, FieldError, Registration},
    },
    saml::service_provider::EntityId,
};
use serde_json::Value;

use super::{Desk, metadata, show, summary};
use crate::{
    cli::{Failure, database::failed},
    config::Config,
    outgoing::{AllowedHosts, judge_url},
    random::Random,
    store::{AnyConn, StoreError, Taken, audit, site},
};

/// What the command line was given to register.
pub(super) struct Given<'a> {
    pub(super) file: &'a Path,
    pub(super) decisions: Option<&'a Path>,
    pub(super) entity_id: Option<EntityId>,
}

/// Reads a registration, with everything that is wrong with it.
pub(super) fn read(
    config: &Config,
    given: &Given<'_>,
    now: DateTime<Utc>,
) -> Result<Registration, Failure> {
    let file = given.file;
    let unreadable =
        |why: String| Failure::new(format!("{}: {why}", file.display()), "No site was registered.");
    let text = fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
    let random = Random::new();
    let circumstances =
        Circumstances { id: random.bytes(), secret: random.bytes(), demo: config.demo };
    if metadata::is_metadata(&text) {
        let described = metadata::describe(file, &text, given.entity_id.as_ref(), now)?;
        let read = metadata::register(described, given.decisions, circumstances)?;
        let site = read.map_err(|mistakes| mistaken(file, &mistakes))?;
        return callable(config, file, Registration { site, new_secret: None });
    }
    let document: Value =
        serde_json::from_str(&text).map_err(|error| unreadable(format!("not JSON: {error}")))?;
    let read = site_registration::read(&document, circumstances);
    let registration = read.map_err(|mistakes| mistaken(file, &mistakes))?;
    callable(config, file, registration)
}

/// The registration, if Hilum would call all its addresses.
fn callable(
    config: &Config,
    file: &Path,
    registration: Registration,
) -> Result<Registration, Failure> {
    let allowed = AllowedHosts::new(config.outgoing.allow_hosts.clone());
    let refused = refused_addresses(&registration.site, &allowed);
    if refused.is_empty() { Ok(registration) } else { Err(mistaken(file, &refused)) }
}

/// The addresses that Hilum would have to call and never will (security 12.4): better told now
/// than found out at the first sign-out.
pub(in crate::cli) fn refused_addresses(site: &Site, allowed: &AllowedHosts) -> Vec<FieldError> {
    let jwks_uri = |client: &'_ OidcClient| match &client.authentication {
        ClientAuthentication::PrivateKeyJwt { keys: ClientKeys::JwksUri(address), .. } => {
            Some(address.clone())
        }
        ClientAuthentication::None
        | ClientAuthentication::ClientSecretBasic { .. }
        | ClientAuthentication::ClientSecretPost { .. }
        | ClientAuthentication::PrivateKeyJwt { keys: ClientKeys::Jwks(_), .. } => None,
    };
    let addresses = match &site.front {
        Front::Oidc(client) => vec![
            ("jwks_uri", jwks_uri(client)),
            ("backchannel_logout_uri", client.backchannel_logout_uri.clone()),
        ],
        Front::Saml(provider) => vec![
            ("SingleLogoutService", provider.soap_logout().cloned()),
            ("metadata_source", provider.source.as_ref().map(|source| source.url.clone())),
        ],
    };
    addresses
        .into_iter()
        .filter_map(|(field, address)| {
            let why = judge_url(&address?, allowed).err()?;
            Some(FieldError { field: field.to_owned(), message: format!("is never called: {why}") })
        })
        .collect()
}

fn mistaken(file: &Path, mistakes: &[FieldError]) -> Failure {
    let number = mistakes.len();
    let plural = if number == 1 { "" } else { "s" };
    let mut what = format!("{} has {number} mistake{plural}:", file.display());
    for FieldError { field, message } in mistakes {
        what.push_str(&format!("\n  {field} {message}"));
    }
    Failure::new(what, "No site was registered. Mend them and run the same command again.")
}

/// Registers it.
pub(super) async fn add(desk: Desk, registration: Registration) -> Result<(), Failure> {
    let Registration { site: new, new_secret } = registration;
    let (id, name, now) = (new.id.clone(), new.name.clone(), desk.ending.now);
    let event = desk.event(Kind::SiteAdded, &id).after(summary(&new));
    let write = move |conn: &mut AnyConn| {
        site::insert(conn, &new, now)?;
        audit::record(conn, std::slice::from_ref(&event))
    };
    match desk.db.write(write).await {
        Ok(()) => {}
        Err(StoreError::Conflict(Taken::Other)) => {
            return Err(Failure::new(
                format!(
                    "client_id {id} or the entityID is taken, perhaps by a site that was removed"
                ),
                "No site was registered. Choose another client_id, or leave it out; a site whose \
                 metadata changed is refreshed, not added.",
            ));
        }
        Err(error) => return Err(failed(&error)),
    }
    show(&id, new_secret.as_ref());
    eprintln!("{name} is registered; running nodes know it within a second.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn registered(document: &Value) -> Site {
        let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
        site_registration::read(document, circumstances).unwrap().site
    }

    #[test]
    fn an_address_that_is_never_called_is_refused_at_registration() {
        let allowed = AllowedHosts::new(vec!["localhost".to_owned()]);
        for (address, refused) in [
            ("https://site.example/logout", 0),
            ("http://localhost:8091/logout", 0),
            ("https://127.0.0.1/logout", 1),
            ("https://169.254.169.254/latest", 1),
            ("https://site.example:8443/logout", 1),
        ] {
            let site = registered(&json!({
                "client_name": "Site",
                "redirect_uris": ["https://site.example/callback"],
                "backchannel_logout_uri": address,
            }));
            assert_eq!(refused_addresses(&site, &allowed).len(), refused, "{address}");
        }
    }
}
