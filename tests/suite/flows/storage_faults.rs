//! PostgreSQL, Redis or the disk away for a while (23.1, 23.3, 23.7).

use std::time::Duration;

use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection, sql_query};
use hilum_tests::{
    Backend, Browser, Page, Person, Proxy, Settings, Site, TestIdp, eventually, hold,
    on_every_store,
};
use tokio::time::timeout;

on_every_store![
    a_burst_of_sign_ins_is_served_or_told_to_come_back,
    an_unexpected_error_shows_a_reference_and_nothing_else,
];

/// Far longer than an answer may take (2 s), so that a busy machine fails no test.
const PATIENCE: Duration = Duration::from_secs(20);

/// Hilum with a wire to PostgreSQL and one to Redis.
struct Wired {
    idp: TestIdp,
    database: Proxy,
    redis: Proxy,
}

impl Wired {
    async fn start() -> Self {
        let database = Proxy::to(Backend::server_of(&Backend::postgres().unwrap())).await;
        let redis = Proxy::to(Backend::server_of(&Backend::redis().unwrap())).await;
        let settings = Settings::new().database_via(database.address).redis_via(redis.address);
        let idp = TestIdp::start_with(Backend::PostgresRedis, settings).await;
        Self { idp, database, redis }
    }

    /// Waits until the node says of itself that it can serve again, and serves.
    async fn recovers(&self) {
        eventually("readiness is green again", || async {
            (self.idp.private(0, "/readyz").await.0 == 200).then_some(())
        })
        .await;
        let site = self.idp.site("alpha");
        let tokens = site.sign_on(&mut self.idp.browser(), &Person::new("practitioner")).await;
        assert_eq!(site.userinfo(&tokens.access).await.status, 200);
    }
}

fn wired(test: impl AsyncFnOnce(Wired)) {
    hold(Backend::PostgresRedis, async |_: Backend| test(Wired::start().await).await);
}

/// A page that says that it is our fault, how to reach us, and nothing else.
fn says_sorry(page: &Page) {
    assert_eq!(page.status, 503, "{} {}", page.url, page.body);
    assert!(page.body.contains("1-800-555-0100"), "{}", page.body);
    assert!(!page.header("retry-after").is_empty());
    for leak in ["postgres", "redis", "diesel", "SELECT", "pool", "127.0.0.1"] {
        assert!(!page.body.to_lowercase().contains(&leak.to_lowercase()), "{leak}: {}", page.body);
    }
}

async fn within<T>(answer: impl Future<Output = T>) -> T {
    timeout(PATIENCE, answer).await.expect("an answer although something is away")
}

/// A browser in the middle of a sign-on and one that is done with it.
async fn two_browsers(idp: &TestIdp, site: &Site) -> (Browser, Page, Browser, hilum_tests::Tokens) {
    let mut done = idp.browser();
    let tokens = site.sign_on(&mut done, &Person::new("practitioner")).await;
    let mut halfway = idp.browser();
    let page = halfway.open(&site.request().url()).await;
    (halfway, page, done, tokens)
}

async fn without_the_database(wired: Wired, break_it: impl FnOnce(&Proxy)) {
    let idp = &wired.idp;
    let site = idp.site("alpha");
    let (mut halfway, page, mut done, tokens) = two_browsers(idp, &site).await;
    let request = site.request();
    let code = done.get(&request.url()).await.answer().code.unwrap();
    break_it(&wired.database);
    eventually("readiness is red", || async {
        (idp.private(0, "/readyz").await.0 == 503).then_some(())
    })
    .await;
    assert_eq!(idp.private(0, "/healthz").await.0, 200, "liveness stays green");

    let answer = within(halfway.sign_in(&page, &Person::new("practitioner"))).await;
    says_sorry(&answer);
    assert_eq!(halfway.session(), None);
    says_sorry(&within(done.visit("/account")).await);
    // Where redirecting is safe, the site is told.
    let told = within(done.get(&site.request().url())).await;
    assert_eq!(told.error().0, "temporarily_unavailable");
    // Sites get their protocol's error, and nothing is taken for granted meanwhile.
    for answer in [
        within(site.userinfo(&tokens.access)).await,
        within(site.refresh(tokens.refresh.as_deref().unwrap())).await,
        within(site.introspect(&tokens.access)).await,
        within(site.revoke(&tokens.access)).await,
    ] {
        assert_eq!(answer.error(), (503, "temporarily_unavailable"), "{}", answer.text);
    }
    // What needs no database goes on.
    let machine = within(idp.site("machine").client_credentials()).await;
    assert_eq!(machine.status, 200, "{}", machine.text);

    wired.database.mend();
    wired.recovers().await;
    // Nothing was lost meanwhile.
    let silent = site.request().with("prompt", "none").url();
    assert!(done.get(&silent).await.answer().code.is_some());
    assert_eq!(site.refresh(tokens.refresh.as_deref().unwrap()).await.status, 200);
    let late = site.redeem(&request, &code).await;
    assert!(matches!(late.status, 200 | 400), "{}", late.text);
}

#[test]
fn without_its_database_hilum_says_sorry_and_recovers_by_itself() {
    wired(async |wired: Wired| without_the_database(wired, Proxy::cut).await);
}

#[test]
fn a_database_that_hangs_is_as_good_as_none() {
    wired(async |wired: Wired| without_the_database(wired, Proxy::hang).await);
}

async fn without_redis(wired: Wired, break_it: impl FnOnce(&Proxy)) {
    let idp = &wired.idp;
    let site = idp.site("alpha");
    let (mut halfway, page, mut done, tokens) = two_browsers(idp, &site).await;
    let request = site.request();
    let code = done.get(&request.url()).await.answer().code.unwrap();
    let used = site.request();
    let used_code = done.get(&used.url()).await.answer().code.unwrap();
    assert_eq!(site.redeem(&used, &used_code).await.status, 200);
    let keyed = idp.site("keyed");
    let assertion = hilum_tests::standing::SITE_KEY.sign(&keyed.assertion());
    let bare = Site { authentication: hilum_tests::Authentication::None, ..keyed };
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion.as_str()),
    ];
    assert_eq!(bare.token(&form).await.status, 200);
    break_it(&wired.redis);

    // Nothing that must happen once happens: neither a code nor an assertion is taken.
    for (request, code) in [(&request, &code), (&used, &used_code)] {
        let answer = within(site.redeem(request, code)).await;
        assert_ne!(answer.status, 200, "a one-time check failed open");
        assert!(matches!(answer.status, 400 | 503), "{}", answer.text);
    }
    let replayed = within(bare.token(&form)).await;
    assert!(matches!(replayed.status, 401 | 503), "a replay: {}", replayed.text);
    let answer = within(halfway.sign_in(&page, &Person::new("practitioner"))).await;
    assert!(
        answer.status == 503 || answer.location().is_some(),
        "{} {}",
        answer.status,
        answer.body
    );
    // What rests on the database goes on.
    assert_eq!(within(site.userinfo(&tokens.access)).await.status, 200);
    assert_eq!(within(site.refresh(tokens.refresh.as_deref().unwrap())).await.status, 200);
    // Locks hold: they are kept in the database.
    wired.redis.mend();
    wired.recovers().await;
    assert_eq!(bare.token(&form).await.error(), (401, "invalid_client"), "still remembered");
}

#[test]
fn without_redis_no_one_time_check_fails_open() {
    wired(async |wired: Wired| without_redis(wired, Proxy::cut).await);
}

#[test]
fn a_redis_that_hangs_is_as_good_as_none() {
    wired(async |wired: Wired| without_redis(wired, Proxy::hang).await);
}

/// 22.2: while the common count is away, each node counts for itself; nothing is let through
/// uncounted, and nobody is shut out by that alone.
#[test]
fn without_redis_each_node_goes_on_counting_failures() {
    hold(Backend::PostgresRedis, async |_: Backend| {
        let redis = Proxy::to(Backend::server_of(&Backend::redis().unwrap())).await;
        let settings = Settings::new().with("throttle.client_failures", "5");
        let settings = settings.redis_via(redis.address);
        let mut idp = TestIdp::start_with(Backend::PostgresRedis, settings).await;
        idp.add_node().await;
        let alpha = idp.site("alpha");
        let wrong = hilum_tests::Authentication::Basic("wrong".into());
        let wrong = Site { authentication: wrong, ..alpha.clone() };
        redis.cut();
        for node in idp.nodes() {
            let (site, alpha) = (wrong.at(node.public), alpha.at(node.public));
            for failures in 1..=5 {
                let answer = within(site.refresh("x")).await;
                assert_eq!(answer.status, 401, "{failures}: {}", answer.text);
            }
            assert_eq!(within(site.refresh("x")).await.status, 429);
            assert_eq!(within(alpha.refresh("x")).await.status, 429, "the right one waits, too");
            // Somebody else does not.
            let other = idp.site("machine").at(node.public);
            assert_eq!(within(other.client_credentials()).await.status, 200);
        }
        redis.mend();
    });
}

/// 23.7
#[test]
fn while_another_program_writes_to_sqlite_the_worst_is_a_503() {
    hold(Backend::Sqlite, async |idp: TestIdp| {
        let site = idp.site("alpha");
        let (mut halfway, page, _, tokens) = two_browsers(&idp, &site).await;
        let file = idp.database.file().unwrap().to_str().unwrap().to_owned();
        let mut writer = SqliteConnection::establish(&file).unwrap();
        sql_query("BEGIN IMMEDIATE").execute(&mut writer).unwrap();
        let refreshed = within(site.refresh(tokens.refresh.as_deref().unwrap())).await;
        assert_eq!(refreshed.error(), (503, "temporarily_unavailable"), "{}", refreshed.text);
        let answer = within(halfway.sign_in(&page, &Person::new("practitioner"))).await;
        says_sorry(&answer);
        // Readers are not held up.
        assert_eq!(within(site.userinfo(&tokens.access)).await.status, 200);
        sql_query("ROLLBACK").execute(&mut writer).unwrap();
        assert_eq!(site.refresh(tokens.refresh.as_deref().unwrap()).await.status, 200);
        let page = halfway.open(&site.request().url()).await;
        halfway.sign_in(&page, &Person::new("practitioner")).await;
        assert!(halfway.session().is_some());
    });
}

/// 23.7, 22.1: many at once are served or told to come back, and none is lost
async fn a_burst_of_sign_ins_is_served_or_told_to_come_back(idp: hilum_tests::Fresh) {
    let site = idp.site("alpha");
    let burst = (0..60).map(|_| {
        let (mut browser, site) = (idp.browser(), site.clone());
        async move {
            let page = browser.open(&site.request().url()).await;
            let fields = [("username", "practitioner"), ("password", hilum_tests::PASSWORD)];
            let answer = browser.press(&page, "login-submit", &fields).await;
            (answer.status, browser.session().is_some(), answer.header("retry-after").to_owned())
        }
    });
    let tokens = async {
        for _ in 0..10 {
            assert_eq!(idp.site("machine").client_credentials().await.status, 200);
            assert_eq!(idp.private(0, "/healthz").await.0, 200);
        }
    };
    let (answers, ()) = tokio::join!(futures_util::future::join_all(burst), tokens);
    for (status, signed_in, retry_after) in &answers {
        match status {
            303 => assert!(signed_in),
            503 => assert!(!signed_in && !retry_after.is_empty()),
            other => panic!("{other}"),
        }
    }
    assert!(answers.iter().any(|(status, ..)| *status == 303));
    let sessions = idp.database.number("SELECT COUNT(*) AS v FROM session");
    let signed_in = answers.iter().filter(|(_, signed_in, _)| *signed_in).count();
    assert_eq!(usize::try_from(sessions).unwrap(), signed_in);
    assert_eq!(idp.cli(&["audit", "verify"]).code, 0);
}

/// 24.2
async fn an_unexpected_error_shows_a_reference_and_nothing_else(idp: hilum_tests::Fresh) {
    let site = idp.site("alpha");
    let mut browser = idp.browser();
    let tokens = site.sign_on(&mut browser, &Person::new("practitioner")).await;
    let refresh = tokens.refresh.unwrap();
    let rename = |from: &str, to: &str| {
        idp.database.execute(&format!("ALTER TABLE {from} RENAME TO {to}")).unwrap();
    };
    for table in ["site_visit", "site_grant"] {
        rename(table, &format!("{table}_gone"));
    }
    let page = browser.visit("/account").await;
    assert_eq!(page.status, 500, "{}", page.body);
    let reference = page.text("reference").expect("a reference");
    assert!(page.body.contains("1-800-555-0100"));
    assert!(idp.log().contains(&reference), "the log has the cause beside the reference");
    let answer = site.refresh(&refresh).await;
    assert_eq!(answer.error(), (500, "server_error"), "{}", answer.text);
    for text in [&page.body, &answer.text] {
        for leak in ["site_visit", "site_grant", "no such table", "relation", "SELECT", ".rs"] {
            assert!(!text.contains(leak), "{leak}: {text}");
        }
    }
    // The process lives on, and so do requests that need none of this.
    assert_eq!(idp.site("machine").client_credentials().await.status, 200);
    assert_eq!(idp.private(0, "/healthz").await.0, 200);
    for table in ["site_visit", "site_grant"] {
        rename(&format!("{table}_gone"), table);
    }
    eventually("all is well again", || async {
        (site.refresh(&refresh).await.status == 200).then_some(())
    })
    .await;
}
