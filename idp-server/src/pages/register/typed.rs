//! What was typed into a form, so that none of it is lost when something is wrong (R64).

use idp_core::{community::field::Objections, oidc::params::Params};

/// The fields of a form as they were typed, and what is wrong with them.
#[derive(Clone, Debug, Default)]
pub struct RegisterTyped {
    values: Vec<(String, String)>,
    wrong: Vec<(&'static str, String)>,
}

impl RegisterTyped {
    /// The fields that are named; the others are not to be shown again.
    pub fn of(form: &Params, fields: &[&str]) -> Self {
        let value = |name: &&str| {
            form.find(name).map(|value| ((*name).to_owned(), value.chars().take(500).collect()))
        };
        Self { values: fields.iter().filter_map(value).collect(), wrong: Vec::new() }
    }

    /// The same with the boxes of these groups that are ticked: `role.office-worker`.
    #[must_use]
    pub fn and_ticked(mut self, form: &Params, groups: &[&str]) -> Self {
        let ticked = |(name, value): &(&str, &str)| {
            *value == "yes"
                && name.split_once('.').is_some_and(|(group, _)| groups.contains(&group))
        };
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        self.values.extend(form.pairs().filter(ticked).map(owned));
        self
    }

    /// Whether nothing was typed yet.
    pub fn is_blank(&self) -> bool {
        self.values.is_empty() && self.wrong.is_empty()
    }

    /// A form that is filled in already.
    pub fn filled<'a>(values: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self { values: values.into_iter().map(own).collect(), wrong: Vec::new() }
    }

    /// The same, with what is wrong with it.
    #[must_use]
    pub fn with(mut self, objections: &Objections) -> Self {
        let found = objections.iter().map(|(field, why)| (field, why.to_owned()));
        self.wrong.extend(found);
        self
    }

    /// What was typed into this field.
    pub fn value(&self, field: &str) -> &str {
        let found = self.values.iter().find(|(name, _)| name == field);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// Whether this box is ticked.
    pub(in crate::pages) fn ticked(&self, group: &str, code: &str) -> bool {
        self.values.iter().any(|(name, _)| name.split_once('.') == Some((group, code)))
    }

    /// The codes of the boxes of a group that are ticked.
    pub fn codes<'a>(&'a self, group: &'a str) -> Vec<&'a str> {
        let of_group = |(name, _): &'a (String, String)| {
            name.split_once('.').filter(|(found, _)| *found == group).map(|(_, code)| code)
        };
        self.values.iter().filter_map(of_group).collect()
    }

    /// Everything that was typed.
    pub(super) fn values(&self) -> &[(String, String)] {
        &self.values
    }

    pub(in crate::pages) fn objections(&self) -> &[(&'static str, String)] {
        &self.wrong
    }

    pub(in crate::pages) fn objection(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|(name, _)| *name == field).map(|(_, why)| why.as_str())
    }
}
