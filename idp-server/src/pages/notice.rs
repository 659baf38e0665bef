//! What a site receives, shown once before the first visit. A notice rather than a wall of
//! consent: the release rests on the organization's agreement (`domain.md` 3.3).

use askama::Template;

use super::frame::{Frame, SiteView};
use super::wording;

/// Posts `confirm_token` to `/sign-on/{handle}/notice`, or `form_token` to
/// `/sign-on/{handle}/cancel`, both as `form_token`.
#[derive(Debug, Template)]
#[template(path = "notice.html")]
pub struct NoticePage<'a> {
    pub frame: Frame<'a>,
    pub handle: &'a str,
    pub form_token: &'a str,
    /// Good for this person only.
    pub confirm_token: &'a str,
    pub site: SiteView<'a>,
    /// The User ID.
    pub person: &'a str,
    /// The organization that the person acts for, where one is selected.
    pub organization: Option<&'a str>,
    /// Granted scopes, in the order in which they are to be shown.
    pub received: Vec<Received<'a>>,
    /// Whether the site asked for the notice (`prompt=consent`) though it had been seen before.
    pub seen_before: bool,
}

/// One granted scope.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    pub scope: &'a str,
    /// What the site will read, for instance the name, where it can be shown in a line.
    pub value: Option<&'a str>,
}

impl Received<'_> {
    fn title(&self, frame: &Frame<'_>) -> String {
        wording::scope(frame.text, self.scope).0
    }

    fn detail(&self, frame: &Frame<'_>) -> &'static str {
        wording::scope(frame.text, self.scope).1
    }
}
