//! What somebody typed into a form of the console, and what is wrong with it.

use idp_core::community::{
    affiliation::AccessLevel,
    field::Objections,
    role::{CATALOGUE, RoleEntry, RoleGroup},
};

use crate::pages::{Messages, wording};

/// A form as it was sent, to be shown again.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    fields: Vec<(String, String)>,
    objections: Objections,
}

impl Typed {
    /// What was sent, without what belongs to the page and not to its person.
    pub fn new<'a>(
        fields: impl IntoIterator<Item = (&'a str, &'a str)>,
        objections: Objections,
    ) -> Self {
        let own = |(name, _): &(&str, &str)| !matches!(*name, "form_token" | "step");
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self { fields: fields.into_iter().filter(own).map(owned).collect(), objections }
    }

    /// What stands in this field.
    pub fn value(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// Whether this box is ticked.
    pub fn ticked(&self, group: &str, code: &str) -> bool {
        let name = (group, code);
        self.fields.iter().any(|(field, _)| field.split_once('.') == Some(name))
    }

    /// The codes of the boxes of a group that are ticked.
    pub fn codes<'a>(&'a self, group: &'a str) -> Vec<&'a str> {
        let of_group = |(field, _): &'a (String, String)| {
            field.split_once('.').filter(|(name, _)| *name == group).map(|(_, code)| code)
        };
        self.fields.iter().filter_map(of_group).collect()
    }

    /// All fields, to be sent on.
    pub fn fields(&self) -> &[(String, String)] {
        &self.fields
    }

    /// What is wrong with a field.
    pub fn objection(&self, field: &str) -> Option<&str> {
        self.objections.of(field)
    }

    /// All that is wrong.
    pub fn objections(&self) -> Vec<(&'static str, &str)> {
        self.objections.iter().collect()
    }
}

/// The part of a form in which rights are given: of a nomination, and of a change.
#[derive(Clone, Debug)]
pub struct RightsFields {
    /// Public name of each Tax ID, and how it may be shown.
    pub tax_ids: Vec<(String, String)>,
}

impl RightsFields {
    pub(in crate::pages) fn groups(
        &self,
        text: &'static Messages,
    ) -> Vec<(&'static str, Vec<&'static RoleEntry>)> {
        let words = &text.rights;
        [
            (RoleGroup::Clinician, words.clinician),
            (RoleGroup::AdministrativeWorker, words.administrative),
            (RoleGroup::Quality, words.quality),
        ]
        .into_iter()
        .map(|(group, label)| {
            (label, CATALOGUE.iter().filter(|entry| entry.group == group).collect())
        })
        .collect()
    }

    pub(in crate::pages) fn role(
        &self,
        text: &'static Messages,
        entry: &RoleEntry,
    ) -> &'static str {
        wording::role(text, entry.code.code())
    }

    /// The access levels, each with what it means (R89).
    pub(super) fn levels(&self, text: &'static Messages) -> Vec<(&'static str, &'static str)> {
        let level =
            |level: AccessLevel| (level.code(), wording::access_level_explained(text, level));
        AccessLevel::ALL.into_iter().map(level).collect()
    }

    /// A profession or duty as people read it.
    pub(in crate::pages) fn detail(&self, code: &str) -> String {
        wording::detail(code)
    }
}
