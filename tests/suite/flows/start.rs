//! What a start refuses (24.6, 23.6), and what it finds again.

use std::{fs, net::SocketAddr, os::unix::fs::PermissionsExt as _, process::Command};

use hilum_tests::{
    Backend, Fresh, Output, Person, Settings, TestIdp, binary, free_port, on_every_store,
};

on_every_store![
    outside_demo_mode_the_demo_is_nobody,
    two_nodes_may_migrate_at_once,
    a_second_start_finds_the_first_ones_data,
    a_port_that_is_taken_is_told_in_plain_words,
    a_program_older_than_the_database_refuses_to_start,
];

/// Runs `hilum serve` with a changed configuration and expects it to refuse.
fn refuses(idp: &TestIdp, change: impl FnOnce(String) -> String, setting: &str) {
    let config = change(fs::read_to_string(idp.config_file()).unwrap());
    let file = idp.folder().write("changed.toml", config);
    let mut serve = Command::new("timeout");
    serve.args(["30"]).arg(binary("hilum")).args(["serve", "--config"]).arg(&file);
    let output = Output::of(&mut serve);
    let said = format!("{}{}", output.stdout, output.stderr);
    assert_eq!(output.code, 3, "{setting}: {output:?}");
    assert!(said.contains(setting), "{setting} is named: {said}");
}

fn key(idp: &TestIdp, name: &str, content: &str, mode: u32) -> String {
    let path = idp.folder().write(name, content);
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path.display().to_string()
}

#[test]
fn a_missing_example_short_or_readable_key_is_refused_by_name() {
    let idp = TestIdp::empty(Backend::Sqlite, Settings::new());
    let setting = "secrets.master_key_file";
    let production = |config: String| {
        config.replace("demo = true\n", "").split("[clock]").next().unwrap().to_owned()
            + &format!("[public]{}", config.split("[public]").nth(1).unwrap())
    };
    refuses(&idp, |config| production(config).replace("master.key", "nowhere.key"), setting);
    for (name, content, mode) in [
        ("zeros", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 0o600),
        ("short", "c2hvcnQ=\n", 0o600),
        ("empty", "", 0o600),
        ("words", "correct horse battery staple\n", 0o600),
        ("readable", "q3Yx7m0b2c4k5n6p8r9sQ1w2e3r4t5y6u7i8o9p0a1s=\n", 0o644),
    ] {
        let path = key(&idp, name, content, mode);
        let with = |config: String| {
            let lines = config.lines().map(|line| {
                if line.starts_with("master_key_file") {
                    format!("master_key_file = \"{path}\"")
                } else {
                    line.to_owned()
                }
            });
            lines.collect::<Vec<_>>().join("\n")
        };
        refuses(&idp, |config| with(production(config)), setting);
        refuses(&idp, with, setting);
    }
    refuses(&idp, |config| config.replace("master_key_file", "# master_key_file"), setting);
}

#[test]
fn every_mistake_of_the_configuration_is_told_at_once() {
    let idp = TestIdp::empty(Backend::Sqlite, Settings::new());
    for setting in ["public.lisen", "throttle.sign_in_failures", "support.phone"] {
        refuses(
            &idp,
            |config| {
                config
                    .replace("[public]\n", "[public]\nlisen = 1\n")
                    .replace("sign_in_failures = 100000", "sign_in_failures = -1")
                    .replace("phone = ", "phon = ")
            },
            setting,
        );
    }
    refuses(
        &idp,
        |config| config.replace("http://localhost", "http://hilum.example"),
        "public_origin",
    );
    refuses(&idp, |config| config.replace("demo = true\n", ""), "clock.offset_file");
}

#[test]
fn a_new_secret_is_random_ones_own_and_never_overwrites_another() {
    let idp = TestIdp::empty(Backend::Sqlite, Settings::new());
    let path = idp.folder().path("new.key");
    let make = || Output::of(Command::new(binary("hilum")).args(["secret", "new"]).arg(&path));
    assert_eq!(make().code, 0);
    let first = fs::read_to_string(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_ne!(make().code, 0);
    assert_eq!(fs::read_to_string(&path).unwrap(), first);
    fs::remove_file(&path).unwrap();
    assert_eq!(make().code, 0);
    assert_ne!(fs::read_to_string(&path).unwrap(), first);
}

/// 24.6: no default account
async fn outside_demo_mode_the_demo_is_nobody(idp: Fresh) {
    let mut idp = idp;
    assert!(idp.site("machine").client_credentials().await.status == 200);
    idp.node(0).stop();
    let config = fs::read_to_string(idp.config_file()).unwrap();
    let clock = config.lines().find(|line| line.starts_with("offset_file")).unwrap().to_owned();
    let config = config
        .replace("demo = true\n", "")
        .replace("[clock]\n", "")
        .replace(&format!("{clock}\n"), "");
    let mail = "[mail]\nhost = \"127.0.0.1\"\ntls = \"none\"\nfrom = \"Hilum <a@b.example>\"\n";
    fs::write(idp.config_file(), format!("{config}{mail}")).unwrap();
    idp.restart(0).await;
    // Whoever could read it could set anybody's password.
    assert_eq!(idp.browser().visit("/demo/mailbox").await.status, 404);
    assert_eq!(idp.site("machine").client_credentials().await.error(), (401, "invalid_client"));
    let mut browser = idp.browser();
    assert_eq!(browser.get(&idp.site("credentia").request().url()).await.status, 400);
    let page = browser.visit("/account").await;
    let page = browser.sign_in(&page, &Person::new("practitioner")).await;
    assert_eq!((page.status, browser.session()), (401, None), "{}", page.body);
    let imported = idp.cli(&["community", "import", "config/demo-community.toml"]);
    assert_ne!(imported.code, 0, "{imported:?}");
}

/// 23.6
async fn two_nodes_may_migrate_at_once(backend: Backend) {
    let idp = TestIdp::empty(backend, Settings::new());
    let migrate = || {
        let mut command = Command::new(binary("hilum"));
        command.args(["migrate", "--config"]).arg(idp.config_file());
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        command.spawn().unwrap()
    };
    let running: Vec<_> = (0..4).map(|_| migrate()).collect();
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(idp.cli(&["check"]).code, 0, "{:?}", idp.cli(&["check"]));
}

async fn a_second_start_finds_the_first_ones_data(idp: Fresh) {
    let mut idp = idp;
    let site = idp.site("alpha");
    let mut browser = idp.browser();
    let tokens = site.sign_on(&mut browser, &Person::new("practitioner")).await;
    assert!(idp.node(0).stop().success());
    idp.restart(0).await;
    assert_eq!(site.userinfo(&tokens.access).await.status, 200);
    let silent = site.request().with("prompt", "none").url();
    assert!(browser.get(&silent).await.answer().code.is_some());
}

async fn a_port_that_is_taken_is_told_in_plain_words(idp: Fresh) {
    let private = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let mut second = idp.serve(idp.nodes()[0].public, private);
    hilum_tests::eventually("it ends", || {
        let running = second.is_running();
        async move { (!running).then_some(()) }
    })
    .await;
    let log = second.log();
    assert!(log.to_lowercase().contains("in use") || log.contains("public.listen"), "{log}");
}

/// 23.6
async fn a_program_older_than_the_database_refuses_to_start(idp: Fresh) {
    let mut idp = idp;
    idp.node(0).stop();
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000001')";
    idp.database.execute(newer).unwrap();
    let before = idp.database.everything();
    for arguments in [&["migrate"][..], &["check"], &["keys", "rotate"], &["site", "list"]] {
        let output = idp.cli(arguments);
        assert_ne!(output.code, 0, "{arguments:?}: {output:?}");
    }
    let mut serve = Command::new("timeout");
    serve.arg("30").arg(binary("hilum")).args(["serve", "--config"]).arg(idp.config_file());
    let output = Output::of(&mut serve);
    assert!(!matches!(output.code, 0 | 124), "{output:?}");
    assert!(output.stderr.contains("newer"), "{output:?}");
    assert_eq!(idp.database.everything(), before, "no row lost");
}
