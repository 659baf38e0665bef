//! What a person lacks says the same as what a sign-on would come to.

use std::collections::BTreeSet;

use proptest::{prelude::*, sample::subsequence};

use super::*;
use crate::{
    community::site::TaxIdRelease,
    sign_on::{
        choose::fitting,
        needs::{Has, Need, What, needs},
    },
};

fn lacks(person: &Person, release: &ReleasePolicy) -> Vec<What> {
    let all = needs(person, release).into_iter();
    all.filter(|need| need.has == Has::No).map(|need| need.what).collect()
}

fn release() -> ReleasePolicy {
    ReleasePolicy { affiliation_mode: AffiliationMode::One, ..ReleasePolicy::default() }
}

#[test]
fn a_person_is_told_what_they_lack_and_nothing_that_they_have() {
    let worker = || person(vec![affiliation("a", &[Role::OfficeWorker])]);
    let roles: BTreeSet<Role> = [Role::CredentialingManager].into();
    let asks_role = ReleasePolicy { required_roles: roles.clone(), ..release() };
    let asks_boss = ReleasePolicy { required_administrator: true, ..release() };
    let asks_switch = ReleasePolicy { org_enablement: OrgEnablement::ByAdministrator, ..release() };
    let asks_factor =
        ReleasePolicy { min_acr: Assurance::BrowserSecondFactor, ..ReleasePolicy::default() };
    let asks_number = ReleasePolicy { tax_id_release: TaxIdRelease::All, ..release() };
    let with_code = Person { factors: vec![Method::EmailCode], ..worker() };
    let with_app = Person { factors: vec![Method::Totp], ..worker() };
    let due = Person { agreement_due: Some("agr_a".parse().unwrap()), ..worker() };
    let factor = || What::Factor(Assurance::BrowserSecondFactor);
    for (who, site, expected) in [
        (worker(), release(), vec![]),
        (person(vec![]), release(), vec![What::Affiliation]),
        (person(vec![]), ReleasePolicy::default(), vec![]),
        (worker(), asks_role, vec![What::Role(roles)]),
        (worker(), asks_boss, vec![What::Administrator]),
        (worker(), asks_switch, vec![What::SwitchedOn]),
        (worker(), asks_factor.clone(), vec![factor()]),
        (with_code, asks_factor.clone(), vec![factor()]),
        (with_app, asks_factor, vec![]),
        (worker(), asks_number, vec![What::TaxId]),
        (due, release(), vec![What::Agreement]),
    ] {
        assert_eq!(lacks(&who, &site), expected, "{site:?}");
    }
}

proptest! {
    /// Whoever lacks nothing that shuts out has an affiliation that fits, and nobody else has.
    #[test]
    fn the_card_and_the_engine_agree(
        one in subsequence(vec![Role::OfficeWorker, Role::CredentialingManager], 0..=2),
        two in subsequence(vec![Role::OfficeWorker, Role::CredentialingManager], 0..=2),
        wanted in subsequence(vec![Role::OfficeWorker, Role::CredentialingManager], 0..=2),
        filter in subsequence(vec![Role::OfficeWorker, Role::CredentialingManager], 0..=2),
        boss: bool, required_administrator: bool, by_administrator: bool, enabled: bool, many: bool,
    ) {
        let mut own = vec![affiliation("a", &one)];
        if many {
            own.push(Affiliation { administrator: boss, ..affiliation("b", &two) });
        }
        let enabled_at = if enabled { vec!["org_b".parse().unwrap()] } else { vec![] };
        let who = Person { enabled_at, ..person(own) };
        let org_enablement = if by_administrator {
            OrgEnablement::ByAdministrator
        } else {
            OrgEnablement::Open
        };
        let site = ReleasePolicy {
            required_roles: wanted.into_iter().collect(),
            role_filter: filter.into_iter().collect(),
            required_administrator,
            org_enablement,
            ..release()
        };
        let shut = |need: &Need| need.shuts_out() && need.has == Has::No;
        prop_assert_eq!(needs(&who, &site).iter().any(shut), fitting(&who, &site).is_err());
    }
}
