//! Both listeners over real connections: what bad input gets, and how a node ends.

use std::{
    future::Future,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    pin::Pin,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Form, Json},
};
use tokio::sync::mpsc;

use super::{
    client_address::ClientAddress,
    health::Readiness,
    server::{ServeError, Surroundings, serve_until},
};
use crate::{config::testing::Folder, metrics::Metrics};

/// A running node with a few handlers.
struct Node {
    public: SocketAddr,
    private: SocketAddr,
    stop: mpsc::Sender<()>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
    _folder: Folder,
}

struct Missing(&'static str);

impl Readiness for Missing {
    fn missing(&self) -> Pin<Box<dyn Future<Output = Vec<&'static str>> + Send + '_>> {
        Box::pin(async { if self.0.is_empty() { vec![] } else { vec![self.0] } })
    }
}

fn routes(services: &mut web::ServiceConfig) {
    services
        .route("/", web::get().to(async || "hello"))
        .route("/form", web::post().to(async |_: Form<Vec<(String, String)>>| "read"))
        .route("/json", web::post().to(async |_: Json<serde_json::Value>| "read"))
        .route("/panic", web::get().to(panics))
        .route("/unset", web::get().to(async |_: web::Data<u8>| "never"))
        .route("/who", web::get().to(async |from: ClientAddress| from.0.to_string()))
        .route("/slow", web::get().to(slow))
        .route("/bare", web::get().to(async || HttpResponse::Unauthorized().finish()));
}

async fn panics() -> HttpResponse {
    panic!("the secret is open-sesame")
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_millis(700)).await;
    "finished"
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Node {
    fn start(variables: &[(&str, &str)]) -> Self {
        Self::start_missing("", variables)
    }

    fn start_missing(missing: &'static str, variables: &[(&str, &str)]) -> Self {
        let (public, private) = (free_address(), free_address());
        let listen = [public.to_string(), private.to_string()];
        let mut all = vec![
            ("HILUM__PUBLIC__LISTEN", &*listen[0]),
            ("HILUM__PRIVATE__LISTEN", &*listen[1]),
            ("HILUM__LIMITS__REQUEST_SECONDS", "1"),
            ("HILUM__LIMITS__WORKERS", "1"),
        ];
        all.extend(variables);
        let folder = Folder::new();
        let config = folder.config(&all);
        let around = Surroundings {
            error_page: Arc::new(|status, reference| format!("<p>{status} {reference}</p>")),
            metrics: Arc::new(Metrics::new()),
            readiness: Arc::new(Missing(missing)),
        };
        let (stop, stopped) = mpsc::channel(2);
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(serve_until(stopped, &config, around, routes))
        });
        let node = Self { public, private, stop, thread: Some(thread), _folder: folder };
        let began = Instant::now();
        while TcpStream::connect(node.private).is_err() {
            assert!(began.elapsed() < Duration::from_secs(10), "the node does not start");
            thread::sleep(Duration::from_millis(10));
        }
        node
    }

    /// The answer to a request for `/` and more of our host, on a connection of its own.
    fn get(&self, path: &str) -> String {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nHost: localhost:8080\r\n"))
    }

    /// The answer to a request whose head lacks only its end.
    fn exchange(&self, head: &str) -> String {
        exchange(self.public, &format!("{head}Connection: close\r\n\r\n"))
    }

    fn post(&self, path: &str, kind: &str, body: &str) -> String {
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\n\
             Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        );
        exchange(self.public, &format!("{head}{body}"))
    }

    fn end(&mut self) -> Result<(), ServeError> {
        self.stop.blocking_send(()).unwrap();
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.end().unwrap();
        }
    }
}

fn exchange(address: SocketAddr, request: &str) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    // A server that has seen enough may close while we still write.
    let _ = connection.write_all(request.as_bytes());
    read_answer(&mut connection)
}

fn read_answer(connection: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while let Ok(length @ 1..) = connection.read(&mut part) {
        answer.extend_from_slice(&part[..length]);
    }
    String::from_utf8(answer).unwrap()
}

fn status(answer: &str) -> StatusCode {
    answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(StatusCode::IM_A_TEAPOT)
}

fn header<'a>(answer: &'a str, name: &str) -> &'a str {
    let line = answer.lines().take_while(|line| !line.is_empty()).find_map(|line| {
        let (this, value) = line.split_once(": ")?;
        this.eq_ignore_ascii_case(name).then_some(value)
    });
    line.unwrap_or("")
}

#[test]
fn every_answer_carries_the_security_headers() {
    let node = Node::start(&[]);
    for (answer, expected) in [
        (node.get("/"), 200),
        (node.get("/nowhere"), 404),
        (node.get("/panic"), 500),
        (node.get("/unset"), 500),
        (node.get("/bare"), 401),
        (node.exchange("GET / HTTP/1.1\r\nHost: evil.example\r\n"), 421),
        (
            exchange(node.private, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
            200,
        ),
    ] {
        assert_eq!(status(&answer), expected, "{answer}");
        let policy = header(&answer, "content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{answer}");
        assert!(policy.contains("default-src 'none'"), "{answer}");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff", "{answer}");
        assert_eq!(header(&answer, "referrer-policy"), "no-referrer", "{answer}");
        assert_eq!(header(&answer, "cross-origin-opener-policy"), "same-origin", "{answer}");
        assert_eq!(header(&answer, "cache-control"), "no-store", "{answer}");
    }
}

#[test]
fn a_request_for_another_host_goes_no_further() {
    let node = Node::start(&[]);
    for (head, expected) in [
        ("GET / HTTP/1.1\r\nHost: localhost:8080\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: LOCALHOST:8080\r\n", 200),
        ("GET http://localhost:8080/ HTTP/1.1\r\nHost: localhost:8080\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: localhost\r\n", 421),
        ("GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n", 421),
        ("GET / HTTP/1.1\r\nHost: localhost:8080.evil.example\r\n", 421),
        ("GET / HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost:8080\r\n", 421),
        ("GET http://evil.example/ HTTP/1.1\r\nHost: localhost:8080\r\n", 421),
        ("GET http://localhost:8080/ HTTP/1.1\r\nHost: evil.example\r\n", 421),
        ("GET / HTTP/1.1\r\n", 400),
        ("GET / HTTP/1.0\r\n", 400),
    ] {
        assert_eq!(status(&node.exchange(head)), expected, "{head}");
    }
}

#[test]
fn two_headers_where_one_is_meant_are_refused() {
    let node = Node::start(&[]);
    let host = "Host: localhost:8080\r\n";
    for twice in [
        "Host: localhost:8080\r\n",
        "Authorization: Basic YTpi\r\nAuthorization: Bearer x\r\n",
        "Content-Length: 0\r\nContent-Length: 0\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    ] {
        let answer = node.exchange(&format!("GET / HTTP/1.1\r\n{host}{twice}"));
        assert_eq!(status(&answer), 400, "{twice}: {answer}");
    }
}

#[test]
fn what_is_too_large_is_refused_by_its_own_status() {
    let node = Node::start(&[]);
    let long = |length: usize| "x".repeat(length);
    assert_eq!(status(&node.get(&format!("/?q={}", long(8_000)))), 200);
    assert_eq!(status(&node.get(&format!("/?q={}", long(8_200)))), 414);
    for length in [17_000, 200_000] {
        let head =
            format!("GET / HTTP/1.1\r\nHost: localhost:8080\r\nCookie: {}\r\n", long(length));
        assert_eq!(status(&node.exchange(&head)), 431, "{length}");
    }

    let form = "application/x-www-form-urlencoded";
    assert_eq!(status(&node.post("/form", form, &format!("a={}", long(65_000)))), 200);
    let answer = node.post("/form", form, &format!("a={}", long(66_000)));
    assert_eq!(status(&answer), 413, "{answer}");
    assert!(answer.contains("<p>413"), "our page, not the framework's text: {answer}");
    let json = "application/json";
    assert_eq!(status(&node.post("/json", json, &format!("\"{}\"", long(260_000)))), 200);
    assert_eq!(status(&node.post("/json", json, &format!("\"{}\"", long(263_000)))), 413);
}

#[test]
fn a_malformed_body_never_leads_to_a_500() {
    let node = Node::start(&[]);
    for (path, kind, body, expected) in [
        ("/json", "application/json", "{", 400),
        ("/json", "application/json", "\"\u{0}\"", 400),
        ("/json", "text/plain", "{}", 400),
        ("/form", "text/plain", "a=b", 415),
        ("/form", "application/x-www-form-urlencoded", "%ff=%00", 200),
    ] {
        let answer = node.post(path, kind, body);
        assert_eq!(status(&answer).as_u16(), expected, "{path} {body:?}: {answer}");
    }
}

#[test]
fn a_request_that_trickles_in_is_cut_off_while_others_are_served() {
    let node = Node::start(&[]);
    let mut head = TcpStream::connect(node.public).unwrap();
    head.write_all(b"GET / HTTP/1.1\r\nHost: local").unwrap();
    let mut body = TcpStream::connect(node.public).unwrap();
    body.write_all(
        b"POST /json HTTP/1.1\r\nHost: localhost:8080\r\nContent-Type: application/json\r\n\
          Content-Length: 100\r\n\r\n{\"a\":",
    )
    .unwrap();

    assert_eq!(status(&node.get("/")), 200);
    for connection in [&mut head, &mut body] {
        connection.set_read_timeout(Some(Duration::from_secs(4))).unwrap();
        let answer = read_answer(connection);
        assert_eq!(status(&answer), 408, "{answer}");
    }
}

#[test]
fn a_panic_costs_one_request_and_tells_nothing() {
    let node = Node::start(&[]);
    for _ in 0..3 {
        let answer = node.get("/panic");
        assert_eq!(status(&answer), 500);
        let (_, page) = answer.split_once("<p>500 Internal Server Error ").unwrap();
        assert_eq!(page.len(), "ABCDEFGHIJ</p>".len(), "a reference and nothing else: {answer}");
        assert!(!answer.contains("sesame"), "{answer}");
    }
    assert_eq!(status(&node.get("/")), 200);
    let unset = node.get("/unset");
    assert!(!unset.contains("app_data") && unset.contains("<p>500"), "{unset}");

    let counted =
        exchange(node.private, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(counted.contains("hilum_panics_total 3"), "{counted}");
    assert!(counted.contains("hilum_requests_total{route=\"/\",status=\"200\"} 1"), "{counted}");
}

#[test]
fn a_forged_forwarding_header_changes_nobodys_address() {
    let forged = "X-Forwarded-For: 203.0.113.9\r\nForwarded: for=203.0.113.9\r\n\
                  X-Real-IP: 203.0.113.9\r\n";
    let request = format!("GET /who HTTP/1.1\r\nHost: localhost:8080\r\n{forged}");
    let node = Node::start(&[]);
    assert!(node.exchange(&request).ends_with("\r\n127.0.0.1"));

    let node = Node::start(&[("HILUM__PUBLIC__BEHIND_PROXY", "127.0.0.1")]);
    let answer = node.exchange(&format!("{request}X-Forwarded-For: 198.51.100.1\r\n"));
    assert!(answer.ends_with("\r\n198.51.100.1"), "{answer}");
}

#[test]
fn a_node_that_stops_finishes_what_it_has_begun() {
    let mut node = Node::start(&[]);
    let public = node.public;
    let request = "GET /slow HTTP/1.1\r\nHost: localhost:8080\r\n\r\n";
    let in_flight = thread::spawn(move || exchange(public, request));
    thread::sleep(Duration::from_millis(200));
    let began = Instant::now();
    node.end().unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let answer = in_flight.join().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("finished"), "{answer}");
    assert!(TcpStream::connect(public).is_err(), "no new connection is taken");
}

#[test]
fn readiness_names_what_is_missing_while_liveness_stays_green() {
    let ask = |node: &Node, path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        exchange(node.private, &request)
    };
    let well = Node::start(&[]);
    assert_eq!(status(&ask(&well, "/readyz")), 200);

    let ill = Node::start_missing("database", &[]);
    let answer = ask(&ill, "/readyz");
    assert_eq!(status(&answer), 503);
    assert!(answer.contains(r#"["database"]"#), "{answer}");
    assert_eq!(status(&ask(&ill, "/healthz")), 200);
    assert_eq!(status(&ill.get("/healthz")), 404, "only the private listener tells");
}

#[test]
fn an_address_in_use_is_told_by_the_name_of_its_setting() {
    let first = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = first.local_addr().unwrap().to_string();
    let folder = Folder::new();
    let config = folder.config(&[("HILUM__PUBLIC__LISTEN", &taken)]);
    let around = Surroundings {
        error_page: Arc::new(|_, _| String::new()),
        metrics: Arc::new(Metrics::new()),
        readiness: Arc::new(Missing("")),
    };
    let (_stop, stopped) = mpsc::channel(1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outcome = runtime.block_on(serve_until(stopped, &config, around, routes));
    let told = outcome.unwrap_err().to_string();
    assert!(told.contains("public.listen") && told.contains(&taken), "{told}");
    drop(first);
}
