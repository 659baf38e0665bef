//! The catalogue of sites, parsed once and held in memory.
//!
//! A request finds its site here and asks no database. The catalogue follows the database by a
//! version that every node reads twice a second, so that a change is in force on every node within
//! one.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
};

use idp_core::{
    community::site::{ClientAuthentication, ClientKeys, Site},
    ids::SiteId,
    oidc::key_set::KeySet,
    release::Naming,
};
use url::{Origin, Url};

/// A site, with what would otherwise be worked out for every request.
pub struct SiteEntry {
    /// Its record.
    pub site: Site,
    /// By which names it knows people.
    pub naming: Naming,
    /// The public keys in its record, if it has registered them there.
    pub keys: Option<KeySet>,
}

/// All sites that may be used.
#[derive(Default)]
pub struct SiteCatalogue(RwLock<Arc<Snapshot>>);

/// The sites at one moment.
#[derive(Default)]
struct Snapshot {
    entries: HashMap<SiteId, Arc<SiteEntry>>,
    public_origins: HashSet<String>,
}

impl SiteCatalogue {
    /// The site of this `client_id`, if it may be used.
    pub fn find(&self, id: &SiteId) -> Option<Arc<SiteEntry>> {
        self.snapshot().entries.get(id).map(Arc::clone)
    }

    /// Whether pages of this origin may call from a browser: a public client has registered a
    /// redirect URI there.
    pub fn is_public_origin(&self, origin: &str) -> bool {
        self.snapshot().public_origins.contains(origin)
    }

    /// Takes over what the database says now.
    pub fn replace(&self, sites: Vec<Site>, demo: bool, pairwise_key: &[u8; 32]) {
        let usable: Vec<Site> = sites.into_iter().filter(|site| site.is_usable(demo)).collect();
        let public_origins = usable.iter().flat_map(public_origins).collect();
        let entry = |site: Site| (site.id.clone(), Arc::new(SiteEntry::new(site, pairwise_key)));
        let entries = usable.into_iter().map(entry).collect();
        let next = Arc::new(Snapshot { entries, public_origins });
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The origins of a public client's redirect URIs; none of a confidential one's. A native app's
/// scheme has the opaque origin `null`, which any sandboxed page has as well, so it is left out.
fn public_origins(site: &Site) -> Vec<String> {
    if site.is_confidential() {
        return Vec::new();
    }
    let origins = site.client.redirect_uris.iter().filter_map(|uri| Url::parse(uri.as_str()).ok());
    origins
        .map(|url| url.origin())
        .filter(Origin::is_tuple)
        .map(|o| o.ascii_serialization())
        .collect()
}

impl SiteEntry {
    fn new(site: Site, pairwise_key: &[u8; 32]) -> Self {
        let naming = Naming::of(site.release.subject_type, &site.client.sector, pairwise_key);
        let keys = match &site.client.authentication {
            ClientAuthentication::PrivateKeyJwt { keys: ClientKeys::Jwks(document), .. } => {
                // Checked at registration; a set that no longer parses authenticates nobody.
                KeySet::parse(document.to_string().as_bytes()).ok()
            }
            ClientAuthentication::None
            | ClientAuthentication::ClientSecretBasic { .. }
            | ClientAuthentication::ClientSecretPost { .. }
            | ClientAuthentication::PrivateKeyJwt { keys: ClientKeys::JwksUri(_), .. } => None,
        };
        Self { site, naming, keys }
    }
}

#[cfg(test)]
mod tests {
    use idp_core::community::site_registration::{Circumstances, read};
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_origin_of_a_public_clients_redirect_uri_is_let_in() {
        for (method, origin, expected) in [
            ("none", "https://app.example", true),
            ("none", "https://APP.example", false),
            ("none", "https://app.example:8443", false),
            ("none", "https://app.example.evil.example", false),
            ("none", "http://app.example", false),
            ("none", "null", false),
            ("client_secret_basic", "https://app.example", false),
        ] {
            let document = json!({
                "client_name": "App", "token_endpoint_auth_method": method, "sector": "app",
                "redirect_uris": ["https://app.example/callback", "com.example.app:/callback"],
            });
            let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
            let site = read(&document, circumstances).unwrap().site;
            let catalogue = SiteCatalogue::default();
            catalogue.replace(vec![site], false, &[7; 32]);
            assert_eq!(catalogue.is_public_origin(origin), expected, "{method} {origin}");
        }
    }
}
