//! The Administrator's console.

mod home;

pub use home::OrganizationHomePage;

use super::Messages;

/// An area of the console: one entry of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrganizationArea {
    Home,
}

impl OrganizationArea {
    /// Every area, in the order of the navigation.
    const ALL: [Self; 1] = [Self::Home];

    /// The end of the address of its page.
    const fn place(self) -> &'static str {
        match self {
            Self::Home => "",
        }
    }

    /// What it is called, in the navigation and as the heading of its page.
    pub(super) const fn label(self, text: &'static Messages) -> &'static str {
        match self {
            Self::Home => text.organization.area_home,
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

    /// The address of an area.
    pub(super) fn path(&self, area: &OrganizationArea) -> String {
        format!("/organization/{}{}", self.id, area.place())
    }
}
