//! Whose a Tax ID is: the use cases of its owner, of who asks for it, and of Support (domain 3.6,
//! 4.1, 4.9; security 20.6–20.8).
//!
//! For the owner's Administrators: [`give_up`], [`answer_claim`], [`appoint`],
//! [`dismiss`]. For the support desk: [`propose_release`], [`approve_release`], [`reject_release`],
//! [`keep`]; [`claim_before_support`] is what its pages
//! show. A further number comes here when Support has accepted it (`further_numbers`); what a
//! registration asks for comes here by the effects of its own transitions.
//!
//! Whatever is done to a number takes its place first (`store::tax_id_claim`), so that two of them
//! come one after the other.

use idp_core::{
    community::{
        further_number::FurtherNumber,
        organization::OrganizationStatus,
        outcome::Outcome,
        permission::{Action, Denied},
        tax_id::TaxIdNumber,
        tax_id_registry::{Command, Evidence, Holding, Refusal, decide},
        ticket::Regarding,
    },
    ids::{OrganizationId, TaxIdId},
};
use serde_json::json;

use super::{About, Done, Office, registrations};
use crate::store::{
    AnyConn, StoreError, organization, tax_id,
    tax_id::Fingerprint,
    tax_id_claim::{self as store, Asked},
};

/// What came of a wish. A refusal is a value, so that what it left in the record is kept.
pub type Decided<T> = Result<T, Refusal>;

/// What an owner says to somebody who asks for a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnersAnswer {
    /// They get it, and the owner goes on acting under it on their behalf (R44).
    HandOver,
    /// They do not, and this is why.
    Object(Evidence),
    /// They get it.
    Release,
}

/// Registers, at the support desk, the number that an organization that takes part has asked for.
///
/// # Errors
/// [`StoreError`].
pub(super) fn register_for(
    conn: &mut AnyConn,
    office: &Office,
    further: &FurtherNumber,
    number: &TaxIdNumber,
) -> Result<Decided<Done<Holding>>, StoreError> {
    let fingerprint = office.registry.numbers.fingerprint(number);
    let (id, organization) = (further.id.clone(), further.organization.clone());
    let others = store::others(conn, &organization, &id)?;
    let command = Command::Register { id, organization, registration: None, others };
    transition(conn, office, (&fingerprint, Some(number)), command)
}

/// Gives a number up that the organization no longer needs: it is free from then on.
///
/// # Errors
/// [`StoreError`].
pub fn give_up(
    conn: &mut AnyConn,
    office: &Office,
    organization: &OrganizationId,
    id: &TaxIdId,
) -> Result<Decided<Done<Holding>>, StoreError> {
    of_owner(conn, office, organization, id, Command::GiveUp)
}

/// Whether the number is this organization's, or one under which it acts. To it there is no other;
/// that it asked for one is written down (security 20.1).
///
/// # Errors
/// [`StoreError`].
pub fn in_reach(
    conn: &mut AnyConn,
    office: &Office,
    organization: &OrganizationId,
    id: Option<&TaxIdId>,
) -> Result<bool, StoreError> {
    if let Some(id) = id {
        let own = store::fingerprint_of(conn, id, organization)?.is_some();
        let represented = store::represented_by(conn, organization)?;
        if own || represented.iter().any(|(number, ..)| number == id) {
            return Ok(true);
        }
    }
    office.refused(conn, Action::AnswerTaxIdClaim, Denied::NotFound)?;
    Ok(false)
}

/// Answers, as the owner, to whoever asks for a number.
///
/// # Errors
/// [`StoreError`].
pub fn answer_claim(
    conn: &mut AnyConn,
    office: &Office,
    organization: &OrganizationId,
    id: &TaxIdId,
    answer: OwnersAnswer,
) -> Result<Decided<Done<Holding>>, StoreError> {
    let command = match answer {
        OwnersAnswer::HandOver => Command::HandOver,
        OwnersAnswer::Object(evidence) => Command::Object(evidence),
        OwnersAnswer::Release => Command::Release,
    };
    of_owner(conn, office, organization, id, command)
}

/// Lets another organization act under a number. One that takes no part is not there.
///
/// # Errors
/// [`StoreError`].
pub fn appoint(
    conn: &mut AnyConn,
    office: &Office,
    organization: &OrganizationId,
    id: &TaxIdId,
    representative: &OrganizationId,
) -> Result<Decided<Done<Holding>>, StoreError> {
    let found = organization::find(conn, representative)?;
    if found.is_none_or(|found| found.status == OrganizationStatus::Closed) {
        return Ok(Err(Refusal::NothingToDecide));
    }
    of_owner(conn, office, organization, id, Command::Appoint(representative.clone()))
}

/// Lets an organization no longer act under a number: by its owner, or by itself.
///
/// # Errors
/// [`StoreError`].
pub fn dismiss(
    conn: &mut AnyConn,
    office: &Office,
    organization: &OrganizationId,
    id: &TaxIdId,
    representative: &OrganizationId,
) -> Result<Decided<Done<Holding>>, StoreError> {
    let command = Command::Dismiss(representative.clone());
    if representative != organization {
        return of_owner(conn, office, organization, id, command);
    }
    // Only what this organization acts under is there for it.
    let own = store::represented_by(conn, organization)?;
    if own.iter().any(|(number, ..)| number == id) {
        of_anybody(conn, office, id, command)
    } else {
        refuse(conn, office, Action::EndRepresentation, Denied::NotFound.into())
    }
}

/// Proposes, at the support desk, to release a number to who asks for it: the first of two persons.
///
/// # Errors
/// [`StoreError`].
pub fn propose_release(
    conn: &mut AnyConn,
    office: &Office,
    id: &TaxIdId,
    document: Evidence,
) -> Result<Decided<Done<Holding>>, StoreError> {
    of_anybody(conn, office, id, Command::Propose(document))
}

/// Releases it, as the second person: the lead.
///
/// # Errors
/// [`StoreError`].
pub fn approve_release(
    conn: &mut AnyConn,
    office: &Office,
    id: &TaxIdId,
) -> Result<Decided<Done<Holding>>, StoreError> {
    of_anybody(conn, office, id, Command::Approve)
}

/// Sends the proposal back, as the lead.
///
/// # Errors
/// [`StoreError`].
pub fn reject_release(
    conn: &mut AnyConn,
    office: &Office,
    id: &TaxIdId,
) -> Result<Decided<Done<Holding>>, StoreError> {
    of_anybody(conn, office, id, Command::Reject)
}

/// Leaves a number with its owner, at the support desk.
///
/// # Errors
/// [`StoreError`].
pub fn keep(
    conn: &mut AnyConn,
    office: &Office,
    id: &TaxIdId,
    why: Evidence,
) -> Result<Decided<Done<Holding>>, StoreError> {
    of_anybody(conn, office, id, Command::Keep(why))
}

/// Takes its numbers from an organization that is closed; it no longer acts under those of others
/// either.
///
/// # Errors
/// [`StoreError`].
pub(super) fn dissolve(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
) -> Result<(), StoreError> {
    for (id, fingerprint) in tax_id::fingerprints(conn, of)? {
        if let Err(why) = transition(conn, office, (&fingerprint, None), Command::Dissolve)? {
            tracing::error!(%why, tax_id = %id, "a closed organization keeps its number");
        }
    }
    for (id, ..) in store::represented_by(conn, of)? {
        // Its owner may have been faster.
        let _ = of_anybody(conn, office, &id, Command::Dismiss(of.clone()))?;
    }
    Ok(())
}

/// Who asks for a number, as Support sees it; `None` if nobody does.
///
/// # Errors
/// [`StoreError`].
pub fn claim_before_support(conn: &mut AnyConn, id: &TaxIdId) -> Result<Option<Asked>, StoreError> {
    let Some(fingerprint) = store::fingerprint_by_id(conn, id)? else { return Ok(None) };
    let Holding::Held(held) = store::load(conn, &fingerprint)? else { return Ok(None) };
    let owner = held.by;
    Ok(held.claim.map(|claim| Asked { id: id.clone(), owner, claim }))
}

/// A command of the owner: another organization's number is not there (security 20.1).
fn of_owner(
    conn: &mut AnyConn,
    office: &Office,
    owner: &OrganizationId,
    id: &TaxIdId,
    command: Command,
) -> Result<Decided<Done<Holding>>, StoreError> {
    match store::fingerprint_of(conn, id, owner)? {
        Some(fingerprint) => transition(conn, office, (&fingerprint, None), command),
        None => refuse(conn, office, Action::AnswerTaxIdClaim, Denied::NotFound.into()),
    }
}

fn of_anybody(
    conn: &mut AnyConn,
    office: &Office,
    id: &TaxIdId,
    command: Command,
) -> Result<Decided<Done<Holding>>, StoreError> {
    match store::fingerprint_by_id(conn, id)? {
        Some(fingerprint) => transition(conn, office, (&fingerprint, None), command),
        None => refuse(conn, office, action(&command), Denied::NotFound.into()),
    }
}

/// Whose the number is, and nobody else decides about it until the transaction ends.
pub(super) fn holding_for_update(
    conn: &mut AnyConn,
    office: &Office,
    fingerprint: &Fingerprint,
) -> Result<Holding, StoreError> {
    store::lock(conn, fingerprint, office.now)?;
    store::load(conn, fingerprint)
}

/// One transition of a number. `number`: the number itself, where it is registered.
pub(super) fn transition(
    conn: &mut AnyConn,
    office: &Office,
    (fingerprint, number): (&Fingerprint, Option<&TaxIdNumber>),
    command: Command,
) -> Result<Decided<Done<Holding>>, StoreError> {
    let before = holding_for_update(conn, office, fingerprint)?;
    let action = action(&command);
    let rules = &office.registry.rules;
    let outcome = match decide(before.clone(), command, &office.actor, rules, office.now) {
        Ok(outcome) => outcome,
        Err(why) => return refuse(conn, office, action, why),
    };
    write_down(conn, office, (fingerprint, number), &before, &outcome)?;
    let mail = registrations::reader_of(conn, office, &outcome.letters)?;
    let about = About { mail, ..about(&before, &outcome.state) };
    office.carry_out(conn, outcome, &about).map(Ok)
}

/// Makes the rows say what was decided.
fn write_down(
    conn: &mut AnyConn,
    office: &Office,
    (fingerprint, number): (&Fingerprint, Option<&TaxIdNumber>),
    before: &Holding,
    outcome: &Outcome<Holding>,
) -> Result<(), StoreError> {
    let kept = match &outcome.state {
        Holding::Reserved { registration, until } => Some((registration, *until)),
        Holding::Free | Holding::Held(_) => None,
    };
    match (before, &outcome.state) {
        (Holding::Held(old), Holding::Held(new)) if old.by != new.by => {
            tax_id::hand_over(conn, &old.id, &new.by)?;
            tax_id::settle_primary(conn, &old.by)?;
            tax_id::settle_primary(conn, &new.by)?;
            store::save_held(conn, new)
        }
        (Holding::Held(_), Holding::Held(new)) => store::save_held(conn, new),
        (Holding::Held(old), Holding::Free | Holding::Reserved { .. }) => {
            tax_id::remove(conn, &old.id)?;
            tax_id::settle_primary(conn, &old.by)?;
            store::reserve(conn, fingerprint, kept)
        }
        (Holding::Free | Holding::Reserved { .. }, Holding::Held(new)) => {
            store::reserve(conn, fingerprint, None)?;
            let Some(number) = number else {
                // Only whoever registers a number makes it held, and has it.
                return Err(StoreError::Conflict(crate::store::Taken::TaxId));
            };
            office.registry.numbers.insert(conn, &new.id, &new.by, number, false)?;
            tax_id::settle_primary(conn, &new.by)
        }
        (Holding::Free | Holding::Reserved { .. }, Holding::Free | Holding::Reserved { .. }) => {
            store::reserve(conn, fingerprint, kept)
        }
    }
}

/// The owner and the number, for the record: never the number itself.
fn about(before: &Holding, after: &Holding) -> About {
    let held = match (before, after) {
        (Holding::Held(held), _) | (_, Holding::Held(held)) => Some(held),
        (Holding::Free | Holding::Reserved { .. }, Holding::Free | Holding::Reserved { .. }) => {
            None
        }
    };
    let now_with = match after {
        Holding::Held(held) => Some(&held.by),
        Holding::Free | Holding::Reserved { .. } => None,
    };
    About {
        organization: held.map(|held| held.by.clone()),
        regarding: held.map(|held| Regarding::TaxId(held.id.clone())),
        after: held.map(|held| json!({ "tax_id": held.id, "organization": now_with })),
        ..About::default()
    }
}

fn refuse<T>(
    conn: &mut AnyConn,
    office: &Office,
    action: Action,
    why: Refusal,
) -> Result<Decided<T>, StoreError> {
    if let Refusal::Denied(denied) = why {
        office.refused(conn, action, denied)?;
    }
    Ok(Err(why))
}

/// What the record calls a refused command.
const fn action(command: &Command) -> Action {
    match command {
        Command::Appoint(_)
        | Command::GiveUp
        | Command::HandOver
        | Command::Object(_)
        | Command::Release => Action::AnswerTaxIdClaim,
        Command::Approve | Command::Reject => Action::ApproveRelease,
        Command::Claim { .. } | Command::Withdraw(_) => Action::Register,
        Command::Dissolve => Action::Dissolve,
        Command::Dismiss(_) => Action::EndRepresentation,
        Command::Keep(_) => Action::DecideClaim,
        Command::Propose(_) => Action::ProposeRelease,
        Command::Register { registration: Some(_), .. } => Action::ApproveRegistration,
        Command::Register { registration: None, .. } => Action::DecideFurtherNumber,
    }
}
