//! What a registration and its number do to each other, in one transaction: the effects between
//! the two.

use idp_core::{
    community::{
        outcome::{Effect, Outcome},
        registration::{self, Registration},
        tax_id::TaxIdNumber,
        tax_id_registry::{self, Ground, decide},
    },
    ids::RegistrationId,
};

use super::{load_for_update, transition};
use crate::{
    community::{Office, tax_ids},
    mail::Extras,
    store::{AnyConn, StoreError, Taken},
};

/// Whether the registry will take the claim that follows from a step. A claim on a number that
/// somebody else asks for already is refused, and then the answer is not taken either.
///
/// # Errors
/// [`StoreError`].
pub(super) fn foresee(
    conn: &mut AnyConn,
    office: &Office,
    outcome: &Outcome<Registration>,
) -> Result<Result<(), tax_id_registry::Refusal>, StoreError> {
    let ground = outcome.effects.iter().find_map(|effect| {
        if let Effect::ClaimNumber { ground, .. } = effect { Some(*ground) } else { None }
    });
    let (Some(ground), Some(applicant)) = (ground, outcome.state.stage.applicant()) else {
        return Ok(Ok(()));
    };
    let fingerprint = office.registry.numbers.fingerprint(&applicant.number);
    let holding = tax_ids::holding_for_update(conn, office, &fingerprint)?;
    let (by, claimant) = (outcome.state.id.clone(), outcome.state.registrant.clone());
    let command = tax_id_registry::Command::Claim { by, claimant, ground };
    let rules = &office.registry.rules;
    Ok(decide(holding, command, &office.actor, rules, office.now).map(drop))
}

/// The number of this registration is asked for ([`Effect::ClaimNumber`]).
///
/// # Errors
/// [`StoreError`]; a refusal was [foreseen](foresee) and is a conflict here.
pub(crate) fn claim_number(
    conn: &mut AnyConn,
    office: &Office,
    id: &RegistrationId,
    ground: Ground,
) -> Result<(), StoreError> {
    of_number(conn, office, id, |registration| tax_id_registry::Command::Claim {
        by: id.clone(),
        claimant: registration.registrant.clone(),
        ground,
    })
}

/// It is no longer asked for ([`Effect::WithdrawClaim`]).
///
/// # Errors
/// [`StoreError`].
pub(crate) fn withdraw_claim(
    conn: &mut AnyConn,
    office: &Office,
    id: &RegistrationId,
) -> Result<(), StoreError> {
    of_number(conn, office, id, |_| tax_id_registry::Command::Withdraw(id.clone()))
}

/// The registration goes on with its number, which is kept for it ([`Effect::NumberReserved`]).
///
/// # Errors
/// [`StoreError`].
pub(crate) fn number_reserved(
    conn: &mut AnyConn,
    office: &Office,
    id: &RegistrationId,
) -> Result<(), StoreError> {
    told(conn, office, id, registration::Command::NumberReserved)
}

/// It goes on without, for the number stays where it is ([`Effect::NumberKept`]).
///
/// # Errors
/// [`StoreError`].
pub(crate) fn number_kept(
    conn: &mut AnyConn,
    office: &Office,
    id: &RegistrationId,
) -> Result<(), StoreError> {
    told(conn, office, id, registration::Command::NumberKept)
}

fn told(
    conn: &mut AnyConn,
    office: &Office,
    id: &RegistrationId,
    command: registration::Command,
) -> Result<(), StoreError> {
    // A registration that is gone, or that waits no longer, has no use for it.
    if let Some(file) = load_for_update(conn, office, id)? {
        let _ = transition(conn, office, file, command, Extras::default())?;
    }
    Ok(())
}

/// A command about the number that a registration had before the step whose effect this is: while
/// it waits, and when it is over, that is the one in the rows of the claim.
fn of_number(
    conn: &mut AnyConn,
    office: &Office,
    id: &RegistrationId,
    command: impl FnOnce(&Registration) -> tax_id_registry::Command,
) -> Result<(), StoreError> {
    let Some(file) = load_for_update(conn, office, id)? else { return Ok(()) };
    let command = command(&file.registration);
    let number: Option<&TaxIdNumber> =
        file.registration.stage.applicant().map(|applicant| &applicant.number);
    let fingerprint = match number {
        Some(number) => Some(office.registry.numbers.fingerprint(number)),
        None => crate::store::tax_id_claim::fingerprint_wanted_by(conn, id)?,
    };
    let Some(fingerprint) = fingerprint else { return Ok(()) };
    match tax_ids::transition(conn, office, (&fingerprint, None), command)? {
        Ok(_) | Err(tax_id_registry::Refusal::NothingToDecide) => Ok(()),
        Err(why) => {
            tracing::error!(%why, registration = %id, "the registry refuses what a registration needs");
            Err(StoreError::Conflict(Taken::TaxId))
        }
    }
}
