//! The sites that an organization switches on.

use askama::Template;

use super::OrganizationNav;
use crate::pages::Frame;

/// Posts `form_token` and `to` (`on` or `off`) to `/organization/{id}/sites/{site}`.
#[derive(Debug, Template)]
#[template(path = "organization_sites.html")]
pub struct OrganizationSitesPage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub form_token: &'a str,
    pub sites: Vec<SwitchableSite<'a>>,
    /// Whether one was just switched.
    pub done: bool,
}

/// A site that an organization has to switch on.
#[derive(Clone, Copy, Debug)]
pub struct SwitchableSite<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub on: bool,
}
