//! The yearly look at an organization's people (R14, R42).

use hilum_tests::{App, Browser, Form, Fresh, Page, Person, TestIdp, on_every_store};

use super::{OWN, SEED, at_work};

on_every_store![
    everybody_is_looked_at_once_a_year_by_somebody_else,
    a_page_of_a_review_waits_for_its_administrator,
];

/// The last review of Cedar Falls was so many days ago.
fn last_review(idp: &TestIdp, days: i64) {
    let then = format!(
        "UPDATE organization SET people_reviewed_at = updated_at - {} WHERE id = 'org_cedar-falls'",
        days * 24 * 3600 * 1000
    );
    idp.database.execute(&then).expect("the last review");
    let since =
        "UPDATE affiliation SET since = '2020-01-01' WHERE organization_id = 'org_cedar-falls'";
    idp.database.execute(since).expect("their time there");
}

/// The boxes of a page.
fn boxes(page: &Page) -> Vec<String> {
    let names = page.body.split("name=\"keep.").skip(1);
    names.filter_map(|rest| rest.split('"').next()).map(|id| format!("keep.{id}")).collect()
}

async fn tick(browser: &mut Browser, page: &Page, boxes: &[String]) -> Page {
    let fields: Vec<(&str, &str)> = boxes.iter().map(|name| (name.as_str(), "yes")).collect();
    browser.submit(page, "keep", &fields).await
}

async fn everybody_is_looked_at_once_a_year_by_somebody_else(idp: Fresh) {
    let mut joan = at_work(&idp).await;
    let review = format!("{OWN}/review");
    let page = joan.visit(&review).await;
    assert!(page.has("resting") && !page.has("keep"), "{}", page.body);
    assert!(!joan.visit(OWN).await.has("review"));

    last_review(&idp, 340);
    assert!(joan.visit(OWN).await.has("review"), "it is open");
    last_review(&idp, 366);
    let page = joan.visit(&review).await;
    assert!(page.has("overdue") && !page.has("finish"), "{}", page.body);
    let all = boxes(&page);
    assert!(!all.is_empty(), "{}", page.body);
    let own = idp.database.column(
        "SELECT a.id AS v FROM affiliation a JOIN subscriber s ON s.id = a.subscriber_id \
         WHERE s.user_id = 'administrator' AND a.organization_id = 'org_cedar-falls'",
    );
    assert!(!all.contains(&format!("keep.{}", own[0])), "nobody confirms themselves");

    // Nothing ticked is no answer, and a box that the page has not is refused.
    let nothing = joan.submit(&page, "keep", &[]).await;
    assert_eq!((nothing.status, nothing.has("problem")), (422, true), "{}", nothing.body);
    let foreign = idp.database.column(
        "SELECT id AS v FROM affiliation WHERE organization_id <> 'org_cedar-falls' ORDER BY id",
    );
    let token =
        Form::all(&page.body).iter().find_map(|form| form.value("form_token").map(str::to_owned));
    let token = ("form_token".to_owned(), token.expect("a token"));
    let url = idp.url(&review);
    for (name, expected) in [(format!("keep.{}", foreign[0]), 404), ("status".to_owned(), 400)] {
        let fields = [token.clone(), (name.clone(), "yes".to_owned())];
        assert_eq!(joan.post(&url, &fields).await.status, expected, "{name}");
    }
    let own_box = [token.clone(), (format!("keep.{}", own[0]), "yes".to_owned())];
    joan.post(&url, &own_box).await;
    let themselves = format!(
        "SELECT count(*) AS v FROM affiliation WHERE id = '{}' AND reviewed_at IS NOT NULL",
        own[0]
    );
    assert_eq!(idp.database.number(&themselves), 0);

    let (first, rest) = all.split_first().expect("somebody");
    let page = tick(&mut joan, &page, std::slice::from_ref(first)).await;
    assert!(page.has("done") && !boxes(&page).contains(first), "{}", page.body);
    let early = joan.post(&idp.url(&format!("{review}/finish")), &[token]).await;
    assert_eq!(early.status, 409, "somebody is left: {}", early.body);
    let mut page = tick(&mut joan, &page, rest).await;
    while !boxes(&page).is_empty() {
        let more = boxes(&page);
        page = tick(&mut joan, &page, &more).await;
    }
    let page = joan.visit(&review).await;
    let finished = joan.submit(&page, "finish", &[]).await;
    assert!(finished.has("done") && finished.has("resting"), "{}", finished.body);
    assert!(!joan.visit(OWN).await.has("review"));

    // Who confirmed whom, and when, is on the page and on record.
    let page = joan.visit(&format!("{review}?shown=all")).await;
    assert!(page.body.contains("Joan Whitfield"), "{}", page.body);
    let recorded = "SELECT count(*) AS v FROM audit_event WHERE kind = 'affiliation.reviewed'";
    assert_eq!(usize::try_from(idp.database.number(recorded)), Ok(all.len()));
    let done = "SELECT count(*) AS v FROM audit_event WHERE kind = 'org.people-reviewed'";
    assert_eq!(idp.database.number(done), 1);
    assert_eq!(joan.visit(&format!("{review}?shown=nonsense")).await.status, 400);
}

/// After half an hour the console asks who is there, and the ticks wait (security 19.2).
async fn a_page_of_a_review_waits_for_its_administrator(idp: Fresh) {
    last_review(&idp, 366);
    let mut joan = at_work(&idp).await;
    let page = joan.visit(&format!("{OWN}/review?shown=unused")).await;
    let ticked: Vec<String> = boxes(&page).into_iter().take(1).collect();
    assert_eq!(ticked.len(), 1, "{}", page.body);
    idp.set_clock(31 * 60).await;
    let page = tick(&mut joan, &page, &ticked).await;
    let page = joan.sign_in(&page, &Person::new("administrator")).await;
    let code = App::told(SEED).when(31 * 60).code(0);
    let page = joan.submit(&page, "factor-submit", &[("code", &code)]).await;
    let page = joan.submit(&page, "send", &[]).await;
    assert!(page.has("done"), "{}", page.body);
    let kept = "SELECT count(*) AS v FROM affiliation WHERE reviewed_at IS NOT NULL";
    assert_eq!(idp.database.number(kept), 1);
}
