//! How somebody stands in an organization, changed by its Administrator: stopped for now, removed,
//! deactivated, let in again, helped back (R8, R9, R31; domain 4.3, 4.5; security 20.2).
//!
//! *Removing* ends the affiliation, *deactivating* stops the account. Whoever acts for others too
//! keeps the account: then only the own affiliation is stopped, and nothing that an Administrator is
//! shown tells the difference.

use idp_core::{
    community::{
        account_life, affiliation_life, assistance,
        permission::{Action, Denied},
        subscriber::AccountStatus,
    },
    ids::{EndingId, OrganizationId, SubscriberId},
    mail::Helper,
};

use super::{
    Office,
    accounts::{self, Changed},
    affiliation::{self, Loaded},
    help::{self, Help, Helped, NotHelped},
    nomination::administrator,
};
use crate::store::{AnyConn, StoreError, organization};

/// What an Administrator does about somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Stop the account.
    Deactivate,
    /// Take the Administrator's flag away.
    Demote,
    /// End the affiliation.
    Remove,
    /// Let whoever is stopped in again.
    Resume,
    /// Stop the affiliation for now.
    Suspend,
}

/// Why nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not theirs to do, or nobody is there.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The reasons of helping.
    #[error(transparent)]
    Help(NotHelped),
    /// The organization would be without an Administrator.
    #[error("this is the organization's only Administrator")]
    LastAdministrator,
    /// They do not stand so.
    #[error("this person does not stand like this")]
    OutOfOrder,
    /// Somebody else stopped the account.
    #[error("please ask the support desk")]
    StoppedByOthers,
}

impl From<affiliation_life::Refusal> for Refusal {
    fn from(why: affiliation_life::Refusal) -> Self {
        match why {
            affiliation_life::Refusal::Denied(denied) => Self::Denied(denied),
            affiliation_life::Refusal::LastAdministrator => Self::LastAdministrator,
            affiliation_life::Refusal::MailboxDue
            | affiliation_life::Refusal::NpiDue
            | affiliation_life::Refusal::OutOfOrder
            | affiliation_life::Refusal::Unchanged => Self::OutOfOrder,
        }
    }
}

impl From<NotHelped> for Refusal {
    fn from(why: NotHelped) -> Self {
        match why {
            NotHelped::Assistance(assistance::Refusal::Denied(denied)) => Self::Denied(denied),
            NotHelped::Assistance(_) | NotHelped::Desk(_) => Self::Help(why),
        }
    }
}

impl From<account_life::Refusal> for Refusal {
    fn from(why: account_life::Refusal) -> Self {
        match why {
            account_life::Refusal::Denied(denied) => Self::Denied(denied),
            account_life::Refusal::LastAdministrator => Self::LastAdministrator,
            account_life::Refusal::OutOfOrder => Self::OutOfOrder,
            account_life::Refusal::StoppedByOthers => Self::StoppedByOthers,
        }
    }
}

/// Does something about somebody of the office's organization; says under what the end of their
/// access is kept, if it ended.
///
/// # Errors
/// [`StoreError`].
pub fn change(
    conn: &mut AnyConn,
    office: &Office,
    who: &SubscriberId,
    deed: Deed,
    reason: Option<String>,
) -> Result<Result<Option<EndingId>, Refusal>, StoreError> {
    let of = match administrator(office) {
        Ok((_, of)) => of.clone(),
        Err(denied) => return Ok(Err(denied.into())),
    };
    organization::lock(conn, &of)?;
    let Some(loaded) = affiliation::seen_by(conn, office, who)? else {
        office.refused(conn, Action::ReadPerson, Denied::NotFound)?;
        return Ok(Err(Refusal::Denied(Denied::NotFound)));
    };
    let stopped = loaded.person.status == AccountStatus::Suspended;
    let command = match deed {
        Deed::Deactivate => {
            return account(conn, office, (&of, who), account_life::Command::Suspend, reason);
        }
        Deed::Resume if stopped => {
            let resume = account_life::Command::Resume;
            return account(conn, office, (&of, who), resume, reason);
        }
        Deed::Demote => affiliation_life::Command::Demote,
        Deed::Remove => affiliation_life::Command::End,
        Deed::Resume => affiliation_life::Command::Resume,
        Deed::Suspend => affiliation_life::Command::Suspend,
    };
    own_affiliation(conn, office, (&of, who), command, reason)
}

fn account(
    conn: &mut AnyConn,
    office: &Office,
    of_whom: (&OrganizationId, &SubscriberId),
    command: account_life::Command,
    reason: Option<String>,
) -> Result<Result<Option<EndingId>, Refusal>, StoreError> {
    let action = command.action();
    match accounts::change(conn, office, of_whom.1, command, reason.clone())? {
        None => Ok(Err(Refusal::Denied(Denied::NotFound))),
        Some(Err(refusal)) => {
            if let account_life::Refusal::Denied(denied) = refusal {
                office.refused(conn, action, denied)?;
            }
            Ok(Err(refusal.into()))
        }
        Some(Ok(Changed::Account(done))) => Ok(Ok(done.ending)),
        Some(Ok(Changed::OwnAffiliation(command))) => {
            own_affiliation(conn, office, of_whom, command, reason)
        }
    }
}

fn own_affiliation(
    conn: &mut AnyConn,
    office: &Office,
    of_whom: (&OrganizationId, &SubscriberId),
    command: affiliation_life::Command,
    reason: Option<String>,
) -> Result<Result<Option<EndingId>, Refusal>, StoreError> {
    let done = affiliation::command(conn, office, of_whom, command, reason)?;
    Ok(done.map(|done| done.ending).map_err(Refusal::from))
}

/// Helps somebody of the office's organization; `checked` is how the Administrator made sure who
/// asks.
///
/// # Errors
/// [`StoreError`].
pub fn help(
    conn: &mut AnyConn,
    office: &Office,
    who: &SubscriberId,
    with: &Help,
    checked: &str,
) -> Result<Result<Helped, Refusal>, StoreError> {
    let Some(Loaded { person, .. }) = affiliation::seen_by(conn, office, who)? else {
        office.refused(conn, Action::ReadPerson, Denied::NotFound)?;
        return Ok(Err(Refusal::Denied(Denied::NotFound)));
    };
    let made_sure = (Helper::Administrator, checked.to_owned());
    Ok(help::give(conn, office, &person, with, made_sure)?.map_err(Refusal::from))
}
