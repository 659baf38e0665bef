//! The support desk's console.

mod home;
mod tickets;

pub use home::SupportHomePage;
pub use tickets::{Deeds, RequesterView, TicketLine, TicketPage, TicketProblem, TicketsPage};

use super::Messages;

/// An area of the console: one entry of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SupportArea {
    Home,
    Tickets,
}

impl SupportArea {
    /// Every area, in the order of the navigation.
    const ALL: [Self; 2] = [Self::Home, Self::Tickets];

    /// The address of its page.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Home => "/support",
            Self::Tickets => "/support/tickets",
        }
    }

    /// What it is called, in the navigation and as the heading of its page.
    pub(super) const fn label(self, text: &'static Messages) -> &'static str {
        match self {
            Self::Home => text.support.area_home,
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
