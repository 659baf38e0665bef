//! `hilum system`: an organization's systems, for its Administrators who ask the operator. What is
//! done is in force at once.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use idp_core::{
    community::{
        actor::Actor,
        affiliation::AffiliationStatus,
        field::Objections,
        resource_server::offered,
        site::SiteStatus,
        system_client::{Refusal, Stage, SystemClient, SystemForm, SystemRequest},
    },
    ids::{OrganizationId, SubscriberId, SystemClientId},
};

use super::{
    ConfigFile, Failure,
    account::written,
    database::{block_on, failed, open},
    office::office,
    operator::operator,
};
use crate::{
    clock,
    community::{
        Office,
        systems::{Decided, OwnSystems, WithCode},
    },
    config::Config,
    store::{
        AnyConn, Database, StoreError, affiliation, site, subscriber,
        system_client::{self, After},
    },
};

/// The most of one page of a list.
const PAGE: i64 = 100;

/// Systems that act for an organization.
#[derive(Debug, Subcommand)]
pub(super) enum Systems {
    /// Make another code, for other keys or after the system has ended
    ///
    /// It is shown once and works for seven days. An older one is dead; keys that the system has go on
    /// until the code is used.
    Code {
        #[command(flatten)]
        wish: Wish,
        /// The system's `client_id`
        #[arg(value_name = "ID")]
        id: SystemClientId,
    },
    /// Make a system, and the code that sets it up
    ///
    /// The code is shown once and works for seven days. Whoever installs the system sends it with the
    /// system's public keys to /systems/{id}/set-up.
    Create {
        #[command(flatten)]
        wish: Wish,
        /// What people call it
        #[arg(long)]
        name: String,
        /// What it may ask for; give it once for each scope
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// What for: HOPERAT, HPAYMT, PUBHLTH or TREAT; give it once for each
        #[arg(long = "purpose", value_name = "CODE")]
        purposes: Vec<String>,
    },
    /// Show every system of an organization
    List {
        #[command(flatten)]
        config: ConfigFile,
        /// The organization
        #[arg(long, value_name = "ID")]
        organization: OrganizationId,
    },
    /// Let a system go on for another 180 days
    Renew {
        #[command(flatten)]
        wish: Wish,
        /// The system's `client_id`
        #[arg(value_name = "ID")]
        id: SystemClientId,
    },
    /// Stop a system for good, at once
    Revoke {
        #[command(flatten)]
        wish: Wish,
        /// The system's `client_id`
        #[arg(value_name = "ID")]
        id: SystemClientId,
    },
}

/// For which organization, and who wants it.
#[derive(Args, Debug)]
pub(super) struct Wish {
    #[command(flatten)]
    config: ConfigFile,
    /// The organization
    #[arg(long, value_name = "ID")]
    organization: OrganizationId,
    /// The Administrator who asked you: only an Administrator decides about systems
    #[arg(long, value_name = "USER_ID")]
    asked_by: String,
}

/// What is done.
#[derive(Clone, Debug)]
enum Deed {
    Code(SystemClientId),
    Create { name: String, scopes: Vec<String>, purposes: Vec<String> },
    Renew(SystemClientId),
    Revoke(SystemClientId),
}

/// What it led to.
enum Said {
    Code(WithCode),
    NoAdministrator,
    Objections(Objections),
    Refused(Refusal),
    Stands(SystemClient),
}

impl Systems {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Code { wish, id } => wish.carry_out(Deed::Code(id)),
            Self::Create { wish, name, scopes, purposes } => {
                wish.carry_out(Deed::Create { name, scopes, purposes })
            }
            Self::List { config, organization } => {
                let config = config.load()?;
                let now = clock::clock(&config.clock).now();
                block_on(list(open(&config)?, organization, now))
            }
            Self::Renew { wish, id } => wish.carry_out(Deed::Renew(id)),
            Self::Revoke { wish, id } => wish.carry_out(Deed::Revoke(id)),
        }
    }
}

impl Wish {
    fn carry_out(self, deed: Deed) -> Result<(), Failure> {
        let config = self.config.load()?;
        block_on(self.ask(config, deed))
    }

    async fn ask(self, config: Config, deed: Deed) -> Result<(), Failure> {
        let (db, office) = (open(&config)?, office(&config, Actor::Nobody)?);
        let (Self { organization, asked_by, .. }, hand) = (self, operator());
        let work = move |conn: &mut AnyConn| {
            let Some(who) = administrator(conn, &organization, &asked_by)? else {
                return Ok(Said::NoAdministrator);
            };
            let actor = Actor::Administrator { who, of: organization.clone() };
            let office = Office { actor, ..office.clone() };
            let reason = Some(format!("asked of {hand}, who did it"));
            let theirs = OwnSystems { office, organization: organization.clone(), reason };
            deed.carry_out(conn, &theirs)
        };
        say(db.write(work).await.map_err(|error| failed(&error))?)
    }
}

/// The person with this User ID, if they are an Administrator of the organization now.
fn administrator(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    user_id: &str,
) -> Result<Option<SubscriberId>, StoreError> {
    let name = user_id.trim().to_ascii_lowercase();
    let Some(account) = subscriber::for_sign_in(conn, &name)? else { return Ok(None) };
    let id = account.subscriber.id;
    let is_theirs = affiliation::of_subscriber(conn, &id)?.iter().any(|own| {
        own.organization == *organization
            && own.administrator
            && own.status == AffiliationStatus::Active
    });
    Ok(is_theirs.then_some(id))
}

impl Deed {
    fn carry_out(&self, conn: &mut AnyConn, theirs: &OwnSystems) -> Result<Said, StoreError> {
        let code = |done: Decided<WithCode>| done.map_or_else(Said::Refused, Said::Code);
        let stands = |done: Decided<SystemClient>| done.map_or_else(Said::Refused, Said::Stands);
        Ok(match self {
            Self::Code(id) => code(theirs.issue_code(conn, id)?),
            Self::Create { name, scopes, purposes } => {
                match request(conn, name, scopes, purposes)? {
                    Ok(request) => code(theirs.create(conn, request)?),
                    Err(objections) => Said::Objections(objections),
                }
            }
            Self::Renew(id) => stands(theirs.renew(conn, id)?),
            Self::Revoke(id) => stands(theirs.revoke(conn, id)?),
        })
    }
}

/// Judges what the new system is to be, by what the sites offer.
fn request(
    conn: &mut AnyConn,
    name: &str,
    scopes: &[String],
    purposes: &[String],
) -> Result<Result<SystemRequest, Objections>, StoreError> {
    let sites = site::all(conn)?;
    let live = sites.iter().filter(|site| site.status == SiteStatus::Live);
    let offered = offered(live.filter_map(|site| site.client()?.resource_server.as_ref()));
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let purposes: Vec<&str> = purposes.iter().map(String::as_str).collect();
    Ok(SystemForm { name, scopes: &scopes, purposes: &purposes }.read(&offered))
}

fn say(said: Said) -> Result<(), Failure> {
    let nothing = "Nothing was changed.";
    match said {
        Said::Code(WithCode { system, code }) => {
            println!("{} {}", system.id, code.expose());
            eprintln!(
                "The first is the system's client_id, the second its code. The code is shown this once \
                 and works for seven days: give both to whoever installs {}.",
                system.name
            );
            Ok(())
        }
        Said::NoAdministrator => Err(Failure::new(
            "--asked-by names nobody who is an Administrator of this organization now",
            "Only its Administrators decide about its systems. Nothing was changed.",
        )),
        Said::Objections(objections) => {
            let lines = objections.iter().map(|(field, why)| format!("\n  {field}: {why}"));
            let lines: String = lines.collect();
            Err(Failure::new(format!("the system cannot be made like this:{lines}"), nothing))
        }
        Said::Refused(Refusal::Denied(_)) => Err(Failure::new(
            "this organization has no such system",
            "`hilum system list` shows those that it has. Nothing was changed.",
        )),
        Said::Refused(why @ Refusal::OutOfOrder) => Err(Failure::new(
            why.to_string(),
            "`hilum system list` shows how far it is. Nothing was changed.",
        )),
        Said::Stands(system) => {
            println!("{} {}", system.id, how_far(&system, None));
            Ok(())
        }
    }
}

/// How far a system is, in words. `now`, where it is known, tells of one whose time is over although
/// nobody has noticed.
fn how_far(system: &SystemClient, now: Option<DateTime<Utc>>) -> String {
    match &system.stage {
        Stage::Active { until, .. } if now.is_some_and(|now| *until <= now) => "expired".to_owned(),
        Stage::Active { until, next: None, .. } => format!("active until {}", written(*until)),
        Stage::Active { until, next: Some(_), .. } => {
            format!("active until {}, waits for other keys", written(*until))
        }
        Stage::Expired => "expired".to_owned(),
        Stage::Revoked => "revoked".to_owned(),
        Stage::Waiting(code) => format!("waits for its keys until {}", written(code.expires_at)),
    }
}

async fn list(
    db: Database,
    organization: OrganizationId,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    println!("{:<30}  {:<40}  {:<24}  scopes", "client_id", "state", "name");
    let mut after: Option<After> = None;
    loop {
        let (of, behind) = (organization.clone(), after.clone());
        let read =
            move |conn: &mut _| system_client::of_organization(conn, &of, behind.as_ref(), PAGE);
        let page = db.read(read).await.map_err(|error| failed(&error))?;
        for system in &page {
            let scopes: Vec<&str> = system.scopes.iter().map(String::as_str).collect();
            let (state, scopes) = (how_far(system, Some(now)), scopes.join(" "));
            println!("{:<30}  {state:<40}  {:<24}  {scopes}", system.id, system.name);
        }
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(After { name: last.name.clone(), id: last.id.clone() });
    }
}
