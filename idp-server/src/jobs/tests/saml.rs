//! A SAML site hears of an ended session by SOAP, in the names that it was given.

use idp_core::{
    community::site_registration::saml,
    oidc::grant::Grant,
    saml::{
        certificate::Certificate,
        logout::{from_soap, in_soap},
        metadata::read,
        name_id::NameId,
        names::ns,
        service_provider::NameIdKind,
        signature::VerificationKeys,
        xml::{Node, Xml},
    },
    secret::SecretDigest,
};

use super::*;
use crate::store::{front_logout, grant, tests::samples::a_grant};

/// A site's server that confirms what it is told, if `answers` says so.
fn soap_server(answers: &'static [bool]) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("localhost:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (told, heard) = channel();
    thread::spawn(move || {
        for (confirms, stream) in answers.iter().zip(listener.incoming()) {
            let mut stream = BufReader::new(stream.unwrap());
            let body = String::from_utf8(read_body(&mut stream)).unwrap();
            let status = if *confirms { "Success" } else { "Responder" };
            let answer = confirmation(&body, status);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
                answer.len()
            );
            stream.get_mut().write_all(head.as_bytes()).unwrap();
            told.send(body).unwrap();
        }
    });
    (port, heard)
}

fn confirmation(request: &str, status: &str) -> String {
    let xml = Xml::parse(request).unwrap();
    let id = from_soap(&xml).unwrap().attribute("ID").unwrap().to_owned();
    in_soap(&format!(
        "<p:LogoutResponse xmlns:p=\"{}\" ID=\"_x\" InResponseTo=\"{id}\"><p:Status><p:StatusCode \
         Value=\"urn:oasis:names:tc:SAML:2.0:status:{status}\"/></p:Status></p:LogoutResponse>",
        ns::PROTOCOL
    ))
}

fn metadata(port: u16) -> String {
    format!(
        "<EntityDescriptor xmlns=\"{}\" entityID=\"https://listener.example/sp\"><SPSSODescriptor \
         protocolSupportEnumeration=\"{}\"><SingleLogoutService \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:SOAP\" \
         Location=\"http://localhost:{port}/slo\"/><AssertionConsumerService index=\"0\" \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
         Location=\"https://listener.example/acs\"/></SPSSODescriptor></EntityDescriptor>",
        ns::METADATA,
        ns::PROTOCOL
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saml_site_hears_of_an_ended_session_until_it_confirms() {
    for database in TestDatabase::each() {
        let (port, heard) = soap_server(&[false, true]);
        let name = NameId { kind: NameIdKind::Transient, value: "_a & <b>".to_owned() };
        let given = name.clone();
        let add = move |conn: &mut crate::store::AnyConn| {
            let text = metadata(port);
            let described = read::one(&Xml::parse(&text).unwrap(), None, at(0)).unwrap();
            let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
            let decisions = json!({ "client_id": "listener" });
            let listener = saml::read(described, Some(&decisions), circumstances).unwrap();
            site::insert(conn, &listener, at(0))?;
            store_session(conn, "ann", "ann", 0)?;
            let given_to: Grant = a_grant("a", "ann", "ann", "listener");
            grant::insert_named(conn, &given_to, &SecretDigest::of("_a1"), &given)
        };
        let bench = Bench::with(database, heard_nothing(), add).await;
        let jobs = start(&bench.app);
        let first = bench.until(|receipt| receipt.attempts == 1).await;
        assert_eq!(first.last_status.as_deref(), Some("status 200, not confirmed"));
        bench.clock.advance(TimeDelta::seconds(1));
        bench.until(|receipt| receipt.state == MessageState::Delivered).await;
        jobs.stop().await;

        let metadata = String::from_utf8(bench.app.saml.metadata().to_vec()).unwrap();
        let metadata = Xml::parse(&metadata).unwrap();
        let certificates = metadata.root().descendants(ns::DS, "X509Certificate");
        let certificates: Vec<Certificate> =
            certificates.iter().map(|n| Certificate::from_base64(&n.text()).unwrap()).collect();
        let keys = VerificationKeys::of(&certificates);
        let entry = bench.app.sites.find(&"listener".parse().unwrap()).unwrap();
        let index = entry.naming.session(&"ses_ann".parse().unwrap());
        for _ in 0..2 {
            let text = heard.recv().unwrap();
            let xml = Xml::parse(&text).unwrap();
            let message = from_soap(&xml).unwrap();
            assert_eq!(keys.verify_element(&xml, message), Ok(()));
            let named = message.child(ns::ASSERTION, "NameID").map(Node::text);
            assert_eq!(named.as_deref(), Some(name.value.as_str()));
            let session = message.child(ns::PROTOCOL, "SessionIndex").map(Node::text);
            assert_eq!(session.as_deref(), Some(index.as_str()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_browser_has_delivered_in_time_is_given_up() {
    for database in TestDatabase::each() {
        let add = move |conn: &mut crate::store::AnyConn| {
            let text = metadata(1).replace("bindings:SOAP", "bindings:HTTP-Redirect");
            let described = read::one(&Xml::parse(&text).unwrap(), None, at(0)).unwrap();
            let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
            let decisions = json!({ "client_id": "listener" });
            let listener = saml::read(described, Some(&decisions), circumstances).unwrap();
            site::insert(conn, &listener, at(0))?;
            store_session(conn, "ann", "ann", 0)?;
            let name = NameId { kind: NameIdKind::Transient, value: "_a".to_owned() };
            let given_to: Grant = a_grant("a", "ann", "ann", "listener");
            grant::insert_named(conn, &given_to, &SecretDigest::of("_a1"), &name)
        };
        let bench = Bench::with(database, heard_nothing(), add).await;
        let queue = move |conn: &mut crate::store::AnyConn| {
            let (actor, now) = (Actor::Nobody, at(1));
            let ending = Ending { actor, address: None, cause: Cause::SignedOut, now };
            let session = "ses_ann".parse().unwrap();
            front_logout::queue(conn, &session, &ending, &Random::new(), at(11))
        };
        bench.database.write(queue).await;
        let jobs = start(&bench.app);
        bench.clock.advance(TimeDelta::minutes(9));
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!(bench.receipt().await.state, MessageState::Pending, "the browser has time");
        bench.clock.advance(TimeDelta::minutes(1));
        let given_up = bench.until(|receipt| receipt.state == MessageState::Failed).await;
        assert_eq!(given_up.last_status.as_deref(), Some("the browser did not go there"));
        jobs.stop().await;
    }
}

/// For a bench whose site is told otherwise.
fn heard_nothing() -> Receiver<Params> {
    channel().1
}
