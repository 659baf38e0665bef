//! `/authorize`: who asks, where the answer may go, and what is asked (sections 1, 4 and 5).

use hilum_tests::{Browser, Page, Person, Shared, Site, on_every_store};

on_every_store![
    a_client_that_is_missing_unknown_or_named_twice_gets_one_page_and_no_redirect,
    a_redirect_uri_that_differs_in_any_octet_gets_no_redirect,
    a_native_application_may_listen_on_any_port,
    a_registered_query_is_kept,
    a_request_without_a_redirect_uri_gets_our_page,
    each_flaw_goes_back_to_the_site_with_its_error_code,
    a_parameter_sent_twice_is_refused,
    only_a_confidential_site_that_the_operator_let_off_may_leave_pkce_out,
    a_target_in_the_address_is_ignored,
    who_lacks_the_role_is_told_why_and_so_is_the_site,
    an_organization_of_others_is_not_honoured_and_not_betrayed,
];

/// What a request that cannot be trusted gets: our own page, and no way to anywhere.
fn is_our_error_page(page: &Page, code: &str, word: &str) {
    let what = format!("{} {}\n{}", page.status, page.url, page.body);
    assert_eq!((page.status, page.location()), (400, None), "{what}");
    assert_eq!(page.text("error-code").as_deref(), Some(code), "{what}");
    assert!(page.has("reference") && page.body.contains("1-800-555-0100"), "{what}");
    assert!(page.body.contains(word), "{what}");
    for elsewhere in ["evil.example", "http-equiv=\"refresh\"", "<script"] {
        assert!(!page.body.contains(elsewhere), "{what}");
    }
}

/// Asks without a session and without a page, so that the first objection is what comes back.
async fn asked(browser: &mut Browser, site: &Site, name: &str, value: &str) -> Page {
    let request = site.request().with("prompt", "none").with(name, value);
    browser.get(&request.url()).await
}

/// 1.1
async fn a_client_that_is_missing_unknown_or_named_twice_gets_one_page_and_no_redirect(
    idp: Shared,
) {
    let (site, mut browser) = (idp.site("alpha"), idp.browser());
    let good = site.request().with("redirect_uri", "https://evil.example/");
    let mut texts = Vec::new();
    for url in [
        good.clone().without("client_id").url(),
        good.clone().with("client_id", "nobody").url(),
        good.clone().with("client_id", "alpha'--").url(),
        good.clone().with("client_id", "").url(),
        format!("{}&client_id=alpha", good.with("client_id", "beta").url()).parse().unwrap(),
    ] {
        let page = browser.get(&url).await;
        is_our_error_page(&page, "invalid_request", "client_id");
        let reference = page.text("reference").unwrap();
        texts.push(page.body.replace(&reference, ""));
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "the same page for all");
}

/// 4.1
async fn a_redirect_uri_that_differs_in_any_octet_gets_no_redirect(idp: Shared) {
    let mut browser = idp.browser();
    for (client, uri) in [
        ("alpha", "https://evil.example/callback"),
        ("alpha", "https://alpha.example/callback/"),
        ("alpha", "https://alpha.example/Callback"),
        ("alpha", "https://ALPHA.example/callback"),
        ("alpha", "HTTPS://alpha.example/callback"),
        ("alpha", "http://alpha.example/callback"),
        ("alpha", "https://alpha.example:443/callback"),
        ("alpha", "https://alpha.example:8443/callback"),
        ("alpha", "https://alpha.example/%63allback"),
        ("alpha", "https://alpha.example/callback?x=1"),
        ("alpha", "https://alpha.example/callback?"),
        ("alpha", "https://alpha.example/callback#x"),
        ("alpha", "https://alpha.example/x/../callback"),
        ("alpha", "https://alpha.example.evil.example/callback"),
        ("alpha", "https://alpha.example@evil.example/callback"),
        ("alpha", "https://evil.example\\@alpha.example/callback"),
        ("alpha", "https://alpha.example/callback\r\nX: y"),
        ("alpha", " https://alpha.example/callback"),
        ("alpha", "//alpha.example/callback"),
        ("alpha", "javascript:alert(1)"),
        ("alpha", "https://beta.example/callback"),
        ("addresses", "https://addresses.example/callback"),
        ("addresses", "https://addresses.example/callback?tenant=2"),
        ("addresses", "https://addresses.example/callback?tenant=1&x=2"),
        ("addresses", "https://addresses.example/other"),
        ("native", "http://localhost:4000/callback"),
        ("native", "http://127.0.0.1:4000/callback/"),
        ("native", "http://127.0.0.2:4000/callback"),
        ("native", "http://127.0.0.1:4000@evil.example/callback"),
        ("native", "https://127.0.0.1:4000/callback"),
    ] {
        let page = asked(&mut browser, &idp.site(client), "redirect_uri", uri).await;
        is_our_error_page(&page, "invalid_request", "redirect_uri");
    }
}

/// 4.1, RFC 8252 §7.3
async fn a_native_application_may_listen_on_any_port(idp: Shared) {
    let mut browser = idp.browser();
    for uri in ["http://127.0.0.1:49152/callback", "http://127.0.0.1/callback"] {
        let page = asked(&mut browser, &idp.site("native"), "redirect_uri", uri).await;
        assert_eq!((page.answer().to.as_str(), &*page.error().0), (uri, "login_required"));
    }
}

/// 4.1, conformance "`redirect_uri`"
async fn a_registered_query_is_kept(idp: Shared) {
    let (site, mut browser) = (idp.site("addresses"), idp.browser());
    let page = browser.get(&site.request().with("prompt", "none").url()).await;
    let location = page.location().unwrap();
    assert!(location.as_str().starts_with("https://addresses.example/callback?tenant=1&"));
    assert_eq!(page.answer().error.as_deref(), Some("login_required"));
}

/// 4.3
async fn a_request_without_a_redirect_uri_gets_our_page(idp: Shared) {
    let mut browser = idp.browser();
    for client in ["alpha", "addresses"] {
        let url = idp.site(client).request().without("redirect_uri").url();
        is_our_error_page(&browser.get(&url).await, "invalid_request", "redirect_uri");
    }
}

/// 1.2, 5.1, 12.5; OIDC Core §3.1.2.6
async fn each_flaw_goes_back_to_the_site_with_its_error_code(idp: Shared) {
    let mut browser = idp.browser();
    let long = "n".repeat(5000);
    for (client, name, value, expected) in [
        ("alpha", "response_type", "token", "unsupported_response_type"),
        ("alpha", "response_type", "id_token", "unsupported_response_type"),
        ("alpha", "response_type", "code id_token", "unsupported_response_type"),
        ("alpha", "response_type", "code token", "unsupported_response_type"),
        ("alpha", "response_type", "none", "unsupported_response_type"),
        ("alpha", "response_type", "", "invalid_request"),
        ("alpha", "response_mode", "fragment", "invalid_request"),
        ("alpha", "response_mode", "web_message", "invalid_request"),
        ("queries", "response_mode", "form_post", "invalid_request"),
        ("machine", "response_type", "code", "ours"),
        ("alpha", "scope", "", "invalid_scope"),
        ("alpha", "scope", "email", "invalid_scope"),
        ("alpha", "scope", "openid \"x\"", "invalid_scope"),
        ("alpha", "code_challenge", "", "invalid_request"),
        ("alpha", "code_challenge", "short", "invalid_request"),
        ("alpha", "code_challenge_method", "plain", "invalid_request"),
        ("alpha", "code_challenge_method", "", "invalid_request"),
        ("alpha", "code_challenge_method", "s256", "invalid_request"),
        ("native", "code_challenge", "", "invalid_request"),
        ("lax", "code_challenge_method", "plain", "invalid_request"),
        ("alpha", "prompt", "none login", "invalid_request"),
        ("alpha", "prompt", "none consent", "invalid_request"),
        ("alpha", "prompt", "create", "invalid_request"),
        ("alpha", "max_age", "-1", "invalid_request"),
        ("alpha", "max_age", "99999999999999999999", "invalid_request"),
        ("alpha", "max_age", "1.5", "invalid_request"),
        ("alpha", "claims", "{", "invalid_request"),
        ("alpha", "claims", "[]", "invalid_request"),
        ("alpha", "nonce", &long, "invalid_request"),
        ("alpha", "id_token_hint", "rubbish", "invalid_request"),
        ("alpha", "request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"),
        ("alpha", "request_uri", "https://alpha.example/r", "request_uri_not_supported"),
        ("alpha", "registration", "{}", "registration_not_supported"),
    ] {
        if expected == "ours" {
            continue;
        }
        let site = idp.site(client);
        let request = site.request().with(name, value);
        let page = browser.get(&request.url()).await;
        assert_eq!(page.status, 303, "{client} {name}={value}");
        let answer = page.answer();
        assert_eq!(answer.error.as_deref(), Some(expected), "{client} {name}={value}");
        assert_eq!(answer.to, site.redirect_uri, "{client} {name}={value}");
        assert_eq!(answer.state.as_deref(), Some(request.state.as_str()));
        assert_eq!(answer.iss.as_deref(), Some(idp.origin.as_str()));
        let description = answer.description.unwrap_or_default();
        assert!(description.chars().all(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')));
        let names = ["error", "error_description", "error_uri", "state", "iss"];
        assert!(answer.fields.iter().all(|(name, _)| names.contains(&name.as_str())));
        let set = page.set_cookies();
        assert!(!set.iter().any(|c| c.contains("hilum-session")), "{set:?}");
    }
}

/// RFC 6749 §3.1
async fn a_parameter_sent_twice_is_refused(idp: Shared) {
    let (site, mut browser) = (idp.site("alpha"), idp.browser());
    let url = format!("{}&nonce=other", site.request().url()).parse().unwrap();
    assert_eq!(browser.get(&url).await.error().0, "invalid_request");
    let url = format!("{}&redirect_uri=https%3A%2F%2Fevil.example", site.request().url());
    let page = browser.get(&url.parse().unwrap()).await;
    is_our_error_page(&page, "invalid_request", "redirect_uri");
}

/// 5.1: where the operator allows it
async fn only_a_confidential_site_that_the_operator_let_off_may_leave_pkce_out(idp: Shared) {
    let person = Person::new("practitioner");
    let site = idp.site("lax");
    let request = site.request().without_pkce();
    let code = site.code(&mut idp.browser(), &person, &request).await;
    assert_eq!(site.redeem(&request, &code).await.status, 200);
    for client in ["alpha", "poster", "keyed", "native", "playground", "credentia"] {
        let url = idp.site(client).request().without_pkce().url();
        let page = idp.browser().get(&url).await;
        assert_eq!(page.error().0, "invalid_request", "{client}");
    }
}

/// 15.8
async fn a_target_in_the_address_is_ignored(idp: Shared) {
    let (site, mut browser) = (idp.site("alpha"), idp.browser());
    let mut url = site.request().url();
    for name in ["return_to", "next", "continue", "redirect", "target_link_uri", "url"] {
        url.query_pairs_mut().append_pair(name, "https://evil.example/");
    }
    let page = browser.sign_on(&url, &Person::new("practitioner")).await;
    assert_eq!(page.answer().to, site.redirect_uri);
}

/// R17; domain 3.3
async fn who_lacks_the_role_is_told_why_and_so_is_the_site(idp: Shared) {
    for (user_id, client, reason) in [
        ("practitioner", "director", "role_required"),
        ("unaffiliated", "credentia", "affiliation_required"),
        ("biller", "credentia", "role_required"),
    ] {
        let (site, mut browser) = (idp.site(client), idp.browser());
        let person = Person::new(user_id);
        let page = browser.sign_on(&site.request().url(), &person).await;
        assert_eq!(page.status, 403, "{user_id} at {client}: {}", page.body);
        assert!(page.has("reason") && page.has("reference"), "{}", page.body);
        let back = browser.submit(&page, "sign-on-cancel", &[]).await;
        assert_eq!(back.error(), ("access_denied".into(), reason.into()), "{user_id}");
        // Without a page, the site is told at once.
        let url = site.request().with("prompt", "none").url();
        let page = browser.get(&url).await;
        assert_eq!(page.error(), ("access_denied".into(), reason.into()), "{user_id}");
    }
}

/// 1.5, GHSA-g2pf-ww5m-2r9m
async fn an_organization_of_others_is_not_honoured_and_not_betrayed(idp: Shared) {
    let organizations = idp.database.column(
        "SELECT a.organization_id AS v FROM affiliation a JOIN subscriber s ON s.id = a.subscriber_id \
         WHERE s.user_id = 'biller'",
    );
    let foreign = idp.database.column(&format!(
        "SELECT id AS v FROM organization WHERE id NOT IN ('{}')",
        organizations.join("', '")
    ));
    let (site, person) = (idp.site("one"), Person::new("biller"));
    let mut browser = idp.browser();
    site.sign_on(&mut browser, &person).await;
    let mut texts = Vec::new();
    for organization in [foreign[0].as_str(), "org_aaaaaaaaaaaaaaaaaaaaaaaaaa", "nonsense", "'"] {
        let url = site.request().with("organization", organization).url();
        let page = browser.open(&url).await;
        assert!(page.is_chooser(), "{organization}: {} {}", page.status, page.body);
        assert!(!page.body.contains(&foreign[0]));
        let handle = page.url.path().to_owned();
        let token = page.form("sign-on-cancel").value("form_token").unwrap().to_owned();
        texts.push(page.body.replace(&handle, "").replace(&token, ""));
        let url = site.request().with("organization", organization).with("prompt", "none").url();
        assert_eq!(browser.get(&url).await.error().0, "account_selection_required");
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "whether it exists is not shown");
    // The person's own ones are chosen without a question.
    for organization in &organizations {
        let url = site.request().with("organization", organization).with("prompt", "none").url();
        assert!(browser.get(&url).await.answer().code.is_some(), "{organization}");
    }
}
