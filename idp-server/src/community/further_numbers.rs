//! Further Tax IDs of an organization that takes part (R22): asked for by its Administrators, decided
//! at the support desk, and registered only then.

use idp_core::{
    community::{
        actor::Actor,
        further_number::{self, Command, FurtherNumber, Refusal},
        organization::OrganizationStatus,
        outcome::Outcome,
        permission::{Action, Denied},
        tax_id::TaxIdNumber,
        ticket::Regarding,
    },
    ids::{OrganizationId, TaxIdId},
};
use serde_json::json;

use super::{About, Office, tax_ids};
use crate::store::{
    AnyConn, StoreError, Taken, affiliation,
    further_number::{self as stored, Waiting},
    organization, tax_id,
};

/// Why a number was not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAccepted {
    /// What the rules say.
    Refused(Refusal),
    /// It waits no longer: somebody else decided, or it was taken back.
    Over,
    /// Another organization has the number, or it is kept for one that registers.
    Taken,
}

impl From<Refusal> for NotAccepted {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A request before Support, and whose the number is today.
#[derive(Clone, Debug)]
pub struct BeforeSupport {
    /// What was asked for.
    pub waiting: Waiting,
    /// The organization that has the number already: there is a dispute then, or a slip of the pen.
    pub holder: Option<OrganizationId>,
}

/// Asks for another number, as an Administrator. Whether somebody else has it makes no difference.
///
/// # Errors
/// [`StoreError`].
pub fn ask(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    number: &TaxIdNumber,
) -> Result<Result<(), Refusal>, StoreError> {
    organization::lock(conn, of)?;
    let found = organization::find(conn, of)?;
    if found.is_none_or(|found| found.status == OrganizationStatus::Closed) {
        return not_there(conn, office);
    }
    let numbers = &office.registry.numbers;
    let fingerprint = numbers.fingerprint(number);
    let known = stored::numbers(conn, of, &fingerprint)?;
    let id = TaxIdId::from_random(office.random.bytes());
    match further_number::ask(id, of.clone(), known, &office.actor, office.now) {
        Err(why) => refuse(conn, office, Action::AskForNumber, why),
        Ok(outcome) => {
            let further = &outcome.state;
            numbers.stored(&further.id, number, |number| {
                stored::insert(conn, further, &number, &fingerprint)
            })?;
            carry_out(conn, office, outcome).map(Ok)
        }
    }
}

/// Takes a request back, as an Administrator of the organization. Another's is not there.
///
/// # Errors
/// [`StoreError`].
pub fn withdraw(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    id: &TaxIdId,
) -> Result<Result<(), Refusal>, StoreError> {
    let found = stored::find_for_update(conn, id, office.open_ssn.as_ref())?;
    let Some(waiting) = found.filter(|waiting| waiting.further.organization == *of) else {
        return not_there(conn, office);
    };
    settle(conn, office, waiting.further, Command::Withdraw)
}

/// What names no request of the own organization is not there, and that somebody asked for it is
/// written down (security 20.1).
///
/// # Errors
/// [`StoreError`].
pub fn not_there(conn: &mut AnyConn, office: &Office) -> Result<Result<(), Refusal>, StoreError> {
    refuse(conn, office, Action::AskForNumber, Denied::NotFound.into())
}

/// Decides, at the support desk.
///
/// # Errors
/// [`StoreError`].
pub fn decide(
    conn: &mut AnyConn,
    office: &Office,
    id: &TaxIdId,
    command: Command,
) -> Result<Result<(), NotAccepted>, StoreError> {
    let found = stored::find_for_update(conn, id, office.open_ssn.as_ref())?;
    let Some(Waiting { further, number }) = found else { return Ok(Err(NotAccepted::Over)) };
    if command != Command::Accept {
        return Ok(settle(conn, office, further, command)?.map_err(NotAccepted::from));
    }
    let fingerprint = office.registry.numbers.fingerprint(&number);
    let holding = tax_ids::holding_for_update(conn, office, &fingerprint)?;
    if !holding.at(office.now).is_open_to(None, office.now) {
        return Ok(Err(NotAccepted::Taken));
    }
    let asked = further.clone();
    if let Err(why) = settle(conn, office, further, command)? {
        return Ok(Err(why.into()));
    }
    match tax_ids::register_for(conn, office, &asked, &number)? {
        Ok(_) => Ok(Ok(())),
        // It was open a moment ago and is locked since; so this is none of the answers, and what was
        // settled above must not be kept.
        Err(_) => Err(StoreError::Conflict(Taken::TaxId)),
    }
}

/// Forgets what an organization that is closed has asked for.
///
/// # Errors
/// [`StoreError`].
pub(super) fn dissolve(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
) -> Result<(), StoreError> {
    for waiting in stored::of_organization(conn, of, office.open_ssn.as_ref())? {
        // Nobody but the rules may, and here nobody but the rules does.
        let _ = settle(conn, office, waiting.further, Command::Dissolve)?;
    }
    Ok(())
}

/// A request that waits, as Support sees it.
///
/// # Errors
/// [`StoreError`].
pub fn before_support(
    conn: &mut AnyConn,
    office: &Office,
    id: &TaxIdId,
) -> Result<Option<BeforeSupport>, StoreError> {
    let Some(waiting) = stored::find(conn, id, office.open_ssn.as_ref())? else { return Ok(None) };
    let holder = holder(conn, office, &waiting.number)?;
    Ok(Some(BeforeSupport { waiting, holder }))
}

fn holder(
    conn: &mut AnyConn,
    office: &Office,
    number: &TaxIdNumber,
) -> Result<Option<OrganizationId>, StoreError> {
    let fingerprint = office.registry.numbers.fingerprint(number);
    Ok(tax_id::registered(conn, &fingerprint)?.map(|registered| registered.organization))
}

fn settle(
    conn: &mut AnyConn,
    office: &Office,
    further: FurtherNumber,
    command: Command,
) -> Result<Result<(), Refusal>, StoreError> {
    let action = match command {
        Command::Withdraw => Action::AskForNumber,
        Command::Accept | Command::Refuse(_) => Action::DecideFurtherNumber,
        Command::Dissolve => Action::Dissolve,
    };
    let acts_for_it = match &office.actor {
        Actor::Support { who, .. } => {
            affiliation::of_person_in(conn, &further.organization, who)?.is_some()
        }
        Actor::Administrator { .. } | Actor::Job(_) | Actor::Nobody | Actor::Subscriber(_) => false,
    };
    match further_number::decide(further, command, &office.actor, acts_for_it) {
        Err(why) => refuse(conn, office, action, why),
        Ok(outcome) => {
            stored::remove(conn, &outcome.state.id)?;
            carry_out(conn, office, outcome).map(Ok)
        }
    }
}

/// The record names organization and request, never the number.
fn carry_out(
    conn: &mut AnyConn,
    office: &Office,
    outcome: Outcome<FurtherNumber>,
) -> Result<(), StoreError> {
    let further = &outcome.state;
    let about = About {
        organization: Some(further.organization.clone()),
        regarding: Some(Regarding::TaxId(further.id.clone())),
        after: Some(json!({ "tax_id": further.id })),
        ..About::default()
    };
    office.carry_out(conn, outcome, &about).map(drop)
}

fn refuse<T>(
    conn: &mut AnyConn,
    office: &Office,
    action: Action,
    why: Refusal,
) -> Result<Result<T, Refusal>, StoreError> {
    if let Refusal::Denied(denied) = why {
        office.refused(conn, action, denied)?;
    }
    Ok(Err(why))
}
