//! The organization's own record, and where its people went.

use askama::Template;
use chrono::{DateTime, Utc};
use idp_core::{audit::Kind, community::own_record::Part};

use super::OrganizationNav;
use crate::pages::{Frame, Messages, wording};

/// The list. Its form narrows it by `what`, `person`, `site`, `from` and `until`.
#[derive(Debug, Template)]
#[template(path = "organization_audit.html")]
pub struct OrganizationAuditPage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub asked: RecordAsked<'a>,
    /// Identifier and name of each site.
    pub sites: Vec<(&'a str, &'a str)>,
    /// Whether nobody of the organization has the User ID.
    pub nobody: bool,
    pub events: Vec<RecordEntry>,
    /// The address of the same list as a file.
    pub export: String,
    /// The address of the first page, if this is another one.
    pub newest: Option<String>,
    /// The address of the page after.
    pub older: Option<String>,
}

/// What the list is narrowed to, as it stands in the address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordAsked<'a> {
    pub what: &'a str,
    pub person: &'a str,
    pub site: &'a str,
    pub from: &'a str,
    pub until: &'a str,
}

impl RecordAsked<'_> {
    fn is_narrow(&self) -> bool {
        *self != Self::default()
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct RecordEntry {
    pub kind: Kind,
    pub at: DateTime<Utc>,
    pub by: RecordActor,
    /// To whom.
    pub whom: Option<String>,
    pub site: Option<String>,
    /// With which Tax IDs the person went there; `None`: one that the organization no longer has.
    pub tax_ids: Vec<Option<String>>,
    /// Codes of the roles that the person had from then on.
    pub roles: Vec<String>,
    pub reason: Option<String>,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordActor {
    /// Hilum itself.
    Hilum,
    /// Somebody of the organization, or a site.
    Named(String),
    /// Somebody who is none of the organization's people: who is not told (security 20.2).
    SomebodyElse,
}

impl RecordActor {
    pub fn shown(&self, text: &'static Messages) -> &str {
        match self {
            Self::Hilum => text.record.by_hilum,
            Self::Named(name) => name,
            Self::SomebodyElse => text.record.by_somebody_else,
        }
    }
}

impl OrganizationAuditPage<'_> {
    /// Each part with its kinds: codes and words.
    fn parts(&self) -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
        let text = self.frame.text;
        let words = &text.record;
        let part = |part: Part| {
            let label = match part {
                Part::Lists => words.lists,
                Part::Organization => words.organization,
                Part::People => words.people,
                Part::TaxIds => words.tax_ids,
                Part::Visits => words.visits,
            };
            (label, part.kinds().map(|kind| (kind.as_str(), record_title(text, kind))).collect())
        };
        Part::ALL.map(part).into_iter().collect()
    }

    fn title(&self, kind: &Kind) -> &'static str {
        record_title(self.frame.text, *kind)
    }

    fn role_names<'a>(&self, entry: &'a RecordEntry) -> Vec<&'a str> {
        let codes: Vec<&str> = entry.roles.iter().map(String::as_str).collect();
        wording::roles(self.frame.text, &codes)
    }

    fn numbers(&self, entry: &RecordEntry) -> String {
        let former = self.frame.text.record.former_tax_id;
        let shown: Vec<&str> =
            entry.tax_ids.iter().map(|one| one.as_deref().unwrap_or(former)).collect();
        shown.join(", ")
    }
}

/// What happened, in words; a kind that no organization reads of as the record spells it.
pub fn record_title(text: &'static Messages, kind: Kind) -> &'static str {
    let words = &text.record;
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "a kind that is not told needs no words: core says which are"
    )]
    match kind {
        Kind::AccessAnswered => words.access_answered,
        Kind::AccessAskedFor => words.access_asked_for,
        Kind::AccessRefused => words.access_refused,
        Kind::AccountReactivated => words.account_reactivated,
        Kind::AccountResumed => words.account_resumed,
        Kind::AccountSuspended => words.account_suspended,
        Kind::AccountTerminated => words.account_terminated,
        Kind::AdminDeclined => words.admin_declined,
        Kind::AdminDemoted => words.admin_demoted,
        Kind::AdminPromoted => words.admin_promoted,
        Kind::AdminProposed => words.admin_proposed,
        Kind::AffiliationAccepted => words.affiliation_accepted,
        Kind::AffiliationChanged => words.affiliation_changed,
        Kind::AffiliationDeclined => words.affiliation_declined,
        Kind::AffiliationEnded => words.affiliation_ended,
        Kind::AffiliationProposed => words.affiliation_proposed,
        Kind::AffiliationResumed => words.affiliation_resumed,
        Kind::AffiliationReviewed => words.affiliation_reviewed,
        Kind::AffiliationSuspended => words.affiliation_suspended,
        Kind::GrantIssued => words.grant_issued,
        Kind::NominationActivated => words.nomination_activated,
        Kind::NominationCodeFailed => words.nomination_code_failed,
        Kind::NominationCodeIssued => words.nomination_code_issued,
        Kind::NominationCreated => words.nomination_created,
        Kind::NominationExpired => words.nomination_expired,
        Kind::NominationWithdrawn => words.nomination_withdrawn,
        Kind::OrgApproved => words.org_approved,
        Kind::OrgChanged => words.org_changed,
        Kind::OrgClosed => words.org_closed,
        Kind::OrgClosingAsked => words.org_closing_asked,
        Kind::OrgClosingDropped => words.org_closing_dropped,
        Kind::OrgConfirmed => words.org_confirmed,
        Kind::OrgPeopleReviewed => words.org_people_reviewed,
        Kind::OrgRecordExported => words.org_record_exported,
        Kind::OrgResumed => words.org_resumed,
        Kind::OrgSiteSwitchedOff => words.org_site_switched_off,
        Kind::OrgSiteSwitchedOn => words.org_site_switched_on,
        Kind::OrgSuspended => words.org_suspended,
        Kind::ResetCodeIssued => words.reset_code_issued,
        Kind::RoleGranted => words.role_granted,
        Kind::RoleRemoved => words.role_removed,
        Kind::RosterExported => words.roster_exported,
        Kind::RosterImported => words.roster_imported,
        Kind::RosterUndone => words.roster_undone,
        Kind::SystemActivated => words.system_activated,
        Kind::SystemCodeFailed => words.system_code_failed,
        Kind::SystemCodeIssued => words.system_code_issued,
        Kind::SystemCreated => words.system_created,
        Kind::SystemExpired => words.system_expired,
        Kind::SystemRenewed => words.system_renewed,
        Kind::SystemRevoked => words.system_revoked,
        Kind::TaxidAnswered => words.taxid_answered,
        Kind::TaxidAskedFor => words.taxid_asked_for,
        Kind::TaxidDisputed => words.taxid_disputed,
        Kind::TaxidKept => words.taxid_kept,
        Kind::TaxidObjected => words.taxid_objected,
        Kind::TaxidRegistered => words.taxid_registered,
        Kind::TaxidReleaseProposed => words.taxid_release_proposed,
        Kind::TaxidReleaseRejected => words.taxid_release_rejected,
        Kind::TaxidReleaseRequested => words.taxid_release_requested,
        Kind::TaxidReleased => words.taxid_released,
        Kind::TaxidRepresentationEnded => words.taxid_representation_ended,
        Kind::TaxidRepresented => words.taxid_represented,
        other => other.as_str(),
    }
}
