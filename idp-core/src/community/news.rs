//! What the community tells people, as facts: the mails of every transition (domain 4).
//!
//! The words are in the message catalogue, and names are looked up when a mail is worded; so a name
//! that changed since is told right, and nothing of one organization gets into a mail to another by
//! accident.

mod names;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    subscriber::UserId,
    tax_id_registry::{Ground, dialogue::Answer},
};
use crate::ids::{
    AccessRequestId, NominationId, OrganizationId, RegistrationId, SubscriberId, SystemClientId,
    TicketId,
};

/// Who gets a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipient {
    /// Everybody who is an active Administrator of the organization.
    AdministratorsOf(OrganizationId),
    /// Who asked for access, at the address of the request.
    Asker(AccessRequestId),
    /// Who is nominated, at the address of the nomination.
    Nominee(NominationId),
    /// Who registers an organization, at the address of the registration.
    Registrant(RegistrationId),
    /// Who asked for something in this ticket, at their address.
    Requester(TicketId),
    /// A person, at the address on file.
    Subscriber(SubscriberId),
}

/// What they are told. The spelling stands in the outbox and the audit record, for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "kebab-case")]
pub enum News {
    /// Somebody asks your organization for access.
    AccessAskedFor {
        /// Which request.
        request: AccessRequestId,
    },
    /// The organization that you asked for access did not give it.
    AccessDeclined,
    /// Your account has not been used for too long; here is how it comes back.
    AccountDormant,
    /// Your account has ended.
    AccountEnded,
    /// Your account can be used again.
    AccountReactivated,
    /// The stop of your account was lifted.
    AccountResumed,
    /// The stop of your account was lifted, and it had not been used for too long meanwhile; here is
    /// how it comes back.
    AccountResumedDormant,
    /// Your account is stopped for now.
    AccountSuspended,
    /// Your organization has another Administrator.
    AdministratorAdded {
        /// Who.
        subscriber: SubscriberId,
    },
    /// Somebody is no longer an Administrator of your organization.
    AdministratorRemoved {
        /// Who.
        subscriber: SubscriberId,
    },
    /// Somebody accepted to act for your organization.
    AffiliationAccepted {
        /// Who.
        subscriber: SubscriberId,
    },
    /// Somebody did not accept to act for your organization, or did not answer.
    AffiliationDeclined {
        /// Who.
        subscriber: SubscriberId,
    },
    /// You no longer act for an organization. Your User ID stays yours.
    AffiliationEnded {
        /// Which.
        organization: OrganizationId,
    },
    /// An organization asks you to act for it.
    AffiliationProposed {
        /// Which.
        organization: OrganizationId,
    },
    /// You may act for an organization again.
    AffiliationResumed {
        /// Which.
        organization: OrganizationId,
    },
    /// You may not act for an organization for now.
    AffiliationSuspended {
        /// Which.
        organization: OrganizationId,
    },
    /// Somebody called the support desk in your name and could not show that they are you.
    CallerRefused,
    /// Your work contact was shown to somebody who registers with your number (R45).
    ContactShown,
    /// Your account will be dormant unless you sign in.
    DormancyAhead {
        /// When.
        dormant_at: DateTime<Utc>,
    },
    /// You have proved who you are; please read what an Administrator does.
    DutiesDue,
    /// The support desk made you a new code for your first sign-in as the first Administrator.
    FirstCodeMade {
        /// The User ID.
        user_id: UserId,
        /// Until when the link works.
        until: DateTime<Utc>,
    },
    /// You are nominated: here are your User ID and the link; the code is handed over in person.
    Nominated {
        /// The User ID.
        user_id: UserId,
        /// Until when the link works.
        until: DateTime<Utc>,
    },
    /// A code of your organization was typed wrongly five times and is dead; make another.
    NominationCodeDied {
        /// Whose.
        nomination: NominationId,
    },
    /// Somebody whom you nominated did not take it up within 30 days.
    NominationExpired {
        /// Who.
        nomination: NominationId,
    },
    /// Somebody says that they belong to your organization and asks to be nominated.
    NominationWanted,
    /// Your nomination was taken back.
    NominationWithdrawn,
    /// Somebody whom you nominated took the User ID over.
    NomineeActivated {
        /// Who.
        subscriber: SubscriberId,
    },
    /// The form that you sent cannot be used.
    NotaryFormRefused {
        /// Why.
        reason: String,
    },
    /// Here is the form for the notary, and the number that stands on it (R36).
    NotaryInstructions {
        /// The number.
        reference: String,
        /// Until when the form is waited for.
        until: DateTime<Utc>,
    },
    /// The form from the notary has not come yet.
    NotaryReminder {
        /// The number.
        reference: String,
        /// Until when the form is waited for.
        until: DateTime<Utc>,
    },
    /// Your organization should have a second Administrator (R12).
    OneAdministratorOnly,
    /// The data of your organization were changed.
    OrganizationChanged,
    /// Your organization no longer takes part.
    OrganizationClosed,
    /// An Administrator asked to close your organization.
    OrganizationClosing,
    /// Your organization is not closed: the wish was taken back, or nobody decided on it in time.
    OrganizationStays,
    /// Your organization takes part again.
    OrganizationResumed,
    /// Your organization is stopped for now.
    OrganizationSuspended,
    /// Your organization has another part.
    PartAdded,
    /// Your password has not been changed for a year (R60).
    PasswordIsOld,
    /// Please look at the people of your organization (R14).
    PeopleReviewDue {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// Please confirm that your organization's data and people are right (R14).
    PleaseConfirm,
    /// You are to become an Administrator: please prove who you are.
    PromotionOffered {
        /// Of which organization.
        organization: OrganizationId,
    },
    /// Somebody will not become an Administrator of your organization.
    PromotionOver {
        /// Who.
        subscriber: SubscriberId,
    },
    /// Somebody is to become an Administrator of your organization.
    PromotionProposed {
        /// Who.
        subscriber: SubscriberId,
    },
    /// Somebody made a code that brings your account back; the mailbox is asked too.
    ReactivationBegun,
    /// Your organization takes part; here is how you sign in.
    RegistrationApproved {
        /// Which it is.
        organization: OrganizationId,
        /// Until when the code of the beginning opens the account, for whoever has none yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
    },
    /// You began to register an organization: here is the link that leads back to it.
    RegistrationBegun {
        /// Until when it waits for you.
        until: DateTime<Utc>,
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
    /// Your roles, Tax IDs or access level in an organization are others now.
    RightsChanged {
        /// Which.
        organization: OrganizationId,
    },
    /// Somebody no longer acts for your organization. Why, its Administrators are not told: the account
    /// is the person's, and it may have ended elsewhere.
    SubscriberGone {
        /// Who.
        subscriber: SubscriberId,
    },
    /// Somebody no longer acts for your organization, by their own decision.
    SubscriberLeft {
        /// Who.
        subscriber: SubscriberId,
    },
    /// Your organization is to have a system of its own.
    SystemCreated {
        /// Which.
        system: SystemClientId,
    },
    /// A system of your organization no longer acts.
    SystemEnded {
        /// Which.
        system: SystemClientId,
    },
    /// A system of your organization ends unless you renew it.
    SystemEndsSoon {
        /// Which.
        system: SystemClientId,
        /// When.
        until: DateTime<Utc>,
    },
    /// A system of your organization acts now.
    SystemSetUp {
        /// Which.
        system: SystemClientId,
    },
    /// Somebody asks for your number, and the time to answer is nearly over.
    TaxIdAnswerDue {
        /// Until when.
        answer_due_at: DateTime<Utc>,
    },
    /// Another Tax ID of your organization is registered.
    TaxIdAccepted,
    /// Somebody registers with your number, and said this about it.
    TaxIdAskedAbout {
        /// What they said.
        answer: Answer,
    },
    /// Your organization asked for another Tax ID; Support looks at it.
    TaxIdAskedFor,
    /// Nobody asks for your number any more.
    TaxIdClaimWithdrawn,
    /// Somebody asks for your number: please answer.
    TaxIdClaimed {
        /// Why.
        ground: Ground,
        /// Until when.
        answer_due_at: DateTime<Utc>,
    },
    /// The number stays with its organization.
    TaxIdKept,
    /// The Tax ID that your organization asked for was not registered.
    TaxIdRefused {
        /// Why.
        reason: String,
    },
    /// You no longer have the number.
    TaxIdReleased,
    /// The number is kept for you.
    TaxIdReserved {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// Another organization registered the number before you: some questions follow.
    TaxIdTakenMeanwhile,
    /// Your telephone number on file is another one.
    TelephoneChanged,
    /// Somebody answered in a ticket that you work on.
    TicketAnswered,
    /// The support desk has a question for you.
    TicketAskedBack,
    /// The support desk has your request.
    TicketOpened,
    /// The support desk has done what you asked for, or says why not.
    TicketResolved,
    /// Your User ID is yours now.
    Welcome,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::community::outcome::Letter;

    #[test]
    fn a_letter_survives_being_stored_and_is_spelt_for_good() {
        let at = DateTime::UNIX_EPOCH;
        let organization: OrganizationId = "org_a".parse().unwrap();
        for (to, news, expected) in [
            (
                Recipient::AdministratorsOf(organization.clone()),
                News::TaxIdClaimed { ground: Ground::NobodyLeft, answer_due_at: at },
                r#"{"to":{"administrators-of":"org_a"},"news":{"news":"tax-id-claimed","ground":"nobody-left","answer_due_at":"1970-01-01T00:00:00Z"}}"#,
            ),
            (
                Recipient::Subscriber("sub_ana".parse().unwrap()),
                News::AffiliationProposed { organization },
                r#"{"to":{"subscriber":"sub_ana"},"news":{"news":"affiliation-proposed","organization":"org_a"}}"#,
            ),
            (
                Recipient::Nominee("nom_1".parse().unwrap()),
                News::Nominated { user_id: "ana.rivera".parse().unwrap(), until: at },
                r#"{"to":{"nominee":"nom_1"},"news":{"news":"nominated","user_id":"ana.rivera","until":"1970-01-01T00:00:00Z"}}"#,
            ),
            (
                Recipient::Registrant("reg_1".parse().unwrap()),
                News::TaxIdKept,
                r#"{"to":{"registrant":"reg_1"},"news":{"news":"tax-id-kept"}}"#,
            ),
        ] {
            let letter = Letter { to, news };
            let stored = serde_json::to_string(&letter).unwrap();
            assert_eq!(stored, expected);
            assert_eq!(serde_json::from_str::<Letter>(&stored).unwrap(), letter);
        }
    }
}
