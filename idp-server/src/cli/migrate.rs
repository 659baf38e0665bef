//! `hilum migrate`.

use super::{ConfigFile, Failure};
use crate::store::migrations::{self, MigrationError};

/// Brings the tables of the database to what this version expects.
pub(super) fn run(file: &ConfigFile) -> Result<(), Failure> {
    let config = file.load()?;
    let done = migrations::migrate(&config.database.url).map_err(|error| failed(&error))?;
    if done.is_empty() {
        println!("The database has the tables of this version already.");
    } else {
        println!("Ran {}. The database has the tables of this version now.", done.join(", "));
    }
    Ok(())
}

fn failed(error: &MigrationError) -> Failure {
    let next = match error {
        MigrationError::Ahead => {
            "Nothing was changed. Run the version that set it up, or a newer one."
        }
        MigrationError::Failed(_) => {
            "Mend the cause and run the same command again. Until then no node of this version starts."
        }
        MigrationError::Unreachable(_) => {
            "Nothing was changed. Start the database, or mend database.url of the configuration."
        }
    };
    Failure::new(error.to_string(), next)
}
