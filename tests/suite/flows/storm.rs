//! Five hundred sign-ins at once (22.1).

use futures_util::future::join_all;
use hilum_tests::{Backend, Page, Person, Settings, TestIdp, on_every_store};
use tokio::sync::Semaphore;

on_every_store![
    five_hundred_sign_ins_at_once_leave_room_for_everybody_else,
    a_flood_of_answers_is_served_or_told_to_come_back,
];

/// How many passwords are hashed at once in this test, and how many may wait.
const PERMITS: u64 = 2;
const QUEUE: &str = "50";
/// The memory that `docs/performance.md` promises: what Hilum is without a storm, 19 MiB for each
/// permit, and room for the connections.
const BUDGET_KIB: u64 = 160 * 1024 + PERMITS * 19_456;

/// The most memory that a process ever had, in KiB.
fn peak_kib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

async fn five_hundred_sign_ins_at_once_leave_room_for_everybody_else(backend: Backend) {
    let settings = Settings::new()
        .with("password.permits", &PERMITS.to_string())
        .with("password.queue_limit", QUEUE);
    let mut idp = TestIdp::start_with(backend, settings).await;
    // Every one of them has its own page first; these are not what is to come at once.
    let few = Semaphore::new(20);
    let pages = join_all((0..500).map(async |_| {
        let _turn = few.acquire().await.unwrap();
        let mut browser = idp.browser();
        let page = browser.visit("/account").await;
        assert!(page.is_sign_in(), "{}", page.body);
        (browser, page)
    }))
    .await;
    let person = Person::new("profile");
    let storm = join_all(pages.into_iter().map(async |(mut browser, page): (_, Page)| {
        let fields = [("username", &*person.user_id), ("password", &*person.password)];
        browser.press(&page, "login-submit", &fields).await
    }));
    let machine = idp.site("machine");
    let others = async {
        for _ in 0..20 {
            assert_eq!(machine.client_credentials().await.status, 200);
            assert_eq!(idp.private(0, "/healthz").await.0, 200);
            assert_eq!(idp.private(0, "/readyz").await.0, 200);
        }
    };
    let (answers, ()) = futures_util::future::join(storm, others).await;
    let (mut served, mut busy) = (0, 0);
    for answer in &answers {
        match answer.status {
            303 => served += 1,
            503 => {
                busy += 1;
                assert!(!answer.header("retry-after").is_empty(), "{}", answer.body);
                assert!(answer.body.contains("1-800-555-0100"), "{}", answer.body);
            }
            other => panic!("{other}: {}", answer.body),
        }
    }
    assert!(served > 0 && busy > 0, "{served} served, {busy} told to come back");
    let sessions = "SELECT COUNT(*) AS v FROM session s JOIN subscriber p \
                    ON p.id = s.subscriber_id WHERE p.user_id = 'profile'";
    // A sign-in may succeed and only its next page find the database too busy.
    let sessions = idp.database.number(sessions);
    assert!((served..served + busy).contains(&sessions), "{sessions} for {served} and {busy}");
    let peak = peak_kib(idp.node(0).id());
    assert!(peak < BUDGET_KIB, "{peak} KiB at the peak");
    eprintln!("{served} served, {busy} told to come back, {peak} KiB at the peak");
}

/// 22.1: the secret questions hash as sign-ins do, under the same permits.
async fn a_flood_of_answers_is_served_or_told_to_come_back(backend: Backend) {
    let settings = Settings::new()
        .with("password.permits", &PERMITS.to_string())
        .with("password.queue_limit", "20");
    let mut idp = TestIdp::start_with(backend, settings).await;
    let few = Semaphore::new(20);
    let pages = join_all((0..150).map(async |number: u32| {
        let _turn = few.acquire().await.unwrap();
        let mut browser = idp.browser();
        let page = browser.visit("/forgot/password").await;
        let name = format!("nobody-{number}");
        let page = browser.submit(&page, "forgot-submit", &[("username", &*name)]).await;
        assert!(page.has("answers-submit"), "{}", page.body);
        (browser, page)
    }))
    .await;
    let flood = join_all(pages.into_iter().map(async |(mut browser, page): (_, Page)| {
        let form = page.form("answers-submit");
        let names = ["answer1", "answer2", "answer3"].into_iter();
        let asked = names.filter(|name| form.value(name).is_some());
        let fields: Vec<_> = asked.map(|name| (name, "wrong")).collect();
        browser.press(&page, "answers-submit", &fields).await
    }));
    let machine = idp.site("machine");
    let others = async {
        for _ in 0..20 {
            assert_eq!(machine.client_credentials().await.status, 200);
            assert_eq!(idp.private(0, "/healthz").await.0, 200);
        }
    };
    let (answers, ()) = futures_util::future::join(flood, others).await;
    let (mut looked_at, mut busy) = (0, 0);
    for answer in &answers {
        match answer.status {
            403 => looked_at += 1,
            503 => {
                busy += 1;
                assert!(!answer.header("retry-after").is_empty(), "{}", answer.body);
            }
            other => panic!("{other}: {}", answer.body),
        }
    }
    assert!(looked_at > 0 && busy > 0, "{looked_at} looked at, {busy} told to come back");
    let peak = peak_kib(idp.node(0).id());
    assert!(peak < BUDGET_KIB, "{peak} KiB at the peak");
}
