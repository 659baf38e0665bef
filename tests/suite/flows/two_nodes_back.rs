//! Ways back on two nodes: what one of them has counted, used or ended is so on the other (15.6,
//! 16.4, 17.3, 19.3, 22.2).

use futures_util::future::join;
use hilum_tests::{Backend, Browser, PASSWORD, Page, Person, Settings, TestIdp, run};

const ANA: &str = "ana.rivera@cedar-falls.example";
const NEW: &str = "Quite-another-1";

/// Runs a test on two nodes, where there is PostgreSQL and Redis.
fn on_two_nodes(settings: Settings, test: impl AsyncFnOnce(TestIdp)) {
    if !Backend::PostgresRedis.is_available() {
        eprintln!("left out: PostgreSQL and Redis are not here (.ci/with-servers starts them)");
        return;
    }
    run(async {
        let mut idp = TestIdp::start_with(Backend::PostgresRedis, settings).await;
        idp.add_node().await;
        test(idp).await;
    });
}

/// One browser that asks either node, as a balancer would send it.
fn elsewhere(idp: &TestIdp, browser: &Browser) -> Browser {
    let [first, second] = idp.nodes() else { panic!("two nodes") };
    browser.at(if browser.address == first.public { second.public } else { first.public })
}

async fn begin(browser: &mut Browser, user_id: &str) -> Page {
    let page = browser.visit("/forgot/password").await;
    browser.submit(&page, "forgot-submit", &[("username", user_id)]).await
}

fn issued(idp: &TestIdp) -> String {
    let output = idp.must(&["account", "issue-code", "practitioner", "--checked", "seen"]);
    output.stdout.lines().next().unwrap().to_owned()
}

/// 17.3, 19.3
#[test]
fn a_way_back_goes_on_at_the_other_node_and_its_codes_count_once() {
    on_two_nodes(Settings::new(), async |idp| {
        let person = Person::new("practitioner");
        let site = idp.site("alpha");
        let mut earlier = idp.browser();
        let tokens = site.sign_on(&mut earlier, &person).await;
        // The code of the desk, by two browsers on two nodes at once.
        let code = issued(&idp);
        let (mut here, there) = (idp.browser(), idp.browser());
        let mut there = elsewhere(&idp, &there);
        let page = begin(&mut here, "practitioner").await;
        let other = begin(&mut there, "practitioner").await;
        let fields = [("code", &*code)];
        let (one, two) = join(
            here.press(&page, "handed-over-submit", &fields),
            there.press(&other, "handed-over-submit", &fields),
        )
        .await;
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 403], "{} {}", one.body, two.body);
        let (mut browser, way) = if one.status == 303 { (here, page) } else { (there, other) };
        let mail = idp.mail(ANA, "Your code for a new password", 0).await;
        // That of the mailbox, in one browser pressed twice.
        let page = elsewhere(&idp, &browser).visit(way.url.path()).await;
        let mut again = elsewhere(&idp, &browser);
        let code = mail.code().unwrap();
        let fields = [("code", &*code)];
        let (one, two) = join(
            browser.press(&page, "code-submit", &fields),
            again.press(&page, "code-submit", &fields),
        )
        .await;
        for page in [&one, &two] {
            assert!(matches!(page.status, 303 | 403), "{} {}", page.status, page.body);
        }
        let used = "SELECT COUNT(*) AS v FROM mailed_code WHERE used_at IS NOT NULL";
        assert_eq!(idp.database.number(used), 2, "one of each kind, once");
        let page = browser.visit(way.url.path()).await;
        assert!(page.has("password-submit"), "{}", page.body);
        let fields = [("password", NEW), ("repeated", NEW)];
        let (one, two) = join(
            browser.press(&page, "password-submit", &fields),
            again.press(&page, "password-submit", &fields),
        )
        .await;
        let done = [&one, &two].iter().filter(|page| page.status == 303).count();
        assert_eq!(done, 1, "{} {}", one.status, two.status);
        // Every session has ended on either node.
        for node in idp.nodes() {
            assert!(earlier.at(node.public).visit("/account").await.is_sign_in());
            let site = site.at(node.public);
            assert_eq!(site.userinfo(&tokens.access).await.status, 401);
            let mut late = idp.browser().at(node.public);
            let page = late.visit("/account").await;
            let page = late.sign_in(&page, &person).await;
            assert!(page.is_sign_in(), "the old password is dead");
        }
    });
}

/// 16.4, 19.3
#[test]
fn a_password_changed_on_one_node_ends_what_was_open_on_the_other() {
    on_two_nodes(Settings::new(), async |idp| {
        let person = Person::new("practitioner");
        let site = idp.site("alpha");
        let mut other = elsewhere(&idp, &idp.browser());
        let tokens = site.at(other.address).sign_on(&mut other, &person).await;
        let mut browser = idp.browser();
        let page = browser.visit("/account/password").await;
        let page = browser.sign_in(&page, &person).await;
        let fields =
            [("current_password", PASSWORD), ("new_password", NEW), ("new_password_again", NEW)];
        let page = browser.submit(&page, "password-submit", &fields).await;
        assert_eq!(page.url.query(), Some("done=changed"), "{}", page.body);
        assert!(other.visit("/account").await.is_sign_in());
        let site = site.at(other.address);
        assert_eq!(site.userinfo(&tokens.access).await.status, 401);
        let refreshed = site.refresh(tokens.refresh.as_deref().unwrap()).await;
        assert_eq!(refreshed.error(), (400, "invalid_grant"));
        // And the browser that changed it goes on there.
        let page = elsewhere(&idp, &browser).visit("/account").await;
        assert_eq!(page.url.path(), "/account", "{}", page.body);
    });
}

/// 15.6: a node that has not heard of the failures looks at one more, and not at two.
#[test]
fn three_failures_on_one_node_bring_the_challenge_on_the_other_after_one_more() {
    on_two_nodes(Settings::new(), async |idp| {
        let fail = async |browser: Browser| {
            let mut browser = browser;
            let page = browser.visit("/account").await;
            let wrong = Person::new("practitioner").with_password("wrong");
            browser.sign_in(&page, &wrong).await
        };
        for failures in 1..=3 {
            let page = fail(idp.browser()).await;
            assert_eq!(page.has("challenge"), failures == 3, "{}", page.body);
        }
        let page = fail(elsewhere(&idp, &idp.browser())).await;
        assert!(page.has("challenge"), "{}", page.body);
        let failures = "SELECT COUNT(*) AS v FROM audit_event WHERE kind = 'login.failed'";
        assert_eq!(idp.database.number(failures), 4);
        // A challenge that was solved on one node is used up on both.
        let mut browser = idp.browser();
        let form = browser.visit("/forgot/user-id").await;
        let token = form.form("forgot-submit").value("challenge").unwrap().to_owned();
        let solution = hilum_tests::challenge::solve(&token);
        let fields = [("email", ANA), ("challenge", &*token), ("solution", &*solution)];
        let mut there = elsewhere(&idp, &browser);
        let (one, two) = join(
            browser.press(&form, "forgot-submit", &fields),
            there.press(&form, "forgot-submit", &fields),
        )
        .await;
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 403], "{} {}", one.body, two.body);
    });
}

/// 22.2
#[test]
fn caps_are_common_to_both_nodes() {
    let settings = Settings::new().with("challenge.inquiries_per_hour", "10");
    on_two_nodes(settings, async |idp| {
        let mut browser = idp.browser();
        let mut ask = async |to: &str| {
            browser = elsewhere(&idp, &browser);
            let page = browser.visit("/forgot/user-id").await;
            let page = browser.submit(&page, "forgot-submit", &[("email", to)]).await;
            assert_eq!(page.status, 200, "{}", page.body);
            page.body
        };
        let mut bodies = Vec::new();
        for _ in 0..8 {
            bodies.push(ask("flooded@mail.example").await);
        }
        for number in 0..7 {
            bodies.push(ask(&format!("somebody-{number}@mail.example")).await);
        }
        assert!(bodies.iter().all(|body| *body == bodies[0]), "the page is the same as always");
        let asked = "SELECT COUNT(*) AS v FROM outbox WHERE kind = 'inquiry'";
        assert_eq!(idp.database.number(asked), 10, "five about one address, ten in all");
    });
}
