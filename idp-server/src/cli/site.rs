//! `hilum site`: which sites take part. Running nodes follow within a second.

mod metadata;

use std::{
    fs,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use clap::Subcommand;
use idp_core::{
    audit::{Event, Kind},
    community::{
        site::{ClientAuthentication, ClientKeys, Front, OidcClient, Site, SiteStatus},
        site_registration::{self, Circumstances, FieldError, Registration},
    },
    ids::{EventId, SiteId},
    saml::service_provider::EntityId,
    secret::{Secret, SecretDigest},
};
use serde_json::{Value, json};

use super::{
    ConfigFile, Failure,
    database::{self, block_on, failed},
    operator::operator,
};
use crate::{
    app,
    config::Config,
    outgoing::{AllowedHosts, judge_url},
    random::Random,
    store::{self, AnyConn, Cause, Database, Ending, StoreError, Taken, audit, end_access, site},
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
                let registration = read(&config, &given, desk.ending.now)?;
                block_on(add(desk, registration))
            }
            Self::Refresh { config, id, file, accept } => {
                let config = config.load()?;
                let desk = Desk::open(&config)?;
                block_on(metadata::refresh(desk, &config, id, file.as_deref(), accept))
            }
            Self::List { config } => block_on(list(Desk::open(&config.load()?)?)),
            Self::Remove { config, id } => block_on(remove(Desk::open(&config.load()?)?, id)),
            Self::RotateSecret { config, id, overlap, finish } => {
                let turn = match (finish, overlap) {
                    (true, _) => Turn::Finish,
                    (false, true) => Turn::Overlap,
                    (false, false) => Turn::AtOnce,
                };
                block_on(rotate_secret(Desk::open(&config.load()?)?, id, turn))
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
        let (actor, now) = (operator(), app::clock(&config.clock).now());
        let ending = Ending { actor, address: None, cause: Cause::SiteRemoved, now };
        Ok(Self { db: database::open(config)?, random: Random::new(), ending })
    }

    fn event(&self, kind: Kind, site: &SiteId) -> Event {
        let id = EventId::from_random(self.random.bytes());
        Event::new(id, self.ending.now, kind, self.ending.actor.clone()).at_site(site.clone())
    }
}

/// What the command line was given to register.
struct Given<'a> {
    file: &'a Path,
    decisions: Option<&'a Path>,
    entity_id: Option<EntityId>,
}

/// Reads a registration, with everything that is wrong with it.
fn read(config: &Config, given: &Given<'_>, now: DateTime<Utc>) -> Result<Registration, Failure> {
    let file = given.file;
    let unreadable =
        |why: String| Failure::new(format!("{}: {why}", file.display()), "No site was registered.");
    let text = fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
    let random = Random::new();
    let circumstances =
        Circumstances { id: random.bytes(), secret: random.bytes(), demo: config.demo };
    if metadata::is_metadata(&text) {
        let described = metadata::describe(file, &text, given.entity_id.as_ref(), now)?;
        let read = metadata::register(described, given.decisions, circumstances)?;
        let site = read.map_err(|mistakes| mistaken(file, &mistakes))?;
        return callable(config, file, Registration { site, new_secret: None });
    }
    let document: Value =
        serde_json::from_str(&text).map_err(|error| unreadable(format!("not JSON: {error}")))?;
    let read = site_registration::read(&document, circumstances);
    let registration = read.map_err(|mistakes| mistaken(file, &mistakes))?;
    callable(config, file, registration)
}

/// The registration, if Hilum would call all its addresses.
fn callable(
    config: &Config,
    file: &Path,
    registration: Registration,
) -> Result<Registration, Failure> {
    let allowed = AllowedHosts::new(config.outgoing.allow_hosts.clone());
    let refused = refused_addresses(&registration.site, &allowed);
    if refused.is_empty() { Ok(registration) } else { Err(mistaken(file, &refused)) }
}

/// The addresses that Hilum would have to call and never will (security 12.4): better told now
/// than found out at the first sign-out.
pub(super) fn refused_addresses(site: &Site, allowed: &AllowedHosts) -> Vec<FieldError> {
    let jwks_uri = |client: &'_ OidcClient| match &client.authentication {
        ClientAuthentication::PrivateKeyJwt { keys: ClientKeys::JwksUri(address), .. } => {
            Some(address.clone())
        }
        ClientAuthentication::None
        | ClientAuthentication::ClientSecretBasic { .. }
        | ClientAuthentication::ClientSecretPost { .. }
        | ClientAuthentication::PrivateKeyJwt { keys: ClientKeys::Jwks(_), .. } => None,
    };
    let addresses = match &site.front {
        Front::Oidc(client) => vec![
            ("jwks_uri", jwks_uri(client)),
            ("backchannel_logout_uri", client.backchannel_logout_uri.clone()),
        ],
        Front::Saml(provider) => vec![
            ("SingleLogoutService", provider.soap_logout().cloned()),
            ("metadata_source", provider.source.as_ref().map(|source| source.url.clone())),
        ],
    };
    addresses
        .into_iter()
        .filter_map(|(field, address)| {
            let why = judge_url(&address?, allowed).err()?;
            Some(FieldError { field: field.to_owned(), message: format!("is never called: {why}") })
        })
        .collect()
}

fn mistaken(file: &Path, mistakes: &[FieldError]) -> Failure {
    let number = mistakes.len();
    let plural = if number == 1 { "" } else { "s" };
    let mut what = format!("{} has {number} mistake{plural}:", file.display());
    for FieldError { field, message } in mistakes {
        what.push_str(&format!("\n  {field} {message}"));
    }
    Failure::new(what, "No site was registered. Mend them and run the same command again.")
}

async fn add(desk: Desk, registration: Registration) -> Result<(), Failure> {
    let Registration { site: new, new_secret } = registration;
    let (id, name, now) = (new.id.clone(), new.name.clone(), desk.ending.now);
    let event = desk.event(Kind::SiteAdded, &id).after(summary(&new));
    let write = move |conn: &mut AnyConn| {
        site::insert(conn, &new, now)?;
        audit::record(conn, std::slice::from_ref(&event))
    };
    match desk.db.write(write).await {
        Ok(()) => {}
        Err(StoreError::Conflict(Taken::Other)) => {
            return Err(Failure::new(
                format!(
                    "client_id {id} or the entityID is taken, perhaps by a site that was removed"
                ),
                "No site was registered. Choose another client_id, or leave it out; a site whose \
                 metadata changed is refreshed, not added.",
            ));
        }
        Err(error) => return Err(failed(&error)),
    }
    show(&id, new_secret.as_ref());
    eprintln!("{name} is registered; running nodes know it within a second.");
    Ok(())
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
    }
    Ok(())
}

async fn remove(desk: Desk, id: SiteId) -> Result<(), Failure> {
    let event = desk.event(Kind::SiteRemoved, &id);
    let (wanted, ending, random) = (id.clone(), desk.ending.clone(), desk.random.clone());
    let write = move |conn: &mut AnyConn| {
        let Some(found) = site::find(conn, &wanted)? else { return Ok(None) };
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

/// How a secret gives way to the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// The old one is worthless at once.
    AtOnce,
    /// No new one; the newest is the only one.
    Finish,
    /// Both are accepted.
    Overlap,
}

impl Turn {
    /// The secrets that are accepted from now on, the newest first.
    fn of(self, old: &[SecretDigest], new: SecretDigest) -> Vec<SecretDigest> {
        match self {
            Self::AtOnce => vec![new],
            Self::Finish => old.iter().take(1).copied().collect(),
            Self::Overlap => std::iter::once(new).chain(old.iter().take(1).copied()).collect(),
        }
    }
}

/// What became of a rotation.
enum Rotated {
    Done,
    NoSecret,
    Unknown,
}

async fn rotate_secret(desk: Desk, id: SiteId, turn: Turn) -> Result<(), Failure> {
    let secret = desk.random.secret();
    let (digest, now) = (secret.digest(), desk.ending.now);
    let event = desk.event(Kind::SiteSecretRotated, &id);
    let wanted = id.clone();
    let write = move |conn: &mut AnyConn| {
        let Some(mut found) = site::find(conn, &wanted)? else { return Ok(Rotated::Unknown) };
        let Some(client) = found.client_mut() else { return Ok(Rotated::NoSecret) };
        let secrets = match &mut client.authentication {
            ClientAuthentication::ClientSecretBasic { secrets }
            | ClientAuthentication::ClientSecretPost { secrets } => secrets,
            ClientAuthentication::None | ClientAuthentication::PrivateKeyJwt { .. } => {
                return Ok(Rotated::NoSecret);
            }
        };
        *secrets = turn.of(secrets, digest);
        let accepted = secrets.len();
        site::update(conn, &found, now)?;
        audit::record(conn, &[event.clone().after(json!({ "accepted_secrets": accepted }))])?;
        Ok(Rotated::Done)
    };
    match desk.db.write(write).await.map_err(|error| failed(&error))? {
        Rotated::Done => {}
        Rotated::NoSecret => {
            return Err(Failure::new(
                format!("{id} has no secret: it is a public client or signs assertions"),
                "Nothing was changed.",
            ));
        }
        Rotated::Unknown => return Err(unknown(&id)),
    }
    show(&id, (turn != Turn::Finish).then_some(&secret));
    eprintln!(
        "{}",
        match turn {
            Turn::AtOnce => "The old secret is worthless within a second.",
            Turn::Finish => "Only the newest secret is accepted, within a second.",
            Turn::Overlap => {
                "The old secret is accepted as well. Run the command with --finish when the site \
                 has the new one."
            }
        }
    );
    Ok(())
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
    use super::*;

    fn registered(document: &Value) -> Site {
        let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
        site_registration::read(document, circumstances).unwrap().site
    }

    #[test]
    fn an_old_secret_stays_only_if_that_was_asked() {
        let [a, b, c] = ["a", "b", "c"].map(SecretDigest::of);
        for (turn, old, expected) in [
            (Turn::AtOnce, vec![a], vec![c]),
            (Turn::AtOnce, vec![b, a], vec![c]),
            (Turn::Overlap, vec![a], vec![c, a]),
            (Turn::Overlap, vec![b, a], vec![c, b]),
            (Turn::Finish, vec![b, a], vec![b]),
            (Turn::Finish, vec![a], vec![a]),
        ] {
            assert_eq!(turn.of(&old, c), expected, "{turn:?} {}", old.len());
        }
    }

    #[test]
    fn an_address_that_is_never_called_is_refused_at_registration() {
        let allowed = AllowedHosts::new(vec!["localhost".to_owned()]);
        for (address, refused) in [
            ("https://site.example/logout", 0),
            ("http://localhost:8091/logout", 0),
            ("https://127.0.0.1/logout", 1),
            ("https://169.254.169.254/latest", 1),
            ("https://site.example:8443/logout", 1),
        ] {
            let site = registered(&json!({
                "client_name": "Site",
                "redirect_uris": ["https://site.example/callback"],
                "backchannel_logout_uri": address,
            }));
            assert_eq!(refused_addresses(&site, &allowed).len(), refused, "{address}");
        }
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
