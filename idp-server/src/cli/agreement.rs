//! `hilum agreement`: which texts people must accept. Running nodes follow within a second.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use idp_core::{
    audit::{Actor, Event, Kind},
    community::agreement::{Agreement, AgreementName, AgreementText},
    ids::{AgreementId, EventId},
};
use serde_json::json;

use super::{
    ConfigFile, Failure,
    database::{self, block_on, failed},
    operator::operator,
};
use crate::{
    clock,
    config::Config,
    random::Random,
    store::{AnyConn, Database, agreement, audit},
};

/// The texts that people must accept before any site opens.
#[derive(Debug, Subcommand)]
pub(super) enum Agreements {
    /// Show every agreement with its versions
    List {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Put a text in force: everybody is asked for it before the next site opens
    ///
    /// The file is plain text: a first line `# Title`, headings `## Heading`, lists of lines that
    /// begin with `- `, and paragraphs. It stays as it is for good; a change is another version.
    /// Publishing the very same text again changes nothing.
    Publish {
        #[command(flatten)]
        config: ConfigFile,
        /// The text
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Which agreement
        #[arg(long, value_name = "NAME", default_value = "subscriber")]
        agreement: AgreementName,
        /// Which version of it, for instance 2026-11
        #[arg(long, value_name = "NAME")]
        version: AgreementName,
    },
    /// Ask nobody for an agreement any more; what was accepted stays on record
    Withdraw {
        #[command(flatten)]
        config: ConfigFile,
        /// Which agreement
        #[arg(value_name = "NAME")]
        agreement: AgreementName,
    },
}

impl Agreements {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::List { config } => block_on(list(database::open(&config.load()?)?)),
            Self::Publish { config, file, agreement, version } => {
                let config = config.load()?;
                let text = read(&file)?;
                let desk = Desk::open(&config)?;
                let new = Agreement {
                    id: AgreementId::from_random(desk.random.bytes()),
                    code: agreement,
                    version,
                    text,
                    published_at: desk.now,
                    superseded_at: None,
                };
                block_on(publish(desk, new))
            }
            Self::Withdraw { config, agreement } => {
                block_on(withdraw(Desk::open(&config.load()?)?, agreement))
            }
        }
    }
}

/// Where agreements are published: the database, and who did it when.
struct Desk {
    db: Database,
    random: Random,
    actor: Actor,
    now: chrono::DateTime<chrono::Utc>,
}

impl Desk {
    fn open(config: &Config) -> Result<Self, Failure> {
        let (actor, now) = (operator(), clock::clock(&config.clock).now());
        Ok(Self { db: database::open(config)?, random: Random::new(), actor, now })
    }

    fn event(&self, kind: Kind) -> Event {
        Event::new(EventId::from_random(self.random.bytes()), self.now, kind, self.actor.clone())
    }
}

fn read(file: &Path) -> Result<AgreementText, Failure> {
    let refused = |why: String| {
        Failure::new(format!("{}: {why}", file.display()), "No agreement was published.")
    };
    let source = fs::read_to_string(file).map_err(|error| refused(error.to_string()))?;
    AgreementText::read(&source).map_err(|error| refused(error.to_string()))
}

/// What became of a publication.
enum Published {
    /// It is in force now.
    Done,
    /// It has been in force already.
    Unchanged,
    /// There is another text under this version.
    VersionTaken,
}

async fn publish(desk: Desk, new: Agreement) -> Result<(), Failure> {
    let event = desk.event(Kind::AgreementPublished).after(json!({
        "agreement": new.code.as_str(),
        "version": new.version.as_str(),
        "sha256": new.text.hash().to_string(),
    }));
    let wanted = new.clone();
    let write = move |conn: &mut AnyConn| {
        let versions = agreement::all(conn)?;
        let same = versions.iter().find(|old| old.code == new.code && old.version == new.version);
        match same {
            Some(old) if old.is_in_force() && old.text == new.text => Ok(Published::Unchanged),
            Some(_) => Ok(Published::VersionTaken),
            None => {
                agreement::publish(conn, &new)?;
                audit::record(conn, std::slice::from_ref(&event))?;
                Ok(Published::Done)
            }
        }
    };
    let (code, version) = (&wanted.code, &wanted.version);
    match desk.db.write(write).await.map_err(|error| failed(&error))? {
        Published::Done => {
            println!("{code} {version} is in force: {}", wanted.text.title());
            println!("sha256 {}", wanted.text.hash());
            eprintln!("Everybody is asked for it before the next site opens.");
            Ok(())
        }
        Published::Unchanged => {
            println!("{code} {version} has been in force already; nothing was changed.");
            Ok(())
        }
        Published::VersionTaken => Err(Failure::new(
            format!("{code} {version} was published before, and a version is for good"),
            "Nothing was changed. Give the text another --version.",
        )),
    }
}

async fn withdraw(desk: Desk, code: AgreementName) -> Result<(), Failure> {
    let event = desk.event(Kind::AgreementWithdrawn).after(json!({ "agreement": code.as_str() }));
    let (wanted, now) = (code.clone(), desk.now);
    let write = move |conn: &mut AnyConn| {
        let withdrawn = agreement::withdraw(conn, &wanted, now)?;
        if withdrawn {
            audit::record(conn, std::slice::from_ref(&event))?;
        }
        Ok(withdrawn)
    };
    if desk.db.write(write).await.map_err(|error| failed(&error))? {
        println!("{code} is withdrawn: nobody is asked for it any more.");
        Ok(())
    } else {
        Err(Failure::new(
            format!("no agreement {code} is in force"),
            "Nothing was changed. `hilum agreement list` shows what there is.",
        ))
    }
}

async fn list(db: Database) -> Result<(), Failure> {
    let agreements = db.read(agreement::all).await.map_err(|error| failed(&error))?;
    println!(
        "{:<16}  {:<12}  {:<10}  {:<12}  title",
        "agreement", "version", "published", "sha256"
    );
    for old in &agreements {
        let (code, version) = (old.code.as_str(), old.version.as_str());
        let published = old.published_at.format("%Y-%m-%d");
        let hash: String = old.text.hash().to_string().chars().take(12).collect();
        let state = if old.is_in_force() { "" } else { " (superseded)" };
        println!("{code:<16}  {version:<12}  {published}  {hash}  {}{state}", old.text.title());
    }
    Ok(())
}
