//! The catalogue of sites, parsed once and held in memory.
//!
//! A request finds its site here and asks no database. The catalogue follows the database by a
//! version that every node reads twice a second, so that a change is in force on every node within
//! one.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    ops::Deref,
    sync::{Arc, PoisonError, RwLock},
};

use idp_core::{
    community::{
        resource_server::{ResourceServer, offered},
        site::{ClientAuthentication, ClientKeys, OidcClient, OrgEnablement, Site, SiteStatus},
    },
    ids::SiteId,
    oidc::key_set::KeySet,
    release::Naming,
    saml::{service_provider::ServiceProvider, signature::VerificationKeys},
};
use url::{Origin, Url};

/// A site of either protocol, with what would otherwise be worked out for every request.
pub struct SiteEntry {
    /// Its record.
    pub site: Site,
    /// By which names it knows people.
    pub naming: Naming,
}

/// A site that speaks OIDC.
pub struct ClientEntry {
    entry: Arc<SiteEntry>,
    /// How it speaks it.
    pub client: OidcClient,
    /// The public keys in its record, if it has registered them there.
    pub keys: Option<KeySet>,
}

impl Deref for ClientEntry {
    type Target = SiteEntry;

    fn deref(&self) -> &SiteEntry {
        &self.entry
    }
}

/// A site that speaks SAML.
pub struct ProviderEntry {
    entry: Arc<SiteEntry>,
    /// How it speaks it.
    pub provider: ServiceProvider,
    /// The keys by which its messages are checked.
    pub verification: VerificationKeys,
}

impl Deref for ProviderEntry {
    type Target = SiteEntry;

    fn deref(&self) -> &SiteEntry {
        &self.entry
    }
}

/// All sites that may be used.
#[derive(Default)]
pub struct SiteCatalogue(RwLock<Arc<Snapshot>>);

/// The sites at one moment.
#[derive(Default)]
struct Snapshot {
    entries: HashMap<SiteId, Arc<SiteEntry>>,
    clients: HashMap<SiteId, Arc<ClientEntry>>,
    providers: HashMap<SiteId, Arc<ProviderEntry>>,
    by_entity_id: HashMap<String, Arc<ProviderEntry>>,
    public_origins: HashSet<String>,
    resource_servers: Vec<ResourceServer>,
}

impl SiteCatalogue {
    /// The site with this identifier, if it may be used.
    pub fn find(&self, id: &SiteId) -> Option<Arc<SiteEntry>> {
        self.snapshot().entries.get(id).map(Arc::clone)
    }

    /// Every site that may be used, by name.
    pub fn all(&self) -> Vec<Arc<SiteEntry>> {
        let mut all: Vec<_> = self.snapshot().entries.values().map(Arc::clone).collect();
        all.sort_by(|a, b| (&a.site.name, &a.site.id).cmp(&(&b.site.name, &b.site.id)));
        all
    }

    /// The sites that an organization has to switch on, by name; the others are open to it anyway.
    pub fn switchable(&self) -> Vec<Arc<SiteEntry>> {
        let by_administrator = |entry: &Arc<SiteEntry>| {
            entry.site.release.org_enablement == OrgEnablement::ByAdministrator
                && entry.site.status == SiteStatus::Live
        };
        self.all().into_iter().filter(by_administrator).collect()
    }

    /// What systems may ask for at the sites that are live.
    pub fn system_scopes(&self) -> BTreeSet<String> {
        let entries = self.all();
        let live = entries.iter().filter(|entry| entry.site.status == SiteStatus::Live);
        offered(live.filter_map(|entry| entry.site.client()?.resource_server.as_ref()))
    }

    /// The site of this `client_id`, if it speaks OIDC and may be used.
    pub fn client(&self, id: &SiteId) -> Option<Arc<ClientEntry>> {
        self.snapshot().clients.get(id).map(Arc::clone)
    }

    /// The site of this `entityID`, if it speaks SAML and may be used.
    pub fn provider(&self, entity_id: &str) -> Option<Arc<ProviderEntry>> {
        self.snapshot().by_entity_id.get(entity_id).map(Arc::clone)
    }

    /// The site with this identifier, if it speaks SAML and may be used.
    pub fn provider_by_id(&self, id: &SiteId) -> Option<Arc<ProviderEntry>> {
        self.snapshot().providers.get(id).map(Arc::clone)
    }

    /// The SAML sites whose record says where their metadata are published.
    pub fn with_metadata_source(&self) -> Vec<SiteId> {
        let snapshot = self.snapshot();
        let sourced =
            snapshot.providers.iter().filter(|(_, entry)| entry.provider.source.is_some());
        sourced.map(|(id, _)| id.clone()).collect()
    }

    /// The APIs of the sites: the one place that says what systems may be given.
    pub fn resource_servers(&self) -> Vec<ResourceServer> {
        self.snapshot().resource_servers.clone()
    }

    /// Whether pages of this origin may call from a browser: a public client has registered a
    /// redirect URI there.
    pub fn is_public_origin(&self, origin: &str) -> bool {
        self.snapshot().public_origins.contains(origin)
    }

    /// Takes over what the database says now.
    pub fn replace(&self, sites: Vec<Site>, demo: bool, pairwise_key: &[u8; 32]) {
        let usable: Vec<Site> = sites.into_iter().filter(|site| site.is_usable(demo)).collect();
        let mut next = Snapshot::default();
        for site in usable {
            let (id, entry) = (site.id.clone(), Arc::new(SiteEntry::new(site, pairwise_key)));
            if let Some(client) = entry.site.client() {
                next.public_origins.extend(public_origins(client));
                next.resource_servers.extend(client.resource_server.clone());
                let client = ClientEntry::new(Arc::clone(&entry), client.clone());
                next.clients.insert(id.clone(), Arc::new(client));
            }
            if let Some(provider) = entry.site.service_provider() {
                let provider = ProviderEntry::new(Arc::clone(&entry), provider.clone());
                let (name, provider) = (provider.provider.entity_id.clone(), Arc::new(provider));
                next.by_entity_id.insert(name.into(), Arc::clone(&provider));
                next.providers.insert(id.clone(), provider);
            }
            next.entries.insert(id, entry);
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The origins of a public client's redirect URIs; none of a confidential one's. A native app's
/// scheme has the opaque origin `null`, which any sandboxed page has as well, so it is left out.
fn public_origins(client: &OidcClient) -> Vec<String> {
    if client.is_confidential() {
        return Vec::new();
    }
    let origins = client.redirect_uris.iter().filter_map(|uri| Url::parse(uri.as_str()).ok());
    origins
        .map(|url| url.origin())
        .filter(Origin::is_tuple)
        .map(|o| o.ascii_serialization())
        .collect()
}

impl SiteEntry {
    fn new(site: Site, pairwise_key: &[u8; 32]) -> Self {
        let naming = Naming::of(site.release.subject_type, site.sector(), pairwise_key);
        Self { site, naming }
    }
}

impl ProviderEntry {
    fn new(entry: Arc<SiteEntry>, provider: ServiceProvider) -> Self {
        let verification = VerificationKeys::of(&provider.metadata.signing);
        Self { entry, provider, verification }
    }
}

impl ClientEntry {
    /// The part that both protocols have.
    pub fn shared(&self) -> Arc<SiteEntry> {
        Arc::clone(&self.entry)
    }

    fn new(entry: Arc<SiteEntry>, client: OidcClient) -> Self {
        let keys = match &client.authentication {
            ClientAuthentication::PrivateKeyJwt { keys: ClientKeys::Jwks(document), .. } => {
                // Checked at registration; a set that no longer parses authenticates nobody.
                KeySet::parse(document.to_string().as_bytes()).ok()
            }
            ClientAuthentication::None
            | ClientAuthentication::ClientSecretBasic { .. }
            | ClientAuthentication::ClientSecretPost { .. }
            | ClientAuthentication::PrivateKeyJwt { keys: ClientKeys::JwksUri(_), .. } => None,
        };
        Self { entry, client, keys }
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
