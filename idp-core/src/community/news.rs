//! What the community tells people, as facts: the mails of every transition (domain 4).
//!
//! The words are in the message catalogue, and names are looked up when a mail is worded; so a name
//! that changed since is told right, and nothing of one organization gets into a mail to another by
//! accident.

use chrono::{DateTime, Utc};

use super::tax_id_registry::{Ground, dialogue::Answer};
use crate::ids::{OrganizationId, RegistrationId, SubscriberId};

/// Who gets a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// Everybody who is an active Administrator of the organization.
    AdministratorsOf(OrganizationId),
    /// Who registers an organization, at the address of the registration.
    Registrant(RegistrationId),
    /// A person, at the address on file.
    Subscriber(SubscriberId),
}

/// What they are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Your work contact was shown to somebody who registers with your number (R45).
    ContactShown,
    /// Somebody says that they belong to your organization and asks to be nominated.
    NominationWanted,
    /// Here is the form for the notary, and the number that stands on it (R36).
    NotaryInstructions {
        /// The number.
        reference: String,
        /// Until when the form is waited for.
        until: DateTime<Utc>,
    },
    /// Your organization takes part; here is how you sign in.
    RegistrationApproved {
        /// Which it is.
        organization: OrganizationId,
    },
    /// Support looks at your registration.
    RegistrationInReview,
    /// Your registration was refused.
    RegistrationRejected {
        /// Why.
        reason: String,
    },
    /// You act under another organization's number now, on its behalf.
    RepresentationBegun {
        /// Whose number it is.
        owner: OrganizationId,
    },
    /// An organization no longer acts under another's number.
    RepresentationEnded {
        /// Whose number it is.
        owner: OrganizationId,
    },
    /// Somebody registers with your number, and said this about it.
    TaxIdAskedAbout {
        /// What they said.
        answer: Answer,
    },
    /// Somebody asks for your number: please answer.
    TaxIdClaimed {
        /// Why.
        ground: Ground,
        /// Until when.
        answer_due_at: DateTime<Utc>,
    },
    /// Nobody asks for your number any more.
    TaxIdClaimWithdrawn,
    /// The number stays with its organization.
    TaxIdKept,
    /// You no longer have the number.
    TaxIdReleased,
    /// The number is kept for you.
    TaxIdReserved {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// Another organization registered the number before you: some questions follow.
    TaxIdTakenMeanwhile,
}
