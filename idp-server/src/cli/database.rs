//! The database, as commands open it.

use std::{io, time::Duration};

use tokio::runtime;

use super::Failure;
use crate::{
    config::Config,
    store::{
        Database, Settings, StoreError, Tally,
        migrations::{self, MigrationError, Schema},
    },
};

/// How long a command waits for an answer: nobody else waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a command that talks to the database.
pub(super) fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let started = runtime.map_err(|error: io::Error| {
        Failure::new(format!("the command cannot start: {error}"), "Nothing was changed.")
    });
    started?.block_on(work)
}

/// The database of the configuration, which must have today's tables.
pub(super) fn open(config: &Config) -> Result<Database, Failure> {
    match migrations::examine(&config.database.url).map_err(|error| unusable(&error))? {
        Schema::Current => {
            let settings = Settings { connections: 1, patience: PATIENCE };
            Ok(Database::new(config.database.url.clone(), settings, Tally::default()))
        }
        Schema::Ahead => Err(unusable(&MigrationError::Ahead)),
        Schema::Behind(_) => Err(Failure::new(
            "the database does not have the tables of this version",
            "Run `hilum migrate` with the same configuration, then the same command again.",
        )),
    }
}

fn unusable(error: &MigrationError) -> Failure {
    Failure::new(error.to_string(), "Nothing was changed. `hilum check` tells more.")
}

/// A failure of the database in the middle of a command.
pub(super) fn failed(error: &StoreError) -> Failure {
    Failure::new(
        error.to_string(),
        "Nothing was changed. `hilum check` with the same configuration looks at each part by itself.",
    )
}
