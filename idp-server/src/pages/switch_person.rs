//! The browser is signed in as one person and another is expected (R66).

use askama::Template;

use super::frame::{Frame, SiteView};

/// Posts `form_token` to `/sign-on/{handle}/switch` or `/sign-on/{handle}/cancel`.
#[derive(Debug, Template)]
#[template(path = "switch_person.html")]
pub struct SwitchPersonPage<'a> {
    pub frame: Frame<'a>,
    pub handle: &'a str,
    pub form_token: &'a str,
    pub site: Option<SiteView<'a>>,
    /// The User ID that is signed in.
    pub person: &'a str,
    /// Whether going on as this person is open: not if the site named somebody else
    /// (`id_token_hint`).
    pub may_stay: bool,
}
