//! Asking somebody by their User ID (R71; 20.9).

use hilum_tests::{Browser, Fresh, Page, Person, TestIdp, on_every_store};

use super::{OWN, at_work};

on_every_store![
    an_administrator_learns_of_no_user_id_whether_there_is_one,
    whoever_told_their_user_id_is_asked_and_stays_unnamed_when_they_say_no,
];

/// Works at the hospital, and nowhere else.
const GRACE: &str = "hospital";

async fn ask(browser: &mut Browser, user_id: &str) -> Page {
    let page = browser.visit(&format!("{OWN}/affiliate")).await;
    browser.submit(&page, "affiliate-submit", &[("user_id", user_id)]).await
}

/// What a page says came of it.
fn told(page: &Page) -> (u16, String) {
    (page.status, page.text("outcome").or_else(|| page.text("problem")).unwrap_or_default())
}

fn row<'a>(page: &'a Page, typed: &str) -> Option<&'a str> {
    page.body.split("<li>").find(|row| row.contains(typed) && row.contains("take-back"))
}

async fn an_administrator_learns_of_no_user_id_whether_there_is_one(idp: Fresh) {
    // One account that was ended beside one elsewhere and one that nobody has.
    let close = "UPDATE subscriber SET status = 'closed' WHERE user_id = 'unaffiliated'";
    assert_eq!(idp.database.execute(close).unwrap(), 1);
    let mut browser = at_work(&idp).await;
    let asked = ["hospital", "unaffiliated", "nobody-at-all"];
    let mut answers = Vec::new();
    for user_id in asked {
        answers.push(told(&ask(&mut browser, user_id).await));
    }
    assert_eq!(answers[0].0, 200, "{answers:?}");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    // Once more: still alike.
    let mut again = Vec::new();
    for user_id in asked {
        again.push(told(&ask(&mut browser, user_id).await));
    }
    assert_eq!(again[0].0, 409, "{again:?}");
    assert!(again.iter().all(|answer| *answer == again[0]), "{again:?}");
    // The list and the record tell of each what was typed, and nothing else.
    let list = browser.visit(&format!("{OWN}/nominations")).await;
    let record = browser.visit(&format!("{OWN}/audit?what=affiliation.proposed")).await;
    for user_id in asked {
        assert!(row(&list, user_id).is_some(), "{user_id}: {}", list.body);
        assert!(record.body.contains(user_id), "{user_id}: {}", record.body);
    }
    assert!(!list.body.contains("Okafor") && !record.body.contains("Okafor"));
    // What is not a User ID, and a colleague's.
    assert_eq!(ask(&mut browser, "no user id").await.status, 422);
    let page = ask(&mut browser, "practitioner").await;
    assert!(page.status == 409 && page.body.contains("/people/sub_"), "{}", page.body);
    // Each can be taken back, and then asked anew.
    for user_id in asked {
        let list = browser.visit(&format!("{OWN}/nominations")).await;
        let action = row(&list, user_id).unwrap().split("action=\"").nth(1).unwrap();
        let action = action.split('"').next().unwrap().to_owned();
        let token = list.body.split("name=\"form_token\" value=\"").nth(1).unwrap();
        let token = token.split('"').next().unwrap();
        let url = idp.url(&action);
        let request = browser.request(reqwest::Method::POST, &url).form(&[("form_token", token)]);
        let page = browser.send(&url, request).await;
        assert_eq!(page.status, 303, "{user_id}: {}", page.body);
        let list = browser.visit(&format!("{OWN}/nominations")).await;
        assert!(row(&list, user_id).is_none(), "{user_id}: {}", list.body);
        let page = ask(&mut browser, user_id).await;
        assert_eq!(page.status, 200, "{user_id}: {}", page.body);
    }
}

async fn whoever_told_their_user_id_is_asked_and_stays_unnamed_when_they_say_no(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    assert_eq!(ask(&mut browser, " Hospital ").await.status, 200, "as people type it");
    assert_eq!(state(&idp), ["proposed"]);
    let mut grace = idp.browser();
    let page = grace.visit("/account/offers").await;
    let page = grace.sign_in(&page, &Person::new(GRACE)).await;
    assert!(page.body.contains("Cedar Falls Family Medicine"), "{}", page.body);
    let query = "SELECT id AS v FROM affiliation WHERE status = 'proposed'";
    let offer = idp.database.column(query).concat();
    let declining = grace.submit(&page, &format!("decline-{offer}"), &[]).await;
    assert!(declining.status < 400, "{}", declining.body);
    assert_eq!(state(&idp), ["ended"]);
    // Whoever said no is told of by what was typed.
    let letter = idp.mail("joan.whitfield@cedar-falls.example", "Somebody will not act", 0).await;
    let letter = format!("{letter:?}");
    assert!(letter.contains("hospital") && !letter.contains("Okafor"), "{letter}");
}

fn state(idp: &TestIdp) -> Vec<String> {
    let of = "SELECT affiliation.status AS v FROM affiliation JOIN subscriber ON subscriber.id = \
              affiliation.subscriber_id WHERE subscriber.user_id = 'hospital' \
              AND affiliation.organization_id = 'org_cedar-falls'";
    idp.database.column(of)
}
