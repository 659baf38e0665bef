//! People and organizations at the desk: what is said to whom, and what takes two persons.

use hilum_tests::{Browser, Fresh, Page, Person, TestIdp, on_every_store};

use super::at_the_desk;

on_every_store![
    nothing_of_a_person_is_shown_before_the_caller_has_shown_who_they_are,
    a_check_is_for_one_purpose_one_helper_and_half_an_hour,
    a_refused_check_is_kept_and_the_person_hears_of_it,
    only_the_lead_closes_an_account_and_nobody_their_own,
    a_whole_account_is_stopped_for_whoever_may_ask_for_it_or_by_the_lead,
    an_administrator_is_demoted_for_whoever_called_and_may_ask_for_it,
    an_organization_is_closed_by_two_persons,
    a_lock_and_a_removal_that_nobody_asked_for_end_after_a_check,
    one_affiliation_ends_after_the_person_or_their_administrator_has_shown_who_they_are,
    whoever_is_looked_for_is_found_in_any_spelling,
    what_the_desk_looks_at_is_written_down,
    nobody_at_the_desk_gets_hold_of_the_second_pair_of_eyes,
];

const ANA: &str = "ana.rivera@cedar-falls.example";

fn id_of(idp: &TestIdp, user_id: &str) -> String {
    idp.database
        .column(&format!("SELECT id AS v FROM subscriber WHERE user_id = '{user_id}'"))
        .concat()
}

async fn person(browser: &mut Browser, idp: &TestIdp, user_id: &str) -> Page {
    let page = browser.visit(&format!("/support/people/{}", id_of(idp, user_id))).await;
    assert_eq!(page.status, 200, "{}", page.body);
    page
}

/// Chooses what the caller wants, and notes these answers.
async fn check(
    browser: &mut Browser,
    page: &Page,
    purpose: &str,
    answers: &[(&str, &str)],
) -> Page {
    let page = browser.submit(page, "ask", &[("purpose", purpose)]).await;
    assert!(page.has("check"), "{}", page.body);
    let mut fields = vec![("purpose", purpose)];
    fields.extend(answers);
    browser.submit(&page, "check", &fields).await
}

const ENOUGH: [(&str, &str); 3] =
    [("called-back", "right"), ("email", "right"), ("organization", "right")];

/// For what reaches further than one affiliation.
const ALL: [(&str, &str); 4] = [
    ("called-back", "right"),
    ("email", "right"),
    ("organization", "right"),
    ("last-sign-in", "right"),
];

/// R56: the User ID and the mail address are on no page before the check.
async fn nothing_of_a_person_is_shown_before_the_caller_has_shown_who_they_are(idp: Fresh) {
    let (mut support, _) = at_the_desk(&idp, "support", "/support/search").await;
    let found = support.visit("/support/search?q=rivera").await;
    let page = person(&mut support, &idp, "practitioner").await;
    for shown in [&found, &page] {
        assert!(
            !shown.body.contains("practitioner") && !shown.body.contains(ANA),
            "{}",
            shown.body
        );
        assert!(!shown.has("verified") && !shown.has("code") && !shown.has("lost-factor"));
    }
    // Who wants to know the User ID is not asked for it, nor is it shown.
    let asking = support.submit(&page, "ask", &[("purpose", "user-id")]).await;
    assert!(!asking.body.contains("practitioner") && !asking.has("check-user-id"));

    // A code that is asked for all the same is refused, and none is made.
    let mut fields = page.form("ask").fields;
    fields.retain(|(name, _)| name == "form_token");
    fields.push(("deed".to_owned(), "code".to_owned()));
    let refused = support.post(&page.url, &fields).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert_eq!(idp.database.number("SELECT COUNT(*) AS v FROM mailed_code"), 0);

    let verified = check(&mut support, &page, "user-id", &ENOUGH).await;
    assert!(
        verified.has("verified") && verified.body.contains("practitioner"),
        "{}",
        verified.body
    );
    assert!(!verified.body.contains(ANA), "only what was asked for");
}

async fn a_check_is_for_one_purpose_one_helper_and_half_an_hour(idp: Fresh) {
    let (mut support, _) = at_the_desk(&idp, "support", "/support").await;
    let page = person(&mut support, &idp, "practitioner").await;
    let page = check(&mut support, &page, "code", &ENOUGH).await;
    assert!(page.has("code-heading") && !page.has("lost-factor"), "{}", page.body);

    // Another helper has to ask again, and another purpose takes another check.
    let (mut lead, _) = at_the_desk(&idp, "lead", "/support").await;
    assert!(!person(&mut lead, &idp, "practitioner").await.has("verified"));
    let mut fields = page.form("code").fields;
    fields.push(("deed".to_owned(), "lost-factor".to_owned()));
    assert_eq!(support.post(&page.url, &fields).await.status, 409);

    let make = support.submit(&page, "code", &[]);
    let (made, _) = idp.mail_after(ANA, "", make).await;
    assert!(made.has("code-shown"), "{}", made.body);
    let code = made.text("code").expect("a code");
    assert!(!person(&mut support, &idp, "practitioner").await.body.contains(&code), "shown once");
    let kept = idp.database.everything();
    assert!(!kept.contains(&code), "kept as a digest");

    idp.set_clock(29 * 60).await;
    assert!(person(&mut support, &idp, "practitioner").await.has("verified"));
    idp.set_clock(31 * 60).await;
    let later = support.visit(&format!("/support/people/{}", id_of(&idp, "practitioner"))).await;
    assert!(!later.has("verified"), "{}", later.body);
}

async fn a_refused_check_is_kept_and_the_person_hears_of_it(idp: Fresh) {
    let (mut support, _) = at_the_desk(&idp, "support", "/support").await;
    let page = person(&mut support, &idp, "practitioner").await;
    let page = check(&mut support, &page, "code", &ENOUGH).await;
    assert!(page.has("verified"));
    // A later check that fails takes it back.
    let wrong = [("called-back", "wrong"), ("email", "right"), ("organization", "wrong")];
    let deed = check(&mut support, &page, "code", &wrong);
    let (refused, mail) = idp.mail_after(ANA, "", deed).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(!refused.has("verified"));
    assert!(!mail.text.is_empty());
    let kinds = idp
        .database
        .column("SELECT kind AS v FROM audit_event WHERE kind LIKE 'caller.%' ORDER BY at, id");
    assert!(kinds.contains(&"caller.refused".to_owned()), "{kinds:?}");
    assert_eq!(idp.database.number("SELECT COUNT(*) AS v FROM caller_check"), 2);
}

/// Domain 4.4, 4.6: without a command line.
async fn a_lock_and_a_removal_that_nobody_asked_for_end_after_a_check(idp: Fresh) {
    let mut marcus = idp.browser();
    for _ in 0..7 {
        let page = marcus.visit("/account").await;
        marcus.sign_in(&page, &Person::new("practitioner").with_password("Not-hers-2026")).await;
    }
    let locked = "SELECT count(*) AS v FROM lockout WHERE locked_until IS NOT NULL";
    let (mut support, _) = at_the_desk(&idp, "support", "/support").await;
    let page = person(&mut support, &idp, "practitioner").await;
    let page = check(&mut support, &page, "unlock", &ENOUGH).await;
    assert!(page.has("unlock"), "{}", page.body);
    let done = support.submit(&page, "unlock", &[]).await;
    assert_eq!((done.status, idp.database.number(locked)), (200, 0), "{}", done.body);

    idp.must(&[
        "account",
        "reset-factor",
        "administrator",
        "--checked",
        "a test",
        "--as",
        "support",
    ]);
    let waits = "SELECT count(*) AS v FROM factor_reset WHERE state = 'waiting'";
    assert_eq!(idp.database.number(waits), 1);
    let page = person(&mut support, &idp, "administrator").await;
    let page = check(&mut support, &page, "stop-removal", &ENOUGH).await;
    let done = support.submit(&page, "stop-removal", &[]).await;
    assert_eq!((done.status, idp.database.number(waits)), (200, 0), "{}", done.body);
    let again = support.submit(&page, "stop-removal", &[]).await;
    assert_eq!(again.status, 409, "there is nothing to stop: {}", again.body);
}

/// R31, domain 4.3: the rest of what somebody has stays theirs.
async fn one_affiliation_ends_after_the_person_or_their_administrator_has_shown_who_they_are(
    idp: Fresh,
) {
    let left = || {
        idp.database.column(
            "SELECT a.organization_id AS v FROM affiliation a \
             JOIN subscriber s ON s.id = a.subscriber_id \
             WHERE s.user_id = 'biller' AND a.ended_at IS NULL ORDER BY 1",
        )
    };
    assert_eq!(left(), ["org_cedar-falls", "org_north-sound"]);
    let (mut support, _) = at_the_desk(&idp, "support", "/support").await;
    let page = person(&mut support, &idp, "biller").await;
    let fields = [("organization", "org_cedar-falls"), ("reason", "left in May")];
    let early = support.submit(&page, "end-affiliation", &fields).await;
    assert_eq!(early.status, 409, "nobody has shown who they are: {}", early.body);
    assert_eq!(left().len(), 2);

    // Their Administrator calls, for this and for her own organization only.
    let joan = person(&mut support, &idp, "administrator").await;
    let joan = check(&mut support, &joan, "end-affiliation", &ENOUGH).await;
    assert!(joan.has("verified"), "{}", joan.body);
    let other = [("organization", "org_north-sound"), ("reason", "left in May")];
    assert_eq!(support.submit(&page, "end-affiliation", &other).await.status, 409);
    let done = support.submit(&page, "end-affiliation", &fields).await;
    assert_eq!((done.status, left()), (200, vec!["org_north-sound".to_owned()]), "{}", done.body);
    let reason = "SELECT reason AS v FROM audit_event WHERE kind = 'affiliation.ended' AND reason LIKE 'left%'";
    assert_eq!(idp.database.column(reason), ["left in May"]);
}

/// R31, 19.5: a sentence on the telephone locks nobody out everywhere.
async fn a_whole_account_is_stopped_for_whoever_may_ask_for_it_or_by_the_lead(idp: Fresh) {
    let status = |who: &str| {
        let query = format!("SELECT status AS v FROM subscriber WHERE user_id = '{who}'");
        idp.database.column(&query).concat()
    };
    let why = [("reason", "asked by telephone")];
    let (mut support, _) = at_the_desk(&idp, "support", "/support").await;
    let ana = person(&mut support, &idp, "practitioner").await;
    for deed in ["suspend", "terminate"] {
        let early = support.submit(&ana, deed, &why).await;
        assert_eq!((early.status, early.has("problem")), (409, true), "{}", early.body);
    }
    let refused =
        "SELECT reason AS v FROM audit_event WHERE kind = 'access.refused' ORDER BY at, id";
    let refused = idp.database.column(refused);
    assert!(refused[0].starts_with("account.suspend"), "{refused:?}");
    assert!(refused[1].starts_with("account.terminate"), "{refused:?}");

    // A check for something else, and one with too few answers, let nothing happen.
    let page = check(&mut support, &ana, "end-affiliation", &ENOUGH).await;
    assert_eq!(support.submit(&page, "suspend", &why).await.status, 409);
    assert_eq!(check(&mut support, &ana, "account", &ENOUGH).await.status, 409);
    // Joan speaks for her own organization: for Ana, who acts for no other, and not for Marcus.
    let joan = person(&mut support, &idp, "administrator").await;
    assert!(check(&mut support, &joan, "account", &ALL).await.has("verified"));
    let marcus = person(&mut support, &idp, "biller").await;
    assert_eq!(support.submit(&marcus, "suspend", &why).await.status, 409);
    assert_eq!((status("biller"), status("practitioner")), ("active".into(), "active".into()));
    let page = support.submit(&ana, "suspend", &why).await;
    assert!(page.has("done") && page.has("resume"), "{}", page.body);
    assert_eq!(status("practitioner"), "suspended");

    // Letting in again is no less; a sign-in of a while ago does for nothing of this.
    let again = support.submit(&page, "resume", &why).await;
    assert!(again.has("done"), "{}", again.body);
    assert_eq!(status("practitioner"), "active");
    idp.set_clock(16 * 60).await;
    let late = support.submit(&again, "suspend", &why).await;
    assert!(late.is_sign_in(), "{}", late.body);
    assert_eq!(status("practitioner"), "active");
}

/// 4.8, 20.5
async fn an_administrator_is_demoted_for_whoever_called_and_may_ask_for_it(idp: Fresh) {
    let is_one = "SELECT COUNT(*) AS v FROM affiliation a JOIN subscriber s ON s.id = a.subscriber_id \
                  WHERE a.administrator AND s.user_id = 'administrator' \
                  AND a.organization_id = 'org_cedar-falls'";
    let why = [("organization", "org_cedar-falls"), ("reason", "the board decided")];
    let (mut support, _) = at_the_desk(&idp, "support", "/support").await;
    assert!(!person(&mut support, &idp, "practitioner").await.has("demote"), "she is none");
    let joan = person(&mut support, &idp, "administrator").await;
    assert_eq!(support.submit(&joan, "demote", &why).await.status, 409, "nobody called");
    let joan = check(&mut support, &joan, "demote", &ENOUGH).await;
    let last = support.submit(&joan, "demote", &why).await;
    assert_eq!((last.status, idp.database.number(is_one)), (409, 1), "{}", last.body);

    let second = "UPDATE affiliation SET administrator = TRUE \
                  WHERE organization_id = 'org_cedar-falls' \
                  AND subscriber_id = (SELECT id FROM subscriber WHERE user_id = 'practitioner')";
    idp.database.execute(second).unwrap();
    let demoting = support.submit(&joan, "demote", &why);
    let (done, mail) = idp.mail_after(ANA, "Somebody is no longer", demoting).await;
    assert_eq!((done.status, idp.database.number(is_one)), (200, 0), "{}", done.body);
    assert!(mail.text.contains("Joan"), "{}", mail.text);
    let reason = "SELECT reason AS v FROM audit_event WHERE kind = 'admin.demoted'";
    assert_eq!(idp.database.column(reason), ["the board decided"]);
    let of = "SELECT COUNT(*) AS v FROM affiliation a JOIN subscriber s ON s.id = a.subscriber_id \
              WHERE s.user_id = 'administrator' AND a.ended_at IS NULL";
    assert!(idp.database.number(of) > 0, "the rest stays");
}

async fn only_the_lead_closes_an_account_and_nobody_their_own(idp: Fresh) {
    let (mut support, _) = at_the_desk(&idp, "support", "/support").await;
    let page = person(&mut support, &idp, "biller").await;
    assert!(!page.has("close"), "{}", page.body);
    let mut fields = page.form("suspend").fields;
    fields.retain(|(name, _)| name == "form_token");
    fields.push(("deed".to_owned(), "close".to_owned()));
    fields.push(("reason".to_owned(), "fraud".to_owned()));
    assert_eq!(support.post(&page.url, &fields).await.status, 403);
    let own = format!("/support/people/{}", id_of(&idp, "support"));
    assert!(!support.visit(&own).await.has("suspend"));
    assert_eq!(support.post(&idp.url(&own), &fields).await.status, 403, "nobody their own");

    // R31: stopped at once, at the person's own request.
    let page = check(&mut support, &page, "account", &ALL).await;
    let page = support.submit(&page, "suspend", &[("reason", "asked by Joan Whitfield")]).await;
    assert!(page.has("done") && page.has("resume"), "{}", page.body);
    let (mut lead, _) = at_the_desk(&idp, "lead", "/support").await;
    let page = person(&mut lead, &idp, "biller").await;
    let page = lead.submit(&page, "close", &[("reason", "merged")]).await;
    assert!(page.has("done"), "{} {}", page.status, page.body);
    let status = idp.database.column("SELECT status AS v FROM subscriber WHERE user_id = 'biller'");
    assert_eq!(status.concat(), "closed");

    // 20.5: the last Administrator of an organization stays.
    let page = person(&mut lead, &idp, "administrator").await;
    let page = lead.submit(&page, "terminate", &[("reason", "left")]).await;
    assert_eq!(page.status, 409, "{}", page.body);
}

async fn an_organization_is_closed_by_two_persons(idp: Fresh) {
    let path = "/support/organizations/org_cedar-falls";
    let (mut lead, page) = at_the_desk(&idp, "lead", path).await;
    assert!(!page.has("close"), "nobody asked for it: {}", page.body);
    let mut fields = page.form("suspend").fields;
    fields.retain(|(name, _)| name == "form_token");
    fields.push(("deed".to_owned(), "close".to_owned()));
    fields.push(("reason".to_owned(), "as agreed".to_owned()));
    assert_eq!(lead.post(&page.url, &fields).await.status, 409);

    let by = |id: &str| {
        format!(
            "UPDATE organization SET closing_asked_by = '{id}', closing_asked_at = 1795521600000 \
             WHERE id = 'org_cedar-falls'"
        )
    };
    idp.database.execute(&by(&id_of(&idp, "lead"))).unwrap();
    assert_eq!(lead.post(&page.url, &fields).await.status, 409, "20.8: the same person");
    idp.database.execute(&by(&id_of(&idp, "administrator"))).unwrap();
    let (mut support, page) = at_the_desk(&idp, "support", path).await;
    assert!(!page.has("close"));
    let mut theirs = page.form("suspend").fields;
    theirs.retain(|(name, _)| name == "form_token");
    theirs.extend(fields.iter().filter(|(name, _)| name != "form_token").cloned());
    assert_eq!(support.post(&page.url, &theirs).await.status, 403, "an agent may not");
    let page = lead.visit(path).await;
    let page = lead.submit(&page, "close", &[("reason", "as agreed")]).await;
    assert!(page.has("done"), "{} {}", page.status, page.body);
}

/// R23, R56, 24.4: afterwards one can tell who leafed through whom, and nothing of what was typed.
async fn what_the_desk_looks_at_is_written_down(idp: Fresh) {
    let (mut support, page) = at_the_desk(&idp, "support", "/support/search").await;
    support.submit(&page, "look", &[("q", "91-1234567")]).await;
    support.visit("/support/search?q=rivera").await;
    person(&mut support, &idp, "practitioner").await;
    let id = id_of(&idp, "practitioner");
    support.visit(&format!("/support/people/{id}?purpose=code")).await;
    support.visit(&format!("/support/audit?subject={id}")).await;
    let told = idp.database.column(&format!(
        "SELECT kind || coalesce(' ' || after, '') AS v FROM audit_event \
         WHERE actor LIKE '%{}%' AND kind IN \
         ('desk.searched', 'person.read', 'audit.read') ORDER BY at, id",
        id_of(&idp, "support")
    ));
    let mut told: Vec<_> = told.iter().map(|event| event.replace(' ', "")).collect();
    told.sort();
    let expected = [
        "audit.read",
        r#"desk.searched{"by":"name"}"#,
        r#"desk.searched{"by":"number"}"#,
        "person.read",
        r#"person.read{"purpose":"code"}"#,
    ];
    assert_eq!(told, expected);
    let of = format!(
        "SELECT COUNT(*) AS v FROM audit_event WHERE subject = '{id}' \
                      AND kind IN ('person.read', 'audit.read')"
    );
    assert_eq!(idp.database.number(&of), 3);
}

/// R23
async fn whoever_is_looked_for_is_found_in_any_spelling(idp: Fresh) {
    let (mut support, _) = at_the_desk(&idp, "support", "/support/search").await;
    for (query, expected) in [
        ("cedar", "org_cedar-falls"),
        ("CEDAR FALLS", "org_cedar-falls"),
        ("91-1234567", "org_cedar-falls"),
        ("911234567", "org_cedar-falls"),
        ("91 123 4567", "org_cedar-falls"),
        ("\u{ff19}1-1234567", "org_cedar-falls"),
        ("Rivera", "Ana Rivera"),
        ("ana rivera", "Ana Rivera"),
        ("rivera a", "Ana Rivera"),
        ("Practitioner", "Ana Rivera"),
        ("Ana.Rivera@cedar-falls.example", "Ana Rivera"),
    ] {
        let page = support.visit("/support/search").await;
        let page = support.submit(&page, "look", &[("q", query)]).await;
        assert_eq!(page.status, 200, "{query}");
        assert!(page.body.contains(expected), "{query}: {}", page.body);
        let is_name = query.chars().all(|c| c.is_alphabetic() || c == ' ');
        assert_eq!(page.url.query().is_some(), is_name, "20.10: {}", page.url);
    }
    for query in ["078-05-1120", "%EF%BC%9978051120", "ana.rivera@cedar-falls.example"] {
        let page = support.visit(&format!("/support/search?q={query}")).await;
        assert_eq!(page.status, 400, "20.10: {query}");
    }
    for query in ["q=%00", "q=a&organizations_after=x", "q=a&people_after=org_1", "x=1"] {
        let page = support.visit(&format!("/support/search?{query}")).await;
        assert_eq!(page.status, 400, "21.5: {query}");
    }
    let page = support.visit("/support/search?q=%25").await;
    assert!(!page.body.contains("Rivera"), "no pattern: {}", page.body);
    for path in
        ["/support/audit", "/support/agreements", "/support/registrations", "/support/tax-ids"]
    {
        let page = support.visit(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.body);
    }
    let page = support.visit("/support/audit?organization=org_cedar-falls").await;
    assert_eq!(page.status, 200);
    for query in ["organization=x", "before=1", "subject=' OR 1=1", "kind=x"] {
        let page = support.visit(&format!("/support/audit?{query}")).await;
        assert_eq!(page.status, 400, "21.5: {query}");
    }
}

/// 20.8: two persons are two only as long as neither can become the other.
async fn nobody_at_the_desk_gets_hold_of_the_second_pair_of_eyes(idp: Fresh) {
    let (mut support, _) = at_the_desk(&idp, "support", "/support").await;
    let page = person(&mut support, &idp, "lead").await;
    let right = ["called-back", "email", "organization", "user-id", "last-sign-in"];
    let right = right.map(|question| (question, "right"));
    let page = check(&mut support, &page, "email", &right).await;
    assert!(page.has("verified"), "{}", page.body);
    let fields = [("address", "mine@evil.example")];
    let refused = support.submit(&page, "email", &fields).await;
    assert!(refused.status == 409 && refused.has("problem"), "{}", refused.body);
    assert_eq!(idp.database.number("SELECT COUNT(*) AS v FROM email_change"), 0);
    let page = person(&mut support, &idp, "lead").await;
    let refused = support.submit(&page, "suspend", &[("reason", "mine")]).await;
    assert_eq!(refused.status, 403, "{}", refused.body);

    // The lead decides about the agent; and whoever leaves for good leaves the desk.
    let (mut lead, _) = at_the_desk(&idp, "lead", "/support").await;
    let page = person(&mut lead, &idp, "support").await;
    let page = lead.submit(&page, "terminate", &[("reason", "left")]).await;
    assert!(page.has("done"), "{}", page.body);
    let staff = "SELECT COUNT(*) AS v FROM staff s JOIN subscriber p ON p.id = s.subscriber_id \
                 WHERE p.user_id = 'support'";
    assert_eq!(idp.database.number(staff), 0);
    let dismissed = "SELECT COUNT(*) AS v FROM audit_event WHERE kind = 'staff.dismissed'";
    assert_eq!(idp.database.number(dismissed), 1);
}
