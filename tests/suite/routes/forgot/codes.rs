//! Codes of ways back: once, in time, five tries, and against nobody else (17.3, 17.4, 17.7).

use super::*;

on_every_store![
    a_code_is_dead_after_its_use_after_a_newer_one_and_after_its_time,
    five_wrong_codes_end_it_and_a_new_mail_gives_no_new_tries,
    a_stranger_ends_no_mailed_code,
    a_stranger_ends_no_code_that_was_handed_over,
    a_handed_over_code_works_for_a_day_and_no_longer,
    a_handed_over_code_opens_the_mailbox_step_and_nothing_more,
    a_dormant_account_comes_back_only_through_people,
];

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
    // Whoever pressed twice goes on all the same.
    let shown = browser.visit(page.url.path()).await;
    assert!(shown.has("password-submit"), "{}", shown.body);
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
    let (mut page, older) = to_the_code(&idp, &mut browser, "practitioner").await;
    let way = page.url.path().to_owned();
    for _ in 0..3 {
        page = browser.submit(&page, "code-submit", &[("code", "00000000")]).await;
        assert_eq!(page.status, 403);
    }
    // Another mail, the page opened anew: the count goes on.
    let again = browser.submit(&page, "code-again", &[]);
    let (_, mail) = idp.mail_after(ANA, "Your code for a new password", again).await;
    let mut page = browser.visit(&way).await;
    for _ in 0..2 {
        page = browser.submit(&page, "code-submit", &[("code", "0000 0000")]).await;
    }
    assert!(page.has("forgot-submit"), "from the beginning: {}", page.body);
    // Neither code leads anywhere any more, on a way of its own either.
    let (page, newest) = to_the_code(&idp, &mut browser, "practitioner").await;
    for dead in [older, mail.code().unwrap()] {
        let refused = browser.submit(&page, "code-submit", &[("code", &dead)]).await;
        assert_eq!(refused.status, 403, "{}", refused.body);
    }
    // And all ways of a person together have their bound, whatever code is typed after it.
    let full = "UPDATE code_hour SET failures = 50 WHERE purpose = 'password-reset'";
    assert_eq!(idp.database.execute(full).expect("a row"), 1);
    let dead = browser.submit(&page, "code-submit", &[("code", &newest)]).await;
    assert_eq!(dead.status, 403, "the right one is dead");
    assert!(!dead.has("password-submit"));
    assert!(signs_in(&idp, "practitioner", PASSWORD).await);
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
    let set = browser.submit(&page, "password-submit", &[("password", NEW), ("repeated", NEW)]);
    let (page, _) = idp.mail_after(walter, "Your Hilum account is open again", set).await;
    assert_eq!(page.url.path(), "/forgot/done", "{}", page.body);
    let returned = "SELECT COUNT(*) AS v FROM audit_event WHERE kind = 'account.reactivated'";
    assert_eq!(idp.database.number(returned), 1);
    assert!(signs_in(&idp, "dormant", NEW).await);
}

/// Begins ways like a stranger who knows no more than a User ID, and types five wrong codes on each.
async fn guess(idp: &TestIdp, user_id: &str, button: &str, wrong: &str, ways: usize) {
    for _ in 0..ways {
        let mut stranger = idp.browser();
        let mut page = begin(&mut stranger, user_id).await;
        for number in 1..=5 {
            page = stranger.submit(&page, button, &[("code", wrong)]).await;
            assert_eq!(page.has("forgot-submit"), number == 5, "{number}: {}", page.body);
        }
    }
}

/// 17.4: a try counts against the code that it names, and against nobody else's.
async fn a_stranger_ends_no_mailed_code(backend: Backend) {
    let idp =
        TestIdp::start_with(backend, Settings::new().with("password.policy", "nist-63b-4")).await;
    let mut browser = idp.browser();
    let beginning = begin(&mut browser, "practitioner");
    let (page, mail) = idp.mail_after(ANA, "Your code for a new password", beginning).await;
    guess(&idp, "practitioner", "code-submit", "0000 0000", 4).await;
    hilum_tests::eventually("each way has a code of its own", || async {
        (idp.mails(ANA).await.len() == 5).then_some(())
    })
    .await;
    let page = browser.submit(&page, "code-submit", &[("code", &mail.code().unwrap())]).await;
    assert!(page.has("password-submit"), "{}", page.body);
    // Nor is their sign-in held up, when as many tries were wrong as hold up tries at this name from
    // one place.
    let mut stranger = idp.browser();
    let mut page = begin(&mut stranger, "practitioner").await;
    for status in [403, 429] {
        page = stranger.submit(&page, "code-submit", &[("code", "0000 0000")]).await;
        assert_eq!(page.status, status, "{}", page.body);
    }
    let mut other = idp.browser();
    let page = other.visit("/account").await;
    let page = other.sign_in(&page, &Person::new("practitioner")).await;
    assert!(!page.is_sign_in() && page.status == 200, "{} {}", page.status, page.body);
}

async fn a_stranger_ends_no_code_that_was_handed_over(idp: Fresh) {
    let code = issued(&idp, "practitioner");
    // As good as a stranger can do it: the first digits are wrong.
    let name = code.split(' ').next().unwrap();
    let other = if name == "0000" { "1111" } else { "0000" };
    let wrong = format!("{other} 0000 0000");
    guess(&idp, "practitioner", "handed-over-submit", &wrong, 3).await;
    let failures = "SELECT SUM(failures) AS v FROM mailed_code WHERE purpose = 'reset-handed-over'";
    assert_eq!(idp.database.number(failures), 0);
    let mut browser = idp.browser();
    let page = begin(&mut browser, "practitioner").await;
    let page = browser.submit(&page, "handed-over-submit", &[("code", &code)]).await;
    assert!(page.has("code-submit"), "{}", page.body);
    // Five wrong tries of whoever has seen its first digits end it.
    let code = issued(&idp, "practitioner");
    let wrong = format!("{} 0000 0000", code.split(' ').next().unwrap());
    guess(&idp, "practitioner", "handed-over-submit", &wrong, 1).await;
    let page = begin(&mut browser, "practitioner").await;
    let dead = browser.submit(&page, "handed-over-submit", &[("code", &code)]).await;
    assert_eq!(dead.status, 403, "{}", dead.body);
    // The mistake is shown where it was made.
    assert!(dead.body.contains("<details open>"), "{}", dead.body);
}

/// 17.3
async fn a_handed_over_code_works_for_a_day_and_no_longer(idp: Fresh) {
    let (first, mut browser) = (issued(&idp, "practitioner"), idp.browser());
    idp.set_clock(24 * 3600 - 60).await;
    let page = begin(&mut browser, "practitioner").await;
    let in_time = browser.submit(&page, "handed-over-submit", &[("code", &first)]).await;
    assert!(in_time.has("code-submit"), "{}", in_time.body);
    let second = issued(&idp, "practitioner");
    idp.set_clock(48 * 3600).await;
    let page = begin(&mut browser, "practitioner").await;
    let late = browser.submit(&page, "handed-over-submit", &[("code", &second)]).await;
    assert_eq!(late.status, 403, "{}", late.body);
}
