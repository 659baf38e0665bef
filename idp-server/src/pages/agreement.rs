//! An agreement that must be accepted before a site opens (R19).

use askama::Template;
use chrono::{DateTime, Utc};
use idp_core::community::agreement::{Agreement, Block};

use super::frame::{Frame, SiteView};

/// Posts `answer` (`accept` or `decline`) and `answer_token` to `/sign-on/{handle}/agreement`.
#[derive(Debug, Template)]
#[template(path = "agreement.html")]
pub struct AgreementPage<'a> {
    pub frame: Frame<'a>,
    pub handle: &'a str,
    pub form_token: &'a str,
    /// Good for this person and this text only.
    pub answer_token: &'a str,
    pub site: SiteView<'a>,
    /// The User ID.
    pub person: &'a str,
    pub agreement: AgreementView<'a>,
}

/// An agreement as it is shown.
#[derive(Clone, Copy, Debug)]
pub struct AgreementView<'a> {
    pub title: &'a str,
    pub version: &'a str,
    pub published_at: DateTime<Utc>,
    /// What stands below the title.
    pub blocks: &'a [Block],
}

/// The person did not accept. Posts `form_token` to `/sign-on/{handle}/cancel`.
#[derive(Debug, Template)]
#[template(path = "agreement_declined.html")]
pub struct AgreementDeclinedPage<'a> {
    pub frame: Frame<'a>,
    pub handle: &'a str,
    pub form_token: &'a str,
    pub site: SiteView<'a>,
    /// The User ID.
    pub person: &'a str,
}

impl<'a> AgreementView<'a> {
    /// The parts of `agreement` that people read.
    pub fn of(agreement: &'a Agreement) -> Self {
        Self {
            title: agreement.text.title(),
            version: agreement.version.as_str(),
            published_at: agreement.published_at,
            blocks: agreement.text.blocks(),
        }
    }
}
