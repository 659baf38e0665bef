//! `/forgot`: the ways back to a password and a User ID (section 17).

use hilum_tests::{
    Browser, Form, Fresh, PASSWORD, Page, Person, Settings, Shared, TestIdp, Tokens, on_every_store,
};
use reqwest::Method;

on_every_store![
    the_questions_and_the_mailed_code_lead_to_a_new_password_and_nobody_is_signed_in,
    every_name_is_asked_in_the_same_way,
    a_way_ends_when_its_mailbox_is_taken_back,
    no_step_can_be_skipped,
    a_code_is_dead_after_its_use_after_a_newer_one_and_after_its_time,
    five_wrong_codes_end_it_and_a_new_mail_gives_no_new_tries,
    a_way_goes_on_only_in_the_browser_that_began_it,
    a_handed_over_code_opens_the_mailbox_step_and_nothing_more,
    a_dormant_account_comes_back_only_through_people,
    a_policy_without_questions_asks_none_and_mails_at_once,
    a_forgotten_user_id_is_answered_by_mail_alone,
    links_in_mails_know_only_the_configured_origin,
    floods_lead_to_no_more_mails_than_the_caps_allow,
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

fn questions(page: &Page) -> Vec<String> {
    let labels = page.body.split("<label for=\"answer").skip(1);
    labels
        .filter_map(|label| Some(label.split_once('>')?.1.split('<').next()?.to_owned()))
        .collect()
}

/// 17.1
async fn every_name_is_asked_in_the_same_way(idp: Fresh) {
    set_up_questions(&idp, "practitioner").await;
    // with questions, without, dormant, and nobody's
    let names = ["practitioner", "biller", "dormant", "nobody-at-all", "PRACTITIONER "];
    let mut seen = Vec::new();
    for name in names {
        let mut browser = idp.browser();
        let first = begin(&mut browser, name).await;
        assert_eq!(first.status, 200, "{name}: {}", first.body);
        let asked = questions(&first);
        assert!((1..=3).contains(&asked.len()), "{name}: {asked:?}");
        assert_eq!(questions(&begin(&mut idp.browser(), name).await), asked, "{name}: they stay");
        let mut pages = vec![words(&first)];
        let mut page = first;
        for status in [403, 403, 200] {
            page = answer(&mut browser, &page, "wrong").await;
            assert_eq!(page.status, status, "{name}: {}", page.body);
            pages.push(words(&page));
        }
        assert!(page.has("handed-over-submit") && !page.has("answers-submit"), "{name}: closed");
        // Closed on every way of this name.
        let again = begin(&mut idp.browser(), name).await;
        assert!(!again.has("answers-submit"), "{name}: {}", again.body);
        pages.push(words(&again));
        seen.push((name, pages));
        if name == "practitioner" {
            idp.must(&["account", "unlock", name, "--checked", "seen in person"]);
        }
    }
    let (_, expected) = &seen[0];
    for (name, pages) in &seen {
        assert_eq!(pages, expected, "{name}");
    }
    idp.mail(ANA, "Your secret questions were answered wrongly", 0).await;
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

/// 17.3
async fn a_code_is_dead_after_its_use_after_a_newer_one_and_after_its_time(idp: Fresh) {
    set_up_questions(&idp, "practitioner").await;
    let mut browser = idp.browser();
    let (page, older) = to_the_code(&idp, &mut browser, "practitioner").await;
    let (page, mail) = idp
        .mail_after(ANA, "Your code for a new password", browser.submit(&page, "code-again", &[]))
        .await;
    let newer = mail.code().unwrap();
    assert_ne!(older, newer);
    let refused = browser.submit(&page, "code-submit", &[("code", &older)]).await;
    assert_eq!(refused.status, 403);
    let dead = words(&refused);
    // Two at once: one goes on.
    let (mut one, mut two) = (browser.clone(), browser.clone());
    let fields = [("code", &*newer)];
    let (first, second) = futures_util::future::join(
        one.press(&page, "code-submit", &fields),
        two.press(&page, "code-submit", &fields),
    )
    .await;
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert!(statuses == [303, 303] || statuses == [303, 403], "{statuses:?}");
    let used = idp
        .database
        .column("SELECT CAST(COUNT(*) AS TEXT) AS v FROM mailed_code WHERE used_at IS NOT NULL");
    assert_eq!(used, ["1"]);

    // On another way: used already, and then one past its quarter of an hour.
    let mut browser = idp.browser();
    let (page, code) = to_the_code(&idp, &mut browser, "practitioner").await;
    let refused = browser.submit(&page, "code-submit", &[("code", &newer)]).await;
    assert_eq!((refused.status, words(&refused)), (403, dead.clone()));
    idp.set_clock(15 * 60 + 5).await;
    let refused = browser.submit(&page, "code-submit", &[("code", &code)]).await;
    assert_eq!((refused.status, words(&refused)), (403, dead));
}

/// 17.4
async fn five_wrong_codes_end_it_and_a_new_mail_gives_no_new_tries(idp: Fresh) {
    set_up_questions(&idp, "practitioner").await;
    let mut browser = idp.browser();
    let (mut page, _) = to_the_code(&idp, &mut browser, "practitioner").await;
    for _ in 0..3 {
        page = browser.submit(&page, "code-submit", &[("code", "00000000")]).await;
        assert_eq!(page.status, 403);
    }
    // Another browser, another way, another mail: the count goes on.
    let mut browser = idp.browser();
    let (mut page, code) = to_the_code(&idp, &mut browser, "practitioner").await;
    for _ in 0..2 {
        page = browser.submit(&page, "code-submit", &[("code", "0000 0000")]).await;
        assert_eq!(page.status, 403);
    }
    let dead = browser.submit(&page, "code-submit", &[("code", &code)]).await;
    assert_eq!(dead.status, 403, "the right one is dead");
    assert!(!dead.has("password-submit"));
    assert!(signs_in(&idp, "practitioner", PASSWORD).await);
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

/// 17.7, R54
async fn a_handed_over_code_opens_the_mailbox_step_and_nothing_more(idp: Fresh) {
    let (older, told) = idp
        .mail_after(ANA, "A code for a new password was made", async {
            issued(&idp, "practitioner")
        })
        .await;
    assert_eq!(told.code(), None, "the code itself is in no mail");
    let code = issued(&idp, "practitioner");
    let mut browser = idp.browser();
    let page = begin(&mut browser, "practitioner").await;
    let refused = browser.submit(&page, "handed-over-submit", &[("code", &older)]).await;
    assert_eq!(refused.status, 403, "a newer one has killed it");
    let (page, mail) = idp
        .mail_after(
            ANA,
            "Your code for a new password",
            browser.submit(&page, "handed-over-submit", &[("code", &code)]),
        )
        .await;
    assert!(page.has("code-submit") && !page.has("password-submit"), "{}", page.body);
    // The same code is no mailed code, and works for nobody a second time.
    let refused = browser.submit(&page, "code-submit", &[("code", &code)]).await;
    assert_eq!(refused.status, 403);
    let mut thief = idp.browser();
    let stolen = begin(&mut thief, "practitioner").await;
    let refused = thief.submit(&stolen, "handed-over-submit", &[("code", &code)]).await;
    assert_eq!(refused.status, 403);
    let page = browser.submit(&page, "code-submit", &[("code", &mail.code().unwrap())]).await;
    let fields = [("password", NEW), ("repeated", NEW)];
    let page = browser.submit(&page, "password-submit", &fields).await;
    assert_eq!(page.url.path(), "/forgot/done", "{}", page.body);
    assert!(signs_in(&idp, "practitioner", NEW).await);
    let rows =
        idp.database.column("SELECT reason AS v FROM audit_event WHERE kind = 'reset.code-issued'");
    assert_eq!(rows, ["photo ID seen", "photo ID seen"], "how it was checked is kept");
    let unknown = idp.cli(&["account", "issue-code", "nobody", "--checked", "x"]);
    assert_eq!(unknown.code, 1, "{unknown:?}");
}

/// 15.9
async fn a_dormant_account_comes_back_only_through_people(idp: Fresh) {
    let walter = "walter.ebbesen@north-sound.example";
    assert!(!signs_in(&idp, "dormant", PASSWORD).await);
    let code = issued(&idp, "dormant");
    let mut browser = idp.browser();
    let page = begin(&mut browser, "dormant").await;
    let (page, mail) = idp
        .mail_after(
            walter,
            "Your code for a new password",
            browser.submit(&page, "handed-over-submit", &[("code", &code)]),
        )
        .await;
    let page = browser.submit(&page, "code-submit", &[("code", &mail.code().unwrap())]).await;
    let page =
        browser.submit(&page, "password-submit", &[("password", NEW), ("repeated", NEW)]).await;
    assert_eq!(page.url.path(), "/forgot/done", "{}", page.body);
    assert!(signs_in(&idp, "dormant", NEW).await);
}

/// 16.5, 17.1
async fn a_policy_without_questions_asks_none_and_mails_at_once(backend: hilum_tests::Backend) {
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

/// R56, R73
async fn a_forgotten_user_id_is_answered_by_mail_alone(idp: Shared) {
    let mut pages = Vec::new();
    for address in ["GRACE.okafor@north-sound.example", "nobody@north-sound.example"] {
        let mut browser = idp.browser();
        let page = browser.visit("/forgot/user-id").await;
        let page = browser.submit(&page, "forgot-submit", &[("email", address)]).await;
        assert_eq!(page.status, 200, "{}", page.body);
        pages.push(page.body);
    }
    assert_eq!(pages[0], pages[1], "the page tells nobody which is known");
    let known = idp.mail("grace.okafor@north-sound.example", "Your Hilum User ID", 0).await;
    assert!(known.text.contains("hospital"), "{}", known.text);
    let unknown = idp.mail("nobody@north-sound.example", "Your Hilum User ID", 0).await;
    assert!(unknown.text.contains("There is none"), "{}", unknown.text);
    let mut browser = idp.browser();
    let page = browser.visit("/forgot/user-id").await;
    for wrong in ["not an address", "a@b\r\nBcc: c@d.example", ""] {
        let refused = browser.submit(&page, "forgot-submit", &[("email", wrong)]).await;
        assert_eq!(refused.status, 400, "{wrong}");
    }
}

/// 17.5
async fn links_in_mails_know_only_the_configured_origin(idp: Shared) {
    let mut browser = idp.browser();
    let page = browser.visit("/forgot/user-id").await;
    let form = page.form("forgot-submit");
    let url = idp.url("/forgot/user-id");
    let solution = hilum_tests::challenge::solve(form.value("challenge").unwrap());
    let fields = [
        ("form_token", form.value("form_token").unwrap()),
        ("challenge", form.value("challenge").unwrap()),
        ("solution", &solution),
        ("email", "noor.haddad@lakeside-pediatrics.example"),
    ];
    let request = browser
        .request(Method::POST, &url)
        .header("X-Forwarded-Host", "evil.example")
        .header("Forwarded", "host=evil.example;proto=https")
        .header("X-Forwarded-Proto", "https")
        .form(&fields);
    assert_eq!(browser.send(&url, request).await.status, 200);
    let mail = idp.mail("noor.haddad@lakeside-pediatrics.example", "Your Hilum User ID", 0).await;
    assert!(mail.link(&idp.origin, "/account").is_some(), "{}", mail.text);
    assert!(!mail.text.contains("evil"), "{}", mail.text);
}

/// 22.2
async fn floods_lead_to_no_more_mails_than_the_caps_allow(idp: Fresh) {
    let mut bodies = Vec::new();
    for _ in 0..8 {
        let mut browser = idp.browser();
        let page = browser.visit("/forgot/user-id").await;
        let page = browser.submit(&page, "forgot-submit", &[("email", ANA)]).await;
        assert_eq!(page.status, 200);
        bodies.push(page.body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "the page is the same as always");
    idp.mail(ANA, "Your Hilum User ID", 4).await;
    // Whatever was written after the fifth would be there once a later one to another address is.
    let mut browser = idp.browser();
    let page = browser.visit("/forgot/user-id").await;
    browser.submit(&page, "forgot-submit", &[("email", "after@them.example")]).await;
    idp.mail("after@them.example", "Your Hilum User ID", 0).await;
    assert_eq!(idp.mails(ANA).await.len(), 5);
}
