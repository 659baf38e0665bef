//! What Hilum knows of an organization itself.

use askama::Template;

use super::{OrganizationNav, Typed};
use crate::pages::Frame;

/// Posts `form_token`, `name`, `address`, `phone` and `npi` to `/organization/{id}/data`; to
/// `/organization/{id}/close` and `/organization/{id}/keep-open` the token alone.
#[derive(Debug, Template)]
#[template(path = "organization_data.html")]
pub struct OrganizationDataPage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub form_token: &'a str,
    /// The Organization ID, which Support asks for.
    pub id: &'a str,
    pub typed: &'a Typed,
    /// Whether it is to be closed, and Support has not decided.
    pub closing: bool,
    pub done: Option<DataDone>,
}

/// What was just done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataDone {
    /// Support is asked.
    Asked,
    /// Some is changed, and Support is asked for the rest.
    Both,
    Changed,
    /// Support is asked to close the organization.
    Closing,
    /// The wish to close it is taken back.
    Kept,
    Unchanged,
}

/// Name, label, kind, longest value and hint of a field, and whether it must be filled in.
type Line = (&'static str, &'static str, &'static str, &'static str, &'static str, bool);

impl OrganizationDataPage<'_> {
    fn done_text(&self) -> Option<&'static str> {
        let words = &self.frame.text.organization_data;
        self.done.map(|done| match done {
            DataDone::Asked => words.asked,
            DataDone::Both => words.both,
            DataDone::Changed => words.changed,
            DataDone::Closing => words.closing_asked,
            DataDone::Kept => words.kept_open,
            DataDone::Unchanged => words.unchanged,
        })
    }

    fn fields(&self) -> [Line; 4] {
        let words = &self.frame.text.organization_data;
        let of = &self.frame.text.register;
        [
            ("name", of.name, "text", "100", words.guarded, true),
            ("address", of.address, "text", "500", "", true),
            ("phone", of.organization_phone, "tel", "40", words.guarded_phone, true),
            ("npi", of.npi, "text", "20", words.guarded, false),
        ]
    }
}
