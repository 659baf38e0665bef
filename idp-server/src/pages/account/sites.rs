//! The sites that a person opens from here, and why some are not open to them.

use askama::Template;

use super::AccountNav;
use crate::pages::{Frame, RefusalReason};

/// It has no form: each site is a link.
#[derive(Debug, Template)]
#[template(path = "account_sites.html")]
pub struct PortalPage<'a> {
    pub frame: Frame<'a>,
    pub nav: AccountNav,
    /// What the person may open.
    pub open: Vec<PortalSite<'a>>,
    /// What they may not, with the reason.
    pub closed: Vec<PortalSite<'a>>,
}

/// A site of the community.
#[derive(Clone, Debug)]
pub struct PortalSite<'a> {
    /// Its identifier.
    pub id: &'a str,
    pub name: &'a str,
    pub opening: PortalOpening<'a>,
}

/// How a person gets there.
#[derive(Clone, Debug)]
pub enum PortalOpening<'a> {
    /// By this link: an address of ours, or one that the site registered.
    At(String),
    /// Not now: what the site said about itself is past its end.
    Expired,
    /// Not with this account.
    Refused(RefusalReason<'a>),
    /// By going to the site itself: its address is not known here.
    Unknown,
}

impl PortalSite<'_> {
    fn address(&self) -> Option<&str> {
        match &self.opening {
            PortalOpening::At(address) => Some(address),
            PortalOpening::Expired | PortalOpening::Refused(_) | PortalOpening::Unknown => None,
        }
    }

    fn refusal(&self) -> Option<&RefusalReason<'_>> {
        match &self.opening {
            PortalOpening::Refused(reason) => Some(reason),
            PortalOpening::At(_) | PortalOpening::Expired | PortalOpening::Unknown => None,
        }
    }
}
