//! Becoming an Administrator: the console, the candidate's own pages and the support desk (R35, R46–R48;
//! domain 4.8; security 19.5, 20.1, 20.2).

use hilum_tests::{App, Browser, Fresh, Page, Person, TestIdp, on_every_store};

use super::{public::LEFT, support::at_the_desk};

on_every_store![
    a_colleague_proves_who_they_are_and_becomes_an_administrator,
    an_administrator_who_left_is_replaced_by_two_persons_of_support,
    nobody_else_finds_a_promotion,
    what_nobody_goes_on_with_is_over_by_date,
    a_proposal_is_declined_and_taken_back,
    an_old_sign_in_proposes_nobody,
];

const SEED: &str = "HILUMDEMOSEEDFORADMINISTRATOR234";
const OWN: &str = "/organization/org_cedar-falls";
const ANA: &str = "ana.rivera@cedar-falls.example";
const JOAN: &str = "joan.whitfield@cedar-falls.example";

/// The demo's Administrator, signed in when the clock was so many seconds ahead.
async fn joan(idp: &TestIdp, offset: i64) -> Browser {
    let mut browser = idp.browser();
    let page = browser.work_at(OWN, "administrator", &App::told(SEED).when(offset)).await;
    assert_eq!((page.status, page.url.path()), (200, OWN), "{}", page.body);
    browser
}

async fn ana(idp: &TestIdp) -> Browser {
    let mut browser = idp.browser();
    let page = browser.visit("/account").await;
    let page = browser.sign_in(&page, &Person::new("practitioner")).await;
    assert_eq!(page.url.path(), "/account", "{}", page.body);
    browser
}

/// The page of Ana in the console.
async fn of_ana(idp: &TestIdp, joan: &mut Browser, deed: &str) -> Page {
    let id =
        &idp.database.column("SELECT id AS v FROM subscriber WHERE user_id = 'practitioner'")[0];
    joan.visit(&format!("{OWN}/people/{id}{deed}")).await
}

/// Joan proposes Ana; the address of Ana's page.
async fn proposed(idp: &TestIdp, joan: &mut Browser) -> String {
    let page = of_ana(idp, joan, "/promote").await;
    assert!(page.has("duties"), "what it means is said first: {}", page.body);
    let page = joan.submit(&page, "deed-submit", &[]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.has("done") && page.has("promotion-stage"), "{}", page.body);
    assert!(!page.has("promote") && page.has("withdraw-promotion"), "{}", page.body);
    own_page(idp)
}

fn own_page(idp: &TestIdp) -> String {
    let ids = idp.database.column("SELECT id AS v FROM promotion ORDER BY proposed_at DESC, id");
    format!("/account/promotions/{}", ids.first().expect("a promotion"))
}

fn state(idp: &TestIdp) -> String {
    idp.database.column("SELECT state AS v FROM promotion ORDER BY proposed_at DESC, id").remove(0)
}

fn is_administrator(idp: &TestIdp) -> bool {
    let query = "SELECT count(*) AS v FROM affiliation a JOIN subscriber s ON s.id = a.subscriber_id \
                 WHERE s.user_id = 'practitioner' AND a.organization_id = 'org_cedar-falls' \
                 AND a.administrator AND a.ended_at IS NULL";
    idp.database.number(query) == 1
}

fn recorded(idp: &TestIdp, kind: &str) -> i64 {
    idp.database.number(&format!("SELECT count(*) AS v FROM audit_event WHERE kind = '{kind}'"))
}

/// Answers the questions; the right answer is always the second one.
async fn answers(browser: &mut Browser, path: &str, which: &str) -> Page {
    let page = browser.visit(path).await;
    let page = browser.submit(&page, "test-submit", &[("last_four", "1234")]).await;
    assert!(page.has("questions-submit"), "{}", page.body);
    let all = [("answer1", which), ("answer2", which), ("answer3", which)];
    browser.submit(&page, "questions-submit", &all).await
}

async fn a_colleague_proves_who_they_are_and_becomes_an_administrator(idp: Fresh) {
    let (mut joan, mut ana) = (joan(&idp, 0).await, ana(&idp).await);
    let path = proposed(&idp, &mut joan).await;
    assert!(idp.mail(ANA, "You are proposed", 0).await.text.contains("/account/offers"));
    idp.mail(JOAN, "Somebody is proposed", 0).await;
    for page in ["/account", "/account/offers"] {
        let page = ana.visit(page).await;
        assert!(page.body.contains(&path), "the invitation is seen: {}", page.body);
    }

    let page = ana.visit(&path).await;
    let wrong = ana.submit(&page, "test-submit", &[("last_four", "0000")]).await;
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    let failed = answers(&mut ana, &path, "0").await;
    assert_eq!(failed.status, 403, "{}", failed.body);
    assert!(failed.has("problem") && failed.has("test-submit"), "once more: {}", failed.body);
    // The duties are not to be had before.
    let mut early = ana.visit(&path).await.form("decline").fields;
    early.push(("read".to_owned(), "yes".to_owned()));
    let url = idp.url(&format!("{path}/acknowledge"));
    ana.post(&url, &early).await;
    assert_eq!(state(&idp), "proofing");

    let page = answers(&mut ana, &path, "1").await;
    assert!(page.has("set-up-factor") && !page.has("acknowledge"), "{}", page.body);
    ana.post(&url, &early).await;
    assert!(state(&idp) == "duties-due" && !is_administrator(&idp), "not without a factor");

    let page = ana.visit("/account/security/app").await;
    let page = ana.confirm_mailbox(&idp, &page, ANA).await;
    ana.set_up_app(&page).await;
    let page = ana.visit(&path).await;
    assert!(page.has("acknowledge") && page.has("duties"), "{}", page.body);
    ana.submit(&page, "acknowledge", &[]).await;
    assert!(!is_administrator(&idp), "a box that is not ticked acknowledges nothing");
    let page = ana.submit(&page, "acknowledge", &[("read", "yes")]).await;
    assert!(page.has("to-console") && is_administrator(&idp), "{}", page.body);
    let page = ana.visit(OWN).await;
    assert_eq!((page.status, page.url.path()), (200, OWN), "{}", page.body);
    assert!(!page.has("alone"), "there are two now: {}", page.body);

    for kind in ["admin.proposed", "admin.proof-failed", "admin.proofed", "admin.promoted"] {
        assert_eq!(recorded(&idp, kind), 1, "{kind}");
    }
    idp.mail(JOAN, "Your organization has another Administrator", 0).await;
    let everything = idp.database.everything();
    assert!(!everything.contains("1234\"") && !everything.contains("last_four"), "never kept");
}

/// Sends the form that the Administrator has left; the ticket's address.
async fn form_sent(idp: &TestIdp) -> String {
    let mut browser = idp.browser();
    let page = browser.visit("/administrator-left").await;
    let mut fields = LEFT;
    fields[3].1 = "practitioner";
    let page = browser.submit(&page, "ask-submit", &fields).await;
    assert_eq!(page.status, 201, "{}", page.body);
    format!("/support/tickets/{}", idp.database.column("SELECT id AS v FROM ticket")[0])
}

async fn an_administrator_who_left_is_replaced_by_two_persons_of_support(idp: Fresh) {
    let ticket = form_sent(&idp).await;
    let (mut agent, page) = at_the_desk(&idp, "support", &ticket).await;
    let page = agent.follow_link(&page, "propose").await;
    assert!(page.body.contains("Cedar Falls Family Medicine"), "{}", page.body);
    let nobody = agent.submit(&page, "look-up", &[("user_id", "nobody-at-all")]).await;
    assert!(!nobody.has("propose"), "{}", nobody.body);
    let own = ("organization", "org_cedar-falls");
    let unsaid = agent.submit(&page, "propose", &[own, ("spoke_with", " "), ("said", "Yes")]).await;
    assert_eq!(unsaid.status, 422, "without a call back there is nothing: {}", unsaid.body);
    let call = [own, ("spoke_with", "Olga at the desk"), ("said", "Joan left; Ana runs it now")];
    let page = agent.submit(&page, "propose", &call).await;
    assert!(page.body.contains("Olga at the desk"), "{}", page.body);
    assert!(!page.has("approve"), "not by who proposed it: {}", page.body);
    assert_eq!((state(&idp), recorded(&idp, "admin.proposed")), ("asked".to_owned(), 1));
    let again = agent.visit(&ticket).await;
    assert!(again.has("regarding") && !again.has("propose"), "{}", again.body);

    // Forced, it is refused; and the candidate is not asked before.
    let mut form = page.form("withdraw").fields;
    form.push(("deed".to_owned(), "approve".to_owned()));
    let refused = agent.post(&page.url, &form).await;
    assert!([403, 409].contains(&refused.status), "{} {}", refused.status, refused.body);
    let mut ana = ana(&idp).await;
    let path = own_page(&idp);
    assert_eq!(ana.visit(&path).await.status, 404);
    assert!(!ana.visit("/account").await.body.contains(&path));

    let (mut lead, page) = at_the_desk(&idp, "lead", "/support/promotions").await;
    assert!(page.body.contains("Ana Rivera"), "the queue: {}", page.body);
    let desk = path.replace("/account", "/support");
    let page = lead.visit(&desk).await;
    let page = lead.submit(&page, "approve", &[]).await;
    assert!(page.has("done") && state(&idp) == "proofing", "{}", page.body);

    // Before a notary; the form comes by post.
    let page = ana.visit(&path).await;
    let page = ana.submit(&page, "notary-submit", &[]).await;
    let reference = page.text("reference").expect("a number");
    let form = ana.visit(&format!("{path}/form")).await;
    assert!(form.body.contains(&reference) && form.body.contains("Ana Rivera"), "{}", form.body);
    let notary = "SELECT count(*) AS v FROM ticket WHERE kind = 'notary'";
    assert_eq!(idp.database.number(notary), 1, "the desk waits for it");
    let page = agent.visit(&format!("/support/registrations?reference={reference}")).await;
    assert_eq!(page.url.path(), desk, "{}", page.body);
    let page = agent.submit(&page, "accept-form", &[]).await;
    assert!(page.has("done") && state(&idp) == "duties-due", "{}", page.body);
    assert!(ana.visit(&path).await.has("set-up-factor"));
    let details = idp.database.column("SELECT details AS v FROM promotion").concat();
    assert!(details.contains("Olga") && details.contains("accepted"), "both stay: {details}");
}

async fn nobody_else_finds_a_promotion(idp: Fresh) {
    let path = proposed(&idp, &mut joan(&idp, 0).await).await;
    let mut other = idp.browser();
    let page = other.visit("/account").await;
    let page = other.sign_in(&page, &Person::new("biller")).await;
    assert!(!page.body.contains(&path));
    let before = recorded(&idp, "access.refused");
    for path in [&path, &format!("{path}/form"), "/account/promotions/pro_none"] {
        let page = other.visit(path).await;
        assert_eq!(page.status, 404, "{path}: {}", page.body);
    }
    assert!(recorded(&idp, "access.refused") >= before + 3);
    let page = other.visit("/account/profile").await;
    let token = page.form("profile-submit").value("form_token").unwrap().to_owned();
    for step in ["acknowledge", "decline", "notary", "test", "test-answers"] {
        let fields = [("form_token", token.as_str()), ("read", "yes"), ("last_four", "1234")];
        let page = other.post(&idp.url(&format!("{path}/{step}")), &fields).await;
        assert_eq!(page.status, 404, "{step}: {}", page.body);
    }
    let desk = path.replace("/account", "/support");
    let page = other.visit(&desk).await;
    assert!(!page.body.contains("Ana Rivera"), "the desk is not theirs: {}", page.body);
    assert_eq!(state(&idp), "proofing");
}

async fn what_nobody_goes_on_with_is_over_by_date(idp: Fresh) {
    let path = proposed(&idp, &mut joan(&idp, 0).await).await;
    let later = 30 * 86_400;
    idp.set_clock(later).await;
    let mut ana = ana(&idp).await;
    let page = ana.visit(&path).await;
    assert!(page.has("lead") && !page.has("test-submit"), "over: {}", page.body);
    assert!(!ana.visit("/account").await.body.contains(&path));
    let mut joan = joan(&idp, later).await;
    let again = proposed(&idp, &mut joan).await;
    let open = "SELECT count(*) AS v FROM promotion WHERE settled_at IS NULL";
    assert!(again != path && idp.database.number(open) == 1, "{again} {path}");
}

async fn a_proposal_is_declined_and_taken_back(idp: Fresh) {
    let (mut joan, mut ana) = (joan(&idp, 0).await, ana(&idp).await);
    let path = proposed(&idp, &mut joan).await;
    // One at a time.
    let page = of_ana(&idp, &mut joan, "/promote").await;
    let twice = joan.submit(&page, "deed-submit", &[]).await;
    assert_eq!(twice.status, 409, "{}", twice.body);
    let page = ana.visit(&path).await;
    let page = ana.submit(&page, "decline", &[]).await;
    assert!(!page.has("decline") && state(&idp) == "over", "{}", page.body);
    idp.mail(JOAN, "Somebody will not become", 0).await;

    let path = proposed(&idp, &mut joan).await;
    let page = of_ana(&idp, &mut joan, "/withdraw-promotion").await;
    let page = joan.submit(&page, "deed-submit", &[]).await;
    assert!(page.has("done") && page.has("promote"), "{}", page.body);
    let page = ana.visit(&path).await;
    assert!(!page.has("test-submit"), "{}", page.body);
    assert!(!is_administrator(&idp));
}

/// 19.5
async fn an_old_sign_in_proposes_nobody(idp: Fresh) {
    let mut joan = joan(&idp, 0).await;
    for minute in [8, 16] {
        idp.set_clock(minute * 60).await;
        assert_eq!(joan.visit(OWN).await.url.path(), OWN, "the console itself is open");
    }
    let page = of_ana(&idp, &mut joan, "/promote").await;
    let page = joan.submit(&page, "deed-submit", &[]).await;
    assert!(page.is_sign_in(), "{}", page.body);
    assert_eq!(idp.database.number("SELECT count(*) AS v FROM promotion"), 0);
    // The form has waited.
    let page = joan.sign_in(&page, &Person::new("administrator")).await;
    let code = App::told(SEED).when(16 * 60).code(0);
    let page = joan.submit(&page, "factor-submit", &[("code", &code)]).await;
    assert!(page.has("kept"), "{}", page.body);
}
