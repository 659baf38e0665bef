//! No longer acting for an organization.

use askama::Template;

use super::AccountNav;
use crate::pages::Frame;

/// Asks whether somebody means it. Posts `form_token` to `/account/leave/{id}`.
#[derive(Debug, Template)]
#[template(path = "account_leave.html")]
pub struct LeavePage<'a> {
    pub frame: Frame<'a>,
    pub nav: AccountNav,
    pub form_token: &'a str,
    /// The affiliation.
    pub id: &'a str,
    pub organization: &'a str,
    /// Why it cannot be.
    pub problem: Option<&'a str>,
}
