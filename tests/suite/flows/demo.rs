//! What only a demo has.

use hilum_tests::{Fresh, on_every_store};

on_every_store![the_demo_administrators_code_is_shown_in_a_demo_and_nowhere_else];

async fn the_demo_administrators_code_is_shown_in_a_demo_and_nowhere_else(idp: Fresh) {
    let shown = idp.must(&["demo", "code", "administrator"]).stdout;
    let code = shown.trim();
    assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()), "{shown}");
    assert_eq!(idp.cli(&["demo", "code", "practitioner"]).code, 1, "has no app");
    assert_eq!(idp.cli(&["demo", "code", "nobody"]).code, 1);
    // The seed is known to everybody, and still lies sealed in the database.
    assert!(!idp.database.everything().contains("HILUMDEMOSEED"));
    let config = std::fs::read_to_string(idp.config_file()).unwrap();
    let clock = config.lines().find(|line| line.starts_with("offset_file")).unwrap();
    let real = config
        .replace("demo = true\n", "")
        .replace("[clock]\n", "")
        .replace(&format!("{clock}\n"), "")
        + "[mail]\nhost = \"localhost\"\nfrom = \"Hilum <no-reply@example.org>\"\n";
    std::fs::write(idp.config_file(), real).unwrap();
    let refused = idp.cli(&["demo", "code", "administrator"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (1, ""), "{refused:?}");
}
