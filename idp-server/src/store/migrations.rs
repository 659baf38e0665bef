//! Brings the schema to what this program expects, and refuses to work with any other.
//!
//! All pending migrations run in one transaction that begins by taking a lock: an interrupted
//! migration leaves nothing behind, and of two nodes that start at once the second one waits and
//! then finds nothing to do (security 23.6).

use std::{collections::BTreeSet, error::Error as StdError};

use diesel::{
    Connection as _,
    connection::SimpleConnection as _,
    migration::{Migration, MigrationSource as _},
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};

use super::{
    AnyConn,
    connection::{self, Purpose, on_either},
};
use crate::config::DatabaseUrl;

const POSTGRES: EmbeddedMigrations = embed_migrations!("../migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");

/// The advisory lock in PostgreSQL that migrating nodes queue for: "hilum" in ASCII.
const LOCK: i64 = 0x0068_696c_756d;

/// How the schema stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schema {
    /// A newer program has been here. This one must not start.
    Ahead,
    /// Migrations wait to be run; by name.
    Behind(Vec<String>),
    /// As this program expects it.
    Current,
}

/// Why the schema could not be examined or changed.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// A newer program has changed the schema.
    #[error("the database was set up by a newer version of Hilum: start that version instead")]
    Ahead,
    /// A migration failed; nothing was changed.
    #[error("a migration failed, and nothing was changed: {0}")]
    Failed(#[source] Box<dyn StdError + Send + Sync>),
    /// There is no connection.
    #[error("the database cannot be reached: {0}")]
    Unreachable(#[from] diesel::ConnectionError),
}

/// How the schema of the database at `url` stands.
///
/// # Errors
/// [`MigrationError`] if the database cannot be asked.
pub fn examine(url: &DatabaseUrl) -> Result<Schema, MigrationError> {
    let mut conn = open(url)?;
    state(&mut conn).map_err(MigrationError::Failed)
}

/// Runs all pending migrations; returns their names. It may take its time: no limit applies.
///
/// # Errors
/// [`MigrationError`]; nothing was changed.
pub fn migrate(url: &DatabaseUrl) -> Result<Vec<String>, MigrationError> {
    let mut conn = open(url)?;
    if let AnyConn::Pg(c) = &mut conn {
        c.batch_execute("SET statement_timeout = 0; SET lock_timeout = 0")
            .map_err(|error| MigrationError::Failed(error.into()))?;
    }
    connection::begin(&mut conn).map_err(|error| MigrationError::Failed(error.into()))?;
    let outcome = lock_and_run(&mut conn);
    let ended = match &outcome {
        Ok(_) => connection::commit(&mut conn),
        Err(_) => connection::roll_back(&mut conn),
    };
    ended.map_err(|error| MigrationError::Failed(error.into()))?;
    outcome
}

fn open(url: &DatabaseUrl) -> Result<AnyConn, MigrationError> {
    Ok(connection::open(url, Purpose::Write)?)
}

/// In a transaction that has begun (SQLite's has its lock from there).
fn lock_and_run(conn: &mut AnyConn) -> Result<Vec<String>, MigrationError> {
    if let AnyConn::Pg(c) = conn {
        c.batch_execute(&format!("SELECT pg_advisory_xact_lock({LOCK})"))
            .map_err(|error| MigrationError::Failed(error.into()))?;
    }
    if state(conn).map_err(MigrationError::Failed)? == Schema::Ahead {
        return Err(MigrationError::Ahead);
    }
    run(conn).map_err(MigrationError::Failed)
}

type BoxError = Box<dyn StdError + Send + Sync>;

fn run(conn: &mut AnyConn) -> Result<Vec<String>, BoxError> {
    let done = match conn {
        AnyConn::Pg(c) => c.run_pending_migrations(POSTGRES)?,
        AnyConn::Sqlite(c) => c.run_pending_migrations(SQLITE)?,
    };
    Ok(done.iter().map(ToString::to_string).collect())
}

fn state(conn: &mut AnyConn) -> Result<Schema, BoxError> {
    // A database that nobody has set up has no list of migrations, and asking must not make one.
    let listed = "SELECT count(*) FROM __diesel_schema_migrations";
    let never = on_either!(conn, c => c.transaction(|c| c.batch_execute(listed))).is_err();
    let applied: BTreeSet<String> = if never {
        BTreeSet::new()
    } else {
        on_either!(conn, c => c.applied_migrations())?.iter().map(ToString::to_string).collect()
    };
    let known: Vec<String> = match conn {
        AnyConn::Pg(_) => names::<diesel::pg::Pg>(&POSTGRES.migrations()?),
        AnyConn::Sqlite(_) => names::<diesel::sqlite::Sqlite>(&SQLITE.migrations()?),
    };
    if applied.iter().any(|version| !known.contains(version)) {
        return Ok(Schema::Ahead);
    }
    let mut pending: Vec<String> =
        known.into_iter().filter(|version| !applied.contains(version)).collect();
    pending.sort();
    Ok(if pending.is_empty() { Schema::Current } else { Schema::Behind(pending) })
}

fn names<DB: diesel::backend::Backend>(migrations: &[Box<dyn Migration<DB>>]) -> Vec<String> {
    migrations.iter().map(|migration| migration.name().version().to_string()).collect()
}
