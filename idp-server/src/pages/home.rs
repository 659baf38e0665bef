//! The start page.

use askama::Template;

use super::frame::Frame;

/// What Hilum is, for somebody who came without a site.
#[derive(Debug, Template)]
#[template(path = "home.html")]
pub struct HomePage<'a> {
    pub frame: Frame<'a>,
    /// The User ID of the person who is signed in in this browser.
    pub signed_in_as: Option<&'a str>,
}
