//! What a piece of news is called, and whose names it mentions.

use super::{News, Recipient};
use crate::ids::{OrganizationId, SubscriberId};

impl News {
    /// How it is spelt in the outbox, the audit record and the receipts.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AccessAskedFor { .. } => "access-asked-for",
            Self::AccessDeclined => "access-declined",
            Self::AccountDormant => "account-dormant",
            Self::AccountEnded => "account-ended",
            Self::AccountReactivated => "account-reactivated",
            Self::AccountResumed => "account-resumed",
            Self::AccountResumedDormant => "account-resumed-dormant",
            Self::AccountSuspended => "account-suspended",
            Self::AdministratorAdded { .. } => "administrator-added",
            Self::AdministratorRemoved { .. } => "administrator-removed",
            Self::AffiliationAccepted { .. } => "affiliation-accepted",
            Self::AffiliationDeclined { .. } => "affiliation-declined",
            Self::AffiliationEnded { .. } => "affiliation-ended",
            Self::AffiliationProposed { .. } => "affiliation-proposed",
            Self::AffiliationResumed { .. } => "affiliation-resumed",
            Self::AffiliationSuspended { .. } => "affiliation-suspended",
            Self::CallerRefused => "caller-refused",
            Self::ContactShown => "contact-shown",
            Self::DormancyAhead { .. } => "dormancy-ahead",
            Self::DutiesDue => "duties-due",
            Self::FirstCodeMade { .. } => "first-code-made",
            Self::Nominated { .. } => "nominated",
            Self::NominationCodeDied { .. } => "nomination-code-died",
            Self::NominationExpired { .. } => "nomination-expired",
            Self::NominationWanted => "nomination-wanted",
            Self::NominationWithdrawn => "nomination-withdrawn",
            Self::NomineeActivated { .. } => "nominee-activated",
            Self::NotaryFormRefused { .. } => "notary-form-refused",
            Self::NotaryInstructions { .. } => "notary-instructions",
            Self::NotaryReminder { .. } => "notary-reminder",
            Self::OneAdministratorOnly => "one-administrator-only",
            Self::OrganizationChanged => "organization-changed",
            Self::OrganizationClosed => "organization-closed",
            Self::OrganizationClosing => "organization-closing",
            Self::OrganizationResumed => "organization-resumed",
            Self::OrganizationStays => "organization-stays",
            Self::OrganizationSuspended => "organization-suspended",
            Self::PartAdded => "part-added",
            Self::PasswordIsOld => "password-is-old",
            Self::PeopleReviewDue { .. } => "people-review-due",
            Self::PleaseConfirm => "please-confirm",
            Self::PromotionOffered { .. } => "promotion-offered",
            Self::PromotionOver { .. } => "promotion-over",
            Self::PromotionProposed { .. } => "promotion-proposed",
            Self::ReactivationBegun => "reactivation-begun",
            Self::RegistrationApproved { .. } => "registration-approved",
            Self::RegistrationBegun { .. } => "registration-begun",
            Self::RegistrationInReview => "registration-in-review",
            Self::RegistrationRejected { .. } => "registration-rejected",
            Self::RepresentationBegun { .. } => "representation-begun",
            Self::RepresentationEnded { .. } => "representation-ended",
            Self::RightsChanged { .. } => "rights-changed",
            Self::SubscriberGone { .. } => "subscriber-gone",
            Self::SubscriberLeft { .. } => "subscriber-left",
            Self::SystemCreated { .. } => "system-created",
            Self::SystemEnded { .. } => "system-ended",
            Self::SystemEndsSoon { .. } => "system-ends-soon",
            Self::SystemSetUp { .. } => "system-set-up",
            Self::TaxIdAccepted => "tax-id-accepted",
            Self::TaxIdAnswerDue { .. } => "tax-id-answer-due",
            Self::TaxIdAskedAbout { .. } => "tax-id-asked-about",
            Self::TaxIdAskedFor => "tax-id-asked-for",
            Self::TaxIdClaimWithdrawn => "tax-id-claim-withdrawn",
            Self::TaxIdClaimed { .. } => "tax-id-claimed",
            Self::TaxIdKept => "tax-id-kept",
            Self::TaxIdRefused { .. } => "tax-id-refused",
            Self::TaxIdReleased => "tax-id-released",
            Self::TaxIdReserved { .. } => "tax-id-reserved",
            Self::TaxIdTakenMeanwhile => "tax-id-taken-meanwhile",
            Self::TelephoneChanged => "telephone-changed",
            Self::TicketAnswered => "ticket-answered",
            Self::TicketAskedBack => "ticket-asked-back",
            Self::TicketOpened => "ticket-opened",
            Self::TicketResolved => "ticket-resolved",
            Self::Welcome => "welcome",
        }
    }

    /// The organization that it is about, where it names one.
    #[must_use]
    pub const fn organization(&self) -> Option<&OrganizationId> {
        if let Self::AffiliationEnded { organization }
        | Self::AffiliationProposed { organization }
        | Self::AffiliationResumed { organization }
        | Self::AffiliationSuspended { organization }
        | Self::PromotionOffered { organization }
        | Self::RegistrationApproved { organization, .. }
        | Self::RightsChanged { organization } = self
        {
            Some(organization)
        } else {
            None
        }
    }

    /// The organization whose number it is about, where it names one.
    #[must_use]
    pub const fn owner(&self) -> Option<&OrganizationId> {
        if let Self::RepresentationBegun { owner } | Self::RepresentationEnded { owner } = self {
            Some(owner)
        } else {
            None
        }
    }

    /// The person that it is about, where it names one.
    #[must_use]
    pub const fn person(&self) -> Option<&SubscriberId> {
        if let Self::AdministratorAdded { subscriber }
        | Self::AdministratorRemoved { subscriber }
        | Self::AffiliationAccepted { subscriber }
        | Self::AffiliationDeclined { subscriber }
        | Self::NomineeActivated { subscriber }
        | Self::PromotionOver { subscriber }
        | Self::PromotionProposed { subscriber }
        | Self::SubscriberGone { subscriber }
        | Self::SubscriberLeft { subscriber } = self
        {
            Some(subscriber)
        } else {
            None
        }
    }
}

impl Recipient {
    /// The organization whose Administrators are told.
    #[must_use]
    pub const fn organization(&self) -> Option<&OrganizationId> {
        match self {
            Self::AdministratorsOf(organization) => Some(organization),
            Self::Asker(_)
            | Self::Nominee(_)
            | Self::Registrant(_)
            | Self::Requester(_)
            | Self::Subscriber(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every name that there is, as whoever reads one is told.
    fn spelt() -> Vec<String> {
        let error = serde_json::from_str::<News>(r#"{"news":""}"#).unwrap_err().to_string();
        error.split('`').skip(1).step_by(2).skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn news_are_called_as_they_are_spelt() {
        let names = spelt();
        assert!(names.len() > 60, "{names:?}");
        for name in names {
            let news: News = serde_json::from_value(serde_json::json!({
                "news": name, "answer": "left", "answer_due_at": "2026-11-22T00:00:00Z",
                "dormant_at": "2026-11-22T00:00:00Z", "ground": "disputed", "nomination": "nom_1",
                "organization": "org_1", "owner": "org_2", "reason": "x", "reference": "x",
                "request": "req_1", "subscriber": "sub_1", "system": "sys_1",
                "until": "2026-11-22T00:00:00Z", "user_id": "ana.rivera",
            }))
            .unwrap();
            assert_eq!(news.name(), name);
            let stored = serde_json::to_value(&news).unwrap();
            for (member, id) in [
                ("organization", news.organization().map(OrganizationId::as_str)),
                ("owner", news.owner().map(OrganizationId::as_str)),
                ("subscriber", news.person().map(SubscriberId::as_str)),
            ] {
                assert_eq!(stored.get(member).and_then(|id| id.as_str()), id, "{name}");
            }
        }
    }
}
