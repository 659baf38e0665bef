//! An Administrator of one organization walks every console page and every call of the API with
//! identifiers of another: nothing is there, and each try is written down (security 20.1, 20.2).

use hilum_tests::{Browser, Form, Fresh, Page, Person, TestIdp, Tokens, on_every_store};
use reqwest::Method;
use serde_json::json;

use super::{
    console::{ADMINISTRATOR, at_work},
    every_route::{ROUTES, filled},
};

on_every_store![what_is_another_organizations_is_not_there];

const OWN: &str = "org_cedar-falls";
const FOREIGN: &str = "org_lakeside";

/// The routes of one organization, by what comes first in them.
fn routes(beginning: &'static str) -> impl Iterator<Item = (&'static str, bool, bool)> {
    ROUTES
        .iter()
        .filter(move |(route, ..)| route.starts_with(beginning))
        .map(|(route, get, post)| (*route, *get != 405, *post != 405))
}

/// Identifiers of another organization that go into a slot, by what the path says before it.
fn foreign(idp: &TestIdp, route: &str) -> String {
    let query = |query: &str| idp.database.column(query).first().cloned();
    let found = match route.split('/').nth(3) {
        Some("people") => query(
            "SELECT subscriber_id AS v FROM affiliation WHERE organization_id = 'org_lakeside'",
        ),
        Some("tax-ids") => {
            query("SELECT id AS v FROM tax_id WHERE organization_id = 'org_lakeside'")
        }
        _ => None,
    };
    found.unwrap_or_else(|| "none".to_owned())
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
    let (mut browser, page) = at_work(&idp, "/organization").await;
    assert_eq!(page.url.path(), format!("/organization/{OWN}"), "{}", page.body);
    let token = form_token(&mut browser).await;
    let refused = || {
        let query = "SELECT COUNT(*) AS v FROM audit_event WHERE kind = 'access.refused'";
        idp.database.number(query)
    };

    let mut walked = 0;
    for (route, get, has_post) in routes("/organization/{") {
        let before = refused();
        let path = filled(route, &[FOREIGN, &foreign(&idp, route)]);
        if get {
            let page = browser.visit(&path).await;
            assert_eq!(page.status, 404, "GET {path}: {}", page.body);
            assert!(!page.body.contains("Lakeside"), "GET {path}");
        }
        if has_post {
            let page = post(&mut browser, &idp, &path, &token).await;
            assert_eq!(page.status, 404, "POST {path}: {}", page.body);
        }
        assert!(refused() > before, "{path} is written down");
        walked += 1;
    }
    assert!(walked > 0);
    // The own organization with what is another's.
    for (route, get, _) in routes("/organization/{") {
        if route.matches('{').count() < 2 || !get {
            continue;
        }
        let path = filled(route, &[OWN, &foreign(&idp, route)]);
        let page = browser.visit(&path).await;
        assert_eq!(page.status, 404, "GET {path}: {}", page.body);
    }

    let api = idp
        .add_site("console-app", &json!({ "scope": "openid hilum.admin", "client_name": "App" }))
        .await;
    let request = api.request().with("acr_values", "urn:hilum:acr:browser-second-factor");
    let code = api.code(&mut browser, &Person::new(ADMINISTRATOR), &request).await;
    let token = Tokens::of(&api.redeem(&request, &code).await);
    for (route, get, has_post) in routes("/api/v1/organizations/{") {
        let path = filled(route, &[FOREIGN, &foreign(&idp, route)]);
        for (method, exists) in [(Method::GET, get), (Method::POST, has_post)] {
            if exists {
                let before = refused();
                let call = idp
                    .call(method.clone(), &path)
                    .header("Authorization", &format!("Bearer {}", token.access))
                    .header("Content-Type", "application/json")
                    .body(b"{}".to_vec());
                let (status, _, body) = call.send().await;
                assert_eq!(status, 404, "{method} {path}: {}", String::from_utf8_lossy(&body));
                assert!(refused() > before, "{method} {path} is written down");
            }
        }
    }
}
