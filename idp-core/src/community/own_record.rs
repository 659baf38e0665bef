//! What an organization's Administrators read of the audit record: what was done in and to their
//! organization, and where their people went with which Tax ID (R26; security 20.1, 20.2).
//!
//! An event is theirs if it names their organization. Of those, some kinds tell them nothing (a site
//! renews its tokens every few minutes), and some are not theirs to know: how somebody proved who they
//! are, or what Support and a caller said to each other.

use crate::audit::Kind;

/// What an event is about, as a list of them is sorted for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// People, and what they may do.
    People,
    /// Where people went.
    Visits,
    /// Tax IDs.
    TaxIds,
    /// The organization, its sites and its systems.
    Organization,
    /// Lists taken in and away.
    Lists,
}

impl Part {
    /// Every part, in the order in which people are shown them.
    pub const ALL: [Self; 5] =
        [Self::People, Self::Visits, Self::TaxIds, Self::Organization, Self::Lists];

    /// The kinds of this part, in the order of [`Kind::ALL`].
    pub fn kinds(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.iter().copied().filter(move |kind| part(*kind) == Some(self))
    }
}

/// Where an event of this kind stands in an organization's own record; `None`: it does not.
#[must_use]
pub const fn part(kind: Kind) -> Option<Part> {
    use Kind as K;
    match kind {
        K::AccessAnswered
        | K::AccessAskedFor
        | K::AccessRefused
        | K::AccountReactivated
        | K::AccountResumed
        | K::AccountSuspended
        | K::AccountTerminated
        | K::AdminDeclined
        | K::AdminDemoted
        | K::AdminPromoted
        | K::AdminProposed
        | K::AffiliationAccepted
        | K::AffiliationChanged
        | K::AffiliationDeclined
        | K::AffiliationEnded
        | K::AffiliationProposed
        | K::AffiliationResumed
        | K::AffiliationReviewed
        | K::AffiliationSuspended
        | K::NominationActivated
        | K::NominationCodeFailed
        | K::NominationCodeIssued
        | K::NominationCreated
        | K::NominationExpired
        | K::NominationWithdrawn
        | K::ResetCodeIssued
        | K::RoleGranted
        | K::RoleRemoved => Some(Part::People),
        K::GrantIssued => Some(Part::Visits),
        K::TaxidAnswered
        | K::TaxidAskedFor
        | K::TaxidDisputed
        | K::TaxidKept
        | K::TaxidObjected
        | K::TaxidRegistered
        | K::TaxidReleaseProposed
        | K::TaxidReleaseRejected
        | K::TaxidReleaseRequested
        | K::TaxidReleased
        | K::TaxidRepresentationEnded
        | K::TaxidRepresented => Some(Part::TaxIds),
        K::OrgApproved
        | K::OrgChanged
        | K::OrgClosed
        | K::OrgClosingAsked
        | K::OrgClosingDropped
        | K::OrgConfirmed
        | K::OrgPeopleReviewed
        | K::OrgResumed
        | K::OrgSiteSwitchedOff
        | K::OrgSiteSwitchedOn
        | K::OrgSuspended
        | K::SystemActivated
        | K::SystemCodeFailed
        | K::SystemCodeIssued
        | K::SystemCreated
        | K::SystemExpired
        | K::SystemRenewed
        | K::SystemRevoked => Some(Part::Organization),
        K::OrgRecordExported | K::RosterExported | K::RosterImported | K::RosterUndone => {
            Some(Part::Lists)
        }
        K::AccountClosed
        | K::AccountDormant
        | K::AccountLocked
        | K::AccountUnlocked
        | K::AdminApproved
        | K::AdminNotaryChosen
        | K::AdminProofFailed
        | K::AdminProofed
        | K::AgreementAccepted
        | K::AgreementDeclined
        | K::AgreementPublished
        | K::AgreementWithdrawn
        | K::AuditRead
        | K::BrowserForgotten
        | K::BrowserRemembered
        | K::CallerRefused
        | K::CallerVerified
        | K::CodeReused
        | K::CommunityImported
        | K::DeskSearched
        | K::EmailChanged
        | K::EmailGivenUp
        | K::EmailRequested
        | K::EmailStopped
        | K::EmailUndone
        | K::FactorAccepted
        | K::FactorAdded
        | K::FactorRefused
        | K::FactorRemoved
        | K::FactorRenamed
        | K::FactorResetCancelled
        | K::FactorResetDone
        | K::FactorResetRequested
        | K::GrantEnded
        | K::GrantRefreshed
        | K::KeyActivated
        | K::KeyPublished
        | K::KeyReplaced
        | K::KeyRetired
        | K::LoginFailed
        | K::LoginSucceeded
        | K::LogoutDelivered
        | K::LogoutFailed
        | K::LogoutQueued
        | K::MailDelivered
        | K::MailFailed
        | K::OrgAgreed
        | K::OrgContactVerified
        | K::OrgErased
        | K::OrgNotaryChosen
        | K::OrgProofFailed
        | K::OrgProofed
        | K::OrgRejected
        | K::OrgStarted
        | K::OrgWithdrawn
        | K::PasswordChanged
        | K::PasswordChangeRefused
        | K::PersonChanged
        | K::PersonRead
        | K::QuestionsChanged
        | K::RecoveryCodesMade
        | K::RegistrationRead
        | K::ResetChanged
        | K::ResetClosed
        | K::ResetCodeFailed
        | K::ResetCodeMailed
        | K::ResetQuestionsFailed
        | K::SessionEnded
        | K::SiteAdded
        | K::SiteChanged
        | K::SiteMetadataHeld
        | K::SiteMetadataRefreshed
        | K::SitePreviewed
        | K::SiteRemoved
        | K::SiteSecretRotated
        | K::StaffAppointed
        | K::StaffDismissed
        | K::TaxidBranch
        | K::TaxidContactDisclosed
        | K::TaxidDuplicateFound
        | K::TaxidPrefixOverridden
        | K::TicketAnswered
        | K::TicketAssigned
        | K::TicketClosed
        | K::TicketOpened
        | K::TicketReopened
        | K::TicketResolved
        | K::TokenReused => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_that_is_told_stands_in_one_part_and_the_others_in_none() {
        let listed: Vec<Kind> = Part::ALL.into_iter().flat_map(Part::kinds).collect();
        for kind in Kind::ALL {
            let times = listed.iter().filter(|listed| *listed == kind).count();
            assert_eq!(times, usize::from(part(*kind).is_some()), "{kind}");
        }
    }

    #[test]
    fn how_somebody_signs_in_or_proves_who_they_are_is_not_the_organizations_to_read() {
        let private = ["factor.", "login.", "password.", "questions.", "session.", "caller."];
        for kind in Part::ALL.into_iter().flat_map(Part::kinds) {
            let spelling = kind.as_str();
            assert!(!private.iter().any(|begins| spelling.starts_with(begins)), "{spelling}");
            assert!(!spelling.contains("proof"), "{spelling}");
        }
    }
}
