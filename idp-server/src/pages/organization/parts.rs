//! Facilities that act in their own name.

use askama::Template;

use super::{OrganizationNav, Typed};
use crate::pages::Frame;

/// Posts `form_token`, `name` and `npi` to `/organization/{id}/parts`.
#[derive(Debug, Template)]
#[template(path = "organization_parts.html")]
pub struct OrganizationPartsPage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub form_token: &'a str,
    /// The organization that this one is a part of; a part has no parts.
    pub whole: Option<&'a str>,
    pub parts: Vec<PartView>,
    pub typed: &'a Typed,
    /// Whether one was just added.
    pub done: bool,
}

/// A part.
#[derive(Clone, Debug)]
pub struct PartView {
    pub name: String,
    /// The address of its console, for whoever is its Administrator.
    pub console: Option<String>,
}
