//! What strangers ask and is answered by mail (R56, R73, 17.5, 22.2).

use super::*;

on_every_store![
    a_forgotten_user_id_is_answered_by_mail_alone,
    links_in_mails_know_only_the_configured_origin,
    floods_lead_to_no_more_mails_than_the_caps_allow,
    all_inquiries_together_have_a_cap,
];

/// R56, R73
async fn a_forgotten_user_id_is_answered_by_mail_alone(idp: Shared) {
    let mut pages = Vec::new();
    for address in ["GRACE.okafor@north-sound.example", "nobody@north-sound.example"] {
        let mut browser = idp.browser();
        let page = browser.visit("/forgot/user-id").await;
        let page = browser.submit(&page, "forgot-submit", &[("email", address)]).await;
        assert_eq!(page.status, 200, "{}", page.body);
        pages.push(page.body);
    }
    assert_eq!(pages[0], pages[1], "the page tells nobody which is known");
    let known = idp.mail("grace.okafor@north-sound.example", "Your Hilum User ID", 0).await;
    assert!(known.text.contains("hospital"), "{}", known.text);
    let unknown = idp.mail("nobody@north-sound.example", "Your Hilum User ID", 0).await;
    assert!(unknown.text.contains("There is none"), "{}", unknown.text);
    let mut browser = idp.browser();
    let page = browser.visit("/forgot/user-id").await;
    for wrong in ["not an address", "a@b\r\nBcc: c@d.example", ""] {
        let refused = browser.submit(&page, "forgot-submit", &[("email", wrong)]).await;
        assert_eq!(refused.status, 400, "{wrong}");
    }
}

/// 17.5
async fn links_in_mails_know_only_the_configured_origin(idp: Shared) {
    let mut browser = idp.browser();
    let page = browser.visit("/forgot/user-id").await;
    let form = page.form("forgot-submit");
    let url = idp.url("/forgot/user-id");
    let solution = hilum_tests::challenge::solve(form.value("challenge").unwrap());
    let fields = [
        ("form_token", form.value("form_token").unwrap()),
        ("challenge", form.value("challenge").unwrap()),
        ("solution", &solution),
        ("email", "noor.haddad@lakeside-pediatrics.example"),
    ];
    let request = browser
        .request(Method::POST, &url)
        .header("X-Forwarded-Host", "evil.example")
        .header("Forwarded", "host=evil.example;proto=https")
        .header("X-Forwarded-Proto", "https")
        .form(&fields);
    assert_eq!(browser.send(&url, request).await.status, 200);
    let mail = idp.mail("noor.haddad@lakeside-pediatrics.example", "Your Hilum User ID", 0).await;
    assert!(mail.link(&idp.origin, "/account").is_some(), "{}", mail.text);
    assert!(!mail.text.contains("evil"), "{}", mail.text);
}

/// 22.2
async fn floods_lead_to_no_more_mails_than_the_caps_allow(idp: Fresh) {
    let mut bodies = Vec::new();
    for _ in 0..8 {
        let mut browser = idp.browser();
        let page = browser.visit("/forgot/user-id").await;
        let page = browser.submit(&page, "forgot-submit", &[("email", ANA)]).await;
        assert_eq!(page.status, 200);
        bodies.push(page.body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "the page is the same as always");
    idp.mail(ANA, "Your Hilum User ID", 4).await;
    // Whatever was written after the fifth would be there once a later one to another address is.
    let mut browser = idp.browser();
    let page = browser.visit("/forgot/user-id").await;
    browser.submit(&page, "forgot-submit", &[("email", "after@them.example")]).await;
    idp.mail("after@them.example", "Your Hilum User ID", 0).await;
    assert_eq!(idp.mails(ANA).await.len(), 5);
}

/// 22.2: what is for all is used up by nobody alone, and common to everybody.
async fn all_inquiries_together_have_a_cap(backend: Backend) {
    let settings = Settings::new().with("challenge.inquiries_per_hour", "10");
    let idp = TestIdp::start_with(backend, settings).await;
    let mut bodies = Vec::new();
    let addresses: Vec<String> = (0..8).map(|n| format!("somebody-{n}@flood.example")).collect();
    // What the cap of one address refuses counts nothing for all.
    for to in std::iter::repeat_n(&addresses[0], 9).chain(&addresses[1..]) {
        let mut browser = idp.browser();
        let page = browser.visit("/forgot/user-id").await;
        let page = browser.submit(&page, "forgot-submit", &[("email", to)]).await;
        assert_eq!(page.status, 200);
        bodies.push(page.body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "the page is the same as always");
    // What was written down is answered; the cap stands before that.
    let asked = "SELECT COUNT(*) AS v FROM outbox WHERE kind = 'inquiry'";
    assert_eq!(idp.database.number(asked), 10);
    idp.mail(&addresses[5], "Your Hilum User ID", 0).await;
    assert!(idp.mails(&addresses[6]).await.is_empty());
}
