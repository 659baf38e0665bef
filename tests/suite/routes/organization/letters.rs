//! Whoever nominates and takes back again and again floods nobody's mailbox (22.2).

use hilum_tests::{Browser, Fresh, Page, TestIdp, on_every_store};

use super::{NOMINEE, OWN, at_work, roster::upload, token};

on_every_store![
    a_mailbox_gets_ten_nominations_a_day_however_often_they_are_taken_back,
    hundreds_are_nominated_at_once,
    a_user_id_is_asked_ten_times_a_day_whether_or_not_there_is_one,
];

/// How many letters of a kind are in the outbox, sent or not.
fn letters(idp: &TestIdp, name: &str) -> i64 {
    let query = "SELECT COUNT(*) AS v FROM outbox WHERE payload LIKE '%\"name\":\"NAME\"%'";
    idp.database.number(&query.replace("NAME", name))
}

/// Posts a form of the console that has nothing but its token.
async fn press(browser: &mut Browser, idp: &TestIdp, path: &str) -> Page {
    let token = token(browser).await;
    browser.post(&idp.url(&format!("{OWN}{path}")), &[("form_token", token)]).await
}

async fn nominate(browser: &mut Browser) -> Page {
    let page = browser.visit(&format!("{OWN}/nominate")).await;
    let page = browser.submit(&page, "nominate-submit", NOMINEE).await;
    browser.submit(&page, "confirm", &[]).await
}

async fn a_mailbox_gets_ten_nominations_a_day_however_often_they_are_taken_back(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let waiting = "SELECT id AS v FROM nomination WHERE state = 'nominated'";
    for round in 0..9 {
        assert_eq!(nominate(&mut browser).await.status, 200, "round {round}");
        let id = idp.database.column(waiting).concat();
        let page = press(&mut browser, &idp, &format!("/nominations/{id}/withdraw")).await;
        assert_eq!(page.status, 200, "taking back is never refused: {}", page.body);
    }
    // The tenth letter; another code would be the eleventh.
    assert_eq!(nominate(&mut browser).await.status, 200);
    let id = idp.database.column(waiting).concat();
    let before = letters(&idp, "nominated");
    assert_eq!(before, 10);
    let page = press(&mut browser, &idp, &format!("/nominations/{id}/resend")).await;
    assert!(page.status == 409 && page.body.contains("tomorrow"), "{}", page.body);
    let page = press(&mut browser, &idp, &format!("/nominations/{id}/withdraw")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let page = nominate(&mut browser).await;
    assert!(page.status == 409 && page.has("problem"), "{}", page.body);
    // Nor by a list, in whatever letters the address stands there.
    let list = "given_name,family_name,email,roles,verified_by\n\
                Maria,Núñez,MARIA@cedarfalls.example,office-worker,hr-record\n";
    let page = upload(&mut browser, OWN, list.as_bytes(), &[]).await;
    assert!(page.has("wrong") && !page.has("confirm"), "{}", page.body);
    assert_eq!(letters(&idp, "nominated"), before, "nothing was sent");
    // Somebody else is nominated all the same, and she again when the day is over.
    let list = list.replace("MARIA", "tomas").replace("Maria", "Tomás");
    let page = upload(&mut browser, OWN, list.as_bytes(), &[]).await;
    assert!(page.has("confirm"), "{}", page.body);
    let yesterday = "UPDATE letter_count SET began_at = began_at - 86400000";
    assert!(idp.database.execute(yesterday).unwrap() >= 2);
    assert_eq!(nominate(&mut browser).await.status, 200);
}

async fn a_user_id_is_asked_ten_times_a_day_whether_or_not_there_is_one(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let ask = async |browser: &mut Browser, user_id: &str| {
        let page = browser.visit(&format!("{OWN}/affiliate")).await;
        browser.submit(&page, "affiliate-submit", &[("user_id", user_id)]).await
    };
    let offers = "SELECT id AS v FROM affiliation WHERE status = 'proposed' \
                  UNION SELECT id AS v FROM offer_to_nobody WHERE ended_at IS NULL";
    let mut answers = Vec::new();
    for user_id in ["hospital", "nobody-at-all"] {
        for round in 0..10 {
            let page = ask(&mut browser, user_id).await;
            assert_eq!(page.status, 200, "{user_id}, round {round}: {}", page.body);
            let id = idp.database.column(offers).concat();
            let page = press(&mut browser, &idp, &format!("/offers/{id}/take-back")).await;
            assert_eq!(page.status, 200, "{user_id}: {}", page.body);
        }
        let page = ask(&mut browser, user_id).await;
        answers.push((page.status, page.text("problem")));
    }
    assert_eq!(answers[0].0, 409, "{answers:?}");
    assert_eq!(answers[0], answers[1], "nobody learns whether there is one");
    assert_eq!(letters(&idp, "affiliation-proposed"), 10);
}

async fn hundreds_are_nominated_at_once(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let mut list = "given_name,family_name,email,roles,verified_by\n".to_owned();
    for n in 0..300 {
        // Names of which none is like another.
        let name: String = format!("{n:03}").bytes().map(|digit| (digit + 49) as char).collect();
        let line = format!("{name},{name}{name},{name}@first.example,office-worker,hr-record\n");
        list.push_str(&line);
    }
    let plan = upload(&mut browser, OWN, list.as_bytes(), &[]).await;
    assert!(plan.has("confirm"), "{}", plan.body);
    let page = browser.submit(&plan, "confirm", &[]).await;
    assert!(page.has("codes"), "{}", page.body);
    assert_eq!(idp.database.number("SELECT COUNT(*) AS v FROM nomination"), 300);
    let counted = "SELECT MAX(letters) AS v FROM letter_count";
    assert_eq!(idp.database.number(counted), 300, "once for the organization");
}
