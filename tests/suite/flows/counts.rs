//! What a request costs in statements, commits and hashes: counted, never timed.

use hilum_tests::{App, Browser, Fresh, Person, Shared, Site, TestIdp, Tokens, on_every_store};

on_every_store![
    statements_and_commits_are_as_few_as_promised,
    the_private_listener_tells_what_was_counted,
];

/// The first of a kind may do what later ones need not, and what met contention is done anew.
const TRIES: usize = 4;

/// Statements and commits of one request: the least of some tries.
async fn cost<F: Future<Output = ()>>(idp: &TestIdp, mut request: impl FnMut() -> F) -> (f64, f64) {
    let mut least = (f64::MAX, f64::MAX);
    for _ in 0..TRIES {
        let before = asked(idp).await;
        request().await;
        least = lesser(least, before, asked(idp).await);
    }
    least
}

/// What requests have cost so far. Jobs, which come when they come, are counted apart.
async fn asked(idp: &TestIdp) -> (f64, f64) {
    let metrics = idp.metrics(0).await;
    let of = |name: &str| metrics.count(&format!("hilum_sql_{name}_total{{work=\"request\"}}"));
    (of("statements"), of("commits"))
}

fn lesser(least: (f64, f64), before: (f64, f64), after: (f64, f64)) -> (f64, f64) {
    (least.0.min(after.0 - before.0), least.1.min(after.1 - before.1))
}

fn at_most(what: &str, (statements, commits): (f64, f64), most: (f64, f64)) {
    println!("{what}: {statements} statements, {commits} commits");
    assert!(
        statements <= most.0 && commits <= most.1,
        "{what}: {statements} statements and {commits} commits, at most {} and {}",
        most.0,
        most.1
    );
}

/// A browser that is signed in and has seen the notice, so that a sign-on is one request.
async fn known(idp: &TestIdp, site: &Site) -> Browser {
    let mut browser = idp.browser();
    site.sign_on(&mut browser, &Person::new("practitioner")).await;
    browser
}

/// This test counts what a whole node does: it has a node to itself.
async fn every_request_is_as_cheap_as_promised(idp: &TestIdp) {
    let site = idp.site("alpha");
    let browser = known(idp, &site).await;

    let codes: Vec<_> = {
        let mut codes = Vec::new();
        for _ in 0..TRIES {
            let request = site.request();
            let code = browser.clone().get(&request.url()).await.answer().code.unwrap();
            codes.push((request, code));
        }
        codes
    };
    let mut next = codes.into_iter();
    let mut last = None;
    let spent = cost(idp, || {
        let (request, code) = next.next().unwrap();
        let site = site.clone();
        last = Some((request.clone(), code.clone()));
        async move { assert_eq!(site.redeem(&request, &code).await.status, 200) }
    })
    .await;
    at_most("code exchange", spent, (3.0, 1.0));

    let tokens = site.sign_on(&mut browser.clone(), &Person::new("practitioner")).await;
    let refresh = std::cell::RefCell::new(tokens.refresh.clone().unwrap());
    let spent = cost(idp, || async {
        let token = refresh.borrow().clone();
        let answer = Tokens::of(&site.refresh(&token).await);
        *refresh.borrow_mut() = answer.refresh.unwrap();
    })
    .await;
    at_most("refresh", spent, (3.0, 1.0));

    let machine = idp.site("machine");
    let spent =
        cost(idp, || async { assert_eq!(machine.client_credentials().await.status, 200) }).await;
    at_most("client_credentials", spent, (0.0, 0.0));

    let access = site.sign_on(&mut browser.clone(), &Person::new("practitioner")).await.access;
    let spent = cost(idp, || async { assert_eq!(site.userinfo(&access).await.status, 200) }).await;
    at_most("userinfo", spent, (2.0, 0.0));

    let spent =
        cost(idp, || async { assert_eq!(site.introspect(&access).await.status, 200) }).await;
    at_most("introspection", spent, (2.0, 0.0));

    for path in ["/.well-known/openid-configuration", "/jwks", "/.well-known/hilum-roles"] {
        let spent = cost(idp, || async {
            assert_eq!(idp.call(reqwest::Method::GET, path).send().await.0, 200);
        })
        .await;
        at_most(path, spent, (0.0, 0.0));
    }

    let again = cost(idp, || async {
        let page = browser.clone().get(&site.request().url()).await;
        assert!(page.answer().code.is_some());
    })
    .await;
    at_most("the next site, without a page", again, (3.0, 0.0));

    // A browser that is known and signed out: of a new one a mail would tell, which is work of its
    // own.
    let mut signed_out = browser.clone();
    signed_out.cookies.remove("__Host-hilum-session");
    let whole = cost(idp, || async {
        site.sign_on(&mut signed_out.clone(), &Person::new("practitioner")).await;
    })
    .await;
    // One of them takes down with which browser it was.
    at_most("a whole sign-on", whole, (13.0, 2.0));

    let failed = cost(idp, || async {
        let mut browser = idp.browser();
        let page = browser.open(&site.request().url()).await;
        let person = Person::new("nobody-at-all").with_password("wrong");
        browser.sign_in(&page, &person).await;
    })
    .await;
    at_most("a wrong password", failed, (6.0, 1.0));
}

async fn statements_and_commits_are_as_few_as_promised(idp: Fresh) {
    every_request_is_as_cheap_as_promised(&idp).await;
    let spent = second_factor(&idp).await;
    at_most("a second factor", spent, (11.0, 1.0));
}

/// What the code of an app costs; each is good once, so each try has a time of its own.
async fn second_factor(idp: &Fresh) -> (f64, f64) {
    let mut least = (f64::MAX, f64::MAX);
    let app = App::told("HILUMDEMOSEEDFORADMINISTRATOR234");
    for number in 1..=4 {
        let offset = 60 * number;
        idp.set_clock(offset).await;
        let mut browser = idp.browser();
        let page = browser.open(&idp.site("strong").request().url()).await;
        let page = browser.sign_in(&page, &Person::new("administrator")).await;
        let code = app.clone().when(offset).code(0);
        let before = asked(idp).await;
        let answer = browser.press(&page, "factor-submit", &[("code", &code)]).await;
        let after = asked(idp).await;
        assert!(answer.location().is_some(), "{}", answer.body);
        least = lesser(least, before, after);
    }
    least
}

async fn the_private_listener_tells_what_was_counted(idp: Shared) {
    idp.site("machine").client_credentials().await;
    let metrics = idp.metrics(0).await;
    assert!(metrics.count("hilum_tokens_issued_total{grant=\"client_credentials\"}") > 0.0);
    assert_eq!(idp.private(0, "/healthz").await.0, 200);
    assert_eq!(idp.private(0, "/readyz").await.0, 200);
    assert!(metrics.count("hilum_panics_total") < 0.5);
}
