//! The pages that people see: typed views, their templates (`templates/`), their texts
//! (`messages/`) and the files they need (`assets/`).
//!
//! A view knows no protocol, no database and no HTTP: a handler fills it with plain values and
//! sends what [`askama::Template::render`] gives. Every page works without JavaScript, carries no
//! inline script or style, and takes its words from the catalogue of the person's language.

mod account;
mod activate;
mod affiliation;
mod agreement;
mod assets;
mod browser;
mod challenge;
mod console;
mod enrol;
mod error;
mod factor;
mod forgot;
mod form;
mod form_post;
mod frame;
mod home;
mod letter;
mod mailbox;
mod messages;
mod moment;
mod notice;
mod objection;
mod organization;
mod password;
mod public;
mod qr;
mod refusal;
mod register;
mod sign_in;
mod sign_out;
mod support;
mod switch_person;
mod wording;

#[cfg(test)]
mod tests;

pub use account::activity_words;
pub use account::{
    AccountAgreementPage, AccountDeletedPage, AccountNav, ActivityActor, ActivityEntry,
    ActivityPage, AffiliationView, AgreementsPage, Area, Asks, DeletePage, DeleteProblem, DueProof,
    EmailPage, EmailProblem, FactorView, Invitation, LeavePage, ListedAgreement, NeedView,
    OfferDone, OfferDue, OffersPage, OverviewPage, PasswordPage, PasswordProblem, PendingEmail,
    PortalOpening, PortalPage, PortalSite, ProfilePage, PromotionPage, PromotionStep,
    QuestionsPage, ReceivedOffer, RehearsalEnd, RehearsalPage, RehearsalStep, RememberedView,
    SecurityDone, SecurityPage, SessionView, SessionsDone, SessionsPage, SharedEntry, SharedPage,
    SiteVisit, Stopped, Told,
};
pub use activate::{ActivateAccountPage, ActivatePage, ActivateProblem, ActivatedPage, Wrong};
pub use affiliation::{AffiliationChoice, AffiliationPage};
pub use agreement::{AgreementDeclinedPage, AgreementPage, AgreementView};
pub use assets::ASSETS;
pub use challenge::{ChallengeProblem, ChallengeView};
pub use console::{ConsolesPage, KeptFormPage};
pub use enrol::{
    EnrolChoice, EnrolPage, EnrolPlace, EnrolProblem, RecoveryCodesPage, app_qr, usual_name,
};
pub use error::{ErrorPage, FormExpiredPage, NotFoundPage, Problem, ProtocolError, StartAgain};
pub use factor::{FactorPage, FactorProblem, FactorWay};
pub use forgot::{
    ForgotClosedPage, ForgotCodePage, ForgotNewPage, ForgotProblem, ForgotQuestionsPage,
    ForgotStartPage, Forgotten, FromMailPage, MailDeed, Outcome, OutcomePage,
};
pub use form::{FieldKind, FieldView, FormProblem};
pub use form_post::FormPostPage;
pub use frame::{Frame, SiteView, Support};
pub use home::HomePage;
pub use letter::{Letter, Letterhead};
pub use mailbox::{MailView, MailboxPage};
pub use messages::Messages;
pub use notice::{NoticePage, Received};
pub use organization::{
    AffiliatePage, AffiliateProblem, AskedForView, ClaimView, DataDone, DeedPage, EndingPage,
    HandOverView, ImportView, NominatePage, NominateProblem, NominateReviewPage, NominatedPage,
    NominationDone, NominationState, NominationView, NominationsPage, OfferView, OrganizationArea,
    OrganizationAttention, OrganizationAuditPage, OrganizationDataPage, OrganizationHomePage,
    OrganizationNav, OrganizationOutcome, OrganizationOutcomePage, OrganizationPartsPage,
    OrganizationSitesPage, OrganizationSystemsPage, OrganizationTaxIdsPage, PartView, PeoplePage,
    PersonDeed, PersonPage, PersonRightsPage, PersonStanding, PersonView, RecordActor, RecordAsked,
    RecordEntry, RepresentedView, RequestView, RequestsPage, ResetCodePage, ReviewAhead,
    ReviewDone, ReviewLine, ReviewPage, ReviewSought, RightsFields, RosterCodesPage,
    RosterImportPage, RosterNote, RosterPage, RosterPlanPage, RosterProblem, RosterRow, RosterStep,
    RunningPromotion, SiteReceipt, Sought, SwitchableSite, SystemCodePage, SystemDone, SystemStage,
    SystemView, TaxIdOutcome, TaxIdView, Typed, record_title,
};
pub use password::hints as password_hints;
pub use public::{
    Article, ArticlePage, AskPage, Asked, AskedPage, BrowserTestPage, ListedSite,
    PublicAgreementPage, PublicAgreementsPage, RequesterTicketPage, SaidView, SitesPage,
    StatusPage,
};
pub use refusal::{RefusalPage, RefusalReason};
pub use register::{
    Checked, NotaryFormPage, NotaryPurpose, NumberQuestion, OnlineTest, RegisterPage,
    RegisterProblem, RegisterStep, RegisterTyped, ShownContact, TestQuestion,
};
pub use sign_in::{SignInPage, SignInProblem, SignInReason};
pub use sign_out::{SignOutPage, SignedOutPage, SigningOutPage, ToldSite, ToldState};
pub use support::{
    CasePage, DeedView, Deeds, Fact, ListPage, ListPart, ListRow, QueueView, RequesterView,
    Section, SendBy, SupportArea, SupportHomePage, SupportNav, TicketLine, TicketPage,
    TicketProblem, TicketsPage,
};
pub use switch_person::SwitchPersonPage;
pub use wording::access_level_explained;
pub use wording::{promotion_stage, work_words};
