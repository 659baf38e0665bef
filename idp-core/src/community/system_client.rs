//! Systems that act for an organization, without a person (R83; domain 3.5, 4.10).
//!
//! ```text
//!   create ─► Waiting ──code and keys──► Active, 180 days ──► Expired, by date
//!   (code, 7 days)                        ▲ │  ▲──renew          │
//!                                         │ └──────► Revoked ◄───┤
//!                                         └── another code ◄─────┘
//! ```
//!
//! An Administrator makes a system, hands its code to whoever sets it up, and answers for it: it is
//! renewed by hand, or it ends. Only the system has its private key; Hilum has public ones. Its
//! tokens say for which organization it acts, and never a personal number.

mod claims;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use claims::{Purpose, SystemClaims, claims};

use super::{
    actor::Actor,
    end_access::{Cause, Ending, Whose},
    field::{LONGEST_NAME, Objections, line},
    news::{News, Recipient},
    organization::{Organization, OrganizationStatus},
    outcome::{Effect, Outcome},
    permission::{Action, Denied, Target, may},
    reminder,
};
use crate::{
    audit::Kind,
    ids::{OrganizationId, SystemClientId},
    oidc::key_set::{KeySet, KeySetError},
    secret::SecretDigest,
};

/// How long a code for setting a system up can be used. At this age it is dead.
pub const CODE_LASTS: TimeDelta = TimeDelta::days(7);
/// How long a system acts before it has to be renewed.
pub const LASTS: TimeDelta = TimeDelta::days(180);
/// After how many of the 180 days there is a mail: 30, 7 and 1 before the end.
const WARNINGS: [u32; 3] = [150, 173, 179];

/// A system of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemClient {
    /// Its `client_id`.
    pub id: SystemClientId,
    /// Whose.
    pub organization: OrganizationId,
    /// What people call it.
    pub name: String,
    /// What it may ask for (RFC 6749 §3.3).
    pub scopes: BTreeSet<String>,
    /// What for.
    pub purposes: BTreeSet<Purpose>,
    /// How far it is.
    pub stage: Stage,
}

/// How far a system is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Stage {
    /// It acts.
    Active {
        /// Its public keys.
        keys: SystemKeys,
        /// The first moment at which it does no longer.
        until: DateTime<Utc>,
        /// What sets it up anew, with other keys, while it goes on.
        next: Option<SetUpCode>,
    },
    /// It was not renewed.
    Expired,
    /// An Administrator stopped it for good.
    Revoked,
    /// It is to be set up.
    Waiting(SetUpCode),
}

/// What sets a system up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetUpCode {
    /// What the code is compared by.
    pub digest: SecretDigest,
    /// The first moment at which it is dead.
    pub expires_at: DateTime<Utc>,
    /// Wrong tries. They end no code: it has 256 bits, and the system's name stands in each of its
    /// tokens, so that anybody could use up what tries there were. They are throttled instead.
    pub failures: u32,
}

/// Public keys of a system, as a JSON Web Key Set with at least one that can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct SystemKeys(Value);

impl TryFrom<Value> for SystemKeys {
    type Error = KeySetError;

    fn try_from(document: Value) -> Result<Self, KeySetError> {
        Self::read(document)
    }
}

impl SystemKeys {
    /// Reads a document.
    ///
    /// # Errors
    /// [`KeySetError`]: a set with a private key is refused, for its owner has published it.
    pub fn read(document: Value) -> Result<Self, KeySetError> {
        KeySet::from_document(&document).map(|_| Self(document))
    }

    /// The document, for the row.
    #[must_use]
    pub const fn document(&self) -> &Value {
        &self.0
    }
}

/// What an Administrator types to make a system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemForm<'a> {
    /// What people call it.
    pub name: &'a str,
    /// The scopes that it wants.
    pub scopes: &'a [&'a str],
    /// Codes of [`Purpose`]s.
    pub purposes: &'a [&'a str],
}

/// What a system is to be, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemRequest {
    /// What people call it.
    pub name: String,
    /// What it may ask for.
    pub scopes: BTreeSet<String>,
    /// What for.
    pub purposes: BTreeSet<Purpose>,
}

impl SystemForm<'_> {
    /// Reads the form; `offered` are the scopes that systems may have.
    ///
    /// # Errors
    /// All that is wrong with it, by field: `name`, `scopes`, `purposes`.
    pub fn read(self, offered: &BTreeSet<String>) -> Result<SystemRequest, Objections> {
        let mut found = Objections::default();
        let name = found.take("name", line(self.name, LONGEST_NAME));
        let scopes: BTreeSet<String> =
            self.scopes.iter().map(|scope| (*scope).to_owned()).collect();
        if scopes.is_empty() || !scopes.is_subset(offered) {
            let offered = offered.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            found.object("scopes", format_args!("please choose from: {offered}"));
        }
        let purposes = self.purposes.iter().map(|code| code.parse::<Purpose>());
        let purposes: BTreeSet<Purpose> =
            purposes.filter_map(|purpose| found.take("purposes", purpose)).collect();
        if self.purposes.is_empty() {
            found.object("purposes", "please say what the system is for");
        }
        let request = name.map(|name| SystemRequest { name, scopes, purposes });
        found.unless_any(request)
    }
}

/// What somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Bring it to an end, because its organization is closed.
    Dissolve,
    /// Note that it was not renewed in time.
    Expire,
    /// Make a code, for other keys or after it has expired. The older code is dead.
    IssueCode {
        /// What it is compared by.
        code: SecretDigest,
    },
    /// Let it go on for another 180 days.
    Renew,
    /// Stop it for good.
    Revoke,
}

/// Why nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not for people like them.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The system does not stand so.
    #[error("this cannot be done to a system that stands like this")]
    OutOfOrder,
}

/// What came of a system's try to set itself up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetUp {
    /// It acts now.
    Done,
    /// Wrong, used, expired or dead: it is told one thing only.
    Refused,
}

/// A system is made. Its code is shown to the Administrator once.
///
/// # Errors
/// [`Denied`].
pub fn create(
    id: SystemClientId,
    request: SystemRequest,
    code: SecretDigest,
    actor: &Actor,
    organization: &OrganizationId,
    now: DateTime<Utc>,
) -> Result<Outcome<SystemClient>, Denied> {
    may(actor, Action::ManageSystemClient, Target::Organization(organization))?;
    let SystemRequest { name, scopes, purposes } = request;
    let organization = organization.clone();
    let administrators = Recipient::AdministratorsOf(organization.clone());
    let news = News::SystemCreated { system: id.clone() };
    let stage = Stage::Waiting(SetUpCode::new(code, now));
    let system = SystemClient { id, organization, name, scopes, purposes, stage };
    Ok(Outcome::new(system, Kind::SystemCreated)
        .noted(Kind::SystemCodeIssued)
        .telling(administrators, news))
}

impl SetUpCode {
    fn new(digest: SecretDigest, now: DateTime<Utc>) -> Self {
        Self { digest, expires_at: now + CODE_LASTS, failures: 0 }
    }

    fn lives(&self, now: DateTime<Utc>) -> bool {
        now < self.expires_at
    }
}

impl SystemClient {
    /// Whether it acts at `now`: it ends by date, whether or not a job has noticed.
    #[must_use]
    pub fn acts(&self, now: DateTime<Utc>) -> bool {
        matches!(&self.stage, Stage::Active { until, .. } if now < *until)
    }

    /// Whether it may have a token at `now` for its organization, which stands like this.
    #[must_use]
    pub fn acts_for(&self, organization: &Organization, now: DateTime<Utc>) -> bool {
        organization.status == OrganizationStatus::Active && self.acts(now)
    }

    /// The keys that its assertions are checked by; none before it is set up and after its end.
    #[must_use]
    pub const fn keys(&self) -> Option<&SystemKeys> {
        match &self.stage {
            Stage::Active { keys, .. } => Some(keys),
            Stage::Expired | Stage::Revoked | Stage::Waiting(_) => None,
        }
    }

    /// Sets it up with the code that its Administrator was shown. What comes back is to be kept: a
    /// wrong code counts.
    pub fn set_up(
        self,
        code: &SecretDigest,
        keys: SystemKeys,
        now: DateTime<Utc>,
    ) -> (Outcome<Self>, SetUp) {
        let wrong = |code: SetUpCode| {
            let counts = u32::from(code.lives(now));
            SetUpCode { failures: code.failures.saturating_add(counts), ..code }
        };
        let administrators = Recipient::AdministratorsOf(self.organization.clone());
        let waiting = match &self.stage {
            Stage::Waiting(waiting) | Stage::Active { next: Some(waiting), .. } => Some(*waiting),
            Stage::Active { next: None, .. } | Stage::Expired | Stage::Revoked => None,
        };
        if waiting.is_some_and(|waiting| waiting.lives(now) && waiting.digest == *code) {
            let news = News::SystemSetUp { system: self.id.clone() };
            let stage = Stage::Active { keys, until: now + LASTS, next: None };
            let outcome = Outcome::new(Self { stage, ..self }, Kind::SystemActivated);
            return (outcome.telling(administrators, news), SetUp::Done);
        }
        let stage = match self.stage {
            Stage::Waiting(code) => Stage::Waiting(wrong(code)),
            Stage::Active { keys, until, next } => {
                Stage::Active { keys, until, next: next.map(wrong) }
            }
            over @ (Stage::Expired | Stage::Revoked) => over,
        };
        let refused = Outcome::new(Self { stage, ..self }, Kind::SystemCodeFailed);
        (refused, SetUp::Refused)
    }

    /// The warning that is due at `now`, if one is; `told_at`: the last one.
    #[must_use]
    pub fn warning(
        &self,
        told_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Option<(Recipient, News)> {
        let Stage::Active { until, .. } = self.stage else { return None };
        if until <= now {
            return None;
        }
        reminder::due(&WARNINGS, until - LASTS, told_at, now)?;
        let to = Recipient::AdministratorsOf(self.organization.clone());
        Some((to, News::SystemEndsSoon { system: self.id.clone(), until }))
    }
}

/// Where a command leads.
///
/// # Errors
/// [`Refusal`]: nothing has happened.
pub fn decide(
    system: SystemClient,
    command: Command,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Outcome<SystemClient>, Refusal> {
    let action = match command {
        Command::Dissolve => Action::Dissolve,
        Command::Expire => Action::Expire,
        Command::IssueCode { .. } | Command::Renew | Command::Revoke => Action::ManageSystemClient,
    };
    may(actor, action, Target::Organization(&system.organization))?;
    let acts = system.acts(now);
    let id = system.id.clone();
    let administrators = Recipient::AdministratorsOf(system.organization.clone());
    let ending =
        |cause| Effect::EndAccess(Ending { whose: Whose::SystemClient(id.clone()), cause });
    let before = system.stage.clone();
    let becomes = move |stage| SystemClient { stage, ..system };
    match (before, command) {
        (Stage::Active { keys, next, .. }, Command::Renew) if acts => {
            let stage = Stage::Active { keys, until: now + LASTS, next };
            Ok(Outcome::new(becomes(stage), Kind::SystemRenewed))
        }
        (Stage::Active { keys, until, .. }, Command::IssueCode { code }) if acts => {
            let next = Some(SetUpCode::new(code, now));
            let stage = Stage::Active { keys, until, next };
            Ok(Outcome::new(becomes(stage), Kind::SystemCodeIssued))
        }
        (
            Stage::Active { .. } | Stage::Expired | Stage::Waiting(_),
            Command::IssueCode { code },
        ) => {
            let stage = Stage::Waiting(SetUpCode::new(code, now));
            Ok(Outcome::new(becomes(stage), Kind::SystemCodeIssued))
        }
        (Stage::Active { .. }, Command::Expire) if !acts => {
            let news = News::SystemEnded { system: id.clone() };
            Ok(Outcome::new(becomes(Stage::Expired), Kind::SystemExpired)
                .telling(administrators, news)
                .with(ending(Cause::SystemExpired)))
        }
        (
            Stage::Active { .. } | Stage::Expired | Stage::Waiting(_),
            Command::Dissolve | Command::Revoke,
        ) => {
            let news = News::SystemEnded { system: id.clone() };
            Ok(Outcome::new(becomes(Stage::Revoked), Kind::SystemRevoked)
                .telling(administrators, news)
                .with(ending(Cause::SystemRevoked)))
        }
        (Stage::Active { .. }, Command::Renew | Command::Expire)
        | (Stage::Expired | Stage::Waiting(_), Command::Expire | Command::Renew)
        | (Stage::Revoked, _) => Err(Refusal::OutOfOrder),
    }
}
