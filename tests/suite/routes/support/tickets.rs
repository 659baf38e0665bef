//! Tickets, from the public form to the last word.

use hilum_tests::{Browser, Fresh, Page, TestIdp, on_every_store};

use super::at_the_desk;

on_every_store![
    a_wish_for_an_administrator_can_be_turned_down_and_is_not_resolved_by_itself,
    who_asked_answers_by_the_link_of_the_last_mail,
    a_request_is_taken_asked_back_resolved_and_closed,
    nobody_works_on_a_ticket_of_their_own,
    a_field_that_the_form_has_not_is_refused_and_nothing_happens,
    a_forged_place_or_filter_in_the_queue_is_refused,
];

const ASKER: &str = "ana@elsewhere.example";

/// Sends the contact form, and gives the ticket's identifier.
pub(crate) async fn write_to_the_desk(
    idp: &TestIdp,
    browser: &mut Browser,
    message: &str,
) -> String {
    let page = browser.visit("/contact").await;
    let fields =
        [("kind", "account-help"), ("name", "Ana Rivera"), ("email", ASKER), ("message", message)];
    let page = browser.submit(&page, "ask-submit", &fields).await;
    assert_eq!(page.status, 201, "{}", page.body);
    assert!(page.has("asked"));
    let ids = idp.database.column("SELECT id AS v FROM ticket ORDER BY opened_at DESC, id DESC");
    ids.first().expect("a ticket").clone()
}

async fn open(browser: &mut Browser, id: &str) -> Page {
    let page = browser.visit(&format!("/support/tickets/{id}")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    page
}

fn state(idp: &TestIdp, id: &str) -> String {
    idp.database.column(&format!("SELECT state AS v FROM ticket WHERE id = '{id}'")).concat()
}

async fn a_request_is_taken_asked_back_resolved_and_closed(idp: Fresh) {
    let message = "I cannot sign in.\r\n<b>Please</b> help";
    let id = write_to_the_desk(&idp, &mut idp.browser(), message).await;
    let (mut support, queue) = at_the_desk(&idp, "support", "/support/tickets").await;
    assert!(queue.body.contains(&id), "{}", queue.body);

    let page = open(&mut support, &id).await;
    assert!(page.body.contains("I cannot sign in. &#60;b&#62;Please"), "21.4: {}", page.body);
    assert!(!page.has("resolve") && !page.has("ask-back"), "take it first");
    let page = support.submit(&page, "take", &[]).await;
    assert_eq!(page.text("state").as_deref(), Some("In work"), "{}", page.body);

    let page = support.submit(&page, "ask-back", &[("message", "Which User ID?")]).await;
    assert_eq!((page.status, state(&idp, &id)), (200, "waiting".to_owned()), "{}", page.body);
    // A colleague takes over from somebody who is away.
    let (mut lead, _) = at_the_desk(&idp, "lead", "/support/tickets").await;
    let page = open(&mut lead, &id).await;
    let page = lead.submit(&page, "take", &[]).await;
    assert_eq!(page.text("assignee").as_deref(), Some("<bdi>Lea Brandt"), "{}", page.body);

    // Somebody else's by now: refused with the reason, and nothing happens.
    let stale = open(&mut support, &id).await;
    let mut form = stale.form("take");
    form.fields.push(("message".to_owned(), "done".to_owned()));
    form.fields.push(("deed".to_owned(), "resolve".to_owned()));
    let refused = support.post(&stale.url, &form.fields).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert_eq!(state(&idp, &id), "assigned");

    let page = lead.submit(&page, "resolve", &[("message", "You can sign in again.")]).await;
    assert_eq!((page.status, state(&idp, &id)), (200, "resolved".to_owned()), "{}", page.body);
    let queue = lead.visit("/support/tickets").await;
    assert!(!queue.body.contains(&id), "it is no longer open");
    let queue = lead.visit("/support/tickets?state=resolved&kind=account-help").await;
    assert!(queue.body.contains(&id));
    let kinds = idp
        .database
        .column("SELECT kind AS v FROM audit_event WHERE kind LIKE 'ticket.%' ORDER BY at, id");
    for kind in ["ticket.opened", "ticket.assigned", "ticket.answered", "ticket.resolved"] {
        assert!(kinds.iter().any(|own| own == kind), "{kind}: {kinds:?}");
    }
    let said = idp.database.column("SELECT after AS v FROM audit_event");
    assert!(!said.join(" ").contains("elsewhere.example"), "no word of anybody: {said:?}");
}

/// 17.6: the link shows what was said, and nothing happens by opening it; the mail before is void.
async fn who_asked_answers_by_the_link_of_the_last_mail(idp: Fresh) {
    let id = write_to_the_desk(&idp, &mut idp.browser(), "Please help").await;
    let first = idp.mail(ASKER, "", 0).await;
    let first = first.link(&idp.origin, "/ticket/").expect("a link");
    let mut visitor = idp.browser();
    assert!(visitor.visit(&first).await.body.contains("Please help"));

    let (mut support, _) = at_the_desk(&idp, "support", "/support/tickets").await;
    let page = open(&mut support, &id).await;
    let page = support.submit(&page, "take", &[]).await;
    let ask = support.submit(&page, "ask-back", &[("message", "Which one?")]);
    let (_, mail) = idp.mail_after(ASKER, "", ask).await;
    let link = mail.link(&idp.origin, "/ticket/").expect("a link");
    assert_ne!(first, link);
    assert_eq!(visitor.visit(&first).await.status, 404, "the mail before leads nowhere");

    let page = visitor.visit(&link).await;
    assert!(page.body.contains("Which one?") && !page.body.contains("Sam"), "{}", page.body);
    assert_eq!(state(&idp, &id), "waiting");
    let page = visitor.submit(&page, "ticket-answer", &[("message", "This one")]).await;
    assert!(page.has("answered"), "{} {}", page.status, page.body);
    assert_eq!(state(&idp, &id), "assigned");
    // Nobody asked back by now.
    let form = [("message", "And this")];
    assert_eq!(visitor.post(&idp.url(&link), &form).await.status, 403, "no form of ours");

    let page = open(&mut support, &id).await;
    let resolve = support.submit(&page, "resolve", &[("message", "Done")]);
    let (_, mail) = idp.mail_after(ASKER, "", resolve).await;
    let link = mail.link(&idp.origin, "/ticket/").expect("a link");
    let page = visitor.visit(&link).await;
    let page = visitor.submit(&page, "ticket-answer", &[("message", "Not at all")]).await;
    assert!(page.has("answered"), "{} {}", page.status, page.body);
    assert_eq!(state(&idp, &id), "assigned", "it is reopened");
}

async fn a_wish_for_an_administrator_can_be_turned_down_and_is_not_resolved_by_itself(idp: Fresh) {
    let id = write_to_the_desk(&idp, &mut idp.browser(), "Our Administrator has left").await;
    let promote = format!("UPDATE ticket SET kind = 'promote-admin' WHERE id = '{id}'");
    assert_eq!(idp.database.execute(&promote).unwrap(), 1);
    let (mut support, _) = at_the_desk(&idp, "support", "/support/tickets").await;
    let page = open(&mut support, &id).await;
    let page = support.submit(&page, "take", &[]).await;
    assert!(page.has("standing") && page.has("turn-down") && !page.has("resolve"), "{}", page.body);
    let page = support.submit(&page, "turn-down", &[("message", "Nobody answers there")]).await;
    assert_eq!((page.status, state(&idp, &id)), (200, "resolved".to_owned()), "{}", page.body);
}

async fn nobody_works_on_a_ticket_of_their_own(idp: Fresh) {
    let (mut support, _) = at_the_desk(&idp, "support", "/support").await;
    let id = write_to_the_desk(&idp, &mut support, "My own account").await;
    let page = open(&mut support, &id).await;
    assert!(page.has("own-ticket") && !page.has("take"), "{}", page.body);

    // Whoever posts it all the same is refused.
    let other = write_to_the_desk(&idp, &mut idp.browser(), "Another one").await;
    let form = open(&mut support, &other).await.form("take");
    let mut fields = form.fields.clone();
    fields.push(("deed".to_owned(), "take".to_owned()));
    let page = support.post(&idp.url(&format!("/support/tickets/{id}")), &fields).await;
    assert_eq!((page.status, state(&idp, &id)), (409, "new".to_owned()), "{}", page.body);

    // Nor is it given to whoever asked.
    let (mut lead, _) = at_the_desk(&idp, "lead", "/support").await;
    let page = open(&mut lead, &id).await;
    let page = lead.submit(&page, "take", &[]).await;
    assert!(!page.has("hand-over"), "there is nobody else: {}", page.body);
}

/// 20.3
async fn a_field_that_the_form_has_not_is_refused_and_nothing_happens(idp: Fresh) {
    let id = write_to_the_desk(&idp, &mut idp.browser(), "Hello").await;
    let (mut support, _) = at_the_desk(&idp, "support", "/support").await;
    for extra in ["administrator", "org_id", "status", "rank", "assignee_id", "state"] {
        let page = open(&mut support, &id).await;
        let mut fields = page.form("take").fields;
        fields.push(("deed".to_owned(), "take".to_owned()));
        fields.push((extra.to_owned(), "support-lead".to_owned()));
        let page = support.post(&page.url, &fields).await;
        assert_eq!((page.status, state(&idp, &id)), (400, "new".to_owned()), "{extra}");
    }
    // A form from elsewhere does nothing either.
    let page = support.post(&idp.url(&format!("/support/tickets/{id}")), &[("deed", "take")]).await;
    assert_eq!((page.status, state(&idp, &id)), (403, "new".to_owned()));

    let mut visitor = idp.browser();
    let page = visitor.visit("/contact").await;
    let mut fields = page.form("ask-submit").fields;
    fields.push(("status".to_owned(), "resolved".to_owned()));
    let page = visitor.post(&idp.url("/contact"), &fields).await;
    assert_eq!(page.status, 400, "{}", page.body);
}

/// 21.5
async fn a_forged_place_or_filter_in_the_queue_is_refused(idp: Fresh) {
    let (mut support, _) = at_the_desk(&idp, "support", "/support").await;
    for query in [
        "state=open'--",
        "kind=x",
        "whose=sub_x",
        "after=x",
        "after=-1-tkt_a",
        "after=99999999999999999999-tkt_a",
        "after=1-org_a",
        "page=2",
    ] {
        let page = support.visit(&format!("/support/tickets?{query}")).await;
        assert_eq!(page.status, 400, "{query}");
    }
    let page = support.visit("/support/tickets?after=9223372036854775807-tkt_zzz").await;
    assert_eq!(page.status, 200);
    assert!(page.has("no-tickets"));
    assert_eq!(support.visit("/support/tickets/tkt_nothing").await.status, 404);
    assert_eq!(support.visit("/support/tickets/x").await.status, 404);
}
