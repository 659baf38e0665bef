//! How an organization joins the community (R18–R22, R37; domain 4.1).
//!
//! ```text
//!  Draft ─► ContactVerified ─► number free ──► Agreement ─► Identity ─► Review ─► Approved
//!             ▲      │                             ▲        (test or      │
//!             │      └─► number taken              │        notary)       └─► Rejected
//!             │              ▼                     │
//!             │          Dialogue ──► Waiting ─────┘ released or handed over
//!             └─ another ────┤           │
//!                number      │           └─► kept: Dialogue, or ContactVerified after a dispute
//!                            └─► Referred: to an Administrator who is there
//! ```
//!
//! At every step the registrant may withdraw. What is abandoned for 30 days is over by date, and
//! then erased. A number belongs to nobody before the approval, so that nobody can keep it from its
//! owner by beginning to register; of two registrations of one number the first that is approved
//! has it.
//!
//! Before they sign, registrants say what they do there ([`Work`]): the first Administrator begins
//! with these roles, for nobody can give themselves any.

mod decide;
mod first;
mod forms;
mod keys;
mod number;
#[cfg(test)]
mod tests;
mod work;

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub use decide::{begin, decide};
pub use first::{Comes, First, Registrant, Seat};
pub use forms::{Contact, ContactForm, Details, DetailsForm, Signatory, SignatoryForm};
pub use keys::{FirstAdministrator, Keys};
pub use work::{ACCESS_LEVEL, Work, WorkForm};

use super::{
    agreement::Agreement,
    identity_proof::{self, Proof, Proofing},
    permission::Denied,
    tax_id::TaxIdNumber,
    tax_id_entry::{OverrideError, Prefix},
    tax_id_registry::{
        Ground,
        dialogue::{self, Answer, Dialogue, End, Gate, Owner},
    },
    ticket::Message,
};
use crate::{
    audit::Sha256,
    ids::{AgreementId, OrganizationId, RegistrationId, SubscriberId},
};

/// After how many days a registration that nobody goes on with is over.
pub const ABANDONED_AFTER: TimeDelta = TimeDelta::days(30);

/// How many times a registration may ask for a number that another organization has; after that the
/// support desk helps.
pub const MOST_TAKEN_NUMBERS: usize = 5;

/// An organization that is to join. Written down, it is a document to be sealed: it holds personal
/// data, and perhaps a personal number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Which.
    pub id: RegistrationId,
    /// Who registers it, and will be its first Administrator.
    pub contact: Contact,
    /// What leads them back to it.
    pub keys: Keys,
    /// Their account, where they have one already (R72).
    pub registrant: Option<SubscriberId>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it last went on.
    pub moved_at: DateTime<Utc>,
    /// How far it is.
    pub stage: Stage,
    /// How much was asked about other organizations' numbers on the way.
    #[serde(default)]
    pub asked: Asked,
    /// What was told of the organization last: it stands in the form again when another number is
    /// asked for, so that nobody types it twice (R44).
    #[serde(default)]
    pub told: Option<Details>,
    /// What the registrant does there. Whoever signed before they were asked begins without a role.
    #[serde(default)]
    pub work: Option<Work>,
}

/// How much a registration has asked about numbers that others have. It is never set back, so that
/// nobody goes through an organization's Administrators, or mails them without end, by typing one
/// number after another (security 20.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// How many times questions about a number began: at most [`MOST_TAKEN_NUMBERS`].
    pub numbers: usize,
    /// How many contacts were shown: at most [`dialogue::MOST_CONTACTS`].
    pub contacts: usize,
}

/// How far a registration is, with what is known by then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The trust agreement is to be accepted.
    Agreement(Applicant),
    /// The organization takes part.
    Approved(OrganizationId),
    /// The mailbox is proved; the organization's data and number are asked for.
    ContactVerified,
    /// The number is taken, and questions are asked about it.
    Dialogue(Applicant, Dialogue),
    /// A link was mailed.
    Draft,
    /// It was abandoned; nothing of it is kept but the audit record.
    Erased,
    /// The registrant is to prove who they are.
    Identity(Applicant, Signed, Proofing),
    /// It leads to an organization that takes part already, or to nothing.
    Referred(End),
    /// Support refused it.
    Rejected,
    /// Support looks at it.
    Review(Applicant, Signed, Proof),
    /// The number was asked for.
    Waiting(Applicant, Ground),
    /// The registrant took it back.
    Withdrawn,
}

/// The organization, as it is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applicant {
    /// Its data.
    pub details: Details,
    /// Its number.
    #[serde(with = "number")]
    pub number: TaxIdNumber,
}

/// What was signed, by whom and how (R20).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// Which version.
    pub agreement: AgreementId,
    /// What its text was.
    pub text_hash: Sha256,
    /// Who declared to have the authority to sign.
    pub signatory: Signatory,
    /// When.
    pub at: DateTime<Utc>,
    /// From which address.
    pub address: Option<IpAddr>,
    /// When the duties of an Administrator were acknowledged (R5); `None` where it was signed
    /// before they were shown.
    #[serde(default)]
    pub duties_acknowledged_at: Option<DateTime<Utc>>,
}

/// Whether a number is to be had, as the registry says at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// It is free, or kept for this registration.
    Open,
    /// Another organization has it, or it is kept for another.
    Taken,
}

/// A step of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Answer a question about the number.
    Answer {
        /// The answer.
        answer: Answer,
        /// What is known of the number's owner.
        owner: Owner,
        /// Whether a contact may be shown.
        gate: Gate,
    },
    /// Let the organization take part.
    Approve {
        /// As which organization.
        organization: OrganizationId,
        /// Whether the number is to be had now.
        availability: Availability,
        /// How the table has its first two digits now.
        prefix: Prefix,
        /// Who the registrant is, who will be its first Administrator.
        registrant: Registrant,
    },
    /// Tell about the organization and its number.
    Describe {
        /// The organization.
        applicant: Applicant,
        /// Whether the number is to be had now.
        availability: Availability,
    },
    /// Erase what is over or abandoned.
    Erase,
    /// The number stays with its organization.
    NumberKept,
    /// The number is kept for this registration.
    NumberReserved,
    /// A step of proving who the registrant is.
    Prove(identity_proof::Command),
    /// Refuse it, for a reason that the registrant is told.
    Reject(Message),
    /// Accept the agreement.
    Sign {
        /// The version that is in force.
        in_force: Agreement,
        /// The version that was on the page.
        shown: AgreementId,
        /// Who declares to have the authority to sign.
        signatory: Signatory,
        /// From which address.
        address: Option<IpAddr>,
    },
    /// Tell what they do there, before they sign.
    TellWork(Work),
    /// The mailed link was followed, and the mailbox thereby proved.
    VerifyContact,
    /// Take it back.
    Withdraw,
}

/// Why nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody went on with it for 30 days.
    #[error("this registration was not continued for 30 days: please begin anew")]
    Abandoned,
    /// The account with the registrant's address was closed for good.
    #[error("the account with this address was closed for good: another person has to register")]
    AccountClosed,
    /// The account with the registrant's address is stopped.
    #[error("the account with this address is suspended: decide about it first")]
    AccountSuspended,
    /// The registrant's address is another person's, or was until lately.
    #[error("this address belongs to another account, or did until lately")]
    AddressUnclear,
    /// The registrant's address waits in a nomination.
    #[error("this address has a nomination that waits: let it be taken over or withdrawn first")]
    AddressWaits,
    /// Another version of the agreement came into force meanwhile.
    #[error("the agreement has changed: please read it again")]
    AgreementChanged,
    /// Not for people like them.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The question about the number stands otherwise.
    #[error(transparent)]
    Dialogue(#[from] dialogue::Refusal),
    /// The registrant's account has another NPI than they told.
    #[error("the registrant's account has another NPI than this one")]
    NpiDiffers,
    /// The registrant's NPI is another account's, or waits in a nomination.
    #[error("this NPI belongs to another account, or waits in a nomination")]
    NpiTaken,
    /// It is not what is to be done now (security 17.2).
    #[error("this step is over, or not due yet")]
    OutOfOrder,
    /// Nobody approves their own registration.
    #[error("somebody else has to decide about this registration")]
    OwnRegistration,
    /// Nobody said why the first two digits of the number are accepted.
    #[error(transparent)]
    Prefix(#[from] OverrideError),
    /// The identity cannot be proved in this way now.
    #[error(transparent)]
    Proof(#[from] identity_proof::Refusal),
    /// Too many numbers of others were typed.
    #[error("too many of these Tax IDs belong to others: please call the support desk")]
    TooManyNumbers,
    /// It was not told yet what they do there.
    #[error("please say what you do there first")]
    WorkDue,
}

impl Stage {
    /// The codes of the stages in which a registration goes on, those in which Support is asked
    /// first.
    pub const OPEN: [&'static str; 8] = [
        "review",
        "at-notary",
        "waiting",
        "draft",
        "contact-verified",
        "dialogue",
        "agreement",
        "identity",
    ];

    /// Its code, in rows and lists.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Agreement(_) => "agreement",
            Self::Approved(_) => "approved",
            Self::ContactVerified => "contact-verified",
            Self::Dialogue(..) => "dialogue",
            Self::Draft => "draft",
            Self::Erased => "erased",
            Self::Identity(_, _, Proofing::AtNotary { .. }) => "at-notary",
            Self::Identity(..) => "identity",
            Self::Referred(_) => "referred",
            Self::Rejected => "rejected",
            Self::Review(..) => "review",
            Self::Waiting(..) => "waiting",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// What was told about the organization, where that is still needed.
    #[must_use]
    pub const fn applicant(&self) -> Option<&Applicant> {
        match self {
            Self::Agreement(applicant)
            | Self::Dialogue(applicant, _)
            | Self::Identity(applicant, ..)
            | Self::Review(applicant, ..)
            | Self::Waiting(applicant, _) => Some(applicant),
            Self::Approved(_)
            | Self::ContactVerified
            | Self::Draft
            | Self::Erased
            | Self::Referred(_)
            | Self::Rejected
            | Self::Withdrawn => None,
        }
    }
}

impl Registration {
    /// Whether nobody went on with it for 30 days. What waits for Support or for a number's owner
    /// is not abandoned.
    #[must_use]
    pub fn is_abandoned(&self, now: DateTime<Utc>) -> bool {
        let waits_for_registrant = match &self.stage {
            Stage::Agreement(_)
            | Stage::ContactVerified
            | Stage::Dialogue(..)
            | Stage::Draft
            | Stage::Identity(..) => true,
            Stage::Approved(_)
            | Stage::Erased
            | Stage::Referred(_)
            | Stage::Rejected
            | Stage::Review(..)
            | Stage::Waiting(..)
            | Stage::Withdrawn => false,
        };
        waits_for_registrant && self.is_old(now)
    }

    /// Whether it came to nothing, for longer than it is kept to look back at.
    #[must_use]
    pub fn is_to_be_erased(&self, now: DateTime<Utc>) -> bool {
        let came_to_nothing =
            matches!(self.stage, Stage::Referred(_) | Stage::Rejected | Stage::Withdrawn);
        self.is_abandoned(now) || (came_to_nothing && self.is_old(now))
    }

    /// How far the registrant is with proving who they are, while that is the step.
    #[must_use]
    pub const fn proofing(&self) -> Option<&Proofing> {
        match &self.stage {
            Stage::Identity(_, _, proofing) => Some(proofing),
            Stage::Agreement(_)
            | Stage::Approved(_)
            | Stage::ContactVerified
            | Stage::Dialogue(..)
            | Stage::Draft
            | Stage::Erased
            | Stage::Referred(_)
            | Stage::Rejected
            | Stage::Review(..)
            | Stage::Waiting(..)
            | Stage::Withdrawn => None,
        }
    }

    fn is_old(&self, now: DateTime<Utc>) -> bool {
        self.moved_at + ABANDONED_AFTER <= now
    }
}
