use proptest::prelude::*;

use super::*;
use crate::community::{
    affiliation::{AccessLevel, AffiliationStatus},
    organization::{Organization, OrganizationStatus},
};

fn judge(policy: &PasswordPolicy, text: &str) -> Vec<Objection> {
    policy.judge(&Password::typed(text).unwrap(), &["ana.rivera", "Rivera", "Hilum"])
}

#[test]
fn the_community_policy_counts_code_points_and_classes() {
    for (text, expected) in [
        ("Abcde1!", vec![Objection::TooShort { min: 8 }]),
        ("Abcdef1!", vec![]),
        ("Abcdefghijklmnopqrstuv1!", vec![]),
        ("Abcdefghijklmnopqrstuvw1!", vec![Objection::TooLong { max: 24 }]),
        ("\u{1f600}A1bcdefgh", vec![]),
        ("copperkettle", vec![Objection::TooFewClasses { needed: 3, found: 1 }]),
        ("abcdefgh1", vec![Objection::TooFewClasses { needed: 3, found: 2 }]),
        ("\u{d1}andu-llama", vec![]), // Ñ is upper case
        ("Password123", vec![Objection::Common]),
        ("xRIVERA-77x", vec![Objection::OwnWord]),
        ("Ab1Ab1Ab1Ab1", vec![Objection::Common]),
        ("PASSWORD2026!!", vec![Objection::Common]),
        ("Sunshine-99", vec![Objection::Common]),
        ("Rainy-sunshine-99", vec![]),
        ("my-hILuM-77", vec![Objection::OwnWord]),
    ] {
        assert_eq!(judge(&PasswordPolicy::COMMUNITY, text), expected, "{text}");
    }
}

#[test]
fn the_nist_policy_asks_for_length_only() {
    for (text, expected) in [
        ("acegikmoqsuwya", vec![Objection::TooShort { min: 15 }]),
        ("acegikmoqsuwyac", vec![]),
        ("thequickbrownfox", vec![Objection::Common]),
        ("abcdefghijklmnopq", vec![Objection::Common]),
        ("1234567890123456789", vec![Objection::Common]),
        ("9876543210987654", vec![Objection::Common]),
        ("passwordpassword!", vec![Objection::Common]),
    ] {
        assert_eq!(judge(&PasswordPolicy::NIST_63B_4, text), expected, "{text}");
    }
    assert_eq!(judge(&PasswordPolicy::NIST_63B_4, &"ab c".repeat(32)), vec![]);
    assert_eq!(
        judge(&PasswordPolicy::NIST_63B_4, &"ab cd".repeat(26)),
        vec![Objection::TooLong { max: 128 }]
    );
}

/// Upper case, lower case, digit, other: by Unicode's properties, after NFKC.
#[test]
fn the_classes_are_those_of_unicode() {
    for (text, expected) in [
        ("a", 1),
        ("aA", 2),
        ("\u{d1}\u{f1}", 2),             // Ñ, ñ
        ("n\u{303}N\u{303}", 2),         // the same, typed in two strokes
        ("\u{430}\u{410}", 2),           // Cyrillic а, А
        ("\u{ff21}\u{ff41}\u{ff11}", 3), // full-width A, a, 1
        ("\u{661}", 1),                  // Arabic-Indic one is a digit
        ("1\u{2167}", 2),                // Roman numeral eight becomes VIII: upper case
        ("\u{5d0}\u{4e2d}", 1),          // letters without case are "other"
        (" ~\u{20ac}\u{1f600}", 1),      // so are spaces, signs and emoji
        ("aA1 ", 4),
    ] {
        let password = Password::typed(text).unwrap();
        assert_eq!(classes_in(password.0.expose_secret()), expected, "{text:?}");
    }
}

fn acting_for(organization: &str) -> Affiliation {
    Affiliation {
        id: "aff_1".parse().unwrap(),
        subscriber: "sub_1".parse().unwrap(),
        organization: Organization {
            id: "org_1".parse().unwrap(),
            name: organization.to_owned(),
            parent: None,
            npi: None,
            status: OrganizationStatus::Active,
        },
        status: AffiliationStatus::Active,
        roles: [].into(),
        role_details: [].into(),
        administrator: false,
        access_level: AccessLevel::CommunityStandard,
        tax_ids: vec![],
        since: chrono::NaiveDate::default(),
    }
}

#[test]
fn ones_own_words_are_those_that_somebody_who_knows_one_would_try() {
    let person = crate::community::subscriber::tests::subscriber("ana-rivera");
    let words = own_words(&person, &[acting_for("Cedar Falls ENT Clinic")]);
    for (password, refused) in [
        ("x-HILUM-x1", true),
        ("x-cedar-x1", true),
        ("CedarFallsENTClinic1!", true),
        ("x-clinic-x1", true),
        ("Student-99!", false), // "ent" alone is no reason
        ("Copper-kettle-7", false),
    ] {
        let found = PasswordPolicy::COMMUNITY.judge(&Password::typed(password).unwrap(), &words);
        assert_eq!(found.contains(&Objection::OwnWord), refused, "{password}");
    }
    for own in [person.user_id.as_str(), &person.given_name, &person.family_name] {
        let password = Password::typed(&format!("9!{}!9", own.to_uppercase())).unwrap();
        let found = PasswordPolicy::COMMUNITY.judge(&password, &words);
        assert!(found.contains(&Objection::OwnWord), "{own}");
    }
}

#[test]
fn one_password_typed_on_two_keyboards_is_one() {
    let composed = Password::typed("caf\u{e9}").unwrap();
    assert_eq!(composed.as_bytes(), Password::typed("cafe\u{301}").unwrap().as_bytes());
}

proptest! {
    #[test]
    fn nothing_that_was_typed_is_cut_off(a in "\\PC{1,24}", b in "\\PC{1,24}") {
        let normal = |text: &str| text.nfkc().collect::<String>();
        let same = Password::typed(&a).unwrap().as_bytes() == Password::typed(&b).unwrap().as_bytes();
        prop_assert_eq!(same, normal(&a) == normal(&b));
    }
}
