//! The demo community, and changes that an operator makes to it by import.

use std::fs;

use crate::idp::repository;

/// A file of the repository.
#[must_use]
pub fn shipped(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The community file of the demo.
#[must_use]
pub fn demo() -> String {
    shipped("config/demo-community.toml")
}

/// The demo community with some things changed.
#[derive(Clone, Debug)]
pub struct Change(String);

impl Change {
    /// Nothing changed yet.
    #[must_use]
    pub fn new() -> Self {
        Self(demo())
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// A person has another status.
    #[must_use]
    pub fn status(self, user_id: &str, status: &str) -> Self {
        let line = format!("user_id = \"{user_id}\"");
        assert!(self.0.contains(&line), "{user_id} is in the demo community");
        Self(self.0.replace(&line, &format!("{line}\nstatus = \"{status}\"")))
    }

    /// The same, and more at the end of the file.
    #[must_use]
    pub fn and(self, more: &str) -> Self {
        Self(self.0 + more)
    }

    /// A person no longer acts for an organization.
    #[must_use]
    pub fn end_affiliation(self, user_id: &str, organization: &str) -> Self {
        let person = format!("user_id = \"{user_id}\"");
        let (before, from) = self.0.split_once(&person).expect("a person of the demo community");
        let line = format!("organization = \"{organization}\"");
        let (between, after) = from.split_once(&line).expect("an affiliation of this person");
        Self(format!("{before}{person}{between}{line}\nstatus = \"ended\"{after}"))
    }
}

impl Default for Change {
    fn default() -> Self {
        Self::new()
    }
}
