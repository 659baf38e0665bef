//! Requests that no honest client sends (section 21).

use hilum_tests::{Json, Person, Settings, Shared, TestIdp, exchange, on_every_store};
use reqwest::Method;

on_every_store![
    what_is_too_large_is_refused,
    octets_that_are_no_text_are_no_server_error,
    what_says_two_things_at_once_is_refused,
    a_line_break_makes_no_header_and_no_log_line,
    markup_is_shown_as_text,
    strange_numbers_and_names_are_no_server_error,
    who_sends_slowly_is_cut_off_and_others_are_served,
    a_bad_registration_is_refused_with_its_field,
    a_json_error_is_json_also_where_the_request_is_broken,
];

/// The status line's number.
fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

fn host(idp: &TestIdp) -> String {
    idp.origin.trim_start_matches("http://").to_owned()
}

async fn raw(idp: &TestIdp, request: &str) -> u16 {
    status(&exchange(idp.nodes()[0].public, request.replace("{host}", &host(idp)).as_bytes()).await)
}

/// 21.1
async fn what_is_too_large_is_refused(idp: Shared) {
    let body = format!("grant_type=client_credentials&x={}", "a".repeat(70_000));
    let form = "Content-Type: application/x-www-form-urlencoded";
    for path in [
        "/token",
        "/revoke",
        "/introspect",
        "/userinfo",
        "/authorize",
        "/end-session",
        "/sign-out",
        "/sign-on/x/password",
    ] {
        let answer = idp
            .call(Method::POST, path)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body.clone())
            .send()
            .await;
        let refused = answer.0 == 413 || (path.starts_with("/sign-on") && answer.0 == 400);
        assert!(refused, "{path}: {}", answer.0);
    }
    let address =
        format!("GET /authorize?state={} HTTP/1.1\r\nHost: {{host}}\r\n\r\n", "a".repeat(10_000));
    assert_eq!(raw(idp, &address).await, 414);
    let header =
        format!("GET / HTTP/1.1\r\nHost: {{host}}\r\nX-Long: {}\r\n\r\n", "a".repeat(20_000));
    assert_eq!(raw(idp, &header).await, 431);
    let huge = format!(
        "POST /token HTTP/1.1\r\nHost: {{host}}\r\n{form}\r\nContent-Length: 99999999999\r\n\r\nx"
    );
    let refused = raw(idp, &huge).await;
    assert!(matches!(refused, 400 | 408 | 413), "{refused}");
}

/// 21.1
async fn octets_that_are_no_text_are_no_server_error(idp: Shared) {
    let bodies: [&[u8]; 7] = [
        b"\xff\xfe\xfd",
        b"grant_type=\xff",
        b"grant_type=authorization_code&code=%00",
        b"%",
        b"a=%zz&&==",
        b"{\"grant_type\":",
        b"\0\0\0",
    ];
    for path in [
        "/token",
        "/revoke",
        "/introspect",
        "/userinfo",
        "/authorize",
        "/end-session",
        "/sign-out",
        "/sign-on/x/password",
        "/account/sessions/x/end",
    ] {
        for body in bodies {
            for kind in [
                "application/x-www-form-urlencoded",
                "application/json",
                "text/plain",
                "multipart/form-data",
            ] {
                let answer = idp
                    .call(Method::POST, path)
                    .header("Content-Type", kind)
                    .body(body)
                    .send()
                    .await;
                assert!(answer.0.as_u16() < 500, "{path} {kind} {body:?}: {}", answer.0);
            }
        }
    }
}

/// 21.2
async fn what_says_two_things_at_once_is_refused(idp: Shared) {
    for (what, request) in [
        ("two Hosts", "GET / HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n\r\n"),
        ("the same Host twice", "GET / HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n\r\n"),
        (
            "two Authorizations",
            "GET /userinfo HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
        ),
        (
            "two lengths",
            "POST /token HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\na=b=c",
        ),
        (
            "length and chunks",
            "POST /token HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        ("no Host", "GET / HTTP/1.1\r\n\r\n"),
        ("a negative length", "POST /token HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\n\r\n"),
    ] {
        assert_eq!(raw(idp, request).await, 400, "{what}");
    }
    let foreign = "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    assert!(matches!(raw(idp, foreign).await, 400 | 421), "17.5");
    let absolute = "GET http://evil.example/ HTTP/1.1\r\nHost: {host}\r\n\r\n";
    assert!(matches!(raw(idp, absolute).await, 400 | 421));
}

/// 21.3
async fn a_line_break_makes_no_header_and_no_log_line(idp: Shared) {
    let (site, mut browser) = (idp.site("alpha"), idp.browser());
    let mark = format!("INJECTED-{:?}", idp.backend);
    let evil = format!("x\r\nSet-Cookie: evil=1\r\n\r\n\n2026-01-01 ERROR {mark}\u{1b}[31m");
    let request = site.request().with("state", &evil).with("prompt", "none");
    let page = browser.get(&request.url()).await;
    assert_eq!(page.answer().state.as_deref(), Some(evil.as_str()));
    assert!(page.set_cookies().iter().all(|cookie| !cookie.contains("evil")));
    browser.headers.push(("User-Agent".into(), "x".into()));
    for name in ["client_id", "redirect_uri", "login_hint", "scope", "organization"] {
        let url = site.request().with(name, &evil).url();
        browser.get(&url).await;
    }
    site.token(&[("grant_type", &*evil)]).await;
    let page = browser.open(&site.request().url()).await;
    browser.sign_in(&page, &Person::new(&evil)).await;
    let log = idp.log();
    assert!(log.lines().all(|line| !line.starts_with("2026-01-01 ERROR")), "a forged line");
    assert!(!log.contains('\u{1b}'));
}

/// 21.4
async fn markup_is_shown_as_text(idp: Shared) {
    let name = "<b>Bold</b> \"Site\" & <script>alert(1)</script>";
    let id = format!("markup-{:?}", idp.backend).to_lowercase();
    let site = idp.add_site(&id, &serde_json::json!({ "client_name": name })).await;
    let mut browser = idp.browser();
    let request = site.request().with("prompt", "consent");
    let page = browser.open(&request.url()).await;
    let notice = browser.sign_in(&page, &Person::new("profile")).await;
    assert!(notice.is_notice(), "{}", notice.body);
    let done = browser.submit(&notice, "consent-allow", &[]).await;
    let code = done.answer().code.unwrap();
    assert_eq!(site.redeem(&request, &code).await.status, 200);
    let account = browser.visit("/account").await;
    for page in [&page, &notice, &account] {
        assert!(
            !page.body.contains("<b>Bold") && !page.body.contains("<script>alert"),
            "{}",
            page.body
        );
        assert!(page.body.contains("Bold"), "{}", page.url);
    }
    let mut stranger = idp.browser();
    let page =
        stranger.open(&idp.url("/authorize?client_id=%3Cscript%3Ealert(1)%3C/script%3E")).await;
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    let page = stranger.visit("/signed-out?session=%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
}

/// 21.5
async fn strange_numbers_and_names_are_no_server_error(idp: Shared) {
    let (site, mut browser) = (idp.site("one"), idp.browser());
    site.sign_on(&mut browser, &Person::new("biller")).await;
    for value in [
        "-1",
        "0",
        "99999999999999999999999",
        "1e9",
        "NaN",
        "'; DROP TABLE session; --",
        "\u{0}",
        "%00",
        "\u{202e}",
    ] {
        for name in [
            "max_age",
            "organization",
            "ui_locales",
            "acr_values",
            "prompt",
            "display",
            "claims_locales",
            "login_hint",
        ] {
            let page = browser.open(&site.request().with(name, value).url()).await;
            assert!(page.status < 500, "{name}={value}: {}", page.status);
        }
    }
    for path in [
        "/signed-out?session=x",
        "/signed-out?session=",
        "/account/sessions?done=%00",
        "/account/sessions?done=x&done=y",
        "/authorize?parked=x",
        "/end-session?parked=%ff",
    ] {
        let page = browser.visit(path).await;
        assert!(page.status < 500, "{path}: {}", page.status);
    }
    assert!(idp.database.number("SELECT COUNT(*) AS v FROM session") > 0, "and the table is there");
}

/// 21.6
async fn who_sends_slowly_is_cut_off_and_others_are_served(backend: hilum_tests::Backend) {
    let idp =
        TestIdp::start_with(backend, Settings::new().with("limits.request_seconds", "1")).await;
    let head = format!(
        "POST /token HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ngrant",
        host(&idp)
    );
    let unfinished = (0..20).map(|_| exchange(idp.nodes()[0].public, head.as_bytes()));
    let unfinished_heads =
        (0..20).map(|_| exchange(idp.nodes()[0].public, b"GET / HTTP/1.1\r\nHost: loc"));
    let others = async {
        for _ in 0..5 {
            assert_eq!(idp.site("machine").client_credentials().await.status, 200);
        }
    };
    let (bodies, heads, ()) = tokio::join!(
        futures_util::future::join_all(unfinished),
        futures_util::future::join_all(unfinished_heads),
        others
    );
    assert!(bodies.iter().all(|answer| matches!(status(answer), 408 | 0)), "{bodies:?}");
    assert!(heads.iter().all(|answer| matches!(status(answer), 408 | 0)), "{heads:?}");
}

/// 21.1: unknown fields and wrong types of a registration are named (4.2)
async fn a_bad_registration_is_refused_with_its_field(idp: Shared) {
    use serde_json::json;
    for (more, code, field) in [
        (
            json!({ "redirect_uris": ["https://*.example/cb"] }),
            "invalid_redirect_uri",
            "redirect_uris",
        ),
        (
            json!({ "redirect_uris": ["https://x.example/cb#f"] }),
            "invalid_redirect_uri",
            "redirect_uris",
        ),
        (
            json!({ "redirect_uris": ["http://x.example/cb"] }),
            "invalid_redirect_uri",
            "redirect_uris",
        ),
        (
            json!({ "redirect_uris": ["javascript:alert(1)"] }),
            "invalid_redirect_uri",
            "redirect_uris",
        ),
        (
            json!({ "redirect_uris": ["JaVaScRiPt:alert(1)"] }),
            "invalid_redirect_uri",
            "redirect_uris",
        ),
        (json!({ "redirect_uris": ["DATA:text/html,x"] }), "invalid_redirect_uri", "redirect_uris"),
        (json!({ "redirect_uris": [] }), "redirect_uris", "redirect_uris"),
        (json!({ "grant_types": ["password"] }), "grant_types", "grant_types"),
        (
            json!({ "backchannel_logout_uri": "http://10.0.0.1/out" }),
            "backchannel_logout_uri",
            "backchannel_logout_uri",
        ),
        (json!({ "require_pkec": false }), "require_pkec", "require_pkec"),
        (json!({ "client_name": 7 }), "client_name", "client_name"),
    ] {
        let output = idp.register(&hilum_tests::standing::registration("bad-site", &more));
        assert_ne!(output.code, 0, "{more}");
        let said = format!("{}{}", output.stdout, output.stderr);
        assert!(said.contains(field), "{more}: {said}");
        let _ = code;
    }
    assert!(!idp.must(&["site", "list"]).stdout.contains("bad-site"), "nothing is stored");
    let page = idp.browser().get(&idp.url("/authorize?client_id=bad-site")).await;
    assert_eq!(page.status, 400);
}

async fn a_json_error_is_json_also_where_the_request_is_broken(idp: Shared) {
    let site = idp.site("alpha");
    let answer =
        Json::of(site.authenticated("/token", &[("grant_type", "x".repeat(70_000))]).send().await);
    assert_eq!((answer.status, answer.error().1), (413, "invalid_request"), "{}", answer.text);
}
