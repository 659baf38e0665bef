//! Where an Administrator begins.

use askama::Template;

use super::OrganizationNav;
use crate::pages::Frame;

/// What there is to do.
#[derive(Debug, Template)]
#[template(path = "organization_home.html")]
pub struct OrganizationHomePage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
}
