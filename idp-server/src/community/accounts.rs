//! The life of accounts: stopped, resumed, ended, dormant (R28, R31; domain 4.5).

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use idp_core::{
    community::{
        account_life::{self, Account, Command, Decision, Facts, Refusal, State, SuspendedBy},
        affiliation::Affiliation,
        affiliation_life,
        subscriber::{AccountStatus, Standing, Subscriber},
    },
    ids::{OrganizationId, SubscriberId},
};
use serde_json::json;

use super::{About, Done, Office, affiliation};
use crate::store::{AnyConn, StoreError, person, staff, subscriber};

/// What came of a command.
#[derive(Debug)]
pub enum Changed {
    /// The account stands otherwise.
    Account(Box<Done<Account>>),
    /// It is only for the Administrator's own affiliation to change, by this command.
    OwnAffiliation(affiliation_life::Command),
}

/// An account and what a decision about it rests on, locked until the transaction ends; `None`:
/// nobody has this identifier.
///
/// # Errors
/// [`StoreError`].
pub fn load(
    conn: &mut AnyConn,
    office: &Office,
    id: &SubscriberId,
) -> Result<Option<(Account, Facts)>, StoreError> {
    let Some(person) = subscriber::load_for_update(conn, id)? else { return Ok(None) };
    let by = subscriber::suspended_by(conn, id)?;
    let account = Account {
        subscriber: id.clone(),
        state: state(&person, by),
        last_used_at: last_used_at(&person),
    };
    let affiliations = person::affiliations_of(conn, id, &*office.open_ssn)?;
    let facts = facts(conn, office, &affiliations)?;
    Ok(Some((account, Facts { staff: staff::rank(conn, id)?, ..facts })))
}

/// Does what a command comes to.
///
/// # Errors
/// [`StoreError`]. The inner error: nothing has happened.
pub fn change(
    conn: &mut AnyConn,
    office: &Office,
    id: &SubscriberId,
    command: Command,
    reason: Option<String>,
) -> Result<Option<Result<Changed, Refusal>>, StoreError> {
    // Of two Administrators whose accounts end at once, one is told that the other is the last. An
    // Administrator's own organization is locked already, and no other is touched by what they do.
    if office.actor.organization().is_none() {
        affiliation::lock_organizations_of(conn, id)?;
    }
    let Some((account, facts)) = load(conn, office, id)? else { return Ok(None) };
    let before = account.state.status();
    let decision = match account_life::decide(
        account,
        command,
        &facts,
        &office.actor,
        &office.rules,
        office.now,
    ) {
        Ok(decision) => decision,
        Err(refusal) => return Ok(Some(Err(refusal))),
    };
    let outcome = match decision {
        Decision::Account(outcome) => outcome,
        Decision::OwnAffiliation(command) => {
            return Ok(Some(Ok(Changed::OwnAffiliation(command))));
        }
    };
    // A person whose use is what counts is back in use from now on.
    if outcome.state.last_used_at == office.now {
        subscriber::activate(conn, id, office.now)?;
    } else {
        subscriber::set_state(conn, id, &outcome.state.state, office.now)?;
    }
    let about = About {
        subject: Some(id.clone()),
        before: Some(json!({ "status": before })),
        after: Some(json!({ "status": outcome.state.state.status() })),
        reason,
        ..About::default()
    };
    let done = office.carry_out(conn, outcome, &about)?;
    Ok(Some(Ok(Changed::Account(Box::new(done)))))
}

/// How an account stands.
fn state(person: &Subscriber, by: Option<SuspendedBy>) -> State {
    match person.status {
        AccountStatus::Active => State::Active,
        AccountStatus::Closed => State::Closed,
        AccountStatus::Dormant => State::Dormant,
        // One that an import or an earlier release stopped: only Support lifts that.
        AccountStatus::Suspended => State::Suspended(by.unwrap_or(SuspendedBy::Support)),
        AccountStatus::Terminated => State::Terminated,
    }
}

/// From when on an account counts as unused.
pub fn last_used_at(person: &Subscriber) -> DateTime<Utc> {
    person.last_sign_in_at.map_or(person.activated_at, |at| at.max(person.activated_at))
}

fn facts(
    conn: &mut AnyConn,
    office: &Office,
    affiliations: &[Affiliation],
) -> Result<Facts, StoreError> {
    let mut facts = Facts::default();
    for affiliation in affiliations.iter().filter(|it| it.status.is_accepted()) {
        let organization = &affiliation.organization.id;
        facts.acts_for.insert(organization.clone());
        if affiliation.administrator {
            let all = administrators(conn, office, organization)?;
            if affiliation_life::is_last_administrator(affiliation, &all) {
                facts.keeps_running.insert(organization.clone());
            }
        }
    }
    Ok(facts)
}

/// An organization's Administrators: with an active affiliation, and an account that may be used.
///
/// # Errors
/// [`StoreError`].
pub fn administrators(
    conn: &mut AnyConn,
    office: &Office,
    organization: &OrganizationId,
) -> Result<BTreeSet<SubscriberId>, StoreError> {
    let all = subscriber::administrators_of(conn, organization)?;
    let usable =
        |person: &Subscriber| person.standing(&office.rules, office.now) == Standing::Active;
    Ok(all.into_iter().filter(usable).map(|person| person.id).collect())
}
