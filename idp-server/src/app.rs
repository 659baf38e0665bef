//! What the whole program shares: opened once, handed to every handler and job.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
};

use chrono::TimeDelta;
use idp_core::{
    authentication::{lockout, password_policy::PasswordPolicy, session::SessionRules},
    community::{actor::Actor, subscriber::AccountRules},
};
use tokio::sync::Notify;

use crate::{
    agreements::AgreementCatalogue,
    clock::{Clock, clock},
    community::{Office, Registry},
    config::{self, Config},
    ephemeral::{Ephemeral, EphemeralError},
    http::{Metadata, api_document, health::Readiness},
    identity_test::{self, KnowledgeTest},
    keys::{
        audit_keys::AuditKeys,
        master_check::{self, MasterCheckError},
        register::{Register, RegisterError},
        ring::{KeyRing, RingError},
        saml_keys::SamlKeys,
        sealing::{Place, SealError, Sealer},
        site_keys::SiteKeys,
        sub_keys::SubKeys,
    },
    mail::{Post, Transport, TransportError},
    metrics::Metrics,
    outgoing::{Outgoing, OutgoingError},
    passkeys::Passkeys,
    passwords::{Passwords, StartError},
    random::Random,
    sites::SiteCatalogue,
    store::{
        Database, Settings, StoreError, agreement, catalog, signing_key::KeyUse, site,
        tax_id::OpenSsn,
    },
    throttle::{self, Throttle},
};

/// The program's shared parts.
pub struct App {
    /// The issuer: the public origin, without a trailing slash.
    pub issuer: String,
    /// Whether demo accounts and sites are accepted.
    pub demo: bool,
    /// The only source of time.
    pub clock: Arc<dyn Clock>,
    /// The only source of randomness.
    pub random: Random,
    /// What must not be lost.
    pub db: Database,
    /// What expires within minutes.
    pub ephemeral: Ephemeral,
    /// The agreements in force.
    pub agreements: AgreementCatalogue,
    /// The sites.
    pub sites: SiteCatalogue,
    /// The keys that sign tokens.
    pub ring: KeyRing,
    /// The keys that sign SAML messages.
    pub saml: SamlKeys,
    /// Where the keys are kept, and what keeps them going.
    pub register: Register,
    /// The key that signs the audit record.
    audit_keys: RwLock<Arc<AuditKeys>>,
    /// Keys derived from the master key.
    pub sub_keys: SubKeys,
    /// Seals what the database must hold and must not tell.
    pub sealer: Arc<Sealer>,
    /// What the registry of Tax IDs and registrations need beside the database.
    pub registry: Arc<Registry>,
    /// Opens sealed personal numbers.
    pub open_ssn: Arc<OpenSsn>,
    /// Asks for passkeys and checks them.
    pub passkeys: Passkeys,
    /// Hashes passwords.
    pub passwords: Passwords,
    /// Makes whoever keeps failing wait.
    pub throttle: Throttle,
    /// What a browser does before public forms are read.
    pub challenge: config::Challenge,
    /// How many strangers' questions are answered by mail within an hour.
    pub inquiries_per_hour: u32,
    /// Which rules a new password must keep.
    pub password_policy: PasswordPolicy,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Writes mails and codes.
    pub post: Post,
    /// Hands mails over.
    pub transport: Transport,
    /// Calls sites.
    pub outgoing: Outgoing,
    /// The public keys of sites that sign their assertions.
    pub site_keys: SiteKeys,
    /// What Hilum says about itself.
    pub metadata: Metadata,
    /// What Hilum says about its own API.
    pub api_document: Option<String>,
    /// Who asks the questions that prove who somebody is.
    pub identity_test: Option<Box<dyn KnowledgeTest>>,
    /// The help desk.
    pub support: config::Support,
    /// How many wrong passwords lock, and for how long.
    pub lockout: lockout::Limits,
    /// How long sessions last.
    pub session_rules: SessionRules,
    /// When an account may be used.
    pub account_rules: AccountRules,
    /// How often the metadata of SAML sites are fetched anew.
    pub metadata_refresh: TimeDelta,
    /// Rung when something was put into the outbox.
    pub outbox: Bell,
}

/// Wakes a job before its next round.
#[derive(Default)]
pub struct Bell(Notify);

impl Bell {
    /// Wakes it. A ring that nobody hears is kept for the next who listens.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Waits until it is rung.
    pub async fn rung(&self) {
        self.0.notified().await;
    }
}

/// Why the program could not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("short-lived state: {0}")]
    Ephemeral(#[from] EphemeralError),
    #[error("keys cannot be derived from the master key")]
    Derive,
    #[error(transparent)]
    Mail(#[from] TransportError),
    #[error(transparent)]
    MasterKey(#[from] MasterCheckError),
    #[error(transparent)]
    Outgoing(#[from] OutgoingError),
    #[error("the password pool cannot start: {0}")]
    Passwords(#[from] StartError),
    #[error(transparent)]
    Register(#[from] RegisterError),
    #[error(transparent)]
    Ring(#[from] RingError),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl App {
    /// Opens everything. The database must have today's tables.
    ///
    /// # Errors
    /// [`OpenError`] names the part that is not there.
    pub async fn open(config: &Config) -> Result<Self, OpenError> {
        let metrics = Arc::new(Metrics::new());
        let random = Random::new();
        let sub_keys =
            SubKeys::derive(&config.secrets.master_key).map_err(|_| OpenError::Derive)?;
        let sealer = Arc::new(Sealer::new(&sub_keys, random.clone())?);
        let db = database(config, &metrics);
        master_check::check(&db, &sealer).await?;
        let clock = clock(&config.clock);
        let register = Register::new(db.clone(), Arc::clone(&sealer), config.keys);
        register.keep(clock.now()).await?;
        let issuer = config.public_origin.as_str().to_owned();
        let ring = KeyRing::new(issuer.clone(), register.load(KeyUse::Tokens).await?)?;
        let saml = SamlKeys::new(&issuer, register.load(KeyUse::Saml).await?)?;
        let audit_keys = RwLock::new(Arc::new(register.audit_keys().await?));
        let ephemeral = Ephemeral::open(&config.ephemeral, metrics.redis_commands.clone())?;
        let outgoing = Outgoing::new(&config.outgoing)?;
        let metadata = Metadata::of(&issuer);
        let post = Post::new(Arc::clone(&sealer), &sub_keys, random.clone());
        let registry = Registry::new(&sub_keys, Arc::clone(&sealer), &config.tax_ids);
        let app = Self {
            issuer,
            demo: config.demo,
            clock,
            random: random.clone(),
            db,
            agreements: AgreementCatalogue::default(),
            sites: SiteCatalogue::default(),
            ring,
            saml,
            register,
            audit_keys,
            sub_keys,
            open_ssn: open_ssn(Arc::clone(&sealer)),
            registry: Arc::new(registry),
            sealer,
            passkeys: Passkeys::new(&config.public_origin),
            passwords: Passwords::start(
                &config.password,
                metrics.passwords.clone(),
                random.clone(),
            )?,
            throttle: Throttle::new(ephemeral.clone(), throttle::limits(&config.throttle)),
            challenge: config.challenge,
            inquiries_per_hour: config.challenge.inquiries_per_hour,
            password_policy: config.password.policy,
            ephemeral,
            metrics,
            post,
            transport: Transport::open(&config.mail, &config.public_origin)?,
            site_keys: SiteKeys::new(outgoing.clone()),
            outgoing,
            metadata,
            identity_test: identity_test::provider(config.identity_proof, &random),
            api_document: api_document(),
            support: config.support.clone(),
            lockout: config.lockout,
            session_rules: config.session.rules,
            account_rules: AccountRules {
                dormant_after: config.session.dormant_after,
                demo: config.demo,
            },
            metadata_refresh: config.saml.metadata_refresh,
            outbox: Bell::default(),
        };
        app.reload_agreements().await?;
        app.reload_sites().await?;
        Ok(app)
    }

    /// Somebody who acts now, neither in a session nor from an address: a job, or a base for both.
    pub fn office(&self, actor: Actor) -> Office {
        Office {
            actor,
            session: None,
            address: None,
            language: None,
            now: self.clock.now(),
            rules: self.account_rules,
            open_ssn: Arc::clone(&self.open_ssn),
            post: self.post.clone(),
            registry: Arc::clone(&self.registry),
            random: self.random.clone(),
        }
    }

    /// Takes over the agreements as the database has them now.
    ///
    /// # Errors
    /// [`StoreError`]; then the catalogue is as it was.
    pub async fn reload_agreements(&self) -> Result<(), StoreError> {
        self.agreements.replace(self.db.read(agreement::in_force).await?);
        Ok(())
    }

    /// Takes over the sites as the database has them now.
    ///
    /// # Errors
    /// [`StoreError`]; then the catalogue is as it was.
    pub async fn reload_sites(&self) -> Result<(), StoreError> {
        let sites = self.db.read(site::all).await?;
        self.sites.replace(sites, self.demo, self.sub_keys.pairwise_subject.expose());
        Ok(())
    }

    /// Takes over the keys as the database has them now.
    ///
    /// # Errors
    /// [`RegisterError`]; then the keys are as they were.
    pub async fn reload_keys(&self) -> Result<(), RegisterError> {
        self.register.refresh(&self.ring).await?;
        self.saml.replace(self.register.load(KeyUse::Saml).await?)?;
        let audit_keys = Arc::new(self.register.audit_keys().await?);
        *self.audit_keys.write().unwrap_or_else(PoisonError::into_inner) = audit_keys;
        Ok(())
    }

    /// The keys that sign audit heads.
    pub fn audit_keys(&self) -> Arc<AuditKeys> {
        Arc::clone(&self.audit_keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The database of the configuration.
pub fn database(config: &Config, metrics: &Metrics) -> Database {
    let settings = Settings { connections: config.database.pool_size, ..Settings::default() };
    Database::new(config.database.url.clone(), settings, metrics.sql())
}

/// Opens a personal number that was sealed for its Tax ID.
pub fn open_ssn(sealer: Arc<Sealer>) -> Arc<OpenSsn> {
    Arc::new(move |id, sealed| {
        let place = Place { table: "tax_id", column: "sealed", row: id.as_str() };
        let opened = sealer.open(place, sealed).ok()?;
        std::str::from_utf8(&opened).ok()?.parse().ok()
    })
}

impl Readiness for App {
    fn missing(&self) -> Pin<Box<dyn Future<Output = Vec<&'static str>> + Send + '_>> {
        Box::pin(async {
            let (database, ephemeral) =
                tokio::join!(self.db.read(catalog::read_all), self.ephemeral.ping());
            let keys = self.ring.algorithms().is_empty();
            [
                ("database", database.is_err()),
                ("short-lived state", ephemeral.is_err()),
                ("signing keys", keys),
            ]
            .into_iter()
            .filter_map(|(name, missing)| missing.then_some(name))
            .collect()
        })
    }
}
