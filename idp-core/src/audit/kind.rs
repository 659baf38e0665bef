//! What can happen, and how it is spelt for good.

use std::fmt;
use std::str::FromStr;

/// Makes the kinds and their spelling from one list, so that they cannot drift apart.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $spelling:literal;)*) => {
        /// What happened.
        ///
        /// The spelling stands in sealed rows: a kind may be added, never renamed or taken out.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// Every kind there is.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// How it is spelt: the thing, a dot, and what happened to it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $spelling,)*
                }
            }
        }
    };
}

kinds! {
    /// An Administrator answered a request for access, or nobody did in time.
    AccessAnswered = "access.answered";
    /// Somebody asked an organization for access (R18).
    AccessAskedFor = "access.asked-for";
    /// Something was asked for without the right to it.
    AccessRefused = "access.refused";
    /// An account is closed for good: merged, fraud, death (domain 4.5).
    AccountClosed = "account.closed";
    /// An account has not been used for 200 days (R28).
    AccountDormant = "account.dormant";
    /// Seven wrong passwords in a row (R29).
    AccountLocked = "account.locked";
    /// A dormant account is in use again (domain 4.5).
    AccountReactivated = "account.reactivated";
    /// An account that was stopped may be used again.
    AccountResumed = "account.resumed";
    /// An account is stopped for now.
    AccountSuspended = "account.suspended";
    /// An account is ended; the same User ID can be nominated anew.
    AccountTerminated = "account.terminated";
    /// A lock was taken off before its time.
    AccountUnlocked = "account.unlocked";
    /// A second person at the support desk approved a promotion (domain 4.8).
    AdminApproved = "admin.approved";
    /// A promotion came to nothing.
    AdminDeclined = "admin.declined";
    /// A Subscriber is no longer an Administrator of an organization.
    AdminDemoted = "admin.demoted";
    /// A Subscriber is an Administrator of an organization.
    AdminPromoted = "admin.promoted";
    /// Somebody who is to be an Administrator goes to a notary (R36).
    AdminNotaryChosen = "admin.notary-chosen";
    /// Somebody who is to be an Administrator failed the knowledge test.
    AdminProofFailed = "admin.proof-failed";
    /// Somebody who is to be an Administrator proved who they are (R35).
    AdminProofed = "admin.proofed";
    /// A Subscriber is to become an Administrator.
    AdminProposed = "admin.proposed";
    /// A Subscriber accepted to act for an organization.
    AffiliationAccepted = "affiliation.accepted";
    /// Tax IDs or the access level of an affiliation are others now.
    AffiliationChanged = "affiliation.changed";
    /// A Subscriber did not accept to act for an organization, or did not answer in time.
    AffiliationDeclined = "affiliation.declined";
    /// A Subscriber no longer acts for an organization.
    AffiliationEnded = "affiliation.ended";
    /// A Subscriber is asked to act for an organization (domain 4.3).
    AffiliationProposed = "affiliation.proposed";
    /// An Administrator confirmed in the yearly review what a Subscriber may do.
    AffiliationReviewed = "affiliation.reviewed";
    /// An affiliation that was stopped may be used again.
    AffiliationResumed = "affiliation.resumed";
    /// An affiliation is stopped for now.
    AffiliationSuspended = "affiliation.suspended";
    /// A Subscriber agreed to a text (R19).
    AgreementAccepted = "agreement.accepted";
    /// A Subscriber did not agree to a text.
    AgreementDeclined = "agreement.declined";
    /// A text is in force, in place of the version before it.
    AgreementPublished = "agreement.published";
    /// A text is no longer asked for, and none takes its place.
    AgreementWithdrawn = "agreement.withdrawn";
    /// Somebody at the support desk read the audit record.
    AuditRead = "audit.read";
    /// A browser no longer stands in for the second factor of a Subscriber.
    BrowserForgotten = "browser.forgotten";
    /// A browser stands in for the second factor of a Subscriber, for a while.
    BrowserRemembered = "browser.remembered";
    /// Somebody who called the support desk could not show who they are (R23, R56).
    CallerRefused = "caller.refused";
    /// Somebody who called the support desk showed who they are.
    CallerVerified = "caller.verified";
    /// An authorization code came back a second time (RFC 6749 §4.1.2).
    CodeReused = "code.reused";
    /// A community file was loaded.
    CommunityImported = "community.imported";
    /// Somebody at the support desk looked for people or organizations.
    DeskSearched = "desk.searched";
    /// A Subscriber proved a second factor.
    FactorAccepted = "factor.accepted";
    /// A Subscriber set up a second factor.
    FactorAdded = "factor.added";
    /// A second factor, recovery code or mailed code was wrong.
    FactorRefused = "factor.refused";
    /// A Subscriber gave up a second factor.
    FactorRemoved = "factor.removed";
    /// A Subscriber calls a second factor something else.
    FactorRenamed = "factor.renamed";
    /// A Subscriber has another mail address (domain 4.7).
    EmailChanged = "email.changed";
    /// A Subscriber gave up a change of address that waited.
    EmailGivenUp = "email.given-up";
    /// Another mail address was asked for.
    EmailRequested = "email.requested";
    /// The old mailbox stopped a change of address.
    EmailStopped = "email.stopped";
    /// The old mailbox took a change of address back.
    EmailUndone = "email.undone";
    /// The removal of lost second factors was stopped.
    FactorResetCancelled = "factor.reset-cancelled";
    /// Lost second factors were removed.
    FactorResetDone = "factor.reset-done";
    /// Lost second factors are to be removed, after a wait.
    FactorResetRequested = "factor.reset-requested";
    /// A site lost what it was given in a session.
    GrantEnded = "grant.ended";
    /// A site was given tokens.
    GrantIssued = "grant.issued";
    /// A site renewed its tokens.
    GrantRefreshed = "grant.refreshed";
    /// A key began to sign.
    KeyActivated = "key.activated";
    /// A key stands in the key set.
    KeyPublished = "key.published";
    /// A key signs nothing more; its successor does.
    KeyReplaced = "key.replaced";
    /// A key left the key set.
    KeyRetired = "key.retired";
    /// Somebody did not get in.
    LoginFailed = "login.failed";
    /// A Subscriber signed in.
    LoginSucceeded = "login.succeeded";
    /// A site has heard that a session ended.
    LogoutDelivered = "logout.delivered";
    /// A site could not be told, and is not tried again.
    LogoutFailed = "logout.failed";
    /// A site is to be told that a session ended.
    LogoutQueued = "logout.queued";
    /// A Subscriber was given new recovery codes.
    RecoveryCodesMade = "recovery-codes.made";
    /// A mail has reached the mail server.
    MailDelivered = "mail.delivered";
    /// A mail could not be sent, and is not tried again.
    MailFailed = "mail.failed";
    /// A nominee took the User ID over (domain 4.2).
    NominationActivated = "nomination.activated";
    /// An activation code was wrong, used or dead.
    NominationCodeFailed = "nomination.code-failed";
    /// An activation code was made to be handed over.
    NominationCodeIssued = "nomination.code-issued";
    /// An Administrator nominated somebody.
    NominationCreated = "nomination.created";
    /// A nomination was not taken up within 30 days.
    NominationExpired = "nomination.expired";
    /// A nomination was taken back.
    NominationWithdrawn = "nomination.withdrawn";
    /// Somebody with the authority to sign accepted the trust agreement (R20, domain 4.1).
    OrgAgreed = "org.agreed";
    /// An organization takes part.
    OrgApproved = "org.approved";
    /// An organization's data are others now.
    OrgChanged = "org.changed";
    /// An organization left for good.
    OrgClosed = "org.closed";
    /// An Administrator asked that the organization be closed.
    OrgClosingAsked = "org.closing-asked";
    /// The wish to close an organization was taken back, or nobody decided on it in time.
    OrgClosingDropped = "org.closing-dropped";
    /// An Administrator confirmed that the organization's data are right (R14).
    OrgConfirmed = "org.confirmed";
    /// The mailbox of somebody who registers an organization was proved.
    OrgContactVerified = "org.contact-verified";
    /// An abandoned registration was erased.
    OrgErased = "org.erased";
    /// Somebody who registers an organization goes to a notary (R36).
    OrgNotaryChosen = "org.notary-chosen";
    /// An Administrator finished the yearly review of an organization's people (R14).
    OrgPeopleReviewed = "org.people-reviewed";
    /// Somebody who registers an organization failed the knowledge test (R35).
    OrgProofFailed = "org.proof-failed";
    /// Somebody who registers an organization proved who they are (R37).
    OrgProofed = "org.proofed";
    /// An Administrator took the organization's own record away as a file.
    OrgRecordExported = "org.record-exported";
    /// A registration was refused.
    OrgRejected = "org.rejected";
    /// An organization that was stopped takes part again.
    OrgResumed = "org.resumed";
    /// An organization switched a site off (R7).
    OrgSiteSwitchedOff = "org.site-switched-off";
    /// An organization switched a site on.
    OrgSiteSwitchedOn = "org.site-switched-on";
    /// Somebody began to register an organization.
    OrgStarted = "org.started";
    /// An organization is stopped for now.
    OrgSuspended = "org.suspended";
    /// A registration was taken back.
    OrgWithdrawn = "org.withdrawn";
    /// A person changed their own data: the telephone number, the language of mails.
    PersonChanged = "person.changed";
    /// Somebody at the support desk looked at a person.
    PersonRead = "person.read";
    /// Secret questions were set up or changed (R57).
    QuestionsChanged = "questions.changed";
    /// Somebody at the support desk looked at a registration.
    RegistrationRead = "registration.read";
    /// A new password was set in place of a forgotten one (R53).
    ResetChanged = "reset.changed";
    /// Self-help is closed: three wrong answers (R54).
    ResetClosed = "reset.closed";
    /// A code of a reset was wrong, used or dead.
    ResetCodeFailed = "reset.code-failed";
    /// A code was made to be handed over in person.
    ResetCodeIssued = "reset.code-issued";
    /// A code of a reset was mailed.
    ResetCodeMailed = "reset.code-mailed";
    /// The secret questions were answered wrongly.
    ResetQuestionsFailed = "reset.questions-failed";
    /// There is a new password.
    PasswordChanged = "password.changed";
    /// Somebody signed in did not know the password that they wanted to change.
    PasswordChangeRefused = "password.change-refused";
    /// A Subscriber has a role in an organization (R8).
    RoleGranted = "role.granted";
    /// A Subscriber no longer has a role in an organization.
    RoleRemoved = "role.removed";
    /// An Administrator took a list of people away as a file.
    RosterExported = "roster.exported";
    /// A list of people was imported.
    RosterImported = "roster.imported";
    /// The import of a list of people was taken back.
    RosterUndone = "roster.undone";
    /// A session is over.
    SessionEnded = "session.ended";
    /// A site was registered.
    SiteAdded = "site.added";
    /// The record of a site is another.
    SiteChanged = "site.changed";
    /// New metadata of a site wait for somebody to accept them.
    SiteMetadataHeld = "site.metadata-held";
    /// An operator saw what a site would receive for a Subscriber.
    SitePreviewed = "site.previewed";
    /// A site is no longer registered.
    SiteRemoved = "site.removed";
    /// A site's metadata were fetched or loaded anew, and say something else.
    SiteMetadataRefreshed = "site.metadata-refreshed";
    /// A site has a new secret.
    SiteSecretRotated = "site.secret-rotated";
    /// Somebody works at the support desk, or has another rank there.
    StaffAppointed = "staff.appointed";
    /// Somebody no longer works at the support desk.
    StaffDismissed = "staff.dismissed";
    /// A system of an organization showed its key (domain 4.10).
    SystemActivated = "system.activated";
    /// A code for setting a system up was wrong, used or dead.
    SystemCodeFailed = "system.code-failed";
    /// A code for setting a system up was made.
    SystemCodeIssued = "system.code-issued";
    /// An organization is to have a system of its own.
    SystemCreated = "system.created";
    /// A system was not renewed in time.
    SystemExpired = "system.expired";
    /// A system may go on.
    SystemRenewed = "system.renewed";
    /// A system was stopped for good.
    SystemRevoked = "system.revoked";
    /// Support answered an organization that asked for another number, or it took that back.
    TaxidAnswered = "taxid.answered";
    /// An organization asks to have another number registered (R22).
    TaxidAskedFor = "taxid.asked-for";
    /// Somebody answered a question about a number that an organization has (domain 4.1).
    TaxidBranch = "taxid.branch";
    /// Somebody was shown whom to ask about a number (R45).
    TaxidContactDisclosed = "taxid.contact-disclosed";
    /// Somebody disputes whose a number is.
    TaxidDisputed = "taxid.disputed";
    /// Somebody typed a number that an organization has (R43).
    TaxidDuplicateFound = "taxid.duplicate-found";
    /// A number stays with its organization.
    TaxidKept = "taxid.kept";
    /// An organization objects to giving a number up.
    TaxidObjected = "taxid.objected";
    /// Support accepted a number with a prefix that is not known.
    TaxidPrefixOverridden = "taxid.prefix-overridden";
    /// An organization has a number.
    TaxidRegistered = "taxid.registered";
    /// Support proposes to take a number from its organization (domain 4.9).
    TaxidReleaseProposed = "taxid.release-proposed";
    /// The second person at the support desk did not approve the release of a number.
    TaxidReleaseRejected = "taxid.release-rejected";
    /// An organization is asked to give a number up.
    TaxidReleaseRequested = "taxid.release-requested";
    /// An organization no longer has a number.
    TaxidReleased = "taxid.released";
    /// An organization no longer acts under another's number.
    TaxidRepresentationEnded = "taxid.representation-ended";
    /// An organization acts under another's number, on its behalf (R44).
    TaxidRepresented = "taxid.represented";
    /// The support desk asked back, or somebody answered it.
    TicketAnswered = "ticket.answered";
    /// Somebody at the support desk took a ticket.
    TicketAssigned = "ticket.assigned";
    /// A ticket is closed.
    TicketClosed = "ticket.closed";
    /// The support desk was asked for something (domain 4.10).
    TicketOpened = "ticket.opened";
    /// A ticket that was resolved was not.
    TicketReopened = "ticket.reopened";
    /// What a ticket asked for is done, or refused.
    TicketResolved = "ticket.resolved";
    /// A spent refresh token came back (RFC 9700 §4.14.2).
    TokenReused = "token.reused";
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such kind of audit event")]
pub struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(UnknownKind)
    }
}
