//! `hilum staff`: who works at the support desk.
//!
//! These are Hilum's own rights and no roles: nobody has them by an import, and no site is told of
//! them (domain section 5). Whoever has one needs a second factor for every page of the console.

use clap::{Subcommand, ValueEnum};
use idp_core::{
    audit::{Event, Kind},
    community::{actor::Rank, subscriber::AccountStatus},
    ids::EventId,
};
use serde_json::json;

use super::{
    ConfigFile, Failure,
    database::{block_on, failed, open},
    operator::operator,
};
use crate::{
    clock,
    config::Config,
    random::Random,
    store::{AnyConn, StoreError, audit, staff, subscriber},
};

/// Say who works at the support desk.
#[derive(Debug, Subcommand)]
pub(super) enum Staff {
    /// Take somebody on, or give them another rank
    Add {
        #[command(flatten)]
        config: ConfigFile,
        /// The User ID
        #[arg(value_name = "USER_ID")]
        user_id: String,
        /// What they may decide
        #[arg(long, value_enum, default_value_t = As::Agent)]
        rank: As,
    },
    /// Show everybody who works there
    List {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Let somebody go; the next page that they ask for is not there
    Remove {
        #[command(flatten)]
        config: ConfigFile,
        /// The User ID
        #[arg(value_name = "USER_ID")]
        user_id: String,
    },
}

/// A rank, as the command line spells it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum As {
    /// Works on tickets, searches, proposes
    Agent,
    /// Is the second pair of eyes as well
    Lead,
}

impl From<As> for Rank {
    fn from(given: As) -> Self {
        match given {
            As::Agent => Self::Agent,
            As::Lead => Self::Lead,
        }
    }
}

impl Staff {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Add { config, user_id, rank } => {
                block_on(change(&config.load()?, user_id, Some(rank.into())))
            }
            Self::List { config } => block_on(list(&config.load()?)),
            Self::Remove { config, user_id } => block_on(change(&config.load()?, user_id, None)),
        }
    }
}

/// What came of it.
enum Said {
    Appointed,
    Dismissed,
    NotActive,
    NotThere,
    Unknown,
}

async fn change(config: &Config, user_id: String, rank: Option<Rank>) -> Result<(), Failure> {
    let (db, random) = (open(config)?, Random::new());
    let (now, actor) = (clock::clock(&config.clock).now(), operator());
    let name = user_id.trim().to_ascii_lowercase();
    let work = move |conn: &mut AnyConn| -> Result<Said, StoreError> {
        let Some(account) = subscriber::for_sign_in(conn, &name)? else {
            return Ok(Said::Unknown);
        };
        let person = account.subscriber;
        let before = staff::rank(conn, &person.id)?;
        let said = match rank {
            Some(_) if person.status != AccountStatus::Active => return Ok(Said::NotActive),
            Some(rank) => {
                staff::appoint(conn, &person.id, rank, now)?;
                Said::Appointed
            }
            None if staff::dismiss(conn, &person.id)? => Said::Dismissed,
            None => return Ok(Said::NotThere),
        };
        let kind = if rank.is_some() { Kind::StaffAppointed } else { Kind::StaffDismissed };
        let id = EventId::from_random(random.bytes());
        let event = Event::new(id, now, kind, actor.clone())
            .to(person.id)
            .before(json!({ "rank": before.map(Rank::code) }))
            .after(json!({ "rank": rank.map(Rank::code) }));
        audit::record(conn, &[event])?;
        Ok(said)
    };
    match db.write(work).await.map_err(|error| failed(&error))? {
        Said::Appointed => {
            println!("Done. The support desk is at /support; it takes a second factor.");
            Ok(())
        }
        Said::Dismissed => {
            println!("Done. The support desk is closed to them from now on.");
            Ok(())
        }
        Said::NotActive => Err(Failure::new(
            "the account is not in use",
            "Nothing was changed: only an active account can work at the support desk.",
        )),
        Said::NotThere => Err(Failure::new(
            "this person does not work at the support desk",
            "`hilum staff list` shows who does; nothing was changed.",
        )),
        Said::Unknown => {
            Err(Failure::new("nobody has this User ID", "Check its spelling; nothing was changed."))
        }
    }
}

async fn list(config: &Config) -> Result<(), Failure> {
    let db = open(config)?;
    let all = |conn: &mut AnyConn| -> Result<_, StoreError> {
        let mut members = Vec::new();
        for member in staff::all(conn)? {
            let person = subscriber::find(conn, &member.subscriber)?;
            let user_id = person.map(|person| person.user_id.to_string()).unwrap_or_default();
            members.push((user_id, member.name, member.rank));
        }
        Ok(members)
    };
    let members = db.read(all).await.map_err(|error| failed(&error))?;
    if members.is_empty() {
        println!("Nobody works at the support desk. `hilum staff add` takes somebody on.");
    }
    for (user_id, name, rank) in members {
        println!("{user_id:<24} {:<14} {name}", rank.code());
    }
    Ok(())
}
