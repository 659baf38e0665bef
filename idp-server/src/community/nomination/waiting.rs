//! Nominations that wait: a new code, an end before their time, an end by their time.

use idp_core::{
    community::{
        actor::Actor,
        letters::Counted,
        nomination::{self, Command, Keys, Nomination, Nominee, State},
        npi::Npi,
        permission::{Action, Denied, Target, may},
        subscriber::EmailAddress,
    },
    ids::{NominationId, OrganizationId, SubscriberId},
};

use super::{Drawn, HandOver, Refusal, about};
use crate::{
    community::{About, Office, letters},
    store::{
        AnyConn, StoreError, email_change,
        nomination::{self as stored, NominationRecord},
        subscriber,
    },
};

/// Makes link and code anew; the older ones are dead.
///
/// # Errors
/// [`StoreError`]; [`StoreError::Conflict`] if somebody else waits for the same meanwhile.
pub fn resend(
    conn: &mut AnyConn,
    office: &Office,
    id: &NominationId,
    reason: Option<String>,
) -> Result<Result<HandOver, nomination::Refusal>, StoreError> {
    let Some(record) = own(conn, office, id)? else { return Ok(Err(Denied::NotFound.into())) };
    if !can_become(conn, office, &record)? {
        return Ok(Err(nomination::Refusal::OutOfOrder));
    }
    let (of, mailbox) = (&record.nomination.organization, Counted::Mailbox(&record.email));
    if let Err(refusal) = letters::write_to(conn, office, of, mailbox)? {
        return Ok(Err(refusal.into()));
    }
    let drawn = Drawn::new(office);
    let Keys { link, code, .. } = drawn.keys(office);
    let command = Command::Resend { link, code };
    let nomination = record.nomination.clone();
    match nomination::decide(nomination, command, &office.actor, office.now) {
        Err(refusal) => Ok(Err(refusal)),
        Ok(outcome) => {
            stored::save(conn, &outcome.state, office.now)?;
            let record = NominationRecord { nomination: outcome.state.clone(), ..record };
            let about = About { reason, ..about(&record, Some(&drawn)) };
            office.carry_out(conn, outcome, &about)?;
            Ok(Ok(drawn.hand_over(&record)))
        }
    }
}

/// Whether what a nomination makes is still to be had: while it waits, nobody else can take it.
pub(super) fn can_become(
    conn: &mut AnyConn,
    office: &Office,
    record: &NominationRecord,
) -> Result<bool, StoreError> {
    if matches!(record.nomination.state, State::Nominated(_)) {
        return Ok(true);
    }
    let Nomination { subscriber: person, user_id, .. } = &record.nomination;
    if !email_change::is_free(conn, &record.email, person, office.now)?
        || waits_for(conn, office, &record.email)?
        || !npi_is_free(conn, office, record.npi.as_ref(), person)?
    {
        return Ok(false);
    }
    let brought_back = subscriber::find(conn, person)?.is_some();
    Ok(brought_back || stored::taken_among(conn, std::slice::from_ref(user_id))?.is_empty())
}

/// Takes a nomination back.
///
/// # Errors
/// [`StoreError`].
pub fn withdraw(
    conn: &mut AnyConn,
    office: &Office,
    id: &NominationId,
    reason: Option<String>,
) -> Result<Result<(), nomination::Refusal>, StoreError> {
    let Some(record) = own(conn, office, id)? else { return Ok(Err(Denied::NotFound.into())) };
    let about = About { reason, ..about(&record, None) };
    let nomination = record.nomination;
    match nomination::decide(nomination, Command::Withdraw, &office.actor, office.now) {
        Err(refusal) => Ok(Err(refusal)),
        Ok(outcome) => {
            stored::save(conn, &outcome.state, office.now)?;
            office.carry_out(conn, outcome, &about)?;
            Ok(Ok(()))
        }
    }
}

/// Notes that the time of some nominations is over; says of how many. What the date has decided
/// already holds without it.
///
/// # Errors
/// [`StoreError`].
pub fn expire(conn: &mut AnyConn, office: &Office, most: i64) -> Result<usize, StoreError> {
    let late = stored::due(conn, office.now, most)?;
    let mut noted = 0;
    for record in late {
        // Somebody may have been faster, on another node.
        if let Some(record) = stored::find_for_update(conn, &record.nomination.id)?
            && settle_late(conn, office, record)?
        {
            noted += 1;
        }
    }
    Ok(noted)
}

/// Takes some of the nominations of an organization back that is closed; says how many are over now.
///
/// # Errors
/// [`StoreError`].
pub(in crate::community) fn dissolve(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    most: i64,
) -> Result<usize, StoreError> {
    let mut ended = 0;
    for record in stored::open_in(conn, of, most)? {
        let id = record.nomination.id.clone();
        let Some(record) = stored::find_for_update(conn, &id)? else { continue };
        if record.nomination.expires_at() <= office.now {
            ended += usize::from(settle_late(conn, office, record)?);
            continue;
        }
        let about = about(&record, None);
        let dissolve = Command::Dissolve;
        if let Ok(outcome) =
            nomination::decide(record.nomination, dissolve, &office.actor, office.now)
        {
            stored::save(conn, &outcome.state, office.now)?;
            office.carry_out(conn, outcome, &about)?;
            ended += 1;
        }
    }
    Ok(ended)
}

/// `true` if the nomination's time was over, which is now written down.
pub(super) fn settle_late(
    conn: &mut AnyConn,
    office: &Office,
    record: NominationRecord,
) -> Result<bool, StoreError> {
    let job = Office { actor: Actor::Job("nomination-expiry"), session: None, ..office.clone() };
    let about = about(&record, None);
    let nomination = record.nomination;
    match nomination::decide(nomination, Command::Expire, &job.actor, job.now) {
        Err(_) => Ok(false),
        Ok(outcome) => {
            stored::save(conn, &outcome.state, job.now)?;
            job.carry_out(conn, outcome, &about)?;
            Ok(true)
        }
    }
}

/// Somebody may wait already for the address or the number. Of a nomination by another
/// organization nothing is told.
pub(super) fn waits_already(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    nominee: &Nominee,
) -> Result<Option<Refusal>, StoreError> {
    for record in stored::waiting_for(conn, &nominee.email, nominee.npi.as_ref())? {
        let (id, organization) =
            (record.nomination.id.clone(), record.nomination.organization.clone());
        if record.nomination.expires_at() <= office.now {
            continue; // it makes way when there is something to write
        }
        return Ok(Some(if organization == *of {
            Refusal::AlreadyNominated(id)
        } else {
            Refusal::SeeSupport
        }));
    }
    Ok(None)
}

/// Whether somebody waits for this address, in whatever organization.
///
/// # Errors
/// [`StoreError`].
pub(in crate::community) fn waits_for(
    conn: &mut AnyConn,
    office: &Office,
    email: &EmailAddress,
) -> Result<bool, StoreError> {
    let waiting = stored::waiting_for(conn, email, None)?;
    Ok(waiting.iter().any(|record| office.now < record.nomination.expires_at()))
}

/// Whether nobody but this person has the NPI, and nobody waits with it; so it is where none was
/// told.
///
/// # Errors
/// [`StoreError`].
pub(in crate::community) fn npi_is_free(
    conn: &mut AnyConn,
    office: &Office,
    npi: Option<&Npi>,
    own: &SubscriberId,
) -> Result<bool, StoreError> {
    let Some(npi) = npi else { return Ok(true) };
    if subscriber::by_npi(conn, npi)?.is_some_and(|whose| whose != *own) {
        return Ok(false);
    }
    let waiting = stored::waiting_with(conn, npi)?;
    Ok(waiting.iter().all(|record| record.nomination.expires_at() <= office.now))
}

/// Notes the expiry of what stands in the way of a new nomination.
pub(super) fn make_way(
    conn: &mut AnyConn,
    office: &Office,
    email: &EmailAddress,
    npi: Option<&Npi>,
) -> Result<(), StoreError> {
    for record in stored::waiting_for(conn, email, npi)? {
        settle_late(conn, office, record)?;
    }
    Ok(())
}

/// A nomination of the office's own organization; of another one it is as if it were not there, and
/// that somebody asked is written down (security 20.1).
fn own(
    conn: &mut AnyConn,
    office: &Office,
    id: &NominationId,
) -> Result<Option<NominationRecord>, StoreError> {
    let record = stored::find_for_update(conn, id)?;
    let target = record.as_ref().map(|record| &record.nomination);
    // Nobody there could manage the first one: core decides who may.
    let reach = target.map(|of| Target::Organization(&of.organization));
    let found = match (reach, &office.actor) {
        (Some(reach), Actor::Administrator { .. }) => {
            may(&office.actor, Action::ReadOrganization, reach).is_ok()
        }
        (reach, _) => reach.is_some(),
    };
    if found {
        return Ok(record);
    }
    office.refused(conn, Action::ManageNomination, Denied::NotFound)?;
    Ok(None)
}
