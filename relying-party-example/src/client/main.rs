//! HIE client: a system of an organization, as whoever installs one would write it.
//!
//! ```text
//!   hie-client set-up --issuer URL --id sys_…              once, with the code of an Administrator
//!   hie-client query --patient pat-1001                    as often as you like
//! ```
//!
//! Read in this order: `key`, the key pair that never leaves this machine; `system`, what is kept of the
//! set-up; `hilum`, setting up and getting tokens; and here, what is done with them.
#![forbid(unsafe_code)]

mod hilum;
mod key;
mod system;

use std::{error::Error, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use relying_party_example::{page::now, program};
use reqwest::StatusCode;
use serde_json::Value;
use url::Url;

use crate::{hilum::Hilum, key::KeyPair, system::System};

/// Calls the HIE gateway for an organization's system.
#[derive(Parser)]
struct Arguments {
    /// The folder in which the key and the set-up are kept
    #[arg(long, value_name = "FOLDER", default_value = "data/hie-client", global = true)]
    folder: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Hear of the organization's latest admissions
    Feed(Gateway),
    /// Ask what was dispensed to a patient
    Query {
        #[command(flatten)]
        gateway: Gateway,
        /// The patient
        #[arg(long, value_name = "ID")]
        patient: String,
    },
    /// Make a key pair, and bring its public half to Hilum with the code that an Administrator was shown
    SetUp {
        /// Hilum
        #[arg(long, value_name = "URL")]
        issuer: Url,
        /// The system's name at Hilum
        #[arg(long, value_name = "ID")]
        id: String,
        /// The code; left out, it is read from the standard input, so that it stands in no list of
        /// processes and in no shell's history
        #[arg(long, value_name = "CODE", allow_hyphen_values = true)]
        code: Option<String>,
    },
    /// Get an access token and write it to the standard output
    Token {
        /// Only these scopes, divided by blanks; left out, all that the system has
        #[arg(long, value_name = "SCOPES")]
        scope: Option<String>,
    },
}

#[derive(Args)]
struct Gateway {
    /// The gateway
    #[arg(long, value_name = "URL", default_value = "http://localhost:8093")]
    gateway: Url,
}

#[actix_web::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::run("hie-client", run(arguments)).await
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let folder = &arguments.folder;
    match arguments.command {
        Command::Feed(Gateway { gateway }) => {
            call(folder, gateway.join("/adt/feed")?, "hie/adt.subscribe").await
        }
        Command::Query { gateway: Gateway { gateway }, patient } => {
            let mut address = gateway.join("/pmp/query")?;
            address.query_pairs_mut().append_pair("patient", &patient);
            call(folder, address, "hie/pmp.query").await
        }
        Command::SetUp { issuer, id, code } => {
            let hilum = Hilum::new(issuer)?;
            let code = match code {
                Some(code) => code,
                None => typed()?,
            };
            let key = KeyPair::generate()?;
            let system = hilum.set_up(&id, &code, &key.jwks()).await?;
            // Not before Hilum has taken it: until then an older key goes on.
            key.save(folder)?;
            system.save(folder)?;
            println!(
                "Set up: {} has its key now, and it is in {}.",
                system.client_id,
                folder.display()
            );
            println!("It acts until {}, unless an Administrator renews it.", system.ends_on());
            println!("It may ask for: {}", system.scope);
            println!("Next: hie-client query --patient pat-1001");
            Ok(())
        }
        Command::Token { scope } => {
            println!("{}", token(folder, scope.as_deref()).await?);
            Ok(())
        }
    }
}

/// One line of the standard input.
fn typed() -> std::io::Result<String> {
    eprintln!("Type the code that your Administrator was shown:");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line)
}

/// A token for the system that was set up in this folder.
async fn token(folder: &std::path::Path, scope: Option<&str>) -> Result<String, Box<dyn Error>> {
    let (system, key) = (System::load(folder)?, KeyPair::load(folder)?);
    let hilum = Hilum::new(system.issuer.clone())?;
    Ok(hilum.token(&system, &key, scope, now()).await?)
}

/// Gets a token for one scope, calls the gateway with it, and shows what came back. A token for everything would
/// be worth more to whoever took it on the way.
async fn call(folder: &std::path::Path, address: Url, scope: &str) -> Result<(), Box<dyn Error>> {
    let token = token(folder, Some(scope)).await?;
    eprintln!("Hilum gave a token for {scope}.");
    let answer = hilum::http()?.get(address.clone()).bearer_auth(token).send().await;
    let answer = answer.map_err(|_| {
        format!("{address} cannot be reached.\nIs the gateway running? `make run` starts it.")
    })?;
    let status = answer.status();
    let body: Value = answer.json().await.unwrap_or_default();
    if status.is_success() {
        eprintln!("The gateway answered:");
        println!("{}", serde_json::to_string_pretty(&body)?);
        return Ok(());
    }
    let why =
        body.get("error_description").and_then(Value::as_str).unwrap_or("no reason was given");
    let next = match status {
        StatusCode::UNAUTHORIZED => {
            "Ask an Administrator of your organization whether the system was stopped."
        }
        StatusCode::FORBIDDEN => {
            "Ask an Administrator of your organization for a system that has this scope."
        }
        StatusCode::BAD_REQUEST => "Mend the call, then run it again.",
        _ => "Try again in a minute.",
    };
    Err(format!("the gateway refused with {status}: {why}\n{next}").into())
}
