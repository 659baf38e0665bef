//! The jobs at work: a session ends, the site hears of it, and the record of it is sealed.

mod daily;
mod metadata;
mod saml;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
    thread,
    time::Duration,
};

use chrono::TimeDelta;
use idp_core::{
    audit::{Actor, check},
    community::site_registration::{self, Circumstances},
    oidc::{jose::TokenType, params::Params},
};
use serde_json::{Value, json};

use super::start;
use crate::{
    app::App,
    clock::{Clock as _, TestClock},
    config::testing::Folder,
    keys::ring::Expiry,
    random::Random,
    store::{
        AnyConn, Cause, Ending, Scope, StoreError, audit, end_access,
        outbox::{self, MessageState, Receipt},
        site,
        tests::{
            TestDatabase,
            samples::{at, community, open, store_grant, store_session},
        },
    },
};

/// A program with its own database and clock, and a site that hears of logouts.
struct Bench {
    app: Arc<App>,
    clock: Arc<TestClock>,
    database: TestDatabase,
    heard: Receiver<Params>,
    _folder: Folder,
}

/// A site's server that answers each call with the next of these statuses and passes the form on.
fn site_server(statuses: &'static [u16]) -> (u16, Receiver<Params>) {
    let listener = TcpListener::bind("localhost:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (told, heard) = channel();
    thread::spawn(move || {
        for (status, stream) in statuses.iter().zip(listener.incoming()) {
            let mut stream = BufReader::new(stream.unwrap());
            let body = read_body(&mut stream);
            let head =
                format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.get_mut().write_all(head.as_bytes()).unwrap();
            told.send(Params::parse(&body)).unwrap();
        }
    });
    (port, heard)
}

/// The body of a request.
fn read_body(stream: &mut BufReader<TcpStream>) -> Vec<u8> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let line = line.trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    body
}

impl Bench {
    /// Ann was signed in at the site, and her session has just ended.
    async fn on(database: TestDatabase, statuses: &'static [u16]) -> Self {
        let (port, heard) = site_server(statuses);
        let document = json!({
            "client_id": "listener", "client_name": "listener",
            "redirect_uris": ["https://listener.example/cb"],
            "backchannel_logout_uri": format!("http://localhost:{port}/logout"),
        });
        let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
        let listener = site_registration::read(&document, circumstances).unwrap().site;
        let add = move |conn: &mut AnyConn| {
            site::insert(conn, &listener, at(0))?;
            store_session(conn, "ann", "ann", 0)?;
            store_grant(conn, "a", "ann", "ann", "listener")
        };
        Self::with(database, heard, add).await
    }

    /// The session that `add` begins has just ended.
    async fn with(
        database: TestDatabase,
        heard: Receiver<Params>,
        add: impl Fn(&mut AnyConn) -> Result<(), StoreError> + Send + 'static,
    ) -> Self {
        database.write(community).await;
        database
            .write(move |conn| {
                add(conn)?;
                let (actor, now) = (Actor::Nobody, at(1));
                let ending = Ending { actor, address: None, cause: Cause::SignedOut, now };
                let session = Scope::Session("ses_ann".parse().unwrap());
                end_access(conn, &session, &ending, &Random::new()).map(drop)
            })
            .await;
        let folder = Folder::new();
        let mut config = folder.config(&[]);
        config.database.url = database.url.clone();
        config.outgoing.allow_hosts = vec!["localhost".to_owned()];
        let mut app = App::open(&config).await.unwrap();
        let clock = Arc::new(TestClock::at(at(1)));
        app.clock = Arc::clone(&clock) as _;
        app.db = database.db.clone();
        app.open_ssn = Arc::new(open);
        Self { app: Arc::new(app), clock, database, heard, _folder: folder }
    }

    async fn receipt(&self) -> Receipt {
        let session = "ses_ann".parse().unwrap();
        self.database.read(move |conn| outbox::receipts(conn, &session)).await.remove(0)
    }

    /// Waits until the receipt says so.
    async fn until(&self, what: impl Fn(&Receipt) -> bool) -> Receipt {
        for _ in 0..600 {
            let receipt = self.receipt().await;
            if what(&receipt) {
                return receipt;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("still {:?}", self.receipt().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_hears_of_an_ended_session_once_it_answers() {
    for database in TestDatabase::each() {
        let bench = Bench::on(database, &[503, 204]).await;
        let jobs = start(&bench.app);
        let first = bench.until(|receipt| receipt.attempts == 1).await;
        assert_eq!(first.state, MessageState::Pending);
        assert_eq!(first.last_status.as_deref(), Some("status 503"));
        bench.clock.advance(TimeDelta::seconds(1));
        let second = bench.until(|receipt| receipt.state == MessageState::Delivered).await;
        assert_eq!((second.attempts, second.delivered_at), (2, Some(bench.clock.now())));
        jobs.stop().await;

        let tokens = [(); 2].map(|()| {
            let form = bench.heard.recv().unwrap();
            let token = form.find("logout_token").unwrap();
            let expiry = Expiry::At(bench.clock.now());
            let ring = &bench.app.ring;
            ring.verify_own::<Value>(token, TokenType::LogoutToken, expiry).unwrap()
        });
        let naming = &bench.app.sites.find(&"listener".parse().unwrap()).unwrap().naming;
        for token in &tokens {
            assert_eq!(token["aud"], "listener");
            assert_eq!(token["sub"], naming.subject(&"sub_ann".parse().unwrap()));
            assert_eq!(token["sid"], naming.session(&"ses_ann".parse().unwrap()));
            assert!(token.get("nonce").is_none());
        }
        assert_ne!(tokens[0]["jti"], tokens[1]["jti"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_took_on_and_did_not_finish_another_one_does() {
    for database in TestDatabase::each() {
        let bench = Bench::on(database, &[200]).await;
        let lease = at(1) + TimeDelta::seconds(30);
        let claimed = bench.database.write(move |conn| outbox::claim(conn, 9, at(1), lease)).await;
        assert_eq!(claimed.len(), 1, "taken on by a node that dies now");
        let jobs = start(&bench.app);
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!(bench.receipt().await.attempts, 0);
        bench.clock.advance(TimeDelta::seconds(30));
        bench.until(|receipt| receipt.state == MessageState::Delivered).await;
        jobs.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_is_sealed_behind_what_happens() {
    for database in TestDatabase::each() {
        let bench = Bench::on(database, &[200]).await;
        let waiting = bench.database.read(audit::waiting).await;
        assert!(waiting >= 3, "{waiting}");
        let jobs = start(&bench.app);
        bench.until(|receipt| receipt.state == MessageState::Delivered).await;
        // What was written last is sealed before the jobs have stopped.
        jobs.stop().await;
        assert_eq!(bench.database.read(audit::waiting).await, 0);
        let rows = bench.database.read(|conn| audit::sealed_after(conn, 0, 1000)).await;
        let heads = bench.database.read(|conn| audit::heads_after(conn, 0, 1000)).await;
        let kinds: Vec<&str> =
            rows.iter().filter_map(|(_, event)| event.as_ref()).map(|e| e.kind.as_str()).collect();
        assert!(kinds.contains(&"logout.delivered"), "{kinds:?}");
        let keys = bench.app.audit_keys();
        let findings = check(rows, heads, |kid, message, signature| {
            keys.has_signed(kid.as_str(), message, signature)
        });
        assert_eq!(findings, []);
    }
}
