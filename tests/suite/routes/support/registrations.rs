//! The desk's part in a registration: whose a Tax ID is (R48, R49; security 20.8) and what a notary
//! has confirmed (R36).

use hilum_tests::{Browser, Fresh, Page, TestIdp, on_every_store};

use super::{
    super::register::{ORGANIZATION, Registrant, at_the_notary, begun, claimed, publish},
    at_the_desk,
};

on_every_store![
    a_number_is_released_by_two_persons,
    a_ticket_is_resolved_when_its_number_is_decided_on,
    the_lead_sends_a_release_back_and_the_number_stays,
    a_disputed_number_is_left_with_its_owner_for_a_reason,
    a_registration_is_found_at_every_stage_by_what_a_caller_can_name,
    a_new_prefix_is_accepted_with_the_letter_and_the_practice_gets_to_its_end,
    a_notarys_form_is_found_by_its_number_and_accepted,
    a_notarys_form_is_refused_for_a_reason_and_another_one_can_be_sent,
];

/// Lakeside's, in the demo community: it has one Administrator.
const TAKEN: &str = "82-7654321";

/// Where the only number that somebody asks for is decided about.
fn case(idp: &TestIdp) -> String {
    let ids = idp.database.column("SELECT tax_id_id AS v FROM tax_id_claim");
    format!("/support/tax-ids/{}", ids.first().expect("a claim"))
}

fn stage(idp: &TestIdp) -> String {
    idp.database.column("SELECT stage AS v FROM registration").concat()
}

fn audited(idp: &TestIdp, kind: &str) -> usize {
    let query = format!("SELECT id AS v FROM audit_event WHERE kind = '{kind}'");
    idp.database.column(&query).len()
}

/// Somebody at the desk, with the case open.
async fn opened(idp: &TestIdp, user_id: &str, path: &str) -> (Browser, Page) {
    let (mut browser, list) = at_the_desk(idp, user_id, "/support/tax-ids").await;
    assert!(list.body.contains("Lakeside") && list.body.contains(path), "{}", list.body);
    let page = browser.visit(path).await;
    assert_eq!(page.status, 200, "{}", page.body);
    (browser, page)
}

/// A ticket is not one person's word for what two decide: how its matter stands is looked up.
async fn a_ticket_is_resolved_when_its_number_is_decided_on(idp: Fresh) {
    claimed(&idp, TAKEN, "works-for-us").await;
    let path = case(&idp);
    let ids = idp.database.column("SELECT id AS v FROM ticket WHERE kind = 'tax-id-release'");
    let ticket = format!("/support/tickets/{}", ids.concat());
    let (mut agent, _) = at_the_desk(&idp, "support", &ticket).await;
    let page = agent.visit(&ticket).await;
    let page = agent.submit(&page, "take", &[]).await;
    assert!(page.text("standing").unwrap().contains("can answer until"), "{}", page.body);
    assert!(page.has("not-decided") && !page.has("resolve"), "{}", page.body);
    // Pressed all the same.
    let mut form = page.form("ask-back").fields;
    form.retain(|(name, _)| name == "form_token");
    form.extend([("message", "Done"), ("deed", "resolve")].map(|(n, v)| (n.into(), v.into())));
    let refused = agent.post(&page.url, &form).await;
    assert!(refused.status == 409 && refused.has("problem"), "{}", refused.body);
    let queue = agent.visit("/support/tickets").await;
    assert!(!queue.body.contains("Time to answer is over"), "{}", queue.body);

    // The owner's time goes by: nothing but the date says so.
    idp.set_clock(30 * 24 * 3600).await;
    let (mut agent, cases) = late(&idp, "support", "/support/tax-ids").await;
    assert!(cases.body.contains("No answer in time"), "{}", cases.body);
    let queue = agent.visit("/support/tickets").await;
    assert!(queue.body.contains("Time to answer is over"), "{}", queue.body);
    let page = agent.visit(&ticket).await;
    assert!(page.text("standing").unwrap().contains("did not answer in time"), "{}", page.body);
    assert!(!page.has("resolve"), "{}", page.body);

    let page = agent.visit(&path).await;
    let page = agent.submit(&page, "keep", &[("document", "IRS letter of the owner")]).await;
    assert!(page.has("done"), "{}", page.body);
    let page = agent.visit(&ticket).await;
    assert!(
        page.text("standing").unwrap().contains("stays with its organization"),
        "{}",
        page.body
    );
    let page = agent.submit(&page, "resolve", &[("message", "The number stays.")]).await;
    assert_eq!(page.text("state").as_deref(), Some("Resolved"), "{}", page.body);
}

async fn a_number_is_released_by_two_persons(idp: Fresh) {
    claimed(&idp, TAKEN, "works-for-us").await;
    let path = case(&idp);
    let (mut agent, page) = opened(&idp, "support", &path).await;
    assert!(!page.has("approve"), "nobody has proposed it: {}", page.body);
    let page = agent.submit(&page, "propose", &[("document", "IRS letter CP 575 of 2019")]).await;
    assert!(page.status == 409 && page.has("problem"), "before its owner could answer");
    idp.set_clock(30 * 24 * 3600).await;
    let (mut agent, page) = late(&idp, "support", &path).await;
    let nothing = agent.submit(&page, "propose", &[("document", " ")]).await;
    assert_eq!(nothing.status, 422, "without a document: {}", nothing.body);
    let page = agent.submit(&page, "propose", &[("document", "IRS letter CP 575 of 2019")]).await;
    assert!(page.has("done") && !page.has("approve"), "not by the same person: {}", page.body);
    assert_eq!((stage(&idp), audited(&idp, "taxid.released")), ("waiting".into(), 0));

    // Pressed all the same, from the form that is on the page.
    let form = page.form("keep");
    let token = form.value("form_token").unwrap().to_owned();
    let fields = [("form_token", &*token), ("deed", "approve")];
    let refused = agent.post(&idp.url(&path), &fields).await;
    assert!(matches!(refused.status, 403 | 404 | 409), "{} {}", refused.status, refused.body);
    assert_eq!(stage(&idp), "waiting");

    let (mut lead, page) = late(&idp, "lead", &path).await;
    assert!(page.body.contains("CP 575"), "{}", page.body);
    let page = lead.submit(&page, "approve", &[]).await;
    assert!(page.has("done") && !page.has("approve"), "{}", page.body);
    assert_eq!((stage(&idp), audited(&idp, "taxid.released")), ("agreement".into(), 1));
}

/// The same, weeks later.
async fn late(idp: &TestIdp, user_id: &str, path: &str) -> (Browser, Page) {
    super::at_the_desk_when(idp, user_id, path, 30 * 24 * 3600).await
}

async fn the_lead_sends_a_release_back_and_the_number_stays(idp: Fresh) {
    claimed(&idp, TAKEN, "works-for-us").await;
    let path = case(&idp);
    idp.set_clock(30 * 24 * 3600).await;
    let (mut agent, page) = late(&idp, "support", &path).await;
    agent.submit(&page, "propose", &[("document", "a letter that cannot be read")]).await;
    let (mut lead, page) = late(&idp, "lead", &path).await;
    let page = lead.submit(&page, "reject", &[]).await;
    assert!(page.has("done") && page.has("propose"), "it can be proposed again: {}", page.body);
    assert_eq!((stage(&idp), audited(&idp, "taxid.release-rejected")), ("waiting".into(), 1));
}

async fn a_disputed_number_is_left_with_its_owner_for_a_reason(idp: Fresh) {
    claimed(&idp, TAKEN, "unknown").await;
    let path = case(&idp);
    let (mut agent, page) = opened(&idp, "support", &path).await;
    let nothing = agent.submit(&page, "keep", &[]).await;
    assert_eq!((nothing.status, stage(&idp)), (422, "waiting".into()), "{}", nothing.body);
    let page = agent.submit(&page, "keep", &[("document", "the owner's letter is older")]).await;
    assert!(page.has("done") && !page.has("keep"), "nobody asks any more: {}", page.body);
    assert_eq!((stage(&idp), audited(&idp, "taxid.kept")), ("contact-verified".into(), 1));
    let whose = idp
        .database
        .column("SELECT organization_id AS v FROM tax_id WHERE organization_id = 'org_lakeside'");
    assert_eq!(whose.len(), 1, "the number stays");
}

/// R23
async fn a_registration_is_found_at_every_stage_by_what_a_caller_can_name(idp: Fresh) {
    let mut ada = begun(&idp, "ada").await;
    let bea = begun(&idp, "bea").await;
    ada.describe("12-3499999").await;
    let id = |registrant: &Registrant| {
        let email = &registrant.email;
        let query = format!("SELECT id AS v FROM registration WHERE email_normalized = '{email}'");
        idp.database.column(&query).concat()
    };
    let (ada, bea) = (id(&ada), id(&bea));
    let (mut agent, page) = at_the_desk(&idp, "support", "/support/registrations").await;
    assert!(!page.body.contains(&ada), "nothing waits for Support: {}", page.body);
    for (sought, expected) in [
        ("stage=open", vec![&ada, &bea]),
        ("stage=agreement", vec![&ada]),
        ("stage=contact-verified", vec![&bea]),
        ("stage=waiting", vec![]),
    ] {
        let page = agent.visit(&format!("/support/registrations?{sought}")).await;
        assert_eq!(page.status, 200, "{sought}: {}", page.body);
        for one in [&ada, &bea] {
            assert_eq!(page.body.contains(one), expected.contains(&one), "{sought}: {}", page.body);
        }
    }
    // At whatever stage.
    for (sought, expected) in [
        ("Ada@Birch-Street.example", vec![&ada]),
        ("bea@birch-street.example", vec![&bea]),
        ("birch street", vec![&ada]),
        ("birch a", vec![&ada, &bea]),
        ("Ada Birch", vec![&ada, &bea]),
        ("12-3499999", vec![&ada]),
        ("123499999", vec![&ada]),
        ("nobody", vec![]),
    ] {
        let page = agent.visit("/support/search").await;
        let page = agent.submit(&page, "look", &[("q", sought)]).await;
        assert_eq!(page.status, 200, "{sought}: {}", page.body);
        for one in [&ada, &bea] {
            assert_eq!(page.body.contains(one), expected.contains(&one), "{sought}: {}", page.body);
        }
    }
    for forged in ["stage=approved", "stage=x", "after=x", "q=1"] {
        let page = agent.visit(&format!("/support/registrations?{forged}")).await;
        assert_eq!(page.status, 400, "{forged}");
    }
}

/// Domain 3.6
async fn a_new_prefix_is_accepted_with_the_letter_and_the_practice_gets_to_its_end(idp: Fresh) {
    publish(&idp).await;
    let mut ada = begun(&idp, "ada").await;
    let fields = [&ORGANIZATION[..], &[("number", "97-1234567")]].concat();
    ada.send("organization-submit", &fields).await;
    assert!(ada.page.status == 422 && ada.page.has("on_letter"), "{}", ada.page.body);
    ada.send("organization-submit", &[("on_letter", "yes")]).await;
    assert!(ada.page.has("doubt") && ada.page.has("check-submit"), "{}", ada.page.body);
    ada.send("check-submit", &[]).await;
    ada.reaches_review(&idp).await;
    let (mut agent, list) = at_the_desk(&idp, "support", "/support/registrations").await;
    assert!(list.body.contains("97-1234567"), "{}", list.body);
    let ids = idp.database.column("SELECT id AS v FROM registration");
    let path = format!("/support/registrations/{}", ids.concat());
    let page = agent.visit(&path).await;
    let silent = agent.submit(&page, "approve", &[("prefix_reason", "")]).await;
    assert_eq!((silent.status, stage(&idp)), (422, "review".into()), "{}", silent.body);
    let reason = [("prefix_reason", "IRS letter CP 575 of 2 May")];
    let page = agent.submit(&page, "approve", &reason).await;
    assert!(page.has("done"), "{}", page.body);
    assert_eq!((stage(&idp), audited(&idp, "taxid.prefix-overridden")), ("approved".into(), 1));
    let told = "SELECT reason AS v FROM audit_event WHERE kind = 'taxid.prefix-overridden'";
    assert!(idp.database.column(told).concat().contains("CP 575"));
    let page = agent.visit("/support/search").await;
    let page = agent.submit(&page, "look", &[("q", "97-1234567")]).await;
    assert!(page.body.contains("Birch Street Clinic"), "it has its number: {}", page.body);
}

/// The registration, found by the number on the form.
async fn by_number(idp: &TestIdp, browser: &mut Browser, reference: &str) -> Page {
    let page = browser.visit("/support/registrations?stage=at-notary&reference=12345").await;
    assert!(page.has("problem"), "no such number: {}", page.body);
    let path = format!("/support/registrations?stage=at-notary&reference={reference}");
    let page = browser.visit(&path).await;
    let ids = idp.database.column("SELECT id AS v FROM registration");
    assert_eq!(page.url.path(), format!("/support/registrations/{}", ids.concat()));
    page
}

async fn a_notarys_form_is_found_by_its_number_and_accepted(idp: Fresh) {
    let reference = at_the_notary(&idp).await;
    let (mut agent, _) = at_the_desk(&idp, "support", "/support/registrations").await;
    let page = by_number(&idp, &mut agent, &reference).await;
    assert!(!page.has("approve"), "not before the notary's word: {}", page.body);
    let page = agent.submit(&page, "accept-form", &[]).await;
    assert!(page.has("done") && page.has("approve"), "{}", page.body);
    assert_eq!(stage(&idp), "review");
    let page = agent.submit(&page, "approve", &[]).await;
    assert!(page.has("done") && !page.has("approve"), "{}", page.body);
    assert_eq!(stage(&idp), "approved");
}

async fn a_notarys_form_is_refused_for_a_reason_and_another_one_can_be_sent(idp: Fresh) {
    let reference = at_the_notary(&idp).await;
    let ada = "ada@birch-street.example";
    let instructions = idp.mail(ada, "Your form for the notary", 0).await;
    assert!(instructions.text.contains("1 Harbor Street"), "where to: {}", instructions.text);
    assert!(instructions.text.contains("link in our first mail"), "{}", instructions.text);
    let (mut agent, _) = at_the_desk(&idp, "support", "/support/registrations").await;
    let page = by_number(&idp, &mut agent, &reference).await;
    let silent = agent.submit(&page, "refuse-form", &[("reason", "")]).await;
    assert_eq!((silent.status, stage(&idp)), (422, "at-notary".into()), "{}", silent.body);
    let refuse = agent.submit(&page, "refuse-form", &[("reason", "The seal is missing.")]);
    let (page, mail) = idp.mail_after(ada, "Your form from the notary", refuse).await;
    assert!(page.has("done") && !page.has("approve"), "{}", page.body);
    assert!(mail.text.contains("The seal is missing."), "{}", mail.text);
    assert_eq!(stage(&idp), "identity", "they may bring another one");
}
