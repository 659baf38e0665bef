//! `/api/v1/support`: the support desk's work for its ticket system, by the rules of its pages (domain
//! section 5; security 19.5, 20.1–20.4, 20.8).

mod people;

use hilum_tests::{Fresh, TestIdp, on_every_store};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    console::{ADMINISTRATOR, at_work},
    every_route::{ROUTES, filled},
    program::Program,
    public::LEFT,
    register::{at_review, at_the_notary, begun_in, claimed},
    support::{at_the_desk, tickets::write_to_the_desk},
};

on_every_store![
    a_program_works_on_tickets,
    a_program_judges_a_form_and_approves_a_registration,
    nobody_decides_about_a_registration_of_their_own,
    a_program_decides_about_further_numbers,
    two_persons_release_a_number_by_their_programs,
    two_persons_make_an_administrator_by_their_programs,
    neither_scope_nor_rank_alone_opens_the_desk,
    the_whole_record_is_read_and_narrowed,
    an_old_sign_in_reads_and_does_nothing_that_leads_into_an_account,
];

const DESK: &str = "/api/v1/support";
const SCOPE: &str = "openid hilum.support";

fn kinds(idp: &TestIdp, like: &str) -> Vec<String> {
    let query =
        format!("SELECT kind AS v FROM audit_event WHERE kind LIKE '{like}' ORDER BY at, id");
    idp.database.column(&query)
}

fn only(idp: &TestIdp, table: &str, column: &str) -> String {
    idp.database.column(&format!("SELECT {column} AS v FROM {table}")).remove(0)
}

async fn a_program_works_on_tickets(idp: Fresh) {
    let id = write_to_the_desk(&idp, &mut idp.browser(), "I cannot sign in").await;
    let (mut support, _) = at_the_desk(&idp, "support", "/support").await;
    let desk = Program::of(&idp, &mut support, "support", ("tickets", SCOPE)).await;
    let list = desk.get(&format!("{DESK}/tickets")).await;
    assert_eq!((&list["tickets"][0]["id"], &list["next"]), (&json!(id), &Value::Null), "{list}");
    let one = format!("{DESK}/tickets/{id}");
    let whole = desk.get(&one).await;
    assert_eq!(whole["said"][0]["text"], "I cannot sign in", "{whole}");
    assert_eq!(
        (&whole["requester"]["kind"], &whole["ticket"]["state"]),
        (&json!("visitor"), &json!("new"))
    );

    let deeds = format!("{one}/deeds");
    for (deed, expected) in [
        (json!({ "action": "ask-back", "message": "Which one?" }), 409),
        (json!({ "action": "take" }), 200),
        (json!({ "action": "take", "state": "closed" }), 400),
        (json!({ "action": "close" }), 400),
        (json!({ "action": "ask-back", "message": " " }), 422),
        (json!({ "action": "hand-over", "to": "sub_nobody" }), 422),
        (
            json!({ "action": "hand-over", "to": only(&idp, "subscriber WHERE user_id = 'biller'", "id") }),
            422,
        ),
        (json!({ "action": "ask-back", "message": "Which one?" }), 200),
        (json!({ "action": "resolve", "message": "You can sign in again." }), 200),
        (json!({ "action": "take" }), 409),
    ] {
        let (status, body) = desk.post(&deeds, deed.clone()).await;
        assert_eq!(status, expected, "{deed}: {body}");
    }
    let whole = desk.get(&one).await;
    assert_eq!(
        (&whole["ticket"]["state"], whole["said"].as_array().map(Vec::len)),
        (&json!("resolved"), Some(3))
    );
    let query = format!("{DESK}/tickets?state=resolved&kind=account-help&mine=true");
    assert_eq!(desk.get(&query).await["tickets"][0]["id"], json!(id));
    assert_eq!(
        kinds(&idp, "ticket.%"),
        ["ticket.opened", "ticket.assigned", "ticket.answered", "ticket.resolved"],
        "the record is that of the pages"
    );

    for wrong in ["?state=open", "?kind=x", "?after=x", "?after=1-org_a", "?page=2"] {
        let (status, body) = desk.call(Method::GET, &format!("{DESK}/tickets{wrong}"), None).await;
        assert_eq!((status, &body["error"]), (400, &json!("invalid_request")), "{wrong}: {body}");
    }
    let nothing = format!("{DESK}/tickets/tkt_nothing/deeds");
    assert_eq!(desk.post(&nothing, json!({ "action": "take" })).await.0, 404);

    // Nobody works on a ticket of their own.
    let own = write_to_the_desk(&idp, &mut support, "My own account").await;
    let (status, body) =
        desk.post(&format!("{DESK}/tickets/{own}/deeds"), json!({ "action": "take" })).await;
    assert_eq!(status, 409, "{body}");
}

async fn a_program_judges_a_form_and_approves_a_registration(idp: Fresh) {
    let reference = at_the_notary(&idp).await;
    let desk = Program::of_the_desk(&idp, "support").await;
    assert_eq!(desk.get(&format!("{DESK}/registrations")).await["registrations"], json!([]));
    let form = desk.get(&format!("{DESK}/notary-forms/{reference}")).await;
    assert_eq!(form["of"], "registration", "{form}");
    let one = format!("{DESK}/registrations/{}", form["id"].as_str().unwrap());
    let found = desk.get(&one).await;
    assert_eq!(
        (&found["stage"], &found["identity"]["by"]),
        (&json!("at-notary"), &json!("notary")),
        "{found}"
    );
    assert_eq!(found["organization"]["name"], "Birch Street Clinic", "{found}");
    assert_eq!(found["work"]["roles"], json!(["licensed-practitioner"]), "{found}");

    let decision = format!("{one}/decision");
    for (decided, expected) in [
        (json!({ "action": "approve" }), 409),
        (json!({ "action": "reject" }), 400),
        (json!({ "action": "reject", "reason": "" }), 422),
        (json!({ "action": "accept-form", "reason": "in order" }), 400),
        (json!({ "action": "accept-form" }), 200),
        (json!({ "action": "approve" }), 200),
        (json!({ "action": "approve" }), 409),
    ] {
        let (status, body) = desk.post(&decision, decided.clone()).await;
        assert_eq!(status, expected, "{decided}: {body}");
    }
    assert_eq!(desk.get(&one).await["stage"], "approved");
    let record = kinds(&idp, "org.%");
    assert!(record.ends_with(&["org.proofed".to_owned(), "org.approved".to_owned()]), "{record:?}");

    for wrong in ["?stage=approved", "?stage=x", "?after=x", "?q=1"] {
        let path = format!("{DESK}/registrations{wrong}");
        assert_eq!(desk.call(Method::GET, &path, None).await.0, 400, "{wrong}");
    }
    for nothing in
        ["/registrations/reg_nothing", "/registrations/x", "/notary-forms/1", "/notary-forms/x"]
    {
        assert_eq!(
            desk.call(Method::GET, &format!("{DESK}{nothing}"), None).await.0,
            404,
            "{nothing}"
        );
    }
}

async fn nobody_decides_about_a_registration_of_their_own(idp: Fresh) {
    let (mut support, _) = at_the_desk(&idp, "support", "/support").await;
    let agent = Program::of(&idp, &mut support, "support", ("tickets", SCOPE)).await;
    let lead = Program::of_the_desk(&idp, "lead").await;
    let _ = begun_in(&idp, support, "ada").await;
    let open = agent.get(&format!("{DESK}/registrations?stage=open")).await;
    let id = open["registrations"][0]["id"].as_str().unwrap();
    let decision = format!("{DESK}/registrations/{id}/decision");
    let reject = json!({ "action": "reject", "reason": "nobody answers at this number" });
    let (status, body) = agent.post(&decision, reject.clone()).await;
    assert_eq!(status, 409, "{body}");
    let (status, body) = lead.post(&decision, reject).await;
    assert_eq!((status, &body["stage"]), (200, &json!("rejected")), "{body}");
}

async fn a_program_decides_about_further_numbers(idp: Fresh) {
    let administrator = Program::of_administrator(&idp).await;
    let desk = Program::of_the_desk(&idp, "support").await;
    let own = "/api/v1/organizations/org_cedar-falls/tax-ids";
    for (number, personal) in [("82-7654321", false), ("078-05-1120", true), ("12-3400001", false)]
    {
        let wanted = json!({ "number": number, "personal": personal });
        let (status, body) = administrator.post(own, wanted).await;
        assert_eq!(status, 202, "{number}: {body}");
    }
    let list = desk.get(&format!("{DESK}/further-tax-ids")).await;
    let shown: Vec<_> = list["further_tax_ids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["shown"].clone())
        .collect();
    assert_eq!(shown, ["82-7654321", "***-**-1120", "12-3400001"], "20.10: {list}");
    let at = |nth: usize| {
        format!("{DESK}/further-tax-ids/{}", list["further_tax_ids"][nth]["id"].as_str().unwrap())
    };
    assert_eq!(desk.get(&at(0)).await["holder_id"], "org_lakeside", "somebody has it");
    for (nth, decided, expected) in [
        (0, json!({ "action": "accept" }), 409),
        (0, json!({ "action": "refuse", "reason": "" }), 422),
        (0, json!({ "action": "refuse", "reason": "It is Lakeside's." }), 204),
        (0, json!({ "action": "accept" }), 404),
        (2, json!({ "action": "accept" }), 204),
    ] {
        let (status, body) = desk.post(&format!("{}/decision", at(nth)), decided.clone()).await;
        assert_eq!(status, expected, "{decided}: {body}");
    }
    assert_eq!(administrator.get(own).await["own"].as_array().map(Vec::len), Some(2));
}

async fn two_persons_release_a_number_by_their_programs(idp: Fresh) {
    claimed(&idp, "82-7654321", "works-for-us").await;
    idp.database
        .execute("UPDATE tax_id_claim SET answer_due_at = 0")
        .expect("the owner's days are over");
    let (agent, lead) =
        (Program::of_the_desk(&idp, "support").await, Program::of_the_desk(&idp, "lead").await);
    let list = agent.get(&format!("{DESK}/tax-id-claims")).await;
    assert_eq!(list["claims"][0]["owner_id"], "org_lakeside", "{list}");
    let one = format!("{DESK}/tax-id-claims/{}", only(&idp, "tax_id_claim", "tax_id_id"));
    assert_eq!(agent.get(&one).await["ground"], "works-for-us");
    let decision = format!("{one}/decision");
    let propose = json!({ "action": "propose", "document": "IRS letter CP 575 of 2019" });
    let (status, body) = agent.post(&decision, propose.clone()).await;
    assert_eq!(
        (status, body["error_description"].as_str().is_some_and(|why| why.contains("has until"))),
        (409, true),
        "the days stand in the claim itself: {body}"
    );
    let document = only(&idp, "tax_id_claim", "document");
    let mut claim: Value = serde_json::from_str(&document).unwrap();
    claim["answer_due_at"] = json!("2020-01-01T00:00:00Z");
    idp.database
        .execute(&format!("UPDATE tax_id_claim SET document = '{claim}'"))
        .expect("the owner's days are over");
    assert_eq!(agent.post(&decision, json!({ "action": "propose", "document": "" })).await.0, 422);
    assert_eq!(agent.post(&decision, propose).await.0, 204);
    let (status, body) = agent.post(&decision, json!({ "action": "approve" })).await;
    assert!(matches!(status, 403 | 409), "not by the same person, who is no lead: {status} {body}");
    assert_eq!(lead.get(&one).await["document"], "IRS letter CP 575 of 2019");
    let (status, body) = lead.post(&decision, json!({ "action": "approve" })).await;
    assert_eq!(status, 204, "{body}");
    assert_eq!(only(&idp, "registration", "stage"), "agreement");
    assert_eq!(kinds(&idp, "taxid.released").len(), 1);
    assert_eq!(agent.call(Method::GET, &one, None).await.0, 404, "nobody asks for it any more");
}

async fn two_persons_make_an_administrator_by_their_programs(idp: Fresh) {
    let mut visitor = idp.browser();
    let page = visitor.visit("/administrator-left").await;
    let mut fields = LEFT;
    fields[3].1 = "practitioner";
    assert_eq!(visitor.submit(&page, "ask-submit", &fields).await.status, 201);
    let ticket = only(&idp, "ticket", "id");
    let (agent, lead) =
        (Program::of_the_desk(&idp, "support").await, Program::of_the_desk(&idp, "lead").await);
    let propose = format!("{DESK}/tickets/{ticket}/promotion");
    let new = |user_id: &str, organization: &str, said: &str| {
        json!({
            "user_id": user_id, "organization_id": organization, "spoke_with": "Olga at the desk",
            "said": said,
        })
    };
    let said = "Joan left; Ana runs it now";
    for (new, expected) in [
        (new("nobody-at-all", "org_cedar-falls", said), 422),
        (new("practitioner", "org_lakeside", said), 422),
        (new(ADMINISTRATOR, "org_cedar-falls", said), 422),
        (new("practitioner", "org_cedar-falls", ""), 422),
        (new("practitioner", "org_cedar-falls", said), 201),
        (new("practitioner", "org_cedar-falls", said), 409),
    ] {
        let (status, body) = agent.post(&propose, new.clone()).await;
        assert_eq!(status, expected, "{new}: {body}");
    }
    let list = lead.get(&format!("{DESK}/promotions")).await;
    assert_eq!(list["promotions"][0]["stage"], "asked", "{list}");
    let one = format!("{DESK}/promotions/{}", list["promotions"][0]["id"].as_str().unwrap());
    assert_eq!(lead.get(&one).await["call_back"]["said"], said);
    let decision = format!("{one}/decision");
    let (status, body) = agent.post(&decision, json!({ "action": "approve" })).await;
    assert!(matches!(status, 403 | 409), "{status} {body}");
    assert_eq!(lead.post(&decision, json!({ "action": "approve" })).await.0, 204);
    assert_eq!(lead.get(&one).await["promotion"]["stage"], "proofing");
    assert_eq!(lead.post(&decision, json!({ "action": "accept-form" })).await.0, 409);
    assert_eq!(lead.get(&format!("{DESK}/promotions?waits=form")).await["promotions"], json!([]));
    assert_eq!(kinds(&idp, "admin.%"), ["admin.proposed", "admin.approved"]);
}

/// Every call of the desk's, as a method and a path with this in its slots.
fn calls(slot: &'static str) -> impl Iterator<Item = (Method, String)> {
    let own = ROUTES.iter().filter(|(route, ..)| route.starts_with(DESK));
    own.flat_map(move |(route, get, post)| {
        let path = filled(route, &[slot, slot]);
        let get = (*get != 405).then(|| (Method::GET, path.clone()));
        let post = (*post != 405).then(|| (Method::POST, path.clone()));
        let put = route.ends_with("/data").then_some((Method::PUT, path));
        get.into_iter().chain(post).chain(put)
    })
}

/// 20.4: the scope is a program's, the rank is a person's, and both are asked for at every call.
async fn neither_scope_nor_rank_alone_opens_the_desk(idp: Fresh) {
    let _ = at_review(&idp, "ada").await;
    let (mut joan, _) = at_work(&idp, "/organization").await;
    let hr = ("hr", "openid hilum.admin");
    let administrator = Program::of(&idp, &mut joan, ADMINISTRATOR, hr).await;
    let no_rank = Program::of(&idp, &mut joan, ADMINISTRATOR, ("desk-app", SCOPE)).await;
    let agent = Program::of_the_desk(&idp, "support").await;
    let refused = || kinds(&idp, "access.refused").len();
    let mut called = 0;
    for (method, path) in calls("x") {
        let body = (method != Method::GET).then(|| json!({}));
        let (status, headers, said) =
            administrator.answer(method.clone(), &path, body.clone()).await;
        let challenge =
            headers.get("www-authenticate").map(|h| h.to_str().unwrap()).unwrap_or_default();
        assert_eq!(status, 403, "{method} {path}: {said}");
        assert!(
            challenge.contains("insufficient_scope") && challenge.contains("hilum.support"),
            "{challenge}"
        );
        let before = refused();
        let (status, said) = no_rank.call(method.clone(), &path, body.clone()).await;
        assert_eq!(status, 404, "{method} {path}: {said}");
        assert!(refused() > before, "{method} {path} is written down");
        let (status, said) = agent.call(method.clone(), &path, body).await;
        let expected = match (path.contains("/x"), &method) {
            // What is wrong with a body is said to whoever may send one.
            (true, &Method::POST | &Method::PUT) => [404, 400],
            (true, _) => [404, 404],
            (false, &Method::POST) => [400, 400],
            (false, _) => [200, 200],
        };
        assert!(expected.contains(&status), "{method} {path}: {status} {said}");
        called += 1;
    }
    assert!(called > 10, "{called}");

    // Whoever is let go has nothing left at the next call.
    idp.must(&["staff", "remove", "support"]);
    for (method, path) in calls("x").filter(|(method, _)| *method == Method::GET) {
        assert_eq!(agent.call(method, &path, None).await.0, 404, "{path}");
    }
    // A site that people sign on to is not given the scope.
    let more = json!({ "scope": "openid profile hilum.support", "client_name": "A site" });
    let mut document = json!({
        "client_id": "curious", "redirect_uris": ["https://curious.example/callback"],
        "client_secret": "a-secret-that-is-long-enough-for-hilum",
    });
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let added = idp.register(&document);
    assert!(added.code != 0 && format!("{added:?}").contains("hilum.support"), "{added:?}");
}

async fn the_whole_record_is_read_and_narrowed(idp: Fresh) {
    let desk = Program::of_the_desk(&idp, "support").await;
    let path = format!("{DESK}/organizations/org_lakeside/standing");
    let deed = json!({ "action": "suspend", "for": "breach", "reason": "shared passwords" });
    assert_eq!(desk.post(&path, deed).await.0, 204);
    let record = desk.get(&format!("{DESK}/audit?organization=org_lakeside")).await;
    assert_eq!(record["events"][0]["kind"], "audit.read", "what is read is written down first");
    let event = &record["events"][1];
    assert_eq!(
        (&event["kind"], &event["reason"]),
        (&json!("org.suspended"), &json!("shared passwords"))
    );
    assert_eq!(event["after"]["status"], "suspended", "{event}");
    let agent = only(&idp, "subscriber WHERE user_id = 'support'", "id");
    assert!(event["actor"].as_str().unwrap().ends_with(&agent), "{event}");
    let own = desk.get(&format!("{DESK}/audit?subject={agent}")).await;
    assert_ne!(own["events"], json!([]), "that they signed in");
    for wrong in ["?organization=x", "?subject=org_x", "?after=x", "?kind=org.suspended"] {
        let path = format!("{DESK}/audit{wrong}");
        assert_eq!(desk.call(Method::GET, &path, None).await.0, 400, "{wrong}");
    }
}

/// 19.5
async fn an_old_sign_in_reads_and_does_nothing_that_leads_into_an_account(idp: Fresh) {
    let (mut browser, _) = at_the_desk(&idp, "lead", "/support").await;
    idp.set_clock(20 * 60).await;
    let lead = Program::of(&idp, &mut browser, "lead", ("old", SCOPE)).await;
    assert_eq!(lead.get(&format!("{DESK}/promotions")).await["promotions"], json!([]));
    for path in [
        "/promotions/prm_x/decision",
        "/tickets/tkt_x/promotion",
        "/people/sub_x/help",
        "/people/sub_x/end-affiliation",
        "/organizations/org_x/first-administrator/code",
    ] {
        let (status, headers, body) =
            lead.answer(Method::POST, &format!("{DESK}{path}"), Some(json!({}))).await;
        let challenge =
            headers.get("www-authenticate").map(|h| h.to_str().unwrap()).unwrap_or_default();
        assert_eq!(status, 401, "{path}: {body}");
        assert!(challenge.contains("max_age=\"900\""), "{path}: {challenge}");
    }
}
