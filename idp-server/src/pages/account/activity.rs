//! What happened in my account, in plain words (R26).

use askama::Template;
use chrono::{DateTime, Utc};
use idp_core::audit::Kind;

use super::AccountNav;
use crate::pages::{Frame, Messages};

/// Newest first, a page at a time. It has no form.
#[derive(Debug, Template)]
#[template(path = "account_activity.html")]
pub struct ActivityPage<'a> {
    pub frame: Frame<'a>,
    pub nav: AccountNav,
    pub entries: Vec<ActivityEntry<'a>>,
    /// Whether this is not the newest page.
    pub is_older: bool,
    /// Where the next older page begins, if there may be one.
    pub older: Option<&'a str>,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct ActivityEntry<'a> {
    pub what: String,
    pub at: DateTime<Utc>,
    pub address: Option<String>,
    /// The site that it has to do with.
    pub site: Option<&'a str>,
    /// Who did it, if it was not the person.
    pub by: Option<ActivityActor>,
    /// Whether the person should make sure that it was them.
    pub is_warning: bool,
}

/// Who did something in the account of somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivityActor {
    /// Hilum by itself.
    Hilum,
    /// Whoever runs Hilum.
    Operator,
    /// Another person: who, is theirs to tell.
    SomebodyElse,
}

impl ActivityEntry<'_> {
    fn actor(&self, frame: &Frame<'_>) -> Option<&'static str> {
        let words = &frame.text.activity;
        self.by.map(|by| match by {
            ActivityActor::Hilum => words.by_hilum,
            ActivityActor::Operator => words.by_operator,
            ActivityActor::SomebodyElse => words.by_somebody,
        })
    }
}

/// What a kind of event is called on the person's own page; `None` for what tells them nothing:
/// the inner life of Hilum, and what every site does every few minutes.
pub fn activity_words(
    text: &'static Messages,
    kind: Kind,
    reason: Option<&str>,
) -> Option<(&'static str, bool)> {
    let words = &text.activity;
    let told = match kind {
        Kind::AccountDormant => (words.account_dormant, true),
        Kind::AccountLocked => (words.account_locked, true),
        Kind::AccountReactivated => (words.account_reactivated, false),
        Kind::AccountUnlocked => (words.account_unlocked, false),
        Kind::AffiliationEnded => (words.affiliation_ended, false),
        Kind::AgreementAccepted => (words.agreement_accepted, false),
        Kind::AgreementDeclined => (words.agreement_declined, false),
        Kind::BrowserForgotten => (words.browser_forgotten, false),
        Kind::BrowserRemembered => (words.browser_remembered, false),
        Kind::CodeReused | Kind::TokenReused => (words.token_reused, true),
        Kind::EmailChanged => (words.email_changed, false),
        Kind::EmailGivenUp => (words.email_given_up, false),
        Kind::EmailRequested => (words.email_requested, false),
        Kind::EmailStopped => (words.email_stopped, true),
        Kind::EmailUndone => (words.email_undone, true),
        Kind::FactorAccepted => (words.factor_accepted, false),
        Kind::FactorAdded => (words.factor_added, false),
        Kind::FactorRefused => (words.factor_refused, true),
        Kind::FactorRemoved => (words.factor_removed, false),
        Kind::FactorRenamed => (words.factor_renamed, false),
        Kind::FactorResetCancelled => (words.factor_reset_cancelled, false),
        Kind::FactorResetDone => (words.factor_reset_done, true),
        Kind::FactorResetRequested => (words.factor_reset_requested, true),
        Kind::GrantIssued => (words.grant_issued, false),
        Kind::LoginFailed => (words.login_failed, true),
        Kind::LoginSucceeded => (words.login_succeeded, false),
        Kind::PasswordChanged => (words.password_changed, false),
        Kind::PasswordChangeRefused => (words.password_change_refused, true),
        Kind::QuestionsChanged => (words.questions_changed, false),
        Kind::RecoveryCodesMade => (words.recovery_codes_made, false),
        Kind::ResetChanged => (words.reset_changed, true),
        Kind::ResetClosed => (words.reset_closed, true),
        Kind::ResetCodeFailed => (words.reset_code_failed, true),
        Kind::ResetCodeIssued => (words.reset_code_issued, true),
        Kind::ResetCodeMailed => (words.reset_code_mailed, true),
        Kind::ResetQuestionsFailed => (words.reset_questions_failed, true),
        Kind::SitePreviewed => (words.site_previewed, false),
        Kind::AccessRefused => (words.access_refused, false),
        Kind::AccountClosed => (words.account_closed, true),
        Kind::AccountResumed => (words.account_resumed, false),
        Kind::AccountSuspended => (words.account_suspended, true),
        Kind::AccountTerminated => (words.account_terminated, true),
        Kind::AdminApproved => (words.admin_approved, false),
        Kind::AdminDeclined => (words.admin_declined, false),
        Kind::AdminDemoted => (words.admin_demoted, false),
        Kind::AdminPromoted => (words.admin_promoted, false),
        Kind::AdminNotaryChosen => (words.admin_notary, false),
        Kind::AdminProofFailed => (words.admin_proof_failed, false),
        Kind::AdminProofed => (words.admin_proofed, false),
        Kind::AdminProposed => (words.admin_proposed, false),
        Kind::AffiliationAccepted => (words.affiliation_accepted, false),
        Kind::AffiliationChanged => (words.affiliation_changed, false),
        Kind::AffiliationDeclined => (words.affiliation_declined, false),
        Kind::AffiliationProposed => (words.affiliation_proposed, false),
        Kind::AffiliationReviewed => (words.affiliation_reviewed, false),
        Kind::AffiliationResumed => (words.affiliation_resumed, false),
        Kind::AffiliationSuspended => (words.affiliation_suspended, false),
        Kind::CallerRefused => (words.caller_refused, true),
        Kind::CallerVerified => (words.caller_verified, true),
        Kind::NominationActivated => (words.nomination_activated, false),
        Kind::NominationCodeFailed => (words.nomination_code_failed, true),
        Kind::NominationCodeIssued => (words.nomination_code_issued, false),
        Kind::NominationCreated => (words.nomination_created, false),
        Kind::NominationExpired => (words.nomination_expired, false),
        Kind::NominationWithdrawn => (words.nomination_withdrawn, false),
        Kind::PersonChanged => (words.person_changed, false),
        Kind::RoleGranted => (words.role_granted, false),
        Kind::RoleRemoved => (words.role_removed, false),
        Kind::TicketAnswered => (words.ticket_answered, false),
        Kind::TicketOpened => (words.ticket_opened, false),
        Kind::TicketReopened => (words.ticket_reopened, false),
        Kind::TicketResolved => (words.ticket_resolved, false),
        Kind::SessionEnded => match reason {
            Some("signed-out" | "signed-out-at-site") => (words.signed_out, false),
            _ => (words.session_ended, false),
        },
        Kind::AccessAnswered
        | Kind::AccessAskedFor
        | Kind::AgreementPublished
        | Kind::AgreementWithdrawn
        | Kind::CommunityImported
        | Kind::GrantEnded
        | Kind::GrantRefreshed
        | Kind::KeyActivated
        | Kind::KeyPublished
        | Kind::KeyReplaced
        | Kind::KeyRetired
        | Kind::LogoutDelivered
        | Kind::LogoutFailed
        | Kind::LogoutQueued
        | Kind::MailDelivered
        | Kind::MailFailed
        | Kind::OrgAgreed
        | Kind::OrgApproved
        | Kind::OrgChanged
        | Kind::OrgClosed
        | Kind::OrgClosingAsked
        | Kind::OrgClosingDropped
        | Kind::OrgConfirmed
        | Kind::OrgContactVerified
        | Kind::OrgErased
        | Kind::OrgNotaryChosen
        | Kind::OrgPeopleReviewed
        | Kind::OrgProofFailed
        | Kind::OrgProofed
        | Kind::OrgRejected
        | Kind::OrgResumed
        | Kind::OrgSiteSwitchedOff
        | Kind::OrgSiteSwitchedOn
        | Kind::OrgRecordExported
        | Kind::OrgStarted
        | Kind::OrgSuspended
        | Kind::OrgWithdrawn
        | Kind::RosterExported
        | Kind::RosterImported
        | Kind::RosterUndone
        | Kind::SiteAdded
        | Kind::SiteChanged
        | Kind::SiteMetadataHeld
        | Kind::SiteMetadataRefreshed
        | Kind::SiteRemoved
        | Kind::SiteSecretRotated
        | Kind::AuditRead
        | Kind::DeskSearched
        | Kind::PersonRead
        | Kind::RegistrationRead
        | Kind::StaffAppointed
        | Kind::StaffDismissed
        | Kind::SystemActivated
        | Kind::SystemCodeFailed
        | Kind::SystemCodeIssued
        | Kind::SystemCreated
        | Kind::SystemExpired
        | Kind::SystemRenewed
        | Kind::SystemRevoked
        | Kind::TaxidAnswered
        | Kind::TaxidAskedFor
        | Kind::TaxidBranch
        | Kind::TaxidContactDisclosed
        | Kind::TaxidDisputed
        | Kind::TaxidDuplicateFound
        | Kind::TaxidKept
        | Kind::TaxidObjected
        | Kind::TaxidPrefixOverridden
        | Kind::TaxidRegistered
        | Kind::TaxidReleaseProposed
        | Kind::TaxidReleaseRejected
        | Kind::TaxidReleaseRequested
        | Kind::TaxidReleased
        | Kind::TaxidRepresentationEnded
        | Kind::TaxidRepresented
        | Kind::TicketAssigned
        | Kind::TicketClosed => return None,
    };
    Some(told)
}
