//! The register of keys in the database, and what keeps it going.
//!
//! Any node may carry out what is due, or several at once: a plan is carried out in one
//! transaction that first takes the version of the keys' catalogue, and only if the keys are still
//! as they were when it was made. The database itself allows one active key per use and algorithm.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::try_join_all;
use idp_core::{
    audit::{Actor, Event, Kind},
    ids::EventId,
    keys::{self, KeyAction, KeyId, KeyRecord, KeyState, RotationPolicy, Urgency},
    oidc::jose::SigningAlgorithm,
};
use serde_json::json;
use tokio::task;

use super::{
    audit_keys::{AUDIT_ALGORITHM, AuditKeys},
    private_key::{PrivateKey, PrivateKeyError, RsaSize},
    ring::{KeyRing, RingError, RingKey},
    saml_keys::{self, SAML_ALGORITHMS, SAML_POLICY},
    sealing::{Place, SealError, Sealer},
};
use crate::{
    random::Random,
    store::{
        AnyConn, Database, StoreError, audit,
        catalog::{self, Catalog},
        signing_key::{self, KeyUse, SEALED, StoredKey},
    },
};

/// How long a replaced key stays published. The longest token lives for four hours (R30); with a
/// day, an ID token of yesterday still serves as a hint of who signs out.
const PUBLISH_AFTER: TimeDelta = TimeDelta::hours(24);

/// Audit keys are replaced by an operator only, and what they signed is checked for ever.
const AUDIT_POLICY: RotationPolicy = RotationPolicy {
    publish_ahead: TimeDelta::zero(),
    signs_for: TimeDelta::days(36_500),
    publish_after: TimeDelta::days(36_500),
};

/// Why the register could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// A key could not be made or read.
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
    /// There is no active audit key. [`Register::keep`] makes one.
    #[error("there is no active audit key")]
    NoAuditKey,
    /// The keys do not make a ring.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// A private key could not be sealed or opened.
    #[error("private key {0}: {1}")]
    Seal(KeyId, #[source] SealError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread that made a key died.
    #[error("a key could not be made: {0}")]
    Thread(#[from] task::JoinError),
}

/// The register. Cheap to clone.
#[derive(Clone)]
pub struct Register {
    db: Database,
    sealer: Arc<Sealer>,
    random: Random,
    policy: RotationPolicy,
    rsa_size: RsaSize,
}

impl Register {
    /// The register in this database, with keys that sign for as long as the operator decided.
    #[must_use]
    pub fn new(db: Database, sealer: Arc<Sealer>, settings: crate::config::Keys) -> Self {
        let policy = RotationPolicy {
            publish_ahead: settings.publish_lead,
            signs_for: settings.rotation,
            publish_after: PUBLISH_AFTER,
        };
        Self { db, sealer, random: Random::new(), policy, rsa_size: settings.rsa_size }
    }

    /// All keys of one use, the retired ones too, for the operator to look at.
    ///
    /// # Errors
    /// [`RegisterError::Store`].
    pub async fn list(&self, key_use: KeyUse) -> Result<Vec<KeyRecord>, RegisterError> {
        Ok(self.stored(key_use).await?.into_iter().map(|key| key.record).collect())
    }

    /// The keys of one use, as a ring wants them.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub async fn load(&self, key_use: KeyUse) -> Result<Vec<RingKey>, RegisterError> {
        let load = |key: StoredKey| {
            let private = if key.record.state.signs() { self.open(&key)? } else { None };
            Ok(RingKey { record: key.record, public: key.public, private })
        };
        self.stored(key_use).await?.into_iter().map(load).collect()
    }

    /// Brings a ring up to date, after the version of the keys' catalogue has changed.
    ///
    /// # Errors
    /// [`RegisterError`]; then the ring is as it was.
    pub async fn refresh(&self, ring: &KeyRing) -> Result<(), RegisterError> {
        Ok(ring.replace(self.load(KeyUse::Tokens).await?)?)
    }

    /// The keys that sign audit heads, and those that once did.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub async fn audit_keys(&self) -> Result<AuditKeys, RegisterError> {
        let keys = self.stored(KeyUse::Audit).await?;
        let active = keys.iter().find(|key| key.record.state.signs());
        let active = active.ok_or(RegisterError::NoAuditKey)?;
        let private = self.open(active)?.ok_or(RegisterError::NoAuditKey)?;
        let signs = (active.record.kid.clone(), private);
        let public = keys.iter().map(|key| (key.record.kid.clone(), key.public.clone()));
        Ok(AuditKeys::new(signs, public)?)
    }

    /// Does what is due by schedule: the first keys, successors, retirements. To be called at the
    /// start and every minute; it costs one read when nothing is due. `true` if keys changed.
    ///
    /// # Errors
    /// [`RegisterError`]; then nothing has changed.
    pub async fn keep(&self, now: DateTime<Utc>) -> Result<bool, RegisterError> {
        let actor = Actor::Job("key-rotation".to_owned());
        let policy = self.policy;
        let tokens =
            move |keys: &[KeyRecord]| keys::plan(keys, &SigningAlgorithm::ALL, &policy, now);
        let audit =
            move |keys: &[KeyRecord]| keys::plan(keys, &[AUDIT_ALGORITHM], &AUDIT_POLICY, now);
        let saml = move |keys: &[KeyRecord]| keys::plan(keys, &SAML_ALGORITHMS, &SAML_POLICY, now);
        let tokens = self.carry_out(KeyUse::Tokens, tokens, actor.clone(), now).await?;
        let saml = self.carry_out(KeyUse::Saml, saml, actor.clone(), now).await?;
        let audit = self.carry_out(KeyUse::Audit, audit, actor, now).await?;
        Ok(tokens || saml || audit)
    }

    /// Publishes a successor that does not sign yet. `false` if there is one already.
    ///
    /// # Errors
    /// [`RegisterError`]; then nothing has changed.
    pub async fn announce(
        &self,
        key_use: KeyUse,
        algorithm: SigningAlgorithm,
        operator: Actor,
        now: DateTime<Utc>,
    ) -> Result<bool, RegisterError> {
        let decide = move |keys: &[KeyRecord]| keys::announce_now(keys, algorithm, now);
        self.carry_out(key_use, decide, operator, now).await
    }

    /// Puts a new key into service at once. `false` if somebody else changed the keys meanwhile.
    ///
    /// # Errors
    /// [`RegisterError`]; then nothing has changed.
    pub async fn rotate(
        &self,
        key_use: KeyUse,
        algorithm: SigningAlgorithm,
        urgency: Urgency,
        operator: Actor,
        now: DateTime<Utc>,
    ) -> Result<bool, RegisterError> {
        let decide = move |keys: &[KeyRecord]| keys::rotate_now(keys, algorithm, urgency, now);
        self.carry_out(key_use, decide, operator, now).await
    }

    async fn stored(&self, key_use: KeyUse) -> Result<Vec<StoredKey>, RegisterError> {
        Ok(self.db.read(move |conn| signing_key::of_use(conn, key_use)).await?)
    }

    async fn carry_out(
        &self,
        key_use: KeyUse,
        decide: impl Fn(&[KeyRecord]) -> Vec<KeyAction> + Send + 'static,
        actor: Actor,
        now: DateTime<Utc>,
    ) -> Result<bool, RegisterError> {
        let plan = decide(&self.list(key_use).await?);
        if plan.is_empty() {
            return Ok(false);
        }
        // Making an RSA key takes long: not on this thread, not one after the other, and not inside
        // the transaction.
        let prepare = |action: &KeyAction| {
            let (register, action) = (self.clone(), action.clone());
            task::spawn_blocking(move || register.prepare(key_use, action, now))
        };
        let changes = try_join_all(plan.iter().map(prepare)).await?;
        let changes: Vec<Change> = changes.into_iter().collect::<Result<_, _>>()?;
        let event = |change: &Change| {
            let id = EventId::from_random(self.random.bytes());
            Event::new(id, now, change.kind(), actor.clone()).after(change.told())
        };
        let events: Vec<Event> = changes.iter().map(event).collect();
        let work = move |conn: &mut AnyConn| {
            catalog::bump(conn, Catalog::Keys)?;
            let keys = signing_key::of_use(conn, key_use)?;
            let keys: Vec<_> = keys.into_iter().map(|key| key.record).collect();
            if decide(&keys) != plan {
                return Ok(false); // another node was faster
            }
            for change in &changes {
                change.apply(conn, key_use)?;
            }
            audit::record(conn, &events)?;
            Ok(true)
        };
        Ok(self.db.write(work).await?)
    }

    /// Makes the key that a step asks for.
    fn prepare(
        &self,
        key_use: KeyUse,
        action: KeyAction,
        now: DateTime<Utc>,
    ) -> Result<Change, RegisterError> {
        match action {
            KeyAction::Create { algorithm, state } => {
                Ok(Change::Insert(Box::new(self.make(key_use, algorithm, state, now)?)))
            }
            KeyAction::Move { kid, from, to } => Ok(Change::Move(kid, from, to)),
        }
    }

    fn make(
        &self,
        key_use: KeyUse,
        algorithm: SigningAlgorithm,
        state: KeyState,
        now: DateTime<Utc>,
    ) -> Result<StoredKey, RegisterError> {
        let private = PrivateKey::generate(algorithm, self.rsa_size)?;
        let (kid, mut public) = private.public_jwk()?;
        if key_use == KeyUse::Saml {
            saml_keys::certify(&private, &mut public, self.random.bytes(), now)?;
        }
        let sealed = self.sealer.seal(place(&kid), &private.to_pkcs8()?);
        let sealed = sealed.map_err(|error| RegisterError::Seal(kid.clone(), error))?;
        Ok(StoredKey { record: KeyRecord { kid, algorithm, state }, public, sealed: Some(sealed) })
    }

    fn open(&self, key: &StoredKey) -> Result<Option<PrivateKey>, RegisterError> {
        let Some(sealed) = &key.sealed else { return Ok(None) };
        let kid = &key.record.kid;
        let pkcs8 = self.sealer.open(place(kid), sealed);
        let pkcs8 = pkcs8.map_err(|error| RegisterError::Seal(kid.clone(), error))?;
        Ok(Some(PrivateKey::from_pkcs8(key.record.algorithm, &pkcs8)?))
    }
}

fn place(kid: &KeyId) -> Place<'_> {
    let (table, column) = SEALED;
    Place { table, column, row: kid.as_str() }
}

/// One step of a plan, ready to be written.
#[derive(Clone, Debug)]
enum Change {
    Insert(Box<StoredKey>),
    Move(KeyId, KeyState, KeyState),
}

impl Change {
    fn apply(&self, conn: &mut AnyConn, key_use: KeyUse) -> Result<(), StoreError> {
        match self {
            Self::Insert(key) => signing_key::insert(conn, key_use, key),
            Self::Move(kid, from, to) => match signing_key::move_on(conn, kid, *from, *to)? {
                true => Ok(()),
                false => Err(StoreError::Unavailable), // takes back the whole transaction
            },
        }
    }

    const fn state(&self) -> KeyState {
        match self {
            Self::Insert(key) => key.record.state,
            Self::Move(_, _, to) => *to,
        }
    }

    const fn kind(&self) -> Kind {
        match self.state() {
            KeyState::Active { .. } => Kind::KeyActivated,
            KeyState::Retired { .. } => Kind::KeyRetired,
            KeyState::Retiring { .. } => Kind::KeyReplaced,
            KeyState::Upcoming { .. } => Kind::KeyPublished,
        }
    }

    /// What the audit record tells of it.
    fn told(&self) -> serde_json::Value {
        let kid = match self {
            Self::Insert(key) => &key.record.kid,
            Self::Move(kid, _, _) => kid,
        };
        json!({ "kid": kid.as_str(), "state": self.state().name() })
    }
}

#[cfg(test)]
mod tests;
