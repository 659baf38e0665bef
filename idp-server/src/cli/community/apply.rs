//! One import, in one transaction: what the file says against what is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use idp_core::{
    audit::{Actor, Event, Kind},
    authentication::{
        factor::{Factor, FactorKind, FactorName},
        totp::{Seed, Step},
    },
    community::{
        affiliation::AffiliationStatus,
        import::{AffiliationEntry, CommunityFile, Mistake, OrganizationEntry, SubscriberEntry},
        subscriber::{AccountStatus, Subscriber, UserId},
        tax_id::TaxIdNumber,
    },
    ids::{AffiliationId, EventId, FactorId, SiteId, SubscriberId, TaxIdId},
};
use serde_json::json;

use crate::{
    keys::{
        sealing::{Place, Sealer},
        tax_numbers::TaxNumbers,
    },
    random::Random,
    store::{
        AnyConn, Cause, Ending, Scope, StoreError, Taken,
        affiliation::{self, AffiliationRecord},
        audit, end_access,
        factor::{self, Material},
        organization, site, subscriber, tax_id,
    },
};

/// All that an import needs.
pub(super) struct Import {
    /// What the file says.
    pub(super) community: CommunityFile,
    /// Password hashes for people who have none yet.
    pub(super) hashes: BTreeMap<UserId, String>,
    /// The keys for Tax IDs.
    pub(super) numbers: TaxNumbers,
    /// Seals what must not be read in the database.
    pub(super) sealer: Arc<Sealer>,
    /// For identifiers.
    pub(super) random: Random,
    /// Who imports.
    pub(super) actor: Actor,
    /// When.
    pub(super) now: DateTime<Utc>,
    /// Whether everything is taken back at the end.
    pub(super) dry_run: bool,
}

/// What became of an import.
pub(super) enum Outcome {
    /// It was done, or would have been.
    Done(Summary),
    /// The file contradicts what is there. Nothing was changed.
    Refused(Mistake),
}

/// What an import changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// What is new, for instance `organization org_clinic`.
    pub(super) added: Vec<String>,
    /// What is different now.
    pub(super) changed: Vec<String>,
    /// How much is as it was.
    pub(super) unchanged: usize,
    /// The sites among the new.
    pub(super) new_sites: BTreeSet<SiteId>,
}

/// What happened to one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Added,
    Changed,
    Unchanged,
}

impl Fate {
    /// What happened to the whole when this happened to a part of it.
    const fn with_part(self, part: Self) -> Self {
        match (self, part) {
            (Self::Unchanged, Self::Added | Self::Changed) => Self::Changed,
            (whole, _) => whole,
        }
    }

    const fn changed_if(changed: bool) -> Self {
        if changed { Self::Changed } else { Self::Unchanged }
    }
}

impl Summary {
    fn note(&mut self, fate: Fate, what: String) {
        match fate {
            Fate::Added => self.added.push(what),
            Fate::Changed => self.changed.push(what),
            Fate::Unchanged => self.unchanged += 1,
        }
    }
}

/// Why everything is taken back.
enum Stop {
    DryRun(Summary),
    Refused(Mistake),
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<diesel::result::Error> for Stop {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A conflict with what is there, as a mistake of the file.
fn blame(line: usize) -> impl Fn(StoreError) -> Stop {
    move |error| {
        let StoreError::Conflict(taken) = error else { return Stop::Store(error) };
        let message = match taken {
            Taken::Affiliation => "the person has another affiliation with this organization",
            Taken::EmailAddress => "this e-mail address belongs to another account",
            Taken::Npi => "this NPI belongs to another account",
            Taken::TaxId => "this Tax ID is registered by another organization",
            Taken::UserId => "this User ID belongs to another account",
            Taken::Code | Taken::Nomination | Taken::Other | Taken::Passkey => {
                "this identifier is taken"
            }
        };
        Stop::Refused(Mistake { line, message: message.to_owned() })
    }
}

impl Import {
    /// Does it, in a transaction of the caller's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn run(&self, conn: &mut AnyConn) -> Result<Outcome, StoreError> {
        let done = conn.transaction(|conn| {
            let summary = self.apply(conn)?;
            if self.dry_run { Err(Stop::DryRun(summary)) } else { Ok(summary) }
        });
        match done {
            Ok(summary) | Err(Stop::DryRun(summary)) => Ok(Outcome::Done(summary)),
            Err(Stop::Refused(mistake)) => Ok(Outcome::Refused(mistake)),
            Err(Stop::Store(error)) => Err(error),
        }
    }

    fn apply(&self, conn: &mut AnyConn) -> Result<Summary, Stop> {
        let mut summary = Summary::default();
        for entry in &self.community.sites {
            let fate = self.site(conn, entry)?;
            if fate == Fate::Added {
                summary.new_sites.insert(entry.id().clone());
            }
            summary.note(fate, format!("site {}", entry.id()));
        }
        // All organizations give up numbers before any takes one, so that a number can move.
        for entry in &self.community.organizations {
            self.organization(conn, entry, &mut summary)?;
        }
        let mut ids = BTreeMap::new();
        for entry in &self.community.organizations {
            self.take_numbers(conn, entry, &mut ids, &mut summary)?;
        }
        for entry in &self.community.subscribers {
            let fate = self.subscriber(conn, entry, &ids)?;
            summary.note(fate, format!("subscriber {}", entry.user_id));
        }
        if !summary.added.is_empty() || !summary.changed.is_empty() {
            let id = EventId::from_random(self.random.bytes());
            let event = Event::new(id, self.now, Kind::CommunityImported, self.actor.clone());
            let told = json!({ "added": summary.added, "changed": summary.changed });
            audit::record(conn, &[event.after(told)])?;
        }
        Ok(summary)
    }

    fn site(
        &self,
        conn: &mut AnyConn,
        entry: &idp_core::community::import::SiteEntry,
    ) -> Result<Fate, Stop> {
        let existing = site::load_for_update(conn, entry.id())?;
        let wanted = entry.applied_to(existing.as_ref());
        if existing.as_ref() == Some(&wanted) {
            return Ok(Fate::Unchanged);
        }
        if existing.is_some() {
            site::update(conn, &wanted, self.now)?;
            Ok(Fate::Changed)
        } else {
            site::insert(conn, &wanted, self.now).map_err(blame(entry.line))?;
            Ok(Fate::Added)
        }
    }

    /// The organization itself, the numbers that it gives up, and its sites.
    fn organization(
        &self,
        conn: &mut AnyConn,
        entry: &OrganizationEntry,
        summary: &mut Summary,
    ) -> Result<(), Stop> {
        let wanted = &entry.organization;
        let existing = organization::find(conn, &wanted.id)?;
        let demo = self.community.demo;
        let mut fate = match &existing {
            None => {
                organization::insert(conn, wanted, demo, self.now).map_err(blame(entry.line))?;
                Fate::Added
            }
            Some(existing) if existing != wanted => {
                organization::update(conn, wanted, demo, self.now)?;
                Fate::Changed
            }
            Some(_) => Fate::Unchanged,
        };
        let kept: BTreeSet<_> =
            entry.tax_ids.iter().map(|tax_id| self.numbers.fingerprint(&tax_id.number)).collect();
        for (id, fingerprint) in tax_id::fingerprints(conn, &wanted.id)? {
            if !kept.contains(&fingerprint) {
                tax_id::remove(conn, &id)?;
                fate = fate.with_part(Fate::Changed);
            }
        }
        if let Some(sites) = &entry.sites {
            let enabled: BTreeSet<SiteId> =
                organization::enabled_sites(conn, &wanted.id)?.into_iter().collect();
            for site in sites.difference(&enabled) {
                organization::enable_site(conn, &wanted.id, site)?;
            }
            for site in enabled.difference(sites) {
                organization::disable_site(conn, &wanted.id, site)?;
            }
            fate = fate.with_part(Fate::changed_if(*sites != enabled));
        }
        summary.note(fate, format!("organization {}", wanted.id));
        Ok(())
    }

    /// The numbers that an organization has from now on, and which of them is the main one.
    fn take_numbers(
        &self,
        conn: &mut AnyConn,
        entry: &OrganizationEntry,
        ids: &mut BTreeMap<[u8; 32], TaxIdId>,
        summary: &mut Summary,
    ) -> Result<(), Stop> {
        let organization = &entry.organization.id;
        let mut promoted = None;
        for wanted in &entry.tax_ids {
            let fingerprint = self.numbers.fingerprint(&wanted.number);
            let id = match tax_id::registered(conn, &fingerprint)? {
                Some(found) if found.organization != *organization => {
                    return Err(blame(wanted.line)(StoreError::Conflict(Taken::TaxId)));
                }
                Some(found) => {
                    if found.primary && !wanted.primary {
                        tax_id::set_primary(conn, &found.id, false)?;
                    } else if wanted.primary && !found.primary {
                        promoted = Some(found.id.clone());
                        let shown = wanted.number.shown();
                        summary.note(Fate::Changed, format!("Tax ID {shown} of {organization}"));
                    }
                    found.id
                }
                None => {
                    let id = TaxIdId::from_random(self.random.bytes());
                    self.numbers
                        .insert(conn, &id, organization, &wanted.number, false)
                        .map_err(blame(wanted.line))?;
                    summary.note(
                        Fate::Added,
                        format!("Tax ID {} of {organization}", wanted.number.shown()),
                    );
                    if wanted.primary {
                        promoted = Some(id.clone());
                    }
                    id
                }
            };
            ids.insert(fingerprint, id);
        }
        // Only now has no other number of the organization the first place.
        if let Some(id) = promoted {
            tax_id::set_primary(conn, &id, true)?;
        }
        Ok(())
    }

    fn subscriber(
        &self,
        conn: &mut AnyConn,
        entry: &SubscriberEntry,
        ids: &BTreeMap<[u8; 32], TaxIdId>,
    ) -> Result<Fate, Stop> {
        let account = subscriber::for_sign_in(conn, entry.user_id.as_str())?;
        let existing = account.as_ref().map(|account| &account.subscriber);
        let new_id = SubscriberId::from_random(self.random.bytes());
        let wanted = entry.applied_to(existing, new_id, self.now);
        let mut fate = match existing {
            None => {
                subscriber::insert(conn, &wanted).map_err(blame(entry.line))?;
                Fate::Added
            }
            Some(existing) if *existing != wanted => {
                subscriber::update(conn, &wanted).map_err(blame(entry.line))?;
                self.stop_if_stopped(conn, &wanted)?;
                Fate::Changed
            }
            Some(_) => Fate::Unchanged,
        };
        let has_password = account.is_some_and(|account| account.password_hash.is_some());
        if let Some(hash) = self.hashes.get(&entry.user_id).filter(|_| !has_password) {
            subscriber::set_password(conn, &wanted.id, hash, self.now)?;
            fate = fate.with_part(Fate::Changed);
        }
        if let Some(seed) = &entry.totp_seed {
            fate = fate.with_part(self.authenticator(conn, &wanted.id, seed)?);
        }
        let affiliations = affiliation::of_subscriber(conn, &wanted.id)?;
        for entry in &entry.affiliations {
            let existing =
                affiliations.iter().find(|record| record.organization == entry.organization);
            let part = self.affiliation(conn, &wanted.id, entry, existing, ids)?;
            fate = fate.with_part(part);
        }
        Ok(fate)
    }

    /// The second factor of a demo account, unless it has one.
    fn authenticator(
        &self,
        conn: &mut AnyConn,
        person: &SubscriberId,
        seed: &Seed,
    ) -> Result<Fate, Stop> {
        let factors = factor::of_subscriber(conn, person)?;
        if factors.iter().any(|factor| factor.kind == FactorKind::Totp) {
            return Ok(Fate::Unchanged);
        }
        let id = FactorId::from_random(self.random.bytes());
        let place = Place { table: "factor", column: "sealed_seed", row: id.as_str() };
        let corrupt =
            || StoreError::CorruptRow { table: "factor", column: "name", row: id.to_string() };
        let name = FactorName::try_from("Demo authenticator".to_owned()).map_err(|_| corrupt())?;
        let sealed_seed = self.sealer.seal(place, seed.expose()).map_err(|_| corrupt())?;
        let new = Factor {
            id: id.clone(),
            kind: FactorKind::Totp,
            name,
            added_at: self.now,
            last_used_at: None,
        };
        let material = Material::Totp { sealed_seed, last_step: Step::from_number(0) };
        factor::insert(conn, person, &new, &material)?;
        Ok(Fate::Changed)
    }

    /// An account that may no longer be used loses its sessions at once (R31).
    fn stop_if_stopped(&self, conn: &mut AnyConn, person: &Subscriber) -> Result<(), Stop> {
        if person.status != AccountStatus::Active {
            let scope = Scope::SessionsOfSubscriber { subscriber: person.id.clone(), except: None };
            end_access(conn, &scope, &self.ending(Cause::AccountStopped), &self.random)?;
        }
        Ok(())
    }

    fn affiliation(
        &self,
        conn: &mut AnyConn,
        person: &SubscriberId,
        entry: &AffiliationEntry,
        existing: Option<&AffiliationRecord>,
        ids: &BTreeMap<[u8; 32], TaxIdId>,
    ) -> Result<Fate, Stop> {
        if entry.status == AffiliationStatus::Ended {
            let Some(existing) = existing else { return Ok(Fate::Unchanged) };
            let scope = Scope::Affiliation(existing.id.clone());
            end_access(conn, &scope, &self.ending(Cause::AffiliationEnded), &self.random)?;
            return Ok(Fate::Changed);
        }
        let id_of = |number: &TaxIdNumber| ids.get(&self.numbers.fingerprint(number)).cloned();
        let wanted = AffiliationRecord {
            id: self.affiliation_id(entry, existing),
            subscriber: person.clone(),
            organization: entry.organization.clone(),
            status: entry.status,
            roles: entry.roles.clone(),
            role_details: entry.role_details.clone(),
            administrator: entry.administrator,
            access_level: entry.access_level,
            tax_ids: entry
                .tax_ids
                .as_ref()
                .map(|numbers| numbers.iter().filter_map(id_of).collect()),
            since: entry
                .since
                .or(existing.map(|record| record.since))
                .unwrap_or_else(|| self.now.date_naive()),
        };
        match existing {
            None => {
                affiliation::insert(conn, &wanted).map_err(blame(entry.line))?;
                Ok(Fate::Added)
            }
            Some(existing) if *existing != wanted => {
                affiliation::update(conn, &wanted)?;
                Ok(Fate::Changed)
            }
            Some(_) => Ok(Fate::Unchanged),
        }
    }

    fn affiliation_id(
        &self,
        entry: &AffiliationEntry,
        existing: Option<&AffiliationRecord>,
    ) -> AffiliationId {
        existing
            .map(|record| record.id.clone())
            .or_else(|| entry.id.clone())
            .unwrap_or_else(|| AffiliationId::from_random(self.random.bytes()))
    }

    fn ending(&self, cause: Cause) -> Ending {
        Ending { actor: self.actor.clone(), address: None, cause, now: self.now }
    }
}
