//! Requests of people who want to act for an organization (R18, R88, R89): asked, declined, answered
//! by a nomination, or left alone.

use idp_core::{
    community::{
        access_request::{self, AccessRequest, Command, LASTS, Refusal, State, Wish},
        actor::Actor,
        field::folded,
        organization::OrganizationStatus,
        permission::{Action, Denied},
        tax_id::{Ein, Prefixes, TaxIdNumber},
    },
    ids::{AccessRequestId, NominationId, OrganizationId},
};

use super::{About, Office, nomination::administrator};
use crate::{
    mail::{Extras, Reader},
    store::{AnyConn, StoreError, access_request as stored, organization, search, tax_id},
};

/// The organization that somebody means by its identifier, its Tax ID in any spelling, or its exact
/// name without regard to letter case and accents, if one alone has it.
///
/// # Errors
/// [`StoreError`].
pub fn organization_meant(
    conn: &mut AnyConn,
    office: &Office,
    typed: &str,
) -> Result<Option<OrganizationId>, StoreError> {
    if let Ok(id) = typed.parse::<OrganizationId>() {
        return Ok(Some(id));
    }
    // Also one with a prefix that Support accepted.
    if let Ok(ein) = Ein::read(typed, &Prefixes::any()) {
        let fingerprint = office.registry.numbers.fingerprint(&TaxIdNumber::Ein(ein));
        return Ok(tax_id::registered(conn, &fingerprint)?.map(|number| number.organization));
    }
    let name = folded(typed);
    let found = search::organizations(conn, &name, None, 2)?;
    let mut exact = found.into_iter().filter(|organization| folded(&organization.name) == name);
    Ok(exact.next().filter(|_| exact.next().is_none()).map(|organization| organization.id))
}

/// Somebody asks an organization for access. Whether there is such an organization makes no
/// difference to the answer, so there is none.
///
/// # Errors
/// [`StoreError`].
pub fn ask(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    wish: &Wish,
) -> Result<Result<(), Denied>, StoreError> {
    let found = organization::find(conn, of)?;
    if found.is_none_or(|found| found.status == OrganizationStatus::Closed) {
        return Ok(Ok(()));
    }
    let id = AccessRequestId::from_random(office.random.bytes());
    let asked = access_request::ask(id, of.clone(), wish.clone(), &office.actor, office.now);
    match asked {
        Err(denied) => Ok(Err(denied)),
        Ok(outcome) => {
            stored::insert(conn, &outcome.state)?;
            let about = about(&outcome.state);
            office.carry_out(conn, outcome, &about)?;
            Ok(Ok(()))
        }
    }
}

/// Says no, as an Administrator of the organization that was asked.
///
/// # Errors
/// [`StoreError`].
pub fn decline(
    conn: &mut AnyConn,
    office: &Office,
    id: &AccessRequestId,
) -> Result<Result<(), Refusal>, StoreError> {
    answer(conn, office, id, Command::Decline)
}

/// Notes that this nomination answers a request; `None`: that the person was asked, because they have a
/// User ID.
///
/// # Errors
/// [`StoreError`].
pub fn nominated(
    conn: &mut AnyConn,
    office: &Office,
    id: &AccessRequestId,
    by: Option<&NominationId>,
) -> Result<Result<(), Refusal>, StoreError> {
    answer(conn, office, id, Command::Nominate(by.cloned()))
}

/// What somebody asked for, for the form with which an Administrator nominates them. That somebody asked
/// for what is not there, or another's, is written down (security 20.1).
///
/// # Errors
/// [`StoreError`].
pub fn wish(
    conn: &mut AnyConn,
    office: &Office,
    id: &AccessRequestId,
) -> Result<Option<Wish>, StoreError> {
    let Ok((_, of)) = administrator(office) else { return Ok(None) };
    let Some(found) = stored::find(conn, of, id)? else {
        office.refused(conn, Action::Nominate, Denied::NotFound)?;
        return Ok(None);
    };
    let found = Some(found).filter(|found| office.now < found.asked_at + LASTS);
    Ok(found.and_then(|request| match request.state {
        State::Waiting(wish) => Some(*wish),
        State::Declined | State::Expired | State::Nominated(_) => None,
    }))
}

/// Notes that nobody answered some requests in time; says how many.
///
/// # Errors
/// [`StoreError`].
pub fn expire(conn: &mut AnyConn, office: &Office, most: i64) -> Result<usize, StoreError> {
    let job = Office { actor: Actor::Job("access-expiry"), session: None, ..office.clone() };
    let mut noted = 0;
    for request in stored::due(conn, job.now, most)? {
        if settle(conn, &job, request, Command::Expire)?.is_ok() {
            noted += 1;
        }
    }
    Ok(noted)
}

/// Answers some of the requests to an organization that is closed; says how many.
///
/// # Errors
/// [`StoreError`].
pub(super) fn dissolve(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    most: i64,
) -> Result<usize, StoreError> {
    let mut answered = 0;
    for request in stored::open_in(conn, of, most)? {
        answered += usize::from(settle(conn, office, request, Command::Dissolve)?.is_ok());
    }
    Ok(answered)
}

fn answer(
    conn: &mut AnyConn,
    office: &Office,
    id: &AccessRequestId,
    command: Command,
) -> Result<Result<(), Refusal>, StoreError> {
    let found = match administrator(office) {
        Err(denied) => return Ok(Err(denied.into())),
        Ok((_, of)) => stored::find_for_update(conn, of, id)?,
    };
    match found {
        Some(request) => settle(conn, office, request, command),
        None => {
            office.refused(conn, Action::Nominate, Denied::NotFound)?;
            Ok(Err(Refusal::Denied(Denied::NotFound)))
        }
    }
}

fn settle(
    conn: &mut AnyConn,
    office: &Office,
    request: AccessRequest,
    command: Command,
) -> Result<Result<(), Refusal>, StoreError> {
    let about = about(&request);
    match access_request::decide(request, command, &office.actor, office.now) {
        Err(refusal) => Ok(Err(refusal)),
        Ok(outcome) => {
            if !stored::answer(conn, &outcome.state, office.now)? {
                return Ok(Err(Refusal::OutOfOrder));
            }
            office.carry_out(conn, outcome, &about)?;
            Ok(Ok(()))
        }
    }
}

fn about(request: &AccessRequest) -> About {
    let mail = match &request.state {
        State::Waiting(wish) => {
            let name = format!("{} {}", wish.given_name, wish.family_name);
            let reader = Reader::Mailbox {
                address: wish.email.clone(),
                name: Some(name.clone()),
                language: wish.language.clone(),
            };
            Extras { reader: Some(reader), about: Some(name), ..Extras::default() }
        }
        State::Declined | State::Expired | State::Nominated(_) => Extras::default(),
    };
    About { organization: Some(request.organization.clone()), mail, ..About::default() }
}
