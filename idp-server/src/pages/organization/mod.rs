//! The Administrator's console.

mod affiliate;
mod audit;
mod data;
mod home;
mod nominate;
mod nominations;
mod parts;
mod people;
mod person;
mod requests;
mod review;
mod roster;
mod sites;
mod systems;
mod tax_ids;
mod typed;

pub use affiliate::{AffiliatePage, AffiliateProblem};
pub use audit::{OrganizationAuditPage, RecordActor, RecordAsked, RecordEntry, record_title};
pub use data::{DataDone, OrganizationDataPage};
pub use home::{OrganizationAttention, OrganizationHomePage, ReviewAhead};
pub use nominate::{
    NominatePage, NominateProblem, NominateReviewPage, NominatedPage, OrganizationOutcome,
    OrganizationOutcomePage,
};
pub use nominations::{
    NominationDone, NominationState, NominationView, NominationsPage, OfferView,
};
pub use parts::{OrganizationPartsPage, PartView};
pub use people::{PeoplePage, PersonStanding, PersonView, Sought};
pub use person::{
    DeedPage, EndingPage, PersonDeed, PersonPage, PersonRightsPage, ResetCodePage,
    RunningPromotion, SiteReceipt,
};
pub use requests::{RequestView, RequestsPage};
pub use review::{ReviewDone, ReviewLine, ReviewPage, ReviewSought};
pub use roster::{
    HandOverView, ImportView, RosterCodesPage, RosterImportPage, RosterNote, RosterPage,
    RosterPlanPage, RosterProblem, RosterRow, RosterStep,
};
pub use sites::{OrganizationSitesPage, SwitchableSite};
pub use systems::{OrganizationSystemsPage, SystemCodePage, SystemDone, SystemStage, SystemView};
pub use tax_ids::{
    AskedForView, ClaimView, OrganizationTaxIdsPage, RepresentedView, TaxIdOutcome, TaxIdView,
};
pub use typed::{RightsFields, Typed};

use super::Messages;

/// An area of the console: one entry of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrganizationArea {
    Audit,
    Data,
    Home,
    Nominations,
    People,
    Requests,
    Sites,
    Systems,
    TaxIds,
}

impl OrganizationArea {
    /// Every area, in the order of the navigation.
    const ALL: [Self; 9] = [
        Self::Home,
        Self::People,
        Self::Nominations,
        Self::Requests,
        Self::TaxIds,
        Self::Sites,
        Self::Systems,
        Self::Data,
        Self::Audit,
    ];

    /// The end of the address of its page.
    const fn place(self) -> &'static str {
        match self {
            Self::Audit => "/audit",
            Self::Data => "/data",
            Self::Home => "",
            Self::Nominations => "/nominations",
            Self::People => "/people",
            Self::Requests => "/requests",
            Self::Sites => "/sites",
            Self::Systems => "/systems",
            Self::TaxIds => "/tax-ids",
        }
    }

    /// What it is called, in the navigation and as the heading of its page.
    pub(super) const fn label(self, text: &'static Messages) -> &'static str {
        match self {
            Self::Audit => text.organization.area_record,
            Self::Data => text.organization.area_data,
            Self::Home => text.organization.area_home,
            Self::Nominations => text.organization.area_nominations,
            Self::People => text.organization.area_people,
            Self::Requests => text.organization.area_requests,
            Self::Sites => text.organization.area_sites,
            Self::Systems => text.organization.area_systems,
            Self::TaxIds => text.organization.area_tax_ids,
        }
    }
}

/// The navigation as one page shows it.
#[derive(Clone, Copy, Debug)]
pub struct OrganizationNav<'a> {
    /// Which organization.
    pub id: &'a str,
    pub name: &'a str,
    /// Where the person is.
    pub area: OrganizationArea,
}

impl OrganizationNav<'_> {
    fn areas(&self) -> impl Iterator<Item = OrganizationArea> {
        OrganizationArea::ALL.into_iter()
    }

    /// The address of something of the organization.
    pub(super) fn at(&self, place: &str) -> String {
        format!("/organization/{}{place}", self.id)
    }

    /// The address of an area.
    pub(super) fn path(&self, area: &OrganizationArea) -> String {
        self.at(area.place())
    }
}
