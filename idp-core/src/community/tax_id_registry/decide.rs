//! Where a command about a number leads.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{Claim, Command, Evidence, Ground, Held, Holding, OtherNumbers, Refusal, Rules, Stage};
use crate::{
    audit::Kind,
    community::{
        actor::Actor,
        end_access::{Cause, Ending, Whose},
        news::{News, Recipient},
        organization_life::Suspension,
        outcome::{Effect, Outcome},
        permission::{Action, Denied, Target, may},
        ticket::TicketKind,
    },
    ids::{OrganizationId, TaxIdId},
};

/// Where a command leads.
///
/// # Errors
/// [`Refusal`]: nothing has happened.
pub fn decide(
    holding: Holding,
    command: Command,
    actor: &Actor,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Outcome<Holding>, Refusal> {
    match (holding.at(now), command) {
        (holding, Command::Register { id, organization, registration, others }) => {
            let action = match &registration {
                Some(_) => Action::ApproveRegistration,
                None => Action::DecideFurtherNumber,
            };
            may(actor, action, Target::Community)?;
            if holding.is_open_to(registration.as_ref(), now) {
                Ok(register(holding, id, &organization, others))
            } else {
                Err(Refusal::Taken)
            }
        }
        (Holding::Held(held), command) => decide_held(held, command, actor, rules, now),
        // Nobody waits for what is kept for a registration that is over.
        (Holding::Reserved { registration, .. }, Command::Withdraw(by)) if registration == by => {
            may_withdraw(actor)?;
            Ok(Outcome::new(Holding::Free, Kind::TaxidReleased))
        }
        (Holding::Free | Holding::Reserved { .. }, _) => Err(Refusal::NothingToDecide),
    }
}

/// A claim goes with its registration: who registers takes that back, or Support refuses it.
fn may_withdraw(actor: &Actor) -> Result<(), Denied> {
    may(actor, Action::Register, Target::Community)
        .or_else(|_| may(actor, Action::DecideRegistration, Target::Community))
}

fn register(
    holding: Holding,
    id: TaxIdId,
    by: &OrganizationId,
    others: OtherNumbers,
) -> Outcome<Holding> {
    let held = |representatives| Held { id, by: by.clone(), others, representatives, claim: None };
    match holding {
        Holding::Free | Holding::Reserved { .. } => {
            Outcome::new(Holding::Held(held(BTreeSet::new())), Kind::TaxidRegistered)
        }
        // Handed over: the old owner goes on under it, so nothing of theirs ends.
        Holding::Held(old) => {
            let mut representatives = old.representatives;
            representatives.insert(old.by.clone());
            representatives.remove(by);
            let news = News::RepresentationBegun { owner: by.clone() };
            Outcome::new(Holding::Held(held(representatives)), Kind::TaxidReleased)
                .noted(Kind::TaxidRegistered)
                .noted(Kind::TaxidRepresented)
                .telling(Recipient::AdministratorsOf(old.by), news)
        }
    }
}

fn decide_held(
    held: Held,
    command: Command,
    actor: &Actor,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Outcome<Holding>, Refusal> {
    let owner = Target::Organization(&held.by);
    match command {
        Command::Claim { by, claimant, ground } => {
            may(actor, Action::Register, Target::Community)?;
            if held.claim.is_some() {
                return Err(Refusal::ClaimedAlready);
            }
            let answer_due_at = rules.working_days.after(rules.days_to_answer, now);
            let stage = Stage::Asked;
            let claim = Claim { by, claimant, ground, opened_at: now, answer_due_at, stage };
            Ok(claimed(held, claim))
        }
        Command::Withdraw(registration) => {
            may_withdraw(actor)?;
            let claim = held.claim.as_ref().filter(|claim| claim.by == registration);
            claim.ok_or(Refusal::NothingToDecide)?;
            let to = Recipient::AdministratorsOf(held.by.clone());
            Ok(kept(held).telling(to, News::TaxIdClaimWithdrawn))
        }
        Command::Release => {
            may(actor, Action::AnswerTaxIdClaim, owner)?;
            not_the_claimant(&held, actor)?;
            release(&held, rules, now)
        }
        Command::HandOver => {
            may(actor, Action::AnswerTaxIdClaim, owner)?;
            not_the_claimant(&held, actor)?;
            hand_over(held, rules, now)
        }
        Command::Object(evidence) => {
            may(actor, Action::AnswerTaxIdClaim, owner)?;
            object(held, evidence)
        }
        Command::Keep(_) => {
            may(actor, Action::DecideClaim, Target::Community)?;
            let claim = held.claim.as_ref().ok_or(Refusal::NothingToDecide)?;
            let registration = claim.by.clone();
            let to = Recipient::Registrant(registration.clone());
            let owner = Recipient::AdministratorsOf(held.by.clone());
            Ok(kept(held)
                .telling(to, News::TaxIdKept)
                .telling(owner, News::TaxIdKept)
                .with(Effect::NumberKept(registration)))
        }
        Command::Propose(document) => propose(held, document, actor, now),
        Command::Approve => {
            may(actor, Action::ApproveRelease, Target::Community)?;
            let claim = held.claim.as_ref().ok_or(Refusal::NothingToDecide)?;
            let Stage::Proposed { by, .. } = &claim.stage else {
                return Err(Refusal::NothingToDecide);
            };
            if actor.person() == Some(by) {
                return Err(Refusal::SamePerson);
            }
            not_the_claimant(&held, actor)?;
            release(&held, rules, now)
        }
        Command::Reject => {
            may(actor, Action::ApproveRelease, Target::Community)?;
            let mut held = held;
            let claim = held.claim.as_mut().ok_or(Refusal::NothingToDecide)?;
            let Stage::Proposed { objection, .. } = claim.stage.clone() else {
                return Err(Refusal::NothingToDecide);
            };
            claim.stage = objection.map_or(Stage::Asked, Stage::Objected);
            Ok(Outcome::new(Holding::Held(held), Kind::TaxidReleaseRejected))
        }
        Command::GiveUp => {
            may(actor, Action::AnswerTaxIdClaim, owner)?;
            give_up(&held)
        }
        Command::Appoint(organization) => {
            // Only the owner opens a number to somebody else; Support may end that, and not begin it.
            may(actor, Action::AnswerTaxIdClaim, owner)?;
            appoint(held, organization)
        }
        Command::Dismiss(organization) => {
            // Either end may let go.
            let other = Target::Organization(&organization);
            may(actor, Action::EndRepresentation, owner)
                .or_else(|_| may(actor, Action::EndRepresentation, other))
                // Or the one that acts under it is closed.
                .or_else(|_| may(actor, Action::Dissolve, other))?;
            dismiss(held, organization)
        }
        Command::Dissolve => {
            may(actor, Action::Dissolve, owner)?;
            Ok(dissolved(&held, rules, now))
        }
        // Answered before: a number that is held is open to one registration at most.
        Command::Register { .. } => Err(Refusal::Taken),
    }
}

/// Nobody takes a number by themselves, not even an Administrator of its owner who registers another
/// organization (security 20.8).
fn not_the_claimant(held: &Held, actor: &Actor) -> Result<(), Refusal> {
    let claimant = held.claim.as_ref().and_then(|claim| claim.claimant.as_ref());
    if claimant.is_some() && claimant == actor.person() { Err(Refusal::SamePerson) } else { Ok(()) }
}

fn claimed(held: Held, claim: Claim) -> Outcome<Holding> {
    let (kind, ticket) = match claim.ground {
        Ground::Disputed => (Kind::TaxidDisputed, TicketKind::TaxIdDispute),
        Ground::NobodyLeft | Ground::WorksForUs => {
            (Kind::TaxidReleaseRequested, TicketKind::TaxIdRelease)
        }
    };
    let news = News::TaxIdClaimed { ground: claim.ground, answer_due_at: claim.answer_due_at };
    let to = Recipient::AdministratorsOf(held.by.clone());
    Outcome::new(Holding::Held(Held { claim: Some(claim), ..held }), kind)
        .telling(to, news)
        .with(Effect::OpenTicket(ticket))
}

/// The claim is gone and the number stays.
fn kept(held: Held) -> Outcome<Holding> {
    Outcome::new(Holding::Held(Held { claim: None, ..held }), Kind::TaxidKept)
}

/// The number leaves its owner at once, and is kept for who asked.
fn release(held: &Held, rules: &Rules, now: DateTime<Utc>) -> Result<Outcome<Holding>, Refusal> {
    let claim = held.claim.clone().ok_or(Refusal::NothingToDecide)?;
    let until = now + rules.reserved_for;
    let state = Holding::Reserved { registration: claim.by.clone(), until };
    let suspends = match held.others {
        OtherNumbers::Some => None,
        OtherNumbers::None => Some(Effect::SuspendOrganization {
            organization: held.by.clone(),
            why: Suspension::NoTaxId,
        }),
    };
    Ok(taken_away(held, state)
        .with_any(suspends)
        .telling(Recipient::Registrant(claim.by.clone()), News::TaxIdReserved { until })
        .with(Effect::NumberReserved(claim.by)))
}

/// The owner is gone for good: nobody is left to answer whoever asks, so they need not wait.
fn dissolved(held: &Held, rules: &Rules, now: DateTime<Utc>) -> Outcome<Holding> {
    let until = now + rules.reserved_for;
    let Some(claim) = &held.claim else { return lost_by_closing(held, Holding::Free) };
    let registration = claim.by.clone();
    let state = Holding::Reserved { registration: registration.clone(), until };
    lost_by_closing(held, state)
        .telling(Recipient::Registrant(registration.clone()), News::TaxIdReserved { until })
        .with(Effect::NumberReserved(registration))
}

/// Its own people hear that their organization is closed, and not of each number beside that.
fn lost_by_closing(held: &Held, state: Holding) -> Outcome<Holding> {
    let owner = Recipient::AdministratorsOf(held.by.clone());
    let mut outcome = taken_away(held, state);
    outcome.letters.retain(|letter| letter.to != owner);
    outcome
}

/// What every loss of a number brings with it: whoever acts under it stops at once.
fn taken_away(held: &Held, state: Holding) -> Outcome<Holding> {
    let mut outcome = Outcome::new(state, Kind::TaxidReleased);
    for organization in std::iter::once(&held.by).chain(&held.representatives) {
        let whose = Whose::TaxId(organization.clone(), held.id.clone());
        let to = Recipient::AdministratorsOf(organization.clone());
        outcome = outcome
            .telling(to, News::TaxIdReleased)
            .with(Effect::EndAccess(Ending { whose, cause: Cause::TaxIdReleased }));
    }
    outcome
}

/// Only a company that works for who asks can go on under their number.
fn hand_over(held: Held, rules: &Rules, now: DateTime<Utc>) -> Result<Outcome<Holding>, Refusal> {
    let mut held = held;
    let claim = held.claim.as_mut().ok_or(Refusal::NothingToDecide)?;
    if claim.ground != Ground::WorksForUs {
        return Err(Refusal::NothingToDecide);
    }
    let until = now + rules.reserved_for;
    claim.stage = Stage::Agreed { until };
    let registration = claim.by.clone();
    let to = Recipient::Registrant(registration.clone());
    Ok(Outcome::new(Holding::Held(held), Kind::TaxidRepresented)
        .telling(to, News::TaxIdReserved { until })
        .with(Effect::NumberReserved(registration)))
}

/// In a dispute an objection is one side's evidence; where the owner only was asked, it is an
/// answer. Who is not content with the answer disputes it, and Support decides.
fn object(held: Held, evidence: Evidence) -> Result<Outcome<Holding>, Refusal> {
    let mut held = held;
    let claim = held.claim.as_mut().ok_or(Refusal::NothingToDecide)?;
    let registration = claim.by.clone();
    let registrant = Recipient::Registrant(registration.clone());
    match (claim.ground, &claim.stage) {
        (_, Stage::Proposed { .. }) => Err(Refusal::NothingToDecide),
        (Ground::Disputed, Stage::Asked | Stage::Objected(_) | Stage::Agreed { .. }) => {
            claim.stage = Stage::Objected(evidence);
            Ok(Outcome::new(Holding::Held(held), Kind::TaxidObjected))
        }
        (Ground::NobodyLeft | Ground::WorksForUs, _) => {
            let Outcome { state, audit, letters, effects } = kept(held);
            let audit = [vec![Kind::TaxidObjected], audit].concat();
            Ok(Outcome { state, audit, letters, effects }
                .telling(registrant, News::TaxIdKept)
                .with(Effect::NumberKept(registration)))
        }
    }
}

fn propose(
    held: Held,
    document: Evidence,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Outcome<Holding>, Refusal> {
    may(actor, Action::ProposeRelease, Target::Community)?;
    not_the_claimant(&held, actor)?;
    let mut held = held;
    let claim = held.claim.as_mut().ok_or(Refusal::NothingToDecide)?;
    let by = actor.person().ok_or(Refusal::SamePerson)?;
    let objection = match claim.stage.clone() {
        // Who was asked is waited for; who has answered is not.
        Stage::Asked if now < claim.answer_due_at => {
            return Err(Refusal::NotYet { until: claim.answer_due_at });
        }
        Stage::Asked => None,
        Stage::Objected(evidence) => Some(evidence),
        Stage::Agreed { .. } | Stage::Proposed { .. } => return Err(Refusal::NothingToDecide),
    };
    claim.stage = Stage::Proposed { by: by.clone(), document, objection };
    Ok(Outcome::new(Holding::Held(held), Kind::TaxidReleaseProposed))
}

fn give_up(held: &Held) -> Result<Outcome<Holding>, Refusal> {
    match (&held.claim, held.others) {
        // Who is asked for it answers; a gift to nobody would let the next best have it.
        (Some(_), _) => Err(Refusal::ClaimedAlready),
        (None, OtherNumbers::None) => Err(Refusal::LastNumber),
        (None, OtherNumbers::Some) => Ok(taken_away(held, Holding::Free)),
    }
}

fn appoint(held: Held, organization: OrganizationId) -> Result<Outcome<Holding>, Refusal> {
    let mut held = held;
    let owner = held.by.clone();
    if organization == owner || !held.representatives.insert(organization.clone()) {
        return Err(Refusal::NothingToDecide);
    }
    let to = Recipient::AdministratorsOf(organization);
    Ok(Outcome::new(Holding::Held(held), Kind::TaxidRepresented)
        .telling(to, News::RepresentationBegun { owner }))
}

fn dismiss(held: Held, organization: OrganizationId) -> Result<Outcome<Holding>, Refusal> {
    let mut held = held;
    if !held.representatives.remove(&organization) {
        return Err(Refusal::NothingToDecide);
    }
    let owner = held.by.clone();
    let whose = Whose::TaxId(organization.clone(), held.id.clone());
    let news = || News::RepresentationEnded { owner: owner.clone() };
    Ok(Outcome::new(Holding::Held(held), Kind::TaxidRepresentationEnded)
        .telling(Recipient::AdministratorsOf(organization), news())
        .telling(Recipient::AdministratorsOf(owner.clone()), news())
        .with(Effect::EndAccess(Ending { whose, cause: Cause::TaxIdReleased })))
}
