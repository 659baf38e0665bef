//! `hilum secret`.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::Failure;
use crate::{
    config::{MasterKey, MasterKeyError},
    random::Random,
};

/// Secrets that live in files.
#[derive(Debug, Subcommand)]
pub(super) enum Secret {
    /// Draw a master key and write it to a new file that only you can read
    ///
    /// Name the file in `secrets.master_key_file`, the same on every node. Whoever has this file and
    /// a copy of the database can sign in as anybody: keep the two apart. Without it, what the
    /// database holds encrypted (signing keys, for instance) is lost.
    New {
        /// The file to make; it must not exist yet
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

impl Secret {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::New { file } => create(&file),
        }
    }
}

fn create(file: &Path) -> Result<(), Failure> {
    match MasterKey::create(file, &Random::new()) {
        Ok(()) => {
            println!(
                "Made {} (only you can read it). Set secrets.master_key_file to it, and keep a \
                 copy apart from the copies of the database.",
                file.display()
            );
            Ok(())
        }
        Err(error @ MasterKeyError::Exists) => Err(Failure::new(
            format!("{} {error}", file.display()),
            "Nothing was changed. Use the file as it is, or name another one.",
        )),
        Err(error) => Err(Failure::new(
            format!("{} {error}", file.display()),
            "No key was made. Name a file in a folder that you may write to.",
        )),
    }
}
