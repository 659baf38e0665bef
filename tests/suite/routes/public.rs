//! The public pages, and the forms that anybody may send.

use hilum_tests::{Fresh, Page, TestIdp, on_every_store};

on_every_store![
    the_form_of_an_administrator_who_left_has_these_fields_and_becomes_a_ticket,
    what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays,
    no_form_says_whether_there_is_such_a_person_or_organization,
    a_line_break_or_too_much_is_refused,
    a_flood_of_requests_ends_in_a_page_that_says_so,
];

const LEFT: [(&str, &str); 6] = [
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
