//! The life of an account (R28, R31, R70; domain 4.5 and decision 5; security 20.2, 20.5).
//!
//! ```text
//!   Active ◄── code and mailbox ── Dormant     170, 193 days: a mail; 200 days: dormant, by date
//!     │  ▲                            │
//!     │  └──resume── Suspended ◄──────┤        by an Administrator or by Support, who lifts it
//!     ├──suspend────────►│            │
//!     └──terminate───────┴────────────┴─► Terminated ──► Active, by a new nomination of the same ID
//!                                             └────────► Closed, for good
//! ```
//!
//! An account is a person's, and a person may act for several organizations. So an Administrator
//! only stops the *account* of somebody who acts for nobody else; otherwise the same click stops
//! what the person has in the own organization, and neither answer nor page tells the difference
//! (security 20.2).

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{
    actor::{Actor, Rank},
    affiliation_life,
    assistance::decides_about,
    end_access::{Cause, Ending, Whose},
    news::{News, Recipient},
    outcome::{Effect, Outcome},
    permission::{Action, Denied, Target, may},
    reminder,
    subscriber::{AccountRules, AccountStatus},
    ticket::TicketKind,
};
use crate::{
    audit::Kind,
    ids::{OrganizationId, SubscriberId},
};

/// How many days before dormancy there is a mail: at 170 and 193 days of 200.
const WARNINGS: [i64; 2] = [30, 7];

/// An account, as far as its life goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Whose.
    pub subscriber: SubscriberId,
    /// How it stands.
    pub state: State,
    /// The last successful sign-in, or the activation.
    pub last_used_at: DateTime<Utc>,
}

/// How an account stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// In use.
    Active,
    /// Closed for good: merged, fraud, death.
    Closed,
    /// Unused for too long.
    Dormant,
    /// Stopped for now.
    Suspended(SuspendedBy),
    /// Ended; the same User ID may be nominated anew.
    Terminated,
}

/// Who stopped an account: they, or Support, lift it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SuspendedBy {
    /// An Administrator of this organization.
    Administrator(OrganizationId),
    /// Support. No Administrator lifts that.
    Support,
}

impl State {
    /// What the account's row, and a sign-on, say of it.
    #[must_use]
    pub const fn status(&self) -> AccountStatus {
        match self {
            Self::Active => AccountStatus::Active,
            Self::Closed => AccountStatus::Closed,
            Self::Dormant => AccountStatus::Dormant,
            Self::Suspended(_) => AccountStatus::Suspended,
            Self::Terminated => AccountStatus::Terminated,
        }
    }
}

/// What a decision rests on, beside the account itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The organizations with which the person has an affiliation that was accepted and has not
    /// ended.
    pub acts_for: BTreeSet<OrganizationId>,
    /// Those of them of which the person is the last Administrator
    /// ([`affiliation_life::is_last_administrator`]).
    pub keeps_running: BTreeSet<OrganizationId>,
    /// What the person may decide at the support desk, if they work there.
    pub staff: Option<Rank>,
}

/// What somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Close it for good.
    Close,
    /// Give one's own account up.
    Delete,
    /// Note that it has not been used for too long.
    FallDormant,
    /// Let a dormant account come back: a code is made to be handed over, by somebody who made
    /// sure who asks.
    Reactivate,
    /// Lift a stop.
    Resume,
    /// Come back, with the handed-over code and the mailbox, or by a new nomination.
    Return,
    /// Stop it for now.
    Suspend,
    /// End it.
    Terminate,
}

impl Command {
    /// What somebody has to be allowed.
    #[must_use]
    pub const fn action(self) -> Action {
        match self {
            Self::Close => Action::CloseAccount,
            Self::Delete => Action::DeleteOwnAccount,
            Self::FallDormant => Action::Expire,
            Self::Reactivate => Action::ReactivateAccount,
            Self::Resume => Action::Resume,
            Self::Return => Action::Activate,
            Self::Suspend => Action::SuspendAccount,
            Self::Terminate => Action::TerminateAccount,
        }
    }
}

/// What is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// About the account.
    Account(Outcome<Account>),
    /// Only about the person's affiliation with the Administrator's organization, by this command.
    OwnAffiliation(affiliation_life::Command),
}

/// Why nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not for people like them.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// An active organization would be without an Administrator (R4): promote somebody else, or
    /// have Support stop the organization first.
    #[error("this is an organization's only Administrator: promote somebody else first")]
    LastAdministrator,
    /// The account does not stand so.
    #[error("this cannot be done to an account that stands like this")]
    OutOfOrder,
    /// Support, or another organization's Administrator, stopped it; Support can tell. By whom is
    /// not said (security 20.2).
    #[error("this account was not stopped by your organization: please ask the support desk")]
    StoppedByOthers,
}

impl Account {
    /// The same at `now`: it is dormant by date, whether or not the job has noticed.
    #[must_use]
    pub fn at(self, rules: &AccountRules, now: DateTime<Utc>) -> Self {
        match self.state {
            State::Active if self.last_used_at + rules.dormant_after <= now => {
                Self { state: State::Dormant, ..self }
            }
            State::Active
            | State::Closed
            | State::Dormant
            | State::Suspended(_)
            | State::Terminated => self,
        }
    }

    /// The warning that is due at `now`, if one is; `told_at`: the last one.
    #[must_use]
    pub fn warning(
        &self,
        rules: &AccountRules,
        told_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Option<(Recipient, News)> {
        let dormant_at = self.last_used_at + rules.dormant_after;
        if self.state != State::Active || dormant_at <= now {
            return None;
        }
        let days = rules.dormant_after.num_days();
        let marks = WARNINGS.map(|before| u32::try_from(days - before).unwrap_or_default());
        reminder::due(&marks, self.last_used_at, told_at, now)?;
        Some((Recipient::Subscriber(self.subscriber.clone()), News::DormancyAhead { dormant_at }))
    }
}

/// After how many days somebody is reminded that a password can be changed: it never has to be (R60).
pub const PASSWORD_AGE: u32 = 365;

/// The reminder of an old password that is due at `now`, if one is; `told_at`: the last one.
#[must_use]
pub fn password_reminder(
    subscriber: &SubscriberId,
    changed_at: DateTime<Utc>,
    told_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<(Recipient, News)> {
    // What was told about an earlier password is no word about this one.
    let told_at = told_at.filter(|told_at| changed_at <= *told_at);
    reminder::due(&[PASSWORD_AGE], changed_at, told_at, now)?;
    Some((Recipient::Subscriber(subscriber.clone()), News::PasswordIsOld))
}

/// Where a command leads.
///
/// # Errors
/// [`Refusal`]: nothing has happened.
pub fn decide(
    account: Account,
    command: Command,
    facts: &Facts,
    actor: &Actor,
    rules: &AccountRules,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    permitted(&account, command, facts, actor)?;
    if matches!(command, Command::FallDormant) {
        return fall_dormant(account, facts, rules, now).map(Decision::Account);
    }
    let account = account.at(rules, now);
    let administrator = actor.organization();
    let acts_for_others = administrator.is_some_and(|of| facts.acts_for.iter().any(|it| it != of));
    let ends = match command {
        Command::Suspend => matches!(account.state, State::Active | State::Dormant),
        Command::Delete | Command::Terminate => {
            !matches!(account.state, State::Closed | State::Terminated)
        }
        Command::Close => account.state != State::Closed,
        Command::FallDormant | Command::Reactivate | Command::Resume | Command::Return => false,
    };
    // Nor is who works at the support desk in the hands of one organization.
    if ends && administrator.is_some() && (acts_for_others || facts.staff.is_some()) {
        let suspends = matches!(command, Command::Suspend);
        return Ok(Decision::OwnAffiliation(if suspends {
            affiliation_life::Command::Suspend
        } else {
            affiliation_life::Command::End
        }));
    }
    if ends && !facts.keeps_running.is_empty() {
        return Err(Refusal::LastAdministrator);
    }
    let stopped_by =
        administrator.map_or(SuspendedBy::Support, |of| SuspendedBy::Administrator(of.clone()));
    let outcome = match (account.state.clone(), command) {
        (State::Active | State::Dormant, Command::Suspend) => {
            let cause = Cause::AccountSuspended;
            stop(account, State::Suspended(stopped_by), cause, Kind::AccountSuspended)
        }
        (State::Suspended(by), Command::Resume) => {
            if administrator.is_some() && by != stopped_by {
                return Err(Refusal::StoppedByOthers);
            }
            let told = Recipient::Subscriber(account.subscriber.clone());
            let resumed = Account { state: State::Active, ..account }.at(rules, now);
            // Nobody could use it while it was stopped, and the days counted all the same: whoever
            // comes back after that shows who they are first.
            if resumed.state == State::Dormant {
                Outcome::new(resumed, Kind::AccountResumed)
                    .noted(Kind::AccountDormant)
                    .telling(told, News::AccountResumedDormant)
            } else {
                Outcome::new(resumed, Kind::AccountResumed).telling(told, News::AccountResumed)
            }
        }
        (State::Dormant, Command::Reactivate) => {
            let person = account.subscriber.clone();
            Outcome::new(account, Kind::ResetCodeIssued)
                .telling(Recipient::Subscriber(person.clone()), News::ReactivationBegun)
                .with(Effect::IssueHandedOverCode(person))
        }
        (State::Dormant | State::Terminated, Command::Return) => {
            let told = Recipient::Subscriber(account.subscriber.clone());
            let back = Account { state: State::Active, last_used_at: now, ..account };
            Outcome::new(back, Kind::AccountReactivated).telling(told, News::AccountReactivated)
        }
        (
            State::Active | State::Dormant | State::Suspended(_),
            Command::Delete | Command::Terminate,
        ) => stop(account, State::Terminated, Cause::AccountTerminated, Kind::AccountTerminated),
        (
            State::Active | State::Dormant | State::Suspended(_) | State::Terminated,
            Command::Close,
        ) => stop(account, State::Closed, Cause::AccountClosed, Kind::AccountClosed),
        _ => return Err(Refusal::OutOfOrder),
    };
    Ok(Decision::Account(dismissed(outcome, facts)))
}

/// Whether `actor` may give this command about somebody at all.
///
/// # Errors
/// [`Denied`].
pub fn permitted(
    account: &Account,
    command: Command,
    facts: &Facts,
    actor: &Actor,
) -> Result<(), Denied> {
    let target = Target::Person { id: &account.subscriber, acts_for: &facts.acts_for };
    may(actor, command.action(), target)?;
    decides_about(actor, facts.staff)
}

/// Whoever leaves for good leaves the support desk too, should the User ID ever come back.
fn dismissed(outcome: Outcome<Account>, facts: &Facts) -> Outcome<Account> {
    let leaves = matches!(outcome.state.state, State::Closed | State::Terminated);
    if leaves && facts.staff.is_some() {
        let person = outcome.state.subscriber.clone();
        outcome.noted(Kind::StaffDismissed).with(Effect::DismissFromDesk(person))
    } else {
        outcome
    }
}

/// All doors of a stopped account close at once (R31). User ID and mail address stay reserved.
fn stop(account: Account, state: State, cause: Cause, kind: Kind) -> Outcome<Account> {
    let person = account.subscriber.clone();
    let news = match &state {
        State::Suspended(_) => News::AccountSuspended,
        State::Dormant => News::AccountDormant,
        State::Active | State::Closed | State::Terminated => News::AccountEnded,
    };
    let leaves = matches!(state, State::Closed | State::Terminated);
    let ending = Ending { whose: Whose::Subscriber(person.clone()), cause };
    Outcome::new(Account { state, ..account }, kind)
        .telling(Recipient::Subscriber(person.clone()), news)
        .with(Effect::EndAccess(ending))
        .with_any(leaves.then_some(Effect::EndAffiliations(person)))
}

/// The date decides and the job only notes it; so this is not refused for a last Administrator.
/// Support hears that an organization is without one.
fn fall_dormant(
    account: Account,
    facts: &Facts,
    rules: &AccountRules,
    now: DateTime<Utc>,
) -> Result<Outcome<Account>, Refusal> {
    if account.state != State::Active || account.clone().at(rules, now).state != State::Dormant {
        return Err(Refusal::OutOfOrder);
    }
    let without = facts.keeps_running.iter().map(|_| Effect::OpenTicket(TicketKind::PromoteAdmin));
    let outcome = stop(account, State::Dormant, Cause::AccountDormant, Kind::AccountDormant);
    Ok(outcome.with_any(without))
}
