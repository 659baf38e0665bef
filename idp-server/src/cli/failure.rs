//! How a command fails, and the setting that nearly every command takes.

use std::{env, fmt, path::PathBuf, process::ExitCode};

use clap::Args;

use crate::config::{self, Config, Mistake};

/// Why a command did not do what it was asked to, in words for the operator.
#[derive(Debug)]
pub struct Failure {
    what: String,
    next: String,
    code: u8,
}

impl Failure {
    /// `what` happened, without a full stop at its end, and what to do `next`, as a sentence.
    #[must_use]
    pub fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), next: next.into(), code: 1 }
    }

    fn of_configuration(file: &ConfigFile, mistakes: &[Mistake]) -> Self {
        let number = mistakes.len();
        let plural = if number == 1 { "" } else { "s" };
        let mut what = format!("{} has {number} mistake{plural}:", file.config.display());
        for mistake in mistakes {
            what.push_str("\n  ");
            what.push_str(&mistake.to_string());
        }
        let next = "Nothing was changed. Mend them and run the same command again; \
                    config/embedded.toml explains every setting.";
        Self { what, next: next.to_owned(), code: 3 }
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hilum: {}\n{}", self.what, self.next)
    }
}

/// `--config FILE`.
#[derive(Args, Clone, Debug)]
pub struct ConfigFile {
    /// The configuration; config/embedded.toml is one to start from
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl ConfigFile {
    /// Reads the file and the environment.
    ///
    /// # Errors
    /// A [`Failure`] that lists every mistake.
    pub fn load(&self) -> Result<Config, Failure> {
        // A variable that is no text cannot be one of ours.
        let as_text = |(name, text): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, text.into_string().ok()?))
        };
        config::load(&self.config, env::vars_os().filter_map(as_text))
            .map_err(|mistakes| Failure::of_configuration(self, &mistakes))
    }
}
