//! What all consoles share: which there are, and a form that was kept.

use askama::Template;

use super::Frame;

/// The consoles of somebody who has more than one, or none.
#[derive(Debug, Template)]
#[template(path = "consoles.html")]
pub struct ConsolesPage<'a> {
    pub frame: Frame<'a>,
    /// Name and address of the console of each organization.
    pub organizations: Vec<(&'a str, String)>,
    /// Whether the person works at the support desk.
    pub support: bool,
}

/// A form that was filled in before its person had to sign in again.
#[derive(Debug, Template)]
#[template(path = "kept_form.html")]
pub struct KeptFormPage<'a> {
    pub frame: Frame<'a>,
    /// Where it goes.
    pub action: &'a str,
    /// What was filled in.
    pub fields: &'a [(String, String)],
}
