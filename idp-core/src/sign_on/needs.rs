//! What a site asks of a person, and which of it they lack (R80): the card that stands beside the site.
//!
//! Affiliation, site switch, role and flag belong together because they must stand in one affiliation
//! (R11, R75); so each is asked of those that have met the one before it, as a sign-on does.

use std::collections::BTreeSet;

use super::{Person, strength::reaches};
use crate::{
    authentication::assurance::Assurance,
    community::{
        affiliation::Affiliation,
        role::Role,
        site::{AffiliationMode, OrgEnablement, ReleasePolicy, TaxIdRelease},
        tax_id::TaxIdNumber,
    },
};

/// Something that a site asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// To be an Administrator of the organization.
    Administrator,
    /// To act for an organization that takes part.
    Affiliation,
    /// An agreement that waits to be accepted.
    Agreement,
    /// A second factor of at least this rung.
    Factor(Assurance),
    /// One of these roles.
    Role(BTreeSet<Role>),
    /// That the organization has switched the site on.
    SwitchedOn,
    /// A Tax ID under which the person acts. Without one the site opens, and has nothing to show.
    TaxId,
}

/// Whether a person has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Has {
    /// They do not.
    No,
    /// They do.
    Yes,
}

/// What a site asks for, and whether this person has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// What.
    pub what: What,
    /// Whether they have it.
    pub has: Has,
}

impl Need {
    const fn of(what: What, met: bool) -> Self {
        Self { what, has: if met { Has::Yes } else { Has::No } }
    }

    /// Whether the site refuses whoever lacks it. The others are asked for on the way, or only decide
    /// how much there is to see.
    #[must_use]
    pub const fn shuts_out(&self) -> bool {
        matches!(
            self.what,
            What::Administrator | What::Affiliation | What::Role(_) | What::SwitchedOn
        )
    }
}

/// All that a site asks of this person, in the order in which it is mended.
#[must_use]
pub fn needs(person: &Person, release: &ReleasePolicy) -> Vec<Need> {
    let mut needs = Vec::new();
    let restricted = !release.required_roles.is_empty() || release.required_administrator;
    if release.affiliation_mode != AffiliationMode::None || restricted {
        of_affiliation(person, release, &mut needs);
    }
    if release.min_acr > Assurance::Password {
        let proves = person.factors.iter().any(|method| reaches(*method) >= release.min_acr);
        needs.push(Need::of(What::Factor(release.min_acr), proves));
    }
    if person.agreement_due.is_some() {
        needs.push(Need::of(What::Agreement, false));
    }
    needs
}

fn of_affiliation(person: &Person, release: &ReleasePolicy, needs: &mut Vec<Need>) {
    let mut fitting: Vec<&Affiliation> =
        person.affiliations.iter().filter(|own| own.is_active()).collect();
    needs.push(Need::of(What::Affiliation, !fitting.is_empty()));
    if release.org_enablement == OrgEnablement::ByAdministrator {
        fitting.retain(|own| person.enabled_at.contains(&own.organization.id));
        needs.push(Need::of(What::SwitchedOn, !fitting.is_empty()));
    }
    let lists = [&release.role_filter, &release.required_roles];
    if lists.iter().any(|wanted| !wanted.is_empty()) {
        let fits = |own: &Affiliation| {
            lists.iter().all(|wanted| wanted.is_empty() || !wanted.is_disjoint(&own.roles))
        };
        fitting.retain(|own| fits(own));
        let named = lists.into_iter().rfind(|wanted| !wanted.is_empty());
        let named = named.cloned().unwrap_or_default();
        needs.push(Need::of(What::Role(named), !fitting.is_empty()));
    }
    if release.required_administrator {
        fitting.retain(|own| own.administrator);
        needs.push(Need::of(What::Administrator, !fitting.is_empty()));
    }
    if release.tax_id_release != TaxIdRelease::None {
        let reaches_site = |number: &TaxIdNumber| match number {
            TaxIdNumber::Ein(_) => true,
            TaxIdNumber::Ssn(_) => release.accept_ssn_type,
        };
        let has = |own: &&Affiliation| own.tax_ids.iter().any(|it| reaches_site(&it.number));
        needs.push(Need::of(What::TaxId, fitting.iter().any(has)));
    }
}
