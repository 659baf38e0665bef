//! The public pages, and the forms that anybody may send.

use hilum_tests::{Fresh, Page, TestIdp, on_every_store};

on_every_store![
    what_is_to_be_read_can_be_read_by_anybody,
    the_test_of_a_browser_knows_whether_a_cookie_comes_back,
    the_form_of_an_administrator_who_left_has_these_fields_and_becomes_a_ticket,
    what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays,
    no_form_says_whether_there_is_such_a_person_or_organization,
    a_line_break_or_too_much_is_refused,
    a_flood_of_requests_ends_in_a_page_that_says_so,
];

pub(super) const LEFT: [(&str, &str); 6] = [
    ("organization_name", "Cedar Falls Family Medicine"),
    ("organization_address", "1 Main St, Cedar Falls"),
    ("person_name", "Ana Rivera"),
    ("user_id", "practitioner"),
    ("work_phone", "360 555 0111"),
    ("work_email", "ana@cedar-falls.example"),
];

fn tickets(idp: &TestIdp) -> usize {
    idp.database.column("SELECT id AS v FROM ticket").len()
}

/// R3, R63, R69, R92
async fn what_is_to_be_read_can_be_read_by_anybody(idp: Fresh) {
    let mut browser = idp.browser();
    for path in [
        "/agreements",
        "/browser-test",
        "/cookies",
        "/guides/administrator",
        "/help",
        "/notary",
        "/privacy",
        "/sites",
        "/status",
    ] {
        let page = browser.visit(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        for link in page.body.split("href=\"/").skip(1).filter_map(|rest| rest.split('"').next()) {
            let linked = browser.visit(&format!("/{link}")).await;
            assert_eq!(linked.status, 200, "{path} leads to /{link}");
        }
    }
    let page = browser.visit("/sites").await;
    assert!(page.body.contains("Credentia") && page.body.contains("Licensed practitioner"));
    assert!(browser.visit("/status").await.has("works"));
}

async fn the_test_of_a_browser_knows_whether_a_cookie_comes_back(idp: Fresh) {
    let mut browser = idp.browser();
    let page = browser.visit("/browser-test").await;
    let page = browser.follow_link(&page, "test").await;
    assert!(page.has("cookies-good"), "{}", page.body);
    assert!(!browser.cookies.contains_key("__Host-hilum-test"), "nothing stays");
    let page = idp.browser().visit("/browser-test?end=1").await;
    assert!(page.has("cookies-bad"), "{}", page.body);
}

/// R48
async fn the_form_of_an_administrator_who_left_has_these_fields_and_becomes_a_ticket(idp: Fresh) {
    let mut browser = idp.browser();
    let page = browser.visit("/administrator-left").await;
    let form = page.form("ask-submit");
    let own = ["form_token", "challenge", "solution"];
    let fields: Vec<_> = form
        .fields
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| !own.contains(name))
        .collect();
    assert_eq!(fields, LEFT.map(|(name, _)| name));
    let page = browser.submit(&page, "ask-submit", &LEFT).await;
    assert_eq!(page.status, 201, "{}", page.body);
    assert_eq!(idp.database.column("SELECT kind AS v FROM ticket").concat(), "promote-admin");
}

async fn what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(idp: Fresh) {
    let mut browser = idp.browser();
    let page = browser.visit("/contact").await;
    let fields = [
        ("name", "Ana"),
        ("email", "nobody"),
        ("phone", "call me"),
        ("message", " "),
        ("kind", "notary"),
    ];
    let page = browser.submit(&page, "ask-submit", &fields).await;
    assert_eq!(page.status, 422, "{}", page.body);
    for field in ["email", "phone", "message", "kind"] {
        assert!(page.has(&format!("{field}-wrong")), "{field}: {}", page.body);
    }
    assert!(!page.has("name-wrong"));
    assert_eq!(page.form("ask-submit").value("name"), Some("Ana"));
    assert_eq!(tickets(&idp), 0);
}

/// 17.1, R73: the page is the same to the octet but for what changes each time.
async fn no_form_says_whether_there_is_such_a_person_or_organization(idp: Fresh) {
    let without_tokens = |page: &Page| {
        assert!(matches!(page.status, 200 | 201), "{}", page.body);
        page.body.clone()
    };
    let mut answers = Vec::new();
    for email in ["ana.rivera@cedar-falls.example", "nobody@nowhere.example"] {
        let mut browser = idp.browser();
        let page = browser.visit("/existing-id").await;
        answers
            .push(without_tokens(&browser.submit(&page, "ask-submit", &[("email", email)]).await));
    }
    for (organization, user_id) in
        [("Cedar Falls Family Medicine", "practitioner"), ("No Such Clinic", "nobody-at-all")]
    {
        let mut fields = LEFT;
        fields[0].1 = organization;
        fields[3].1 = user_id;
        let mut browser = idp.browser();
        let page = browser.visit("/administrator-left").await;
        answers.push(without_tokens(&browser.submit(&page, "ask-submit", &fields).await));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[2], answers[3]);
    let mail = idp.mail("ana.rivera@cedar-falls.example", "", 0).await;
    assert!(mail.text.contains("practitioner"), "{}", mail.text);
}

/// 21.1, 21.3
async fn a_line_break_or_too_much_is_refused(idp: Fresh) {
    let long = "a".repeat(501);
    for (field, value) in [
        ("name", "Ana\r\nBcc: all@x.example"),
        ("email", "ana@x.example\r\nBcc: all@x.example"),
        ("email", "ana@x.example, ben@x.example"),
        ("message", long.as_str()),
        ("message", "\u{202e}evil"),
    ] {
        let mut browser = idp.browser();
        let page = browser.visit("/contact").await;
        let mut form = page.form("ask-submit");
        for (name, typed) in
            [("kind", "contact"), ("name", "Ana"), ("email", "ana@x.example"), ("message", "Hi")]
        {
            form.fill(name, typed);
        }
        form.fill(field, value);
        let page = browser.post(&idp.url("/contact"), &form.fields).await;
        assert_eq!(page.status, 422, "{field}: {}", page.body);
        assert!(page.has(&format!("{field}-wrong")), "{field}");
    }
    assert_eq!(tickets(&idp), 0);
}

/// 22.2
async fn a_flood_of_requests_ends_in_a_page_that_says_so(idp: Fresh) {
    let mut last = 0;
    for number in 0..20 {
        let mut browser = idp.browser();
        let page = browser.visit("/contact").await;
        let message = format!("Number {number}");
        let fields = [
            ("kind", "contact"),
            ("name", "Eve"),
            ("email", "eve@x.example"),
            ("message", message.as_str()),
        ];
        last = browser.submit(&page, "ask-submit", &fields).await.status;
        if last != 201 {
            break;
        }
    }
    assert_eq!(last, 429);
    assert!(tickets(&idp) < 20);
}
