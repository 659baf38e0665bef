//! `hilum site`: which sites take part. Running nodes follow within a second.

mod add;
mod metadata;
mod preview;
mod secret;

use std::path::PathBuf;

use clap::Subcommand;
use idp_core::{
    audit::{Event, Kind},
    community::site::{ClientAuthentication, Site, SiteStatus},
    ids::{EventId, SiteId},
    saml::service_provider::EntityId,
    secret::Secret,
};
use serde_json::{Value, json};

use add::Given;
pub(super) use add::refused_addresses;
use secret::Turn;

use super::{
    ConfigFile, Failure,
    database::{self, block_on, failed},
    operator::operator,
};
use crate::{
    clock,
    config::Config,
    random::Random,
    store::{self, AnyConn, Cause, Database, Ending, audit, end_access, site},
};

/// The sites that take part.
#[derive(Debug, Subcommand)]
pub(super) enum Sites {
    /// Register a site
    ///
    /// The file is a JSON object with the field names of RFC 7591 and Hilum's release policy, or
    /// the SAML metadata of the site; the guide has an example for each kind of site. A secret that
    /// Hilum makes is shown once.
    Add {
        #[command(flatten)]
        config: ConfigFile,
        /// The registration, or metadata
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// With metadata: what the site may learn, in JSON
        #[arg(long, value_name = "FILE")]
        decisions: Option<PathBuf>,
        /// With metadata of several: the one to register
        #[arg(long, value_name = "ID")]
        entity_id: Option<EntityId>,
    },
    /// Show every site
    List {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Show what a site would receive for a person, or why it would be refused
    ///
    /// The functions that release it say so. Nothing is changed; that you looked stands in the audit
    /// record.
    Preview {
        #[command(flatten)]
        config: ConfigFile,
        /// The site's identifier
        #[arg(value_name = "ID")]
        id: SiteId,
        /// The person
        #[arg(long, value_name = "USER_ID")]
        person: String,
        /// For whom the person acts: an affiliation, or its organization
        #[arg(long, value_name = "ID")]
        affiliation: Option<String>,
    },
    /// End the part of a site for good: its tokens die, and its identifier is never given again
    Remove {
        #[command(flatten)]
        config: ConfigFile,
        /// The site's `client_id`
        #[arg(value_name = "ID")]
        id: SiteId,
    },
    /// Take over new metadata of a SAML site
    ///
    /// What they change is shown; with --accept it is in force within a second. What was decided
    /// about the site stays.
    Refresh {
        #[command(flatten)]
        config: ConfigFile,
        /// The site's identifier
        #[arg(value_name = "ID")]
        id: SiteId,
        /// The new metadata; left out, they are fetched from the record's `metadata_source`
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// Put the changes into force
        #[arg(long)]
        accept: bool,
    },
    /// Give a site a new secret, which is shown once
    RotateSecret {
        #[command(flatten)]
        config: ConfigFile,
        /// The site's `client_id`
        #[arg(value_name = "ID")]
        id: SiteId,
        /// Go on accepting the old secret, until you run the command with --finish
        #[arg(long)]
        overlap: bool,
        /// Accept the newest secret only; no new one is made
        #[arg(long, conflicts_with = "overlap")]
        finish: bool,
    },
}

impl Sites {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Add { config, file, decisions, entity_id } => {
                let config = config.load()?;
                let desk = Desk::open(&config)?;
                let given = Given { file: &file, decisions: decisions.as_deref(), entity_id };
                let registration = add::read(&config, &given, desk.ending.now)?;
                block_on(add::add(desk, registration))
            }
            Self::Refresh { config, id, file, accept } => {
                let config = config.load()?;
                let desk = Desk::open(&config)?;
                block_on(metadata::refresh(desk, &config, id, file.as_deref(), accept))
            }
            Self::Preview { config, id, person, affiliation } => {
                let config = config.load()?;
                let wanted = preview::Wanted { site: id, person, affiliation };
                block_on(preview::show(Desk::open(&config)?, &config, wanted))
            }
            Self::List { config } => block_on(list(Desk::open(&config.load()?)?)),
            Self::Remove { config, id } => block_on(remove(Desk::open(&config.load()?)?, id)),
            Self::RotateSecret { config, id, overlap, finish } => {
                let turn = match (finish, overlap) {
                    (true, _) => Turn::Finish,
                    (false, true) => Turn::Overlap,
                    (false, false) => Turn::AtOnce,
                };
                block_on(secret::rotate(Desk::open(&config.load()?)?, id, turn))
            }
        }
    }
}

/// Where sites are registered: the database, and who did it when.
struct Desk {
    db: Database,
    random: Random,
    ending: Ending,
}

impl Desk {
    fn open(config: &Config) -> Result<Self, Failure> {
        let (actor, now) = (operator(), clock::clock(&config.clock).now());
        let ending = Ending { actor, address: None, cause: Cause::SiteRemoved, now };
        Ok(Self { db: database::open(config)?, random: Random::new(), ending })
    }

    fn event(&self, kind: Kind, site: &SiteId) -> Event {
        let id = EventId::from_random(self.random.bytes());
        Event::new(id, self.ending.now, kind, self.ending.actor.clone()).at_site(site.clone())
    }
}

/// What the site must be told, in RFC 7591's names: for people and for scripts.
fn show(id: &SiteId, secret: Option<&Secret>) {
    let mut shown = json!({ "client_id": id });
    if let (Some(secret), Some(shown)) = (secret, shown.as_object_mut()) {
        shown.insert("client_secret".to_owned(), secret.expose().into());
        eprintln!("The secret is shown this once and stored as a digest only.");
    }
    println!("{shown:#}");
}

async fn list(desk: Desk) -> Result<(), Failure> {
    let sites = desk.db.read(site::all).await.map_err(|error| failed(&error))?;
    let width = sites.iter().map(|site| site.id.as_str().len()).max().unwrap_or(0).max(9);
    println!("{:<width$}  {:<9}  {:<19}  name", "client_id", "status", "authentication");
    for site in &sites {
        let method = site.client().map_or("saml", |client| method(&client.authentication));
        let (id, status) = (site.id.as_str(), status(site.status));
        println!("{id:<width$}  {status:<9}  {method:<19}  {}", site.name);
        for line in refresh_lines(site) {
            println!("{:<width$}  {line}", "");
        }
    }
    Ok(())
}

/// What somebody should know about the metadata of a site: that changes wait, or do not arrive.
fn refresh_lines(site: &Site) -> Vec<String> {
    let Some(provider) = site.service_provider() else { return Vec::new() };
    let refresh = &provider.refresh;
    let mut lines = Vec::new();
    if !refresh.held.is_empty() {
        lines.push(format!(
            "new metadata wait; `hilum site refresh {} --accept` takes them over",
            site.id
        ));
        lines.extend(refresh.held.iter().map(|change| format!("  {change}")));
    }
    lines.extend(refresh.problem.iter().map(|why| format!("metadata are not fetched: {why}")));
    lines
}

async fn remove(desk: Desk, id: SiteId) -> Result<(), Failure> {
    let event = desk.event(Kind::SiteRemoved, &id);
    let (wanted, ending, random) = (id.clone(), desk.ending.clone(), desk.random.clone());
    let write = move |conn: &mut AnyConn| {
        let Some(found) = site::load_for_update(conn, &wanted)? else { return Ok(None) };
        if found.status == SiteStatus::Retired {
            return Ok(Some(0));
        }
        let event = event.clone().before(summary(&found));
        site::update(conn, &Site { status: SiteStatus::Retired, ..found }, ending.now)?;
        audit::record(conn, &[event])?;
        let ended = end_access(conn, &store::Scope::Site(wanted.clone()), &ending, &random)?;
        Ok(Some(ended.grants))
    };
    match desk.db.write(write).await.map_err(|error| failed(&error))? {
        None => Err(unknown(&id)),
        Some(grants) => {
            println!("{id} is removed, and {grants} of its grants with it.");
            Ok(())
        }
    }
}

fn unknown(id: &SiteId) -> Failure {
    Failure::new(
        format!("there is no site {id}"),
        "Nothing was changed. `hilum site list` shows every site.",
    )
}

/// What the audit record is told about a site: everything but the digests of its secrets.
fn summary(site: &Site) -> Value {
    let mut summary = serde_json::to_value(site).unwrap_or_default();
    let told = summary.get_mut("client").and_then(Value::as_object_mut);
    if let Some((told, client)) = told.zip(site.client()) {
        told.insert("authentication".to_owned(), method(&client.authentication).into());
    }
    summary
}

const fn method(authentication: &ClientAuthentication) -> &'static str {
    match authentication {
        ClientAuthentication::None => "none",
        ClientAuthentication::ClientSecretBasic { .. } => "client_secret_basic",
        ClientAuthentication::ClientSecretPost { .. } => "client_secret_post",
        ClientAuthentication::PrivateKeyJwt { .. } => "private_key_jwt",
    }
}

const fn status(status: SiteStatus) -> &'static str {
    match status {
        SiteStatus::Live => "live",
        SiteStatus::Retired => "retired",
        SiteStatus::Suspended => "suspended",
    }
}

#[cfg(test)]
mod tests {
    use idp_core::community::site_registration::{self, Circumstances};

    use super::*;

    fn registered(document: &Value) -> Site {
        let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
        site_registration::read(document, circumstances).unwrap().site
    }

    #[test]
    fn the_audit_record_holds_no_digest_of_a_secret() {
        let site = registered(&json!({
            "client_name": "Site", "redirect_uris": ["https://site.example/callback"],
        }));
        let summary = summary(&site);
        assert_eq!(summary["client"]["authentication"], "client_secret_basic");
        let digest = Secret::from_random([2; 32]).digest().to_text();
        assert!(!summary.to_string().contains(&digest));
    }
}
