//! `hilum demo`: what a demo needs and nothing else may have.

use clap::Subcommand;
use idp_core::{authentication::totp::Seed, community::subscriber::UserId};

use super::{
    ConfigFile, Failure,
    database::{self, block_on, failed},
};
use crate::{
    app,
    config::Config,
    keys::{
        sealing::{Place, Sealer},
        sub_keys::SubKeys,
    },
    random::Random,
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
}

impl Demo {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Code { config, user_id } => {
                let config = config.load()?;
                if !config.demo {
                    return Err(Failure::new(
                        "this is no demo: only the person's own app knows the codes",
                        "Nothing was read.",
                    ));
                }
                block_on(code(config, user_id))
            }
        }
    }
}

async fn code(config: Config, user_id: UserId) -> Result<(), Failure> {
    let nothing = |why: &str| Failure::new(format!("{user_id}: {why}"), "Nothing was changed.");
    let keys = SubKeys::derive(&config.secrets.master_key);
    let keys = keys.map_err(|error| nothing(&error.to_string()))?;
    let sealer = Sealer::new(&keys, Random::new()).map_err(|error| nothing(&error.to_string()))?;
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
    println!("{}", seed.code_at(app::clock(&config.clock).now()));
    Ok(())
}
