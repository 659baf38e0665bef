//! `hilum audit`: whether the audit record is what it was.

use std::sync::Arc;

use clap::Subcommand;
use idp_core::audit::Head;

use super::{
    ConfigFile, Failure,
    database::{self, block_on, failed},
};
use crate::{
    audit_record::{self, Verified},
    config::Config,
    keys::{audit_keys::AuditKeys, register::Register, sealing::Sealer, sub_keys::SubKeys},
    random::Random,
    store::Database,
};

/// The audit record.
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Check the whole record and name every row that was changed, taken out, moved or slipped in
    ///
    /// The exit code is 1 if there is any. Note the head that is shown somewhere else: with it you
    /// can tell next time whether the newest rows were taken away together with their heads.
    Verify(ConfigFile),
}

impl Audit {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Verify(config) => block_on(verify(config.load()?)),
        }
    }
}

async fn verify(config: Config) -> Result<(), Failure> {
    let db = database::open(&config)?;
    let keys = audit_keys(&config, &db).await?;
    let verified = db.read(move |conn| audit_record::verify(conn, &keys, || true)).await;
    let Some(verified) = verified.map_err(|error| failed(&error))? else {
        return Err(Failure::new("the check was cut short", "Begin it again."));
    };
    let Verified { sealed, waiting, head, findings } = verified;
    println!("{sealed} events are sealed; {waiting} wait for their seal.");
    if let Some(Head { tip, kid, .. }) = head {
        println!("Head: row {}, chain {}, key {kid}", tip.position, tip.chain_hash);
    }
    if findings.is_empty() {
        println!("Nothing was changed.");
        return Ok(());
    }
    Err(Failure::new(
        format!("the audit record is not what it was:\n  {}", findings.join("\n  ")),
        "Keep a copy of the database as it is, and compare these rows with a backup.",
    ))
}

async fn audit_keys(config: &Config, db: &Database) -> Result<AuditKeys, Failure> {
    let unusable = |why: String| Failure::new(why, "Nothing was checked.");
    let keys = SubKeys::derive(&config.secrets.master_key);
    let keys = keys.map_err(|error| unusable(error.to_string()))?;
    let sealer = Sealer::new(&keys, Random::new()).map_err(|error| unusable(error.to_string()))?;
    let register = Register::new(db.clone(), Arc::new(sealer), config.keys);
    register.audit_keys().await.map_err(|error| unusable(error.to_string()))
}
