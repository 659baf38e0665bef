//! What a code from a mail is good for: one change, one factor, one mailbox (domain 4.7; 17.6, 18.5).

use hilum_tests::{Browser, Fresh, Mail, Page, Person, TestIdp, on_every_store};

on_every_store![
    a_code_of_the_help_desk_confirms_no_change_of_the_persons_own,
    a_code_of_the_persons_own_confirms_no_change_of_the_help_desk,
    whoever_reads_the_new_mailbox_cannot_take_the_stop_from_the_old_one,
    wrong_codes_leave_the_stop_of_a_waiting_change_alone,
    whoever_set_a_factor_up_cannot_take_the_stop_from_its_owner,
    an_address_that_was_given_away_meanwhile_changes_nothing,
    nobody_confirms_an_address_of_a_suspended_account,
];

const OLD: &str = "ana.rivera@cedar-falls.example";
const BY_DESK: &str = "ana@desk.example";
const OWN: &str = "ana@own.example";
const ASKED: &str = "Somebody wants to change";
const CHANGED: &str = "Your e-mail address was changed";

fn on_file(idp: &TestIdp) -> String {
    idp.database
        .column("SELECT email AS v FROM subscriber WHERE user_id = 'practitioner'")
        .pop()
        .unwrap()
}

fn states(idp: &TestIdp) -> Vec<String> {
    idp.database.column("SELECT state AS v FROM email_change ORDER BY requested_at")
}

/// Has the help desk ask; what the old and the new mailbox got.
async fn by_desk(idp: &TestIdp) -> (Mail, Mail) {
    let words = ["account", "change-email", "practitioner", BY_DESK];
    let more = ["--as", "administrator", "--checked", "photo ID seen"];
    let asking = async { idp.must(&[&words[..], &more].concat()) };
    let (_, told) = idp.mail_after(OLD, ASKED, asking).await;
    (told, idp.mail(BY_DESK, "Confirm this address", 0).await)
}

/// Asks on the person's own page; the page that waits, and the code that the new mailbox got.
async fn by_person(idp: &TestIdp, browser: &mut Browser, page: &Page) -> (Page, String) {
    let asking = browser.submit(page, "email-submit", &[("email", OWN)]);
    let (page, _) = idp.mail_after(OLD, ASKED, asking).await;
    (page, idp.mail(OWN, "Your code to confirm this address", 0).await.code().unwrap())
}

async fn at_email(idp: &TestIdp) -> (Browser, Page) {
    let mut browser = idp.browser();
    let page = browser.sign_on(&idp.url("/account/email"), &Person::new("practitioner")).await;
    let page = browser.confirm_mailbox(idp, &page, OLD).await;
    (browser, page)
}

/// What is behind a link, after this code.
async fn typed(idp: &TestIdp, link: &str, code: &str) -> Page {
    let mut browser = idp.browser();
    let page = browser.visit(link).await;
    browser.submit(&page, "stop-submit", &[("code", code)]).await
}

/// Types wrong codes until a code would be dead, behind a link with another key.
async fn guess_behind(idp: &TestIdp, about: &str) {
    assert_eq!(idp.browser().visit(about).await.status, 404, "no link without a key");
    for _ in 0..6 {
        let refused = typed(idp, &format!("{about}.AAAAAAAAAAAAAAAAAAAAAA"), "0000 0000").await;
        assert!(matches!(refused.status, 403 | 429), "{}", refused.status);
    }
}

fn link(idp: &TestIdp, mail: &Mail, path: &str) -> String {
    mail.link(&idp.origin, path).unwrap_or_else(|| panic!("{path}: {}", mail.text))
}

async fn a_code_of_the_help_desk_confirms_no_change_of_the_persons_own(idp: Fresh) {
    let (mut browser, page) = at_email(&idp).await;
    let (_, desk) = by_desk(&idp).await;
    // The page of the person shows the change that waits; the form for another one was open.
    let (page, own) = by_person(&idp, &mut browser, &page).await;
    assert_eq!(states(&idp), ["superseded", "pending"]);
    let code = desk.code().unwrap();
    let refused = typed(&idp, &link(&idp, &desk, "/confirm/email/"), &code).await;
    assert_eq!((refused.status, &*on_file(&idp)), (403, OLD));
    let refused = browser.submit(&page, "email-confirm", &[("code", &code)]).await;
    assert_eq!((refused.status, &*on_file(&idp)), (422, OLD));
    let confirmed = browser.submit(&refused, "email-confirm", &[("code", &own)]).await;
    assert_eq!((confirmed.status, &*on_file(&idp)), (200, OWN));
}

async fn a_code_of_the_persons_own_confirms_no_change_of_the_help_desk(idp: Fresh) {
    let (mut browser, page) = at_email(&idp).await;
    let (page, own) = by_person(&idp, &mut browser, &page).await;
    let (_, desk) = by_desk(&idp).await;
    assert_eq!(states(&idp), ["superseded", "pending"]);
    let refused = browser.submit(&page, "email-confirm", &[("code", &own)]).await;
    assert_eq!((refused.status, &*on_file(&idp)), (422, OLD));
    let confirm = link(&idp, &desk, "/confirm/email/");
    let refused = typed(&idp, &confirm, &own).await;
    assert_eq!((refused.status, &*on_file(&idp)), (403, OLD));
    let confirmed = typed(&idp, &confirm, &desk.code().unwrap()).await;
    assert_eq!((confirmed.status, &*on_file(&idp)), (200, BY_DESK));
}

async fn whoever_reads_the_new_mailbox_cannot_take_the_stop_from_the_old_one(idp: Fresh) {
    let (_, desk) = by_desk(&idp).await;
    let confirm = link(&idp, &desk, "/confirm/email/");
    guess_behind(&idp, &confirm.replace("/confirm/", "/stop/")).await;
    let code = desk.code().unwrap();
    let confirming = typed(&idp, &confirm, &code);
    let (page, told) = idp.mail_after(OLD, CHANGED, confirming).await;
    assert_eq!((page.status, &*on_file(&idp)), (200, BY_DESK));
    // Nor after it.
    guess_behind(&idp, &confirm.replace("/confirm/", "/stop/")).await;
    let undone = typed(&idp, &link(&idp, &told, "/stop/email/"), &told.code().unwrap()).await;
    assert_eq!((undone.status, &*on_file(&idp)), (200, OLD));
}

async fn wrong_codes_leave_the_stop_of_a_waiting_change_alone(idp: Fresh) {
    let (told, desk) = by_desk(&idp).await;
    let confirm = link(&idp, &desk, "/confirm/email/");
    guess_behind(&idp, &confirm.replace("/confirm/", "/stop/")).await;
    // What was mailed before the change takes it back as well.
    assert_eq!(typed(&idp, &confirm, &desk.code().unwrap()).await.status, 200);
    let undone = typed(&idp, &link(&idp, &told, "/stop/email/"), &told.code().unwrap()).await;
    assert_eq!((undone.status, &*on_file(&idp)), (200, OLD));
}

async fn whoever_set_a_factor_up_cannot_take_the_stop_from_its_owner(idp: Fresh) {
    let factors = || {
        idp.database.column(
            "SELECT f.id AS v FROM factor f JOIN subscriber s ON s.id = f.subscriber_id \
             WHERE s.user_id = 'practitioner'",
        )
    };
    let (mut browser, _) = at_email(&idp).await;
    let page = browser.visit("/account/security/app").await;
    let set_up = browser.set_up_app(&page);
    let (_, told) = idp.mail_after(OLD, "A second factor was added", set_up).await;
    let factor = factors().pop().unwrap();
    let person =
        idp.database.column("SELECT id AS v FROM subscriber WHERE user_id = 'practitioner'");
    assert_eq!(typed_at(&idp, &format!("/stop/factor/{factor}")).await, 404);
    guess_behind(&idp, &format!("/stop/factor/{}", person[0])).await;
    // Another one takes its place.
    let replace = format!("UPDATE factor SET id = 'fac_other' WHERE id = '{factor}'");
    idp.database.execute(&replace).expect("another one");
    assert!(!factors().contains(&factor));
    let stopped = typed(&idp, &link(&idp, &told, "/stop/factor/"), &told.code().unwrap()).await;
    assert_eq!(stopped.status, 200, "{}", stopped.body);
    assert!(factors().is_empty());
    assert!(browser.visit("/account").await.is_sign_in(), "everybody is signed out");
}

async fn typed_at(idp: &TestIdp, path: &str) -> u16 {
    idp.browser().visit(path).await.status
}

async fn an_address_that_was_given_away_meanwhile_changes_nothing(idp: Fresh) {
    let (_, desk) = by_desk(&idp).await;
    idp.database
        .execute(&format!(
            "UPDATE subscriber SET email = '{BY_DESK}', email_normalized = '{BY_DESK}' \
             WHERE id = (SELECT MIN(id) FROM subscriber WHERE user_id <> 'practitioner')"
        ))
        .expect("given to somebody else");
    let confirm = link(&idp, &desk, "/confirm/email/");
    let refused = typed(&idp, &confirm, &desk.code().unwrap()).await;
    assert_eq!((refused.status, &*on_file(&idp)), (403, OLD));
    assert_eq!(states(&idp), ["superseded"], "and nothing holds up the next change");
}

async fn nobody_confirms_an_address_of_a_suspended_account(idp: Fresh) {
    let (_, desk) = by_desk(&idp).await;
    let set = |status: &str| {
        let set =
            format!("UPDATE subscriber SET status = '{status}' WHERE user_id = 'practitioner'");
        idp.database.execute(&set).expect("a status");
    };
    let (confirm, code) = (link(&idp, &desk, "/confirm/email/"), desk.code().unwrap());
    for status in ["suspended", "terminated"] {
        set(status);
        let refused = typed(&idp, &confirm, &code).await;
        assert_eq!((refused.status, &*on_file(&idp)), (403, OLD), "{status}");
    }
    set("active");
    assert_eq!(typed(&idp, &confirm, &code).await.status, 200);
    assert_eq!(on_file(&idp), BY_DESK);
}
