//! What the operator does while Hilum runs.

use hilum_tests::{
    Authentication, Fresh, Listener, PASSWORD, Person, Site, TestIdp, Tokens, claims_of,
    community::Change, eventually, on_every_store,
};
use serde_json::{Value, json};

on_every_store![
    a_suspended_person_is_out_at_once,
    a_grant_ends_with_its_affiliation,
    a_removed_site_is_nobody_and_its_tokens_are_dead,
    a_rotated_secret_replaces_the_old_one,
    importing_again_changes_nothing_and_a_dry_run_neither,
    a_file_with_mistakes_loads_nothing_and_each_is_told_with_its_line,
    the_check_of_the_audit_trail_names_what_was_changed,
    a_site_is_listed_without_its_secret,
    a_terminated_person_is_as_good_as_unknown,
    whoever_ends_a_person_the_sites_are_told,
    a_personal_number_is_masked_sealed_and_withheld,
];

async fn signed_on(
    idp: &TestIdp,
    client: &str,
    user_id: &str,
) -> (Site, hilum_tests::Browser, Tokens) {
    let (site, mut browser) = (idp.site(client), idp.browser());
    let tokens = site.sign_on(&mut browser, &Person::new(user_id)).await;
    (site, browser, tokens)
}

/// Imports the demo community with a change made to it.
fn import(idp: &TestIdp, change: &Change) {
    let file = idp.folder().write("changed-community.toml", change.text());
    idp.must(&["community", "import", file.to_str().unwrap()]);
}

/// 6.3, 7.3, 9.2, 19.3: whatever was given is over.
async fn is_over(idp: &TestIdp, site: &Site, browser: &mut hilum_tests::Browser, tokens: &Tokens) {
    eventually("it is in force", || async {
        (site.userinfo(&tokens.access).await.status == 401).then_some(())
    })
    .await;
    assert_eq!(site.userinfo(&tokens.access).await.error(), (401, "invalid_token"));
    assert_eq!(site.introspect(&tokens.access).await.body, json!({ "active": false }));
    let refreshed = site.refresh(tokens.refresh.as_deref().unwrap()).await;
    assert_eq!(refreshed.error(), (400, "invalid_grant"));
    let silent = idp.site("alpha").request().with("prompt", "none").url();
    let _ = browser.get(&silent).await;
}

/// 6.3, 7.3, 9.2, 19.3
async fn a_suspended_person_is_out_at_once(idp: Fresh) {
    let (site, mut browser, tokens) = signed_on(&idp, "alpha", "practitioner").await;
    let request = site.request();
    let code = browser.get(&request.url()).await.answer().code.unwrap();
    import(&idp, &Change::new().status("practitioner", "suspended"));
    is_over(&idp, &site, &mut browser, &tokens).await;
    assert_eq!(site.redeem(&request, &code).await.error(), (400, "invalid_grant"));
    let silent = site.request().with("prompt", "none").url();
    assert_eq!(browser.get(&silent).await.error().0, "login_required");
    assert!(browser.visit("/account").await.is_sign_in());
    // The same text as for a wrong password (15.4).
    let page = browser.open(&site.request().url()).await;
    let right = browser.sign_in(&page, &Person::new("practitioner")).await;
    let wrong = browser.sign_in(&page, &Person::new("practitioner").with_password("wrong")).await;
    assert_eq!((right.status, right.text("problem")), (wrong.status, wrong.text("problem")));
    assert_eq!(right.status, 401);
}

/// 6.3, 9.2: a grant ends with the affiliation that it rests on, others go on
async fn a_grant_ends_with_its_affiliation(idp: Fresh) {
    let (one, mut browser, tokens) = signed_on(&idp, "one", "biller").await;
    let other_site = idp.site("alpha");
    let unrelated = other_site.sign_on(&mut browser, &Person::new("biller")).await;
    let selected =
        claims_of(&tokens.id)["affiliations"][0]["organization"]["id"].as_str().unwrap().to_owned();
    let request = one.request();
    let code = browser.get(&request.url()).await.answer().code.unwrap();
    import(&idp, &Change::new().end_affiliation("biller", &selected));
    eventually("the end is in force", || async {
        (one.userinfo(&tokens.access).await.status == 401).then_some(())
    })
    .await;
    assert_eq!(one.userinfo(&tokens.access).await.error(), (401, "invalid_token"));
    assert_eq!(
        one.refresh(tokens.refresh.as_deref().unwrap()).await.error(),
        (400, "invalid_grant")
    );
    assert_eq!(one.redeem(&request, &code).await.error(), (400, "invalid_grant"));
    assert_eq!(
        other_site.userinfo(&unrelated.access).await.status,
        200,
        "what rests on no affiliation goes on"
    );
    // The next sign-on has the other one, silently: there is no choice any more.
    let next = one.sign_on(&mut browser, &Person::new("biller")).await;
    assert_ne!(claims_of(&next.id)["affiliations"][0]["organization"]["id"], selected.as_str());
}

/// 1.1, 6.3, 7.3
async fn a_removed_site_is_nobody_and_its_tokens_are_dead(idp: Fresh) {
    let (site, mut browser, tokens) = signed_on(&idp, "alpha", "practitioner").await;
    let request = site.request();
    let code = browser.get(&request.url()).await.answer().code.unwrap();
    let unknown = browser.get(&site.request().with("client_id", "nobody").url()).await;
    idp.must(&["site", "remove", "alpha"]);
    idp.wait_for_site(&site, idp.nodes()[0].public, false).await;
    assert_eq!(site.redeem(&request, &code).await.error(), (401, "invalid_client"));
    assert_eq!(
        site.refresh(tokens.refresh.as_deref().unwrap()).await.error(),
        (401, "invalid_client")
    );
    assert_eq!(site.userinfo(&tokens.access).await.error(), (401, "invalid_token"));
    let removed = browser.get(&site.request().url()).await;
    let bare = |page: &hilum_tests::Page| page.body.replace(&page.text("reference").unwrap(), "");
    assert_eq!(
        (removed.status, bare(&removed)),
        (400, bare(&unknown)),
        "the same page as for an unknown one"
    );
    // Other sites of the same person go on, and the name is never given again.
    let silent = idp.site("beta").request().url();
    assert!(browser.open(&silent).await.status < 400);
    assert_ne!(idp.register(&hilum_tests::standing::registration("alpha", &json!({}))).code, 0);
    assert_ne!(idp.cli(&["site", "remove", "nobody"]).code, 0);
}

async fn a_rotated_secret_replaces_the_old_one(idp: Fresh) {
    let site = idp.site("alpha");
    let output = idp.must(&["site", "rotate-secret", "alpha"]);
    let secret = output.stdout.split(|c: char| c.is_whitespace() || c == '"').find(|word| {
        word.len() == 43 && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    });
    let secret = secret.unwrap_or_else(|| panic!("a secret is shown: {output:?}")).to_owned();
    let renewed = Site { authentication: Authentication::Basic(secret.clone()), ..site.clone() };
    eventually("the new secret is in force", || async {
        (renewed.refresh("x").await.status == 400).then_some(())
    })
    .await;
    assert_eq!(site.refresh("x").await.error(), (401, "invalid_client"), "the old one is not");
    assert!(!idp.database.everything().contains(&secret), "shown once, kept as a hash");
}

async fn importing_again_changes_nothing_and_a_dry_run_neither(idp: Fresh) {
    let demo = ["community", "import", "config/demo-community.toml"];
    let events = || idp.database.number("SELECT COUNT(*) AS v FROM audit_event");
    let people =
        || idp.database.column("SELECT user_id || status AS v FROM subscriber ORDER BY user_id");
    let before = (events(), people());
    idp.must(&demo);
    assert_eq!((events(), people()), before);
    let changed = Change::new().status("practitioner", "suspended");
    let file = idp.folder().write("dry.toml", changed.text());
    let dry = idp.must(&["community", "import", file.to_str().unwrap(), "--dry-run"]);
    assert!(dry.stdout.contains("practitioner"), "it says what would change: {dry:?}");
    assert_eq!((events(), people()), before);
    idp.must(&["community", "import", file.to_str().unwrap()]);
    assert_ne!(people(), before.1);
}

async fn a_file_with_mistakes_loads_nothing_and_each_is_told_with_its_line(idp: Fresh) {
    let everything =
        || idp.database.column("SELECT id || name || status AS v FROM organization ORDER BY id");
    let before = everything();
    let broken = "demo = true\n\
         [[organization]]\n\
         id = \"org_new\"\n\
         name = \"New\"\n\
         tax_ids = [{ number = \"07-1234567\" }]\n\
         [[subscriber]]\n\
         user_id = \"newcomer\"\n\
         given_name = \"New\"\n\
         family_name = \"Comer\"\n\
         npi = \"1234567890\"\n\
         favourite_colour = \"blue\"\n";
    let file = idp.folder().write("broken.toml", broken);
    let output = idp.cli(&["community", "import", file.to_str().unwrap()]);
    assert_ne!(output.code, 0);
    let said = format!("{}{}", output.stdout, output.stderr);
    for line in ["5", "10", "11"] {
        assert!(said.contains(&format!("line {line}")), "line {line}: {said}");
    }
    assert_eq!(everything(), before);
    assert_eq!(
        idp.database.number("SELECT COUNT(*) AS v FROM subscriber WHERE user_id = 'newcomer'"),
        0
    );
}

/// 24.5
async fn the_check_of_the_audit_trail_names_what_was_changed(idp: Fresh) {
    signed_on(&idp, "alpha", "practitioner").await;
    eventually("all events are sealed", || async {
        (idp.database.number("SELECT COUNT(*) AS v FROM audit_pending") == 0).then_some(())
    })
    .await;
    idp.must(&["audit", "verify"]);
    // The trail cannot be changed by those who may only use it.
    for statement in [
        "UPDATE audit_event SET reason = 'x'",
        "DELETE FROM audit_event",
        "DELETE FROM audit_seal",
        "UPDATE audit_head SET position = position",
    ] {
        assert!(idp.database.execute(statement).is_err(), "{statement}");
    }
    // Whoever owns the database can; the check says which row.
    let victim = idp.database.column("SELECT id AS v FROM audit_event ORDER BY at LIMIT 1");
    let change = format!("UPDATE audit_event SET reason = 'changed' WHERE id = '{}'", victim[0]);
    idp.behind_the_triggers("audit_event", &change);
    let checked = idp.cli(&["audit", "verify"]);
    assert_eq!(checked.code, 1, "{checked:?}");
    assert!(format!("{}{}", checked.stdout, checked.stderr).contains(&victim[0]), "{checked:?}");
}

async fn a_site_is_listed_without_its_secret(idp: Fresh) {
    let listed = idp.must(&["site", "list"]).stdout;
    for id in ["alpha", "credentia", "machine"] {
        assert!(listed.contains(id), "{listed}");
    }
    assert!(!listed.contains("secret-of-the-tests"));
    let document =
        hilum_tests::standing::registration("made", &json!({ "client_secret": Value::Null }));
    let added = idp.register(&document);
    assert_eq!(added.code, 0, "{added:?}");
    assert!(added.stdout.contains("secret"), "a secret that Hilum made is shown once: {added:?}");
    assert_ne!(idp.register(&document).code, 0, "a second one of this name");
}

/// 15.9: back only with a new activation, which is not offered here; the text says nothing else
async fn a_terminated_person_is_as_good_as_unknown(idp: Fresh) {
    import(&idp, &Change::new().status("administrator", "terminated"));
    let mut browser = idp.browser();
    let page = browser.open(&idp.site("alpha").request().url()).await;
    let answer =
        browser.sign_in(&page, &Person::new("administrator").with_password(PASSWORD)).await;
    assert_eq!((answer.status, browser.session()), (401, None));
}

/// 10.4: not only a sign-out by hand
async fn whoever_ends_a_person_the_sites_are_told(idp: Fresh) {
    let listener = Listener::start().await;
    let logout = json!({ "backchannel_logout_uri": listener.url("/out") });
    let site = idp.add_site("told", &logout).await;
    let tokens = site.sign_on(&mut idp.browser(), &Person::new("practitioner")).await;
    import(&idp, &Change::new().status("practitioner", "terminated"));
    let calls = listener.wait_for(1).await;
    let token = claims_of(&calls[0].field("logout_token").unwrap());
    let id = claims_of(&tokens.id);
    assert_eq!((&token["sub"], &token["sid"]), (&id["sub"], &id["sid"]));
}

/// R16, 20.10
async fn a_personal_number_is_masked_sealed_and_withheld(idp: Fresh) {
    import(&idp, &Change::new().and(SOLE_PRACTICE));
    let accepting = json!({
        "scope": "openid affiliations tax_ids",
        "release": { "affiliation_mode": "one", "tax_id_release": "all", "accept_ssn_type": true },
    });
    let accepting = idp.add_site("accepting", &accepting).await;
    let person = Person::new("sole");
    let numbers = async |site: &Site| {
        let tokens = site.sign_on(&mut idp.browser(), &person).await;
        let userinfo = site.userinfo(&tokens.access).await;
        assert_eq!(userinfo.status, 200);
        (claims_of(&tokens.id)["affiliations"].to_string(), userinfo.text)
    };
    let (id, userinfo) = numbers(&idp.site("one")).await;
    for text in [&id, &userinfo] {
        assert!(!text.contains("7698"), "withheld: {text}");
    }
    let (id, userinfo) = numbers(&accepting).await;
    for text in [&id, &userinfo] {
        assert!(text.contains("321-54-7698") && text.contains("\"ssn\""), "approved: {text}");
    }
    let mut browser = idp.browser();
    let page = browser.visit("/account").await;
    let page = browser.sign_in(&page, &person).await;
    assert!(page.body.contains("***-**-7698"), "masked: {}", page.body);
    for (place, text) in [
        ("the page", page.body.clone()),
        ("the log", idp.log()),
        ("the database", idp.database.everything()),
    ] {
        for number in ["321-54-7698", "321547698"] {
            assert!(!text.contains(number), "the number stands in {place}");
        }
    }
}

const SOLE_PRACTICE: &str = r#"
[[organization]]
id = "org_sole"
name = "Sole Practice"
tax_ids = [{ number = "321-54-7698", type = "ssn" }]

[[subscriber]]
user_id = "sole"
given_name = "Sol"
family_name = "Ortega"
password = "Hilum-demo-2026"

[[subscriber.affiliation]]
organization = "org_sole"
roles = ["office-manager"]
"#;
