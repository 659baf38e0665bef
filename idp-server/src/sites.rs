//! The catalogue of sites, parsed once and held in memory.
//!
//! A request finds its site here and asks no database. The catalogue follows the database by a
//! version that every node reads twice a second, so that a change is in force on every node within
//! one.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use idp_core::{
    community::site::{ClientAuthentication, ClientKeys, Site},
    ids::SiteId,
    oidc::key_set::KeySet,
    release::Naming,
};

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
pub struct SiteCatalogue(RwLock<Arc<HashMap<SiteId, Arc<SiteEntry>>>>);

impl SiteCatalogue {
    /// The site of this `client_id`, if it may be used.
    pub fn find(&self, id: &SiteId) -> Option<Arc<SiteEntry>> {
        self.snapshot().get(id).map(Arc::clone)
    }

    /// Every site that may be used.
    pub fn all(&self) -> Vec<Arc<SiteEntry>> {
        self.snapshot().values().map(Arc::clone).collect()
    }

    /// Takes over what the database says now.
    pub fn replace(&self, sites: Vec<Site>, demo: bool, pairwise_key: &[u8; 32]) {
        let usable = sites.into_iter().filter(|site| site.is_usable(demo));
        let entries =
            usable.map(|site| (site.id.clone(), Arc::new(SiteEntry::new(site, pairwise_key))));
        let next = Arc::new(entries.collect());
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    fn snapshot(&self) -> Arc<HashMap<SiteId, Arc<SiteEntry>>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
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
