//! What this site knows about Hilum: its metadata, fetched and kept for a while.
//!
//! Whoever could change them on the way could sign anybody in, so they come by https (or from this
//! machine) from the address in the configuration, and from nowhere else.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;
use url::Url;

use crate::{
    keys::HilumKeys,
    xml::{Node, Xml, ns},
};

/// How long metadata are used without asking again. A new key of Hilum's stands in them for a month
/// before it signs.
const FRESH: TimeDelta = TimeDelta::hours(1);
/// No metadata are longer.
const LONGEST: usize = 512 * 1024;
const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";

/// Hilum, as its metadata describe it (SAML Metadata §2.4.3).
pub(crate) struct Hilum {
    /// Its `entityID`.
    pub entity_id: String,
    /// Where requests for a sign-on go.
    pub sign_on: Url,
    /// Where logout messages go.
    pub logout: Url,
    /// The keys that its messages are checked with.
    pub keys: HilumKeys,
}

/// Why Hilum's metadata are not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoMetadata {
    /// They lack something, or are another's.
    #[error("Hilum's metadata: {0}")]
    Content(&'static str),
    /// Hilum does not answer.
    #[error("Hilum cannot be reached: {0}")]
    Unreachable(#[from] reqwest::Error),
}

impl Hilum {
    /// Reads the metadata of `entity_id`.
    ///
    /// # Errors
    /// [`NoMetadata::Content`].
    pub(crate) fn read(text: &str, entity_id: &str) -> Result<Self, NoMetadata> {
        let xml = Xml::parse(text).map_err(|_| NoMetadata::Content("no XML"))?;
        let root = xml.root();
        if !root.is(ns::METADATA, "EntityDescriptor")
            || root.attribute("entityID") != Some(entity_id)
        {
            return Err(NoMetadata::Content("not those of the entityID in the configuration"));
        }
        let role = root.only(ns::METADATA, "IDPSSODescriptor");
        let role = role.ok_or(NoMetadata::Content("no identity provider"))?;
        let signs = |key: &Node<'_>| key.attribute("use").is_none_or(|usage| usage == "signing");
        let certificates = role
            .children(ns::METADATA, "KeyDescriptor")
            .filter(signs)
            .flat_map(|key| key.all(ns::DS, "X509Certificate"))
            .map(Node::text);
        let keys = HilumKeys::of(certificates);
        if keys.is_empty() {
            return Err(NoMetadata::Content("no key"));
        }
        let endpoint = |name: &str| {
            let mut all = role.children(ns::METADATA, name);
            let found = all.find(|node| node.attribute("Binding") == Some(REDIRECT));
            found.and_then(|node| node.attribute("Location")?.parse().ok())
        };
        Ok(Self {
            entity_id: entity_id.to_owned(),
            sign_on: endpoint("SingleSignOnService")
                .ok_or(NoMetadata::Content("no address for a sign-on by Redirect"))?,
            logout: endpoint("SingleLogoutService")
                .ok_or(NoMetadata::Content("no address for logout by Redirect"))?,
            keys,
        })
    }
}

/// Where Hilum's metadata are, and the last good copy.
pub(crate) struct Source {
    address: Url,
    entity_id: String,
    client: reqwest::Client,
    last: Mutex<Option<(Arc<Hilum>, DateTime<Utc>)>>,
}

impl Source {
    /// Metadata of `entity_id` at `address`.
    ///
    /// # Errors
    /// No HTTP client.
    pub(crate) fn new(address: Url, entity_id: String) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { address, entity_id, client, last: Mutex::new(None) })
    }

    /// Hilum as it is now, or as it was when it last answered.
    ///
    /// # Errors
    /// [`NoMetadata`] if it never did.
    pub(crate) async fn hilum(&self, now: DateTime<Utc>) -> Result<Arc<Hilum>, NoMetadata> {
        let mut last = self.last.lock().await;
        if let Some((hilum, read_at)) = last.as_ref()
            && now - *read_at < FRESH
        {
            return Ok(Arc::clone(hilum));
        }
        match (self.fetch().await, last.as_ref()) {
            (Ok(hilum), _) => {
                let hilum = Arc::new(hilum);
                *last = Some((Arc::clone(&hilum), now));
                Ok(hilum)
            }
            (Err(error), Some((hilum, _))) => {
                tracing::warn!(%error, "the last good metadata go on");
                Ok(Arc::clone(hilum))
            }
            (Err(error), None) => Err(error),
        }
    }

    async fn fetch(&self) -> Result<Hilum, NoMetadata> {
        let mut answer = self.client.get(self.address.clone()).send().await?.error_for_status()?;
        let mut text = Vec::new();
        while let Some(part) = answer.chunk().await? {
            text.extend_from_slice(&part);
            if text.len() > LONGEST {
                return Err(NoMetadata::Content("too long"));
            }
        }
        let text = std::str::from_utf8(&text).map_err(|_| NoMetadata::Content("no UTF-8"))?;
        Hilum::read(text, &self.entity_id)
    }
}
