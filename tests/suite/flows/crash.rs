//! `kill -9` at any moment of a sign-on: all or nothing, and nobody is signed out (23.4, 23.5).

use std::time::Duration;

use hilum_tests::{Backend, Fresh, Person, Site, TestIdp, Tokens, claims_of, on_every_store};

on_every_store![
    killed_at_any_moment_of_a_sign_on_nothing_is_half_written,
    a_node_that_is_told_to_stop_finishes_what_it_has,
];

/// What the person and the site of a broken sign-on hold in their hands.
#[derive(Default)]
struct Interrupted {
    code: Option<String>,
    tokens: Option<Tokens>,
}

/// A sign-on from the first redirect to the tokens; it may break off anywhere.
async fn sign_on(mut browser: hilum_tests::Browser, site: Site) -> Interrupted {
    browser.patient = true;
    let request = site.request();
    let page = browser.sign_on(&request.url(), &Person::new("practitioner")).await;
    if page.location().is_none() {
        return Interrupted::default();
    }
    let Some(code) = page.answer().code else { return Interrupted::default() };
    let answer = site.authenticated("/token", &request.redemption(&code)).try_send().await;
    let answer = answer.ok().map(hilum_tests::Json::of).filter(|answer| answer.status == 200);
    Interrupted { code: Some(code), tokens: answer.as_ref().map(Tokens::of) }
}

/// What must never stand half in the database.
fn is_whole(idp: &TestIdp) {
    for (what, query) in [
        (
            "a session without its audit event",
            "SELECT COUNT(*) AS v FROM session s WHERE NOT EXISTS \
             (SELECT 1 FROM audit_event e WHERE e.session_id = s.id)",
        ),
        (
            "a grant without its session",
            "SELECT COUNT(*) AS v FROM site_grant g WHERE NOT EXISTS \
             (SELECT 1 FROM session s WHERE s.id = g.session_id)",
        ),
        (
            "a grant without its audit event",
            "SELECT (SELECT COUNT(*) FROM site_grant) - \
             (SELECT COUNT(*) FROM audit_event WHERE kind = 'grant.issued') AS v",
        ),
        (
            "an event that is neither sealed nor waiting for it",
            "SELECT COUNT(*) AS v FROM audit_event e WHERE NOT EXISTS \
             (SELECT 1 FROM audit_pending p WHERE p.event_id = e.id) AND NOT EXISTS \
             (SELECT 1 FROM audit_seal s WHERE s.event_id = e.id)",
        ),
    ] {
        assert_eq!(idp.database.number(query), 0, "{what}");
    }
    let verified = idp.cli(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

async fn killed_at_any_moment_of_a_sign_on_nothing_is_half_written(idp: Fresh) {
    let mut idp = idp;
    let site = idp.site("alpha");
    let mut long_signed_in = idp.browser();
    let before = site.sign_on(&mut long_signed_in, &Person::new("profile")).await;
    let mut refresh = before.refresh.clone().unwrap();
    // How long a whole sign-on takes here, so that the blows fall all over it.
    let begun = std::time::Instant::now();
    sign_on(idp.browser(), site.clone()).await;
    let whole = begun.elapsed();
    let rounds: u32 = 12;
    for round in 0..rounds {
        let running = tokio::spawn(sign_on(idp.browser(), site.clone()));
        tokio::time::sleep(whole * round / (rounds - 1)).await;
        idp.node(0).kill();
        let left = running.await.expect("a broken sign-on is no panic");
        idp.restart(0).await;
        is_whole(&idp);
        // Nobody was signed out.
        let silent = site.request().with("prompt", "none").url();
        assert!(long_signed_in.get(&silent).await.answer().code.is_some(), "round {round}");
        let next = Tokens::of(&site.refresh(&refresh).await);
        assert_eq!(claims_of(&next.id)["sid"], claims_of(&before.id)["sid"]);
        refresh = next.refresh.unwrap();
        // What was given out, holds: tokens in hand were written before they were sent.
        if let Some(tokens) = left.tokens {
            assert_eq!(site.userinfo(&tokens.access).await.status, 200, "round {round}");
        } else if let Some(code) = left.code {
            // The code was lost on the way or spent: in no case is it good for tokens twice.
            let request = site.request();
            assert_eq!(site.redeem(&request, &code).await.error().0, 400, "round {round}");
        }
    }
}

/// 23.5
async fn a_node_that_is_told_to_stop_finishes_what_it_has(idp: Fresh) {
    let mut idp = idp;
    let site = idp.site("alpha");
    let requests = (0..8).map(|_| {
        let (mut browser, site) = (idp.browser(), site.clone());
        tokio::spawn(async move {
            browser.patient = true;
            let page = browser.open(&site.request().url()).await;
            if !page.is_sign_in() {
                return page.status;
            }
            let fields = [("username", "practitioner"), ("password", hilum_tests::PASSWORD)];
            browser.press(&page, "login-submit", &fields).await.status
        })
    });
    let requests: Vec<_> = requests.collect();
    // As soon as the first password is being hashed, the node is told to stop.
    hilum_tests::eventually("a password is hashed", || async {
        let metrics = idp.metrics(0).await;
        (metrics.count("hilum_passwords_hashing") + metrics.count("hilum_passwords_hashed_total")
            > 0.0)
            .then_some(())
    })
    .await;
    let stopped = idp.node(0).stop();
    assert!(stopped.success(), "{stopped}");
    for request in requests {
        let status = request.await.unwrap();
        assert!(matches!(status, 303 | 0), "finished or never taken: {status}");
    }
    idp.restart(0).await;
    is_whole(&idp);
}

/// A second start finds the first one's data; a lost Redis signs nobody out.
#[test]
fn a_lost_redis_signs_nobody_out() {
    hilum_tests::hold(Backend::PostgresRedis, async |mut idp: TestIdp| {
        let site = idp.site("alpha");
        let mut browser = idp.browser();
        let tokens = site.sign_on(&mut browser, &Person::new("practitioner")).await;
        idp.node(0).stop();
        idp.forget_short_lived().await;
        idp.restart(0).await;
        tokio::time::timeout(Duration::from_secs(30), async {
            let silent = site.request().with("prompt", "none").url();
            assert!(browser.get(&silent).await.answer().code.is_some());
            assert_eq!(site.userinfo(&tokens.access).await.status, 200);
            assert_eq!(site.refresh(&tokens.refresh.unwrap()).await.status, 200);
        })
        .await
        .expect("in time");
    });
}
