//! `hilum demo`: what a demo needs and nothing else may have.

mod prepare;

use clap::Subcommand;
use idp_core::{
    authentication::totp::Seed,
    community::{actor::Actor, subscriber::UserId},
};

use self::prepare::{Done, prepare};
use super::{
    ConfigFile, Failure,
    database::{self, block_on, failed},
    office::{office, sealer},
};
use crate::{
    clock,
    config::Config,
    keys::sealing::Place,
    store::{AnyConn, factor, subscriber},
};

/// Help with a demo.
#[derive(Debug, Subcommand)]
pub(super) enum Demo {
    /// Show the code that a person's authenticator app shows now
    Code {
        #[command(flatten)]
        config: ConfigFile,
        /// The person
        #[arg(value_name = "USER_ID")]
        user_id: UserId,
    },
    /// Make up work for the consoles: a nominee, a registration to review, a Tax ID that two claim
    ///
    /// It is done once: where somebody has been nominated before, nothing is made up.
    Prepare {
        #[command(flatten)]
        config: ConfigFile,
    },
}

impl Demo {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Code { config, user_id } => {
                let config = config.load()?;
                if !config.demo {
                    return Err(no_demo("only the person's own app knows the codes"));
                }
                block_on(code(config, user_id))
            }
            Self::Prepare { config } => {
                let config = config.load()?;
                if !config.demo {
                    return Err(no_demo("nothing is made up in a community of real people"));
                }
                block_on(make_up(config))
            }
        }
    }
}

fn no_demo(because: &str) -> Failure {
    Failure::new(format!("this is no demo: {because}"), "Nothing was done.")
}

async fn make_up(config: Config) -> Result<(), Failure> {
    let (db, office) = (database::open(&config)?, office(&config, Actor::Nobody)?);
    let prepared = db.write(move |conn| prepare(conn, &office)).await;
    match prepared.map_err(|error| failed(&error))? {
        Ok(Done::Now) => {
            println!("A nominee, a registration to review and a claimed Tax ID are there.");
            Ok(())
        }
        Ok(Done::Before) => {
            println!("Somebody has been nominated before; nothing was made up.");
            Ok(())
        }
        Err(why) => Err(Failure::new(
            format!("the demo is not as it was made: {why}"),
            "What could not be made up is missing; all else works.",
        )),
    }
}

async fn code(config: Config, user_id: UserId) -> Result<(), Failure> {
    let nothing = |why: &str| Failure::new(format!("{user_id}: {why}"), "Nothing was changed.");
    let (sealer, ..) = sealer(&config)?;
    let name = user_id.clone();
    let read = move |conn: &mut AnyConn| {
        let Some(account) = subscriber::for_sign_in(conn, name.as_str())? else {
            return Ok(Vec::new());
        };
        factor::totp_secrets(conn, &account.subscriber.id)
    };
    let db = database::open(&config)?;
    let secrets = db.read(read).await.map_err(|error| failed(&error))?;
    let secret = secrets.first().ok_or_else(|| nothing("there is no authenticator app"))?;
    let place = Place { table: "factor", column: "sealed_seed", row: secret.factor.as_str() };
    let seed = sealer.open(place, &secret.sealed_seed).ok();
    let seed = seed.and_then(|seed| Seed::from_bytes(&seed));
    let seed = seed.ok_or_else(|| nothing("the seed was sealed under another master key"))?;
    println!("{}", seed.code_at(clock::clock(&config.clock).now()));
    Ok(())
}
