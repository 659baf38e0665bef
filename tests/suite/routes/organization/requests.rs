//! People who ask an organization for access, and its answer (R18, R88, R89).

use hilum_tests::{Browser, Fresh, Page, TestIdp, eventually, on_every_store};

use super::{OWN, at_work};

on_every_store![
    an_organization_is_looked_for_behind_the_page_whether_or_not_there_is_one,
    a_request_goes_to_the_administrators_and_a_nomination_answers_it,
    whoever_has_a_user_id_is_asked_and_the_request_is_answered_too,
    who_is_declined_hears_of_it_and_what_was_typed_is_forgotten,
    what_another_organization_was_asked_fills_no_form_here_and_the_try_is_written_down,
];

const JOAN: &str = "joan.whitfield@cedar-falls.example";

/// Somebody with this address asks.
async fn ask(idp: &TestIdp, email: &str) {
    ask_in(idp, email, "en").await;
}

/// Likewise, in a browser that speaks this language.
async fn ask_in(idp: &TestIdp, email: &str, language: &str) {
    let mut visitor = idp.browser();
    visitor.headers.push(("Accept-Language".to_owned(), language.to_owned()));
    let page = visitor.visit("/request-access").await;
    let fields = [
        ("organization", "cedar falls FAMILY medicine"),
        ("given_name", "Omar"),
        ("family_name", "Sayed"),
        ("email", email),
        ("phone", "(360) 555-0133"),
        ("address", "5 Alder Way, Cedar Falls"),
        ("user_id", "omar.s"),
        ("access_level", "community-view-only"),
    ];
    let asking = visitor.submit(&page, "ask-submit", &fields);
    let (asked, told) = idp.mail_after(JOAN, "", asking).await;
    assert_eq!(asked.status, 201, "{}", asked.body);
    assert!(told.link(&idp.origin, &format!("{OWN}/requests")).is_some(), "{}", told.text);
}

/// 17.1: no clock of the page says whether there is such an organization.
async fn an_organization_is_looked_for_behind_the_page_whether_or_not_there_is_one(idp: Fresh) {
    for (number, named) in
        ["cedar falls FAMILY medicine", "Nobody & Sons", "82-7654321", "12-3499999"]
            .into_iter()
            .enumerate()
    {
        let mut visitor = idp.browser();
        let page = visitor.visit("/request-access").await;
        let email = format!("omar{number}@somewhere.example");
        let fields = [
            ("organization", named),
            ("given_name", "Omar"),
            ("family_name", "Sayed"),
            ("email", &*email),
            ("phone", "(360) 555-0133"),
            ("address", "5 Alder Way, Cedar Falls"),
            ("access_level", "community-view-only"),
        ];
        let left = "SELECT COUNT(*) AS v FROM outbox WHERE kind = 'inquiry'";
        let before = idp.database.number(left);
        let asked = visitor.press(&page, "ask-submit", &fields).await;
        assert_eq!(asked.status, 201, "{}", asked.body);
        assert_eq!(idp.database.number(left) - before, 1, "{named}: one question is left behind");
    }
    // Behind the page it is found where there is one: two of the four.
    eventually("two requests", async || {
        (idp.database.number("SELECT COUNT(*) AS v FROM access_request") == 2).then_some(())
    })
    .await;
}

/// The form with which Joan answers the only request, filled from it.
async fn answering(joan: &mut Browser) -> Page {
    let list = joan.visit(&format!("{OWN}/requests")).await;
    assert!(list.body.contains("Omar Sayed") && list.body.contains("555-0133"), "{}", list.body);
    let (_, address) = list.body.split_once("/nominate?request=").expect("a way to nominate");
    let id = address.split('"').next().unwrap();
    joan.visit(&format!("{OWN}/nominate?request={id}")).await
}

fn state(idp: &TestIdp) -> Vec<String> {
    idp.database.column("SELECT state AS v FROM access_request")
}

async fn a_request_goes_to_the_administrators_and_a_nomination_answers_it(idp: Fresh) {
    ask_in(&idp, "omar@somewhere.example", "es").await;
    let mut joan = at_work(&idp).await;
    let form = answering(&mut joan).await;
    let review = joan.submit(&form, "nominate-submit", &[("verified_by", "known-in-person")]).await;
    assert!(review.body.contains("omar.s"), "the wanted User ID: {}", review.body);
    let confirm = joan.submit(&review, "confirm", &[]);
    // In the language in which Omar asked, whatever Joan's page speaks.
    let (made, _) = idp.mail_after("omar@somewhere.example", "Le han nominado", confirm).await;
    assert!(made.has("activation-code"), "{}", made.body);
    assert_eq!(state(&idp), ["nominated"]);
    let list = joan.visit(&format!("{OWN}/requests")).await;
    assert!(!list.body.contains("Omar"), "{}", list.body);
}

async fn whoever_has_a_user_id_is_asked_and_the_request_is_answered_too(idp: Fresh) {
    ask(&idp, "priya.raman@mail.example").await;
    let mut joan = at_work(&idp).await;
    let form = answering(&mut joan).await;
    let review = joan.submit(&form, "nominate-submit", &[("verified_by", "known-in-person")]).await;
    let made = joan.submit(&review, "confirm", &[]).await;
    assert!(made.status == 200 && !made.has("activation-code"), "{}", made.body);
    assert_eq!(state(&idp), ["nominated"]);
}

async fn who_is_declined_hears_of_it_and_what_was_typed_is_forgotten(idp: Fresh) {
    ask(&idp, "omar@somewhere.example").await;
    let mut joan = at_work(&idp).await;
    let list = joan.visit(&format!("{OWN}/requests")).await;
    let id = idp.database.column("SELECT id AS v FROM access_request").remove(0);
    let button = format!("decline-{id}");
    let declining = joan.submit(&list, &button, &[]);
    let (declined, _) = idp.mail_after("omar@somewhere.example", "", declining).await;
    assert_eq!(declined.status, 200, "{}", declined.body);
    assert_eq!(state(&idp), ["declined"]);
    assert_eq!(idp.database.column("SELECT details AS v FROM access_request"), ["{}"]);
}

/// 20.1
async fn what_another_organization_was_asked_fills_no_form_here_and_the_try_is_written_down(
    idp: Fresh,
) {
    ask(&idp, "omar@somewhere.example").await;
    let id = idp.database.column("SELECT id AS v FROM access_request").concat();
    idp.database.execute("UPDATE access_request SET organization_id = 'org_north-sound'").unwrap();
    let mut joan = at_work(&idp).await;
    let refused = || {
        let query = "SELECT COUNT(*) AS v FROM audit_event WHERE kind = 'access.refused' \
                     AND reason LIKE 'nomination.create%' AND organization_id = 'org_cedar-falls'";
        idp.database.number(query)
    };
    assert_eq!(refused(), 0);
    let page = joan.visit(&format!("{OWN}/nominate?request={id}")).await;
    assert_eq!((page.status, refused()), (404, 1), "{}", page.body);
}
