//! What the attributes mean to this site: who it is, and for which organizations they act.

use serde::Deserialize;

use crate::response::Attribute;

/// Each value tells of one organization, whole: the values of two attributes have no common order,
/// so this is the one place where a Tax ID and a role stand together for certain.
const AFFILIATION: &str = "urn:hilum:attr:affiliation";
const SELECTED: &str = "urn:hilum:attr:selectedAffiliation";
const NAME: &str = "urn:oid:2.16.840.1.113730.3.1.241";

/// One organization that the person acts for.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Affiliation {
    /// The organization's identifier.
    pub org: String,
    /// Its name.
    pub name: String,
    /// What the person does there.
    #[serde(default)]
    pub roles: Vec<String>,
    /// What the person may do there.
    pub access_level: Option<String>,
    /// The numbers that the organization bills under.
    #[serde(default)]
    pub tax_ids: Vec<String>,
}

impl Affiliation {
    /// Whether the person may send something to a payer, and not only look.
    pub(crate) fn may_submit(&self) -> bool {
        self.access_level.as_deref() == Some("community-full")
    }
}

/// The affiliations among the attributes. One that cannot be read counts for nothing.
pub(crate) fn affiliations(attributes: &[Attribute]) -> Vec<Affiliation> {
    let read = |value: &String| match serde_json::from_str(value) {
        Ok(affiliation) => Some(affiliation),
        Err(error) => {
            tracing::warn!(%error, "an affiliation cannot be read");
            None
        }
    };
    values(attributes, AFFILIATION).iter().filter_map(read).collect()
}

/// What the person is called.
pub(crate) fn name(attributes: &[Attribute]) -> Option<&str> {
    values(attributes, NAME).first().map(String::as_str)
}

/// Whether what came is about one organization that was chosen at Hilum, and not about all.
pub(crate) fn is_chosen(attributes: &[Attribute]) -> bool {
    !values(attributes, SELECTED).is_empty()
}

fn values<'a>(attributes: &'a [Attribute], name: &str) -> &'a [String] {
    let found = attributes.iter().find(|attribute| attribute.name == name);
    found.map(|attribute| attribute.values.as_slice()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(values: &[&str]) -> Vec<Attribute> {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        vec![Attribute { name: AFFILIATION.to_owned(), friendly: String::new(), values }]
    }

    #[test]
    fn each_value_is_one_organization_and_what_cannot_be_read_is_none() {
        let one = r#"{"id":"a","org":"o","name":"One","roles":["r"],"administrator":false,
            "access_level":"community-full","tax_ids":["91-1234567"]}"#;
        let bare = r#"{"org":"p","name":"Two","access_level":null}"#;
        let read = affiliations(&attribute(&[one, "{", bare]));
        assert_eq!(read.len(), 2);
        assert!(read[0].may_submit() && !read[1].may_submit());
        assert!(read[1].tax_ids.is_empty() && read[1].roles.is_empty());
    }
}
