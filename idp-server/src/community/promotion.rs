//! Becoming an Administrator (R46–R48; domain 4.8): proposed, proved, acknowledged, and all that can
//! come between.
//!
//! What an Administrator does is looked for in their own organization, what a candidate does among
//! their own promotions, and both in SQL: whatever is somebody else's is not there (security 20.1).

mod candidate;

pub use candidate::{Candidate, candidate};
use idp_core::{
    community::{
        actor::Actor,
        affiliation::Affiliation,
        identity_proof::{self, Judgement, NOTARY_LASTS, Proofing, TestResult},
        news::{News, Recipient},
        notary_reference::NotaryReference,
        outcome::Outcome,
        permission::{Action, Denied},
        promotion::{self, CallBack, Command, Promotion, Refusal, SecondFactor, Stage},
        ticket::{Regarding, State, TicketKind},
    },
    ids::{OrganizationId, PromotionId, SubscriberId, TicketId},
};
use serde_json::json;

use super::{About, Office, nomination::administrator};
use crate::store::{
    AnyConn, StoreError, affiliation, factor, organization, promotion as store, tax_id, ticket,
};

/// What came of a wish. A refusal is a value, so that what it left in the record is kept.
pub type Decided<T> = Result<T, Refusal>;

/// What a candidate does.
#[derive(Clone, Debug)]
pub enum Step {
    /// Acknowledges the duties: the last step.
    Acknowledge,
    /// Does not become an Administrator.
    Decline,
    /// Goes to a notary.
    GoToNotary,
    /// Took the knowledge test.
    Take(TestResult),
}

/// What Support does with a promotion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Is the second pair of eyes.
    Approve,
    /// Judges the notary's form that has come.
    Judge(Judgement),
    /// Takes it back.
    Withdraw,
}

/// An Administrator proposes a colleague.
///
/// # Errors
/// [`StoreError`].
pub fn propose(
    conn: &mut AnyConn,
    office: &Office,
    who: &SubscriberId,
) -> Result<Decided<Promotion>, StoreError> {
    let of = match administrator(office) {
        Ok((_, of)) => of.clone(),
        Err(denied) => return refuse(conn, office, Action::ProposePromotion, denied.into()),
    };
    begin(conn, office, (&of, who), None)
}

/// Support proposes somebody because the organization's Administrator has left: on this ticket, and
/// after a call back to the organization's listed number. The ticket leads to the promotion from
/// then on.
///
/// # Errors
/// [`StoreError`].
pub fn propose_on_ticket(
    conn: &mut AnyConn,
    office: &Office,
    id: &TicketId,
    (of, who): (&OrganizationId, &SubscriberId),
    call_back: CallBack,
) -> Result<Decided<Promotion>, StoreError> {
    let Some(kept) = ticket::load_for_update(conn, id)? else {
        return refuse(conn, office, Action::ProposePromotion, Denied::NotFound.into());
    };
    let open = matches!(kept.ticket.state, State::New | State::Assigned(_) | State::Waiting(_));
    // A ticket leads to one promotion; that of the desk's own making refers to nobody's.
    let refers = matches!(kept.regarding, Some(Regarding::Promotion(_)));
    if kept.ticket.kind != TicketKind::PromoteAdmin || !open || refers {
        return Ok(Err(Refusal::OutOfOrder));
    }
    let begun = begin(conn, office, (of, who), Some(call_back))?;
    if let Ok(promotion) = &begun {
        ticket::refer(conn, id, &Regarding::Promotion(promotion.id.clone()), of)?;
    }
    Ok(begun)
}

fn begin(
    conn: &mut AnyConn,
    office: &Office,
    (of, who): (&OrganizationId, &SubscriberId),
    call_back: Option<CallBack>,
) -> Result<Decided<Promotion>, StoreError> {
    // Two who propose the same person at once come one after the other.
    organization::lock(conn, of)?;
    let record = affiliation::of_person_in(conn, of, who)?;
    let affiliation = match record {
        Some(record) => joined(conn, office, record)?,
        None => None,
    };
    let Some(affiliation) = affiliation else {
        return refuse(conn, office, Action::ProposePromotion, Denied::NotFound.into());
    };
    if let Some(open) = store::open_in(conn, of, who)? {
        if !open.is_late(office.now) && open.affiliation == affiliation.id {
            return Ok(Err(Refusal::OutOfOrder));
        }
        // It is over by date, or was about an affiliation that has ended.
        close(conn, office, open)?;
    }
    let id = PromotionId::from_random(office.random.bytes());
    let outcome = match promotion::propose(id, &affiliation, call_back, &office.actor, office.now) {
        Ok(outcome) => outcome,
        Err(refusal) => return refuse(conn, office, Action::ProposePromotion, refusal),
    };
    store::insert(conn, &outcome.state)?;
    let about = about(&outcome.state);
    Ok(Ok(office.carry_out(conn, outcome, &about)?.state))
}

/// Settles what nothing can become of any more, so that somebody can be proposed anew.
fn close(conn: &mut AnyConn, office: &Office, open: Promotion) -> Result<(), StoreError> {
    if open.is_late(office.now) {
        return settle(conn, office, open).map(drop);
    }
    store::save(conn, &Promotion { stage: Stage::Over, moved_at: office.now, ..open })
}

/// An Administrator takes a proposal of the own organization back, whoever made it.
///
/// # Errors
/// [`StoreError`].
pub fn withdraw(
    conn: &mut AnyConn,
    office: &Office,
    who: &SubscriberId,
) -> Result<Decided<Promotion>, StoreError> {
    let of = match administrator(office) {
        Ok((_, of)) => of.clone(),
        Err(denied) => return refuse(conn, office, Action::ProposePromotion, denied.into()),
    };
    organization::lock(conn, &of)?;
    let Some(open) = store::open_in(conn, &of, who)? else {
        return refuse(conn, office, Action::ProposePromotion, Denied::NotFound.into());
    };
    transition(conn, office, open, Command::Withdraw)
}

/// The promotion of a person of the office's organization that goes on now.
///
/// # Errors
/// [`StoreError`].
pub fn running_in(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    who: &SubscriberId,
) -> Result<Option<Promotion>, StoreError> {
    let open = store::open_in(conn, of, who)?;
    Ok(open.filter(|promotion| !promotion.is_late(office.now)))
}

/// The promotions that whoever acts is asked about now, with the organizations' names. One that
/// Support has not approved is not theirs to answer yet.
///
/// # Errors
/// [`StoreError`].
pub fn own(conn: &mut AnyConn, office: &Office) -> Result<Vec<(Promotion, String)>, StoreError> {
    let Actor::Subscriber(who) = &office.actor else { return Ok(Vec::new()) };
    let mut own = Vec::new();
    for open in store::open_of(conn, who)? {
        if open.is_late(office.now) || matches!(open.stage, Stage::Asked { .. }) {
            continue;
        }
        if let Some(organization) = organization::find(conn, &open.organization)? {
            own.push((open, organization.name));
        }
    }
    Ok(own)
}

/// A promotion of whoever acts, as it stands; what is another's is not there, and that they asked is
/// written down.
///
/// # Errors
/// [`StoreError`].
pub fn of_candidate(
    conn: &mut AnyConn,
    office: &Office,
    id: &PromotionId,
) -> Result<Option<(Promotion, String)>, StoreError> {
    let found = store::find(conn, id)?;
    let theirs = found.filter(|promotion| {
        office.actor.person() == Some(&promotion.candidate)
            && !matches!(promotion.stage, Stage::Asked { .. })
    });
    let organization = match &theirs {
        Some(promotion) => organization::find(conn, &promotion.organization)?,
        None => None,
    };
    if theirs.is_none() {
        office.refused(conn, Action::ProveIdentity, Denied::NotFound)?;
    }
    Ok(theirs.zip(organization).map(|(promotion, found)| (promotion, found.name)))
}

/// The candidate takes a step.
///
/// # Errors
/// [`StoreError`].
pub fn take(
    conn: &mut AnyConn,
    office: &Office,
    id: &PromotionId,
    step: Step,
) -> Result<Decided<Promotion>, StoreError> {
    let found = store::find_for_update(conn, id)?;
    let Some(promotion) = found.filter(|it| office.actor.person() == Some(&it.candidate)) else {
        return refuse(conn, office, Action::ProveIdentity, Denied::NotFound.into());
    };
    let command = match step {
        Step::Acknowledge => {
            let enrolled = !factor::of_subscriber(conn, &promotion.candidate)?.is_empty();
            let factor = if enrolled { SecondFactor::Enrolled } else { SecondFactor::Missing };
            Command::Acknowledge(factor)
        }
        Step::Decline => Command::Decline,
        Step::GoToNotary => {
            let reference = NotaryReference::from_random(office.random.bytes());
            Command::Prove(identity_proof::Command::GoToNotary(reference))
        }
        Step::Take(result) => Command::Prove(identity_proof::Command::Take(result)),
    };
    transition(conn, office, promotion, command)
}

/// Support does something with a promotion.
///
/// # Errors
/// [`StoreError`].
pub fn at_the_desk(
    conn: &mut AnyConn,
    office: &Office,
    id: &PromotionId,
    deed: Deed,
) -> Result<Decided<Promotion>, StoreError> {
    let Some(promotion) = store::find_for_update(conn, id)? else {
        return refuse(conn, office, Action::ApprovePromotion, Denied::NotFound.into());
    };
    let command = match deed {
        Deed::Approve => Command::Approve,
        Deed::Judge(judgement) => Command::Prove(identity_proof::Command::Judge(judgement)),
        Deed::Withdraw => Command::Withdraw,
    };
    transition(conn, office, promotion, command)
}

/// Notes that nobody went on with some promotions in time; says how many.
///
/// # Errors
/// [`StoreError`].
pub fn expire(conn: &mut AnyConn, office: &Office, most: i64) -> Result<usize, StoreError> {
    let mut noted = 0;
    for id in store::due(conn, office.now, most)? {
        let Some(promotion) = store::find_for_update(conn, &id)? else { continue };
        if settle(conn, office, promotion)?.is_ok() {
            noted += 1;
        }
    }
    Ok(noted)
}

/// Brings some of the promotions in an organization to an end that is closed; says how many.
///
/// # Errors
/// [`StoreError`].
pub(super) fn dissolve(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    most: i64,
) -> Result<usize, StoreError> {
    let mut ended = 0;
    for promotion in store::open_among(conn, of, most)? {
        ended += usize::from(transition(conn, office, promotion, Command::Dissolve)?.is_ok());
    }
    Ok(ended)
}

/// Writes down what the date has decided: nobody in particular does.
fn settle(
    conn: &mut AnyConn,
    office: &Office,
    promotion: Promotion,
) -> Result<Decided<Promotion>, StoreError> {
    let job = Office { actor: Actor::Job("promotion-expiry"), session: None, ..office.clone() };
    transition(conn, &job, promotion, Command::Expire)
}

/// Reminds a candidate of the notary's form, at 7 and at 21 days.
///
/// # Errors
/// [`StoreError`].
pub fn remind_of_notary(
    conn: &mut AnyConn,
    office: &Office,
    promotion: &Promotion,
) -> Result<(), StoreError> {
    let Stage::Proofing(proofing) = &promotion.stage else { return Ok(()) };
    let Proofing::AtNotary { reference, since } = proofing else { return Ok(()) };
    office.remind(conn, ("notary", promotion.id.as_str()), &about(promotion), |told_at| {
        proofing.reminder(told_at, office.now)?;
        let until = *since + NOTARY_LASTS;
        let news = News::NotaryReminder { reference: reference.to_string(), until };
        Some((Recipient::Subscriber(promotion.candidate.clone()), news))
    })
}

fn transition(
    conn: &mut AnyConn,
    office: &Office,
    promotion: Promotion,
    command: Command,
) -> Result<Decided<Promotion>, StoreError> {
    let record = affiliation::find(conn, &promotion.affiliation)?;
    let affiliation = match record {
        Some(record) => joined(conn, office, record)?,
        None => None,
    };
    let Some(affiliation) = affiliation else {
        return refuse(conn, office, Action::ProveIdentity, Denied::NotFound.into());
    };
    let decided = promotion::decide(promotion, command, &affiliation, &office.actor, office.now);
    match decided {
        Err(refusal) => refuse(conn, office, Action::ProveIdentity, refusal),
        Ok(outcome) => keep(conn, office, outcome).map(Ok),
    }
}

fn keep(
    conn: &mut AnyConn,
    office: &Office,
    outcome: Outcome<Promotion>,
) -> Result<Promotion, StoreError> {
    store::save(conn, &outcome.state)?;
    let about = about(&outcome.state);
    Ok(office.carry_out(conn, outcome, &about)?.state)
}

/// An affiliation with what its identifiers stand for, also one that has ended.
fn joined(
    conn: &mut AnyConn,
    office: &Office,
    record: affiliation::AffiliationRecord,
) -> Result<Option<Affiliation>, StoreError> {
    let Some(body) = organization::find(conn, &record.organization)? else { return Ok(None) };
    let tax_ids = tax_id::acted_under(conn, &body.id, &*office.open_ssn)?;
    Ok(Some(record.join(body, tax_ids)))
}

fn refuse<T>(
    conn: &mut AnyConn,
    office: &Office,
    action: Action,
    why: Refusal,
) -> Result<Decided<T>, StoreError> {
    let denied = match why {
        Refusal::Denied(denied) | Refusal::Proof(identity_proof::Refusal::Denied(denied)) => denied,
        other @ (Refusal::AlreadyAdministrator
        | Refusal::NotActive
        | Refusal::OutOfOrder
        | Refusal::Proof(_)
        | Refusal::SamePerson
        | Refusal::SecondFactorDue) => return Ok(Err(other)),
    };
    office.refused(conn, action, denied)?;
    Ok(Err(Refusal::Denied(denied)))
}

/// What a promotion's event, mails and ticket are about.
fn about(promotion: &Promotion) -> About {
    About {
        organization: Some(promotion.organization.clone()),
        subject: Some(promotion.candidate.clone()),
        regarding: Some(Regarding::Promotion(promotion.id.clone())),
        after: Some(json!({ "promotion": promotion.id, "stage": store::state(&promotion.stage) })),
        ..About::default()
    }
}
