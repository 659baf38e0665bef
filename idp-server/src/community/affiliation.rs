//! What becomes of an affiliation (domain 4.3): rights, stops, its end. One transaction each, behind
//! the lock of its organization, so that of two Administrators who take each other's flag at once
//! one is told that the other is the last.

use std::collections::BTreeSet;

use idp_core::{
    audit::{Event, Kind},
    community::{
        actor::Actor,
        affiliation::{Affiliation, AffiliationStatus},
        affiliation_life::{self, Command, Facts, Refusal},
        field::Objections,
        npi::Npi,
        people_review::Reviewed,
        permission::{Action, Denied, Target, may},
        rights::{Circumstances, HasNpi, NPI_UNUSABLE, RightsForm, TaxIdSubset},
        subscriber::Subscriber,
    },
    ids::{OrganizationId, SubscriberId, TaxIdId},
};
use serde_json::json;

use super::{About, Done, Office, accounts};
use crate::{
    mail::Extras,
    store::{
        AnyConn, StoreError, Taken,
        affiliation::{self, AffiliationRecord},
        audit, organization, subscriber, tax_id,
    },
};

/// An affiliation with all that a decision about it rests on.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// As it is kept.
    pub record: AffiliationRecord,
    /// With what its identifiers stand for.
    pub affiliation: Affiliation,
    /// Beside it.
    pub facts: Facts,
    /// Whose it is.
    pub person: Subscriber,
}

/// Why rights were not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotChanged {
    /// The form is not good.
    #[error("the form is not complete")]
    Objections(Objections),
    /// By the rules.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl NotChanged {
    /// Why, if the number that somebody gets with their rights is another person's by now.
    ///
    /// # Errors
    /// What else went wrong.
    pub fn of_conflict(error: StoreError) -> Result<Self, StoreError> {
        if !matches!(error, StoreError::Conflict(Taken::Npi)) {
            return Err(error);
        }
        let mut objections = Objections::default();
        objections.object("npi", NPI_UNUSABLE);
        Ok(Self::Objections(objections))
    }
}

/// The affiliation of a person with an organization that has not ended. `None` if there is none.
/// In a transaction that writes, lock the organization first.
///
/// # Errors
/// [`StoreError`].
pub fn load(
    conn: &mut AnyConn,
    office: &Office,
    (of, who): (&OrganizationId, &SubscriberId),
) -> Result<Option<Loaded>, StoreError> {
    let Some(record) = affiliation::of_person_in(conn, of, who)? else { return Ok(None) };
    let (Some(body), Some(person)) = (organization::find(conn, of)?, subscriber::find(conn, who)?)
    else {
        return Ok(None);
    };
    let tax_ids = tax_id::acted_under(conn, of, &*office.open_ssn)?;
    let proposed_at = affiliation::proposed_at(conn, &record.id)?;
    let facts = Facts {
        proposed_at: proposed_at.unwrap_or(office.now),
        administrators: accounts::administrators(conn, office, of)?,
        tax_ids: tax_ids.clone(),
        mailbox_proved_at: subscriber::mailbox_proved_at(conn, who)?,
        npi: if person.npi.is_some() { HasNpi::Yes } else { HasNpi::No },
    };
    let affiliation = record.clone().join(body, tax_ids);
    Ok(Some(Loaded { record, affiliation, facts, person }))
}

/// Carries a command out on the affiliation of `who` with `of`. `reason`: why, for the audit record.
///
/// # Errors
/// [`StoreError`].
pub fn command(
    conn: &mut AnyConn,
    office: &Office,
    (of, who): (&OrganizationId, &SubscriberId),
    command: Command,
    reason: Option<String>,
) -> Result<Result<Done<Affiliation>, Refusal>, StoreError> {
    organization::lock(conn, of)?;
    let Some(loaded) = load(conn, office, (of, who))? else {
        office.refused(conn, command.action(), Denied::NotFound)?;
        return Ok(Err(Refusal::Denied(Denied::NotFound)));
    };
    carry(conn, office, loaded, command, reason)
}

/// Gives other roles, Tax IDs or another access level. `npi`: as it was typed, for somebody who
/// becomes a licensed practitioner and has none on file; empty for all others.
///
/// # Errors
/// [`StoreError`]; of a [`StoreError::Conflict`] tell [`NotChanged::of_conflict`].
pub fn change_rights(
    conn: &mut AnyConn,
    office: &Office,
    (of, who): (&OrganizationId, &SubscriberId),
    (form, npi): (RightsForm<'_>, &str),
) -> Result<Result<Done<Affiliation>, NotChanged>, StoreError> {
    organization::lock(conn, of)?;
    // Before somebody accepts there is nothing of them to be changed, or read (security 20.9).
    let found = load(conn, office, (of, who))?;
    let Some(loaded) = found.filter(|loaded| loaded.record.status.is_accepted()) else {
        office.refused(conn, Action::ChangeRights, Denied::NotFound)?;
        return Ok(Err(Refusal::Denied(Denied::NotFound).into()));
    };
    let circumstances = Circumstances {
        tax_ids: &loaded.facts.tax_ids,
        held: &loaded.affiliation.roles,
        npi: loaded.facts.npi,
    };
    let on_file = loaded.person.npi.as_ref();
    let (rights, given) = match form.read_with_npi(npi, on_file, circumstances) {
        Ok(read) => read,
        Err(objections) => return Ok(Err(NotChanged::Objections(objections))),
    };
    let reason = rights.reason().map(str::to_owned);
    let npi = if given.is_some() { HasNpi::Yes } else { loaded.facts.npi };
    let facts = Facts { npi, ..loaded.facts.clone() };
    let loaded = Loaded { facts, ..loaded };
    let changed = carry(conn, office, loaded, Command::Change(rights), reason)?;
    if let (Ok(_), Some(npi)) = (&changed, given) {
        give_npi(conn, office, (of, who), npi, "given with rights that need it")?;
    }
    Ok(changed.map_err(NotChanged::from))
}

/// Takes down the NPI of somebody who has none on file.
///
/// # Errors
/// [`StoreError::Conflict`] if it is somebody else's.
pub(super) fn give_npi(
    conn: &mut AnyConn,
    office: &Office,
    (of, who): (&OrganizationId, &SubscriberId),
    npi: Npi,
    why: &str,
) -> Result<(), StoreError> {
    let Some(person) = subscriber::load_for_update(conn, who)? else { return Ok(()) };
    let updated_at = office.now;
    subscriber::update(conn, &Subscriber { npi: Some(npi), updated_at, ..person })?;
    let event = office.event(Kind::PersonChanged).to(who.clone());
    let event = Event { organization: Some(of.clone()), ..event };
    audit::record(conn, &[event.because(why)])?;
    Ok(())
}

/// Ends some of the affiliations with an organization that is closed; says how many.
///
/// # Errors
/// [`StoreError`].
pub(super) fn dissolve(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    most: i64,
) -> Result<usize, StoreError> {
    let mut ended = 0;
    for who in affiliation::open_in(conn, of, most)? {
        if let Some(loaded) = load(conn, office, (of, &who))? {
            ended += usize::from(carry(conn, office, loaded, Command::Dissolve, None)?.is_ok());
        }
    }
    Ok(ended)
}

/// Ends all affiliations of somebody whose account has ended, offers included, so that each
/// organization hears of its own.
///
/// # Errors
/// [`StoreError`].
pub(super) fn depart(
    conn: &mut AnyConn,
    office: &Office,
    who: &SubscriberId,
) -> Result<(), StoreError> {
    for of in lock_organizations_of(conn, who)? {
        if let Some(loaded) = load(conn, office, (&of, who))? {
            // One that ended meanwhile needs nothing.
            let _ = carry(conn, office, loaded, Command::Depart, None)?;
        }
    }
    Ok(())
}

/// The organizations with which somebody has an affiliation that has not ended, behind their locks:
/// always in the same order, so that of two who lock several neither waits for the other.
///
/// # Errors
/// [`StoreError`].
pub(super) fn lock_organizations_of(
    conn: &mut AnyConn,
    who: &SubscriberId,
) -> Result<BTreeSet<OrganizationId>, StoreError> {
    let open = affiliation::of_subscriber(conn, who)?;
    let of: BTreeSet<_> = open.into_iter().map(|affiliation| affiliation.organization).collect();
    for id in &of {
        organization::lock(conn, id)?;
    }
    Ok(of)
}

/// Decides and writes down. What somebody may not do is written down as well.
pub(super) fn carry(
    conn: &mut AnyConn,
    office: &Office,
    loaded: Loaded,
    command: Command,
    reason: Option<String>,
) -> Result<Result<Done<Affiliation>, Refusal>, StoreError> {
    let Loaded { record, affiliation: before, facts, .. } = loaded;
    let action = command.action();
    let given = match &command {
        Command::Change(rights) => Some(rights.tax_ids().clone()),
        Command::Accept
        | Command::Decline
        | Command::Demote
        | Command::Depart
        | Command::Dissolve
        | Command::End
        | Command::Expire
        | Command::Leave
        | Command::Resume
        | Command::Suspend => None,
    };
    let decided =
        affiliation_life::decide(before.clone(), command, &facts, &office.actor, office.now);
    let outcome = match decided {
        Ok(outcome) => outcome,
        Err(refusal) => {
            if let Refusal::Denied(denied) = refusal {
                office.refused(conn, action, denied)?;
            }
            return Ok(Err(refusal));
        }
    };
    let subset = match given {
        Some(TaxIdSubset::All) => None,
        Some(TaxIdSubset::Only(ids)) => Some(ids),
        None => record.tax_ids.clone(),
    };
    let after = as_kept(&outcome.state, subset);
    affiliation::save(conn, &after, office.now)?;
    if action == Action::ChangeRights
        && let Some(by) = office.actor.person().cloned()
    {
        // Whoever changes what somebody may do has looked at it.
        let reviewed = Reviewed { affiliation: after.id.clone(), by, at: office.now };
        affiliation::set_reviewed(conn, &reviewed)?;
    }
    // Whoever says no, or nothing, is told of by what was typed of them, and not by name.
    let was_offer = record.status == AffiliationStatus::Proposed;
    let typed = if was_offer && after.status == AffiliationStatus::Ended {
        affiliation::proposed_to(conn, &record.id)?
    } else {
        None
    };
    let about = About {
        organization: Some(after.organization.clone()),
        subject: Some(after.subscriber.clone()),
        before: Some(told(&record)),
        after: Some(told(&after)),
        reason,
        mail: Extras { about: typed, ..Extras::default() },
        ..About::default()
    };
    Ok(Ok(office.carry_out(conn, outcome, &about)?))
}

/// As an affiliation is kept.
pub(super) fn as_kept(
    affiliation: &Affiliation,
    tax_ids: Option<BTreeSet<TaxIdId>>,
) -> AffiliationRecord {
    AffiliationRecord {
        id: affiliation.id.clone(),
        subscriber: affiliation.subscriber.clone(),
        organization: affiliation.organization.id.clone(),
        status: affiliation.status,
        roles: affiliation.roles.clone(),
        role_details: affiliation.role_details.clone(),
        administrator: affiliation.administrator,
        access_level: affiliation.access_level,
        tax_ids,
        since: affiliation.since,
    }
}

/// What the audit record says of an affiliation. Tax IDs by their names in Hilum, not by number.
fn told(record: &AffiliationRecord) -> serde_json::Value {
    json!({
        "status": record.status,
        "roles": record.roles,
        "role_details": record.role_details,
        "administrator": record.administrator,
        "access_level": record.access_level,
        "tax_ids": record.tax_ids,
    })
}

/// Whether an Administrator may look at this person: an affiliation with the own organization that
/// was accepted and has not ended. Otherwise there is nobody, and that somebody asked is written
/// down.
///
/// # Errors
/// [`StoreError`].
pub fn seen_by(
    conn: &mut AnyConn,
    office: &Office,
    who: &SubscriberId,
) -> Result<Option<Loaded>, StoreError> {
    let Actor::Administrator { of, .. } = &office.actor else { return Ok(None) };
    let found = load(conn, office, (of, who))?;
    let accepted = found.filter(|loaded| loaded.record.status != AffiliationStatus::Proposed);
    let acts_for: BTreeSet<OrganizationId> =
        accepted.iter().map(|loaded| loaded.record.organization.clone()).collect();
    let reads =
        may(&office.actor, Action::ReadPerson, Target::Person { id: who, acts_for: &acts_for });
    Ok(accepted.filter(|_| reads.is_ok()))
}
