//! The support desk's console.

mod case;
mod home;
mod standing;
mod tickets;

pub use case::{CasePage, DeedView, Fact, ListPage, ListPart, ListRow, Section, SendBy};
pub use home::{QueueView, SupportHomePage};
pub use tickets::{Deeds, RequesterView, TicketLine, TicketPage, TicketProblem, TicketsPage};

use super::Messages;

/// An area of the console: one entry of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SupportArea {
    Agreements,
    Audit,
    Home,
    Promotions,
    Registrations,
    Search,
    TaxIds,
    Tickets,
}

impl SupportArea {
    /// Every area, in the order of the navigation.
    const ALL: [Self; 8] = [
        Self::Home,
        Self::Tickets,
        Self::Search,
        Self::Registrations,
        Self::Promotions,
        Self::TaxIds,
        Self::Agreements,
        Self::Audit,
    ];

    /// The address of its page.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Agreements => "/support/agreements",
            Self::Audit => "/support/audit",
            Self::Home => "/support",
            Self::Promotions => "/support/promotions",
            Self::Registrations => "/support/registrations",
            Self::Search => "/support/search",
            Self::TaxIds => "/support/tax-ids",
            Self::Tickets => "/support/tickets",
        }
    }

    /// What it is called, in the navigation and as the heading of its page.
    pub(super) const fn label(self, text: &'static Messages) -> &'static str {
        match self {
            Self::Agreements => text.support.area_agreements,
            Self::Audit => text.support.area_audit,
            Self::Home => text.support.area_home,
            Self::Promotions => text.support.area_promotions,
            Self::Registrations => text.support.area_registrations,
            Self::Search => text.support.area_search,
            Self::TaxIds => text.support.area_tax_ids,
            Self::Tickets => text.support.area_tickets,
        }
    }
}

/// The navigation as one page shows it.
#[derive(Clone, Copy, Debug)]
pub struct SupportNav {
    /// Where the person is.
    pub area: SupportArea,
}

impl SupportNav {
    fn areas(&self) -> impl Iterator<Item = SupportArea> {
        SupportArea::ALL.into_iter()
    }
}
