//! How what a ticket is about stands: whether it is decided, and how.
//!
//! It is looked up where it is decided, and never taken from whoever works on the ticket: a tick
//! would be one person's word for what two persons decide.

use chrono::{DateTime, Utc};

use super::TicketKind;
use crate::community::{
    identity_proof::Proofing,
    promotion::{self, Promotion},
    registration::{self, Registration},
    tax_id_registry::{self, Claim},
};

/// What a ticket is about, as it was found.
#[derive(Clone, Copy, Debug)]
pub enum Matter<'a> {
    /// Organizations that should have an Administrator; how many of them have none that can act.
    Organizations {
        /// How many.
        without: usize,
    },
    /// Nothing, or nothing that is there any more.
    Nothing,
    /// Somebody who is to become an Administrator.
    Promotion(&'a Promotion),
    /// An organization that registers.
    Registration(&'a Registration),
    /// A number that an organization has, and who asks for it.
    TaxId(Option<&'a Claim>),
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The answer in the ticket is all there is.
    ByAnswer,
    /// It is decided.
    Decided(Decision, Option<DateTime<Utc>>),
    /// It is not.
    Open(Waits),
}

/// How something was decided. When is known of what is kept; a number keeps no claim that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// There is an Administrator.
    AdministratorThere,
    /// The notary's form was decided on, or is needed no longer.
    FormSettled,
    /// What it was about is not there any more: a number was released, a registration erased.
    Gone,
    /// The owner of the number agreed that who asked gets it.
    NumberAgreed,
    /// Nobody asks for the number any more, and it stays.
    NumberKept,
    /// The promotion was approved; the rest is the candidate's.
    PromotionApproved,
    /// They are an Administrator.
    PromotionDone,
    /// The promotion came to nothing.
    PromotionOver,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Waits {
    /// An Administrator, whom nobody has proposed yet. The desk may also turn that down.
    ForAdministrator,
    /// The second pair of eyes, for a promotion.
    ForApproval,
    /// The notary's form.
    ForForm,
    /// The owner's answer about the number.
    ForOwner {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// Support, for the owner objects.
    ForSupport,
    /// Support, for the owner's time is over.
    ForSupportWithoutAnswer,
    /// The second pair of eyes, for the release of a number.
    ForRelease,
}

impl Standing {
    /// How what a ticket of this kind is about stands at `now`; `opened_at`: when the ticket was.
    #[must_use]
    pub fn of(
        kind: TicketKind,
        opened_at: DateTime<Utc>,
        matter: Matter<'_>,
        now: DateTime<Utc>,
    ) -> Self {
        match (kind, matter) {
            (TicketKind::AccountHelp | TicketKind::Contact | TicketKind::FindOrganization, _) => {
                Self::ByAnswer
            }
            (TicketKind::Notary, Matter::Registration(registration)) => {
                form(registration, is_at_notary(&registration.stage))
            }
            (TicketKind::Notary, Matter::Promotion(promotion)) => {
                let waits = matches!(
                    promotion.stage,
                    promotion::Stage::Proofing(Proofing::AtNotary { .. })
                );
                if waits && !promotion.is_late(now) {
                    Self::Open(Waits::ForForm)
                } else {
                    Self::Decided(Decision::FormSettled, Some(promotion.moved_at))
                }
            }
            (TicketKind::PromoteAdmin, Matter::Promotion(promotion)) => promoted(promotion, now),
            (TicketKind::PromoteAdmin, Matter::Organizations { without: 0 }) => {
                Self::Decided(Decision::AdministratorThere, None)
            }
            (TicketKind::PromoteAdmin, _) => Self::Open(Waits::ForAdministrator),
            (TicketKind::TaxIdDispute | TicketKind::TaxIdRelease, Matter::TaxId(claim)) => {
                claimed(claim, opened_at, now)
            }
            (TicketKind::Notary | TicketKind::TaxIdDispute | TicketKind::TaxIdRelease, _) => {
                Self::Decided(Decision::Gone, None)
            }
        }
    }

    /// Its code, for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ByAnswer => "by-answer",
            Self::Decided(decision, _) => match decision {
                Decision::AdministratorThere => "administrator-there",
                Decision::FormSettled => "form-settled",
                Decision::Gone => "gone",
                Decision::NumberAgreed => "number-agreed",
                Decision::NumberKept => "number-kept",
                Decision::PromotionApproved => "promotion-approved",
                Decision::PromotionDone => "promotion-done",
                Decision::PromotionOver => "promotion-over",
            },
            Self::Open(waits) => match waits {
                Waits::ForAdministrator => "waits-for-administrator",
                Waits::ForApproval => "waits-for-approval",
                Waits::ForForm => "waits-for-form",
                Waits::ForOwner { .. } => "waits-for-owner",
                Waits::ForRelease => "waits-for-release",
                Waits::ForSupport => "waits-for-support",
                Waits::ForSupportWithoutAnswer => "waits-for-support-without-answer",
            },
        }
    }

    /// Whether the ticket can be resolved.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        match self {
            Self::ByAnswer | Self::Decided(..) => true,
            Self::Open(_) => false,
        }
    }

    /// Whether the desk may turn down what is asked for, where nothing else has to be decided.
    #[must_use]
    pub const fn can_be_turned_down(self) -> bool {
        matches!(self, Self::Open(Waits::ForAdministrator))
    }
}

fn form(registration: &Registration, waits: bool) -> Standing {
    if waits {
        Standing::Open(Waits::ForForm)
    } else {
        Standing::Decided(Decision::FormSettled, Some(registration.moved_at))
    }
}

const fn is_at_notary(stage: &registration::Stage) -> bool {
    matches!(stage, registration::Stage::Identity(_, _, Proofing::AtNotary { .. }))
}

fn promoted(promotion: &Promotion, now: DateTime<Utc>) -> Standing {
    let at = Some(promotion.moved_at);
    if promotion.is_late(now) {
        return Standing::Decided(Decision::PromotionOver, at);
    }
    match promotion.stage {
        promotion::Stage::Asked { .. } => Standing::Open(Waits::ForApproval),
        promotion::Stage::Proofing(_) | promotion::Stage::DutiesDue(_) => {
            Standing::Decided(Decision::PromotionApproved, at)
        }
        promotion::Stage::Done => Standing::Decided(Decision::PromotionDone, at),
        promotion::Stage::Over => Standing::Decided(Decision::PromotionOver, at),
    }
}

fn claimed(claim: Option<&Claim>, opened_at: DateTime<Utc>, now: DateTime<Utc>) -> Standing {
    // A later claim on the same number has a ticket of its own. Rows know milliseconds.
    let own = |claim: &&Claim| claim.opened_at.timestamp_millis() <= opened_at.timestamp_millis();
    let Some(claim) = claim.filter(own) else {
        return Standing::Decided(Decision::NumberKept, None);
    };
    match claim.stage {
        tax_id_registry::Stage::Agreed { until } if until <= now => {
            Standing::Decided(Decision::NumberKept, None)
        }
        tax_id_registry::Stage::Agreed { .. } => Standing::Decided(Decision::NumberAgreed, None),
        tax_id_registry::Stage::Asked if claim.is_overdue(now) => {
            Standing::Open(Waits::ForSupportWithoutAnswer)
        }
        tax_id_registry::Stage::Asked => {
            Standing::Open(Waits::ForOwner { until: claim.answer_due_at })
        }
        tax_id_registry::Stage::Objected(_) => Standing::Open(Waits::ForSupport),
        tax_id_registry::Stage::Proposed { .. } => Standing::Open(Waits::ForRelease),
    }
}
