//! What the entries of a file say of each other.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    AffiliationEntry, OrganizationEntry, SiteEntry, SubscriberEntry, TaxIdEntry, fields::Reader,
};
use crate::{
    community::{
        affiliation::AffiliationStatus, organization::OrganizationStatus, tax_id::TaxIdNumber,
    },
    ids::{OrganizationId, SiteId},
};

/// Remembers where each value was first and complains about the second.
struct Unique<T> {
    what: &'static str,
    seen: BTreeMap<T, usize>,
}

impl<T: Ord> Unique<T> {
    const fn of(what: &'static str) -> Self {
        Self { what, seen: BTreeMap::new() }
    }

    fn note(&mut self, value: T, line: usize, reader: &mut Reader) {
        if let Some(first) = self.seen.insert(value, line) {
            reader.mistake(line, format!("{} stands in line {first} already", self.what));
        }
    }
}

/// That nothing that must be one of a kind stands there twice.
pub(super) fn all_different(
    organizations: &[OrganizationEntry],
    subscribers: &[SubscriberEntry],
    sites: &[SiteEntry],
    reader: &mut Reader,
) {
    let mut ids = Unique::of("this organization");
    let mut numbers = Unique::of("this Tax ID");
    for entry in organizations {
        ids.note(&entry.organization.id, entry.line, reader);
        for tax_id in &entry.tax_ids {
            numbers.note(digits(&tax_id.number), tax_id.line, reader);
        }
    }
    let mut names = Unique::of("this User ID");
    let mut addresses = Unique::of("this e-mail address");
    let mut npis = Unique::of("this person's NPI");
    for entry in subscribers {
        names.note(&entry.user_id, entry.line, reader);
        if let Some(address) = &entry.email {
            addresses.note(address.normalized(), entry.line, reader);
        }
        if let Some(npi) = &entry.npi {
            npis.note(npi, entry.line, reader);
        }
        let mut organizations = Unique::of("an affiliation with this organization");
        for affiliation in &entry.affiliations {
            organizations.note(&affiliation.organization, affiliation.line, reader);
        }
    }
    let mut sites_seen = Unique::of("this client_id");
    for entry in sites {
        sites_seen.note(entry.id(), entry.line, reader);
    }
}

/// Type and digits: what makes two numbers one.
fn digits(number: &TaxIdNumber) -> (&'static str, &str) {
    match number {
        TaxIdNumber::Ein(ein) => (number.type_code(), ein.digits()),
        TaxIdNumber::Ssn(ssn) => (number.type_code(), ssn.expose_digits()),
    }
}

/// The organizations, each behind the one that it is a part of.
pub(super) fn parents_first(
    organizations: Vec<OrganizationEntry>,
    reader: &mut Reader,
) -> Vec<OrganizationEntry> {
    let mut placed: BTreeSet<OrganizationId> = BTreeSet::new();
    let mut sorted = Vec::new();
    let mut waiting = organizations;
    while !waiting.is_empty() {
        let ready = |entry: &OrganizationEntry| {
            entry.organization.parent.as_ref().is_none_or(|parent| placed.contains(parent))
        };
        let (next, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(ready);
        if next.is_empty() {
            for entry in later {
                let message = "parent must name another organization of this file, and no \
                               organization can be a part of itself";
                reader.mistake(entry.line, message);
            }
            break;
        }
        placed.extend(next.iter().map(|entry| entry.organization.id.clone()));
        sorted.extend(next);
        waiting = later;
    }
    sorted
}

/// That organizations switch on sites of the file.
pub(super) fn switched_on_sites_exist(
    organizations: &[OrganizationEntry],
    sites: &[SiteEntry],
    reader: &mut Reader,
) {
    let known: BTreeSet<&SiteId> = sites.iter().map(SiteEntry::id).collect();
    for entry in organizations {
        for site in entry.sites.iter().flatten().filter(|site| !known.contains(site)) {
            reader.mistake(entry.line, format!("sites: no [[site]] of this file is {site}"));
        }
    }
}

/// Who treats patients has an NPI (domain 3.6).
pub(super) fn practitioners_have_an_npi(subscribers: &[SubscriberEntry], reader: &mut Reader) {
    for subscriber in subscribers.iter().filter(|subscriber| subscriber.npi.is_none()) {
        for affiliation in &subscriber.affiliations {
            if affiliation.roles.iter().any(|role| role.needs_npi()) {
                let message = "a licensed-practitioner needs an npi, as a field of the subscriber";
                reader.mistake(affiliation.line, message);
            }
        }
    }
}

/// That affiliations lead to organizations of the file and to their numbers.
pub(super) fn affiliations_fit(
    organizations: &[OrganizationEntry],
    subscribers: &[SubscriberEntry],
    reader: &mut Reader,
) {
    let known: BTreeMap<&OrganizationId, &OrganizationEntry> =
        organizations.iter().map(|entry| (&entry.organization.id, entry)).collect();
    for affiliation in subscribers.iter().flat_map(|subscriber| &subscriber.affiliations) {
        let line = affiliation.line;
        let Some(organization) = known.get(&affiliation.organization) else {
            let id = &affiliation.organization;
            reader.mistake(line, format!("no [[organization]] of this file is {id}"));
            continue;
        };
        let has = |number: &TaxIdNumber| {
            organization.tax_ids.iter().any(|tax_id| tax_id.number == *number)
        };
        for number in affiliation.tax_ids.iter().flatten().filter(|number| !has(number)) {
            let shown = number.shown();
            reader.mistake(line, format!("tax_ids: {shown} is none of the organization's"));
        }
    }
}

/// Rules that a file may break for a while: an organization without an Administrator (R4), or with
/// one only (R12), and personal numbers (R16).
pub(super) fn remarks(
    organizations: &[OrganizationEntry],
    subscribers: &[SubscriberEntry],
) -> Vec<String> {
    let mut remarks = Vec::new();
    for entry in organizations {
        let organization = &entry.organization;
        let administers = |subscriber: &&SubscriberEntry| {
            let here = |affiliation: &AffiliationEntry| {
                affiliation.organization == organization.id
                    && affiliation.administrator
                    && affiliation.status == AffiliationStatus::Active
            };
            subscriber.affiliations.iter().any(here)
        };
        if organization.status == OrganizationStatus::Active
            && subscribers.iter().filter(administers).count() == 0
        {
            remarks.push(format!("{} has no Administrator in this file", organization.id));
        }
        let personal = |tax_id: &&TaxIdEntry| matches!(tax_id.number, TaxIdNumber::Ssn(_));
        if let Some(tax_id) = entry.tax_ids.iter().find(personal) {
            remarks.push(format!(
                "line {}: {} uses a personal number; an EIN costs nothing and tells less",
                tax_id.line, organization.id
            ));
        }
    }
    remarks
}
