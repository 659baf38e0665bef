//! Metadata of a SAML site, fetched again and again from where its record says.

use idp_core::{
    community::{site::Site, site_registration::saml},
    oidc::jose::SigningAlgorithm,
    saml::{
        metadata::read,
        names::ns,
        signature::{Signer as _, sign_enveloped},
        xml::Xml,
    },
};

use super::{super::metadata_refresh::round, *};
use crate::keys::saml_keys::SamlSigner;

const ACS: &str = "https://sourced.example/acs";

/// A server that answers each call with the next of these documents.
fn metadata_server(documents: Receiver<String>) -> u16 {
    let listener = TcpListener::bind("localhost:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for (document, stream) in documents.into_iter().zip(listener.incoming()) {
            let mut stream = BufReader::new(stream.unwrap());
            read_body(&mut stream);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{document}",
                document.len()
            );
            stream.get_mut().write_all(head.as_bytes()).unwrap();
        }
    });
    port
}

/// Metadata in canonical form, with these keys and this address.
fn metadata(keys: &[&str], acs: &str) -> String {
    let key = |certificate: &&str| {
        format!(
            "<KeyDescriptor use=\"signing\"><KeyInfo xmlns=\"{}\"><X509Data><X509Certificate>\
             {certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>",
            ns::DS
        )
    };
    let keys: String = keys.iter().map(key).collect();
    format!(
        "<EntityDescriptor xmlns=\"{}\" ID=\"_m\" cacheDuration=\"PT1H\" \
         entityID=\"https://sourced.example/sp\"><SPSSODescriptor \
         protocolSupportEnumeration=\"{}\">{keys}<AssertionConsumerService \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"{acs}\" \
         index=\"0\"></AssertionConsumerService></SPSSODescriptor></EntityDescriptor>",
        ns::METADATA,
        ns::PROTOCOL
    )
}

fn signed(text: &str, by: &SamlSigner) -> String {
    let at = text.find("<SPSSODescriptor").unwrap();
    sign_enveloped(text, at, "_m", by).unwrap()
}

impl Bench {
    async fn sourced(&self) -> Site {
        let id = "sourced".parse().unwrap();
        self.database.read(move |conn| site::find(conn, &id)).await.unwrap()
    }

    async fn rows(&self, kind: &str) -> usize {
        let events = self.database.read(|conn| audit::pending(conn, 500)).await;
        events.iter().filter(|event| event.kind.as_str() == kind).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_keys_count_at_once_and_new_addresses_wait_for_somebody_to_look() {
    let [publisher, old, new] =
        [(); 3].map(|()| SamlSigner::of_partner(SigningAlgorithm::Es256, at(0)));
    for database in TestDatabase::each() {
        let (publish, documents) = channel();
        let port = metadata_server(documents);
        let text = metadata(&[old.certificate()], ACS);
        let decisions = json!({
            "client_id": "sourced",
            "metadata_source": {
                "url": format!("http://localhost:{port}/metadata"),
                "signed_by": [publisher.certificate()],
            },
        });
        let add = move |conn: &mut AnyConn| {
            let described = read::one(&Xml::parse(&text).unwrap(), None, at(0)).unwrap();
            let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
            let sourced = saml::read(described, Some(&decisions), circumstances).unwrap();
            site::insert(conn, &sourced, at(0))?;
            store_session(conn, "ann", "ann", 0)
        };
        let bench = Bench::with(database, channel().1, add).await;
        let refresh = async |document: Option<String>| {
            if let Some(document) = document {
                publish.send(document).unwrap();
            }
            round(&bench.app, "node").await.unwrap();
            bench.sourced().await
        };
        let keys = |site: &Site| site.service_provider().unwrap().metadata.signing.len();
        let stand = |site: &Site| site.service_provider().unwrap().refresh.clone();
        let now = bench.clock.now();

        let same = signed(&metadata(&[old.certificate()], ACS), &publisher);
        let found = refresh(Some(same)).await;
        let due_at = Some(now + TimeDelta::hours(1));
        assert_eq!((keys(&found), stand(&found).due_at), (1, due_at), "as its cacheDuration says");
        assert_eq!(bench.rows("site.metadata-refreshed").await, 0);
        // Not due: nothing is published that could be fetched.
        assert_eq!(refresh(None).await, found);

        bench.clock.advance(TimeDelta::hours(1));
        let both = metadata(&[old.certificate(), new.certificate()], ACS);
        let found = refresh(Some(signed(&both, &publisher))).await;
        assert_eq!((keys(&found), stand(&found).held), (2, vec![]));
        assert_eq!(bench.rows("site.metadata-refreshed").await, 1);

        for _ in 0..2 {
            bench.clock.advance(TimeDelta::hours(1));
            let moved = metadata(&[new.certificate()], "https://evil.example/acs");
            let found = refresh(Some(signed(&moved, &publisher))).await;
            let provider = found.service_provider().unwrap();
            let acs = provider.metadata.assertion_consumers[0].location.as_str();
            assert_eq!((acs, keys(&found)), (ACS, 2), "the last good copy stays");
            assert!(stand(&found).held.iter().any(|line| line.contains("evil.example")));
            assert_eq!(bench.rows("site.metadata-held").await, 1, "told once");
        }

        for (name, document) in [
            ("unsigned", both.clone()),
            ("by somebody else", signed(&both, &old)),
            ("nothing", String::new()),
        ] {
            bench.clock.advance(TimeDelta::hours(6));
            let found = refresh(Some(document)).await;
            assert!(stand(&found).problem.is_some(), "{name}");
            assert_eq!(keys(&found), 2, "{name}");
        }

        // A key that the site leaves out is trusted nowhere any more (security 14.5).
        bench.clock.advance(TimeDelta::hours(6));
        let found = refresh(Some(signed(&metadata(&[new.certificate()], ACS), &publisher))).await;
        assert_eq!((keys(&found), stand(&found).problem), (1, None));
        assert_eq!(stand(&found).held, Vec::<String>::new());
    }
}
