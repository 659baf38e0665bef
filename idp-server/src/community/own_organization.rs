//! What an Administrator does about the organization itself: says that its data are right (R14),
//! switches sites on and off (R7), asks that it be closed.

use idp_core::{
    community::{
        organization_life::{Body, Command, Facts, HasNumber, Refusal, decide},
        outcome::Switch,
        permission::Denied,
        site::Site,
    },
    ids::OrganizationId,
};

use super::{About, Done, Office, accounts, nomination::administrator};
use crate::store::{AnyConn, StoreError, organization, tax_id};

/// Says that the organization's data are right.
///
/// # Errors
/// [`StoreError`].
pub fn confirm(
    conn: &mut AnyConn,
    office: &Office,
) -> Result<Result<Done<Body>, Refusal>, StoreError> {
    change(conn, office, Command::Confirm)
}

/// Switches a site on or off for the organization.
///
/// # Errors
/// [`StoreError`].
pub fn switch_site(
    conn: &mut AnyConn,
    office: &Office,
    site: &Site,
    to: Switch,
) -> Result<Result<Done<Body>, Refusal>, StoreError> {
    change(conn, office, Command::SwitchSite { site, to })
}

/// Asks Support to close the organization, with a ticket. Nothing ends before the lead there approves.
///
/// # Errors
/// [`StoreError`].
pub fn ask_to_close(
    conn: &mut AnyConn,
    office: &Office,
) -> Result<Result<Done<Body>, Refusal>, StoreError> {
    change(conn, office, Command::AskToClose)
}

/// Drops the wish that the organization be closed.
///
/// # Errors
/// [`StoreError`].
pub fn keep_open(
    conn: &mut AnyConn,
    office: &Office,
) -> Result<Result<Done<Body>, Refusal>, StoreError> {
    change(conn, office, Command::KeepOpen)
}

/// Notes that nobody decided in time on the wish to close an organization.
///
/// # Errors
/// [`StoreError`].
pub fn let_closing_lapse(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
) -> Result<(), StoreError> {
    change_one(conn, office, of, Command::LetClosingLapse).map(drop)
}

fn change(
    conn: &mut AnyConn,
    office: &Office,
    command: Command<'_>,
) -> Result<Result<Done<Body>, Refusal>, StoreError> {
    let of = match administrator(office) {
        Ok((_, of)) => of.clone(),
        Err(denied) => return Ok(Err(denied.into())),
    };
    change_one(conn, office, &of, command)
}

fn change_one(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    command: Command<'_>,
) -> Result<Result<Done<Body>, Refusal>, StoreError> {
    organization::lock(conn, of)?;
    let Some(body) = organization::body(conn, of)? else {
        return Ok(Err(Denied::NotFound.into()));
    };
    let site = match &command {
        Command::SwitchSite { site, .. } => Some(site.id.clone()),
        Command::AskToClose
        | Command::Close
        | Command::Confirm
        | Command::KeepOpen
        | Command::LetClosingLapse
        | Command::Resume
        | Command::Suspend(_) => None,
    };
    let facts = facts(conn, office, of)?;
    match decide(body, command, facts, &office.actor, office.now) {
        Err(refusal) => Ok(Err(refusal)),
        Ok(outcome) => {
            organization::set_body(conn, &outcome.state, office.now)?;
            let about = About { organization: Some(of.clone()), site, ..About::default() };
            Ok(Ok(office.carry_out(conn, outcome, &about)?))
        }
    }
}

/// What decisions about an organization rest on.
///
/// # Errors
/// [`StoreError`].
pub(super) fn facts(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
) -> Result<Facts, StoreError> {
    let administrators = accounts::administrators(conn, office, of)?.len();
    let own = tax_id::fingerprints(conn, of)?;
    let part = organization::find(conn, of)?.is_some_and(|found| found.parent.is_some());
    let number = if own.is_empty() && !part { HasNumber::No } else { HasNumber::Yes };
    Ok(Facts { administrators, number, parts: organization::parts_of(conn, of)?.len() })
}
