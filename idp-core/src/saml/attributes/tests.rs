use std::collections::BTreeMap;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::{
    authentication::{
        assurance::{Method, Proof},
        session::{Session, SessionRules},
    },
    community::{
        affiliation::{self, Affiliation},
        role::Role,
        site::TaxIdRelease,
        subscriber::{Subscriber, tests::subscriber},
        tax_id::TaxId,
    },
    oidc::scope::parse_list,
    release::{
        Naming,
        tests::{ein, ssn},
    },
    saml::testing::now,
    sign_on::Released,
};

const EVERYTHING: &str = "openid profile email npi affiliations tax_ids login_history";

fn policy(mode: AffiliationMode, scopes: &str) -> ReleasePolicy {
    ReleasePolicy {
        allowed_scopes: parse_list(scopes).unwrap(),
        affiliation_mode: mode,
        tax_id_release: TaxIdRelease::All,
        ..ReleasePolicy::default()
    }
}

fn said(
    person: &Subscriber,
    released: &Released,
    release: &ReleasePolicy,
) -> BTreeMap<&'static str, Vec<String>> {
    let proof = Proof { method: Method::Password, at: now() };
    let id = "ses_a".parse().unwrap();
    let session = Session::begin(id, person.id.clone(), proof, &SessionRules::default());
    let naming = Naming::Pairwise { key: [7; 32], sector: "sp.example".into() };
    let facts = Facts {
        subscriber: person,
        session: &session,
        last_login: Some(now() - TimeDelta::days(1)),
        acr: "urn:hilum:acr:password",
        affiliations: released,
        naming: &naming,
    };
    let attributes = attributes(facts, release, "id.example");
    attributes.into_iter().map(|attribute| (attribute.friendly, attribute.values)).collect()
}

fn affiliation(id: &str, role: Role, tax_ids: Vec<TaxId>) -> Affiliation {
    Affiliation { tax_ids, ..affiliation::testing::affiliation(id, &[role]) }
}

fn cedar() -> Affiliation {
    affiliation("cedar", Role::BillingSpecialist, vec![ein("91-1234567", true)])
}

fn birch() -> Affiliation {
    affiliation("birch", Role::LicensedPractitioner, vec![ein("20-7654321", true), ssn()])
}

#[test]
fn in_mode_one_the_selected_affiliation_is_told_flat_and_once_more_as_a_whole() {
    let release = policy(AffiliationMode::One, EVERYTHING);
    let said = said(&subscriber("ana"), &Released::One(Box::new(cedar())), &release);
    let one = |name: &str| said.get(name).unwrap().join("|");
    assert_eq!(one("organizationId"), "org_cedar");
    assert_eq!(one("organization"), "Clinic cedar");
    assert_eq!(one("role"), "billing-specialist");
    assert_eq!(one("taxId"), "91-1234567");
    assert_eq!(
        (one("administrator"), one("accessLevel")),
        ("false".into(), "community-standard".into())
    );
    let whole: Value = serde_json::from_str(&one("affiliation")).unwrap();
    assert_eq!(whole["org"], "org_cedar");
    assert_eq!(whole["tax_ids"], json!(["91-1234567"]));
    assert_eq!(whole["roles"], json!(["billing-specialist"]));
    assert_eq!(whole["id"], one("selectedAffiliation"));
    assert!(one("pairwise-id").ends_with("@id.example"));
    assert!(!said.contains_key("scopedRole") && !said.contains_key("userId"));
}

#[test]
fn in_mode_all_nothing_is_flat_and_every_value_says_whose_it_is() {
    let release = policy(AffiliationMode::All, EVERYTHING);
    let said = said(&subscriber("ana"), &Released::All(vec![cedar(), birch()]), &release);
    assert_eq!(
        said["scopedRole"],
        ["billing-specialist@org_cedar", "licensed-practitioner@org_birch"]
    );
    // A personal number goes only to a site that accepts one.
    assert_eq!(said["scopedTaxId"], ["91-1234567@org_cedar", "20-7654321@org_birch"]);
    let orgs: Vec<Value> = said["affiliation"]
        .iter()
        .map(|value| serde_json::from_str::<Value>(value).unwrap()["org"].clone())
        .collect();
    assert_eq!(orgs, ["org_cedar", "org_birch"]);
    for flat in ["role", "taxId", "organization", "organizationId", "administrator", "accessLevel"]
    {
        assert!(!said.contains_key(flat), "{flat}");
    }
}

#[test]
fn what_the_record_does_not_allow_is_not_said() {
    let released = Released::One(Box::new(cedar()));
    let person = subscriber("ana");
    for (scopes, absent) in [
        ("openid", vec!["mail", "displayName", "affiliation", "role", "taxId", "lastLogin"]),
        ("openid profile", vec!["mail", "affiliation", "taxId", "userId"]),
        ("openid affiliations", vec!["mail", "displayName", "taxId", "lastLogin"]),
    ] {
        let release = policy(AffiliationMode::One, scopes);
        let said = said(&person, &released, &release);
        for name in absent {
            assert!(!said.contains_key(name), "{scopes}: {name}");
        }
        assert!(said.contains_key("pairwise-id"));
    }
}

#[test]
fn an_assertion_with_a_tax_id_is_known_as_one() {
    let list = |release: &ReleasePolicy| {
        let said = said(&subscriber("ana"), &Released::One(Box::new(cedar())), release);
        said.into_iter()
            .map(|(friendly, values)| {
                let name =
                    if friendly == "affiliation" { "urn:hilum:attr:affiliation" } else { "x" };
                Attribute { name, friendly, values }
            })
            .collect::<Vec<_>>()
    };
    assert!(hold_tax_ids(&list(&policy(AffiliationMode::One, EVERYTHING))));
    assert!(!hold_tax_ids(&list(&policy(AffiliationMode::One, "openid affiliations"))));
}

proptest! {
    #[test]
    fn a_role_never_stands_beside_a_tax_id_of_another_organization(
        roles in prop::collection::vec(0..3_usize, 1..6),
    ) {
        let all: Vec<Affiliation> = roles
            .iter()
            .enumerate()
            .map(|(place, role)| {
                let role = [Role::BillingSpecialist, Role::OfficeManager, Role::MedicalDirector][*role];
                let number = format!("91-000000{place}");
                affiliation(&format!("o{place}"), role, vec![ein(&number, true)])
            })
            .collect();
        let release = policy(AffiliationMode::All, EVERYTHING);
        let said = said(&subscriber("ana"), &Released::All(all.clone()), &release);
        prop_assert_eq!(said["affiliation"].len(), all.len());
        for (value, affiliation) in said["affiliation"].iter().zip(&all) {
            let value: Value = serde_json::from_str(value).unwrap();
            prop_assert_eq!(&value["org"], affiliation.organization.id.as_str());
            prop_assert_eq!(value["roles"].as_array().unwrap().len(), 1);
            let role = affiliation.roles.iter().next().unwrap().code();
            prop_assert_eq!(&value["roles"][0], role);
            let last = value["org"].as_str().unwrap().chars().last();
            prop_assert_eq!(value["tax_ids"][0].as_str().unwrap().chars().last(), last);
        }
    }
}
