//! The demo in Chromium: Hilum and two example sites, as a person meets them.

use std::net::SocketAddr;

use hilum_tests::{
    Backend, Chromium, Folder, PASSWORD, Process, Settings, TestIdp, binary, eventually, free_port,
    process::command, run,
};

/// Hilum with Credentia and Payer, each on a port of its own.
pub(super) struct Demo {
    pub(super) idp: TestIdp,
    pub(super) credentia: String,
    payer: String,
    _running: Vec<Process>,
    _folder: Folder,
}

impl Demo {
    pub(super) async fn start(backend: Backend) -> Self {
        let folder = Folder::new();
        let ports = [free_port(), free_port()];
        let mut idp = TestIdp::empty(backend, Settings::new());
        idp.must(&["migrate"]);
        // The demo's community, with the sites where they listen here.
        let community = hilum_tests::community::demo()
            .replace("localhost:8091", &format!("localhost:{}", ports[0]))
            .replace("localhost:8094", &format!("localhost:{}", ports[1]));
        let file = folder.write("community.toml", community);
        idp.must(&["community", "import", file.to_str().unwrap()]);
        idp.start_first().await;
        let mut running = Vec::new();
        for (name, port, demo_port) in [("credentia", ports[0], 8091), ("payer", ports[1], 8094)] {
            let config = hilum_tests::community::shipped(&format!("config/{name}.toml"))
                .replace(&format!("localhost:{demo_port}"), &format!("localhost:{port}"))
                .replace(&format!("127.0.0.1:{demo_port}"), &format!("127.0.0.1:{port}"))
                .replace("http://localhost:8080", &idp.origin);
            let file = folder.write(&format!("{name}.toml"), config);
            let mut site = command(&binary("credentia"));
            site.arg("--config").arg(file);
            running.push(Process::start(site, &folder.path(&format!("{name}.log"))));
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            eventually(name, || async { tokio::net::TcpStream::connect(address).await.ok() }).await;
        }
        let at = |port| format!("http://localhost:{port}");
        Self {
            idp,
            credentia: at(ports[0]),
            payer: at(ports[1]),
            _running: running,
            _folder: folder,
        }
    }
}

pub(super) async fn sign_in(chromium: &Chromium, user_id: &str) {
    chromium.type_into("#username", user_id).await;
    chromium.type_into("#password", PASSWORD).await;
    chromium.click("#login-submit").await;
}

/// What the issue asks to be shown: one sign-on opens both sites, one sign-out ends both.
async fn the_whole_story(backend: Backend, scripts: bool) {
    let demo = Demo::start(backend).await;
    let chromium = Chromium::open(scripts).await;
    chromium.go(&demo.credentia).await;
    check(&chromium, scripts, "Credentia's home").await;
    chromium.click("#sign-in").await;
    chromium.wait("#login-submit").await;
    assert!(chromium.address().await.starts_with(&demo.idp.origin));
    check(&chromium, scripts, "sign-in").await;
    chromium.type_into("#username", "practitioner").await;
    chromium.type_into("#password", "wrong-password").await;
    chromium.click("#login-submit").await;
    chromium.wait("#problem").await;
    check(&chromium, scripts, "sign-in with a problem").await;
    chromium.wait("#username").await.clear().await.unwrap();
    sign_in(&chromium, "practitioner").await;
    chromium.wait("#consent-allow").await;
    check(&chromium, scripts, "notice").await;
    chromium.click("#consent-allow").await;
    chromium.wait("#sign-out").await;
    assert!(chromium.address().await.starts_with(&demo.credentia));
    let text = chromium.text().await;
    let number = text.lines().find(|line| {
        let digits = line.split(',').next().unwrap_or_default().trim();
        digits.len() == 10 && digits.as_bytes().get(2) == Some(&b'-')
    });
    assert!(number.is_some(), "a Tax ID: {text}");
    assert!(text.to_lowercase().contains("licensed practitioner"), "the role: {text}");
    check(&chromium, scripts, "Credentia").await;

    // Payer opens without a second sign-in; the notice of the first visit is no sign-in.
    chromium.go(&demo.payer).await;
    chromium.click("#sign-in").await;
    let next = chromium.wait("#consent-allow, #sign-out, #login-submit").await;
    match next.attr("id").await.unwrap().as_deref() {
        Some("consent-allow") => {
            chromium.click("#consent-allow").await;
            chromium.wait("#sign-out").await;
        }
        Some("sign-out") => {}
        other => panic!("a second sign-in: {other:?}"),
    }
    assert!(chromium.address().await.starts_with(&demo.payer));
    check(&chromium, scripts, "Payer").await;
    chromium.go(demo.idp.url("/account").as_str()).await;
    let text = chromium.text().await;
    assert!(text.contains("Credentia") && text.contains("Payer"), "{text}");
    check(&chromium, scripts, "account").await;

    // Signing out at Payer ends Credentia, too.
    chromium.go(&format!("{}/me", demo.payer)).await;
    chromium.click("#sign-out").await;
    // The site brings its own hint, so Hilum has nothing to ask.
    chromium.arrive(&format!("{}/signed-out", demo.payer)).await;
    eventually("Credentia has heard of it", || async {
        chromium.go(&format!("{}/me", demo.credentia)).await;
        let address = chromium.address().await;
        let out = !chromium.text().await.contains("You act for");
        (out || address.starts_with(&demo.idp.origin)).then_some(())
    })
    .await;
    chromium.go(demo.idp.url("/account").as_str()).await;
    chromium.wait("#login-submit").await;
    chromium.close().await;
}

/// axe-core needs scripts of its own in the page.
async fn check(chromium: &Chromium, scripts: bool, page: &str) {
    if scripts {
        chromium.is_accessible(page).await;
    }
}

pub(super) fn in_chromium(backend: Backend, story: impl AsyncFnOnce(Backend)) {
    if Chromium::is_available() && backend.is_available() {
        run(story(backend));
    } else {
        eprintln!("left out: there is no chromedriver or no {backend:?} (.ci/with-servers)");
    }
}

#[test]
fn one_sign_on_opens_both_sites_and_one_sign_out_ends_both() {
    in_chromium(Backend::Sqlite, async |backend| the_whole_story(backend, true).await);
}

#[test]
fn one_sign_on_opens_both_sites_on_postgres_and_redis() {
    in_chromium(Backend::PostgresRedis, async |backend| the_whole_story(backend, true).await);
}

#[test]
fn it_all_works_without_scripts() {
    in_chromium(Backend::Sqlite, async |backend| the_whole_story(backend, false).await);
}

#[test]
fn a_keyboard_is_enough() {
    in_chromium(Backend::Sqlite, async |backend| {
        let demo = Demo::start(backend).await;
        let chromium = Chromium::open(true).await;
        chromium.go(&demo.credentia).await;
        chromium.tab_to("sign-in").await;
        chromium.press("\u{e007}").await;
        chromium.wait("#username").await;
        chromium.tab_to("username").await;
        chromium.press("practitioner").await;
        chromium.tab_to("password").await;
        // Enter in the last field sends the form.
        chromium.press(&format!("{PASSWORD}\u{e007}")).await;
        chromium.wait("#consent-allow").await;
        chromium.tab_to("consent-allow").await;
        chromium.press("\u{e007}").await;
        chromium.wait("#sign-out").await;
        assert!(chromium.address().await.starts_with(&demo.credentia));
        chromium.close().await;
    });
}

#[test]
fn a_site_is_opened_from_the_portal_by_keyboard_and_without_scripts() {
    for scripts in [true, false] {
        in_chromium(Backend::Sqlite, async |backend| {
            let demo = Demo::start(backend).await;
            let chromium = Chromium::open(scripts).await;
            chromium.go(demo.idp.url("/portal").as_str()).await;
            chromium.wait("#login-submit").await;
            sign_in(&chromium, "practitioner").await;
            chromium.wait("#portal-open").await;
            check(&chromium, scripts, "portal").await;
            if scripts {
                chromium.tab_to("open-credentia").await;
                chromium.press("\u{e007}").await;
            } else {
                chromium.click("#open-credentia").await;
            }
            chromium.wait("#sign-in").await;
            assert!(chromium.address().await.starts_with(&demo.credentia));
            chromium.close().await;
        });
    }
}

#[test]
fn every_other_page_is_accessible_too() {
    in_chromium(Backend::Sqlite, async |backend| {
        let demo = Demo::start(backend).await;
        let chromium = Chromium::open(true).await;
        for (path, name) in [
            ("/", "landing"),
            ("/nothing-here", "not found"),
            ("/authorize?client_id=nobody", "error"),
            ("/signed-out", "signed out"),
            ("/sign-on/unknown", "interrupted"),
        ] {
            chromium.go(demo.idp.url(path).as_str()).await;
            chromium.wait("main").await;
            chromium.is_accessible(name).await;
        }
        // The chooser, the refusal, the question before a sign-out.
        chromium.go(&format!("{}/login", demo.credentia)).await;
        sign_in(&chromium, "unaffiliated").await;
        chromium.wait("#reason").await;
        chromium.is_accessible("refusal").await;
        chromium.go(demo.idp.url("/portal").as_str()).await;
        chromium.wait("#portal-closed").await;
        chromium.is_accessible("portal").await;
        chromium.go(demo.idp.url("/sign-out").as_str()).await;
        chromium.wait("#logout-confirm").await;
        chromium.is_accessible("sign-out").await;
        chromium.click("#logout-confirm").await;
        chromium.arrive(demo.idp.url("/signed-out").as_str()).await;
        chromium.is_accessible("signed out, with sites").await;
        chromium.close().await;
    });
}
