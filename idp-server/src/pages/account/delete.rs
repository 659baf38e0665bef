//! Giving one's account up.

use askama::Template;

use super::AccountNav;
use crate::pages::Frame;

/// Asks whether somebody means it. Posts `form_token` and `sure` to `/account/delete`.
#[derive(Debug, Template)]
#[template(path = "account_delete.html")]
pub struct DeletePage<'a> {
    pub frame: Frame<'a>,
    pub nav: AccountNav,
    pub form_token: &'a str,
    pub user_id: &'a str,
    /// For whom they act.
    pub organizations: Vec<&'a str>,
    pub problem: Option<DeleteProblem>,
}

/// Why nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteProblem {
    LastAdministrator,
    /// The box was not ticked.
    NotSure,
}

/// It is done. There is no form: whoever reads it is signed out.
#[derive(Debug, Template)]
#[template(path = "account_deleted.html")]
pub struct AccountDeletedPage<'a> {
    pub frame: Frame<'a>,
    pub user_id: &'a str,
}
