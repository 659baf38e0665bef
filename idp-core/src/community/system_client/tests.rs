use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::community::{
    actor::testing::{JOB, administrator, agent},
    affiliation::testing::affiliation,
    tax_id::{TaxId, TaxIdNumber},
};

fn at(day: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day)
}

fn digest(text: &str) -> SecretDigest {
    SecretDigest::of(text)
}

/// A public key on P-256, of RFC 7517 appendix A.1.
fn keys(kid: &str) -> SystemKeys {
    SystemKeys::read(json!({"keys": [{
        "kty": "EC", "crv": "P-256", "kid": kid,
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    }]}))
    .unwrap()
}

fn offered() -> BTreeSet<String> {
    ["hie/pmp.query".to_owned(), "hie/adt.subscribe".to_owned()].into()
}

fn created() -> SystemClient {
    let form = SystemForm { name: "EHR", scopes: &["hie/pmp.query"], purposes: &["TREAT"] };
    let request = form.read(&offered()).unwrap();
    let organization = "org_a".parse().unwrap();
    let adam = administrator("adam", "a");
    create("sys_1".parse().unwrap(), request, digest("code"), &adam, &organization, at(0))
        .unwrap()
        .state
}

fn active() -> SystemClient {
    let (outcome, done) = created().set_up(&digest("code"), keys("1"), at(0));
    assert_eq!(done, SetUp::Done);
    outcome.state
}

#[test]
fn a_code_sets_a_system_up_once_within_seven_days_and_dies_of_nobodys_wrong_tries() {
    let wrong = |times| {
        (0..times)
            .fold(created(), |system, _| system.set_up(&digest("wrong"), keys("1"), at(0)).0.state)
    };
    for (system, code, day, expected) in [
        (created(), "code", 6, SetUp::Done),
        (created(), "code", 7, SetUp::Refused),
        (created(), "wrong", 0, SetUp::Refused),
        (wrong(500), "code", 6, SetUp::Done),
        (wrong(1), "code", 7, SetUp::Refused),
        (active(), "code", 1, SetUp::Refused),
    ] {
        let (outcome, found) = system.set_up(&digest(code), keys("1"), at(day));
        assert_eq!(found, expected, "{code} on day {day}");
        assert_eq!(outcome.audit.len(), 1);
    }
}

#[test]
fn a_system_acts_for_180_days_and_is_renewed_by_an_administrator() {
    let adam = administrator("adam", "a");
    let system = active();
    assert!(!created().acts(at(0)));
    assert!(system.acts(at(179)) && !system.acts(at(180)));
    let renewed = decide(system.clone(), Command::Renew, &adam, at(100)).unwrap().state;
    assert!(renewed.acts(at(279)) && !renewed.acts(at(280)));
    // by date: nobody renews what has ended, whether or not the job has run
    let late = decide(system.clone(), Command::Renew, &adam, at(180));
    assert_eq!(late, Err(Refusal::OutOfOrder));
    assert_eq!(decide(system.clone(), Command::Expire, &JOB, at(179)), Err(Refusal::OutOfOrder));
    let expired = decide(system.clone(), Command::Expire, &JOB, at(180)).unwrap();
    assert_eq!((expired.state.stage, expired.effects.len()), (Stage::Expired, 1));
    for (actor, expected) in
        [(agent("sam"), Denied::Forbidden), (administrator("eve", "b"), Denied::NotFound)]
    {
        let found = decide(system.clone(), Command::Renew, &actor, at(1));
        assert_eq!(found, Err(Refusal::Denied(expected)));
    }
}

#[test]
fn other_keys_take_the_place_of_the_old_ones_without_a_gap() {
    let adam = administrator("adam", "a");
    let issue = Command::IssueCode { code: digest("code2") };
    let between = decide(active(), issue, &adam, at(10)).unwrap().state;
    assert!(between.acts(at(10)));
    let (kept, refused) = between.set_up(&digest("wrong"), keys("2"), at(11));
    assert_eq!(refused, SetUp::Refused);
    assert!(kept.state.acts(at(11)), "a wrong code stops nothing");
    let (done, set_up) = kept.state.set_up(&digest("code2"), keys("2"), at(11));
    assert_eq!(set_up, SetUp::Done);
    assert_eq!(done.state.stage, Stage::Active { keys: keys("2"), until: at(191), next: None });
}

#[test]
fn what_was_revoked_stays_so() {
    let adam = administrator("adam", "a");
    let revoked = decide(active(), Command::Revoke, &adam, at(1)).unwrap();
    let whose = Whose::SystemClient("sys_1".parse().unwrap());
    let ending = Ending { whose, cause: Cause::SystemRevoked };
    assert_eq!(revoked.effects, [Effect::EndAccess(ending)]);
    // that of a closed organization ends alike, and by nobody's hand
    let dissolved = decide(active(), Command::Dissolve, &JOB, at(1)).unwrap();
    assert_eq!(dissolved, revoked);
    let forbidden = Err(Refusal::Denied(Denied::Forbidden));
    assert_eq!(decide(active(), Command::Dissolve, &adam, at(1)), forbidden);
    for command in [Command::IssueCode { code: digest("x") }, Command::Renew, Command::Revoke] {
        let found = decide(revoked.state.clone(), command, &adam, at(1));
        assert_eq!(found, Err(Refusal::OutOfOrder), "{command:?}");
    }
}

#[test]
fn there_is_a_mail_30_and_7_days_and_one_day_before_the_end() {
    for (told, today, expected) in [
        (None, 149, false),
        (None, 150, true),
        (Some(150), 172, false),
        (Some(150), 173, true),
        (Some(173), 179, true),
        (None, 180, false),
    ] {
        let found = active().warning(told.map(at), at(today));
        assert_eq!(found.is_some(), expected, "{told:?} {today}");
    }
}

#[test]
fn a_form_says_all_that_is_wrong_with_it() {
    let wrong = SystemForm { name: "", scopes: &["admin"], purposes: &["SPY"] };
    let found = wrong.read(&offered()).unwrap_err();
    let fields: Vec<_> = found.iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["name", "purposes", "scopes"]);
}

#[test]
fn a_system_acts_only_for_an_organization_that_takes_part() {
    for (status, expected) in [
        (OrganizationStatus::Active, true),
        (OrganizationStatus::Suspended, false),
        (OrganizationStatus::Closed, false),
    ] {
        let organization = Organization { status, ..affiliation("a", &[]).organization };
        assert_eq!(active().acts_for(&organization, at(1)), expected, "{status:?}");
        assert!(!created().acts_for(&organization, at(1)));
        assert!(!active().acts_for(&organization, at(180)));
    }
}

#[test]
fn a_stage_comes_back_as_it_was_stored_and_a_private_key_never_does() {
    let adam = administrator("adam", "a");
    let issue = Command::IssueCode { code: digest("code2") };
    let rolling = decide(active(), issue, &adam, at(10)).unwrap().state;
    for stage in [created().stage, active().stage, rolling.stage, Stage::Expired, Stage::Revoked] {
        let stored = serde_json::to_value(&stage).unwrap();
        assert_eq!(serde_json::from_value::<Stage>(stored.clone()).unwrap(), stage, "{stored}");
    }
    let mut stored = serde_json::to_value(active().stage).unwrap();
    stored["keys"]["keys"][0]["d"] = "x".into();
    assert!(serde_json::from_value::<Stage>(stored).is_err());
}

#[test]
fn a_private_key_is_refused() {
    let published = json!({"keys": [{"kty": "EC", "crv": "P-256", "x": "", "y": "", "d": "x"}]});
    assert_eq!(SystemKeys::read(published), Err(KeySetError::PrivateKey));
}

#[test]
fn a_token_says_for_which_organization_the_system_acts() {
    let mut organization = affiliation("a", &[]).organization;
    organization.npi = Some("1999999984".parse().unwrap());
    let ein = |number: &str, primary| TaxId {
        id: "tin_1".parse().unwrap(),
        number: TaxIdNumber::Ein(number.parse().unwrap()),
        primary,
    };
    let ssn = TaxId {
        number: TaxIdNumber::Ssn("123-45-6789".parse().unwrap()),
        ..ein("20-3456789", true)
    };
    let purposes = [Purpose::Treatment].into();
    let named = |tax_ids: &[TaxId]| {
        claims(&organization, tax_ids, &purposes).extensions["hl7-b2b"]["organization_id"].clone()
    };
    assert_eq!(
        named(&[ein("20-3456789", false), ein("91-1234567", true)]),
        "urn:oid:2.16.840.1.113883.4.4#91-1234567"
    );
    // a personal number never leaves
    assert_eq!(
        named(&[ssn.clone(), ein("20-3456789", false)]),
        "urn:oid:2.16.840.1.113883.4.4#20-3456789"
    );
    assert_eq!(named(&[ssn]), "urn:oid:2.16.840.1.113883.4.6#1999999984");
    assert_eq!(
        serde_json::to_value(claims(&organization, &[ein("91-1234567", true)], &purposes)).unwrap(),
        json!({
            "organization": {"id": "org_a", "npi": "1999999984"},
            "extensions": {"hl7-b2b": {
                "version": "1",
                "organization_id": "urn:oid:2.16.840.1.113883.4.4#91-1234567",
                "organization_name": "Clinic a",
                "purpose_of_use": ["http://terminology.hl7.org/CodeSystem/v3-ActReason#TREAT"],
            }},
        })
    );
}

proptest! {
    #[test]
    fn a_system_acts_only_with_keys_that_its_code_brought_and_never_past_its_end(
        steps in prop::collection::vec((0_i64..400, 0_usize..7), 1..25),
    ) {
        let adam = administrator("adam", "a");
        let mut system = created();
        let mut days: Vec<i64> = steps.iter().map(|(day, _)| *day).collect();
        days.sort_unstable();
        let (mut trusted_on, mut revoked) = (None::<i64>, false);
        for (day, (_, step)) in days.into_iter().zip(steps) {
            let command = match step {
                0 | 1 => {
                    let text = if step == 0 { "code" } else { "code2" };
                    let (outcome, done) = system.set_up(&digest(text), keys("1"), at(day));
                    if done == SetUp::Done {
                        trusted_on = Some(day);
                    }
                    system = outcome.state;
                    prop_assert!(!(revoked && system.acts(at(day))));
                    continue;
                }
                2 => Command::IssueCode { code: digest("code2") },
                3 | 4 => Command::Renew,
                5 => Command::Expire,
                _ => Command::Revoke,
            };
            let actor = if step == 5 { JOB } else { adam.clone() };
            if let Ok(outcome) = decide(system.clone(), command, &actor, at(day)) {
                system = outcome.state;
                revoked |= command == Command::Revoke;
                if command == Command::Renew {
                    trusted_on = Some(day);
                }
            }
            if system.acts(at(day)) {
                prop_assert!(!revoked && trusted_on.is_some_and(|on| day < on + 180));
            }
        }
    }
}
