//! Nobody can tell by the pages, or by the work that they cost, who has an account (17.1).

use super::*;

on_every_store![
    every_name_is_asked_in_the_same_way,
    every_name_costs_the_same_work,
    every_name_costs_the_same_work_at_the_mailed_code,
];

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

/// What Hilum has done so far that takes time and waits for the database: passwords hashed, tries
/// written down, answers and codes counted, questions left for behind the page.
async fn work(idp: &TestIdp) -> [i64; 5] {
    let hashed = idp.metrics(0).await.count("hilum_passwords_hashed_total").to_string();
    let number = |query: &str| idp.database.number(query);
    [
        hashed.parse().expect("a whole number"),
        number(
            "SELECT COUNT(*) AS v FROM audit_event WHERE kind IN \
             ('reset.code-failed', 'reset.questions-failed', 'reset.closed')",
        ),
        number("SELECT COALESCE(SUM(wrong_answers), 0) AS v FROM self_help"),
        number("SELECT COALESCE(SUM(failures), 0) AS v FROM mailed_code"),
        number("SELECT COUNT(*) AS v FROM outbox WHERE kind = 'inquiry'"),
    ]
}

/// Presses a button and says what was done for it.
async fn press(
    idp: &TestIdp,
    browser: &mut Browser,
    page: &Page,
    button: &str,
    fields: &[(&str, &str)],
) -> [i64; 5] {
    let before = work(idp).await;
    let answer = browser.press(page, button, fields).await;
    assert!(matches!(answer.status, 303 | 403), "{button}: {} {}", answer.status, answer.body);
    let after = work(idp).await;
    std::array::from_fn(|number| after[number] - before[number])
}

/// 17.1: no clock says it, so the work is counted. Known with questions, known without, dormant, and
/// nobody's.
async fn every_name_costs_the_same_work(idp: Fresh) {
    set_up_questions(&idp, "practitioner").await;
    let mut spent = Vec::new();
    for name in ["practitioner", "biller", "dormant", "nobody-at-all"] {
        let mut browser = idp.browser();
        let page = browser.visit("/forgot/password").await;
        let fields = [("username", name)];
        let begins = press(&idp, &mut browser, &page, "forgot-submit", &fields).await;
        let page = begin(&mut browser, name).await;
        let code = [("code", "0000 0000 0000")];
        let handed_over = press(&idp, &mut browser, &page, "handed-over-submit", &code).await;
        let form = page.form("answers-submit");
        let names = ["answer1", "answer2", "answer3"].into_iter();
        let asked = names.filter(|name| form.value(name).is_some());
        let fields: Vec<_> = asked.map(|name| (name, "wrong")).collect();
        let answers = press(&idp, &mut browser, &page, "answers-submit", &fields).await;
        assert_eq!((begins[0], handed_over[0], answers[0]), (0, 0, 1), "{name}: one hash");
        spent.push((name, [begins, handed_over, answers]));
    }
    assert!(spent.iter().all(|one| one.1 == spent[0].1), "{spent:?}");
}

/// 17.1, where a code is mailed at once: one that nobody has is tried at like any other.
async fn every_name_costs_the_same_work_at_the_mailed_code(backend: Backend) {
    let settings = Settings::new().with("password.policy", "nist-63b-4");
    let idp = TestIdp::start_with(backend, settings).await;
    let mut spent = Vec::new();
    for name in ["practitioner", "dormant", "nobody-at-all"] {
        let mut browser = idp.browser();
        let page = browser.visit("/forgot/password").await;
        let fields = [("username", name)];
        let begins = press(&idp, &mut browser, &page, "forgot-submit", &fields).await;
        let page = begin(&mut browser, name).await;
        // What is asked for is answered behind the page.
        hilum_tests::eventually("it is answered", || async {
            let open =
                "SELECT COUNT(*) AS v FROM outbox WHERE kind = 'inquiry' AND state = 'pending'";
            (idp.database.number(open) == 0).then_some(())
        })
        .await;
        let code = [("code", "0000 0000")];
        let tried = press(&idp, &mut browser, &page, "code-submit", &code).await;
        assert_eq!(tried, [0, 1, 0, 1, 0], "{name}: written down, and counted against its code");
        spent.push((name, [begins, tried]));
    }
    assert!(spent.iter().all(|one| one.1 == spent[0].1), "{spent:?}");
}
