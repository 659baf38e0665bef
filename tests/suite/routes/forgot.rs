//! `/forgot`: the ways back to a password and a User ID (section 17).

mod alike;
mod codes;
mod inquiries;

use hilum_tests::{
    Backend, Browser, Form, Fresh, PASSWORD, Page, Person, Settings, Shared, TestIdp, Tokens,
    on_every_store,
};
use reqwest::Method;

on_every_store![
    the_questions_and_the_mailed_code_lead_to_a_new_password_and_nobody_is_signed_in,
    a_way_ends_when_its_mailbox_is_taken_back,
    no_step_can_be_skipped,
    a_way_goes_on_only_in_the_browser_that_began_it,
    a_policy_without_questions_asks_none_and_mails_at_once,
    the_new_password_keeps_the_policy_to_the_letter,
    a_second_factor_is_untouched_by_a_new_password_and_asked_for_as_before,
];

const ANA: &str = "ana.rivera@cedar-falls.example";
const NEW: &str = "Quite-another-1";

/// Sets up two questions, as their owner does.
async fn set_up_questions(idp: &TestIdp, user_id: &str) -> Browser {
    let mut browser = idp.browser();
    let page = browser.sign_on(&idp.url("/account/questions"), &Person::new(user_id)).await;
    assert!(page.has("questions-submit"), "{}", page.body);
    let fields = [
        ("question1", "first-pet"),
        ("answer1", "Fido"),
        ("question2", "childhood-street"),
        ("answer2", "12 Maple St."),
    ];
    let page = browser.submit(&page, "questions-submit", &fields).await;
    assert_eq!((page.status, page.url.query()), (200, Some("done=set")), "{}", page.body);
    browser
}

const RIGHT: [(&str, &str); 2] = [("answer1", "  FIDO "), ("answer2", "12 maple st")];

async fn begin(browser: &mut Browser, user_id: &str) -> Page {
    let page = browser.visit("/forgot/password").await;
    browser.submit(&page, "forgot-submit", &[("username", user_id)]).await
}

/// Fills every answer in.
async fn answer(browser: &mut Browser, page: &Page, text: &str) -> Page {
    let names = ["answer1", "answer2", "answer3"];
    let form = page.form("answers-submit");
    let fields: Vec<_> = names
        .into_iter()
        .filter(|name| form.value(name).is_some())
        .map(|name| (name, text))
        .collect();
    browser.submit(page, "answers-submit", &fields).await
}

/// From the name to the page that asks for the mailed code, and that code.
async fn to_the_code(idp: &TestIdp, browser: &mut Browser, user_id: &str) -> (Page, String) {
    let page = begin(browser, user_id).await;
    let (page, mail) = idp
        .mail_after(
            ANA,
            "Your code for a new password",
            browser.submit(&page, "answers-submit", &RIGHT),
        )
        .await;
    assert!(page.has("code-submit"), "{}", page.body);
    (page, mail.code().expect("a code"))
}

async fn signs_in(idp: &TestIdp, user_id: &str, password: &str) -> bool {
    let mut browser = idp.browser();
    let page = browser.visit("/account").await;
    let page = browser.sign_in(&page, &Person::new(user_id).with_password(password)).await;
    !page.is_sign_in()
}

/// 17.9, 16.4
async fn the_questions_and_the_mailed_code_lead_to_a_new_password_and_nobody_is_signed_in(
    idp: Fresh,
) {
    let mut earlier = set_up_questions(&idp, "practitioner").await;
    let (site, mut other) = (idp.site("alpha"), idp.browser());
    let tokens: Tokens = site.sign_on(&mut other, &Person::new("practitioner")).await;

    let mut browser = idp.browser();
    let (page, code) = to_the_code(&idp, &mut browser, "practitioner").await;
    assert!(!page.body.contains(&code), "only the mailbox has it");
    let page = browser.submit(&page, "code-submit", &[("code", &code)]).await;
    assert!(page.has("password-submit"), "{}", page.body);

    // Different, too short, and one's own name: refused with the reason, and the way goes on.
    for (password, repeated) in
        [(NEW, "Quite-another-2"), ("Short-1", "Short-1"), ("Rivera-12345", "Rivera-12345")]
    {
        let fields = [("password", password), ("repeated", repeated)];
        let page = browser.submit(&page, "password-submit", &fields).await;
        assert_eq!(page.status, 422, "{password}");
        assert!(page.has("problem") && page.has("password-submit"), "{}", page.body);
    }
    let fields = [("password", NEW), ("repeated", NEW)];
    let (done, _) = idp
        .mail_after(
            ANA,
            "Your password was changed",
            browser.submit(&page, "password-submit", &fields),
        )
        .await;
    assert_eq!((done.status, done.url.path()), (200, "/forgot/done"), "{}", done.body);

    // Nobody is signed in, everything that was open is closed.
    assert!(browser.session().is_none());
    assert!(browser.visit("/account").await.is_sign_in());
    assert!(earlier.visit("/account").await.is_sign_in(), "every session has ended");
    assert_eq!(
        site.refresh(tokens.refresh.as_deref().unwrap()).await.body["error"],
        "invalid_grant"
    );
    assert!(!signs_in(&idp, "practitioner", PASSWORD).await, "the old password is dead");
    assert!(signs_in(&idp, "practitioner", NEW).await);

    // The way is over: its last form does nothing a second time.
    let again = browser.submit(&page, "password-submit", &fields).await;
    assert_eq!(again.status, 400, "{}", again.body);

    // 24.1: neither code nor answers nor passwords stand anywhere.
    let log = idp.log();
    let stored = [
        "SELECT payload AS v FROM outbox",
        "SELECT after AS v FROM audit_event WHERE after IS NOT NULL",
    ];
    let stored: String = stored.iter().flat_map(|query| idp.database.column(query)).collect();
    let digits = code.replace(' ', "");
    for secret in [&*code, &digits, NEW, "Fido", "FIDO", "fido", "maple"] {
        assert!(!log.contains(secret), "the log has {secret}");
        assert!(!stored.contains(secret), "the database has {secret}");
    }
}

/// A page without what is the way's own: handle, form token, and the fields of its questions.
fn words(page: &Page) -> String {
    let handle = page.url.path().split('/').nth(3).unwrap_or("-").to_owned();
    let tokens: Vec<String> = Form::all(&page.body)
        .iter()
        .filter_map(|form| form.value("form_token").map(str::to_owned))
        .collect();
    let mut body = page.body.replace(&handle, "");
    for token in tokens {
        body = body.replace(&token, "");
    }
    let fields = body.split("<div class=\"field\">");
    fields.filter(|field| !field.contains("name=\"answer")).collect()
}

/// 17.2, domain 4.7: what was proved in a mailbox is worth nothing when another one is on file.
async fn a_way_ends_when_its_mailbox_is_taken_back(idp: Fresh) {
    set_up_questions(&idp, "practitioner").await;
    let mut browser = idp.browser();
    let (page, code) = to_the_code(&idp, &mut browser, "practitioner").await;
    let page = browser.submit(&page, "code-submit", &[("code", &code)]).await;
    assert!(page.has("password-submit"), "{}", page.body);
    let other = "ana@taken-back.example";
    idp.database
        .execute(&format!(
            "UPDATE subscriber SET email = '{other}', email_normalized = '{other}' \
             WHERE user_id = 'practitioner'"
        ))
        .expect("another mailbox");
    let fields = [("password", NEW), ("repeated", NEW)];
    let refused = browser.submit(&page, "password-submit", &fields).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert!(signs_in(&idp, "practitioner", PASSWORD).await, "the password is what it was");
}

/// 17.2
async fn no_step_can_be_skipped(idp: Fresh) {
    set_up_questions(&idp, "practitioner").await;
    let mut browser = idp.browser();
    let page = begin(&mut browser, "practitioner").await;
    let token = page.form("answers-submit").value("form_token").unwrap().to_owned();
    let path = page.url.path().to_owned();
    let new = [("password", NEW), ("repeated", NEW), ("step", "new-password")];
    // Before the questions, and after them.
    for round in 0..2 {
        for (step, fields) in
            [("new", &new[..]), ("code", &[("code", "12345678")][..]), ("new", &new[..])]
        {
            let url = idp.url(&format!("{path}/{step}"));
            let mut form = vec![("form_token", &*token)];
            form.extend(fields);
            let request = browser.request(Method::POST, &url).form(&form);
            let answer = browser.send(&url, request).await;
            assert!(matches!(answer.status, 303 | 403), "{round} {step}: {}", answer.status);
            let shown = browser.visit(&path).await;
            assert!(!shown.has("password-submit"), "{round} {step}: {}", shown.body);
        }
        let shown = browser.visit(&path).await;
        if round == 0 {
            assert!(shown.has("answers-submit"), "{}", shown.body);
            browser.submit(&shown, "answers-submit", &RIGHT).await;
        } else {
            assert!(shown.has("code-submit"), "{}", shown.body);
        }
    }
    // Without a form token nothing is even looked at.
    for step in ["answers", "code", "handed-over", "mail-again", "new"] {
        let url = idp.url(&format!("{path}/{step}"));
        let request = browser.request(Method::POST, &url).form(&[("code", "1")]);
        assert_eq!(browser.send(&url, request).await.status, 403, "{step}");
    }
    assert!(signs_in(&idp, "practitioner", PASSWORD).await, "the password is as it was");
}

async fn a_way_goes_on_only_in_the_browser_that_began_it(idp: Shared) {
    let mut browser = idp.browser();
    let page = begin(&mut browser, "nobody-here").await;
    let mut stranger = idp.browser();
    stranger.visit("/forgot/password").await;
    let stolen = stranger.visit(page.url.path()).await;
    assert_eq!(stolen.status, 400, "{}", stolen.body);
}

fn issued(idp: &TestIdp, user_id: &str) -> String {
    let output = idp.must(&[
        "account",
        "issue-code",
        user_id,
        "--as",
        "administrator",
        "--checked",
        "photo ID seen",
    ]);
    output.stdout.lines().next().unwrap().to_owned()
}

/// 16.5, 17.1
async fn a_policy_without_questions_asks_none_and_mails_at_once(backend: Backend) {
    let idp =
        TestIdp::start_with(backend, Settings::new().with("password.policy", "nist-63b-4")).await;
    let mut pages = Vec::new();
    for name in ["practitioner", "dormant", "nobody-at-all"] {
        let mut browser = idp.browser();
        let page = begin(&mut browser, name).await;
        assert!(page.has("code-submit") && !page.has("answers-submit"), "{name}: {}", page.body);
        let wrong = browser.submit(&page, "code-submit", &[("code", "0000 0000")]).await;
        pages.push((page.status, words(&page), wrong.status, words(&wrong)));
    }
    assert!(pages.iter().all(|page| *page == pages[0]), "one page for all");
    let mail = idp.mail(ANA, "Your code for a new password", 0).await;
    assert!(idp.mails("walter.ebbesen@north-sound.example").await.is_empty(), "dormant");
    let mut browser = idp.browser();
    let (page, newer) = idp
        .mail_after(ANA, "Your code for a new password", begin(&mut browser, "practitioner"))
        .await;
    assert_ne!(mail.code(), newer.code());
    let page = browser.submit(&page, "code-submit", &[("code", &newer.code().unwrap())]).await;
    let long = "a few words of my own";
    let page =
        browser.submit(&page, "password-submit", &[("password", long), ("repeated", long)]).await;
    assert_eq!(page.url.path(), "/forgot/done", "{}", page.body);
    let mut browser = idp.browser();
    assert_eq!(browser.visit("/account/questions").await.status, 404);
}

/// From a handed-over code to the page that asks for the new password.
async fn to_the_password(idp: &TestIdp, browser: &mut Browser, user_id: &str) -> Page {
    let code = issued(idp, user_id);
    let page = begin(browser, user_id).await;
    let fields = [("code", &*code)];
    let typing = browser.submit(&page, "handed-over-submit", &fields);
    let (page, mail) = idp.mail_after(ANA, "Your code for a new password", typing).await;
    let page = browser.submit(&page, "code-submit", &[("code", &mail.code().unwrap())]).await;
    assert!(page.has("password-submit"), "{}", page.body);
    page
}

/// 16.1
async fn the_new_password_keeps_the_policy_to_the_letter(idp: Fresh) {
    let mut browser = idp.browser();
    let page = to_the_password(&idp, &mut browser, "practitioner").await;
    // Four octets each: a limit in octets would cut the end off.
    let face = |last: char| format!("{}Aa1{last}", "\u{1F600}".repeat(20));
    for (password, status) in [
        ("Aa1-567".to_owned(), 422),
        (format!("{}A", face('\u{1F601}')), 422),
        (face('\u{1F601}'), 200),
    ] {
        let fields = [("password", &*password), ("repeated", &*password)];
        let answer = browser.submit(&page, "password-submit", &fields).await;
        assert_eq!(answer.status, status, "{password}: {}", answer.body);
    }
    assert!(!signs_in(&idp, "practitioner", &face('\u{1F602}')).await, "another end");
    assert!(signs_in(&idp, "practitioner", &face('\u{1F601}')).await);
    // Eight are enough.
    let page = to_the_password(&idp, &mut browser, "practitioner").await;
    let fields = [("password", "Aa1-5678"), ("repeated", "Aa1-5678")];
    let done = browser.submit(&page, "password-submit", &fields).await;
    assert_eq!(done.url.path(), "/forgot/done", "{}", done.body);
    assert!(signs_in(&idp, "practitioner", "Aa1-5678").await);
}

/// 17.7, 17.9
async fn a_second_factor_is_untouched_by_a_new_password_and_asked_for_as_before(idp: Fresh) {
    let mut earlier = idp.browser();
    let (app, codes) = hilum_tests::first_app(&idp, &mut earlier, "practitioner", ANA).await;
    let stored = || idp.database.column("SELECT id AS v FROM factor ORDER BY id");
    let before = stored();
    let mut browser = idp.browser();
    let page = to_the_password(&idp, &mut browser, "practitioner").await;
    let fields = [("password", NEW), ("repeated", NEW)];
    let done = browser.submit(&page, "password-submit", &fields).await;
    assert_eq!(done.url.path(), "/forgot/done", "{}", done.body);
    assert_eq!((stored(), codes.len()), (before, 10));
    assert!(earlier.visit("/account").await.is_sign_in(), "all sessions have ended");
    // Neither the code of the desk nor that of the mailbox stands in for the factor.
    idp.set_clock(60).await;
    let person = Person::new("practitioner").with_password(NEW);
    let page = browser.open(&idp.site("strong").request().url()).await;
    let page = browser.sign_in(&page, &person).await;
    assert!(page.has("factor-submit"), "{}", page.body);
    let code = app.when(60).code(0);
    let page = browser.submit(&page, "factor-submit", &[("code", &code)]).await;
    assert!(page.answer().code.is_some(), "{}", page.body);
}
