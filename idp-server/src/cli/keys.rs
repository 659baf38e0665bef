//! `hilum keys`.

use std::{io, sync::Arc, time::Duration};

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Subcommand;
use idp_core::{
    keys::{KeyRecord, Urgency},
    oidc::jose::SigningAlgorithm,
};
use tokio::runtime;

use super::{ConfigFile, Failure, operator::operator};
use crate::{
    clock,
    config::Config,
    keys::{
        audit_keys::AUDIT_ALGORITHM,
        register::{Register, RegisterError},
        saml_keys::SAML_ALGORITHMS,
        sealing::Sealer,
        sub_keys::SubKeys,
    },
    random::Random,
    store::{
        Database, Settings, Tally,
        migrations::{self, MigrationError, Schema},
        signing_key::KeyUse,
    },
};

/// How often a rotation is tried when a node changes the keys at the same moment.
const ATTEMPTS: u32 = 3;
/// How long a new key is published before it signs: running nodes look for new keys twice a
/// second. Without it, a node could meet a token whose key it has not heard of, and refuse it.
const HEARD: Duration = Duration::from_secs(2);

/// The keys that sign tokens and audit heads.
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Show every key: what it signs, where it stands in its life, and since when
    List {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Put new keys into service at once
    ///
    /// Running nodes follow within a second. The old keys stay published for the tokens that they
    /// signed, so that nobody is signed out.
    Rotate {
        #[command(flatten)]
        config: ConfigFile,
        /// Only the key of this algorithm, ES256 for instance
        #[arg(long, value_name = "ALGORITHM")]
        algorithm: Option<SigningAlgorithm>,
        /// Somebody else may have the keys: withdraw the old ones at once. Every token that they
        /// signed becomes worthless
        #[arg(long)]
        compromised: bool,
        /// The key that signs the audit record, and no key of tokens
        #[arg(long, conflicts_with_all = ["algorithm", "compromised", "saml"])]
        audit: bool,
        /// The keys that sign SAML messages, and no key of tokens. Sites that do not read our
        /// metadata by themselves must be told before: they go on only with the new certificate
        #[arg(long, conflicts_with = "algorithm")]
        saml: bool,
    },
}

impl Keys {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::List { config } => block_on(list(&config.load()?)),
            Self::Rotate { config, algorithm, compromised, audit, saml } => {
                let algorithms = match algorithm {
                    Some(algorithm) => vec![algorithm],
                    None => SigningAlgorithm::ALL.to_vec(),
                };
                let urgency = if compromised { Urgency::Compromised } else { Urgency::Routine };
                let what = match (audit, saml) {
                    (true, _) => (KeyUse::Audit, vec![AUDIT_ALGORITHM]),
                    (false, true) => (KeyUse::Saml, SAML_ALGORITHMS.to_vec()),
                    (false, false) => (KeyUse::Tokens, algorithms),
                };
                block_on(rotate(&config.load()?, what, urgency))
            }
        }
    }
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error: io::Error| failed(&error))?.block_on(work)
}

async fn list(config: &Config) -> Result<(), Failure> {
    let register = register(config)?;
    println!("{:<9}  {:<6}  {:<8}  {:<20}  kid", "algorithm", "signs", "state", "since");
    let uses = [(KeyUse::Tokens, "tokens"), (KeyUse::Saml, "saml"), (KeyUse::Audit, "audit")];
    for (key_use, signs) in uses {
        let mut keys = register.list(key_use).await.map_err(|error| failed(&error))?;
        keys.sort_by_key(|key| (key.algorithm, key.state.since()));
        for KeyRecord { kid, algorithm, state } in keys {
            let since = state.since().to_rfc3339_opts(SecondsFormat::Secs, true);
            println!("{:<9}  {signs:<6}  {:<8}  {since}  {kid}", algorithm.as_str(), state.name());
        }
    }
    Ok(())
}

async fn rotate(
    config: &Config,
    (key_use, algorithms): (KeyUse, Vec<SigningAlgorithm>),
    urgency: Urgency,
) -> Result<(), Failure> {
    let register = register(config)?;
    if urgency == Urgency::Routine {
        announce(config, &register, key_use, &algorithms).await?;
    }
    for algorithm in algorithms {
        let now = clock::clock(&config.clock).now();
        let rotated = rotate_one(&register, key_use, algorithm, urgency, now).await;
        if !rotated.map_err(|error| failed(&error))? {
            return Err(Failure::new(
                format!("the {algorithm} key was not replaced: a node changes the keys as well"),
                "Look at `hilum keys list`, then run the same command again.",
            ));
        }
        let keys = register.list(key_use).await.map_err(|error| failed(&error))?;
        let signs = keys.iter().find(|key| key.algorithm == algorithm && key.state.signs());
        println!("{algorithm}: {} signs from now on.", signs.map_or("?", |key| key.kid.as_str()));
    }
    println!("Running nodes follow within a second.");
    Ok(())
}

/// Publishes the new keys and waits until every node knows them (security 8.4).
async fn announce(
    config: &Config,
    register: &Register,
    key_use: KeyUse,
    algorithms: &[SigningAlgorithm],
) -> Result<(), Failure> {
    let mut announced = false;
    for algorithm in algorithms {
        let now = clock::clock(&config.clock).now();
        let made = register.announce(key_use, *algorithm, operator(), now).await;
        announced |= made.map_err(|error| failed(&error))?;
    }
    if announced {
        tokio::time::sleep(HEARD).await;
    }
    Ok(())
}

async fn rotate_one(
    register: &Register,
    key_use: KeyUse,
    algorithm: SigningAlgorithm,
    urgency: Urgency,
    now: DateTime<Utc>,
) -> Result<bool, RegisterError> {
    for _ in 0..ATTEMPTS {
        if register.rotate(key_use, algorithm, urgency, operator(), now).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn register(config: &Config) -> Result<Register, Failure> {
    match migrations::examine(&config.database.url).map_err(|error| failed(&error))? {
        Schema::Current => {}
        Schema::Ahead => return Err(failed(&MigrationError::Ahead)),
        Schema::Behind(_) => {
            return Err(Failure::new(
                "the database does not have the tables of this version",
                "Run `hilum migrate` with the same configuration, then the same command again.",
            ));
        }
    }
    let db = Database::new(config.database.url.clone(), Settings::default(), Tally::default());
    let keys = SubKeys::derive(&config.secrets.master_key).map_err(|error| failed(&error))?;
    let sealer = Sealer::new(&keys, Random::new()).map_err(|error| failed(&error))?;
    Ok(Register::new(db, Arc::new(sealer), config.keys))
}

fn failed(error: &dyn std::error::Error) -> Failure {
    Failure::new(
        error.to_string(),
        "No key was changed. `hilum check` with the same configuration looks at each part by itself.",
    )
}
