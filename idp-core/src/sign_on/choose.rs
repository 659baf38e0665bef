//! For whom a person acts at a site (domain 3.4).

use std::collections::BTreeSet;

use super::{Person, Progress, Refusal, Released, SignOnRequest, Step};
use crate::{
    community::{
        affiliation::Affiliation,
        role::Role,
        site::{AffiliationMode, OrgEnablement, ReleasePolicy},
    },
    ids::AffiliationId,
    release::Naming,
};

/// For whom the person acts at this site.
pub(super) fn choose(
    request: &SignOnRequest,
    progress: &Progress,
    person: &Person,
    release: &ReleasePolicy,
    naming: &Naming,
) -> Result<Released, Box<Step>> {
    let restricted = !release.required_roles.is_empty() || release.required_administrator;
    if release.affiliation_mode == AffiliationMode::None && !restricted {
        return Ok(Released::None);
    }
    let fitting = fitting(person, release).map_err(|refusal| Box::new(Step::Refuse(refusal)))?;
    match release.affiliation_mode {
        AffiliationMode::None => return Ok(Released::None),
        AffiliationMode::All => return Ok(Released::All(fitting)),
        AffiliationMode::One => {}
    }
    let find = |id: &AffiliationId| fitting.iter().find(|affiliation| affiliation.id == *id);
    if let Some(chosen) = progress.chosen.as_ref().and_then(find) {
        return Ok(Released::One(Box::new(chosen.clone())));
    }
    let demand = &request.affiliation;
    let demanded = fitting.iter().find(|candidate| match &demand.affiliation {
        Some(name) => *name == naming.affiliation(&candidate.id),
        None => demand.organization.as_ref() == Some(&candidate.organization.id),
    });
    if let Some(demanded) = demanded.filter(|_| !demand.reopen) {
        return Ok(Released::One(Box::new(demanded.clone())));
    }
    // Something was demanded that the person does not have: offer what there is, never say why.
    let misfit = demand.affiliation.is_some() || demand.organization.is_some();
    let remembered = progress.remembered_choice.as_ref().and_then(find);
    if !demand.reopen && !misfit {
        if let Some(remembered) = remembered {
            return Ok(Released::One(Box::new(remembered.clone())));
        }
        if let [only] = fitting.as_slice() {
            return Ok(Released::One(Box::new(only.clone())));
        }
    }
    let last = remembered.map(|affiliation| affiliation.id.clone());
    Err(Box::new(Step::ChooseAffiliation { choices: fitting, last }))
}

/// The affiliations that `release` lets the site see, by name of their organization.
///
/// # Errors
/// Why there are none: the refusal that tells the person most about what to do.
pub fn fitting(person: &Person, release: &ReleasePolicy) -> Result<Vec<Affiliation>, Refusal> {
    let active: Vec<&Affiliation> = person.affiliations.iter().filter(|a| a.is_active()).collect();
    if active.is_empty() {
        return Err(Refusal::AffiliationRequired);
    }
    let enabled: Vec<&Affiliation> = active
        .into_iter()
        .filter(|a| match release.org_enablement {
            OrgEnablement::Open => true,
            OrgEnablement::ByAdministrator => person.enabled_at.contains(&a.organization.id),
        })
        .collect();
    if enabled.is_empty() {
        return Err(Refusal::SiteNotEnabled);
    }
    let any_of = |wanted: &BTreeSet<Role>, a: &Affiliation| {
        wanted.is_empty() || !wanted.is_disjoint(&a.roles)
    };
    let mut fitting: Vec<Affiliation> = enabled
        .into_iter()
        .filter(|a| any_of(&release.role_filter, a) && any_of(&release.required_roles, a))
        .filter(|a| a.administrator || !release.required_administrator)
        .cloned()
        .collect();
    if fitting.is_empty() {
        return Err(Refusal::RoleRequired);
    }
    fitting.sort_by(|a, b| (&a.organization.name, &a.id).cmp(&(&b.organization.name, &b.id)));
    Ok(fitting)
}
