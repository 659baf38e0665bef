//! What only a demo has.

use hilum_tests::{App, Fresh, TestIdp, on_every_store};

on_every_store![
    the_demo_administrators_code_is_shown_in_a_demo_and_nowhere_else,
    a_demo_is_prepared_once_and_its_consoles_have_something_to_do,
];

async fn the_demo_administrators_code_is_shown_in_a_demo_and_nowhere_else(idp: Fresh) {
    let shown = idp.must(&["demo", "code", "administrator"]).stdout;
    let code = shown.trim();
    assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()), "{shown}");
    assert_eq!(idp.cli(&["demo", "code", "practitioner"]).code, 1, "has no app");
    assert_eq!(idp.cli(&["demo", "code", "nobody"]).code, 1);
    // The seed is known to everybody, and still lies sealed in the database.
    assert!(!idp.database.everything().contains("HILUMDEMOSEED"));
    outside_of_a_demo(&idp);
    let refused = idp.cli(&["demo", "code", "administrator"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (1, ""), "{refused:?}");
}

/// Takes the demo out of the configuration.
fn outside_of_a_demo(idp: &TestIdp) {
    let config = std::fs::read_to_string(idp.config_file()).unwrap();
    let clock = config.lines().find(|line| line.starts_with("offset_file")).unwrap();
    let real = config
        .replace("demo = true\n", "")
        .replace("[clock]\n", "")
        .replace(&format!("{clock}\n"), "")
        + "[mail]\nhost = \"localhost\"\nfrom = \"Hilum <no-reply@example.org>\"\n";
    std::fs::write(idp.config_file(), real).unwrap();
}

async fn a_demo_is_prepared_once_and_its_consoles_have_something_to_do(idp: Fresh) {
    let agreement = ["agreement", "publish", "config/agreements/organization-2026-11.txt"];
    let version = ["--agreement", "organization", "--version", "2026-11"];
    idp.must(&[&agreement[..], &version[..]].concat());
    let prepared = idp.must(&["demo", "prepare"]).stdout;
    assert!(prepared.contains("A nominee"), "{prepared}");
    let again = idp.must(&["demo", "prepare"]).stdout;
    assert!(again.contains("nothing was made up"), "{again}");

    let mut joan = idp.browser();
    let app = App::told("HILUMDEMOSEEDFORADMINISTRATOR234");
    let at_home = joan.work_at("/organization/org_cedar-falls", "administrator", &app).await;
    assert_eq!(at_home.status, 200, "{}", at_home.body);
    let nominations = joan.visit("/organization/org_cedar-falls/nominations").await;
    assert!(nominations.body.contains("Tamara Quist"), "{}", nominations.body);
    let numbers = joan.visit("/organization/org_cedar-falls/tax-ids").await;
    assert!(numbers.body.contains("Fir Street Midwives"), "{}", numbers.body);

    let mut sam = idp.browser();
    let app = App::told("HILUMDEMOSEEDFORSUPPORTAGENT2345");
    let queue = sam.work_at("/support/registrations", "support", &app).await;
    assert_eq!(queue.body.matches("Harbor Physical Therapy").count(), 1, "{}", queue.body);

    outside_of_a_demo(&idp);
    assert_eq!(idp.cli(&["demo", "prepare"]).code, 1);
}
