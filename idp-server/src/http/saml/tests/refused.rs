//! Messages that are not trusted (security 13).

use chrono::TimeDelta;
use idp_core::saml::writer::Writer;

use super::*;

#[actix_web::test]
async fn what_cannot_be_trusted_gets_our_page_and_a_row_in_the_record() {
    for bench in Bench::each().await {
        let other = SamlSigner::of_partner(SigningAlgorithm::Rs256, at(0));
        let there = format!("Destination=\"{}\"", bench.here());
        let good = |id: &str| bench.request(RICH, id, &there, "");
        let plain = |id: &str, attributes: &str| bench.request(PLAIN, id, attributes, "");
        let forged = redirect::write(&good("_a"), Direction::Request, None, &other).unwrap();
        let old =
            format!("IssueInstant=\"{}\"", instant::written(bench.now() - TimeDelta::seconds(301)));
        let (unsigned_good, elsewhere) =
            (unsigned(&good("_b"), None), plain("_c", "Destination=\"x\""));
        for (name, query, row) in [
            ("unsigned", unsigned_good, "not signed"),
            ("forged", forged, "not by a registered key"),
            (
                "no destination",
                bench.signed_query(&bench.request(RICH, "_d", "", ""), None),
                "Destination",
            ),
            ("elsewhere", unsigned(&elsewhere, None), "Destination"),
            ("old", unsigned(&plain("_e", &old), None), "IssueInstant"),
            (
                "foreign address",
                unsigned(
                    &plain("_f", "AssertionConsumerServiceURL=\"https://evil.example/\""),
                    None,
                ),
                "AssertionConsumerService",
            ),
            (
                "index",
                unsigned(&plain("_g", "AssertionConsumerServiceIndex=\"7\""), None),
                "AssertionConsumerService",
            ),
            (
                "document type",
                unsigned(&format!("<!DOCTYPE a>{}", plain("_h", "")), None),
                "document type",
            ),
            (
                "unknown",
                unsigned(&bench.request("https://nobody.example/", "_i", "", ""), None),
                "no active site",
            ),
            ("long", unsigned(&plain("_j", ""), Some(&"x".repeat(1025))), "RelayState"),
            ("nothing", String::new(), "there is no SAMLRequest"),
            ("noise", "SAMLRequest=%00%ff".to_owned(), "not encoded"),
            ("bomb", unsigned(&"a".repeat(300_000), None), "longer than 256 KiB"),
        ] {
            let before = bench.refusals().await.len();
            let answer = bench.redirect(&query).await;
            assert_eq!(answer.status, 400, "{name}: {}", answer.body);
            assert!(!answer.body.contains("SAMLResponse"), "{name}");
            assert!(!answer.body.contains("evil.example"), "{name}");
            let rows = bench.refusals().await;
            assert_eq!(rows.len(), before + 1, "{name}");
            assert!(rows.iter().any(|r| r.contains(row)), "{name}: {rows:?}");
        }
    }
}

#[actix_web::test]
async fn a_message_counts_once() {
    for bench in Bench::each().await {
        let query = unsigned(&bench.request(PLAIN, "_r4", "", ""), None);
        assert_eq!(bench.redirect(&query).await.status, 200);
        let again = bench.redirect(&query).await;
        assert_eq!(again.status, 400);
        assert!(again.body.contains("Replayed"), "{}", again.body);
        // By another way it is the same message.
        let form = [("SAMLRequest", posted(&bench.request(PLAIN, "_r4", "", "")))];
        let answer = bench.call(TestRequest::post().uri("/saml/sso").set_form(form)).await;
        assert_eq!(answer.status, 400);
    }
}

/// A forged request with the signed original in it, as a careless reader would take it for signed.
#[actix_web::test]
async fn a_signature_that_covers_something_else_is_none() {
    for bench in Bench::each().await {
        let request = |id: &str, inside: &str| {
            let mut writer = Writer::new();
            let about = [
                ("xmlns:p", ns::PROTOCOL),
                ("Destination", bench.here().as_str()),
                ("ID", id),
                ("IssueInstant", &instant::written(bench.now())),
                ("Version", "2.0"),
            ]
            .map(|(name, value): (&'static str, &str)| (name, value.to_owned()));
            let about: Vec<_> = about.iter().map(|(name, value)| (*name, value.as_str())).collect();
            writer.open("p:AuthnRequest", &about);
            writer.leaf("a:Issuer", &[("xmlns:a", ns::ASSERTION)], RICH);
            let at = writer.position();
            writer.part(inside);
            (writer.finish(), at)
        };
        let (original, at) = request("_x1", "");
        let signed = sign_enveloped(&original, at, "_x1", &bench.partner).unwrap();
        let send = |xml: &str| {
            TestRequest::post().uri("/saml/sso").set_form([("SAMLRequest", posted(xml))])
        };
        for id in ["_x1", "_x2"] {
            let (forged, _) = request(id, &format!("<p:Extensions>{signed}</p:Extensions>"));
            let answer = bench.call(send(&forged)).await;
            assert_eq!(answer.status, 400, "{}", answer.body);
        }
        let weak = signed.replace("xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256");
        assert_eq!(bench.call(send(&weak)).await.status, 400);
        let rows = bench.refusals().await;
        assert_eq!(rows.len(), 3, "{rows:?}");
        // The original alone is good.
        assert_eq!(bench.call(send(&signed)).await.status, 303);
    }
}

#[actix_web::test]
async fn a_flood_is_counted_and_not_written_down_in_full() {
    for bench in Bench::each().await {
        for _ in 0..120 {
            assert_eq!(bench.redirect("SAMLRequest=x").await.status, 400);
        }
        // Twenty one by one, and the hundredth.
        assert_eq!(bench.refusals().await.len(), 21);
        let events = bench.database.read(|conn| crate::store::audit::pending(conn, 200)).await;
        let refused = events.iter().filter(|event| event.kind.as_str() == "access.refused");
        let counts = refused.filter_map(|event| {
            assert_eq!(event.site, None);
            event.after.as_ref()?["within_a_minute"].as_u64()
        });
        assert_eq!(counts.max(), Some(100));
    }
}

#[actix_web::test]
async fn a_site_whose_metadata_are_past_their_end_gets_nothing() {
    for bench in Bench::each().await {
        let text = metadata("https://brief.example/sp", "", None);
        let until = instant::written(at(30));
        let text = text.replace(" entityID", &format!(" validUntil=\"{until}\" entityID"));
        let described = read::one(&Xml::parse(&text).unwrap(), None, at(0)).unwrap();
        let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
        let decisions = json!({ "client_id": "brief", "saml": { "idp_initiated": {} } });
        let site = saml::read(described, Some(&decisions), circumstances).unwrap();
        bench.database.write(move |conn| site::insert(conn, &site, at(0))).await;
        bench.app.reload_sites().await.unwrap();
        let start = || bench.signed_in(TestRequest::get().uri("/saml/start/brief"));
        assert_eq!(bench.call(start()).await.status, 303, "a notice comes first");
        bench.clock.advance(TimeDelta::minutes(30));
        let query = unsigned(&bench.request("https://brief.example/sp", "_y1", "", ""), None);
        for answer in [bench.call(start()).await, bench.redirect(&query).await] {
            assert_eq!(answer.status, 400);
            assert!(answer.body.contains("MetadataExpired"), "{}", answer.body);
        }
    }
}
