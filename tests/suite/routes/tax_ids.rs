//! `/organization/{id}/tax-ids`: the owner's side of the registry (R43, R44; security 20.3, 20.6,
//! 20.8, 21).

use hilum_tests::{Browser, Fresh, Page, Person, TestIdp, on_every_store};
use serde_json::json;

use super::{console::at_work, register::claimed, support::at_the_desk};

on_every_store![
    a_further_number_counts_when_support_has_accepted_it,
    a_further_number_that_support_refuses_is_nobodys,
    a_number_is_given_up_by_who_is_sure,
    numbers_are_asked_for_past_the_stop_page_and_taken_back,
    an_owner_hands_over_what_a_registration_asks_for,
    an_owner_objects_with_evidence_and_keeps_the_number,
    another_organization_acts_under_a_number_until_it_is_ended,
    a_field_that_the_page_has_not_is_refused,
];

const PLACE: &str = "/organization/org_cedar-falls/tax-ids";
/// Cedar Falls', in the demo community.
const OWN: &str = "91-1234567";

async fn at_numbers(idp: &TestIdp) -> (Browser, Page, String) {
    let (mut browser, _) = at_work(idp, "/organization").await;
    let page = browser.visit(PLACE).await;
    assert!(page.status == 200 && page.body.contains(OWN), "{}", page.body);
    let query = "SELECT id AS v FROM tax_id WHERE organization_id = 'org_cedar-falls'";
    let id = idp.database.column(query).remove(0);
    (browser, page, id)
}

/// What Cedar Falls has.
fn numbers(idp: &TestIdp) -> Vec<String> {
    let query = "SELECT id AS v FROM tax_id WHERE organization_id = 'org_cedar-falls' ORDER BY id";
    idp.database.column(query)
}

/// What anybody has asked for, the oldest first.
fn waiting(idp: &TestIdp) -> Vec<String> {
    idp.database.column("SELECT id AS v FROM further_number ORDER BY asked_at, id")
}

/// Another number of Cedar Falls, asked for and accepted.
pub(super) async fn further(
    idp: &TestIdp,
    (administrator, support): (&mut Browser, &mut Browser),
    number: &str,
) {
    let page = administrator.visit(PLACE).await;
    assert!(administrator.submit(&page, "add-submit", &[("number", number)]).await.has("done"));
    let case = format!("/support/tax-ids/further/{}", waiting(idp).pop().expect("a request"));
    let page = support.visit(&case).await;
    assert!(support.submit(&page, "accept", &[]).await.has("done"));
}

fn stage(idp: &TestIdp) -> String {
    idp.database.column("SELECT stage AS v FROM registration").remove(0)
}

async fn numbers_are_asked_for_past_the_stop_page_and_taken_back(idp: Fresh) {
    let (mut browser, page, own) = at_numbers(&idp).await;
    let page = browser.submit(&page, "add-submit", &[("number", "078-05-1120")]).await;
    assert!(page.has("insists") && !page.body.contains("078-05"), "{}", page.body);
    let fields = [("number", "078-05-1120"), ("insists", "yes")];
    let page = browser.submit(&page, "add-submit", &fields).await;
    assert!(page.has("done") && page.body.contains("***-**-1120"), "{}", page.body);
    let plain =
        idp.database.column("SELECT value AS v FROM further_number WHERE value LIKE '%051120%'");
    assert!(plain.is_empty(), "a personal number lies sealed");
    let page = browser.submit(&page, "add-submit", &[("number", "07-1234567")]).await;
    assert!(page.status == 422 && page.has("number-wrong"), "{}", page.body);
    // One's own, in either state.
    let own_page = browser.submit(&page, "add-submit", &[("number", OWN)]).await;
    let page = browser.submit(&page, "add-submit", &[("number", "078-05-1120")]).await;
    let page = browser.submit(&page, "add-submit", &fields).await;
    for again in [&own_page, &page] {
        assert!(again.status == 409 && again.body.contains("already"), "{}", again.body);
    }
    // Lakeside's, which is told in no way: neither by an answer nor by a refusal.
    let page = browser.submit(&page, "add-submit", &[("number", "82-7654321")]).await;
    assert!(page.has("done") && !page.body.contains("Lakeside"), "{}", page.body);
    for number in ["12-3400001", "12-3400002", "12-3400003"] {
        assert!(browser.submit(&page, "add-submit", &[("number", number)]).await.has("done"));
    }
    let full = browser.submit(&page, "add-submit", &[("number", "12-3400004")]).await;
    assert!(full.status == 409 && full.body.contains("Five numbers"), "{}", full.body);
    let first = waiting(&idp).remove(0);
    let page = browser.submit(&full, &format!("withdraw-{first}"), &[]).await;
    assert!(page.has("done") && !page.has(&format!("withdraw-{first}")), "{}", page.body);
    assert_eq!(numbers(&idp), [own], "nobody acts under what was asked for");
}

async fn a_further_number_counts_when_support_has_accepted_it(idp: Fresh) {
    let (mut joan, page, own) = at_numbers(&idp).await;
    assert!(joan.submit(&page, "add-submit", &[("number", "12-3400001")]).await.has("done"));
    let (mut support, list) = at_the_desk(&idp, "support", "/support/tax-ids").await;
    let case = format!("/support/tax-ids/further/{}", waiting(&idp).remove(0));
    assert!(list.body.contains("12-3400001") && list.body.contains(&case), "{}", list.body);
    let page = support.visit(&case).await;
    assert!(page.body.contains("Cedar Falls") && page.has("accept"), "{}", page.body);
    let page = support.submit(&page, "accept", &[]).await;
    assert!(page.has("done") && !page.has("accept"), "{}", page.body);
    assert_eq!(numbers(&idp).len(), 2);
    let page = joan.visit(PLACE).await;
    assert!(page.body.contains("12-3400001") && page.has(&own), "{}", page.body);
    assert!(waiting(&idp).is_empty());
    assert_eq!(support.visit(&case).await.status, 404, "it is decided");
    let kinds = "SELECT kind AS v FROM audit_event WHERE kind LIKE 'taxid.%' ORDER BY kind";
    let kinds = idp.database.column(kinds);
    assert_eq!(kinds, ["taxid.answered", "taxid.asked-for", "taxid.registered"]);
}

async fn a_further_number_that_support_refuses_is_nobodys(idp: Fresh) {
    let (mut joan, page, own) = at_numbers(&idp).await;
    // Lakeside's, as Support sees.
    assert!(joan.submit(&page, "add-submit", &[("number", "82-7654321")]).await.has("done"));
    let case = format!("/support/tax-ids/further/{}", waiting(&idp).remove(0));
    let (mut support, page) = at_the_desk(&idp, "support", &case).await;
    assert!(page.body.contains("Lakeside"), "{}", page.body);
    let taken = support.submit(&page, "accept", &[]).await;
    assert!(taken.status == 409 && taken.has("problem"), "{}", taken.body);
    let nothing = support.submit(&taken, "refuse", &[("reason", " ")]).await;
    assert_eq!(nothing.status, 422, "without a reason: {}", nothing.body);
    let page = support.submit(&nothing, "refuse", &[("reason", "It is a lake's.")]).await;
    assert!(page.has("done"), "{}", page.body);
    assert_eq!((waiting(&idp), numbers(&idp)), (vec![], vec![own]));
}

async fn a_number_is_given_up_by_who_is_sure(idp: Fresh) {
    let (mut browser, page, own) = at_numbers(&idp).await;
    let (button, sure) = (format!("give-up-{own}"), [("sure", "yes")]);
    let page = browser.submit(&page, &button, &sure).await;
    assert!(page.status == 409 && page.body.contains("your only Tax ID"), "{}", page.body);
    let (mut support, _) = at_the_desk(&idp, "support", "/support").await;
    further(&idp, (&mut browser, &mut support), "12-3400001").await;
    let page = browser.submit(&page, &button, &[]).await;
    assert!(page.status == 422 && page.body.contains(OWN), "{}", page.body);
    let page = browser.submit(&page, &button, &sure).await;
    assert!(page.has("done") && !page.has(&own), "{}", page.body);
}

async fn an_owner_hands_over_what_a_registration_asks_for(idp: Fresh) {
    claimed(&idp, OWN, "works-for-us").await;
    let (mut browser, page, own) = at_numbers(&idp).await;
    assert!(page.body.contains("Birch Street Clinic"), "{}", page.body);
    let nothing = browser.submit(&page, &format!("answer-{own}"), &[]).await;
    assert_eq!(nothing.status, 422, "{}", nothing.body);
    let fields = [("answer", "hand-over")];
    let page = browser.submit(&page, &format!("answer-{own}"), &fields).await;
    assert!(page.has("done") && page.body.contains(OWN), "until the approval: {}", page.body);
    assert_eq!(stage(&idp), "agreement");
}

async fn an_owner_objects_with_evidence_and_keeps_the_number(idp: Fresh) {
    claimed(&idp, OWN, "works-for-us").await;
    let (mut browser, page, own) = at_numbers(&idp).await;
    let button = format!("answer-{own}");
    let page = browser.submit(&page, &button, &[("answer", "object")]).await;
    assert_eq!(page.status, 422, "without evidence: {}", page.body);
    let fields = [("answer", "object"), ("evidence", "IRS letter CP 575 of 2019")];
    let page = browser.submit(&page, &button, &fields).await;
    assert!(page.has("done") && !page.has(&format!("claim-{own}")), "{}", page.body);
    assert_eq!(stage(&idp), "dialogue");
}

async fn another_organization_acts_under_a_number_until_it_is_ended(idp: Fresh) {
    let (mut browser, page, own) = at_numbers(&idp).await;
    let button = format!("appoint-{own}");
    for nobody in ["Lakeside", "org_nobody", "org_cedar-falls"] {
        let page = browser.submit(&page, &button, &[("representative", nobody)]).await;
        assert!(matches!(page.status, 409 | 422), "{nobody}: {}", page.body);
    }
    let fields = [("representative", "org_lakeside")];
    let page = browser.submit(&page, &button, &fields).await;
    let end = format!("dismiss-{own}-org_lakeside");
    assert!(page.has("done") && page.has(&end), "{}", page.body);
    // Its people release the number beside their own, until that is ended, and not a moment longer.
    let more = json!({
        "scope": "openid affiliations tax_ids offline_access",
        "grant_types": ["authorization_code", "refresh_token"],
        "release": { "affiliation_mode": "one", "tax_id_release": "all" },
    });
    let site = idp.add_site("records", &more).await;
    let tokens = site.sign_on(&mut idp.browser(), &Person::new("profile")).await;
    let told = site.userinfo(&tokens.access).await.body.to_string();
    assert!(told.contains(OWN) && told.contains("82-7654321"), "{told}");
    let page = browser.submit(&page, &end, &[]).await;
    assert!(page.has("done") && !page.has(&end), "{}", page.body);
    let told = site.userinfo(&tokens.access).await.body.to_string();
    assert!(!told.contains(OWN), "{told}");
    let answer = site.refresh(&tokens.refresh.expect("offline_access")).await.body.to_string();
    assert!(!answer.contains(OWN), "{answer}");
    let tokens = site.sign_on(&mut idp.browser(), &Person::new("profile")).await;
    let told = site.userinfo(&tokens.access).await.body.to_string();
    assert!(!told.contains(OWN) && told.contains("82-7654321"), "{told}");
}

/// Security 20.3
async fn a_field_that_the_page_has_not_is_refused(idp: Fresh) {
    let (mut browser, page, own) = at_numbers(&idp).await;
    let token = page.form("add-submit").value("form_token").unwrap().to_owned();
    let url = idp.url(&format!("{PLACE}/{own}/appoint"));
    let fields = [
        ("form_token", &*token),
        ("representative", "org_lakeside"),
        ("organization", "org_lakeside"),
    ];
    let request = browser.request(reqwest::Method::POST, &url).form(&fields);
    assert_eq!(browser.send(&url, request).await.status, 400);
    let under = idp.database.column("SELECT tax_id_id AS v FROM tax_id_representative");
    assert!(under.is_empty(), "{under:?}");
}
