//! The public keys of sites that sign their client assertions (`private_key_jwt`).
//!
//! Keys at a `jwks_uri` are fetched when they are needed and kept for ten minutes, so that a key
//! that a site withdraws is not honoured for longer. An assertion by a key that we do not know
//! makes us look again, since the site may just have rolled over; but not more often than every
//! thirty seconds, since anybody can send one. While one request fetches, the others wait for it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use idp_core::{
    community::site::ClientKeys,
    oidc::{
        client_assertion::{self, AssertionError, Expected, VerifiedAssertion},
        key_set::{KeySet, KeySetError},
    },
};
use tokio::sync::Mutex as AsyncMutex;
use url::Url;

use crate::outgoing::{Outgoing, OutgoingError};

/// How long fetched keys are used without asking again.
const FRESH_FOR: TimeDelta = TimeDelta::minutes(10);
/// How long they are used while the site's address gives no answer.
const KEPT_FOR: TimeDelta = TimeDelta::hours(1);
/// How long until the same address is asked again, whatever the reason.
const PAUSE: TimeDelta = TimeDelta::seconds(30);

/// Why a client assertion is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SiteKeyError {
    /// The assertion is refused.
    #[error(transparent)]
    Assertion(#[from] AssertionError),
    /// What the site registered is no set of public keys.
    #[error("the site's registered keys: {0}")]
    Registered(#[from] KeySetError),
    /// The site's `jwks_uri` gives no keys.
    #[error("the site's jwks_uri gives no keys")]
    Unavailable,
}

/// Why a fetch brought no keys. For our log.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error(transparent)]
    Call(#[from] OutgoingError),
    #[error(transparent)]
    Keys(#[from] KeySetError),
    #[error("the answer has status {0}")]
    Status(u16),
}

/// The keys of all sites.
pub struct SiteKeys {
    outgoing: Outgoing,
    slots: Mutex<HashMap<Url, Arc<AsyncMutex<Slot>>>>,
}

/// What is known of one address.
#[derive(Default)]
struct Slot {
    keys: Option<(Arc<KeySet>, DateTime<Utc>)>,
    asked_at: Option<DateTime<Utc>>,
}

impl Slot {
    /// The keys, unless they are older than `age`.
    fn keys(&self, age: TimeDelta, now: DateTime<Utc>) -> Option<Arc<KeySet>> {
        let (keys, fetched_at) = self.keys.as_ref()?;
        (now < *fetched_at + age).then(|| Arc::clone(keys))
    }
}

impl SiteKeys {
    /// Nothing is fetched before it is needed.
    #[must_use]
    pub fn new(outgoing: Outgoing) -> Self {
        Self { outgoing, slots: Mutex::default() }
    }

    /// Judges a site's assertion by its keys, wherever they are. Whether its `jti` was seen before
    /// is the caller's to ask.
    ///
    /// # Errors
    /// [`SiteKeyError`].
    pub async fn verify(
        &self,
        assertion: &str,
        keys: &ClientKeys,
        expected: Expected<'_>,
        now: DateTime<Utc>,
    ) -> Result<VerifiedAssertion, SiteKeyError> {
        let verify = |keys: &KeySet| client_assertion::verify(assertion, keys, expected, now);
        let address = match keys {
            ClientKeys::Jwks(document) => {
                return Ok(verify(&KeySet::from_document(document)?)?);
            }
            ClientKeys::JwksUri(address) => address,
        };
        let verified = match verify(&*self.at(address, FRESH_FOR, now).await?) {
            Err(AssertionError::UnknownKey) => verify(&*self.at(address, PAUSE, now).await?),
            outcome => outcome,
        };
        Ok(verified?)
    }

    /// The keys at an address, fetched anew if they are older than `age`.
    async fn at(
        &self,
        address: &Url,
        age: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Arc<KeySet>, SiteKeyError> {
        let slot = self.slot(address);
        let mut slot = slot.lock().await;
        let may_ask = slot.asked_at.is_none_or(|asked_at| asked_at + PAUSE <= now);
        if slot.keys(age, now).is_none() && may_ask {
            slot.asked_at = Some(now);
            match self.fetch(address).await {
                Ok(keys) => slot.keys = Some((Arc::new(keys), now)),
                Err(error) => tracing::warn!(%address, %error, "a site's keys cannot be fetched"),
            }
        }
        slot.keys(KEPT_FOR, now).ok_or(SiteKeyError::Unavailable)
    }

    async fn fetch(&self, address: &Url) -> Result<KeySet, FetchError> {
        let answer = self.outgoing.get(address).await?;
        if answer.status != 200 {
            return Err(FetchError::Status(answer.status));
        }
        Ok(KeySet::parse(&answer.body)?)
    }

    /// There is one slot for each address that a site has registered; nobody else adds one.
    fn slot(&self, address: &Url) -> Arc<AsyncMutex<Slot>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(address.clone()).or_default())
    }
}

#[cfg(test)]
mod tests;
