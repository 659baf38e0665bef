//! Where the support desk begins.

use askama::Template;

use super::SupportNav;
use crate::pages::Frame;

/// What waits.
#[derive(Debug, Template)]
#[template(path = "support_home.html")]
pub struct SupportHomePage<'a> {
    pub frame: Frame<'a>,
    pub nav: SupportNav,
}
