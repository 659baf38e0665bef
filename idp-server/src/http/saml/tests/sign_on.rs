//! `/saml/sso` and `/saml/start`: what a site is told of a sign-on.

use serde_json::Value;

use super::*;

#[actix_web::test]
async fn a_signed_in_person_is_sent_on_with_a_signed_assertion() {
    for bench in Bench::each().await {
        let relay_state = "https://evil.example/?a=\"b\"&c=<d>";
        let xml = bench.request(PLAIN, "_r1", "", "");
        let answer = bench.redirect(&unsigned(&xml, Some(relay_state))).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let policy = answer.header(CONTENT_SECURITY_POLICY);
        assert!(policy.contains("form-action 'self' https://plain.example;"), "{policy}");
        assert!(answer.body.contains("action=\"https://plain.example/acs\""));
        assert_eq!(answer.field("RelayState").as_deref(), Some(relay_state));
        assert!(answer.body.contains("form-post-submit"), "usable without script");

        let text = answer.response();
        let response = Xml::parse(&text).unwrap();
        let assertion = response.root().child(ns::ASSERTION, "Assertion").unwrap();
        assert_eq!(response.root().attribute("InResponseTo"), Some("_r1"));
        let from = text.find("<saml:Assertion ").unwrap();
        let alone = &text[from..text.find("</samlp:Response>").unwrap()];
        let keys = VerificationKeys::of(&certificates(&bench).await);
        assert_eq!(keys.verify_root(&Xml::parse(alone).unwrap()), Ok(()));
        let class = assertion.descendants(ns::ASSERTION, "AuthnContextClassRef");
        assert!(class.first().unwrap().text().ends_with(":PasswordProtectedTransport"));
        let attributes = assertion.descendants(ns::ASSERTION, "Attribute");
        let names: Vec<_> = attributes.iter().filter_map(|a| a.attribute("FriendlyName")).collect();
        assert_eq!(names, ["pairwise-id"], "nothing that the record does not allow");
    }
}

#[actix_web::test]
async fn a_post_from_another_site_is_picked_up_with_the_cookie() {
    for bench in Bench::each().await {
        let xml = bench.request(PLAIN, "_r2", "", "");
        let form = [("SAMLRequest", posted(&xml)), ("RelayState", "r".to_owned())];
        let answer = bench.call(TestRequest::post().uri("/saml/sso").set_form(form)).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let location = answer.header(LOCATION).to_owned();
        assert!(location.starts_with("/saml/sso?parked="), "{location}");
        let answer = bench.call(bench.signed_in(TestRequest::get().uri(&location))).await;
        assert_eq!((answer.status, answer.codes()), (200, vec!["Success".to_owned()]));
        assert_eq!(answer.field("RelayState").as_deref(), Some("r"));
    }
}

#[actix_web::test]
async fn tax_ids_travel_encrypted_and_the_response_is_signed_where_the_record_says_so() {
    for bench in Bench::each().await {
        let xml = bench.request(RICH, "_r3", &format!("Destination=\"{}\"", bench.here()), "");
        let answer = bench.redirect(&bench.signed_query(&xml, None)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let text = answer.response();
        let response = Xml::parse(&text).unwrap();
        let keys = VerificationKeys::of(&certificates(&bench).await);
        assert_eq!(keys.verify_root(&response), Ok(()));
        assert!(text.contains("ecdsa-sha256"), "by the algorithm of the record");
        assert!(text.contains("<saml:EncryptedAssertion") && !text.contains("<saml:Assertion "));
        assert!(!text.contains("91-7654321") && !text.contains("sub_ann"));
    }
}

#[actix_web::test]
async fn what_cannot_be_granted_is_told_to_the_registered_address() {
    for bench in Bench::each().await {
        let context = "<p:RequestedAuthnContext><a:AuthnContextClassRef>urn:nobody:knows\
             </a:AuthnContextClassRef></p:RequestedAuthnContext>";
        let email = "<p:NameIDPolicy \
             Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\"/>";
        for (id, inside, expected) in [
            ("_n1", context, vec!["Responder", "NoAuthnContext"]),
            ("_n2", email, vec!["Requester", "InvalidNameIDPolicy"]),
        ] {
            let answer =
                bench.redirect(&unsigned(&bench.request(PLAIN, id, "", inside), None)).await;
            assert_eq!(
                (answer.status, answer.codes()),
                (200, expected.iter().map(|&code| code.to_owned()).collect())
            );
            assert!(answer.body.contains("action=\"https://plain.example/acs\""));
            assert!(!answer.response().contains("Assertion "));
        }
        // Nobody is signed in in this browser.
        let passive = unsigned(&bench.request(PLAIN, "_n3", "IsPassive=\"true\"", ""), None);
        let address = format!("/saml/sso?{passive}");
        let answer = bench.call(TestRequest::get().uri(&address)).await;
        assert_eq!(answer.codes(), ["Responder", "NoPassive"]);
        // With a page of ours in between, the browser goes there.
        let forced = unsigned(&bench.request(PLAIN, "_n4", "ForceAuthn=\"1\"", ""), None);
        let answer = bench.redirect(&forced).await;
        assert_eq!(answer.status, 303);
        assert!(answer.header(LOCATION).starts_with("/sign-on/"));
    }
}

#[actix_web::test]
async fn a_sign_on_starts_here_only_where_the_record_allows_it() {
    for bench in Bench::each().await {
        for (path, expected) in [
            ("/saml/start/plain", 404),
            ("/saml/start/nobody", 404),
            ("/saml/start/credentia", 404),
            ("/saml/start/rich?RelayState=https://evil.example/", 200),
        ] {
            let answer = bench.call(bench.signed_in(TestRequest::get().uri(path))).await;
            assert_eq!(answer.status, expected, "{path}");
            if expected == 200 {
                assert_eq!(answer.field("RelayState").as_deref(), Some("/home"));
                assert!(!answer.response().contains("InResponseTo"));
                assert!(answer.body.contains("action=\"https://rich.example/acs\""));
            }
        }
    }
}

#[actix_web::test]
async fn the_site_becomes_a_participant_of_the_session() {
    for bench in Bench::each().await {
        let query = unsigned(&bench.request(PLAIN, "_r5", "", ""), None);
        assert_eq!(bench.redirect(&query).await.status, 200);
        let participants = bench
            .database
            .read(|conn| crate::store::grant::participants(conn, &"ses_ann".parse().unwrap()))
            .await;
        assert_eq!(participants, ["plain".parse().unwrap()]);
        let events = bench.database.read(|conn| crate::store::audit::pending(conn, 200)).await;
        let given = events.iter().find(|event| event.kind.as_str() == "grant.issued").unwrap();
        assert_eq!(given.site.as_ref().unwrap().as_str(), "plain");
        let told: &Value = given.after.as_ref().unwrap();
        assert!(told["grant"].as_str().unwrap().starts_with("grt_"));
    }
}
