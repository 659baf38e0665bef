//! What a site learns, as attributes (domain 3.5).
//!
//! The same release decides for both protocols: what [`userinfo_claims`] would say is said here in
//! other names, and nothing else is. Several values of several attributes have no common order in
//! SAML, so a role never stands beside a Tax ID of another organization: in mode `one` the flat
//! attributes are of one affiliation, in mode `all` there are none of them, and each value of
//! `affiliation` tells of one organization by itself (security 20.10).

use std::collections::BTreeSet;

use aws_lc_rs::digest;
use chrono::DateTime;
use serde_json::{Map, Value, json};

use super::{instant, names::URI_NAMES, writer::Writer};
use crate::{
    community::site::{AffiliationMode, ReleasePolicy},
    release::{Asked, Facts, userinfo_claims},
};

/// One attribute with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name, a URI.
    pub name: &'static str,
    /// The name that people call it by.
    pub friendly: &'static str,
    /// Its values, each a text.
    pub values: Vec<String>,
}

/// The attributes of a sign-on, by what the site's record allows. `host` is our own, the scope of
/// `pairwise-id`.
#[must_use]
pub fn attributes(facts: Facts<'_>, release: &ReleasePolicy, host: &str) -> Vec<Attribute> {
    // A SAML site asks for nothing by name: it gets what its record allows.
    let asked = Asked { scopes: &release.allowed_scopes, names: &BTreeSet::new() };
    let claims = userinfo_claims(facts, asked, release);
    let mut list = List(Vec::new());
    let subject = text(&claims, "sub").unwrap_or_default();
    list.add(
        "urn:oasis:names:tc:SAML:attribute:pairwise-id",
        "pairwise-id",
        [pairwise_id(&subject, host)],
    );
    for (claim, name, friendly) in PERSON {
        list.add(name, friendly, text(&claims, claim));
    }
    let last_login = claims.get("last_login").and_then(Value::as_i64);
    let last_login = last_login.and_then(|second| DateTime::from_timestamp(second, 0));
    list.add("urn:hilum:attr:lastLogin", "lastLogin", last_login.map(instant::written));
    let affiliations = claims.get("affiliations").and_then(Value::as_array);
    for affiliation in affiliations.into_iter().flatten() {
        let one = release.affiliation_mode == AffiliationMode::One;
        list.affiliation(affiliation, one);
    }
    let Some(selected) = text(&claims, "selected_affiliation") else { return list.0 };
    list.add("urn:hilum:attr:selectedAffiliation", "selectedAffiliation", [selected]);
    list.0
}

/// Claims of the person, and the attributes that they become.
const PERSON: [(&str, &str, &str); 6] = [
    ("name", "urn:oid:2.16.840.1.113730.3.1.241", "displayName"),
    ("given_name", "urn:oid:2.5.4.42", "givenName"),
    ("family_name", "urn:oid:2.5.4.4", "sn"),
    ("email", "urn:oid:0.9.2342.19200300.100.1.3", "mail"),
    ("npi", "urn:oasis:names:tc:xspa:1.0:subject:npi", "npi"),
    ("preferred_username", "urn:hilum:attr:userId", "userId"),
];

/// `pairwise-id` allows only letters and digits and is compared without regard to case, so it is a
/// hash of the persistent name (SAML Subject Identifiers §3.3).
fn pairwise_id(subject: &str, host: &str) -> String {
    let hash = digest::digest(&digest::SHA256, subject.as_bytes());
    let half = hash.as_ref().iter().take(16);
    let name: String = half.map(|octet| format!("{octet:02x}")).collect();
    format!("{name}@{host}")
}

struct List(Vec<Attribute>);

impl List {
    /// Adds values to an attribute, which is made where there is none yet.
    fn add(
        &mut self,
        name: &'static str,
        friendly: &'static str,
        values: impl IntoIterator<Item = String>,
    ) {
        let values: Vec<String> = values.into_iter().collect();
        if values.is_empty() {
            return;
        }
        match self.0.iter_mut().find(|attribute| attribute.name == name) {
            Some(attribute) => attribute.values.extend(values),
            None => self.0.push(Attribute { name, friendly, values }),
        }
    }

    fn affiliation(&mut self, affiliation: &Value, is_only_one: bool) {
        let organization = affiliation.get("organization").unwrap_or(&Value::Null);
        let say = |object: &Value, name: &str| {
            object.get(name).and_then(Value::as_str).map(str::to_owned)
        };
        let id = say(organization, "id").unwrap_or_default();
        let (roles, tax_ids) = (texts(affiliation.get("roles")), tax_ids(affiliation));
        let mut whole = json!({
            "id": affiliation.get("id"),
            "org": id,
            "name": organization.get("name"),
            "roles": roles,
            "administrator": affiliation.get("administrator"),
            "access_level": affiliation.get("access_level"),
        });
        if let (Some(tax_ids), Some(whole)) = (&tax_ids, whole.as_object_mut()) {
            whole.insert("tax_ids".to_owned(), json!(tax_ids));
        }
        self.add("urn:hilum:attr:affiliation", "affiliation", [whole.to_string()]);
        let tax_ids = tax_ids.unwrap_or_default();
        if !is_only_one {
            let scoped = |value: &String| format!("{value}@{id}");
            self.add("urn:hilum:attr:scopedRole", "scopedRole", roles.iter().map(scoped));
            self.add("urn:hilum:attr:scopedTaxId", "scopedTaxId", tax_ids.iter().map(scoped));
            return;
        }
        self.add("urn:oasis:names:tc:xspa:1.0:subject:organization-id", "organizationId", [id]);
        self.add(
            "urn:oasis:names:tc:xspa:1.0:subject:organization",
            "organization",
            say(organization, "name"),
        );
        self.add("urn:oasis:names:tc:xacml:2.0:subject:role", "role", roles);
        self.add("urn:hilum:attr:taxId", "taxId", tax_ids);
        let administrator = affiliation.get("administrator").and_then(Value::as_bool);
        self.add(
            "urn:hilum:attr:administrator",
            "administrator",
            administrator.map(|is_one| is_one.to_string()),
        );
        self.add("urn:hilum:attr:accessLevel", "accessLevel", say(affiliation, "access_level"));
    }
}

/// The values of the Tax IDs; `None` if the site sees none at all.
fn tax_ids(affiliation: &Value) -> Option<Vec<String>> {
    let objects = affiliation.get("tax_ids")?.as_array()?;
    let value = |object: &Value| object.get("value").and_then(Value::as_str).map(str::to_owned);
    Some(objects.iter().filter_map(value).collect())
}

fn text(claims: &Map<String, Value>, name: &str) -> Option<String> {
    claims.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let values = value.and_then(Value::as_array).into_iter().flatten();
    values.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whether there are Tax IDs among the attributes: such an assertion must be encrypted.
#[must_use]
pub fn hold_tax_ids(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match attribute.name {
        "urn:hilum:attr:scopedTaxId" | "urn:hilum:attr:taxId" => true,
        "urn:hilum:attr:affiliation" => {
            attribute.values.iter().any(|value| value.contains("\"tax_ids\":[\""))
        }
        _ => false,
    })
}

/// Writes the `AttributeStatement`, if there is anything in it. The namespace is declared around it.
pub fn write(attributes: &[Attribute], to: &mut Writer) {
    if attributes.is_empty() {
        return;
    }
    to.open("saml:AttributeStatement", &[]);
    for attribute in attributes {
        to.open(
            "saml:Attribute",
            &[
                ("Name", attribute.name),
                ("NameFormat", URI_NAMES),
                ("FriendlyName", attribute.friendly),
            ],
        );
        for value in &attribute.values {
            to.leaf("saml:AttributeValue", &[], value);
        }
        to.close();
    }
    to.close();
}

#[cfg(test)]
mod tests;
