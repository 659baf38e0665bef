//! `/saml/slo` from outside.

use idp_core::saml::{logout, writer::Writer};

use super::*;

/// A logout request of the rich site.
pub(super) fn logout_request(bench: &Bench, id: &str, name: &str, session: Option<&str>) -> String {
    let index = session.map(|session| format!("<p:SessionIndex>{session}</p:SessionIndex>"));
    format!(
        "<p:LogoutRequest xmlns:p=\"{}\" xmlns:a=\"{}\" ID=\"{id}\" Version=\"2.0\" \
         IssueInstant=\"{}\" Destination=\"{}\"><a:Issuer>{RICH}</a:Issuer><a:NameID \
         Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">{name}</a:NameID>{}\
         </p:LogoutRequest>",
        ns::PROTOCOL,
        ns::ASSERTION,
        instant::written(bench.now()),
        bench.app.saml.addresses.single_logout,
        index.unwrap_or_default()
    )
}

/// What the rich site calls Ann and her session, once it has been told of them.
pub(super) async fn known_to_rich(bench: &Bench, id: &str) -> (String, String) {
    let there = format!("Destination=\"{}\"", bench.here());
    let query = bench.signed_query(&bench.request(RICH, id, &there, ""), None);
    assert_eq!(bench.redirect(&query).await.status, 200);
    let entry = bench.app.sites.provider(RICH).unwrap();
    let (person, session) = ("sub_ann".parse().unwrap(), "ses_ann".parse().unwrap());
    (entry.naming.subject(&person), entry.naming.session(&session))
}

pub(super) async fn is_live(bench: &Bench) -> bool {
    let session =
        bench.database.read(|conn| session::find(conn, &"ses_ann".parse().unwrap())).await;
    session.unwrap().is_live(bench.now())
}

#[actix_web::test]
async fn a_site_signs_a_person_out_by_the_name_and_session_that_it_was_given() {
    for bench in Bench::each().await {
        let (name, session) = known_to_rich(&bench, "_s1").await;
        // Another name, another session, and no signature: nobody is signed out (security 14.6).
        for (id, name, session) in [("_l1", "nobody", session.as_str()), ("_l2", &name, "other")] {
            let xml = logout_request(&bench, id, name, Some(session));
            let address = format!("/saml/slo?{}", bench.signed_query(&xml, Some("r")));
            let answer = bench.call(bench.signed_in(TestRequest::get().uri(&address))).await;
            assert_eq!(answer.status, 303, "{}", answer.body);
            let location = answer.header(LOCATION).to_owned();
            let (target, query) = location.split_once('?').unwrap();
            assert_eq!(target, "https://rich.example/slo-done");
            let message = redirect::read(query, Direction::Response).unwrap();
            assert!(message.xml.contains("status:Requester"), "{}", message.xml);
            assert!(is_live(&bench).await);
        }
        let xml = logout_request(&bench, "_l3", &name, Some(&session));
        let address = format!("/saml/slo?{}", unsigned(&xml, None));
        let answer = bench.call(bench.signed_in(TestRequest::get().uri(&address))).await;
        assert_eq!((answer.status, is_live(&bench).await), (400, true));

        let xml = logout_request(&bench, "_l4", &name, Some(&session));
        let address = format!("/saml/slo?{}", bench.signed_query(&xml, Some("r&x")));
        let answer = bench.call(bench.signed_in(TestRequest::get().uri(&address))).await;
        let location = answer.header(LOCATION).to_owned();
        let (_, query) = location.split_once('?').unwrap();
        let message = redirect::read(query, Direction::Response).unwrap();
        assert!(message.xml.contains("status:Success") && message.xml.contains("\"_l4\""));
        assert!(!message.xml.contains("<ds:Signature"), "it stands beside the message");
        assert_eq!(message.relay_state.as_deref(), Some("r&x"));
        let keys = VerificationKeys::of(&certificates(&bench).await);
        assert_eq!(message.signature.unwrap().verify(&keys), Ok(()));
        assert!(!is_live(&bench).await);
        let cookies = answer.header("set-cookie");
        assert!(cookies.starts_with("__Host-hilum-session=;"), "{cookies}");
    }
}

#[actix_web::test]
async fn a_site_may_say_so_from_server_to_server() {
    for bench in Bench::each().await {
        let (name, _) = known_to_rich(&bench, "_s2").await;
        let xml = logout_request(&bench, "_m1", &name, None);
        let mut message = Writer::new();
        message.open(
            "p:LogoutRequest",
            &[
                ("xmlns:p", ns::PROTOCOL),
                ("ID", "_m1"),
                ("IssueInstant", &instant::written(bench.now())),
                ("Version", "2.0"),
            ],
        );
        message.leaf("a:Issuer", &[("xmlns:a", ns::ASSERTION)], RICH);
        let at = message.position();
        let persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
        let about = [("xmlns:a", ns::ASSERTION), ("Format", persistent)];
        message.leaf("a:NameID", &about, &name);
        let signed = sign_enveloped(&message.finish(), at, "_m1", &bench.partner).unwrap();
        let post = |body: String| {
            let kind = (CONTENT_TYPE, "text/xml; charset=utf-8");
            TestRequest::post().uri("/saml/slo").insert_header(kind).set_payload(body)
        };
        let answer = bench.call(post(logout::in_soap(&xml))).await;
        assert_eq!((answer.status, is_live(&bench).await), (400, true), "unsigned");
        let answer = bench.call(post(logout::in_soap(&signed))).await;
        assert_eq!(answer.status, 200);
        assert!(logout::is_confirmed(&answer.body, "_m1"), "{}", answer.body);
        assert!(!is_live(&bench).await);
    }
}
