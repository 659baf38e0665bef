//! What I have agreed to, and what waits for it.

use askama::Template;
use chrono::{DateTime, Utc};
use idp_core::community::agreement::Block;

use super::AccountNav;
use crate::pages::{AgreementView, Frame};

/// The list. It has no form.
#[derive(Debug, Template)]
#[template(path = "account_agreements.html")]
pub struct AgreementsPage<'a> {
    pub frame: Frame<'a>,
    pub nav: AccountNav,
    /// Asked for before the next site opens.
    pub due: Vec<ListedAgreement<'a>>,
    /// Accepted, the newest first.
    pub accepted: Vec<ListedAgreement<'a>>,
    /// Whether the last post accepted one.
    pub done: bool,
}

/// A version of an agreement in the list.
#[derive(Clone, Copy, Debug)]
pub struct ListedAgreement<'a> {
    pub id: &'a str,
    pub title: &'a str,
    pub version: &'a str,
    /// When the person accepted it.
    pub accepted_at: Option<DateTime<Utc>>,
    /// Whether another version took its place.
    pub superseded: bool,
}

/// One text. Where it waits for it, posts `answer_token` to `/account/agreements/{id}`.
#[derive(Debug, Template)]
#[template(path = "account_agreement.html")]
pub struct AccountAgreementPage<'a> {
    pub frame: Frame<'a>,
    pub nav: AccountNav,
    pub id: &'a str,
    /// SHA-256 of the text.
    pub hash: &'a str,
    pub agreement: AgreementView<'a>,
    pub accepted_at: Option<DateTime<Utc>>,
    /// The token of the form, where the text waits to be accepted.
    pub answer_token: Option<&'a str>,
}
