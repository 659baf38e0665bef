//! Becoming an Administrator (R5, R12, R35, R46–R48; domain 4.8).
//!
//! ```text
//!   another Administrator ────────────────┐
//!   Support, on the form that the         ▼
//!   Administrator left ─► Asked ─lead─► Proofing ─► DutiesDue ─► Done
//!                           └──────────────┴───────────┴───────► Over
//! ```
//!
//! Whoever is to run an organization's account proves who they are, reads what that means, and has
//! a second factor; nobody can do any of it for them. When an organization's Administrator has
//! left, Support acts on a form and a call back to the organization's listed number, and takes two
//! persons for it.

mod form;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

pub use form::{AdministratorLeft, AdministratorLeftForm, CallBack};

use super::{
    actor::Actor,
    affiliation::Affiliation,
    identity_proof::{self, Judgement, Proof, Proofing, TestResult},
    news::{News, Recipient},
    outcome::{Effect, Outcome},
    permission::{Action, Denied, Target, may},
    reminder,
    ticket::TicketKind,
};
use crate::{
    audit::Kind,
    ids::{AffiliationId, OrganizationId, PromotionId, SubscriberId},
};

/// How long a promotion waits for the next step.
pub const LASTS: TimeDelta = TimeDelta::days(30);
/// How many Administrators an organization should have (R12).
pub const WANTED: usize = 2;

/// Somebody is to become an Administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// Which.
    pub id: PromotionId,
    /// Of which organization.
    pub organization: OrganizationId,
    /// By which affiliation.
    pub affiliation: AffiliationId,
    /// Who.
    pub candidate: SubscriberId,
    /// When it last went on.
    pub moved_at: DateTime<Utc>,
    /// How far it is.
    pub stage: Stage,
}

/// How far a promotion is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Somebody at the support desk proposes it; another one approves.
    Asked {
        /// Who proposes it.
        by: SubscriberId,
        /// How the organization was called back.
        call_back: CallBack,
    },
    /// They are an Administrator.
    Done,
    /// The duties are to be acknowledged, and a second factor to be set up.
    DutiesDue(Proof),
    /// It came to nothing.
    Over,
    /// They are to prove who they are.
    Proofing(Proofing),
}

/// Whether the candidate has a second factor of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondFactor {
    /// One is set up.
    Enrolled,
    /// None is.
    Missing,
}

/// What somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Acknowledge the duties (R5), as the candidate.
    Acknowledge(SecondFactor),
    /// Be the second pair of eyes.
    Approve,
    /// Not become an Administrator, as the candidate.
    Decline,
    /// Bring it to an end, because the organization is closed.
    Dissolve,
    /// Note that nobody went on with it.
    Expire,
    /// A step of proving who they are.
    Prove(identity_proof::Command),
    /// Take the proposal back.
    Withdraw,
}

/// Why nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// They are an Administrator already.
    #[error("this person is an Administrator already")]
    AlreadyAdministrator,
    /// Not for people like them.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The candidate does not act for the organization now.
    #[error("only somebody who acts for the organization now can become its Administrator")]
    NotActive,
    /// It is over, or not so far.
    #[error("this step is over, or not due yet")]
    OutOfOrder,
    /// The identity cannot be proved in this way now.
    #[error(transparent)]
    Proof(#[from] identity_proof::Refusal),
    /// Two persons are needed.
    #[error("somebody else has to approve what you proposed")]
    SamePerson,
    /// An Administrator needs a second factor for the console.
    #[error("please set up a second factor first")]
    SecondFactorDue,
}

/// Proposes somebody who acts for the organization. `call_back` is Support's: how the organization
/// was reached at its listed number.
///
/// # Errors
/// [`Refusal`]: nothing has happened.
pub fn propose(
    id: PromotionId,
    affiliation: &Affiliation,
    call_back: Option<CallBack>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Outcome<Promotion>, Refusal> {
    let organization = affiliation.organization.id.clone();
    let candidate = affiliation.subscriber.clone();
    may(actor, Action::ProposePromotion, Target::PersonIn(&candidate, &organization))?;
    // A stopped organization may lack just this: an Administrator.
    if !affiliation.is_of_a_member() {
        return Err(Refusal::NotActive);
    }
    if affiliation.administrator {
        return Err(Refusal::AlreadyAdministrator);
    }
    let stage = match (actor, call_back) {
        (Actor::Administrator { .. }, _) => Stage::Proofing(Proofing::DUE),
        (Actor::Support { who, .. }, Some(call_back)) => {
            Stage::Asked { by: who.clone(), call_back }
        }
        // Without a call back there is nothing to propose it on.
        (Actor::Support { .. } | Actor::Subscriber(_) | Actor::Nobody | Actor::Job(_), _) => {
            return Err(Refusal::OutOfOrder);
        }
    };
    let asks_candidate = matches!(stage, Stage::Proofing(_));
    let affiliation = affiliation.id.clone();
    let news = News::PromotionProposed { subscriber: candidate.clone() };
    let person = Recipient::Subscriber(candidate.clone());
    let administrators = Recipient::AdministratorsOf(organization.clone());
    let promotion = Promotion {
        id,
        organization: organization.clone(),
        affiliation,
        candidate,
        moved_at: now,
        stage,
    };
    let outcome = Outcome::new(promotion, Kind::AdminProposed).telling(administrators, news);
    Ok(if asks_candidate {
        outcome.telling(person, News::PromotionOffered { organization })
    } else {
        outcome
    })
}

impl Promotion {
    /// Whether nobody went on with it in time; it is over by date.
    #[must_use]
    pub fn is_late(&self, now: DateTime<Utc>) -> bool {
        !matches!(self.stage, Stage::Done | Stage::Over) && self.moved_at + LASTS <= now
    }
}

/// Where a command leads. `affiliation` is the candidate's, as it is now.
///
/// # Errors
/// [`Refusal`]: nothing has happened.
pub fn decide(
    promotion: Promotion,
    command: Command,
    affiliation: &Affiliation,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Outcome<Promotion>, Refusal> {
    permitted(&promotion, &command, actor)?;
    let late = promotion.is_late(now);
    if late && !matches!(command, Command::Dissolve | Command::Expire) {
        return Err(Refusal::OutOfOrder);
    }
    let candidate = promotion.candidate.clone();
    let organization = promotion.organization.clone();
    let ends = matches!(
        command,
        Command::Decline | Command::Dissolve | Command::Expire | Command::Withdraw
    );
    if !ends && !affiliation.is_of_a_member() {
        return Err(Refusal::NotActive);
    }
    let outcome = match (promotion.stage.clone(), command) {
        (Stage::Asked { by, .. }, Command::Approve) => {
            if actor.person() == Some(&by) {
                return Err(Refusal::SamePerson);
            }
            Outcome::new(Stage::Proofing(Proofing::DUE), Kind::AdminApproved)
                .telling(Recipient::Subscriber(candidate), News::PromotionOffered { organization })
        }
        (Stage::Proofing(proofing), Command::Prove(step)) => {
            let (kind, refused) = (proved_kind(&step), step.news());
            proved(proofing.after(step, Some(&candidate), actor, now)?, kind, &candidate)
                .telling_any(Recipient::Subscriber(candidate), refused)
        }
        (Stage::DutiesDue(_), Command::Acknowledge(SecondFactor::Missing)) => {
            return Err(Refusal::SecondFactorDue);
        }
        (Stage::DutiesDue(_), Command::Acknowledge(SecondFactor::Enrolled)) => {
            let news = News::AdministratorAdded { subscriber: candidate };
            Outcome::new(Stage::Done, Kind::AdminPromoted)
                .telling(Recipient::AdministratorsOf(organization), news)
                .with(Effect::MakeAdministrator(promotion.affiliation.clone()))
        }
        (
            Stage::Asked { .. } | Stage::DutiesDue(_) | Stage::Proofing(_),
            Command::Decline | Command::Dissolve | Command::Withdraw,
        ) => declined(&promotion),
        (Stage::Asked { .. } | Stage::DutiesDue(_) | Stage::Proofing(_), Command::Expire)
            if late =>
        {
            declined(&promotion)
        }
        _ => return Err(Refusal::OutOfOrder),
    };
    Ok(outcome.map(|stage| Promotion { moved_at: now, stage, ..promotion }))
}

fn permitted(promotion: &Promotion, command: &Command, actor: &Actor) -> Result<(), Denied> {
    let action = match command {
        Command::Acknowledge(_)
        | Command::Decline
        | Command::Prove(
            identity_proof::Command::GoToNotary(_) | identity_proof::Command::Take(_),
        ) => Action::ProveIdentity,
        Command::Approve => Action::ApprovePromotion,
        Command::Dissolve => Action::Dissolve,
        Command::Expire => Action::Expire,
        Command::Prove(identity_proof::Command::Judge(_)) => Action::DecideRegistration,
        Command::Withdraw => Action::ProposePromotion,
    };
    may(actor, action, Target::PersonIn(&promotion.candidate, &promotion.organization))
}

fn declined(promotion: &Promotion) -> Outcome<Stage> {
    let news = News::PromotionOver { subscriber: promotion.candidate.clone() };
    Outcome::new(Stage::Over, Kind::AdminDeclined)
        .telling(Recipient::AdministratorsOf(promotion.organization.clone()), news)
}

const fn proved_kind(step: &identity_proof::Command) -> Kind {
    match step {
        identity_proof::Command::Take(TestResult::Passed { .. })
        | identity_proof::Command::Judge(Judgement::Accepted) => Kind::AdminProofed,
        identity_proof::Command::GoToNotary(_) => Kind::AdminNotaryChosen,
        identity_proof::Command::Take(
            TestResult::Failed | TestResult::NoQuestions | TestResult::Unavailable,
        )
        | identity_proof::Command::Judge(Judgement::Refused(_)) => Kind::AdminProofFailed,
    }
}

fn proved(proofing: Proofing, kind: Kind, candidate: &SubscriberId) -> Outcome<Stage> {
    let person = Recipient::Subscriber(candidate.clone());
    match proofing {
        Proofing::Proved(proof) => {
            Outcome::new(Stage::DutiesDue(proof), kind).telling(person, News::DutiesDue)
        }
        Proofing::AtNotary { reference, since } => {
            let until = since + identity_proof::NOTARY_LASTS;
            let news = News::NotaryInstructions { reference: reference.to_string(), until };
            Outcome::new(Stage::Proofing(Proofing::AtNotary { reference, since }), kind)
                .telling(person, news)
                .with(Effect::OpenTicket(TicketKind::Notary))
        }
        due @ Proofing::Due { .. } => Outcome::new(Stage::Proofing(due), kind),
    }
}

/// The reminder that an organization with too few Administrators gets every month (R12), if it is
/// due at `now`. `since`: from when on they were too few; `told_at`: the last reminder.
#[must_use]
pub fn reminder(
    administrators: &BTreeSet<SubscriberId>,
    organization: OrganizationId,
    since: DateTime<Utc>,
    told_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<(Recipient, News)> {
    if administrators.len() >= WANTED {
        return None;
    }
    let from = told_at.map_or(since, |told_at| told_at.max(since));
    reminder::due(&[30], from, None, now)?;
    Some((Recipient::AdministratorsOf(organization), News::OneAdministratorOnly))
}
