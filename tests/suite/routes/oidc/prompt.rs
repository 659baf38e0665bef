//! `prompt`, `max_age`, hints, `acr` and `claims`: what a site may ask of a sign-on.

use hilum_tests::{Fresh, Json, Person, Shared, Tokens, claims_of, on_every_store};
use serde_json::{Value, json};

use super::authorize_answers::signed_in;

on_every_store![
    prompt_none_never_shows_a_page,
    a_notice_that_is_due_is_no_silent_sign_on,
    one_sign_on_opens_the_next_site_without_a_page,
    a_forced_sign_in_asks_again_and_moves_auth_time,
    max_age_asks_again_only_when_the_sign_in_is_older,
    the_chooser_comes_back_when_the_site_asks_for_it,
    what_is_no_choice_of_this_person_is_not_taken,
    a_hint_fills_the_user_id_in_and_vouches_for_nothing,
    an_id_token_hint_demands_that_very_person,
    acr_says_what_was_reached_and_an_essential_one_that_was_not_is_an_error,
    what_the_site_may_not_learn_is_dropped_and_scope_says_so,
    one_person_has_every_standard_claim,
];

/// 1.3
async fn prompt_none_never_shows_a_page(idp: Shared) {
    let none = |site: &str| idp.site(site).request().with("prompt", "none").url();
    // Nobody is signed in.
    assert_eq!(idp.browser().get(&none("alpha")).await.error().0, "login_required");
    // A site that this person has not been told about.
    let mut browser = signed_in(idp, "alpha", "profile").await;
    let page = browser.get(&none("strong")).await;
    assert_eq!(page.error().0, "interaction_required", "they could set a factor up");
    // Two organizations and no choice yet.
    let mut browser = signed_in(idp, "alpha", "biller").await;
    assert_eq!(browser.get(&none("one")).await.error().0, "account_selection_required");
    // All is known.
    assert!(browser.get(&none("alpha")).await.answer().code.is_some());
    // The sign-in is too old for the site.
    let url = idp.site("alpha").request().with("prompt", "none").with("max_age", "0").url();
    assert_eq!(browser.get(&url).await.error().0, "login_required");
}

/// 1.3, and OIDC Core §3.1.2.1
async fn a_notice_that_is_due_is_no_silent_sign_on(idp: Fresh) {
    let mut browser = signed_in(&idp, "alpha", "practitioner").await;
    let url = idp.site("beta").request().with("prompt", "none").url();
    assert_eq!(browser.get(&url).await.error().0, "interaction_required");
    let request = idp.site("beta").request();
    let page = browser.open(&request.url()).await;
    assert!(page.is_notice(), "{}", page.body);
    let page = browser.submit(&page, "consent-allow", &[]).await;
    let code = page.answer().code.unwrap();
    assert_eq!(idp.site("beta").redeem(&request, &code).await.status, 200);
    assert!(browser.get(&url).await.answer().code.is_some(), "it is shown once");
}

async fn one_sign_on_opens_the_next_site_without_a_page(idp: Shared) {
    let person = Person::new("practitioner");
    let mut browser = signed_in(idp, "alpha", "practitioner").await;
    signed_in(idp, "beta", "practitioner").await;
    let request = idp.site("beta").request();
    let page = browser.get(&request.url()).await;
    let code = page.answer().code.expect("no page in between");
    let first = idp.site("alpha").sign_on(&mut browser, &person).await;
    let second = Tokens::of(&idp.site("beta").redeem(&request, &code).await);
    let (first, second) = (claims_of(&first.id), claims_of(&second.id));
    assert_eq!(first["auth_time"], second["auth_time"]);
    assert_eq!(second["nonce"], request.nonce.as_str());
    // 8.5: neither name is of use to the other site.
    assert_ne!(first["sub"], second["sub"]);
    assert_ne!(first["sid"], second["sid"]);
}

async fn a_forced_sign_in_asks_again_and_moves_auth_time(idp: Fresh) {
    let (site, person) = (idp.site("alpha"), Person::new("practitioner"));
    let mut browser = idp.browser();
    let first = claims_of(&site.sign_on(&mut browser, &person).await.id);
    let cookie = browser.session().unwrap().to_owned();
    idp.set_clock(120).await;
    let request = site.request().with("prompt", "login");
    let page = browser.open(&request.url()).await;
    assert!(page.is_sign_in(), "{}", page.body);
    let page = browser.sign_in(&page, &person).await;
    let code = page.answer().code.unwrap();
    let second = claims_of(&Tokens::of(&site.redeem(&request, &code).await).id);
    let grown = second["auth_time"].as_i64().unwrap() - first["auth_time"].as_i64().unwrap();
    assert!((119..=130).contains(&grown), "{grown}");
    // The four hours are those of the first sign-in (domain 3.2), under a new cookie (15.3).
    assert_eq!(first["session_expires_at"], second["session_expires_at"]);
    assert_eq!(first["sid"], second["sid"]);
    assert_ne!(browser.session().unwrap(), cookie);
}

async fn max_age_asks_again_only_when_the_sign_in_is_older(idp: Fresh) {
    let (site, person) = (idp.site("alpha"), Person::new("practitioner"));
    let mut browser = idp.browser();
    let first = claims_of(&site.sign_on(&mut browser, &person).await.id);
    idp.set_clock(60).await;
    let page = browser.open(&site.request().with("max_age", "10000").url()).await;
    assert!(page.answer().code.is_some(), "10000 seconds are not over");
    let request = site.request().with("max_age", "30");
    let page = browser.open(&request.url()).await;
    assert!(page.is_sign_in(), "{}", page.body);
    let page = browser.sign_in(&page, &person).await;
    let tokens = site.redeem(&request, &page.answer().code.unwrap()).await;
    let second = claims_of(&Tokens::of(&tokens).id);
    assert!(second["auth_time"].as_i64() > first["auth_time"].as_i64());
    let url = site.request().with("max_age", "30").with("prompt", "none").url();
    assert!(browser.get(&url).await.answer().code.is_some());
    idp.set_clock(120).await;
    assert_eq!(browser.get(&url).await.error().0, "login_required");
}

async fn the_chooser_comes_back_when_the_site_asks_for_it(idp: Shared) {
    let (site, mut browser) = (idp.site("one"), idp.browser());
    let first = claims_of(&site.sign_on(&mut browser, &Person::new("biller")).await.id);
    let page = browser.open(&site.request().with("prompt", "select_account").url()).await;
    assert!(page.is_chooser(), "{}", page.body);
    assert!(page.body.contains("choice last"), "the last choice is highlighted");
    // Without it, the choice of this session holds.
    let again = site.sign_on(&mut browser, &Person::new("biller")).await;
    assert_eq!(claims_of(&again.id)["selected_affiliation"], first["selected_affiliation"]);
}

async fn what_is_no_choice_of_this_person_is_not_taken(idp: Shared) {
    let (site, mut browser) = (idp.site("one"), idp.browser());
    let page = browser.open(&site.request().url()).await;
    let page = browser.sign_in(&page, &Person::new("biller")).await;
    assert!(page.is_chooser(), "{}", page.body);
    let foreign = idp.database.column(
        "SELECT a.id AS v FROM affiliation a JOIN subscriber s ON s.id = a.subscriber_id \
         WHERE s.user_id = 'practitioner'",
    );
    let token = page.form("sign-on-cancel").value("form_token").unwrap().to_owned();
    let url = page.url.join(&format!("{}/affiliation", page.url.path())).unwrap();
    for choice in [foreign[0].as_str(), "", "aff_nobody"] {
        let request = browser
            .request(reqwest::Method::POST, &url)
            .form(&[("form_token", token.as_str()), ("affiliation", choice)]);
        let answer = browser.send(&url, request).await;
        assert_eq!((answer.status, answer.is_chooser()), (400, true), "{}", answer.body);
    }
}

async fn a_hint_fills_the_user_id_in_and_vouches_for_nothing(idp: Shared) {
    let (site, mut browser) = (idp.site("alpha"), idp.browser());
    let page = browser.open(&site.request().with("login_hint", "practitioner").url()).await;
    assert_eq!(page.form("login-submit").value("username"), Some("practitioner"));
    let hint = "\"><script>alert(1)</script>";
    let page = browser.open(&site.request().with("login_hint", hint).url()).await;
    assert_eq!(page.form("login-submit").value("username"), Some(hint));
    assert!(!page.body.contains("<script>alert"));
}

/// OIDC Core §3.1.2.1
async fn an_id_token_hint_demands_that_very_person(idp: Shared) {
    let site = idp.site("alpha");
    let mut browser = idp.browser();
    let tokens = site.sign_on(&mut browser, &Person::new("practitioner")).await;
    let silent = site.request().with("prompt", "none").with("id_token_hint", &tokens.id);
    assert!(browser.get(&silent.url()).await.answer().code.is_some());
    let mut other = signed_in(idp, "alpha", "profile").await;
    assert_eq!(other.get(&silent.url()).await.error().0, "login_required");
    let request = site.request().with("id_token_hint", &tokens.id);
    let page = other.open(&request.url()).await;
    assert!(!page.is_notice() && page.location().is_none(), "{}", page.body);
    // A hint that belongs to another site is none of ours to believe.
    let beta = idp.site("beta");
    let foreign = beta.request().with("prompt", "none").with("id_token_hint", &tokens.id);
    assert_eq!(browser.get(&foreign.url()).await.error().0, "invalid_request");
}

/// Domain 3.2
async fn acr_says_what_was_reached_and_an_essential_one_that_was_not_is_an_error(idp: Shared) {
    let (site, person) = (idp.site("alpha"), Person::new("practitioner"));
    let mut browser = idp.browser();
    let tokens = site.sign_on(&mut browser, &person).await;
    let claims = claims_of(&tokens.id);
    assert_eq!(claims["acr"], "urn:hilum:acr:password");
    assert_eq!(claims["amr"], json!(["pwd"]));
    let wish = site
        .request()
        .with("acr_values", "urn:hilum:acr:browser-second-factor urn:hilum:acr:password");
    let code = browser.open(&wish.url()).await.answer().code.expect("a wish is no demand");
    let claims = claims_of(&Tokens::of(&site.redeem(&wish, &code).await).id);
    assert_eq!(claims["acr"], "urn:hilum:acr:password");
    // A factor could be set up on a page; what nobody knows cannot be met at all.
    for (acr, expected) in [
        ("urn:hilum:acr:browser-second-factor", "interaction_required"),
        ("https://refeds.org/profile/mfa", "interaction_required"),
        ("urn:x:unknown", "unmet_authentication_requirements"),
    ] {
        let demand = json!({ "id_token": { "acr": { "essential": true, "value": acr } } });
        let request = site.request().with("claims", &demand.to_string()).with("prompt", "none");
        let error = browser.get(&request.url()).await.error().0;
        assert_eq!(error, expected, "{acr}");
    }
}

/// 8.5
async fn what_the_site_may_not_learn_is_dropped_and_scope_says_so(idp: Shared) {
    let site = idp
        .site("alpha")
        .asking("openid profile email phone address npi tax_ids affiliations login_history");
    let demand = json!({
        "userinfo": {
            "phone_number": { "essential": true }, "npi": null, "affiliations": null,
            "preferred_username": null,
        },
        "id_token": { "affiliations": null, "npi": null, "email": null },
    });
    let request = site.request().with("claims", &demand.to_string());
    let mut browser = idp.browser();
    let code = site.code(&mut browser, &Person::new("practitioner"), &request).await;
    let answer = site.redeem(&request, &code).await;
    let tokens = Tokens::of(&answer);
    let mut granted: Vec<&str> = tokens.scope.split(' ').collect();
    granted.sort_unstable();
    assert_eq!(granted, ["email", "openid", "profile"]);
    let userinfo = site.userinfo(&tokens.access).await;
    for claims in [&userinfo.body, &claims_of(&tokens.id)] {
        for name in [
            "phone_number",
            "address",
            "npi",
            "affiliations",
            "preferred_username",
            "last_login",
            "tax_ids",
        ] {
            assert_eq!(claims[name], Value::Null, "{name} in {claims}");
        }
    }
    assert_eq!(claims_of(&tokens.id)["email"], userinfo.body["email"], "asked for by name");
}

/// Every standard claim filled, none blank, none mistyped (conformance "Claims").
fn is_complete(userinfo: &Json) {
    let claims = &userinfo.body;
    let texts = [
        "name",
        "given_name",
        "family_name",
        "middle_name",
        "nickname",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "email",
        "phone_number",
    ];
    for name in texts {
        assert!(claims[name].as_str().is_some_and(|text| !text.is_empty()), "{name} in {claims}");
    }
    assert!(claims["updated_at"].is_i64(), "{claims}");
    assert_eq!(
        (&claims["email_verified"], &claims["phone_number_verified"]),
        (&json!(true), &json!(true))
    );
    assert!(claims["address"].is_object(), "{claims}");
}

async fn one_person_has_every_standard_claim(idp: Shared) {
    let (site, mut browser) = (idp.site("playground"), idp.browser());
    let tokens = site.sign_on(&mut browser, &Person::new("profile")).await;
    is_complete(&site.userinfo(&tokens.access).await);
}
