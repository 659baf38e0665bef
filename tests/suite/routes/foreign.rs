//! An Administrator of one organization walks every console page and every call of the API with
//! identifiers of another: nothing is there, and each try is written down (security 20.1, 20.2).

use hilum_tests::{
    Browser, Form, Fresh, Page, Person, TestIdp, Tokens, eventually, first_app, on_every_store,
};
use reqwest::Method;
use serde_json::json;

use super::{
    console::{ADMINISTRATOR, at_work},
    every_route::{ROUTES, filled},
    organization::roster::upload,
};

on_every_store![what_is_another_organizations_is_not_there];

/// Who walks: the Administrator of the hospital, and of nothing else.
const GRACE: &str = "hospital";
const OWN: &str = "org_north-sound";
/// Whose things are walked by.
const OTHER: &str = "org_cedar-falls";

/// The routes of one organization, by what comes first in them.
fn routes(beginning: &'static str) -> impl Iterator<Item = (&'static str, bool, bool)> {
    ROUTES
        .iter()
        .filter(move |(route, ..)| route.starts_with(beginning))
        .map(|(route, get, post)| (*route, *get != 405, *post != 405))
}

/// What each slot of a path names, and where the other organization's are. Whoever adds a route with a
/// slot of another name says here where there is one.
const SLOTS: [(&str, &str); 10] = [
    ("affiliation", "SELECT id AS v FROM affiliation WHERE status = 'proposed'"),
    ("ending", "SELECT id AS v FROM access_ending WHERE organization_id = 'org_cedar-falls'"),
    ("further", "SELECT id AS v FROM further_number WHERE organization_id = 'org_cedar-falls'"),
    ("import", "SELECT id AS v FROM roster_import WHERE organization_id = 'org_cedar-falls'"),
    ("nomination", "SELECT id AS v FROM nomination WHERE organization_id = 'org_cedar-falls'"),
    ("person", "SELECT id AS v FROM subscriber WHERE user_id = 'practitioner'"),
    ("request", "SELECT id AS v FROM access_request WHERE organization_id = 'org_cedar-falls'"),
    ("site", "SELECT 'no-such-site' AS v"),
    ("system", "SELECT id AS v FROM system_client WHERE organization_id = 'org_cedar-falls'"),
    ("tax_id", "SELECT id AS v FROM tax_id WHERE organization_id = 'org_cedar-falls'"),
];

/// What an Administrator does with a person, as the addresses of its pages end.
const DEEDS: [&str; 11] = [
    "code",
    "deactivate",
    "demote",
    "email",
    "lost-factor",
    "promote",
    "remove",
    "resume",
    "rights",
    "suspend",
    "withdraw-promotion",
];

/// The paths of `organization` with what is Cedar Falls' in every other slot: one, or one for each
/// deed.
fn with_foreign(idp: &TestIdp, route: &str, organization: &str) -> Vec<String> {
    let deeds = if route.contains("{deed}") { &DEEDS[..] } else { &[""] };
    deeds.iter().map(|deed| one_with_foreign(idp, route, organization, deed)).collect()
}

fn one_with_foreign(idp: &TestIdp, route: &str, organization: &str, deed: &str) -> String {
    let slots = route.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let found: Vec<String> = slots
        .skip(1)
        .map(|slot| {
            if slot == "deed" {
                return deed.to_owned();
            }
            let found = SLOTS.iter().find(|(name, _)| *name == slot);
            let (_, query) = found.unwrap_or_else(|| panic!("what is {{{slot}}} in {route}?"));
            let rows = idp.database.column(query);
            rows.into_iter().next().unwrap_or_else(|| panic!("there is no {slot} to be foreign"))
        })
        .collect();
    let mut values = vec![organization];
    values.extend(found.iter().map(String::as_str));
    filled(route, &values)
}

/// Gives Cedar Falls one of everything that a path can name.
async fn one_of_everything(idp: &TestIdp) {
    let agreement = ["agreement", "publish", "config/agreements/organization-2026-11.txt"];
    let version = ["--agreement", "organization", "--version", "2026-11"];
    idp.must(&[&agreement[..], &version[..]].concat());
    idp.must(&["demo", "prepare"]);
    let system = ["--organization", OTHER, "--asked-by", ADMINISTRATOR, "--name", "EHR"];
    let what = ["--purpose", "TREAT", "--scope", "hie/pmp.query"];
    idp.must(&[&["system", "create"], &system[..], &what[..]].concat());
    let mut visitor = idp.browser();
    let page = visitor.visit("/request-access").await;
    let fields = [
        ("organization", OTHER),
        ("given_name", "Omar"),
        ("family_name", "Sayed"),
        ("email", "omar@somewhere.example"),
        ("phone", "(360) 555-0133"),
        ("address", "5 Alder Way, Cedar Falls"),
        ("access_level", "community-view-only"),
    ];
    let asked = visitor.submit(&page, "ask-submit", &fields).await;
    assert_eq!(asked.status, 201, "{}", asked.body);
    // Whether there is such an organization is looked up behind the page.
    eventually("the request", async || {
        (idp.database.number("SELECT COUNT(*) AS v FROM access_request") > 0).then_some(())
    })
    .await;
    let (mut joan, _) = at_work(idp, "/organization").await;
    let page = joan.visit(&format!("/organization/{OTHER}/tax-ids")).await;
    assert!(joan.submit(&page, "add-submit", &[("number", "12-3400001")]).await.has("done"));
    let page = joan.visit(&format!("/organization/{OTHER}/nominate")).await;
    let fields = [
        ("given_name", "Priya"),
        ("family_name", "Raman"),
        ("email", "priya.raman@mail.example"),
        ("verified_by", "photo-id"),
    ];
    let page = joan.submit(&page, "nominate-submit", &fields).await;
    assert_eq!(joan.submit(&page, "confirm", &[]).await.status, 200);
    let list = b"given_name,family_name,email,roles,verified_by\n\
                 Zoe,Abara,zoe@somewhere.example,office-worker,photo-id\n";
    let looked_at = upload(&mut joan, &format!("/organization/{OTHER}"), list, &[]).await;
    assert!(looked_at.has("confirm"), "{}", looked_at.body);
    let biller = idp.database.column("SELECT id AS v FROM subscriber WHERE user_id = 'biller'");
    let page = joan.visit(&format!("/organization/{OTHER}/people/{}/remove", biller[0])).await;
    assert!(joan.submit(&page, "deed-submit", &[]).await.has("receipts"));
}

/// The token of the consoles' forms in this browser, from the first own page that has one.
async fn form_token(browser: &mut Browser) -> String {
    for (route, get, _) in routes("/organization/{") {
        if get && route.matches('{').count() == 1 {
            let page = browser.visit(&filled(route, &[OWN])).await;
            let forms = Form::all(&page.body);
            if let Some(token) = forms.iter().find_map(|form| form.value("form_token")) {
                return token.to_owned();
            }
        }
    }
    String::new()
}

/// Posts a form that is ours, with nothing in it.
async fn post(browser: &mut Browser, idp: &TestIdp, path: &str, token: &str) -> Page {
    let url = idp.url(path);
    let request = browser
        .request(Method::POST, &url)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(format!("form_token={token}").into_bytes());
    browser.send(&url, request).await
}

async fn what_is_another_organizations_is_not_there(idp: Fresh) {
    one_of_everything(&idp).await;
    let mut browser = idp.browser();
    let (app, _) = first_app(&idp, &mut browser, GRACE, "grace.okafor@north-sound.example").await;
    let page = browser.visit(&format!("/organization/{OWN}")).await;
    let page = if page.has("factor-submit") {
        browser.submit(&page, "factor-submit", &[("code", &app.code(1))]).await
    } else {
        page
    };
    assert_eq!(page.url.path(), format!("/organization/{OWN}"), "{}", page.body);
    let token = form_token(&mut browser).await;
    let refused = || {
        let query = "SELECT COUNT(*) AS v FROM audit_event WHERE kind = 'access.refused'";
        idp.database.number(query)
    };
    let everything = || {
        let rows = |table: &str| {
            let query = format!("SELECT COUNT(*) AS v FROM {table}");
            idp.database.number(&query)
        };
        let states = "SELECT id || state AS v FROM nomination UNION ALL SELECT id || status FROM \
                      affiliation UNION ALL SELECT id || state FROM access_request ORDER BY v";
        (
            idp.database.column(states),
            rows("tax_id"),
            rows("further_number"),
            rows("access_ending"),
            rows("mailed_code"),
        )
    };
    let before_all = everything();

    let mut walked = 0;
    for (route, get, has_post) in routes("/organization/{") {
        for organization in [OTHER, OWN] {
            if organization == OWN && route.matches('{').count() < 2 {
                continue; // it is the own one
            }
            for path in with_foreign(&idp, route, organization) {
                let before = refused();
                if get {
                    let page = browser.visit(&path).await;
                    assert_eq!(page.status, 404, "GET {path}: {}", page.body);
                    assert!(!page.body.contains("Cedar Falls"), "GET {path}");
                }
                if has_post {
                    let page = post(&mut browser, &idp, &path, &token).await;
                    assert_eq!(page.status, 404, "POST {path}: {}", page.body);
                }
                assert!(refused() > before || route.contains("{site}"), "{path} is written down");
                walked += 1;
            }
        }
    }
    assert!(walked > 20, "{walked}");

    let api = idp
        .add_site("console-app", &json!({ "scope": "openid hilum.admin", "client_name": "App" }))
        .await;
    let request = api.request().with("acr_values", "urn:hilum:acr:browser-second-factor");
    let code = api.code(&mut browser, &Person::new(GRACE), &request).await;
    let token = Tokens::of(&api.redeem(&request, &code).await);
    let mut called = 0;
    for (route, ..) in routes("/api/v1/organizations/{") {
        for organization in [OTHER, OWN] {
            if organization == OWN && route.matches('{').count() < 2 {
                continue;
            }
            for path in with_foreign(&idp, route, organization) {
                called += called_in_vain(&idp, &token.access, route, &path, &refused).await;
            }
        }
    }
    assert!(called > 10, "{called}");
    assert_eq!(everything(), before_all, "nothing has changed");
}

/// Calls `path` by every method that there is, and says how many that were: to each the answer is that
/// nothing is there, and each is written down.
async fn called_in_vain(
    idp: &TestIdp,
    token: &str,
    route: &str,
    path: &str,
    refused: &impl Fn() -> i64,
) -> usize {
    let mut called = 0;
    for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let before = refused();
        let call = idp
            .call(method.clone(), path)
            .header("Authorization", &format!("Bearer {token}"))
            .header("Content-Type", "application/json")
            .body(body_of(route, &method).to_string().into_bytes());
        let (status, _, body) = call.send().await;
        if status == 405 {
            continue;
        }
        let body = String::from_utf8_lossy(&body);
        assert_eq!(status, 404, "{method} {path}: {body}");
        assert!(refused() > before, "{method} {path} is written down");
        called += 1;
    }
    called
}

/// A body that is good as far as its form goes: what is not there is not there before it is judged.
fn body_of(route: &str, method: &Method) -> serde_json::Value {
    match (route.rsplit('/').next(), method) {
        (Some("rights"), &Method::PUT) => json!({
            "roles": ["office-worker"], "role_details": [], "access_level": "community-standard",
            "reason": "none",
        }),
        (Some("standing"), _) => json!({ "action": "remove" }),
        _ => json!({}),
    }
}
