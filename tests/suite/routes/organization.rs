//! `/organization`: the Administrator's console (17.3, 17.4, 17.6, 17.8, 20.1–20.5, 20.9, 21.5).

mod activation;
mod affiliate;
mod audit;
mod data;
mod late;
mod letters;
mod manage;
mod parts;
mod people;
mod requests;
mod review;
pub(super) mod roster;
mod stopped;
mod systems;
mod takeover;

use hilum_tests::{App, Browser, Form, Page, Person, TestIdp};

/// What the demo's Administrator has in her app.
const SEED: &str = "HILUMDEMOSEEDFORADMINISTRATOR234";
/// Her organization.
const OWN: &str = "/organization/org_cedar-falls";

/// The demo's Administrator at work, with the second factor that the console asks for.
async fn at_work(idp: &TestIdp) -> Browser {
    at_work_when(idp, 0).await
}

/// Likewise, when the clock of Hilum is so many seconds ahead.
async fn at_work_when(idp: &TestIdp, offset: i64) -> Browser {
    let mut browser = idp.browser();
    let page = browser.visit(&format!("{OWN}/people")).await;
    let page = browser.sign_in(&page, &Person::new("administrator")).await;
    let code = App::told(SEED).when(offset).code(0);
    let page = browser.submit(&page, "factor-submit", &[("code", &code)]).await;
    assert_eq!((page.status, page.url.path()), (200, &*format!("{OWN}/people")), "{}", page.body);
    browser
}

/// Somebody to be nominated.
const NOMINEE: &[(&str, &str)] = &[
    ("given_name", "Maria"),
    ("family_name", "Núñez"),
    ("email", "maria@cedarfalls.example"),
    ("verified_by", "known-in-person"),
];

/// Nominates somebody; gives the page that follows the look at what was typed.
async fn nominate(browser: &mut Browser, fields: &[(&str, &str)]) -> Page {
    let page = browser.visit(&format!("{OWN}/nominate")).await;
    let page = browser.submit(&page, "nominate-submit", fields).await;
    assert_eq!(page.status, 200, "{}", page.body);
    browser.submit(&page, "confirm", &[]).await
}

/// A form token of the console for this browser.
async fn token(browser: &mut Browser) -> String {
    let page = browser.visit(&format!("{OWN}/nominate")).await;
    let forms = Form::all(&page.body);
    forms.iter().find_map(|form| form.value("form_token")).expect("a form").to_owned()
}
