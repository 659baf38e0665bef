//! Hilum's shell: HTTP, storage, keys, jobs and the command line around `idp-core`.

#![forbid(unsafe_code)]
#![expect(unreachable_pub, reason = "in a program, `pub` says what a room offers the other rooms")]

mod agreements;
mod app;
mod audit_record;
mod cli;
mod clock;
mod community;
mod config;
mod email_change;
mod ephemeral;
mod follow;
mod help_desk;
mod http;
mod identity_test;
mod jobs;
mod keys;
mod mail;
mod metrics;
mod outgoing;
mod pages;
mod passkeys;
mod passwords;
mod random;
mod site_metadata;
mod sites;
mod store;
mod telemetry;
mod throttle;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
