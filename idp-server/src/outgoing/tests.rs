use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
    time::Instant,
};

use super::*;

fn allowing(hosts: &[&str]) -> config::Outgoing {
    let allow_hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
    config::Outgoing { allow_hosts, extra_ca_file: None }
}

#[test]
fn only_public_addresses_are_called() {
    for (address, public) in [
        ("8.8.8.8", true),
        ("1.1.1.1", true),
        ("172.15.255.255", true),
        ("172.32.0.0", true),
        ("100.63.255.255", true),
        ("100.128.0.0", true),
        ("223.255.255.255", true),
        ("2606:4700::1111", true),
        ("0.0.0.0", false),
        ("0.1.2.3", false),
        ("10.0.0.1", false),
        ("100.64.0.1", false),
        ("100.100.100.200", false),
        ("127.0.0.1", false),
        ("127.255.255.254", false),
        ("168.63.129.16", false),
        ("169.254.169.254", false),
        ("172.16.0.1", false),
        ("172.31.255.255", false),
        ("192.0.0.192", false),
        ("192.0.2.1", false),
        ("192.168.1.1", false),
        ("198.18.0.1", false),
        ("198.51.100.1", false),
        ("203.0.113.1", false),
        ("224.0.0.1", false),
        ("255.255.255.255", false),
        ("::", false),
        ("::1", false),
        ("::127.0.0.1", false),
        ("::8.8.8.8", false),
        ("::ffff:127.0.0.1", false),
        ("::ffff:8.8.8.8", false),
        ("64:ff9b::7f00:1", false),
        ("64:ff9b:1::1", false),
        ("100::1", false),
        ("2001::1", false),
        ("2001:db8::1", false),
        ("2002:7f00:1::", false),
        ("3fff::1", false),
        ("fc00::1", false),
        ("fd00:ec2::254", false),
        ("fe80::1", false),
        ("fec0::1", false),
        ("ff02::1", false),
    ] {
        assert_eq!(judge_address(address.parse().unwrap()).is_ok(), public, "{address}");
    }
}

#[test]
fn an_address_is_judged_in_any_notation() {
    let allow = AllowedHosts::new(vec!["sites.internal".to_owned(), "10.0.0.7".to_owned()]);
    for (text, expected) in [
        ("https://site.example/jwks", Ok(())),
        ("https://site.example:443/jwks", Ok(())),
        ("https://8.8.8.8/", Ok(())),
        ("http://sites.internal:8091/logout", Ok(())),
        ("https://SITES.internal/", Ok(())),
        ("http://10.0.0.7:1/", Ok(())),
        ("http://site.example/jwks", Err(Refusal::Scheme)),
        ("ftp://sites.internal/", Err(Refusal::Scheme)),
        ("file:///etc/passwd", Err(Refusal::Scheme)),
        ("gopher://site.example/", Err(Refusal::Scheme)),
        ("https://site.example:8443/", Err(Refusal::Port)),
        ("https://site.example:22/", Err(Refusal::Port)),
        ("https://someone@site.example/", Err(Refusal::Credentials)),
        ("https://sites.internal@evil.example/", Err(Refusal::Credentials)),
        ("https://:x@site.example/", Err(Refusal::Credentials)),
        ("https://10.0.0.8/", Err(Refusal::Address)),
        ("https://127.0.0.1/", Err(Refusal::Address)),
        ("https://2130706433/", Err(Refusal::Address)),
        ("https://0x7f000001/", Err(Refusal::Address)),
        ("https://0177.0.0.1/", Err(Refusal::Address)),
        ("https://0x7f.1/", Err(Refusal::Address)),
        ("https://127.1/", Err(Refusal::Address)),
        ("https://0/", Err(Refusal::Address)),
        ("https://\u{ff11}27.0.0.1/", Err(Refusal::Address)),
        ("https://169.254.169.254/latest/meta-data", Err(Refusal::Address)),
        ("https://[::1]/", Err(Refusal::Address)),
        ("https://[::ffff:169.254.169.254]/", Err(Refusal::Address)),
        ("https://[0:0:0:0:0:ffff:7f00:1]/", Err(Refusal::Address)),
        ("https://[fd00:ec2::254]/", Err(Refusal::Address)),
        ("https://localhost/", Err(Refusal::Address)),
        ("https://LOCALHOST./", Err(Refusal::Address)),
        ("https://evil.localhost/", Err(Refusal::Address)),
        ("https://sites.internal.evil.example:8091/", Err(Refusal::Port)),
    ] {
        let url = Url::parse(text).unwrap();
        assert_eq!(judge_url(&url, &allow), expected, "{text} is {url}");
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_when_it_is_resolved() {
    let name = || "localhost".parse::<Name>().unwrap();
    let refused = Guard(Arc::default()).resolve(name()).await;
    let error = refused.err().unwrap();
    assert_eq!(error.downcast_ref::<Refusal>(), Some(&Refusal::Address));

    let allow = Arc::new(AllowedHosts::new(vec!["localhost".to_owned()]));
    assert!(Guard(allow).resolve(name()).await.unwrap().all(|found| found.ip().is_loopback()));
}

#[tokio::test]
async fn the_client_itself_does_not_connect_to_such_a_name() {
    let outgoing = Outgoing::new(&allowing(&[])).unwrap();
    // Past the judge, as if the name had meant something else when it was judged.
    let outcome = outgoing.send(outgoing.client.get("https://localhost/")).await;
    assert!(matches!(outcome, Err(OutgoingError::Refused(Refusal::Address))), "{outcome:?}");
}

/// Answers one request with `answer`, and says what it was.
fn site(answer: String) -> (Url, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://localhost:{}/path", listener.local_addr().unwrap().port());
    let serving = thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut request = vec![0; 4096];
        let length = connection.read(&mut request).unwrap();
        let _ = connection.write_all(answer.as_bytes());
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    (Url::parse(&url).unwrap(), serving)
}

#[tokio::test]
async fn an_allowed_host_is_called_and_its_redirect_is_not_followed() {
    let outgoing = Outgoing::new(&allowing(&["localhost"])).unwrap();
    let (url, serving) = site(
        "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 2\r\n\
         Content-Type: text/html\r\n\r\nhi"
            .to_owned(),
    );
    let answer = outgoing.post_form(&url, &[("logout_token", "a+b")]).await.unwrap();
    assert_eq!((answer.status, &*answer.body), (302, &b"hi"[..]));
    assert_eq!(answer.content_type.as_deref(), Some("text/html"));
    let request = serving.join().unwrap();
    assert!(request.starts_with("POST /path HTTP/1.1\r\n"), "{request}");
    assert!(request.ends_with("logout_token=a%2Bb"), "{request}");
}

#[tokio::test]
async fn a_refused_address_sees_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let outgoing = Outgoing::new(&allowing(&[])).unwrap();
    for host in ["localhost", "127.0.0.1", "2130706433", "[::ffff:127.0.0.1]"] {
        for scheme in ["http", "https"] {
            let url = Url::parse(&format!("{scheme}://{host}:{port}/")).unwrap();
            let outcome = outgoing.get(&url).await;
            assert!(matches!(outcome, Err(OutgoingError::Refused(_))), "{url}: {outcome:?}");
        }
    }
    assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let outgoing = Outgoing::new(&allowing(&["localhost"])).unwrap();
    for length in [MAX_BODY, MAX_BODY + 1] {
        let (url, _serving) = site(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(length)));
        match outgoing.get(&url).await {
            Ok(answer) => assert_eq!((answer.body.len(), length), (MAX_BODY, MAX_BODY)),
            Err(error) => {
                assert!(matches!(error, OutgoingError::TooLarge), "{error}");
                assert_eq!(length, MAX_BODY + 1);
            }
        }
    }
}

#[tokio::test]
async fn a_site_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
    let outgoing =
        Outgoing::with_time(&allowing(&["localhost"]), Duration::from_millis(200)).unwrap();
    let began = Instant::now();
    let outcome = outgoing.get(&Url::parse(&url).unwrap()).await;
    assert!(matches!(outcome, Err(OutgoingError::TimedOut)), "{outcome:?}");
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_failure_does_not_repeat_the_address() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = Url::parse(&format!("http://localhost:{free}/?secret=open-sesame")).unwrap();
    let outgoing = Outgoing::new(&allowing(&["localhost"])).unwrap();
    let told = outgoing.get(&url).await.unwrap_err().to_string();
    assert!(!told.contains("sesame"), "{told}");
}

#[test]
fn an_extra_ca_file_must_hold_certificates() {
    let folder = crate::config::testing::Folder::new();
    for content in ["", "no pem"] {
        let mut settings = allowing(&[]);
        settings.extra_ca_file = Some(folder.file("ca.pem", content, 0o644).into());
        let outcome = Outgoing::new(&settings);
        assert!(matches!(outcome, Err(OutgoingError::ExtraCa { .. })), "{content:?}");
    }
}
