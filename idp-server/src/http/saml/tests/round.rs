//! The browser's way round the sites of an ended session. Both sites have no SOAP address.

use idp_core::saml::{
    logout,
    response::Envelope,
    status::{Second, Status},
};

use super::{
    logout::{is_live, known_to_rich, logout_request},
    *,
};

/// Ann signs on at both sites. Returns what the rich one calls her and her session.
async fn at_both(bench: &Bench) -> (String, String) {
    let query = unsigned(&bench.request(PLAIN, "_b1", "", ""), None);
    assert_eq!(bench.redirect(&query).await.status, 200);
    known_to_rich(bench, "_b2").await
}

async fn get(bench: &Bench, address: &str) -> Answer {
    bench.call(going_round(bench, TestRequest::get().uri(address))).await
}

async fn press(bench: &Bench, address: &str) -> Answer {
    bench.call(going_round(bench, TestRequest::post().uri(address))).await
}

fn going_round(bench: &Bench, request: TestRequest) -> TestRequest {
    let cookie = bench.round.lock().unwrap().clone();
    if cookie.is_empty() { request } else { request.insert_header((COOKIE, cookie)) }
}

/// Signs Ann out at Hilum, and returns where her browser goes.
pub(super) async fn sign_out(bench: &Bench) -> String {
    signed_out(bench).await.0
}

/// The same, with the name that her browser has from then on.
async fn signed_out(bench: &Bench) -> (String, String) {
    let page = bench.call(bench.signed_in(TestRequest::get().uri("/sign-out"))).await;
    let named = page.header("set-cookie").split(';').next().unwrap().to_owned();
    let token = page.field("form_token").unwrap();
    let cookies = format!("{named}; __Host-hilum-session={}", bench.cookie.expose());
    let form = TestRequest::post().uri("/sign-out").insert_header((COOKIE, cookies));
    let answer = bench.call(form.set_form([("form_token", token)])).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let mut set = answer.headers.get_all("set-cookie").map(|value| value.to_str().unwrap());
    let named = set.find(|cookie| cookie.starts_with("__Host-hilum-browser=")).unwrap();
    let name = named.split(';').next().unwrap().to_owned();
    (answer.header(LOCATION).to_owned(), name)
}

/// The request that the browser is sent to a site with; its identifier.
async fn asked(bench: &Bench, answer: &Answer, target: &str) -> String {
    assert_eq!(answer.status, 303, "{}", answer.body);
    let location = answer.header(LOCATION);
    let (found, query) = location.split_once('?').unwrap();
    assert_eq!(found, target);
    let message = redirect::read(query, Direction::Request).unwrap();
    let keys = VerificationKeys::of(&certificates(bench).await);
    assert_eq!(message.signature.unwrap().verify(&keys), Ok(()));
    let xml = Xml::parse(&message.xml).unwrap();
    assert!(xml.root().is(ns::PROTOCOL, "LogoutRequest"));
    assert_eq!(xml.root().attribute("Destination"), Some(target));
    xml.root().attribute("ID").unwrap().to_owned()
}

/// A site's answer in an address, signed by `rich` if it is its own.
fn answer_of(bench: &Bench, site: &str, id: &str, status: Status) -> String {
    let envelope = Envelope {
        id: &format!("_of{id}"),
        issuer: site,
        destination: &bench.app.saml.addresses.single_logout,
        in_response_to: Some(id),
        now: bench.now(),
    };
    let xml = logout::response(envelope, status, None).unwrap();
    let query = redirect::write(&xml, Direction::Response, None, &bench.partner).unwrap();
    let signed = if site == RICH { &query } else { query.split("&SigAlg=").next().unwrap() };
    format!("/saml/slo?{signed}")
}

/// The status codes of our answer to the rich site.
fn told_at_the_end(answer: &Answer) -> (bool, bool) {
    let (target, query) = answer.header(LOCATION).split_once('?').unwrap();
    assert_eq!(target, "https://rich.example/slo-done");
    let message = redirect::read(query, Direction::Response).unwrap();
    assert_eq!(message.relay_state.as_deref(), Some("r"));
    (message.xml.contains("status:Success"), message.xml.contains("status:PartialLogout"))
}

async fn rows(bench: &Bench, kind: &str) -> usize {
    let events = bench.database.read(|conn| crate::store::audit::pending(conn, 200)).await;
    events.iter().filter(|event| event.kind.as_str() == kind).count()
}

#[actix_web::test]
async fn a_browser_goes_round_the_sites_that_only_it_can_tell() {
    for bench in Bench::each().await {
        at_both(&bench).await;
        let round = sign_out(&bench).await;
        assert!(round.starts_with("/signed-out/"), "{round}");
        assert!(!is_live(&bench).await, "signed out here before anybody is told");
        assert_eq!(rows(&bench, "logout.queued").await, 2);
        let page = get(&bench, &round).await;
        assert_eq!(page.body.matches("Not told yet").count(), 2, "{}", page.body);
        let policy = page.header(CONTENT_SECURITY_POLICY);
        assert!(policy.contains("form-action 'self' https:;"), "{policy}");

        let id = asked(&bench, &press(&bench, &round).await, "https://plain.example/slo").await;
        let back = get(&bench, &answer_of(&bench, PLAIN, &id, Status::SUCCESS)).await;
        assert_eq!((back.status, back.header(LOCATION)), (303, round.as_str()));
        let page = get(&bench, &round).await;
        assert!(page.body.contains("Logged out<"), "{}", page.body);

        let id = asked(&bench, &press(&bench, &round).await, "https://rich.example/slo").await;
        let back = get(&bench, &answer_of(&bench, RICH, &id, Status::SUCCESS)).await;
        assert_eq!((back.status, back.header(LOCATION)), (303, round.as_str()));
        let end = get(&bench, &round).await;
        assert_eq!((end.status, end.header(LOCATION)), (303, "/signed-out?session=ses_ann"));
        let page = get(&bench, "/signed-out?session=ses_ann").await;
        assert_eq!(page.body.matches("Logged out<").count(), 2, "{}", page.body);
        assert_eq!(rows(&bench, "logout.delivered").await, 2);
    }
}

#[actix_web::test]
async fn a_site_that_asks_learns_at_the_end_whether_every_other_one_knows() {
    for (status, partial, shown) in [
        (Some(Status::SUCCESS), false, ""),
        (Some(Status::requester(Some(Second::UnknownPrincipal))), true, "Did not confirm"),
        (Some(Status::PARTIAL_LOGOUT), true, "Did not confirm"),
        // The browser comes back without an answer.
        (None, true, "has not answered"),
    ] {
        for bench in Bench::each().await {
            let (name, session) = at_both(&bench).await;
            let xml = logout_request(&bench, "_p1", &name, Some(&session));
            let address = format!("/saml/slo?{}", bench.signed_query(&xml, Some("r")));
            let answer = bench.call(bench.signed_in(TestRequest::get().uri(&address))).await;
            assert!(!is_live(&bench).await);
            let round = answer.header(LOCATION).to_owned();
            let cookies = answer.header("set-cookie");
            assert!(cookies.starts_with("__Host-hilum-session=;"), "{cookies}");
            let page = get(&bench, &round).await;
            assert!(
                page.body.contains("plain.example</") && !page.body.contains("rich"),
                "it knows"
            );
            let id = asked(&bench, &press(&bench, &round).await, "https://plain.example/slo").await;
            if let Some(status) = status {
                let back = get(&bench, &answer_of(&bench, PLAIN, &id, status)).await;
                assert_eq!(back.header(LOCATION), round);
            }
            let page = get(&bench, &round).await;
            assert!(page.body.contains(shown), "{}", page.body);
            // With good news the browser goes on by itself, with bad news when it was read.
            let end = if partial { press(&bench, &round).await } else { page };
            assert_eq!(told_at_the_end(&end), (true, partial), "{status:?}");
        }
    }
}

#[actix_web::test]
async fn an_answer_that_does_not_count_leaves_the_site_asked_and_the_person_free() {
    for bench in Bench::each().await {
        at_both(&bench).await;
        let round = sign_out(&bench).await;
        let plain = asked(&bench, &press(&bench, &round).await, "https://plain.example/slo").await;
        let rich = asked(&bench, &press(&bench, &round).await, "https://rich.example/slo").await;
        let good = |site, id: &str| answer_of(&bench, site, id, Status::SUCCESS);
        let unsigned = good(RICH, &rich).split("&SigAlg=").next().unwrap().to_owned();
        for (name, address, leads_on) in [
            ("unsigned, of a site with a key", unsigned, true),
            ("of another site", good(RICH, &plain), true),
            ("of a stranger", good("https://nobody.example/sp", &rich), true),
            ("to nothing", good(RICH, "msg_nothing"), false),
            ("to no identifier of ours", good(RICH, "_x"), false),
        ] {
            let answer = get(&bench, &address).await;
            if leads_on {
                assert_eq!(
                    (answer.status, answer.header(LOCATION)),
                    (303, round.as_str()),
                    "{name}"
                );
            } else {
                assert_eq!(answer.status, 400, "{name}: {}", answer.body);
            }
            let page = get(&bench, "/signed-out?session=ses_ann").await;
            assert_eq!(page.body.matches("has not answered").count(), 2, "{name}: {}", page.body);
        }
        let answers = bench.refusals().await;
        assert!(answers.len() >= 4, "{answers:?}");

        // By POST no cookie comes along; and an answer counts once.
        let envelope = Envelope {
            id: "_done",
            issuer: RICH,
            destination: &bench.app.saml.addresses.single_logout,
            in_response_to: Some(&rich),
            now: bench.now(),
        };
        let xml = logout::response(envelope, Status::SUCCESS, Some(&bench.partner)).unwrap();
        for delivered in [1, 1] {
            let form = TestRequest::post().uri("/saml/slo");
            let answer = bench.call(form.set_form([("SAMLResponse", posted(&xml))])).await;
            assert_eq!((answer.status, answer.header(LOCATION)), (303, round.as_str()));
            assert_eq!(rows(&bench, "logout.delivered").await, delivered);
        }
    }
}

#[actix_web::test]
async fn a_round_that_nobody_knows_ends_at_our_own_page() {
    for bench in Bench::each().await {
        for answer in [get(&bench, "/signed-out/x").await, press(&bench, "/signed-out/x").await] {
            assert_eq!((answer.status, answer.header(LOCATION)), (303, "/signed-out"));
        }
        // Nobody is in the session but the site that asks: straight back.
        let (name, session) = known_to_rich(&bench, "_o1").await;
        let xml = logout_request(&bench, "_o2", &name, Some(&session));
        let address = format!("/saml/slo?{}", bench.signed_query(&xml, Some("r")));
        assert_eq!(told_at_the_end(&get(&bench, &address).await), (true, false));
    }
}

#[actix_web::test]
async fn whoever_learns_the_address_of_a_round_learns_and_does_nothing_more() {
    for bench in Bench::each().await {
        at_both(&bench).await;
        let round = sign_out(&bench).await;
        let stolen = "__Host-hilum-round=0123456789012345678901234567890123456789012";
        for cookie in ["", stolen] {
            for request in [TestRequest::get(), TestRequest::post()] {
                let request = request.uri(&round).insert_header((COOKIE, cookie));
                let answer = bench.call(request).await;
                assert_eq!((answer.status, answer.header(LOCATION)), (303, "/signed-out"));
            }
        }
        // Nobody was asked meanwhile: the browser itself goes on.
        asked(&bench, &press(&bench, &round).await, "https://plain.example/slo").await;
    }
}

#[actix_web::test]
async fn whoever_comes_back_and_signs_out_once_more_goes_on_with_the_next_site() {
    for bench in Bench::each().await {
        at_both(&bench).await;
        let (round, name) = signed_out(&bench).await;
        let cookies = format!("{name}; {}", bench.round.lock().unwrap());
        let again = || TestRequest::get().uri("/sign-out").insert_header((COOKIE, cookies.clone()));
        asked(&bench, &press(&bench, &round).await, "https://plain.example/slo").await;
        let answer = bench.call(again()).await;
        assert_eq!((answer.status, answer.header(LOCATION)), (303, round.as_str()));
        asked(&bench, &press(&bench, &round).await, "https://rich.example/slo").await;
        // Nobody is left to be asked, and another browser has nothing to go on with.
        for request in [again(), TestRequest::get().uri("/sign-out")] {
            assert_eq!(bench.call(request).await.header(LOCATION), "/signed-out");
        }
    }
}

#[actix_web::test]
async fn a_site_that_wants_it_so_is_asked_and_answered_in_a_form() {
    for bench in Bench::each().await {
        let query = unsigned(&bench.request(OTHER, "_f1", "", ""), None);
        assert_eq!(bench.redirect(&query).await.status, 200);
        let round = sign_out(&bench).await;
        let page = press(&bench, &round).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.body.contains("action=\"https://other.example/slo\""), "{}", page.body);
        let policy = page.header(CONTENT_SECURITY_POLICY);
        assert!(policy.contains("form-action 'self' https://other.example;"), "{policy}");
        let message = STANDARD.decode(page.field("SAMLRequest").unwrap()).unwrap();
        let text = String::from_utf8(message).unwrap();
        let xml = Xml::parse(&text).unwrap();
        let keys = VerificationKeys::of(&certificates(&bench).await);
        assert_eq!(keys.verify_root(&xml), Ok(()), "the signature stands in the message");
        let id = xml.root().attribute("ID").unwrap();

        let envelope = Envelope {
            id: "_done",
            issuer: OTHER,
            destination: &bench.app.saml.addresses.single_logout,
            in_response_to: Some(id),
            now: bench.now(),
        };
        let answer = logout::response(envelope, Status::SUCCESS, Some(&bench.partner)).unwrap();
        let form = TestRequest::post().uri("/saml/slo");
        let back = bench.call(form.set_form([("SAMLResponse", posted(&answer))])).await;
        assert_eq!((back.status, back.header(LOCATION)), (303, round.as_str()));
        let end = get(&bench, &round).await;
        assert_eq!(end.header(LOCATION), "/signed-out?session=ses_ann");
    }
}
