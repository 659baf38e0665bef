//! People who ask to act for an organization.

use askama::Template;
use chrono::{DateTime, Utc};

use super::OrganizationNav;
use crate::pages::{Frame, wording};

/// Posts `form_token` to `/organization/{id}/requests/{request}/decline`.
#[derive(Debug, Template)]
#[template(path = "organization_requests.html")]
pub struct RequestsPage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub form_token: &'a str,
    pub requests: Vec<RequestView>,
    /// Whether one was just declined.
    pub declined: bool,
}

/// What somebody typed.
#[derive(Clone, Debug)]
pub struct RequestView {
    pub id: String,
    pub name: String,
    pub email: String,
    pub phone: String,
    pub address: String,
    pub user_id: Option<String>,
    /// The code.
    pub access_level: &'static str,
    pub asked_at: DateTime<Utc>,
}

impl RequestView {
    fn level(&self, frame: &Frame<'_>) -> &'static str {
        wording::access_level(frame.text, self.access_level)
    }
}
