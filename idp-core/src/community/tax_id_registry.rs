//! Whose a Tax ID is (R43, R44, R49; domain 4.1, 4.9; security 20.6–20.8).
//!
//! A number has one owner, none, or is kept for one registration: [`Holding`] cannot say anything
//! else. Who types a number that is taken is led through the questions of [`dialogue`]; what they
//! ask for then is a [`Claim`], which the owner has ten working days to answer. A number is only
//! taken away without its owner's consent by two different people at the support desk, of whom
//! neither is the one who asked for it.
//!
//! ```text
//!            register                claim
//!   Free ──────────────► Held ◄──────────────► Held with a claim
//!    ▲                   │  ▲      kept,             │ released
//!    │ 30 days           │  │ withdrawn              ▼
//!    └────── Reserved ◄──┼──┼─────────────────── Reserved for who asked
//!                │       │  │
//!                └───────┴──┘ registered by who asked
//! ```

mod decide;
pub mod dialogue;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub use decide::decide;

use super::{
    field::{self, LONGEST_NOTE, LineError},
    news::{News, Recipient},
    permission::Denied,
    working_days::WorkingDays,
};
use crate::ids::{OrganizationId, RegistrationId, SubscriberId, TaxIdId};

/// What a community may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How many working days the owner has for an answer: 10.
    pub days_to_answer: u32,
    /// Which days are worked on.
    pub working_days: WorkingDays,
    /// How long a released number is kept for who asked for it: 30 days.
    pub reserved_for: TimeDelta,
}

impl Rules {
    /// After how many working days the owner is reminded: 7 of 10, and as large a part of another
    /// number of days.
    #[must_use]
    pub const fn reminded_after(&self) -> u32 {
        self.days_to_answer.saturating_mul(7) / 10
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            days_to_answer: 10,
            working_days: WorkingDays::default(),
            reserved_for: TimeDelta::days(30),
        }
    }
}

/// Whose a number is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holding {
    /// Nobody's.
    Free,
    /// An organization's.
    Held(Held),
    /// Nobody's, and kept for one registration until then.
    Reserved {
        /// Whose.
        registration: RegistrationId,
        /// The first moment at which it is free for all.
        until: DateTime<Utc>,
    },
}

/// A number that an organization has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The number, by its public name.
    pub id: TaxIdId,
    /// The owner.
    pub by: OrganizationId,
    /// Whether the owner would be left without one.
    pub others: OtherNumbers,
    /// Organizations that act under the number on the owner's behalf (R44).
    pub representatives: BTreeSet<OrganizationId>,
    /// Who else asks for it.
    pub claim: Option<Claim>,
}

/// Whether an organization has other numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherNumbers {
    /// It can do without this one: it has others, or acts as a part of another organization.
    Some,
    /// It has only this one.
    None,
}

/// Somebody asks for a number that an organization has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Whose registration waits for it.
    pub by: RegistrationId,
    /// Who registers, where they have an account.
    pub claimant: Option<SubscriberId>,
    /// Why.
    pub ground: Ground,
    /// When they asked.
    pub opened_at: DateTime<Utc>,
    /// The first moment at which Support may decide without the owner's answer.
    pub answer_due_at: DateTime<Utc>,
    /// How far it is.
    pub stage: Stage,
}

/// Why a number is asked for: how the questions ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// The owner is not known to who asks, and the number is on their IRS letter.
    Disputed,
    /// It is their own organization, and nobody of those who registered it is left (R49).
    NobodyLeft,
    /// The owner is a company that works for them.
    WorksForUs,
}

/// How far a claim is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The owner goes on acting under the number once it has passed to who asked; until then it
    /// stays. `until`: the first moment at which the offer is gone.
    Agreed {
        /// The end of the offer.
        until: DateTime<Utc>,
    },
    /// The owner was asked.
    Asked,
    /// The owner objects, and Support decides.
    Objected(Evidence),
    /// Somebody at the support desk proposes to release it; another one approves.
    Proposed {
        /// Who proposes it.
        by: SubscriberId,
        /// By which document.
        document: Evidence,
        /// What the owner said against it.
        objection: Option<Evidence>,
    },
}

/// What a decision rests on, in words: which letter of whom, of what date, kept where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence(String);

impl Stage {
    /// Its code, in rows and lists.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Agreed { .. } => "agreed",
            Self::Asked => "asked",
            Self::Objected(_) => "objected",
            Self::Proposed { .. } => "proposed",
        }
    }
}

impl Claim {
    /// Whether the owner's time was over at `now` without an answer: by date, and not by a job.
    #[must_use]
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        self.stage == Stage::Asked && self.answer_due_at <= now
    }

    /// The reminder of the answer that the owner owes, if one is due at `now`; `told_at`: the last
    /// one about this number, be it about an earlier claim.
    #[must_use]
    pub fn reminder(
        &self,
        owner: &OrganizationId,
        rules: &Rules,
        told_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Option<(Recipient, News)> {
        let answer_due_at = self.answer_due_at;
        let due_at = rules.working_days.after(rules.reminded_after(), self.opened_at);
        let waits = self.stage == Stage::Asked && due_at <= now && now < answer_due_at;
        let untold = told_at.is_none_or(|told_at| told_at < due_at);
        (waits && untold).then(|| {
            let to = Recipient::AdministratorsOf(owner.clone());
            (to, News::TaxIdAnswerDue { answer_due_at })
        })
    }
}

impl Evidence {
    /// Reads one line of at most 500 characters.
    ///
    /// # Errors
    /// [`LineError`].
    pub fn read(text: &str) -> Result<Self, LineError> {
        field::line(text, LONGEST_NOTE).map(Self)
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What somebody wants to do about a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Let another organization act under the own number.
    Appoint(OrganizationId),
    /// Approve what somebody else proposed.
    Approve,
    /// Ask for it, for a registration.
    Claim {
        /// Whose registration waits for it.
        by: RegistrationId,
        /// Who registers, where they have an account.
        claimant: Option<SubscriberId>,
        /// Why.
        ground: Ground,
    },
    /// Let that organization no longer act under it.
    Dismiss(OrganizationId),
    /// Take it from its owner, which is closed: it goes to whoever asked for it, or is free.
    Dissolve,
    /// Give up a number that one no longer needs.
    GiveUp,
    /// Hand it over, and go on acting under it on the new owner's behalf.
    HandOver,
    /// Leave it with its owner.
    Keep(Evidence),
    /// Say, as the owner, why it stays.
    Object(Evidence),
    /// Propose, at the support desk, to release it.
    Propose(Evidence),
    /// Register it for an organization that is approved at this moment.
    Register {
        /// The number's public name.
        id: TaxIdId,
        /// The organization that is to have it.
        organization: OrganizationId,
        /// What that organization grows out of; `None` for one that takes part already.
        registration: Option<RegistrationId>,
        /// Whether the organization has others.
        others: OtherNumbers,
    },
    /// Send a proposal back.
    Reject,
    /// Release it, as the owner, to who asks.
    Release,
    /// No longer ask for it.
    Withdraw(RegistrationId),
}

/// Why nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Somebody asks for it already: Support sorts them out.
    #[error("somebody else asks for this number already")]
    ClaimedAlready,
    /// Not for people like them.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The owner would be left without one, and nobody asked for it.
    #[error("this is the organization's only Tax ID: register another one first")]
    LastNumber,
    /// There is nothing to answer or decide, or not this.
    #[error("there is nothing to decide about this number, or not this")]
    NothingToDecide,
    /// The owner's working days are not over.
    #[error("the organization has until {until} to answer")]
    NotYet {
        /// The first moment at which it can be decided.
        until: DateTime<Utc>,
    },
    /// Two persons are needed, and neither is the one who asks.
    #[error("this takes two persons, and neither can be the one who asks for the number")]
    SamePerson,
    /// Another organization has it, or it is kept for another.
    #[error("another organization has this number")]
    Taken,
}

impl Holding {
    /// The same at `now`: what was kept or offered until a day is not, from that moment on, whether
    /// or not a job has noticed.
    #[must_use]
    pub fn at(self, now: DateTime<Utc>) -> Self {
        match self {
            Self::Reserved { until, .. } if until <= now => Self::Free,
            Self::Held(held) => {
                let over =
                    |claim: &Claim| matches!(claim.stage, Stage::Agreed { until } if until <= now);
                Self::Held(Held { claim: held.claim.filter(|claim| !over(claim)), ..held })
            }
            other @ (Self::Free | Self::Reserved { .. }) => other,
        }
    }

    /// Whether `registration` could have the number at `now`.
    #[must_use]
    pub fn is_open_to(&self, registration: Option<&RegistrationId>, now: DateTime<Utc>) -> bool {
        match self.clone().at(now) {
            Self::Free => true,
            Self::Reserved { registration: kept_for, .. } => Some(&kept_for) == registration,
            Self::Held(Held { claim: Some(claim), .. }) => {
                matches!(claim.stage, Stage::Agreed { .. }) && Some(&claim.by) == registration
            }
            Self::Held(Held { claim: None, .. }) => false,
        }
    }
}
