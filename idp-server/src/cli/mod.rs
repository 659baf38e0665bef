//! The command line: one file per group of commands, each ending in success or in a [`Failure`]
//! that says what happened and what to do next.

mod account;
mod agreement;
mod audit;
mod check;
mod community;
mod database;
mod demo;
mod failure;
mod keys;
mod migrate;
mod office;
mod operator;
mod secret;
mod serve;
mod site;
mod staff;
mod system;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use failure::{ConfigFile, Failure};

/// Hilum, the sign-on of a trusted community.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Every setting of the file can also be given by the environment: HILUM__DATABASE__URL is database.url.

Exit codes: 0 done, 1 failed (the message says what to do), 2 wrong command line, 3 mistakes in the \
configuration (all are listed).";

#[derive(Debug, Subcommand)]
enum Command {
    /// Publish, list and withdraw the agreements that people must accept
    #[command(subcommand)]
    Agreement(agreement::Agreements),
    /// Help people who cannot sign in
    #[command(subcommand)]
    Account(account::Account),
    /// Check the audit record
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Look at each part that a node needs, and change none
    Check(ConfigFile),
    /// Load organizations, people and sites
    #[command(subcommand)]
    Community(community::Community),
    /// Help with a demo, and with nothing else
    #[command(subcommand)]
    Demo(demo::Demo),
    /// Show and replace the keys that sign
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Bring the tables of the database to what this version expects
    Migrate(ConfigFile),
    /// Serve until told to stop
    Serve(ConfigFile),
    /// Make secrets that live in files
    #[command(subcommand)]
    Secret(secret::Secret),
    /// Register, list and remove sites
    #[command(subcommand)]
    Site(site::Sites),
    /// Make, list, renew and stop the systems of organizations
    #[command(subcommand)]
    System(system::Systems),
    /// Say who works at the support desk
    #[command(subcommand)]
    Staff(staff::Staff),
}

/// Runs what the command line asks for.
#[must_use]
pub fn run() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Agreement(command) => command.run(),
        Command::Account(command) => command.run(),
        Command::Audit(command) => command.run(),
        Command::Check(file) => check::run(&file),
        Command::Community(command) => command.run(),
        Command::Demo(command) => command.run(),
        Command::Keys(command) => command.run(),
        Command::Migrate(file) => migrate::run(&file),
        Command::Secret(command) => command.run(),
        Command::Serve(file) => serve::run(&file),
        Command::Site(command) => command.run(),
        Command::System(command) => command.run(),
        Command::Staff(command) => command.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            failure.exit_code()
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_command_without_its_file_is_refused() {
        assert!(Cli::try_parse_from(["hilum"]).is_err());
        assert!(Cli::try_parse_from(["hilum", "secret", "new"]).is_err());
        assert!(Cli::try_parse_from(["hilum", "secret", "new", "key"]).is_ok());
    }
}
