//! `/account/offers`: whoever has a User ID is asked, and nobody else answers (R70, R71; security
//! 20.9).

use hilum_tests::{Browser, Fresh, Page, Person, TestIdp, on_every_store};

use super::console::at_work;

on_every_store![
    whoever_is_asked_proves_the_mailbox_and_accepts,
    whoever_declines_acts_for_nobody_and_the_organization_hears_of_it,
    nobody_answers_for_somebody_else,
];

const OWN: &str = "/organization/org_cedar-falls";
/// Of the demo's person whom nobody vouches for.
const PRIYA: &str = "priya.raman@mail.example";
const JOAN: &str = "joan.whitfield@cedar-falls.example";

/// Cedar Falls asks Priya; her browser at the page that says so.
async fn asked(idp: &TestIdp) -> (Browser, Page) {
    let (mut joan, _) = at_work(idp, "/organization").await;
    let form = joan.visit(&format!("{OWN}/nominate")).await;
    let fields = [
        ("given_name", "Priya"),
        ("family_name", "Raman"),
        ("email", PRIYA),
        ("verified_by", "known-in-person"),
    ];
    let review = joan.submit(&form, "nominate-submit", &fields).await;
    joan.submit(&review, "confirm", &[]).await;
    assert_eq!(state(idp), ["proposed"]);
    let mut priya = idp.browser();
    let page = priya.visit("/account/offers").await;
    let page = priya.sign_in(&page, &Person::new("unaffiliated")).await;
    assert!(page.body.contains("Cedar Falls Family Medicine"), "{}", page.body);
    (priya, page)
}

fn state(idp: &TestIdp) -> Vec<String> {
    let of = "SELECT affiliation.status AS v FROM affiliation JOIN subscriber ON subscriber.id = \
              affiliation.subscriber_id WHERE subscriber.user_id = 'unaffiliated'";
    idp.database.column(of)
}

fn offer(idp: &TestIdp) -> String {
    idp.database.column("SELECT id AS v FROM affiliation WHERE status = 'proposed'").concat()
}

async fn whoever_is_asked_proves_the_mailbox_and_accepts(idp: Fresh) {
    let (mut priya, page) = asked(&idp).await;
    let accept = format!("accept-{}", offer(&idp));
    // Nobody uses an account whose mailbox somebody else has by now.
    let (page, _) = idp.mail_after(PRIYA, "", priya.submit(&page, &accept, &[])).await;
    assert!(page.status == 422 && page.has("code"), "{}", page.body);
    assert_eq!(state(&idp), ["proposed"]);
    let wrong = priya.submit(&page, &accept, &[("code", "0000 0000")]).await;
    assert!(wrong.status == 422 && wrong.has("code"), "{}", wrong.body);
    let code = idp.mailed_code(PRIYA).await;
    let fields = [("code", &*code)];
    let accepting = priya.submit(&wrong, &accept, &fields);
    let (page, _) = idp.mail_after(JOAN, "", accepting).await;
    assert!(page.has("done") && !page.has(&accept), "{}", page.body);
    assert_eq!(state(&idp), ["active"]);
    let tokens = idp.site("alpha").sign_on(&mut idp.browser(), &Person::new("unaffiliated")).await;
    assert_eq!(idp.site("alpha").userinfo(&tokens.access).await.status, 200, "a site opens now");
}

async fn whoever_declines_acts_for_nobody_and_the_organization_hears_of_it(idp: Fresh) {
    let (mut priya, page) = asked(&idp).await;
    let decline = format!("decline-{}", offer(&idp));
    let (done, _) = idp.mail_after(JOAN, "", priya.submit(&page, &decline, &[])).await;
    assert!(done.has("done") && !done.has(&decline), "{}", done.body);
    assert!(!state(&idp).contains(&"active".to_owned()), "{:?}", state(&idp));
    // The form of before, sent once more: it is over.
    let again = priya.submit(&page, &decline, &[]).await;
    assert!(matches!(again.status, 200 | 404 | 409), "{} {}", again.status, again.body);
    assert_eq!(
        idp.database.column("SELECT id AS v FROM affiliation WHERE status = 'proposed'").len(),
        0
    );
}

async fn nobody_answers_for_somebody_else(idp: Fresh) {
    let (_, page) = asked(&idp).await;
    let offer = offer(&idp);
    let mut ana = idp.browser();
    let own = ana.visit("/account/offers").await;
    let own = ana.sign_in(&own, &Person::new("practitioner")).await;
    assert!(!own.body.contains(&offer), "{}", own.body);
    let forms = hilum_tests::Form::all(&ana.visit("/account/password").await.body);
    let token = forms.iter().find_map(|form| form.value("form_token")).map(str::to_owned);
    let theirs = page.form(&format!("decline-{offer}")).value("form_token").unwrap().to_owned();
    for token in [token.unwrap_or_default(), theirs] {
        for deed in ["accept", "decline"] {
            let url = idp.url(&format!("/account/offers/{offer}/{deed}"));
            let refused = ana.post(&url, &[("form_token", &*token)]).await;
            assert!(refused.status >= 400, "{deed}: {}", refused.body);
        }
    }
    assert_eq!(state(&idp), ["proposed"]);
}
