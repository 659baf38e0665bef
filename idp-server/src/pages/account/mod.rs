//! A Subscriber's own pages: one for each area, with one navigation between them.
//!
//! A new area is one more [`Area`], with its address and its name; its template extends
//! `account_frame.html`, and its view has a `frame` and a `nav`.

mod activity;
mod agreements;
mod delete;
mod email;
mod leave;
mod nav;
mod offers;
mod overview;
mod password;
mod profile;
mod promotion;
mod questions;
mod rehearsal;
mod security;
mod sessions;
mod shared;
mod sites;

pub use activity::{ActivityActor, ActivityEntry, ActivityPage, activity_words};
pub use agreements::{AccountAgreementPage, AgreementsPage, ListedAgreement};
pub use delete::{AccountDeletedPage, DeletePage, DeleteProblem};
pub use email::{EmailPage, EmailProblem, PendingEmail};
pub use leave::LeavePage;
pub use nav::{AccountNav, Area};
pub use offers::{DueProof, OfferDone, OfferDue, OffersPage, ReceivedOffer};
pub use overview::{AffiliationView, Invitation, OverviewPage, SiteVisit, Stopped};
pub use password::{PasswordPage, PasswordProblem};
pub use profile::ProfilePage;
pub use promotion::{PromotionPage, PromotionStep};
pub use questions::QuestionsPage;
pub use rehearsal::{Asks, NeedView, RehearsalEnd, RehearsalPage, RehearsalStep, Told};
pub use security::{FactorView, RememberedView, SecurityDone, SecurityPage};
pub use sessions::{SessionView, SessionsDone, SessionsPage};
pub use shared::{SharedEntry, SharedPage};
pub use sites::{PortalOpening, PortalPage, PortalSite};
