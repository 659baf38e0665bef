//! The people of an organization.

use askama::Template;
use chrono::{DateTime, Utc};
use idp_core::community::role::CATALOGUE;

use super::OrganizationNav;
use crate::pages::{Frame, Messages, wording};

/// The list. Its form searches with `q`, `status`, `only` and `role`.
#[derive(Debug, Template)]
#[template(path = "organization_people.html")]
pub struct PeoplePage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub sought: Sought<'a>,
    pub people: Vec<PersonView>,
    /// The address of the page before.
    pub before: Option<String>,
    /// The address of the page after.
    pub after: Option<String>,
    /// The address of the same people as a file.
    pub export: String,
}

/// What the list is narrowed to, as it stands in the address.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sought<'a> {
    pub q: &'a str,
    pub status: &'a str,
    pub only: &'a str,
    pub role: &'a str,
}

impl Sought<'_> {
    /// Whether anybody may be missing from the list.
    fn is_narrow(&self) -> bool {
        [self.q, self.status, self.only, self.role].iter().any(|part| !part.is_empty())
    }
}

/// Somebody in the list.
#[derive(Clone, Debug)]
pub struct PersonView {
    pub id: String,
    /// Last name first, as the list is sorted.
    pub name: String,
    pub user_id: String,
    pub standing: PersonStanding,
    pub administrator: bool,
    /// Role codes.
    pub roles: Vec<&'static str>,
    pub last_sign_in_at: Option<DateTime<Utc>>,
    pub has_factor: bool,
}

/// How somebody stands in the organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonStanding {
    Active,
    Dormant,
    /// Their access is stopped, by whomever: who did is nobody's business (security 20.2).
    Suspended,
}

impl PersonStanding {
    pub(super) const fn label(self, text: &'static Messages) -> &'static str {
        let words = &text.people;
        match self {
            Self::Active => words.active,
            Self::Dormant => words.dormant,
            Self::Suspended => words.suspended,
        }
    }
}

impl PersonView {
    pub(super) fn role_names(&self, frame: &Frame<'_>) -> Vec<&'static str> {
        wording::roles(frame.text, &self.roles)
    }
}

impl PeoplePage<'_> {
    fn statuses(&self) -> [(&'static str, &'static str); 3] {
        let words = &self.frame.text.people;
        [("", words.any), ("active", words.active), ("suspended", words.suspended)]
    }

    fn onlys(&self) -> [(&'static str, &'static str); 3] {
        let words = &self.frame.text.people;
        [
            ("", words.everybody),
            ("administrators", words.administrators),
            ("without-factor", words.without_factor),
        ]
    }

    fn roles(&self) -> Vec<(&'static str, &'static str)> {
        let text = self.frame.text;
        let role = |code: &'static str| (code, wording::role(text, code));
        let all = CATALOGUE.iter().map(|entry| role(entry.code.code()));
        std::iter::once(("", text.people.any)).chain(all).collect()
    }
}
