use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use idp_core::authentication::password_policy::PasswordPolicy;

use super::{
    load::parse,
    testing::{Folder, environment},
    *,
};
use crate::random::Random;

fn mistakes(content: &str) -> Vec<String> {
    parse(content, []).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn every_shipped_file_loads() {
    let folder = Folder::new();
    let (key, any) = (folder.key(), folder.file("any.pem", "", 0o600));
    for (name, files) in [
        ("embedded.toml", vec![("HILUM__SECRETS__MASTER_KEY_FILE", &*key)]),
        ("demo.toml", vec![("HILUM__SECRETS__MASTER_KEY_FILE", &*key)]),
        (
            "production.toml",
            vec![
                ("HILUM__SECRETS__MASTER_KEY_FILE", &*key),
                ("HILUM__PUBLIC__TLS_CERTIFICATE", &*any),
                ("HILUM__PUBLIC__TLS_KEY", &*any),
                ("HILUM__EPHEMERAL__CA_FILE", &*any),
            ],
        ),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config").join(name);
        let outcome = load(&path, environment(&files));
        assert!(outcome.is_ok(), "{name}: {:?}", outcome.err());
    }
}

#[test]
fn what_is_left_out_has_the_communitys_rules() {
    let folder = Folder::new();
    let config = parse(&folder.least(), []).unwrap();
    assert_eq!(config.session.rules.lasts.num_hours(), 4);
    assert_eq!((config.lockout.attempts, config.lockout.lasts.num_minutes()), (7, 10));
    assert_eq!(config.password.cost, HashCost { memory_kib: 19_456, passes: 2, lanes: 1 });
    assert_eq!(config.password.policy, PasswordPolicy::COMMUNITY);
    assert!(matches!(config.clock, ClockSource::System));
    assert!(!config.demo);
}

#[test]
fn every_mistake_is_told_at_once_with_its_line() {
    let told = mistakes(
        "public_origin = \"http://hilum.example\"\n\
         [public]\n\
         listen = 8080\n\
         tls_crt = \"x\"\n\
         [lockout]\n\
         attempts = 8\n\
         minutes = 9\n\
         [password]\n\
         policy = \"strong\"\n\
         memory_kib = 1024\n\
         [colour]\n\
         [log]\n\
         filter = \"loud,=\"\n",
    );
    let expected = [
        "line 1: public_origin must be https, except on localhost",
        "line 3: public.listen must be an address and a port, such as \"127.0.0.1:8080\"",
        "line 4: public.tls_crt is not known: [public] has behind_proxy, listen, tls_certificate, \
         tls_key",
        "line 6: lockout.attempts must be a whole number from 3 to 7",
        "line 7: lockout.minutes must be a whole number from 10 to 1440",
        "line 9: password.policy must be \"community\" or \"nist-63b-4\"",
        "line 10: password.memory_kib must be a whole number from 19456 to 262144",
        "line 11: colour is not known: there are demo, public_origin and the \
         sections challenge, clock, database, ephemeral, identity_proof, keys, limits, lockout, log, mail, outgoing, password, \
         private, public, saml, secrets, session, support, tax_ids, throttle",
        "line 13: log.filter must be a level (error, warn, info, debug), or levels by module \
         after it",
        "database.url is missing: it must be \"sqlite:PATH\" or \
         \"postgres://user@host/database?sslmode=verify-full\"",
        "secrets.master_key_file is missing: it must be the path of a file made with `hilum \
         secret new FILE`",
        "support.phone is missing: it must be a telephone number",
        "support.email is missing: it must be an e-mail address",
        "support.address is missing: it must be a postal address in one line",
        "mail.host is missing: it must be the name or address of your mail server, such as \
         \"smtp.example.org\"",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_text_that_is_no_toml_is_told_with_every_such_line() {
    let told = mistakes("demo = yes\n[public\nlisten = \"x\"\n");
    assert!(told.len() >= 2, "{told:?}");
    assert!(told[0].starts_with("line 1: this is not valid TOML"), "{told:?}");
    assert!(told.iter().any(|mistake| mistake.starts_with("line 2:")), "{told:?}");
}

#[test]
fn the_environment_wins_over_the_file() {
    let folder = Folder::new();
    let config = parse(
        &folder.least(),
        environment(&[
            ("HILUM__PUBLIC__LISTEN", "[::1]:9000"),
            ("HILUM__LOCKOUT__ATTEMPTS", "5"),
            ("HILUM__OUTGOING__ALLOW_HOSTS", "localhost, 10.0.0.7"),
            ("HILUM__DEMO", "true"),
            ("HILUM__CLOCK__OFFSET_FILE", "offset"),
            ("HOME", "/root"),
        ]),
    )
    .unwrap();
    assert_eq!(config.public.listen.port(), 9000);
    assert_eq!(config.lockout.attempts, 5);
    assert_eq!(config.outgoing.allow_hosts, ["localhost", "10.0.0.7"]);
    assert!(matches!(config.clock, ClockSource::Offset(_)));
}

#[test]
fn a_mistake_in_the_environment_names_the_variable() {
    let folder = Folder::new();
    let variables = environment(&[("HILUM__PUBLIC__LISTN", "x"), ("HILUM__DEMO", "maybe")]);
    let told: Vec<_> =
        parse(&folder.least(), variables).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(told[0], "environment HILUM__DEMO: demo must be true or false");
    assert!(told[1].starts_with("environment HILUM__PUBLIC__LISTN: public.listn is not known"));
}

#[test]
fn a_mistake_never_repeats_a_value() {
    let folder = Folder::new();
    let variables = environment(&[
        ("HILUM__DATABASE__URL", "mysql://hilum:open-sesame@db/hilum"),
        ("HILUM__EPHEMERAL__STORE", "http://:open-sesame@redis"),
    ]);
    let told = format!("{:?}", parse(&folder.least(), variables).unwrap_err());
    assert!(told.contains("database.url") && told.contains("ephemeral.store"), "{told}");
    assert!(!told.contains("open-sesame"), "{told}");
}

#[test]
fn settings_never_print_a_secret() {
    let folder = Folder::new();
    let variables = environment(&[("HILUM__DATABASE__URL", "postgres://h:open-sesame@db/h")]);
    let config = parse(&folder.least(), variables).unwrap();
    assert!(!format!("{config:?}").contains("open-sesame"));
}

#[test]
fn plain_http_stays_on_this_machine_or_behind_a_named_proxy() {
    let folder = Folder::new();
    let pem = folder.file("any.pem", "", 0o600);
    let tls = format!("public.tls_certificate = \"{pem}\"\npublic.tls_key = \"{pem}\"\n");
    let proxy = "public.behind_proxy = [\"10.0.0.0/8\"]\n";
    for (origin, listen, more, accepted) in [
        ("http://localhost:8080", "127.0.0.1:8080", "", true),
        ("http://localhost:8080", "0.0.0.0:8080", "", false),
        ("http://localhost:8080", "127.0.0.1:8080", &*tls, false),
        ("http://hilum.example", "127.0.0.1:8080", "", false),
        ("https://hilum.example", "127.0.0.1:8080", "", false),
        ("https://hilum.example", "0.0.0.0:443", "", false),
        ("https://hilum.example", "0.0.0.0:443", &*tls, true),
        ("https://hilum.example", "0.0.0.0:8080", proxy, true),
        ("https://hilum.example", "0.0.0.0:8080", "public.behind_proxy = [\"0.0.0.0/0\"]", false),
        ("https://hilum.example", "0.0.0.0:443", "public.tls_key = \"/nowhere\"", false),
    ] {
        let content = folder
            .least()
            .replace("http://localhost:8080", origin)
            .replace("127.0.0.1:8080", listen);
        let outcome = parse(&format!("{content}{more}"), []);
        assert_eq!(outcome.is_ok(), accepted, "{origin} {listen} {more}: {:?}", outcome.err());
    }
}

#[test]
fn demo_mode_and_its_clock_are_for_localhost() {
    let folder = Folder::new();
    let demo = folder.least().replace("http://localhost:8080", "https://hilum.example")
        + "demo = true\npublic.behind_proxy = [\"127.0.0.1\"]\n";
    assert!(mistakes(&demo)[0].contains("demo is for localhost only"));

    let told = mistakes(&format!("{}clock.offset_file = \"x\"\n", folder.least()));
    assert!(told[0].contains("clock.offset_file is for demo mode only"), "{told:?}");
}

#[test]
fn a_master_key_that_is_no_secret_is_refused_by_name() {
    let folder = Folder::new();
    let drawn = fs::read_to_string(folder.key()).unwrap();
    let zeros = format!("{}=", "A".repeat(43));
    let counted = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    for (content, mode, says) in [
        (&*drawn, 0o640, "can be read by other users"),
        (&*drawn, 0o604, "can be read by other users"),
        (&*zeros, 0o600, "holds an example"),
        (counted, 0o600, "holds an example"),
        ("c2hvcnQ=", 0o600, "must hold 32 bytes in base64"),
        ("", 0o600, "must hold 32 bytes in base64"),
        ("change me", 0o600, "must hold 32 bytes in base64"),
    ] {
        let file = folder.file("refused.key", content, mode);
        let told = mistakes(&folder.least().replace(&folder.key(), &file));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("secrets.master_key_file names"), "{told:?}");
        assert!(told[0].contains(says), "{content:?} {mode:o}: {told:?}");
    }
    let told = mistakes(&folder.least().replace(&folder.key(), "/nowhere/master.key"));
    assert!(told[0].contains("does not exist: make it with `hilum secret new FILE`"), "{told:?}");
}

#[test]
fn only_demo_mode_makes_its_own_master_key_and_only_once() {
    let folder = Folder::new();
    let path = folder.0.join("new/folder/master.key");
    let content = folder.least().replace(&folder.key(), path.to_str().unwrap());
    assert_eq!(mistakes(&content).len(), 1);
    assert!(!path.exists());

    let first = parse(&format!("{content}demo = true\n"), []).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let second = parse(&format!("{content}demo = true\n"), []).unwrap();
    assert_eq!(first.secrets.master_key.expose(), second.secrets.master_key.expose());
}

#[test]
fn a_master_key_is_never_overwritten() {
    let folder = Folder::new();
    let key = folder.key();
    let before = fs::read_to_string(&key).unwrap();
    let outcome = MasterKey::create(Path::new(&key), &Random::new());
    assert!(matches!(outcome, Err(MasterKeyError::Exists)));
    assert_eq!(fs::read_to_string(&key).unwrap(), before);
}
