//! Answers by reference: `/saml/artifact` from outside.

use idp_core::saml::{
    logout::{from_soap, in_soap},
    names::binding,
    writer::Writer,
};

use super::*;

/// A site asks with this binding, and its browser is sent back with a reference.
async fn reference(bench: &Bench, id: &str) -> String {
    let wanted =
        format!("ProtocolBinding=\"{}\" Destination=\"{}\"", binding::ARTIFACT, bench.here());
    let query = bench.signed_query(&bench.request(RICH, id, &wanted, ""), Some("r&s"));
    let answer = bench.redirect(&query).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let location = answer.header(LOCATION);
    let (target, query) = location.split_once('?').unwrap();
    assert_eq!(target, "https://rich.example/artifact");
    let query = idp_core::oidc::params::Params::parse(query.as_bytes());
    assert_eq!(query.find("RelayState"), Some("r&s"));
    query.find("SAMLart").unwrap().to_owned()
}

/// A request to redeem a reference, signed by the key of both the rich and the other site.
fn resolve(bench: &Bench, issuer: &str, id: &str, artifact: &str) -> String {
    let mut message = Writer::new();
    let about = [
        ("xmlns:p", ns::PROTOCOL),
        ("ID", id),
        ("IssueInstant", &instant::written(bench.now())),
        ("Version", "2.0"),
    ];
    message.open("p:ArtifactResolve", &about);
    message.leaf("a:Issuer", &[("xmlns:a", ns::ASSERTION)], issuer);
    let at = message.position();
    message.leaf("p:Artifact", &[], artifact);
    in_soap(&sign_enveloped(&message.finish(), at, id, &bench.partner).unwrap())
}

async fn fetch(bench: &Bench, body: String) -> Answer {
    let kind = (CONTENT_TYPE, "text/xml; charset=utf-8");
    bench
        .call(TestRequest::post().uri("/saml/artifact").insert_header(kind).set_payload(body))
        .await
}

/// Whether an answer holds a response; it is ours in either case.
async fn holds_response(bench: &Bench, answer: &Answer, id: &str) -> bool {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let xml = Xml::parse(&answer.body).unwrap();
    let message = from_soap(&xml).unwrap();
    assert!(message.is(ns::PROTOCOL, "ArtifactResponse"));
    assert_eq!(message.attribute("InResponseTo"), Some(id));
    let found = message.child(ns::PROTOCOL, "Response");
    if found.is_none() {
        // Nothing but its own signature is in it.
        let keys = VerificationKeys::of(&certificates(bench).await);
        assert_eq!(keys.verify_element(&xml, message), Ok(()));
        assert!(answer.body.contains("status:Success"), "{}", answer.body);
    }
    found.is_some()
}

#[actix_web::test]
async fn a_site_fetches_its_answer_once() {
    for bench in Bench::each().await {
        let artifact = reference(&bench, "_t1").await;
        let answer = fetch(&bench, resolve(&bench, RICH, "_u1", &artifact)).await;
        assert!(holds_response(&bench, &answer, "_u1").await);
        assert!(answer.body.contains("InResponseTo=\"_t1\""), "{}", answer.body);
        assert!(answer.body.contains("<saml:EncryptedAssertion"));
        let again = fetch(&bench, resolve(&bench, RICH, "_u2", &artifact)).await;
        assert!(!holds_response(&bench, &again, "_u2").await, "used");
        let unknown = fetch(&bench, resolve(&bench, RICH, "_u3", "AAQAAA==")).await;
        assert!(!holds_response(&bench, &unknown, "_u3").await, "never made");
        assert_eq!(bench.refusals().await.len(), 2);
    }
}

/// 6.3
#[actix_web::test]
async fn of_whoever_signed_out_meanwhile_a_site_is_told_nothing() {
    for bench in Bench::each().await {
        let artifact = reference(&bench, "_t5").await;
        super::round::sign_out(&bench).await;
        let over = fetch(&bench, resolve(&bench, RICH, "_w2", &artifact)).await;
        assert!(!holds_response(&bench, &over, "_w2").await);
    }
}

#[actix_web::test]
async fn in_the_hands_of_another_site_a_reference_is_worth_nothing() {
    for bench in Bench::each().await {
        let artifact = reference(&bench, "_t2").await;
        // Nobody, and somebody who does not sign: the answer still waits.
        let nobody = resolve(&bench, "https://nobody.example/sp", "_v1", &artifact);
        assert_eq!(fetch(&bench, nobody).await.status, 400);
        let plain = resolve(&bench, PLAIN, "_v2", &artifact);
        assert_eq!(fetch(&bench, plain).await.status, 400);
        let forged = resolve(&bench, RICH, "_v3", &artifact).replace("_v3\"", "_w3\"");
        assert_eq!(fetch(&bench, forged).await.status, 400);

        let request = resolve(&bench, OTHER, "_v4", &artifact);
        let answer = fetch(&bench, request.clone()).await;
        assert!(!holds_response(&bench, &answer, "_v4").await);
        assert_eq!(fetch(&bench, request).await.status, 400, "a message counts once");
        let late = fetch(&bench, resolve(&bench, RICH, "_v5", &artifact)).await;
        assert!(!holds_response(&bench, &late, "_v5").await, "it was stolen");
        let rows = bench.refusals().await;
        assert!(rows.iter().any(|row| row.contains("artifact")), "{rows:?}");
    }
}

#[actix_web::test]
async fn a_refusal_travels_by_reference_too() {
    for bench in Bench::each().await {
        let wanted = format!("ProtocolBinding=\"{}\" IsPassive=\"1\"", binding::ARTIFACT);
        let query = unsigned(&bench.request(PLAIN, "_t3", &wanted, ""), None);
        let answer = bench.call(TestRequest::get().uri(&format!("/saml/sso?{query}"))).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let location = answer.header(LOCATION);
        assert!(location.starts_with("https://plain.example/artifact?SAMLart=AAQAA"), "{location}");
    }
}
