use chrono::{DateTime, TimeDelta};

use super::*;
use crate::community::subscriber::AccountStatus;

/// A file with one of everything.
const FILE: &str = r#"
[[organization]]
id = "org_clinic"
name = "Clinic"
tax_ids = [{ number = "91-1234567" }, { number = "123-45-6789", type = "ssn" }]
sites = ["payer"]

[[organization]]
id = "org_ward"
name = "Ward"
parent = "org_clinic"

[[subscriber]]
user_id = "ann"
given_name = "Ann"
family_name = "Lee"
email = "ann@clinic.example"
npi = "1234567893"
password_hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"

[[subscriber.affiliation]]
organization = "org_clinic"
roles = ["licensed-practitioner"]
role_details = ["md"]
administrator = true
tax_ids = ["91 1234567", "123-45-6789"]
since = 2024-03-11

[[site]]
client_id = "payer"
client_name = "Payer"
redirect_uris = ["https://payer.example/callback"]

[site.release]
affiliation_mode = "one"
"#;

fn load(text: &str) -> Result<CommunityFile, Vec<Mistake>> {
    read(text, || [7; 32])
}

fn mistakes(text: &str) -> Vec<String> {
    load(text).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

fn at(day: i64) -> DateTime<chrono::Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(day)
}

fn id() -> SubscriberId {
    "sub_new".parse().unwrap()
}

#[test]
fn the_demo_community_has_no_mistake_and_needs_no_second_look() {
    let file = load(include_str!("../../../../config/demo-community.toml"));
    let file = file.unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    assert!(file.demo);
    assert!(file.organizations.len() >= 3);
    assert_eq!(file.remarks, Vec::<String>::new());
    let names: Vec<&str> = file.subscribers.iter().map(|entry| entry.user_id.as_str()).collect();
    for name in ["practitioner", "biller", "administrator", "profile", "dormant", "unaffiliated"] {
        assert!(names.contains(&name), "{name}");
    }
    let sites: Vec<&str> = file.sites.iter().map(|entry| entry.id().as_str()).collect();
    assert_eq!(sites, ["credentia", "payer", "playground", "hie-gateway", "machine"]);
    assert!(file.sites.iter().all(|entry| entry.new_secret().is_none()));
}

#[test]
fn a_file_says_what_it_says() {
    let file = load(FILE).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    assert!(!file.demo);
    let clinic = &file.organizations[0];
    assert!(clinic.tax_ids[0].primary && !clinic.tax_ids[1].primary);
    let ann = &file.subscribers[0];
    assert_eq!(ann.affiliations[0].tax_ids.as_ref().map(Vec::len), Some(2));
    assert_eq!(ann.affiliations[0].line, 21);
    assert!(file.sites[0].new_secret().is_some(), "none was named");
    assert_eq!(
        file.remarks,
        [
            "line 5: org_clinic uses a personal number; an EIN costs nothing and tells less",
            "org_ward has no Administrator in this file",
        ]
    );
}

#[test]
fn a_part_comes_behind_the_whole_wherever_it_stands() {
    let moved =
        FILE.replacen("id = \"org_clinic\"\n", "id = \"org_clinic\"\nparent = \"org_whole\"\n", 1);
    let text = format!(
        "{moved}\n[[organization]]\nid = \"org_whole\"\nname = \"Whole\"\ntax_ids = [{{ number = \"20-3456789\" }}]\n"
    );
    let file = load(&text).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let ids: Vec<&str> =
        file.organizations.iter().map(|entry| entry.organization.id.as_str()).collect();
    assert_eq!(ids, ["org_whole", "org_clinic", "org_ward"]);
}

#[test]
fn each_mistake_is_named_with_its_line() {
    for (from, to, expected) in [
        ("\"org_clinic\"\nname", "\"clinic\"\nname", "line 3: id: not an identifier"),
        ("name = \"Clinic\"", "", "line 2: name is missing"),
        ("name = \"Clinic\"", "name = 7", "line 4: name must be a text"),
        ("name = \"Clinic\"", "nmae = \"Clinic\"", "line 4: nmae is not known here"),
        ("91-1234567\" }", "07-1234567\" }", "line 5: number: no Employer"),
        ("91-1234567\" }", "911-23-4567\" }", "line 5: number: this is written like a personal"),
        ("type = \"ssn\"", "type = \"itin\"", "line 5: type must be"),
        (
            "\"91-1234567\" }",
            "\"91-1234567\", primary = true }, { number = \"20-3456789\", primary = true }",
            "line 2: only one",
        ),
        (
            "{ number = \"91-1234567\" }",
            "{ number = \"12-3456789\" }, { number = \"123456789\" }",
            "line 5: this Tax ID stands in line 5 already",
        ),
        (
            "sites = [\"payer\"]",
            "sites = [\"other\"]",
            "line 2: sites: no [[site]] of this file is other",
        ),
        ("parent = \"org_clinic\"", "", "line 8: an organization needs at least one"),
        ("parent = \"org_clinic\"", "parent = \"org_none\"", "line 8: parent must name"),
        ("parent = \"org_clinic\"", "parent = \"org_ward\"", "line 8: parent must name"),
        (
            "id = \"org_ward\"",
            "id = \"org_clinic\"",
            "line 8: this organization stands in line 2 already",
        ),
        ("user_id = \"ann\"", "user_id = \"a\"", "line 14: user_id: a User ID has"),
        ("email = \"ann@", "email = \"ann", "line 17: email: an e-mail address"),
        ("1234567893", "1234567890", "line 18: npi: the check digit"),
        ("npi = \"1234567893\"\n", "", "needs an npi"),
        (
            "password_hash = \"$argon2id$",
            "password_hash = \"$2b$",
            "line 19: password_hash must be an Argon2id",
        ),
        (
            "password_hash = \"$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA\"",
            "password = \"Hunter2-hunter\"",
            "line 19: a password in clear is for demo files only",
        ),
        (
            "password_hash = ",
            "totp_seed = \"HILUMDEMOSEEDFORADMINISTRATOR234\"\npassword_hash = ",
            "line 19: a totp_seed is for demo files only",
        ),
        ("password_hash", "password = \"x\"\npassword_hash", "line 19: password and password_hash"),
        (
            "organization = \"org_clinic\"",
            "organization = \"org_none\"",
            "line 21: no [[organization]] of this file is org_none",
        ),
        ("[\"licensed-practitioner\"]", "[\"janitor\"]", "line 23: roles: no such role"),
        ("[\"md\"]", "[\"rn\"]", "line 24: \"rn\" is no detail of these roles"),
        (
            "administrator = true",
            "administrator = \"yes\"",
            "line 25: administrator must be true or false",
        ),
        ("\"91 1234567\"", "\"20-3456789\"", "line 21: tax_ids: 20-3456789 is none"),
        ("since = 2024-03-11", "since = 2024-13-11", "line 27: this is not valid TOML"),
        ("since = 2024-03-11", "since = \"March\"", "line 27: since must be a day"),
        ("since = 2024-03-11", "access_level = \"all\"", "line 27: access_level: unknown variant"),
        ("client_id = \"payer\"", "", "line 29: client_id is missing"),
        ("https://payer.example/callback", "https://*.example/", "line 32: redirect_uris"),
        ("client_name", "client_nam", "line 29: client_name is required"),
        ("\"one\"", "\"several\"", "line 34: release"),
        ("[[site]]", "[site]", "line 29: site must be written as [[site]]"),
        ("[[site]]", "nonsense\n[[site]]", "line 29: this is not valid TOML"),
        (
            "\n[[organization]]",
            "\ndemo = \"no\"\n[[organization]]",
            "line 2: demo must be true or false",
        ),
    ] {
        assert!(FILE.contains(from), "{from}");
        let found = mistakes(&FILE.replacen(from, to, 1));
        assert!(
            found.iter().any(|line| line.starts_with(expected)
                || (expected.starts_with("needs") && line.contains(expected))),
            "{from} -> {to}: {found:#?}"
        );
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let text = FILE
        .replacen("91-1234567\" }", "07-1234567\" }", 1)
        .replacen("1234567893", "1", 1)
        .replacen("[\"md\"]", "[\"rn\"]", 1)
        .replacen("https://payer.example", "javascript:", 1);
    let lines: Vec<usize> =
        load(&text).err().unwrap_or_default().iter().map(|mistake| mistake.line).collect();
    assert!(lines.len() >= 4, "{lines:?}");
    assert!(lines.is_sorted(), "{lines:?}");
}

#[test]
fn no_secret_is_repeated_in_a_mistake() {
    let text = FILE.replacen(
        "password_hash = \"$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA\"",
        "password = \"Hunter2-hunter\"",
        1,
    );
    let text = text.replacen("number = \"123-45-6789\"", "number = \"000-45-6789\"", 1);
    let told = mistakes(&text).join("\n");
    assert!(!told.contains("Hunter2") && !told.contains("000-45"), "{told}");
}

#[test]
fn a_person_who_is_loaded_twice_does_not_change() {
    let file = load(FILE).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let entry = &file.subscribers[0];
    let first = entry.applied_to(None, id(), at(1));
    assert_eq!((first.status, first.activated_at), (AccountStatus::Active, at(1)));
    let again = entry.applied_to(Some(&first), "sub_other".parse().unwrap(), at(2));
    assert_eq!(again, first);
}

#[test]
fn what_the_file_does_not_name_stays_as_it_is() {
    let file = load(FILE).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let entry = &file.subscribers[0];
    let mut existing = entry.applied_to(None, id(), at(1));
    existing.phone_number = Some("+1".to_owned());
    existing.status = AccountStatus::Suspended;
    existing.last_sign_in_at = Some(at(5));
    existing.family_name = "Married".to_owned();
    let after = entry.applied_to(Some(&existing), id(), at(9));
    let expected =
        Subscriber { family_name: "Lee".to_owned(), updated_at: at(9), ..existing.clone() };
    assert_eq!(after, expected);
}

#[test]
fn a_secret_that_was_rotated_since_stays_unless_the_file_names_another() {
    let with = |secret: &str| {
        let text =
            FILE.replacen("client_name", &format!("client_secret = \"{secret}\"\nclient_name"), 1);
        load(&text).unwrap_or_else(|mistakes| panic!("{mistakes:#?}")).sites.remove(0)
    };
    let (one, two) =
        ("one secret of more than 32 characters", "two secret of more than 32 characters");
    let first = with(one).applied_to(None);
    let mut rotated = first.clone();
    let both = vec![crate::secret::SecretDigest::of(one), crate::secret::SecretDigest::of(two)];
    rotated.client_mut().unwrap().authentication =
        ClientAuthentication::ClientSecretBasic { secrets: both };
    assert_eq!(with(one).applied_to(Some(&first)), first);
    assert_eq!(with(one).applied_to(Some(&rotated)), rotated, "both are accepted still");
    assert_eq!(with(two).applied_to(Some(&first)), with(two).applied_to(None));

    let unnamed = load(FILE).unwrap_or_else(|mistakes| panic!("{mistakes:#?}")).sites.remove(0);
    assert_eq!(unnamed.applied_to(Some(&rotated)), rotated);
}
