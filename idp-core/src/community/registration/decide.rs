//! Where a step of a registration leads.

use chrono::{DateTime, Utc};

use super::{
    ABANDONED_AFTER, Applicant, Asked, Availability, Comes, Command, Contact, Details, First, Keys,
    MOST_TAKEN_NUMBERS, Refusal, Registration, Signed, Stage, Work,
    dialogue::{self, Dialogue, End, Gate},
    identity_proof::{self, Proofing, TestResult},
};
use crate::{
    audit::Kind,
    community::{
        actor::Actor,
        news::{News, Recipient},
        nomination,
        outcome::{Effect, Outcome},
        permission::{Action, Denied, Target, may},
        tax_id_entry::{Prefix, override_prefix},
        tax_id_registry::Ground,
        ticket::TicketKind,
    },
    ids::{OrganizationId, RegistrationId},
};

/// Somebody begins to register an organization. A link goes to the mailbox; the code is shown on the
/// page, once.
///
/// # Errors
/// [`Denied`].
pub fn begin(
    id: RegistrationId,
    contact: Contact,
    keys: Keys,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Outcome<Registration>, Denied> {
    may(actor, Action::Register, Target::Community)?;
    let registrant = actor.person().cloned();
    let to = Recipient::Registrant(id.clone());
    let stage = Stage::Draft;
    let asked = Asked::default();
    let begun = Registration {
        id,
        contact,
        keys,
        registrant,
        started_at: now,
        moved_at: now,
        stage,
        asked,
        told: None,
        work: None,
    };
    let until = now + ABANDONED_AFTER;
    Ok(Outcome::new(begun, Kind::OrgStarted).telling(to, News::RegistrationBegun { until }))
}

/// Where a command leads.
///
/// # Errors
/// [`Refusal`]: nothing has happened.
pub fn decide(
    registration: Registration,
    command: Command,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Outcome<Registration>, Refusal> {
    permitted(&registration, &command, actor)?;
    let registrant = Recipient::Registrant(registration.id.clone());
    if matches!(command, Command::Erase) {
        return if registration.is_to_be_erased(now) {
            let erased = Registration { stage: Stage::Erased, ..registration };
            Ok(Outcome::new(erased, Kind::OrgErased))
        } else {
            Err(Refusal::OutOfOrder)
        };
    }
    if registration.is_abandoned(now) {
        return Err(Refusal::Abandoned);
    }
    let id = registration.id.clone();
    let whose = registration.registrant.clone();
    let (told, work) = remembered(&registration, &command);
    // Asked for, or kept for it already: nobody else is to wait for the number of what is over.
    let has_number = registration.stage.applicant().is_some();
    let claim_withdrawn = has_number.then(|| Effect::WithdrawClaim(id.clone()));
    let outcome = match (registration.stage.clone(), command) {
        (Stage::Draft, Command::VerifyContact) => {
            Outcome::new(Stage::ContactVerified, Kind::OrgContactVerified)
        }
        (Stage::ContactVerified, Command::Describe { applicant, availability }) => {
            let used_up = registration.asked.numbers >= MOST_TAKEN_NUMBERS;
            if availability == Availability::Taken && used_up {
                return Err(Refusal::TooManyNumbers);
            }
            described(applicant, availability)
        }
        // The number became free while it was asked about.
        (
            Stage::Dialogue(..),
            Command::Describe { applicant, availability: Availability::Open },
        ) => described(applicant, Availability::Open),
        (Stage::Dialogue(applicant, dialogue), Command::Answer { answer, owner, gate }) => {
            let used_up = registration.asked.contacts >= dialogue::MOST_CONTACTS;
            let gate = if used_up { Gate::TooMany } else { gate };
            let next = dialogue.after(answer, &owner, gate)?;
            let next = next.map(|dialogue| answered(applicant, dialogue));
            let claim = if let Stage::Waiting(_, ground) = &next.state {
                Some(Effect::ClaimNumber { registration: id.clone(), ground: *ground })
            } else {
                None
            };
            next.with_any(claim)
        }
        (Stage::Waiting(applicant, _), Command::NumberReserved) => {
            Outcome::new(Stage::Agreement(applicant), Kind::OrgChanged)
        }
        (Stage::Waiting(applicant, ground), Command::NumberKept) => {
            let stage = match ground {
                // Support has decided; there is no higher place.
                Ground::Disputed => Stage::ContactVerified,
                Ground::NobodyLeft | Ground::WorksForUs => {
                    Stage::Dialogue(applicant, Dialogue::TypeAgain)
                }
            };
            Outcome::new(stage, Kind::OrgChanged)
        }
        (stage @ Stage::Agreement(_), Command::TellWork(_)) => {
            Outcome::new(stage, Kind::OrgChanged)
        }
        (Stage::Agreement(_), Command::Sign { .. }) if work.is_none() => {
            return Err(Refusal::WorkDue);
        }
        (Stage::Agreement(applicant), Command::Sign { in_force, shown, signatory, address }) => {
            if in_force.id != shown || !in_force.is_in_force() {
                return Err(Refusal::AgreementChanged);
            }
            let text_hash = in_force.text.hash();
            let signed = Signed {
                agreement: shown,
                text_hash,
                signatory,
                at: now,
                address,
                // There is no signatory who has not ticked that too.
                duties_acknowledged_at: Some(now),
            };
            Outcome::new(Stage::Identity(applicant, signed, Proofing::DUE), Kind::OrgAgreed)
        }
        (Stage::Identity(applicant, signed, proofing), Command::Prove(step)) => {
            let (kind, refused) = (proved_kind(&step), step.news());
            let next = proofing.after(step, whose.as_ref(), actor, now)?;
            let outcome = proved(applicant, signed, next, kind, &registrant);
            outcome.telling_any(registrant, refused)
        }
        (
            Stage::Review(..),
            Command::Approve { organization, availability: Availability::Open, prefix, registrant },
        ) => {
            let first = registrant.first(registration.work.as_ref())?;
            let overridden = match prefix {
                Prefix::Listed => None,
                Prefix::Unlisted { reason } => Some(override_prefix(actor, &reason)?),
            };
            let noted = overridden.into_iter().flat_map(|overridden| overridden.audit);
            let approved = approved(organization, first, &registration, actor, now)?;
            noted.fold(approved, Outcome::noted)
        }
        // Somebody was faster with the same number. What was signed was signed for it.
        (
            Stage::Review(applicant, ..),
            Command::Approve { availability: Availability::Taken, .. },
        ) => {
            described(applicant, Availability::Taken).telling(registrant, News::TaxIdTakenMeanwhile)
        }
        (stage, Command::Reject(reason)) if !is_over(&stage) => {
            let news = News::RegistrationRejected { reason: reason.as_str().to_owned() };
            Outcome::new(Stage::Rejected, Kind::OrgRejected)
                .telling(registrant, news)
                .with_any(claim_withdrawn)
        }
        (stage, Command::Withdraw) if !is_over(&stage) => {
            Outcome::new(Stage::Withdrawn, Kind::OrgWithdrawn).with_any(claim_withdrawn)
        }
        _ => return Err(Refusal::OutOfOrder),
    };
    let asked = registration.asked.after(&outcome.audit);
    Ok(outcome.map(|stage| Registration {
        id,
        moved_at: now,
        stage,
        asked,
        told,
        work,
        ..registration
    }))
}

/// What was told of the organization, and of the registrant's work there, once this step is taken.
fn remembered(registration: &Registration, command: &Command) -> (Option<Details>, Option<Work>) {
    let mut told = registration.told.clone();
    let mut work = registration.work.clone();
    if let Command::Describe { applicant, .. } = command {
        told = Some(applicant.details.clone());
    } else if let Command::TellWork(now) = command {
        work = Some(now.clone());
    }
    (told, work)
}

impl Asked {
    /// What it comes to after a step that is written down so.
    fn after(self, audit: &[Kind]) -> Self {
        let count = |kind| audit.iter().filter(|found| **found == kind).count();
        Self {
            numbers: self.numbers.saturating_add(count(Kind::TaxidDuplicateFound)),
            contacts: self.contacts.saturating_add(count(Kind::TaxidContactDisclosed)),
        }
    }
}

/// Who may take which step. Steps of the registrant are behind the link and the code that they
/// got at the beginning: the shell finds a registration by nothing else.
fn permitted(registration: &Registration, command: &Command, actor: &Actor) -> Result<(), Refusal> {
    let action = match command {
        Command::Answer { .. }
        | Command::Describe { .. }
        | Command::Sign { .. }
        | Command::TellWork(_)
        | Command::VerifyContact
        | Command::Withdraw
        | Command::Prove(
            identity_proof::Command::GoToNotary(_) | identity_proof::Command::Take(_),
        ) => Action::Register,
        Command::Approve { .. } => Action::ApproveRegistration,
        Command::Prove(identity_proof::Command::Judge(_)) | Command::Reject(_) => {
            Action::DecideRegistration
        }
        Command::Erase => Action::Expire,
        // These follow from a decision about the number, in its transaction.
        Command::NumberKept | Command::NumberReserved => return Ok(()),
    };
    may(actor, action, Target::Community)?;
    match actor {
        Actor::Support { who, .. } if registration.registrant.as_ref() == Some(who) => {
            Err(Refusal::OwnRegistration)
        }
        // Somebody with an account goes on with their own registration only.
        Actor::Subscriber(who) if registration.registrant.as_ref() != Some(who) => {
            Err(Refusal::Denied(Denied::NotFound))
        }
        Actor::Administrator { .. }
        | Actor::Job(_)
        | Actor::Nobody
        | Actor::Subscriber(_)
        | Actor::Support { .. } => Ok(()),
    }
}

/// The number is to be had, or questions follow.
fn described(applicant: Applicant, availability: Availability) -> Outcome<Stage> {
    match availability {
        Availability::Open => Outcome::new(Stage::Agreement(applicant), Kind::OrgChanged),
        Availability::Taken => {
            Dialogue::begin().map(|dialogue| Stage::Dialogue(applicant, dialogue))
        }
    }
}

fn answered(applicant: Applicant, dialogue: Dialogue) -> Stage {
    match dialogue {
        Dialogue::Ended(End::AnotherNumber) => Stage::ContactVerified,
        Dialogue::Ended(end) => match end.ground() {
            Some(ground) => Stage::Waiting(applicant, ground),
            None => Stage::Referred(end),
        },
        going_on @ (Dialogue::StillThere { .. } | Dialogue::TypeAgain | Dialogue::Whose) => {
            Stage::Dialogue(applicant, going_on)
        }
    }
}

/// How the audit record calls a step of proving.
const fn proved_kind(step: &identity_proof::Command) -> Kind {
    match step {
        identity_proof::Command::GoToNotary(_) => Kind::OrgNotaryChosen,
        identity_proof::Command::Take(TestResult::Passed { .. })
        | identity_proof::Command::Judge(identity_proof::Judgement::Accepted) => Kind::OrgProofed,
        identity_proof::Command::Take(
            TestResult::Failed | TestResult::NoQuestions | TestResult::Unavailable,
        )
        | identity_proof::Command::Judge(identity_proof::Judgement::Refused(_)) => {
            Kind::OrgProofFailed
        }
    }
}

fn proved(
    applicant: Applicant,
    signed: Signed,
    proofing: Proofing,
    kind: Kind,
    registrant: &Recipient,
) -> Outcome<Stage> {
    match proofing {
        Proofing::Proved(proof) => Outcome::new(Stage::Review(applicant, signed, proof), kind)
            .telling(registrant.clone(), News::RegistrationInReview),
        Proofing::AtNotary { reference, since } => {
            let until = since + identity_proof::NOTARY_LASTS;
            let news = News::NotaryInstructions { reference: reference.to_string(), until };
            let stage = Stage::Identity(applicant, signed, Proofing::AtNotary { reference, since });
            Outcome::new(stage, kind)
                .telling(registrant.clone(), news)
                .with(Effect::OpenTicket(TicketKind::Notary))
        }
        due @ Proofing::Due { .. } => Outcome::new(Stage::Identity(applicant, signed, due), kind),
    }
}

fn approved(
    organization: OrganizationId,
    first: First,
    registration: &Registration,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Outcome<Stage>, Refusal> {
    // Whoever began without signing in may have an account at the support desk all the same.
    if actor.person() == Some(&first.id) {
        return Err(Refusal::OwnRegistration);
    }
    let until = match first.comes {
        Comes::ByNomination => Some(now + nomination::CODE_LASTS),
        Comes::WithAccount => None,
    };
    let opened = Effect::OpenOrganization {
        organization: organization.clone(),
        first,
        registration: registration.id.clone(),
    };
    let news = News::RegistrationApproved { organization: organization.clone(), until };
    Ok(Outcome::new(Stage::Approved(organization), Kind::OrgApproved)
        .noted(Kind::AdminPromoted)
        .telling(Recipient::Registrant(registration.id.clone()), news)
        .with(opened))
}

const fn is_over(stage: &Stage) -> bool {
    match stage {
        Stage::Approved(_)
        | Stage::Erased
        | Stage::Referred(_)
        | Stage::Rejected
        | Stage::Withdrawn => true,
        Stage::Agreement(_)
        | Stage::ContactVerified
        | Stage::Dialogue(..)
        | Stage::Draft
        | Stage::Identity(..)
        | Stage::Review(..)
        | Stage::Waiting(..) => false,
    }
}
