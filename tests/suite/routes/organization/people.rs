//! The list of people, and nominating them.

use hilum_tests::{Fresh, Person, on_every_store};
use reqwest::Method;

use super::{NOMINEE, OWN, at_work, nominate, token};

on_every_store![
    a_code_is_shown_once_and_kept_nowhere,
    an_administrator_finds_nothing_of_another_organization,
    nobody_without_a_second_factor_or_the_office_comes_in,
    what_a_form_does_not_have_is_refused,
    whoever_is_known_is_asked_and_nothing_of_theirs_is_told,
];

/// 20.4
async fn nobody_without_a_second_factor_or_the_office_comes_in(idp: Fresh) {
    let mut browser = idp.browser();
    let page = browser.visit(&format!("{OWN}/people")).await;
    let page = browser.sign_in(&page, &Person::new("administrator")).await;
    assert!(page.has("factor-submit"), "a password is not enough: {}", page.body);
    let page = browser.get(&idp.url(&format!("{OWN}/people"))).await;
    assert_eq!(page.status, 303, "{}", page.body);
}

/// 20.1, 21.5
async fn an_administrator_finds_nothing_of_another_organization(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let page = browser.visit(&format!("{OWN}/people")).await;
    assert!(page.body.contains("practitioner") && page.body.contains("biller"), "{}", page.body);
    assert!(!page.body.contains("hospital"), "{}", page.body);
    for (search, found) in
        [("hospital", false), ("pract", true), ("PRACT", true), ("nobody-at-all", false)]
    {
        let page = browser.visit(&format!("{OWN}/people?q={search}")).await;
        assert_eq!(page.has("people"), found, "{search}: {}", page.body);
    }
    let foreign = idp.database.column(
        "SELECT id AS v FROM affiliation WHERE organization_id = 'org_north-sound' LIMIT 1",
    );
    for (query, status) in [
        ("status=suspended", 200),
        ("only=administrators&role=office-manager", 200),
        ("status=ended", 400),
        ("only=me", 400),
        ("role=administrator", 400),
        ("after=aff_aaaaaaaaaaaaaaaaaaaaaaaaaa", 400),
        ("after=1%27--", 400),
        ("before=", 400),
        (&*format!("after={}", foreign[0]), 400),
    ] {
        let page = browser.visit(&format!("{OWN}/people?{query}")).await;
        assert_eq!(page.status, status, "{query}");
    }
    let token = token(&mut browser).await;
    for (method, path) in [
        (Method::GET, "/organization/org_north-sound"),
        (Method::GET, "/organization/org_north-sound/people"),
        (Method::GET, "/organization/org_north-sound/nominate"),
        (Method::GET, "/organization/org_nowhere/people"),
        (Method::GET, "/organization/x/nominations"),
        (Method::POST, "/organization/org_north-sound/nominate"),
        (Method::POST, "/organization/org_cedar-falls/nominations/nom_1/resend"),
        (Method::POST, "/organization/org_cedar-falls/nominations/nom_1/withdraw"),
        (Method::POST, &*format!("/organization/org_cedar-falls/offers/{}/take-back", foreign[0])),
    ] {
        let url = idp.url(path);
        let mut request = browser.request(method.clone(), &url);
        if method == Method::POST {
            request = request.form(&[("form_token", &token)]);
        }
        assert_eq!(browser.send(&url, request).await.status, 404, "{path}");
    }
    let refused =
        idp.database.number("SELECT count(*) AS v FROM audit_event WHERE kind = 'access.refused'");
    assert!(refused >= 9, "{refused}");
}

/// 17.8
async fn a_code_is_shown_once_and_kept_nowhere(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let page = nominate(&mut browser, NOMINEE).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(page.text("user-id").as_deref(), Some("maria.nunez"));
    assert_eq!(page.header("cache-control"), "no-store");
    let code = page.text("activation-code").unwrap();
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    assert_eq!(digits.len(), 12);
    let mail = idp.mail("maria@cedarfalls.example", "", 0).await;
    assert!(mail.text.contains("maria.nunez"), "{mail:?}");
    assert!(!mail.text.contains(&digits) && !mail.text.contains(&code), "{mail:?}");
    let everything = idp.database.everything();
    assert!(!everything.contains(&digits) && !everything.contains(&code));
    let list = browser.visit(&format!("{OWN}/nominations")).await;
    assert!(list.body.contains("maria.nunez") && !list.body.contains(&code), "{}", list.body);
    // Nominated twice: told so, and nothing is made.
    let again = browser.visit(&format!("{OWN}/nominate")).await;
    let again = browser.submit(&again, "nominate-submit", NOMINEE).await;
    assert_eq!(again.status, 409, "{}", again.body);
}

/// 20.3
async fn what_a_form_does_not_have_is_refused(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let token = token(&mut browser).await;
    let url = idp.url(&format!("{OWN}/nominate"));
    for (extra, status) in [
        (("administrator", "true"), 400),
        (("org_id", "org_north-sound"), 400),
        (("status", "active"), 400),
        (("role.support-lead", "yes"), 422),
        (("role.medical-director", "yes"), 422), // without a reason
        (("tax.tin_of-somebody-else", "yes"), 422),
    ] {
        let mut form = vec![
            ("form_token", &*token),
            ("step", "confirm"),
            ("access_level", "community-standard"),
            ("role.office-worker", "yes"),
            ("tax_ids", if extra.0.starts_with("tax.") { "some" } else { "all" }),
        ];
        form.extend(NOMINEE);
        form.push(extra);
        let request = browser.request(Method::POST, &url).form(&form);
        let page = browser.send(&url, request).await;
        assert_eq!(page.status, status, "{extra:?} {}", page.body);
    }
    assert_eq!(idp.database.number("SELECT count(*) AS v FROM nomination"), 0);
}

/// 20.9
async fn whoever_is_known_is_asked_and_nothing_of_theirs_is_told(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let address =
        idp.database.column("SELECT email AS v FROM subscriber WHERE user_id = 'hospital'");
    let fields = [
        ("given_name", "Somebody"),
        ("family_name", "Else"),
        ("email", &*address[0]),
        ("verified_by", "photo-id"),
    ];
    let page = browser.visit(&format!("{OWN}/nominate")).await;
    let page = browser.submit(&page, "nominate-submit", &fields).await;
    assert!(page.has("ask") && !page.has("proposed"), "{}", page.body);
    let page = browser.submit(&page, "confirm", &[]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(!page.has("activation-code"));
    let list = browser.visit(&format!("{OWN}/nominations")).await;
    assert!(list.has("offers") && list.body.contains(&address[0]), "{}", list.body);
    let name =
        idp.database.column("SELECT family_name AS v FROM subscriber WHERE user_id = 'hospital'");
    for place in ["people", "people?q=hospital", "nominations"] {
        let page = browser.visit(&format!("{OWN}/{place}")).await;
        let id = idp.database.column("SELECT id AS v FROM subscriber WHERE user_id = 'hospital'");
        for theirs in [&name[0], &id[0]] {
            assert!(!page.body.contains(theirs.as_str()), "{place}: {}", page.body);
        }
    }
}
