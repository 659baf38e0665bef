//! Another mail address, and what a mail can stop (domain 4.7; 17.6, 19.5); what is told by mail.

use hilum_tests::{Browser, Fresh, Page, Person, TestIdp, on_every_store};
use reqwest::Method;

on_every_store![
    a_new_address_counts_when_its_mailbox_is_proved_and_the_old_one_can_take_it_back,
    the_old_mailbox_stops_a_change_before_it_happens,
    opening_a_link_changes_nothing,
    an_address_of_somebody_else_is_never_taken_over_or_told,
    a_password_alone_changes_no_address,
    what_was_set_up_with_a_change_goes_with_it,
    a_change_needs_a_fresh_sign_in,
    a_change_that_is_given_up_is_written_down,
    the_help_desk_changes_an_address_and_both_mailboxes_have_their_say,
    the_help_desk_cannot_hurry_an_address_through,
    a_sign_in_with_another_browser_is_told_by_mail,
    a_lost_factor_is_removed_after_a_day_unless_its_owner_stops_it,
];

const OLD: &str = "ana.rivera@cedar-falls.example";
const NEW: &str = "ana@new-place.example";

async fn at_email(idp: &TestIdp) -> (Browser, Page) {
    let mut browser = idp.browser();
    let page = browser.sign_on(&idp.url("/account/email"), &Person::new("practitioner")).await;
    let page = browser.confirm_mailbox(idp, &page, OLD).await;
    assert!(page.has("email-submit"), "{}", page.body);
    (browser, page)
}

fn on_file(idp: &TestIdp) -> Vec<String> {
    idp.database.column("SELECT email AS v FROM subscriber WHERE user_id = 'practitioner'")
}

/// From the account page to a change that waits for its code.
async fn ask(idp: &TestIdp) -> (Browser, Page, String, hilum_tests::Mail) {
    let (mut browser, page) = at_email(idp).await;
    let asking = browser.submit(&page, "email-submit", &[("email", NEW)]);
    let (page, told) = idp.mail_after(OLD, "Somebody wants to change", asking).await;
    assert!(page.has("email-confirm"), "{}", page.body);
    let code = idp.mail(NEW, "Your code to confirm this address", 0).await.code().unwrap();
    assert_eq!(on_file(idp), [OLD], "nothing has changed yet");
    (browser, page, code, told)
}

async fn a_new_address_counts_when_its_mailbox_is_proved_and_the_old_one_can_take_it_back(
    idp: Fresh,
) {
    let (mut browser, page, code, _) = ask(&idp).await;
    let wrong = browser.submit(&page, "email-confirm", &[("code", "00000000")]).await;
    assert_eq!((wrong.status, on_file(&idp)), (422, vec![OLD.to_owned()]));
    let fields = [("code", &*code)];
    let confirming = browser.submit(&page, "email-confirm", &fields);
    let (page, told) = idp.mail_after(OLD, "Your e-mail address was changed", confirming).await;
    assert!(page.body.contains(NEW), "{}", page.body);
    assert_eq!(on_file(&idp), [NEW]);
    assert!(!told.text.contains(NEW), "shortened: {}", told.text);

    // Within three days, from the old mailbox alone.
    idp.set_clock(71 * 3600).await;
    let mut old = idp.browser();
    let link = told.link(&idp.origin, "/stop/email/").expect("a link");
    let page = old.visit(&link).await;
    let page = old.submit(&page, "stop-submit", &[("code", &told.code().unwrap())]).await;
    assert!(page.has("outcome"), "{}", page.body);
    assert_eq!(on_file(&idp), [OLD]);
    assert!(browser.visit("/account").await.is_sign_in(), "everybody is signed out");
    let page = old.visit(&link).await;
    let page = old.submit(&page, "stop-submit", &[("code", &told.code().unwrap())]).await;
    assert_eq!(page.status, 403, "once");
}

async fn the_old_mailbox_stops_a_change_before_it_happens(idp: Fresh) {
    let (mut browser, page, code, told) = ask(&idp).await;
    let mut old = idp.browser();
    let stop = old.visit(&told.link(&idp.origin, "/stop/email/").unwrap()).await;
    let stopped = old.submit(&stop, "stop-submit", &[("code", &told.code().unwrap())]).await;
    assert_eq!(stopped.status, 200, "{}", stopped.body);
    let late = browser.submit(&page, "email-confirm", &[("code", &code)]).await;
    assert!(late.is_sign_in(), "signed out: {}", late.body);
    assert_eq!(on_file(&idp), [OLD]);
}

/// 17.6
async fn opening_a_link_changes_nothing(idp: Fresh) {
    let (_, _, _, told) = ask(&idp).await;
    let link = told.link(&idp.origin, "/stop/email/").unwrap();
    assert!(!link.contains(&told.code().unwrap().replace(' ', "")), "the link opens nothing");
    // A scanner: it follows the link, looks at the head, and even sends the form that it finds.
    let mut scanner = idp.browser();
    for method in [Method::GET, Method::HEAD] {
        let url = idp.url(&link);
        let request = scanner.request(method, &url);
        let seen = scanner.send(&url, request).await;
        assert!(matches!(seen.status, 200 | 405), "{}", seen.status);
    }
    let page = scanner.visit(&link).await;
    let sent = scanner.submit(&page, "stop-submit", &[]).await;
    assert_eq!(sent.status, 403, "{}", sent.body);
    let state = idp.database.column("SELECT state AS v FROM email_change");
    assert_eq!(state, ["pending"]);
}

/// R24
async fn an_address_of_somebody_else_is_never_taken_over_or_told(idp: Fresh) {
    let taken = "Marcus@Lindqvist-Billing.example";
    let (mut browser, page) = at_email(&idp).await;
    let fields = [("email", taken)];
    let asking = browser.submit(&page, "email-submit", &fields);
    let (page, told) = idp.mail_after(taken, "This address belongs", asking).await;
    assert!(page.has("email-confirm"), "the page is the same: {}", page.body);
    assert_eq!(told.code(), None);
    for code in ["00000000", "12345678"] {
        let refused = browser.submit(&page, "email-confirm", &[("code", code)]).await;
        assert_eq!(refused.status, 422);
    }
    let given_up = browser.submit(&page, "email-give-up", &[]).await;
    for (typed, status) in [("no address", 422), (OLD, 422), ("a@b.example\u{0}", 422)] {
        let refused = browser.submit(&given_up, "email-submit", &[("email", typed)]).await;
        assert!(refused.status == status || refused.status == 403, "{typed}: {}", refused.status);
    }
    assert_eq!(on_file(&idp), [OLD]);
}

/// 18.5
async fn a_password_alone_changes_no_address(idp: Fresh) {
    let mut browser = idp.browser();
    let page = browser.sign_on(&idp.url("/account/email"), &Person::new("practitioner")).await;
    assert!(page.has("factor-send") && !page.has("email-submit"), "{}", page.body);
    let url = idp.url("/account/email");
    let request = browser.request(Method::POST, &url).form(&[("email", NEW)]);
    assert_eq!(browser.send(&url, request).await.status, 303, "to the same page");
    assert!(idp.mails(NEW).await.is_empty());
}

async fn what_was_set_up_with_a_change_goes_with_it(idp: Fresh) {
    let (mut browser, page, code, _) = ask(&idp).await;
    let fields = [("code", &*code)];
    let confirming = browser.submit(&page, "email-confirm", &fields);
    let (_, told) = idp.mail_after(OLD, "Your e-mail address was changed", confirming).await;
    let page = browser.visit("/account/security/app").await;
    browser.set_up_app(&page).await;
    let count = |table: &str| {
        idp.database.number(&format!(
            "SELECT COUNT(*) AS v FROM {table} o JOIN subscriber p ON p.id = o.subscriber_id \
             WHERE p.user_id = 'practitioner'"
        ))
    };
    assert_eq!((count("factor"), count("recovery_code")), (1, 10));
    // No second change puts another mailbox into the place of the old one.
    let page = browser.visit("/account/email").await;
    let again = browser.submit(&page, "email-submit", &[("email", "c@new-place.example")]).await;
    assert_eq!(again.status, 422, "{}", again.body);
    let mut old = idp.browser();
    let page = old.visit(&told.link(&idp.origin, "/stop/email/").unwrap()).await;
    let page = old.submit(&page, "stop-submit", &[("code", &told.code().unwrap())]).await;
    assert!(page.has("outcome"), "{}", page.body);
    assert_eq!(on_file(&idp), [OLD]);
    assert_eq!((count("factor"), count("recovery_code")), (0, 0));
}

/// 19.5
async fn a_change_needs_a_fresh_sign_in(idp: Fresh) {
    let (mut browser, page) = at_email(&idp).await;
    idp.set_clock(16 * 60).await;
    let answer = browser.submit(&page, "email-submit", &[("email", NEW)]).await;
    assert!(answer.is_sign_in(), "{}", answer.body);
    for path in ["/account/email", "/account/questions"] {
        assert!(browser.visit(path).await.is_sign_in(), "{path}");
    }
    // The form of the questions that was opened in time is sent too late.
    let url = idp.url("/account/questions");
    let form = page.form("email-submit");
    let fields = [
        ("form_token", form.value("form_token").unwrap()),
        ("question1", "first-pet"),
        ("answer1", "Fido"),
        ("question2", "childhood-street"),
        ("answer2", "12 Maple St."),
    ];
    let request = browser.request(Method::POST, &url).form(&fields);
    let late = browser.send(&url, request).await;
    let late = browser.follow(late).await;
    assert!(late.is_sign_in(), "{}", late.body);
    assert_eq!(idp.database.number("SELECT COUNT(*) AS v FROM secret_questions"), 0);
    // In time it would have been taken: the form was right.
    let page = browser.sign_in(&late, &Person::new("practitioner")).await;
    assert!(page.has("questions-submit"), "{}", page.body);
    let request = browser.request(Method::POST, &url).form(&fields);
    assert_eq!(browser.send(&url, request).await.status, 303);
    assert_eq!(idp.database.number("SELECT COUNT(*) AS v FROM secret_questions"), 1);
    assert!(!browser.visit("/account").await.is_sign_in(), "to look is still allowed");
    assert!(idp.mails(NEW).await.is_empty());
}

async fn a_sign_in_with_another_browser_is_told_by_mail(idp: Fresh) {
    let sign_in = async |browser: &mut Browser| {
        let page = browser.sign_on(&idp.url("/account"), &Person::new("practitioner")).await;
        assert!(!page.is_sign_in(), "{}", page.body);
    };
    let mut first = idp.browser();
    sign_in(&mut first).await;
    let mut second = idp.browser();
    let (_, told) = idp.mail_after(OLD, "A sign-in with a new browser", sign_in(&mut second)).await;
    assert!(told.text.contains("127.0.0.1") && told.text.contains("Firefox"), "{}", told.text);
    // The same again, after signing out: no news.
    let page = second.visit("/sign-out").await;
    second.submit(&page, "logout-confirm", &[]).await;
    sign_in(&mut second).await;
    let mut third = idp.browser();
    idp.mail_after(OLD, "A sign-in with a new browser", sign_in(&mut third)).await;
    assert_eq!(idp.mails(OLD).await.len(), 2);
}

async fn a_lost_factor_is_removed_after_a_day_unless_its_owner_stops_it(idp: Fresh) {
    let give_factor = || {
        let blob = if idp.backend == hilum_tests::Backend::Sqlite { "x'00'" } else { "'\\x00'" };
        idp.database
            .execute(&format!(
                "INSERT INTO factor (id, subscriber_id, kind, name, added_at, sealed_seed, last_step) \
                 SELECT 'fac_a', id, 'totp', 'Phone', 0, {blob}, 0 FROM subscriber \
                 WHERE user_id = 'practitioner'"
            ))
            .expect("a factor");
    };
    let factors = || {
        idp.database.column(
            "SELECT f.id AS v FROM factor f JOIN subscriber s ON s.id = f.subscriber_id \
             WHERE s.user_id = 'practitioner'",
        )
    };
    let reset = ["account", "reset-factor", "practitioner", "--checked", "photo ID seen"];
    assert_eq!(idp.cli(&reset).code, 1, "there is none");
    give_factor();
    let (_, told) =
        idp.mail_after(OLD, "Your second factor will be removed", async { idp.must(&reset) }).await;
    assert_eq!(idp.cli(&reset).code, 1, "one waits already");
    // Its owner stops it.
    let mut browser = idp.browser();
    let page = browser.visit(&told.link(&idp.origin, "/stop/factor-reset/").unwrap()).await;
    let code = told.code().unwrap();
    let fields = [("code", &*code)];
    let stopping = browser.submit(&page, "stop-submit", &fields);
    idp.mail_after(OLD, "Your second factor stays", stopping).await;
    idp.set_clock(25 * 3600).await;
    assert_eq!(factors(), ["fac_a"]);
    // Nobody stops it: after its day, and not before.
    idp.mail_after(OLD, "Your second factor will be removed", async { idp.must(&reset) }).await;
    idp.set_clock((25 + 23) * 3600).await;
    assert_eq!(factors(), ["fac_a"]);
    idp.set_clock((25 + 25) * 3600).await;
    idp.mail(OLD, "Your second factor was removed", 0).await;
    assert!(factors().is_empty());
    let shown = idp.must(&["account", "show", "practitioner"]).stdout;
    assert!(shown.contains("second factors   0") && !shown.contains(OLD), "{shown}");
}

/// 24.4
async fn a_change_that_is_given_up_is_written_down(idp: Fresh) {
    let (mut browser, page, code, _) = ask(&idp).await;
    let page = browser.submit(&page, "email-give-up", &[]).await;
    assert!(page.has("email-submit"), "{}", page.body);
    let rows = "SELECT COUNT(*) AS v FROM audit_event \
                WHERE kind = 'email.given-up' AND session_id IS NOT NULL";
    assert_eq!(idp.database.number(rows), 1);
    let url = idp.url("/account/email/confirm");
    let token = page.form("email-submit").value("form_token").unwrap().to_owned();
    let fields = [("form_token", &*token), ("code", &*code)];
    let request = browser.request(Method::POST, &url).form(&fields);
    assert_eq!(browser.send(&url, request).await.status, 422);
    assert_eq!(on_file(&idp), [OLD]);
}

const DESK: [&str; 4] = ["account", "change-email", "practitioner", NEW];

fn by_desk(idp: &TestIdp) -> hilum_tests::Output {
    idp.cli(&[&DESK[..], &["--as", "administrator", "--checked", "photo ID seen"]].concat())
}

/// domain 4.7
async fn the_help_desk_changes_an_address_and_both_mailboxes_have_their_say(idp: Fresh) {
    let (asked, told) =
        idp.mail_after(OLD, "Somebody wants to change", async { by_desk(&idp) }).await;
    assert_eq!(asked.code, 0, "{asked:?}");
    assert!(told.link(&idp.origin, "/stop/email/").is_some(), "{}", told.text);
    let new = idp.mail(NEW, "Confirm this address", 0).await;
    assert!(!new.text.contains("practitioner") && !new.text.contains("Ana"), "{}", new.text);
    let link = new.link(&idp.origin, "/confirm/email/").expect("a link");
    assert_eq!(on_file(&idp), [OLD], "nothing has changed yet");
    // Nobody is signed in; the link alone does nothing, and a wrong code neither.
    let mut browser = idp.browser();
    let page = browser.visit(&link).await;
    let wrong = browser.submit(&page, "stop-submit", &[("code", "0000 0000")]).await;
    assert_eq!((wrong.status, on_file(&idp)), (403, vec![OLD.to_owned()]));
    let code = new.code().unwrap();
    let fields = [("code", &*code)];
    let confirming = browser.submit(&wrong, "stop-submit", &fields);
    let (page, told) = idp.mail_after(OLD, "Your e-mail address was changed", confirming).await;
    assert!(page.has("outcome"), "{}", page.body);
    assert_eq!((on_file(&idp), browser.session()), (vec![NEW.to_owned()], None));
    let twice = browser.submit(&wrong, "stop-submit", &fields).await;
    assert_eq!(twice.status, 403, "once");
    // The old mailbox has three days.
    idp.set_clock(71 * 3600).await;
    let page = browser.visit(&told.link(&idp.origin, "/stop/email/").unwrap()).await;
    let page = browser.submit(&page, "stop-submit", &[("code", &told.code().unwrap())]).await;
    assert!(page.has("outcome"), "{}", page.body);
    assert_eq!(on_file(&idp), [OLD]);
    let rows = idp.database.column(
        "SELECT kind || ' ' || COALESCE(reason, '') AS v FROM audit_event \
         WHERE kind LIKE 'email.%' ORDER BY at, kind",
    );
    let expected = [
        "email.requested photo ID seen",
        "email.changed from-mailbox",
        "email.undone from-mailbox",
    ];
    assert_eq!(rows, expected);
}

async fn the_help_desk_cannot_hurry_an_address_through(idp: Fresh) {
    // The old mailbox says no before the new one says yes.
    let (_, told) = idp.mail_after(OLD, "Somebody wants to change", async { by_desk(&idp) }).await;
    let new = idp.mail(NEW, "Confirm this address", 0).await;
    let (link, code) = (new.link(&idp.origin, "/confirm/email/").unwrap(), new.code().unwrap());
    let mut browser = idp.browser();
    let page = browser.visit(&told.link(&idp.origin, "/stop/email/").unwrap()).await;
    let page = browser.submit(&page, "stop-submit", &[("code", &told.code().unwrap())]).await;
    assert!(page.has("outcome"), "{}", page.body);
    let page = browser.visit(&link).await;
    let late = browser.submit(&page, "stop-submit", &[("code", &code)]).await;
    assert_eq!((late.status, on_file(&idp)), (403, vec![OLD.to_owned()]));
    // A code is good for a day.
    assert_eq!(by_desk(&idp).code, 0);
    let new = idp.mail(NEW, "Confirm this address", 1).await;
    idp.set_clock(24 * 3600 + 5).await;
    let page = browser.visit(&new.link(&idp.origin, "/confirm/email/").unwrap()).await;
    let late = browser.submit(&page, "stop-submit", &[("code", &new.code().unwrap())]).await;
    assert_eq!((late.status, on_file(&idp)), (403, vec![OLD.to_owned()]));
    // Somebody else's address is not told, the own one and a suspended person are.
    let desk = |more: [&str; 2]| {
        let words = ["account", "change-email", more[0], more[1], "--checked", "seen"];
        idp.cli(&words).code
    };
    assert_eq!(desk(["practitioner", "marcus@lindqvist-billing.example"]), 0);
    idp.mail("marcus@lindqvist-billing.example", "This address belongs", 0).await;
    for refused in [["practitioner", OLD], ["nobody", NEW], ["practitioner", "no address"]] {
        assert_ne!(desk(refused), 0, "{refused:?}");
    }
}
