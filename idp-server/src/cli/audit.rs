//! `hilum audit`: whether the audit record is what it was.

use std::sync::Arc;

use clap::Subcommand;
use idp_core::audit::{Event, Finding, Head, Seal, check};

use super::{
    ConfigFile, Failure,
    database::{self, block_on, failed},
};
use crate::{
    config::Config,
    keys::{audit_keys::AuditKeys, register::Register, sealing::Sealer, sub_keys::SubKeys},
    random::Random,
    store::{Database, StoreError, audit},
};

/// Rows read at once.
const PAGE: i64 = 2_000;
/// The most events without a seal that are named one by one.
const NAMED: i64 = 100;

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
    let record = Record::read(&db).await.map_err(|error| failed(&error))?;
    let (count, head) = (record.rows.len(), record.heads.last().cloned());
    let findings = check(record.rows, record.heads, |kid, message, signature| {
        keys.has_signed(kid.as_str(), message, signature)
    });
    println!("{count} events are sealed; {} wait for their seal.", record.waiting);
    if let Some(Head { tip, kid, .. }) = head {
        println!("Head: row {}, chain {}, key {kid}", tip.position, tip.chain_hash);
    }
    let mut told: Vec<String> = findings.iter().map(Finding::to_string).collect();
    told.extend(record.unaccounted);
    if told.is_empty() {
        println!("Nothing was changed.");
        return Ok(());
    }
    Err(Failure::new(
        format!("the audit record is not what it was:\n  {}", told.join("\n  ")),
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

/// The record as it was at one moment.
struct Record {
    rows: Vec<(Seal, Option<Event>)>,
    heads: Vec<Head>,
    waiting: i64,
    /// Events that nobody accounts for, in words.
    unaccounted: Vec<String>,
}

impl Record {
    /// Reads the record while nodes go on sealing. Seals and their head come in one transaction,
    /// so the heads that are read after the rows cover all of these; those that cover later rows
    /// only, and were not there before, are left to the next time.
    async fn read(db: &Database) -> Result<Self, StoreError> {
        let before = heads(db).await?.last().map_or(0, |head| head.tip.position);
        let rows = rows(db).await?;
        let last = rows.last().map_or(0, |(seal, _)| seal.position).max(before);
        let mut heads = heads(db).await?;
        heads.retain(|head| head.tip.position <= last);
        let waiting = db.read(audit::waiting).await?;
        let unaccounted = db.read(|conn| audit::unaccounted(conn, NAMED)).await?;
        let unaccounted = unaccounted
            .into_iter()
            .map(|id| format!("event {id} has no seal and does not wait for one"))
            .collect();
        Ok(Self { rows, heads, waiting, unaccounted })
    }
}

async fn rows(db: &Database) -> Result<Vec<(Seal, Option<Event>)>, StoreError> {
    let mut rows: Vec<(Seal, Option<Event>)> = Vec::new();
    loop {
        let after = rows.last().map_or(0, |(seal, _)| seal.position);
        let page = db.read(move |conn| audit::sealed_after(conn, after, PAGE)).await?;
        if page.is_empty() {
            return Ok(rows);
        }
        rows.extend(page);
    }
}

async fn heads(db: &Database) -> Result<Vec<Head>, StoreError> {
    let mut heads: Vec<Head> = Vec::new();
    loop {
        let after = heads.last().map_or(0, |head| head.tip.position);
        let page = db.read(move |conn| audit::heads_after(conn, after, PAGE)).await?;
        if page.is_empty() {
            return Ok(heads);
        }
        heads.extend(page);
    }
}
