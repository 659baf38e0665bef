//! What the support desk does for people and organizations: it makes sure who calls, and only then
//! says or does something (R23, R56; domain section 6). What ends or stops something takes a check of
//! its own, of who may ask for it ([`caller_check::callers`]).

pub mod organization;
pub mod person;

use std::collections::{BTreeMap, BTreeSet};

use idp_core::{
    community::{
        account_life,
        affiliation_life::{self, Command},
        caller_check::{self, Answer, Purpose, Question, Verified},
        organization_life,
        permission::{Action, Denied},
    },
    ids::{CallerCheckId, OrganizationId, SubscriberId},
    mail::Helper,
};
use serde_json::json;

use super::{
    About, Office, accounts, affiliation,
    help::{self, Help, Helped},
    own_organization,
};
use crate::store::{
    AnyConn, StoreError, caller_check as checks, organization as organizations, subscriber,
};

/// Why nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotHelped {
    /// The reasons of helping.
    #[error(transparent)]
    Help(help::NotHelped),
    /// Nobody is there.
    #[error("nobody has this identifier")]
    NotFound,
    /// Nobody has shown, for this and within the last half hour, who they are.
    #[error("check who calls first, for this very purpose")]
    NotVerified,
}

/// What a caller has to be checked for.
const fn purpose(with: &Help) -> Purpose {
    match with {
        Help::Code => Purpose::Code,
        Help::Email(_) => Purpose::Email,
        Help::LostFactor => Purpose::LostFactor,
        Help::StopRemoval => Purpose::StopRemoval,
        Help::Unlock => Purpose::Unlock,
    }
}

/// Judges what a caller answered; what comes of it is kept first, also a refusal. Ring
/// [`crate::app::App::outbox`] after the commit.
///
/// # Errors
/// [`StoreError`].
pub fn check_caller(
    conn: &mut AnyConn,
    office: &Office,
    who: &SubscriberId,
    purpose: Purpose,
    answers: &BTreeMap<Question, Answer>,
) -> Result<Result<Option<Verified>, Denied>, StoreError> {
    let judged = caller_check::judge(answers, purpose, who, &office.actor, office.now);
    let (outcome, by) = match (judged, office.actor.person()) {
        (Ok(outcome), Some(by)) => (outcome, by),
        (Err(denied), _) => {
            office.refused(conn, Action::VerifyCaller, denied)?;
            return Ok(Err(denied));
        }
        (Ok(_), None) => return Ok(Err(Denied::Forbidden)),
    };
    let new = checks::NewCheck {
        id: &CallerCheckId::from_random(office.random.bytes()),
        subscriber: who,
        purpose,
        by,
        answers,
        verified: outcome.state.as_ref(),
    };
    checks::insert(conn, &new, office.now)?;
    let asked: Vec<_> = answers.keys().map(|question| question.code()).collect();
    let about = About {
        subject: Some(who.clone()),
        after: Some(json!({ "purpose": purpose.code(), "asked": asked })),
        ..About::default()
    };
    let done = office.carry_out(conn, outcome, &about)?;
    Ok(Ok(done.state))
}

/// The check of this person by whoever acts, if it still counts.
///
/// # Errors
/// [`StoreError`].
pub fn verified(
    conn: &mut AnyConn,
    office: &Office,
    who: &SubscriberId,
) -> Result<Option<Verified>, StoreError> {
    let Some(by) = office.actor.person() else { return Ok(None) };
    let last = checks::last(conn, who, by, office.now)?;
    Ok(last.filter(|it| it.allows(it.purpose(), who, &office.actor, office.now)))
}

/// Helps somebody who has shown who they are. Ring [`crate::app::App::outbox`] after the commit.
///
/// # Errors
/// [`StoreError`].
pub fn help(
    conn: &mut AnyConn,
    office: &Office,
    who: &SubscriberId,
    with: &Help,
) -> Result<Result<Helped, NotHelped>, StoreError> {
    let Some(person) = subscriber::find(conn, who)? else {
        return Ok(Err(NotHelped::NotFound));
    };
    let fresh = verified(conn, office, who)?;
    let fits = |it: &Verified| it.allows(purpose(with), who, &office.actor, office.now);
    if !fresh.as_ref().is_some_and(fits) {
        office.refused(conn, with.kind().action(), Denied::Forbidden)?;
        return Ok(Err(NotHelped::NotVerified));
    }
    let made_sure = (Helper::Support, format!("caller check: {}", purpose(with).code()));
    Ok(help::give(conn, office, &person, with, made_sure)?.map_err(NotHelped::Help))
}

/// Why an affiliation was not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotEnded {
    /// By the rules.
    #[error(transparent)]
    Affiliation(affiliation_life::Refusal),
    /// Neither the person nor an Administrator of the organization has shown, for this and within the
    /// last half hour, who they are.
    #[error("check first that the person, or an Administrator of the organization, calls for this")]
    NotVerified,
}

/// Ends one affiliation, for somebody who called and has shown who they are: the person, or an
/// Administrator of that organization (R31; domain 4.3). What the person has elsewhere stays. Ring
/// [`crate::app::App::outbox`] after the commit.
///
/// # Errors
/// [`StoreError`].
pub fn end_affiliation(
    conn: &mut AnyConn,
    office: &Office,
    (of, who): (&OrganizationId, &SubscriberId),
    reason: String,
) -> Result<Result<(), NotEnded>, StoreError> {
    let wanted = (Purpose::EndAffiliation, Command::End);
    change_affiliation(conn, office, (of, who), wanted, reason)
}

/// Takes the Administrator's flag from somebody, for a caller like that of [`end_affiliation`] (domain
/// 4.8). The rest of the affiliation stays. Ring [`crate::app::App::outbox`] after the commit.
///
/// # Errors
/// [`StoreError`].
pub fn demote(
    conn: &mut AnyConn,
    office: &Office,
    (of, who): (&OrganizationId, &SubscriberId),
    reason: String,
) -> Result<Result<(), NotEnded>, StoreError> {
    change_affiliation(conn, office, (of, who), (Purpose::Demote, Command::Demote), reason)
}

fn change_affiliation(
    conn: &mut AnyConn,
    office: &Office,
    (of, who): (&OrganizationId, &SubscriberId),
    (purpose, command): (Purpose, Command),
    reason: String,
) -> Result<Result<(), NotEnded>, StoreError> {
    let mut callers = accounts::administrators(conn, office, of)?;
    callers.insert(who.clone());
    if !has_shown(conn, office, &callers, purpose)? {
        office.refused(conn, command.action(), Denied::Forbidden)?;
        return Ok(Err(NotEnded::NotVerified));
    }
    let changed = affiliation::command(conn, office, (of, who), command, Some(reason))?;
    Ok(changed.map(drop).map_err(NotEnded::Affiliation))
}

/// Whether one of these has shown, for this and within the last half hour, who they are.
fn has_shown(
    conn: &mut AnyConn,
    office: &Office,
    callers: &BTreeSet<SubscriberId>,
    purpose: Purpose,
) -> Result<bool, StoreError> {
    for caller in callers {
        if verified(conn, office, caller)?.is_some_and(|it| it.purpose() == purpose) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Why nothing was done about an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotChanged {
    /// By the rules.
    #[error(transparent)]
    Account(account_life::Refusal),
    /// Nobody is there.
    #[error("nobody has this identifier")]
    NotFound,
    /// Nobody who may ask for it has shown, for this and within the last half hour, who they are.
    #[error(
        "check first that the person calls for this, or an Administrator if they act for that one only"
    )]
    NotVerified,
}

/// Stops, ends, closes or lets in again a whole account, for somebody who called and has shown who they
/// are, or by the lead (R31; domain 4.5). Ring [`crate::app::App::outbox`] after the commit.
///
/// # Errors
/// [`StoreError`].
pub fn change_account(
    conn: &mut AnyConn,
    office: &Office,
    who: &SubscriberId,
    command: account_life::Command,
    reason: String,
) -> Result<Result<(), NotChanged>, StoreError> {
    affiliation::lock_organizations_of(conn, who)?;
    let Some((account, facts)) = accounts::load(conn, office, who)? else {
        office.refused(conn, command.action(), Denied::NotFound)?;
        return Ok(Err(NotChanged::NotFound));
    };
    if let Err(denied) = account_life::permitted(&account, command, &facts, &office.actor) {
        office.refused(conn, command.action(), denied)?;
        return Ok(Err(NotChanged::Account(denied.into())));
    }
    let mut administrators = Vec::new();
    for of in &facts.acts_for {
        administrators.push(accounts::administrators(conn, office, of)?);
    }
    if let Some(callers) = caller_check::callers(&office.actor, who, &administrators)
        && !has_shown(conn, office, &callers, Purpose::Account)?
    {
        office.refused(conn, command.action(), Denied::Forbidden)?;
        return Ok(Err(NotChanged::NotVerified));
    }
    match accounts::change(conn, office, who, command, Some(reason))? {
        Some(changed) => Ok(changed.map(drop).map_err(NotChanged::Account)),
        None => Ok(Err(NotChanged::NotFound)),
    }
}

/// Does what a command about an organization comes to, for Support. Ring
/// [`crate::app::App::outbox`] after the commit.
///
/// # Errors
/// [`StoreError`]. The inner error: nothing has happened.
pub fn change_organization(
    conn: &mut AnyConn,
    office: &Office,
    id: &OrganizationId,
    command: organization_life::Command<'_>,
    reason: Option<String>,
) -> Result<Result<(), organization_life::Refusal>, StoreError> {
    organizations::lock(conn, id)?;
    let Some(body) = organizations::body(conn, id)? else {
        return Ok(Err(Denied::NotFound.into()));
    };
    let facts = own_organization::facts(conn, office, id)?;
    let before = body.state.status();
    let action = command.action();
    let outcome = match organization_life::decide(body, command, facts, &office.actor, office.now) {
        Ok(outcome) => outcome,
        Err(refusal) => {
            if let organization_life::Refusal::Denied(denied) = refusal {
                office.refused(conn, action, denied)?;
            }
            return Ok(Err(refusal));
        }
    };
    organizations::set_body(conn, &outcome.state, office.now)?;
    let about = About {
        organization: Some(id.clone()),
        before: Some(json!({ "status": before })),
        after: Some(json!({ "status": outcome.state.state.status() })),
        reason,
        ..About::default()
    };
    office.carry_out(conn, outcome, &about)?;
    Ok(Ok(()))
}
