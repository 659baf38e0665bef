//! What the support desk does for people and organizations: it makes sure who calls, and only then
//! says or does something (R23, R56; domain section 6).

use std::collections::{BTreeMap, BTreeSet};

use idp_core::{
    authentication::mailed_code::MailedCode,
    community::{
        caller_check::{self, Answer, Purpose, Question, Verified},
        organization_life::{self, Command, Facts, HasNumber},
        permission::{Action, Denied, Target, may},
        subscriber::EmailAddress,
    },
    ids::{CallerCheckId, OrganizationId, SubscriberId},
    mail::Helper,
};
use serde_json::json;

use super::{About, Office, accounts};
use crate::{
    help_desk::{self, Desk},
    store::{AnyConn, StoreError, caller_check as checks, organization, subscriber, tax_id},
};

/// What somebody is helped with who has shown who they are.
#[derive(Clone, Debug)]
pub enum Help {
    /// A code to be handed over.
    Code,
    /// Mail goes to another address.
    Email(EmailAddress),
    /// Lost second factors are removed.
    LostFactor,
}

impl Help {
    const fn purpose(&self) -> Purpose {
        match self {
            Self::Code => Purpose::Code,
            Self::Email(_) => Purpose::Email,
            Self::LostFactor => Purpose::LostFactor,
        }
    }

    const fn action(&self) -> Action {
        match self {
            Self::Code | Self::Email(_) | Self::LostFactor => Action::IssueCode,
        }
    }
}

/// What was done.
#[derive(Debug)]
pub enum Helped {
    /// This code is shown once.
    Code(MailedCode),
    /// A link is on its way to the new address.
    EmailAsked,
    /// The factors are removed after a wait.
    FactorsGo,
}

/// Why nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotHelped {
    /// Not for people like them, or not to be done to oneself.
    Denied(Denied),
    /// Nobody has shown, for this and within the last half hour, who they are.
    NotVerified,
    /// The account does not stand so.
    Refused(help_desk::Refusal),
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
    // The office on oneself is refused, whatever the person acts for.
    let nowhere = BTreeSet::new();
    let target = Target::Person { id: who, acts_for: &nowhere };
    if let Err(denied) = may(&office.actor, with.action(), target) {
        office.refused(conn, with.action(), denied)?;
        return Ok(Err(NotHelped::Denied(denied)));
    }
    let fresh = verified(conn, office, who)?;
    let fits = |it: &Verified| it.allows(with.purpose(), who, &office.actor, office.now);
    if !fresh.as_ref().is_some_and(fits) {
        office.refused(conn, with.action(), Denied::Forbidden)?;
        return Ok(Err(NotHelped::NotVerified));
    }
    let Some(person) = subscriber::find(conn, who)? else {
        return Ok(Err(NotHelped::Denied(Denied::NotFound)));
    };
    let desk = Desk {
        actor: office.audited(),
        helper: Helper::Support,
        checked: format!("caller check: {}", with.purpose().code()),
        now: office.now,
        rules: office.rules,
    };
    let (post, random, name) = (&office.post, &office.random, person.user_id.as_str());
    let helped = match with {
        Help::Code => desk.issue_code(conn, post, random, name)?.map(Helped::Code),
        Help::Email(new) => {
            desk.change_email(conn, (post, random), name, new)?.map(|()| Helped::EmailAsked)
        }
        Help::LostFactor => {
            desk.request_factor_reset(conn, post, random, name)?.map(|_| Helped::FactorsGo)
        }
    };
    Ok(helped.map_err(NotHelped::Refused))
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
    command: Command<'_>,
    reason: Option<String>,
) -> Result<Result<(), organization_life::Refusal>, StoreError> {
    let missing = || Err(Denied::NotFound.into());
    let (Some(body), Some(found)) = (organization::body(conn, id)?, organization::find(conn, id)?)
    else {
        return Ok(missing());
    };
    let own = !tax_id::fingerprints(conn, id)?.is_empty();
    let facts = Facts {
        administrators: accounts::administrators(conn, office, id)?.len(),
        number: if own || found.parent.is_some() { HasNumber::Yes } else { HasNumber::No },
    };
    let before = body.state.status();
    let outcome = match organization_life::decide(body, command, facts, &office.actor, office.now) {
        Ok(outcome) => outcome,
        Err(refusal) => {
            if let organization_life::Refusal::Denied(denied) = refusal {
                office.refused(conn, Action::SuspendOrganization, denied)?;
            }
            return Ok(Err(refusal));
        }
    };
    organization::set_body(conn, &outcome.state, office.now)?;
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
