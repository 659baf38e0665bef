//! Whoever is nominated or asked, and has not answered.

use askama::Template;
use chrono::{DateTime, Utc};

use super::OrganizationNav;
use crate::pages::Frame;

/// Posts `form_token` to `/organization/{id}/nominations/{nomination}/{resend,withdraw}` and to
/// `/organization/{id}/offers/{affiliation}/take-back`.
#[derive(Debug, Template)]
#[template(path = "organization_nominations.html")]
pub struct NominationsPage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub form_token: &'a str,
    /// Whether those that are over are shown.
    pub over: bool,
    pub nominations: Vec<NominationView>,
    /// People who have a User ID and were asked.
    pub offers: Vec<OfferView>,
    /// The address of the page after.
    pub after: Option<String>,
    /// What was just done.
    pub done: Option<NominationDone>,
}

/// A nomination in the list.
#[derive(Clone, Debug)]
pub struct NominationView {
    pub id: String,
    pub name: String,
    pub user_id: String,
    pub email: String,
    pub nominated_at: DateTime<Utc>,
    pub state: NominationState,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NominationState {
    Activated {
        at: DateTime<Utc>,
    },
    Expired,
    /// `code_lives`: whether the code can still be used.
    Waiting {
        until: DateTime<Utc>,
        code_lives: bool,
    },
    Withdrawn {
        at: DateTime<Utc>,
    },
}

/// Somebody who was asked. Nothing is known of them but what the Administrator typed.
#[derive(Clone, Debug)]
pub struct OfferView {
    pub id: String,
    pub typed: String,
    pub asked_at: DateTime<Utc>,
}

/// What was just done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NominationDone {
    TakenBack,
    Withdrawn,
}

impl NominationsPage<'_> {
    fn sentence(&self) -> Option<&'static str> {
        let words = &self.frame.text.nominations;
        self.done.map(|done| match done {
            NominationDone::TakenBack => words.taken_back,
            NominationDone::Withdrawn => words.withdrawn_done,
        })
    }
}
