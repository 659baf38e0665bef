//! Two nodes over one PostgreSQL and one Redis: equal in everything.

use std::time::{Duration, Instant};

use futures_util::future::join;
use hilum_tests::{Backend, Person, Settings, TestIdp, Tokens, claims_of, run};
use serde_json::json;

/// Runs a test on two nodes, where there is PostgreSQL and Redis.
fn on_two_nodes(test: impl AsyncFnOnce(TestIdp)) {
    if !Backend::PostgresRedis.is_available() {
        eprintln!("left out: PostgreSQL and Redis are not here (.ci/with-servers starts them)");
        return;
    }
    run(async {
        let mut idp = TestIdp::start_with(Backend::PostgresRedis, Settings::new()).await;
        idp.add_node().await;
        test(idp).await;
    });
}

#[test]
fn a_sign_on_begun_on_one_node_is_finished_on_the_other() {
    on_two_nodes(async |idp| {
        let (first, second) = (idp.nodes()[0].public, idp.nodes()[1].public);
        let site = idp.site("one");
        let request = site.request();
        let mut browser = idp.browser();
        let mut page = browser.open(&request.url()).await;
        // Every step at the other node than the one before.
        let mut turn = [second, first].into_iter().cycle();
        for _ in 0..6 {
            browser = browser.at(turn.next().unwrap());
            page = if page.is_sign_in() {
                browser.sign_in(&page, &Person::new("biller")).await
            } else if page.is_chooser() {
                let id =
                    page.body.split("id=\"affiliation-").nth(1).unwrap().split('"').next().unwrap();
                let button = format!("affiliation-{id}");
                browser.submit(&page, &button, &[]).await
            } else if page.is_notice() {
                browser.submit(&page, "consent-allow", &[]).await
            } else {
                break;
            };
        }
        let code = page.answer().code.expect("a code");
        let tokens = Tokens::of(&site.at(second).redeem(&request, &code).await);
        assert_eq!(site.at(first).userinfo(&tokens.access).await.status, 200);
        let refreshed = site.at(first).refresh(tokens.refresh.as_deref().unwrap()).await;
        let refreshed = Tokens::of(&refreshed);
        assert_eq!(site.at(second).userinfo(&refreshed.access).await.status, 200);
        assert_eq!(site.at(second).introspect(&refreshed.access).await.body["active"], true);
        assert_eq!(claims_of(&refreshed.id)["sub"], claims_of(&tokens.id)["sub"]);
    });
}

#[test]
fn a_code_redeemed_on_both_nodes_at_once_is_redeemed_once_in_a_thousand_races() {
    on_two_nodes(async |idp| {
        let (first, second) = (idp.nodes()[0].public, idp.nodes()[1].public);
        let site = idp.site("alpha");
        let mut browser = idp.browser();
        site.sign_on(&mut browser, &Person::new("practitioner")).await;
        for race in 0..1000 {
            let request = site.request();
            let page = browser.get(&request.url()).await;
            let code = page.answer().code.expect("the session goes on");
            let (here, there) = (site.at(first), site.at(second));
            let (one, other) =
                join(here.redeem(&request, &code), there.redeem(&request, &code)).await;
            let outcomes = [one.status, other.status];
            assert_eq!(
                outcomes.iter().filter(|status| **status == 200).count(),
                1,
                "race {race}: {outcomes:?}"
            );
            let loser = if one.status == 200 { other } else { one };
            assert_eq!(loser.error(), (400, "invalid_grant"), "race {race}");
        }
    });
}

#[test]
fn a_session_ended_on_one_node_is_refused_on_the_other_at_the_next_request() {
    on_two_nodes(async |idp| {
        let (first, second) = (idp.nodes()[0].public, idp.nodes()[1].public);
        let site = idp.site("alpha");
        for _ in 0..5 {
            let mut browser = idp.browser().at(first);
            let tokens = site.sign_on(&mut browser, &Person::new("practitioner")).await;
            let mut other = browser.at(second);
            let silent = || site.request().with("prompt", "none").url();
            assert!(other.get(&silent()).await.answer().code.is_some());
            let page = browser.visit("/sign-out").await;
            browser.submit(&page, "logout-confirm", &[]).await;
            assert_eq!(other.get(&silent()).await.error().0, "login_required");
            assert_eq!(
                site.at(second).userinfo(&tokens.access).await.error(),
                (401, "invalid_token")
            );
            let refreshed = site.at(second).refresh(&tokens.refresh.unwrap()).await;
            assert_eq!(refreshed.error(), (400, "invalid_grant"));
        }
    });
}

#[test]
fn a_token_refreshed_on_both_nodes_at_once_is_refreshed_once() {
    on_two_nodes(async |idp| {
        let (first, second) = (idp.nodes()[0].public, idp.nodes()[1].public);
        let site = idp.site("alpha");
        for race in 0..50 {
            let tokens = site.sign_on(&mut idp.browser(), &Person::new("practitioner")).await;
            let refresh = tokens.refresh.unwrap();
            let (here, there) = (site.at(first), site.at(second));
            let (one, other) = join(here.refresh(&refresh), there.refresh(&refresh)).await;
            let won = [one.status, other.status].iter().filter(|status| **status == 200).count();
            assert_eq!(won, 1, "race {race}: {} {}", one.text, other.text);
            // The loser showed a used token: the family is over (RFC 9700 §4.14.2).
            let winner = if one.status == 200 { one } else { other };
            let next = winner.body["refresh_token"].as_str().unwrap();
            assert_eq!(site.refresh(next).await.error(), (400, "invalid_grant"), "race {race}");
        }
    });
}

/// 19.3
#[test]
fn a_suspended_person_is_refused_on_every_node() {
    on_two_nodes(async |idp| {
        let site = idp.site("alpha");
        let mut browser = idp.browser();
        let tokens = site.sign_on(&mut browser, &Person::new("practitioner")).await;
        let changed = hilum_tests::community::Change::new().status("practitioner", "suspended");
        let file = idp.folder().write("suspended.toml", changed.text());
        idp.must(&["community", "import", file.to_str().unwrap()]);
        for node in idp.nodes() {
            let silent = site.request().with("prompt", "none").url();
            let page = browser.at(node.public).get(&silent).await;
            assert_eq!(page.error().0, "login_required");
            let userinfo = site.at(node.public).userinfo(&tokens.access).await;
            assert_eq!(userinfo.error(), (401, "invalid_token"));
        }
    });
}

#[test]
fn a_lock_holds_on_every_node() {
    on_two_nodes(async |idp| {
        let nodes = [idp.nodes()[0].public, idp.nodes()[1].public];
        for number in 0..7 {
            let mut browser = idp.browser().at(nodes[number % 2]);
            let page = browser.open(&idp.site("alpha").request().url()).await;
            browser.sign_in(&page, &Person::new("practitioner").with_password("wrong")).await;
        }
        for node in nodes {
            let mut browser = idp.browser().at(node);
            let page = browser.open(&idp.site("alpha").request().url()).await;
            let page = browser.sign_in(&page, &Person::new("practitioner")).await;
            assert_eq!((page.status, browser.session()), (401, None));
        }
    });
}

#[test]
fn an_assertion_is_good_once_over_all_nodes() {
    on_two_nodes(async |idp| {
        let (first, second) = (idp.nodes()[0].public, idp.nodes()[1].public);
        let site = idp.site("keyed");
        let assertion = hilum_tests::standing::SITE_KEY.sign(&site.assertion());
        let bare = hilum_tests::Site { authentication: hilum_tests::Authentication::None, ..site };
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion.as_str()),
        ];
        let (here, there) = (bare.at(first), bare.at(second));
        let (one, other) = join(here.token(&form), there.token(&form)).await;
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401], "{} {}", one.text, other.text);
    });
}

/// Asserts no time except the one that is promised: in force on every node within a second.
#[test]
fn a_site_added_or_removed_is_in_force_on_every_node_within_a_second() {
    on_two_nodes(async |idp| {
        let document = hilum_tests::standing::registration("newcomer", &json!({}));
        let added = idp.register(&document);
        assert_eq!(added.code, 0, "{added:?}");
        let begun = Instant::now();
        let mut site = idp.site("alpha");
        site.client_id = "newcomer".into();
        site.redirect_uri = "https://newcomer.example/callback".into();
        for node in idp.nodes() {
            idp.wait_for_site(&site, node.public, true).await;
        }
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        idp.must(&["site", "remove", "newcomer"]);
        for node in idp.nodes() {
            idp.wait_for_site(&site, node.public, false).await;
        }
    });
}

#[test]
fn a_key_rotated_by_command_signs_on_every_node_and_no_token_is_refused_meanwhile() {
    on_two_nodes(async |idp| {
        let nodes = [idp.nodes()[0].public, idp.nodes()[1].public];
        let site = idp.site("alpha");
        let mut browser = idp.browser();
        let tokens = site.sign_on(&mut browser, &Person::new("practitioner")).await;
        let kid = hilum_tests::header_of(&tokens.id)["kid"].clone();
        idp.must(&["keys", "rotate"]);
        for node in nodes {
            hilum_tests::eventually("the new key signs", || async {
                let mut browser = browser.at(node);
                let site = site.at(node);
                let new = site.sign_on(&mut browser, &Person::new("practitioner")).await;
                for other in nodes {
                    assert_eq!(site.at(other).userinfo(&new.access).await.status, 200);
                    assert_eq!(site.at(other).userinfo(&tokens.access).await.status, 200);
                }
                (hilum_tests::header_of(&new.id)["kid"] != kid).then_some(())
            })
            .await;
        }
    });
}

/// 23.5
#[test]
fn a_rolling_restart_signs_nobody_out_and_changes_no_key() {
    on_two_nodes(async |mut idp| {
        let site = idp.site("alpha");
        let mut browser = idp.browser();
        let tokens = site.sign_on(&mut browser, &Person::new("practitioner")).await;
        let half_done = {
            let mut other = idp.browser();
            let page = other.open(&site.request().url()).await;
            (other, page)
        };
        let kid = hilum_tests::header_of(&tokens.id)["kid"].clone();
        for number in [0, 1] {
            let stopped = idp.node(number).stop();
            assert!(stopped.success(), "{stopped}");
            let left = idp.nodes()[1 - number].public;
            let silent = site.request().with("prompt", "none").url();
            assert!(browser.at(left).get(&silent).await.answer().code.is_some());
            idp.restart(number).await;
        }
        let (mut other, page) = half_done;
        let page = other.sign_in(&page, &Person::new("practitioner")).await;
        assert!(other.session().is_some(), "{} {}", page.status, page.body);
        let again = site.sign_on(&mut browser, &Person::new("practitioner")).await;
        assert_eq!(hilum_tests::header_of(&again.id)["kid"], kid);
        assert_eq!(claims_of(&again.id)["sid"], claims_of(&tokens.id)["sid"]);
    });
}
