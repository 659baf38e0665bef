//! `hilum community`: load organizations, people and sites from one file.

mod apply;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Subcommand;
use idp_core::{
    authentication::password_policy::Password,
    community::{
        import::{self, CommunityFile, Mistake, PasswordEntry, SubscriberEntry},
        subscriber::UserId,
    },
};

use self::apply::{Import, Outcome, Summary};
use super::{
    ConfigFile, Failure,
    database::{self, block_on, failed},
    operator::operator,
    site::refused_addresses,
};
use crate::{
    clock,
    config::Config,
    keys::{master_check, sealing::Sealer, sub_keys::SubKeys, tax_numbers::TaxNumbers},
    metrics::PasswordMetrics,
    outgoing::AllowedHosts,
    passwords::Passwords,
    random::Random,
    store::{Database, subscriber},
};

/// Organizations, people and sites.
#[derive(Debug, Subcommand)]
pub(super) enum Community {
    /// Load organizations, people, affiliations and sites from a file
    ///
    /// All of it or, where anything is wrong, nothing. Loading the same file again changes nothing.
    /// docs/community-file.md explains the format.
    Import {
        #[command(flatten)]
        config: ConfigFile,
        /// The community file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Only say what would change
        #[arg(long)]
        dry_run: bool,
    },
}

impl Community {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Import { config, file, dry_run } => {
                let config = config.load()?;
                let community = read(&config, &file)?;
                let db = database::open(&config)?;
                block_on(load(&config, &db, &file, community, dry_run))
            }
        }
    }
}

/// Reads the file, with everything that is wrong with it.
fn read(config: &Config, file: &Path) -> Result<CommunityFile, Failure> {
    let text = fs::read_to_string(file).map_err(|error| {
        let what = format!("{} cannot be read: {error}", file.display());
        Failure::new(what, "Nothing was changed.")
    })?;
    let random = Random::new();
    let community = import::read(&text, || random.bytes());
    let community = community.map_err(|mistakes| mistaken(file, &mistakes))?;
    if community.demo && !config.demo {
        return Err(Failure::new(
            format!("{} is for demo mode: everybody knows its passwords", file.display()),
            "Nothing was changed. Take `demo = true` and every password out of the file.",
        ));
    }
    let allowed = AllowedHosts::new(config.outgoing.allow_hosts.clone());
    let refused: Vec<Mistake> = community
        .sites
        .iter()
        .flat_map(|entry| {
            let refused = refused_addresses(&entry.applied_to(None), &allowed);
            refused.into_iter().map(|error| Mistake {
                line: entry.line,
                message: format!("{} {}", error.field, error.message),
            })
        })
        .collect();
    if refused.is_empty() { Ok(community) } else { Err(mistaken(file, &refused)) }
}

fn mistaken(file: &Path, mistakes: &[Mistake]) -> Failure {
    let number = mistakes.len();
    let plural = if number == 1 { "" } else { "s" };
    let mut what = format!("{} has {number} mistake{plural}:", file.display());
    for mistake in mistakes {
        what.push_str(&format!("\n  {mistake}"));
    }
    Failure::new(what, "Nothing was changed. Mend them and run the same command again.")
}

async fn load(
    config: &Config,
    db: &Database,
    file: &Path,
    community: CommunityFile,
    dry_run: bool,
) -> Result<(), Failure> {
    let cannot = |error: &dyn std::error::Error| {
        Failure::new(format!("the import cannot start: {error}"), "Nothing was changed.")
    };
    let random = Random::new();
    let keys = SubKeys::derive(&config.secrets.master_key).map_err(|error| cannot(&error))?;
    let sealer = Sealer::new(&keys, random.clone()).map_err(|error| cannot(&error))?;
    let hashes = hashes(config, db, &community).await?;
    master_check::check(db, &sealer).await.map_err(|error| cannot(&error))?;
    let sealer = Arc::new(sealer);
    let import = Import {
        community,
        hashes,
        numbers: TaxNumbers::new(keys.tax_id_index, Arc::clone(&sealer)),
        sealer,
        random,
        actor: operator(),
        now: clock::clock(&config.clock).now(),
        dry_run,
    };
    let import = Arc::new(import);
    let run = Arc::clone(&import);
    let outcome = db.write(move |conn| run.run(conn)).await.map_err(|error| failed(&error))?;
    match outcome {
        Outcome::Done(summary) => tell(&import, &summary),
        Outcome::Refused(mistake) => return Err(mistaken(file, &[mistake])),
    }
    Ok(())
}

/// The hashes of those passwords of the file that will be stored: of people who have none yet.
async fn hashes(
    config: &Config,
    db: &Database,
    community: &CommunityFile,
) -> Result<BTreeMap<UserId, String>, Failure> {
    let cannot = |error: &dyn std::error::Error| {
        Failure::new(format!("a password cannot be hashed: {error}"), "Nothing was changed.")
    };
    let mut hashes = BTreeMap::new();
    let mut pool = None;
    for entry in &community.subscribers {
        let Some(password) = &entry.password else { continue };
        let user_id = entry.user_id.clone();
        let account = db.read(move |conn| subscriber::for_sign_in(conn, user_id.as_str())).await;
        let account = account.map_err(|error| failed(&error))?;
        if account.is_some_and(|account| account.password_hash.is_some()) {
            continue;
        }
        let hash = match password {
            PasswordEntry::Hash(hash) => hash.clone(),
            PasswordEntry::Clear(password) => {
                allowed(config, entry, password)?;
                if pool.is_none() {
                    let metrics = PasswordMetrics::default();
                    let started = Passwords::start(&config.password, metrics, Random::new());
                    pool = Some(started.map_err(|error| cannot(&error))?);
                }
                let Some(pool) = &pool else { continue };
                pool.hash(password.clone()).await.map_err(|error| cannot(&error))?
            }
        };
        hashes.insert(entry.user_id.clone(), hash);
    }
    Ok(hashes)
}

/// That a password keeps the rules that the operator chose.
fn allowed(config: &Config, entry: &SubscriberEntry, password: &Password) -> Result<(), Failure> {
    let own_words = [entry.user_id.as_str(), &entry.given_name, &entry.family_name];
    let objections = config.password.policy.judge(password, &own_words);
    let Some(objection) = objections.first() else { return Ok(()) };
    let (policy, user_id) = (config.password.policy.name, &entry.user_id);
    Err(Failure::new(
        format!(
            "line {}: the password of {user_id} breaks the policy {policy}: {objection}",
            entry.line
        ),
        "Nothing was changed. Give another password, or choose another password.policy.",
    ))
}

/// Says what was done, for people; the secrets that were made, for whoever passes them on.
fn tell(import: &Import, summary: &Summary) {
    for remark in &import.community.remarks {
        eprintln!("Note: {remark}.");
    }
    for what in &summary.added {
        println!("+ {what}");
    }
    for what in &summary.changed {
        println!("~ {what}");
    }
    let (added, changed) = (summary.added.len(), summary.changed.len());
    let would = if import.dry_run { "Nothing was changed. It would be: " } else { "" };
    println!("{would}{added} added, {changed} changed, {} as they were.", summary.unchanged);
    if import.dry_run {
        return;
    }
    for entry in &import.community.sites {
        let is_new = summary.new_sites.contains(entry.id());
        if let Some(secret) = entry.new_secret().filter(|_| is_new) {
            println!("client_secret of {}: {}", entry.id(), secret.expose());
            eprintln!("It is shown this once and stored as a digest only.");
        }
    }
}
