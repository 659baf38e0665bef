//! Messages that are not trusted (security 13).

use chrono::TimeDelta;

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
            ("document type", unsigned(&format!("<!DOCTYPE a>{}", plain("_h", "")), None), ""),
            (
                "unknown",
                unsigned(&bench.request("https://nobody.example/", "_i", "", ""), None),
                "",
            ),
            ("long", unsigned(&plain("_j", ""), Some(&"x".repeat(1025))), ""),
            ("nothing", String::new(), ""),
            ("noise", "SAMLRequest=%00%ff".to_owned(), ""),
        ] {
            let before = bench.refusals().await.len();
            let answer = bench.redirect(&query).await;
            assert_eq!(answer.status, 400, "{name}: {}", answer.body);
            assert!(!answer.body.contains("SAMLResponse"), "{name}");
            assert!(!answer.body.contains("evil.example"), "{name}");
            let rows = bench.refusals().await;
            if row.is_empty() {
                assert_eq!(rows.len(), before, "{name}: nobody is named");
            } else {
                assert_eq!(rows.len(), before + 1, "{name}");
                assert!(rows.iter().any(|r| r.contains(row)), "{name}: {rows:?}");
            }
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
