use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::*;
use crate::{
    community::{
        affiliation::{AffiliationStatus, testing::affiliation},
        letters::TooMany,
        nomination::{Keys, Nomination, State},
        person_match::Finding,
        role::Role,
        subscriber::tests::subscriber,
        tax_id::{TaxId, TaxIdNumber},
    },
    ids::SubscriberId,
    secret::SecretDigest,
};

fn at(day: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day)
}

fn adam() -> SubscriberId {
    "sub_adam".parse().unwrap()
}

fn tax_id(id: &str, number: &str) -> TaxId {
    let number = TaxIdNumber::Ein(number.parse().unwrap());
    TaxId { id: id.parse().unwrap(), number, primary: true }
}

fn numbers() -> Vec<TaxId> {
    vec![tax_id("tin_1", "91-1234567"), tax_id("tin_2", "20-3456789")]
}

fn rows(text: &str) -> Result<Vec<Row>, FileError> {
    read(text.as_bytes(), &numbers(), &adam(), at(0))
}

const HEADER: &str =
    "given_name,family_name,email,npi,roles,role_details,tax_ids,reason,verified_by\n";

/// The line and the fields that are objected to, of each row.
fn wrong(text: &str) -> Vec<(usize, Vec<&'static str>)> {
    let rows = rows(&format!("{HEADER}{text}")).unwrap();
    let objections = |row: &Row| match &row.nominee {
        Ok(_) => vec![],
        Err(objections) => objections.iter().map(|(field, _)| field).collect(),
    };
    rows.iter().map(|row| (row.line, objections(row))).collect()
}

#[test]
fn each_row_is_judged_field_by_field() {
    let text = "\
Ana,Rivera,ana@x.example,1999999984,licensed-practitioner,arnp,91-1234567,,photo-id
Ben,Ng,ben@x.example,,office-worker billing-specialist,,,,hr-record

Cy,,cy,1,boss,,91-0000000,,
Di,Fox,di@x.example,,medical-director,,,,photo-id
Ed,Kay,ed@x.example,,licensed-practitioner,,,,photo-id
Flo,Law,ANA@x.example,1999999984,office-worker,,,,photo-id
Gus,May,gus@x.example,,office-worker,,,,photo-id,too,many
";
    assert_eq!(
        wrong(text),
        [
            (2, vec![]),
            (3, vec![]),
            (5, vec!["email", "family_name", "npi", "roles", "tax_ids", "verified_by"]),
            (6, vec!["reason"]),
            (7, vec!["npi"]),
            (8, vec!["email", "npi"]),
            (9, vec!["row"]),
        ]
    );
}

#[test]
fn the_first_line_names_the_columns_and_no_others() {
    for (text, expected) in [
        ("", FileError::NoHeader),
        ("Ana,Rivera\n", FileError::NoHeader),
        // security 20.3: no file makes an Administrator
        ("email,administrator\n", unknown("administrator")),
        ("email,org_id\n", unknown("org_id")),
        ("email,E-mail\n", unknown("E-mail")),
        ("email,Email\n", FileError::DoubleColumn("email".to_owned())),
    ] {
        assert_eq!(rows(text), Err(expected), "{text:?}");
    }
    assert_eq!(rows("Given name;Family name;EMAIL\n"), Err(FileError::Nobody));
    assert_eq!(
        rows("Given name;Family name;EMAIL\nAna;Rivera;ana@x.example").map(|r| r.len()),
        Ok(1)
    );
    let many = format!("email\n{}", "a@b.example\n".repeat(MOST_ROWS + 1));
    assert_eq!(rows(&many), Err(FileError::TooManyRows));
}

fn unknown(name: &str) -> FileError {
    FileError::UnknownColumn { name: name.to_owned() }
}

#[test]
fn a_user_id_stands_in_a_file_once() {
    let line = |name: &str, id: &str| {
        format!("{name},Rivera,{name}@x.example,{id},office-worker,photo-id\n")
    };
    let header = "given_name,family_name,email,user_id,roles,verified_by\n";
    let all = [line("Ana", "Riv"), line("Ben", "riv"), line("Cy", ""), line("Di", "")].concat();
    let judged = rows(&format!("{header}{all}")).unwrap();
    let good: Vec<bool> = judged.iter().map(|row| row.nominee.is_ok()).collect();
    assert_eq!(good, [true, false, true, true]);
}

fn row(roles: &str) -> Row {
    let text = format!("{HEADER}Ana,Rivera,ana@x.example,,{roles},,,because,photo-id\n");
    rows(&text).unwrap().remove(0)
}

#[test]
fn a_dry_run_says_what_would_be_done_with_each_person() {
    let ana: SubscriberId = "sub_ana".parse().unwrap();
    let member = affiliation("a", &[Role::OfficeWorker]);
    let member = Affiliation { tax_ids: numbers(), ..member };
    let asked = Affiliation { status: AffiliationStatus::Proposed, ..member.clone() };
    let nobody = |similar: &[&SubscriberId]| Finding::Nobody {
        similar_here: similar.iter().copied().cloned().collect(),
    };
    let judged = |finding: Finding,
                  obstacle: Option<Obstacle>,
                  affiliation: Option<&Affiliation>,
                  roles: &str| {
        let (administrator, tax_ids) = (adam(), numbers());
        let current = Current {
            finding,
            obstacle,
            affiliation,
            administrator: &administrator,
            tax_ids: &tax_ids,
        };
        match plan(&row(roles), &current) {
            Step::Affiliate(_) => "affiliate",
            Step::Change(..) => "change",
            Step::Keep => "keep",
            Step::Nominate(_) => "nominate",
            Step::Refuse(_) => "refuse",
            Step::Revive(..) => "revive",
        }
    };
    let here = || Finding::AlreadyHere(ana.clone());
    for (finding, affiliation, roles, expected) in [
        (nobody(&[]), None, "office-worker", "nominate"),
        (nobody(&[&ana]), None, "office-worker", "refuse"),
        (nobody(&[]), None, "boss", "refuse"),
        (Finding::Affiliate(ana.clone()), None, "office-worker", "affiliate"),
        (Finding::Revive(ana.clone()), None, "office-worker", "revive"),
        (Finding::SeeSupport, None, "office-worker", "refuse"),
        (here(), Some(&member), "office-worker", "keep"),
        (here(), Some(&member), "office-manager", "change"),
        (here(), Some(&asked), "office-manager", "refuse"),
        // nobody raises their own rights by a file
        (Finding::AlreadyHere(adam()), Some(&member), "office-manager", "refuse"),
    ] {
        let found = judged(finding.clone(), None, affiliation, roles);
        assert_eq!(found, expected, "{finding:?} {roles}");
    }
    let (waits, support, taken) =
        (Obstacle::Nominated, Obstacle::SeeSupport, Obstacle::UserIdTaken);
    let enough = Obstacle::TooMany(TooMany::ToOne);
    for (finding, obstacle, expected) in [
        (nobody(&[]), waits, "refuse"),
        (nobody(&[]), support, "refuse"),
        (nobody(&[]), taken, "refuse"),
        (Finding::Revive(ana.clone()), waits, "refuse"),
        (Finding::Revive(ana.clone()), support, "refuse"),
        (Finding::Revive(ana.clone()), taken, "revive"),
        (nobody(&[]), enough, "refuse"),
        (Finding::Revive(ana.clone()), enough, "refuse"),
        (Finding::Affiliate(ana.clone()), enough, "refuse"),
        // whoever has an account is asked, whatever else stands in the way of a nomination
        (Finding::Affiliate(ana.clone()), support, "affiliate"),
    ] {
        let found = judged(finding.clone(), Some(obstacle), None, "office-worker");
        assert_eq!(found, expected, "{finding:?} {obstacle:?}");
    }
}

#[test]
fn an_import_is_taken_back_as_long_as_nobody_went_on_from_it() {
    let before = affiliation("a", &[Role::OfficeWorker]);
    let after = affiliation("a", &[Role::OfficeManager]);
    let later = affiliation("a", &[Role::OfficeManager, Role::BillingSpecialist]);
    let proposed = Affiliation { status: AffiliationStatus::Proposed, ..before.clone() };
    let changed =
        Applied::Changed { before: Box::new(before.clone()), after: Box::new(after.clone()) };
    let asked = Applied::Asked(before.id.clone());
    for (applied, affiliation, day, expected) in [
        (&changed, &after, 6, Undo::Restore(Box::new(before.clone()))),
        (&changed, &after, 7, Undo::TooLate),
        (&changed, &later, 1, Undo::TooLate),
        (&asked, &proposed, 1, Undo::EndProposal(before.id.clone())),
        (&asked, &before, 1, Undo::TooLate),
    ] {
        let found = undo(applied, Some(affiliation), None, at(0), at(day));
        assert_eq!(found, expected, "{applied:?} on day {day}");
    }
    let nomination = |state| Nomination {
        id: "nom_1".parse().unwrap(),
        organization: "org_a".parse().unwrap(),
        affiliation: before.id.clone(),
        subscriber: "sub_ana".parse().unwrap(),
        user_id: "ana.rivera".parse().unwrap(),
        nominated_by: Some(adam()),
        nominated_at: at(0),
        state,
    };
    let digest = SecretDigest::of("x");
    let waiting = nomination(State::Nominated(Keys::new(digest, digest, at(0))));
    let taken_up = nomination(State::Activated { at: at(1) });
    let applied = Applied::Nominated("nom_1".parse().unwrap());
    let found = |nomination| undo(&applied, None, Some(nomination), at(0), at(1));
    assert_eq!(found(&waiting), Undo::Withdraw("nom_1".parse().unwrap()));
    assert_eq!(found(&taken_up), Undo::TooLate);
}

#[test]
fn an_export_reads_back_and_holds_no_personal_number() {
    let person = subscriber("ana");
    let ssn = TaxId {
        number: TaxIdNumber::Ssn("123-45-6789".parse().unwrap()),
        ..tax_id("tin_3", "91-1234567")
    };
    let acts = affiliation("a", &[Role::OfficeWorker, Role::BillingSpecialist]);
    let with = |tax_ids| exported(&person, &Affiliation { tax_ids, ..acts.clone() });
    let header = COLUMNS.map(str::to_owned);
    let mut line = with(numbers());
    let verified = COLUMNS.iter().position(|column| *column == "verified_by").unwrap();
    line[verified] = "known-in-person".to_owned();
    let file = csv::write([header.as_slice(), line.as_slice()]);
    let rows = rows(&file).unwrap();
    let nominee = rows[0].nominee.as_ref().unwrap();
    assert_eq!(*nominee.rights.roles(), acts.roles);
    assert_eq!(nominee.rights.tax_ids().of(&numbers()), numbers());
    let masked = csv::write([with(vec![ssn]).as_slice()]);
    assert!(masked.contains("***-**-6789") && !masked.contains("123-45"), "{masked}");
}

proptest! {
    #[test]
    fn every_row_is_done_or_refused_once(roles in prop::collection::vec("[a-z-]{0,20}|office-worker", 1..8)) {
        let lines: String = roles
            .iter()
            .enumerate()
            .map(|(place, role)| format!("Ana,Rivera,a{place}@x.example,,{role},,,,photo-id\n"))
            .collect();
        let rows = rows(&format!("{HEADER}{lines}")).unwrap();
        let (administrator, tax_ids) = (adam(), numbers());
        let steps: Vec<Step> = rows
            .iter()
            .map(|row| {
                let finding = Finding::Nobody { similar_here: vec![] };
                let current = Current {
                    finding, obstacle: None, affiliation: None, administrator: &administrator,
                    tax_ids: &tax_ids,
                };
                plan(row, &current)
            })
            .collect();
        let sum = summary(&steps);
        let all = sum.asked + sum.changed + sum.kept + sum.nominated + sum.refused;
        prop_assert_eq!(all, roles.len());
    }
}
