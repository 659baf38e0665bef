//! The answer to a site by `response_mode=form_post` (OAuth 2.0 Form Post Response Mode §2).

use askama::Template;

use super::frame::Frame;

/// A form to the site's redirect URI that sends itself; with a button where scripts do not run.
/// The handler allows the address in `form-action` and the script by `script-src 'self'`.
#[derive(Debug, Template)]
#[template(path = "form_post.html")]
pub struct FormPostPage<'a> {
    pub frame: Frame<'a>,
    /// A registered redirect URI.
    pub action: &'a str,
    pub site: &'a str,
    pub fields: Vec<(&'a str, &'a str)>,
}
