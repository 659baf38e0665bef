//! The life of an affiliation (R7, R8, R12, R70, R71; domain 4.3; security 20.2, 20.5).
//!
//! ```text
//!   propose ─► Proposed ──accept──► Active ◄──resume── Suspended
//!                 │                  │  └───suspend──────►│
//!                 └─decline, 30 days─┴────────end─────────┴──► Ended
//! ```
//!
//! All affiliations of an organization that has closed end, and all of a person whose account has ended,
//! offers included.
//!
//! An organization's Administrators act on its affiliations, never on a person who may act for
//! others as well. *Removing* somebody ends the affiliation: the person keeps the User ID and what
//! they have elsewhere. *Deactivating* stops the account, and is in
//! [`account_life`](super::account_life): it is the wrong tool for whoever only leaves. An active
//! organization never loses its last Administrator, by whatever way.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    actor::Actor,
    affiliation::{Affiliation, AffiliationStatus},
    end_access::{Cause, Ending, Whose},
    news::{News, Recipient},
    organization::OrganizationStatus,
    outcome::{Effect, Outcome},
    permission::{Action, Denied, Target, may},
    rights::{HasNpi, Rights},
    tax_id::TaxId,
};
use crate::{
    audit::Kind,
    ids::{AffiliationId, OrganizationId, SubscriberId},
};

/// How long a proposal waits for an answer.
pub const PROPOSAL_LASTS: TimeDelta = TimeDelta::days(30);
/// How long a proved mailbox counts when somebody moves to another organization (R71).
pub const MAILBOX_COUNTS: TimeDelta = TimeDelta::days(365);

/// What a decision rests on, beside the affiliation itself.
#[derive(Clone, Debug)]
pub struct Facts {
    /// When the affiliation was proposed.
    pub proposed_at: DateTime<Utc>,
    /// The organization's Administrators: with an active affiliation, and an account that may be
    /// used.
    pub administrators: BTreeSet<SubscriberId>,
    /// The organization's numbers, and those under which it acts for others.
    pub tax_ids: Vec<TaxId>,
    /// When the person last proved the mailbox.
    pub mailbox_proved_at: Option<DateTime<Utc>>,
    /// Whether the person has an NPI.
    pub npi: HasNpi,
}

/// What somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Act for the organization, as the person.
    Accept,
    /// Give other roles, Tax IDs or another access level.
    Change(Rights),
    /// Not act for the organization, as the person.
    Decline,
    /// Take the Administrator's flag away.
    Demote,
    /// Bring it to an end, because the account of its person has ended. Whether that leaves an
    /// organization without an Administrator was decided with the account.
    Depart,
    /// Bring it to an end, because its organization is closed.
    Dissolve,
    /// End it: the person no longer works there.
    End,
    /// Note that nobody answered in time.
    Expire,
    /// End it, as the person.
    Leave,
    /// Let it be used again.
    Resume,
    /// Stop it for now.
    Suspend,
}

impl Command {
    /// What somebody has to be allowed.
    #[must_use]
    pub const fn action(&self) -> Action {
        match self {
            Self::Accept => Action::AcceptAffiliation,
            Self::Change(_) => Action::ChangeRights,
            Self::Decline => Action::DeclineAffiliation,
            Self::Demote => Action::Demote,
            Self::Depart | Self::Dissolve => Action::Dissolve,
            Self::End => Action::EndAffiliation,
            Self::Expire => Action::Expire,
            Self::Leave => Action::LeaveOrganization,
            // Who works for an organization is its own to say, and not Support's.
            Self::Resume | Self::Suspend => Action::SuspendAffiliation,
        }
    }
}

/// Why nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not for people like them.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The organization would be without an Administrator (R4, R12). While it is active, this holds
    /// for everybody: Support stops the organization first.
    #[error("this is the organization's only Administrator: promote somebody else first")]
    LastAdministrator,
    /// The mailbox was proved too long ago.
    #[error("please confirm your e-mail address first")]
    MailboxDue,
    /// The role needs a number that the person has not given.
    #[error("please add your National Provider Identifier first")]
    NpiDue,
    /// It is over, or not so far.
    #[error("this affiliation is over, or not in use yet")]
    OutOfOrder,
    /// Everything is as it was.
    #[error("nothing was changed")]
    Unchanged,
}

/// An affiliation is offered to somebody who has an account. Nothing may be read or done by it
/// before they accept (security 20.9).
///
/// # Errors
/// [`Denied`].
pub fn propose(affiliation: Affiliation, actor: &Actor) -> Result<Outcome<Affiliation>, Denied> {
    let organization = affiliation.organization.id.clone();
    may(actor, Action::Nominate, Target::PersonIn(&affiliation.subscriber, &organization))?;
    let to = Recipient::Subscriber(affiliation.subscriber.clone());
    let proposed =
        Affiliation { status: AffiliationStatus::Proposed, administrator: false, ..affiliation };
    Ok(Outcome::new(proposed, Kind::AffiliationProposed)
        .telling(to, News::AffiliationProposed { organization }))
}

/// Where a command leads.
///
/// # Errors
/// [`Refusal`]: nothing has happened.
pub fn decide(
    affiliation: Affiliation,
    command: Command,
    facts: &Facts,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Outcome<Affiliation>, Refusal> {
    use AffiliationStatus::{Active, Ended, Proposed, Suspended};
    permitted(&affiliation, &command, actor)?;
    let late = facts.proposed_at + PROPOSAL_LASTS <= now;
    let closed = affiliation.organization.status == OrganizationStatus::Closed;
    let parties = Parties::of(&affiliation);
    let becomes = |status| Affiliation { status, ..affiliation.clone() };
    match (affiliation.status, command) {
        (Proposed, Command::Accept) if !late && !closed => accept(affiliation, facts, now),
        (Proposed, Command::Decline) => Ok(declined(becomes(Ended))),
        (Proposed, Command::Expire) if late => Ok(declined(becomes(Ended))),
        (_, Command::Dissolve) if !closed => Err(Refusal::OutOfOrder),
        // An offer that is taken back is no more than that.
        (Proposed, Command::Dissolve | Command::End) => {
            let news = News::AffiliationEnded { organization: parties.organization };
            Ok(Outcome::new(becomes(Ended), Kind::AffiliationEnded).telling(parties.person, news))
        }
        (Active | Suspended, Command::Change(rights)) => change(&affiliation, &rights, facts),
        (Active, Command::Demote) if affiliation.administrator => {
            keep_an_administrator(&affiliation, facts)?;
            let demoted = Affiliation { administrator: false, ..affiliation };
            Ok(Outcome::new(demoted, Kind::AdminDemoted)
                .with(parties.ending(Cause::RightsReduced))
                .telling(parties.administrators.clone(), parties.demoted())
                .telling(parties.person.clone(), parties.demoted()))
        }
        (Proposed, Command::Depart) => Ok(declined(becomes(Ended))),
        (Active | Suspended, Command::Depart) => Ok(departed(becomes(Ended), &parties)),
        (Active, Command::Suspend) => {
            keep_an_administrator(&affiliation, facts)?;
            let news = News::AffiliationSuspended { organization: parties.organization.clone() };
            Ok(Outcome::new(becomes(Suspended), Kind::AffiliationSuspended)
                .with(parties.ending(Cause::AffiliationSuspended))
                .telling(parties.person, news))
        }
        (Suspended, Command::Resume) => {
            let news = News::AffiliationResumed { organization: parties.organization };
            Ok(Outcome::new(becomes(Active), Kind::AffiliationResumed)
                .telling(parties.person, news))
        }
        (Active | Suspended, Command::Dissolve | Command::End | Command::Leave) => {
            keep_an_administrator(&affiliation, facts)?;
            Ok(ended(becomes(Ended), parties, actor))
        }
        (
            Active | Ended | Proposed | Suspended,
            Command::Accept
            | Command::Change(_)
            | Command::Decline
            | Command::Demote
            | Command::Depart
            | Command::Dissolve
            | Command::End
            | Command::Expire
            | Command::Leave
            | Command::Resume
            | Command::Suspend,
        ) => Err(Refusal::OutOfOrder),
    }
}

/// Who hears of it, and what ends.
struct Parties {
    affiliation: AffiliationId,
    organization: OrganizationId,
    subscriber: SubscriberId,
    person: Recipient,
    administrators: Recipient,
}

impl Parties {
    fn of(affiliation: &Affiliation) -> Self {
        Self {
            affiliation: affiliation.id.clone(),
            organization: affiliation.organization.id.clone(),
            subscriber: affiliation.subscriber.clone(),
            person: Recipient::Subscriber(affiliation.subscriber.clone()),
            administrators: Recipient::AdministratorsOf(affiliation.organization.id.clone()),
        }
    }

    fn ending(&self, cause: Cause) -> Effect {
        Effect::EndAccess(Ending { whose: Whose::Affiliation(self.affiliation.clone()), cause })
    }

    fn demoted(&self) -> News {
        News::AdministratorRemoved { subscriber: self.subscriber.clone() }
    }
}

fn permitted(affiliation: &Affiliation, command: &Command, actor: &Actor) -> Result<(), Denied> {
    let target = Target::PersonIn(&affiliation.subscriber, &affiliation.organization.id);
    may(actor, command.action(), target)
}

/// Whether an active organization would be left without an Administrator (R4, security 20.5).
#[must_use]
pub fn is_last_administrator(
    affiliation: &Affiliation,
    administrators: &BTreeSet<SubscriberId>,
) -> bool {
    affiliation.administrator
        && affiliation.is_active()
        && administrators.iter().all(|who| *who == affiliation.subscriber)
}

fn keep_an_administrator(affiliation: &Affiliation, facts: &Facts) -> Result<(), Refusal> {
    if is_last_administrator(affiliation, &facts.administrators) {
        Err(Refusal::LastAdministrator)
    } else {
        Ok(())
    }
}

/// Whether nobody acts by this affiliation without an NPI.
#[must_use]
pub fn needs_npi(affiliation: &Affiliation) -> bool {
    affiliation.roles.iter().any(|role| role.needs_npi())
}

fn accept(
    affiliation: Affiliation,
    facts: &Facts,
    now: DateTime<Utc>,
) -> Result<Outcome<Affiliation>, Refusal> {
    let proved = facts.mailbox_proved_at.is_some_and(|at| now < at + MAILBOX_COUNTS);
    if !proved {
        return Err(Refusal::MailboxDue);
    }
    if needs_npi(&affiliation) && facts.npi != HasNpi::Yes {
        return Err(Refusal::NpiDue);
    }
    let administrators = Recipient::AdministratorsOf(affiliation.organization.id.clone());
    let news = News::AffiliationAccepted { subscriber: affiliation.subscriber.clone() };
    let active =
        Affiliation { status: AffiliationStatus::Active, since: now.date_naive(), ..affiliation };
    Ok(Outcome::new(active, Kind::AffiliationAccepted).telling(administrators, news))
}

/// Nobody acts by it any more. That one of them is gone, the other Administrators hear (domain 4.8).
fn ended(affiliation: Affiliation, parties: Parties, actor: &Actor) -> Outcome<Affiliation> {
    let was_administrator = affiliation.administrator;
    let demoted = parties.demoted();
    let news = News::AffiliationEnded { organization: parties.organization.clone() };
    let ended = Affiliation { administrator: false, ..affiliation };
    let outcome = Outcome::new(ended, Kind::AffiliationEnded)
        .with(parties.ending(Cause::AffiliationEnded))
        .telling(parties.person, news);
    match actor {
        Actor::Subscriber(subscriber) => {
            let left = News::SubscriberLeft { subscriber: subscriber.clone() };
            let outcome = outcome.telling(parties.administrators, left);
            if was_administrator { outcome.noted(Kind::AdminDemoted) } else { outcome }
        }
        Actor::Administrator { .. } | Actor::Job(_) | Actor::Nobody | Actor::Support { .. } => {
            if was_administrator {
                outcome.noted(Kind::AdminDemoted).telling(parties.administrators, demoted)
            } else {
                outcome
            }
        }
    }
}

/// The account ended, and all access with it; its owner has heard of that. The colleagues hear that
/// somebody is gone.
fn departed(affiliation: Affiliation, parties: &Parties) -> Outcome<Affiliation> {
    let was_administrator = affiliation.administrator;
    let news = News::SubscriberGone { subscriber: parties.subscriber.clone() };
    let ended = Affiliation { administrator: false, ..affiliation };
    let outcome =
        Outcome::new(ended, Kind::AffiliationEnded).telling(parties.administrators.clone(), news);
    if was_administrator { outcome.noted(Kind::AdminDemoted) } else { outcome }
}

/// Not to answer and to say no look alike to the Administrators.
fn declined(affiliation: Affiliation) -> Outcome<Affiliation> {
    let administrators = Recipient::AdministratorsOf(affiliation.organization.id.clone());
    let news = News::AffiliationDeclined { subscriber: affiliation.subscriber.clone() };
    Outcome::new(affiliation, Kind::AffiliationDeclined).telling(administrators, news)
}

/// Gives other rights. What became less ends what sites were given by it; what became more reaches
/// them with the next sign-on.
fn change(
    affiliation: &Affiliation,
    rights: &Rights,
    facts: &Facts,
) -> Result<Outcome<Affiliation>, Refusal> {
    let parties = Parties::of(affiliation);
    let changed = Affiliation {
        roles: rights.roles().clone(),
        role_details: rights.role_details().clone(),
        access_level: rights.access_level(),
        tax_ids: rights.tax_ids().of(&facts.tax_ids),
        ..affiliation.clone()
    };
    let granted = changed.roles.difference(&affiliation.roles).map(|_| Kind::RoleGranted);
    let removed = affiliation.roles.difference(&changed.roles).map(|_| Kind::RoleRemoved);
    let other = affiliation.tax_ids != changed.tax_ids
        || affiliation.access_level != changed.access_level
        || affiliation.role_details != changed.role_details;
    let audit: Vec<Kind> =
        granted.chain(removed).chain(other.then_some(Kind::AffiliationChanged)).collect();
    if audit.is_empty() {
        // Nothing changed: nobody is written to about it.
        return Err(Refusal::Unchanged);
    }
    let reduced = is_less(&changed, affiliation);
    let effect = reduced.then(|| parties.ending(Cause::RightsReduced));
    let news = News::RightsChanged { organization: parties.organization.clone() };
    let outcome = Outcome { state: changed, audit, letters: Vec::new(), effects: Vec::new() };
    Ok(outcome.with_any(effect).telling(parties.person, news))
}

/// Whether anything that was there before is gone.
fn is_less(after: &Affiliation, before: &Affiliation) -> bool {
    !before.roles.is_subset(&after.roles)
        || !before.role_details.is_subset(&after.role_details)
        || before.tax_ids.iter().any(|tax_id| !after.tax_ids.contains(tax_id))
        || after.access_level.width() < before.access_level.width()
}

#[cfg(test)]
mod tests;
