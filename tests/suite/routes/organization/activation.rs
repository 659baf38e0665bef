//! Taking a User ID over.

use hilum_tests::{Fresh, Page, Person, TestIdp, on_every_store};
use reqwest::Method;

use super::{NOMINEE, OWN, at_work, nominate};

on_every_store![
    a_link_alone_changes_nothing_and_tells_nothing,
    five_wrong_codes_end_the_code_and_a_new_one_ends_the_old,
    link_and_code_make_an_account_that_signs_in,
    nobody_agrees_to_a_text_that_was_not_on_the_page,
];

const ADDRESS: &str = "maria@cedarfalls.example";
const NEW: &str = "Sunny-Harbour-7";

/// A nomination: the code, and the path of the link.
async fn nominated(idp: &TestIdp) -> (String, String) {
    let mut browser = at_work(idp).await;
    let page = nominate(&mut browser, NOMINEE).await;
    let code = page.text("activation-code").expect("a code");
    (code, link(idp, 0).await)
}

/// The path of the link in the newest mail beyond the `known` first ones.
async fn link(idp: &TestIdp, known: usize) -> String {
    let mail = idp.mail(ADDRESS, "", known).await;
    mail.link(idp.url("/").as_str().trim_end_matches('/'), "/activate/").expect("a link")
}

/// Opens the link and types the code.
async fn typed(idp: &TestIdp, link: &str, code: &str) -> Page {
    let mut browser = idp.browser();
    let page = browser.visit(link).await;
    assert_eq!(page.status, 200, "{}", page.body);
    browser.submit(&page, "activate-submit", &[("code", code)]).await
}

/// 17.6, 17.8
async fn a_link_alone_changes_nothing_and_tells_nothing(idp: Fresh) {
    let (_, link) = nominated(&idp).await;
    let stands = || {
        idp.database.column("SELECT state || '/' || failures || '/' || codes AS v FROM nomination")
    };
    let before = stands();
    let mut browser = idp.browser();
    let (right, wrong) = (browser.visit(&link).await, browser.visit("/activate/nom_x.y").await);
    let shown = |page: &Page, link: &str| page.body.replace(link, "").len();
    assert_eq!(shown(&right, &link), shown(&wrong, "/activate/nom_x.y"));
    for name in ["Maria", "maria.nunez", "Cedar Falls"] {
        assert!(!right.body.contains(name), "{name}");
    }
    let url = idp.url(&link);
    let head = browser.request(Method::HEAD, &url);
    browser.send(&url, head).await;
    assert_eq!(stands(), before, "nothing is consumed");
    let posted = typed(&idp, &link, "").await;
    assert_eq!(posted.status, 403, "{}", posted.body);
    let people = "SELECT count(*) AS v FROM subscriber WHERE user_id = 'maria.nunez'";
    assert_eq!(idp.database.number(people), 0);
}

/// 17.3, 17.4
async fn five_wrong_codes_end_the_code_and_a_new_one_ends_the_old(idp: Fresh) {
    let (code, link) = nominated(&idp).await;
    // Whoever has no link cannot spend the tries.
    let (nomination, _) = link.split_once('.').unwrap();
    for _ in 0..6 {
        assert_eq!(typed(&idp, &format!("{nomination}.guessed"), &code).await.status, 403);
    }
    for _ in 0..5 {
        let page = typed(&idp, &link, "000000000000").await;
        assert_eq!(page.status, 403, "{}", page.body);
    }
    let dead = typed(&idp, &link, &code).await;
    let wrong = typed(&idp, &link, "000000000001").await;
    assert_eq!((dead.status, dead.text("problem")), (403, wrong.text("problem")));

    idp.set_clock(40).await;
    let mut browser = idp.browser();
    let page = browser.visit(&format!("{OWN}/nominations")).await;
    let page = browser.sign_in(&page, &Person::new("administrator")).await;
    let app = hilum_tests::App::told(super::SEED).when(40);
    let page = browser.submit(&page, "factor-submit", &[("code", &app.code(0))]).await;
    let resend = hilum_tests::Form::all(&page.body)
        .into_iter()
        .find(|form| form.action.ends_with("/resend"))
        .expect("a form");
    let url = idp.url(&resend.action);
    let request = browser.request(Method::POST, &url).form(&resend.fields);
    let page = browser.send(&url, request).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let newer = page.text("activation-code").expect("a code");
    let new_link = self::link(&idp, 1).await;
    assert_ne!(link, new_link);
    assert_eq!(typed(&idp, &link, &newer).await.status, 403, "the old link is dead");
    assert_eq!(typed(&idp, &new_link, &code).await.status, 403, "the old code is dead");
    assert_eq!(typed(&idp, &new_link, &newer).await.status, 200);
}

/// 4.2, 17.3
async fn link_and_code_make_an_account_that_signs_in(idp: Fresh) {
    let (code, link) = nominated(&idp).await;
    let mut browser = idp.browser();
    let page = browser.visit(&link).await;
    let page = browser.submit(&page, "activate-submit", &[("code", &code)]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("Cedar Falls") && page.body.contains("maria.nunez"));
    let mut fields = vec![
        ("password", "maria.nunez1A"),
        ("repeated", NEW),
        ("question1", "first-pet"),
        ("answer1", "Fido"),
    ];
    if page.has("agreed") {
        fields.push(("agreed", "yes"));
    }
    let wrong = browser.submit(&page, "activate-finish", &fields).await;
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    fields[0].1 = NEW;
    let done = browser.submit(&wrong, "activate-finish", &fields).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert!(browser.session().is_none(), "nobody is signed in by it");
    let again = typed(&idp, &link, &code).await;
    assert_eq!(again.status, 403, "a pair works once");

    let page = browser.visit("/account").await;
    let person = Person::new("maria.nunez").with_password(NEW);
    let page = browser.sign_in(&page, &person).await;
    assert_eq!(page.url.path(), "/account", "{}", page.body);
    assert!(page.body.contains("Maria") && page.body.contains("Cedar Falls"), "{}", page.body);
    let proved = "SELECT count(*) AS v FROM subscriber WHERE user_id = 'maria.nunez' \
                  AND email_verified AND mailbox_proved_at IS NOT NULL AND status = 'active'";
    assert_eq!(idp.database.number(proved), 1);
}

/// R19, R21: the record says that somebody accepted what they were shown, and nothing else.
async fn nobody_agrees_to_a_text_that_was_not_on_the_page(idp: Fresh) {
    let publish = |version: &str| {
        let text = format!("# Subscriber agreement\n\nThis is text {version}.\n");
        let file = idp.folder().write(&format!("{version}.txt"), &text);
        idp.must(&["agreement", "publish", file.to_str().unwrap(), "--version", version]);
    };
    let accepted = || {
        let versions = "SELECT g.version AS v FROM agreement_acceptance a \
                        JOIN agreement g ON g.id = a.agreement_id AND g.text_hash = a.text_hash \
                        JOIN subscriber p ON p.id = a.subscriber_id \
                        WHERE p.user_id = 'maria.nunez'";
        idp.database.column(versions)
    };
    let (code, link) = nominated(&idp).await;
    publish("one");
    hilum_tests::eventually("the text is on the page", || async {
        let page = typed(&idp, &link, &code).await;
        page.body.contains("This is text one").then_some(())
    })
    .await;
    let mut browser = idp.browser();
    let page = browser.visit(&link).await;
    let page = browser.submit(&page, "activate-submit", &[("code", &code)]).await;
    publish("two");
    let fields = [
        ("password", NEW),
        ("repeated", NEW),
        ("question1", "first-pet"),
        ("answer1", "Fido"),
        ("agreed", "yes"),
    ];
    let send = page.form("activate-finish").fields;
    let unread = browser.submit(&page, "activate-finish", &fields).await;
    assert_eq!((unread.status, unread.has("problem")), (409, true), "{}", unread.body);
    assert!(unread.body.contains("This is text two"), "{}", unread.body);
    assert_eq!(accepted(), Vec::<String>::new());
    let people = "SELECT count(*) AS v FROM subscriber WHERE user_id = 'maria.nunez'";
    assert_eq!(idp.database.number(people), 0, "nothing has happened");

    // A form without the texts, as if there had been none, is no way round.
    let mut none: Vec<_> = send.into_iter().filter(|(name, _)| name != "agreements").collect();
    none.extend(fields.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(browser.post(&idp.url(&link), &none).await.status, 409);

    let done = browser.submit(&unread, "activate-finish", &fields).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(accepted(), ["two"]);
}
