use chrono::Duration;
use proptest::prelude::*;

use super::*;
use crate::{
    authentication::{
        assurance::{Assurance, Method, Proof},
        session::SessionRules,
    },
    community::{
        affiliation::testing::affiliation,
        role::Role,
        subscriber::{PostalAddress, Profile, tests::subscriber},
    },
};

pub(crate) fn ein(text: &str, primary: bool) -> TaxId {
    TaxId { id: "tin_a".parse().unwrap(), number: TaxIdNumber::Ein(text.parse().unwrap()), primary }
}

pub(crate) fn ssn() -> TaxId {
    TaxId {
        id: "tin_b".parse().unwrap(),
        number: TaxIdNumber::Ssn("123-45-6789".parse().unwrap()),
        primary: false,
    }
}

fn person() -> Subscriber {
    Subscriber {
        npi: Some("1999999984".parse().unwrap()),
        phone_number: Some("+1 206 555 0100".into()),
        profile: Profile {
            nickname: Some("Ani".into()),
            address: Some(PostalAddress {
                locality: Some("Seattle".into()),
                ..PostalAddress::default()
            }),
            ..Profile::default()
        },
        ..subscriber("ana")
    }
}

fn session() -> Session {
    let proof =
        Proof { method: Method::Password, at: DateTime::UNIX_EPOCH + Duration::seconds(1000) };
    Session::begin(
        "ses_a".parse().unwrap(),
        "sub_ana".parse().unwrap(),
        proof,
        &SessionRules::default(),
    )
}

fn scopes(list: &str) -> BTreeSet<Scope> {
    crate::oidc::scope::parse_list(list).unwrap()
}

const ALL_SCOPES: &str =
    "openid profile email phone address affiliations tax_ids npi login_history";

fn everything() -> ReleasePolicy {
    ReleasePolicy {
        allowed_scopes: scopes(ALL_SCOPES),
        tax_id_release: TaxIdRelease::All,
        ..ReleasePolicy::default()
    }
}

/// The claims of both places for a sign-on.
fn claims(
    released: &Released,
    asked: &str,
    names: &[&str],
    release: &ReleasePolicy,
    naming: &Naming,
) -> (Value, Value) {
    let (person, session) = (person(), session());
    let facts = Facts {
        subscriber: &person,
        session: &session,
        last_login: DateTime::from_timestamp(500, 0),
        acr: Assurance::Password.acr(),
        affiliations: released,
        naming,
    };
    let scopes = grantable(&scopes(asked), release);
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    let asked = Asked { scopes: &scopes, names: &names };
    (
        Value::Object(id_token_claims(facts, asked, release)),
        Value::Object(userinfo_claims(facts, asked, release)),
    )
}

fn one() -> Released {
    let tax_ids = vec![ein("91-1234567", true), ein("91-7654321", false), ssn()];
    Released::One(Box::new(Affiliation {
        tax_ids,
        ..affiliation("a", &[Role::LicensedPractitioner])
    }))
}

#[test]
fn without_a_scope_a_site_learns_only_that_somebody_signed_in() {
    let (id_token, userinfo) = claims(&one(), "openid", &[], &everything(), &Naming::Public);
    let keys: Vec<&str> = id_token.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["acr", "amr", "auth_time", "session_expires_at", "sid", "sub"]);
    assert_eq!(userinfo, json!({ "sub": "sub_ana" }));
}

#[test]
fn an_id_token_tells_the_selected_affiliation_with_its_tax_ids() {
    let (id_token, _) = claims(&one(), ALL_SCOPES, &[], &everything(), &Naming::Public);
    assert_eq!(id_token["selected_affiliation"], "aff_a");
    assert_eq!(
        id_token["affiliations"],
        json!([{
            "id": "aff_a",
            "organization": { "id": "org_a", "name": "Clinic a", "parent_id": null, "npi": null },
            "tax_ids": [
                { "value": "91-1234567", "type": "ein", "primary": true },
                { "value": "91-7654321", "type": "ein", "primary": false },
            ],
            "roles": ["licensed-practitioner"], "role_details": [], "administrator": false,
            "access_level": "community-standard", "since": "2024-03-11",
        }])
    );
    assert_eq!((&id_token["last_login"], &id_token["auth_time"]), (&json!(500), &json!(1000)));
    assert!(id_token.get("email").is_none(), "scope claims live at userinfo");
}

#[test]
fn tax_ids_leave_only_as_far_as_the_record_says() {
    for (release_tax_ids, accept_ssn_type, scope, expected) in [
        (TaxIdRelease::All, false, "tax_ids", json!(["91-1234567", "91-7654321"])),
        (TaxIdRelease::All, true, "tax_ids", json!(["91-1234567", "91-7654321", "123-45-6789"])),
        (TaxIdRelease::Primary, true, "tax_ids", json!(["91-1234567"])),
        (TaxIdRelease::None, true, "tax_ids", json!([])),
        (TaxIdRelease::All, true, "", Value::Null),
    ] {
        let release =
            ReleasePolicy { tax_id_release: release_tax_ids, accept_ssn_type, ..everything() };
        let (_, userinfo) =
            claims(&one(), &format!("openid affiliations {scope}"), &[], &release, &Naming::Public);
        let found = &userinfo["affiliations"][0]["tax_ids"];
        let values = found.as_array().map(|list| list.iter().map(|t| t["value"].clone()).collect());
        // The audit record tells of the same ones.
        let Released::One(affiliation) = one() else { unreachable!() };
        let granted = grantable(&scopes(&format!("openid affiliations {scope}")), &release);
        let told = tax_ids_shown(&affiliation, &granted, &release);
        assert_eq!(told.len(), found.as_array().map_or(0, Vec::len), "{release_tax_ids:?}");
        assert_eq!(
            values.map_or(Value::Null, Value::Array),
            expected,
            "{release_tax_ids:?} {accept_ssn_type}"
        );
    }
}

#[test]
fn in_mode_all_the_id_token_stays_small_unless_the_record_says_otherwise() {
    let all = |n: usize| {
        Released::All(
            (0..n).map(|i| affiliation(&i.to_string(), &[Role::BillingSpecialist])).collect(),
        )
    };
    let generous = ReleasePolicy { affiliations_in_id_token: true, ..everything() };
    for (released, release, in_id_token) in
        [(all(2), everything(), false), (all(5), generous.clone(), true), (all(6), generous, false)]
    {
        let (id_token, userinfo) = claims(&released, ALL_SCOPES, &[], &release, &Naming::Public);
        assert_eq!(id_token.get("affiliations").is_some(), in_id_token);
        assert!(id_token.get("selected_affiliation").is_none());
        assert!(userinfo["affiliations"].as_array().unwrap().len() >= 2);
    }
}

#[test]
fn a_claim_asked_by_name_is_released_only_if_its_scope_is_approved() {
    let release =
        ReleasePolicy { allowed_scopes: scopes("openid email affiliations"), ..everything() };
    let names = ["email", "name", "phone_number", "nonsense", "tax_ids"];
    let (id_token, userinfo) = claims(&Released::None, "openid", &names, &release, &Naming::Public);
    assert_eq!(id_token["email"], "ana@example.org");
    for absent in ["name", "phone_number", "nonsense", "tax_ids", "email_verified"] {
        assert!(id_token.get(absent).is_none() && userinfo.get(absent).is_none(), "{absent}");
    }
}

#[test]
fn the_npi_goes_with_a_clinician_role_only() {
    for (role, expected) in
        [(Role::LicensedNurse, json!("1999999984")), (Role::OfficeWorker, Value::Null)]
    {
        let released = Released::One(Box::new(affiliation("a", &[role])));
        let (_, userinfo) = claims(&released, ALL_SCOPES, &[], &everything(), &Naming::Public);
        assert_eq!(userinfo["npi"], expected, "{role}");
    }
}

#[test]
fn the_user_id_goes_only_to_a_site_approved_for_it() {
    for release_user_id in [false, true] {
        let release = ReleasePolicy { release_user_id, ..everything() };
        let (_, userinfo) =
            claims(&one(), ALL_SCOPES, &["preferred_username"], &release, &Naming::Public);
        assert_eq!(userinfo.get("preferred_username").is_some(), release_user_id);
    }
}

#[test]
fn no_claim_is_blank_or_null() {
    let (_, userinfo) = claims(&one(), ALL_SCOPES, &[], &everything(), &Naming::Public);
    for (name, value) in userinfo.as_object().unwrap() {
        assert!(!value.is_null() && value != "", "{name}");
    }
    assert!(userinfo.get("middle_name").is_none());
    assert_eq!(userinfo["address"], json!({ "locality": "Seattle" }));
}

#[test]
fn two_groups_of_sites_share_no_name() {
    let naming = |sector: &str| Naming::of(SubjectType::Pairwise, sector, &[7; 32]);
    let (a, _) = claims(&one(), ALL_SCOPES, &[], &everything(), &naming("a.example"));
    let (b, _) = claims(&one(), ALL_SCOPES, &[], &everything(), &naming("b.example"));
    for claim in ["sub", "sid", "selected_affiliation"] {
        assert_ne!(a[claim], b[claim], "{claim}");
    }
    assert_ne!(a["affiliations"][0]["id"], b["affiliations"][0]["id"]);
}

proptest! {
    #[test]
    fn nothing_leaves_whose_scope_the_record_does_not_allow(
        allowed in prop::sample::subsequence(ALL_SCOPES.split(' ').collect::<Vec<_>>(), 0..=9),
        names in prop::sample::subsequence(vec!["name", "email", "npi", "address", "affiliations", "last_login"], 0..=6),
    ) {
        let release = ReleasePolicy { allowed_scopes: scopes(&allowed.join(" ")), ..everything() };
        let (id_token, userinfo) = claims(&one(), ALL_SCOPES, &names, &release, &Naming::Public);
        for place in [id_token, userinfo] {
            for name in place.as_object().unwrap().keys() {
                let scope = scope_of(name).unwrap();
                prop_assert!(scope == Scope::OpenId || release.allowed_scopes.contains(&scope), "{name}");
            }
            let tax_ids = place["affiliations"][0].get("tax_ids").is_some();
            prop_assert!(!tax_ids || release.allowed_scopes.contains(&Scope::TaxIds));
        }
    }
}

#[test]
fn what_was_asked_by_name_is_told_by_its_scope_if_the_site_may_have_that() {
    let release = ReleasePolicy { allowed_scopes: scopes("openid email npi"), ..everything() };
    let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
    let by_name = ClaimsRequest {
        id_token: names(&["npi", "phone_number"]),
        userinfo: names(&["email_verified", "unknown"]),
    };
    let found = kinds(&scopes("openid hie/pmp.query"), &by_name, &release);
    assert_eq!(found, scopes("openid email npi hie/pmp.query"));
}
