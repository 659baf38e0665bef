//! `/api/v1/support`: the support desk's work for its ticket system, by the rules of its pages (domain
//! section 5; security 19.5, 20.1–20.4, 20.8).

use hilum_tests::{Fresh, TestIdp, on_every_store};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    console::{ADMINISTRATOR, at_work},
    every_route::{ROUTES, filled},
    program::Program,
    public::LEFT,
    register::{at_review, at_the_notary, claimed},
    support::{at_the_desk, tickets::write_to_the_desk},
};

on_every_store![
    a_program_works_on_tickets,
    a_program_judges_a_form_and_approves_a_registration,
    a_program_decides_about_further_numbers,
    a_program_finds_whom_a_caller_can_name,
    nothing_of_a_person_is_told_before_the_caller_has_shown_who_they_are,
    a_program_stops_accounts_and_ends_affiliations_as_the_page_does,
    an_organization_is_changed_stopped_and_closed_by_two_persons,
    a_dead_code_of_a_first_administrator_is_made_anew,
    two_persons_release_a_number_by_their_programs,
    two_persons_make_an_administrator_by_their_programs,
    neither_scope_nor_rank_alone_opens_the_desk,
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

/// R23, 20.10
async fn a_program_finds_whom_a_caller_can_name(idp: Fresh) {
    let ada = at_review(&idp, "ada").await;
    let desk = Program::of_the_desk(&idp, "support").await;
    let search = format!("{DESK}/search");
    let ids = |list: &Value| -> Vec<String> {
        let list = list.as_array().unwrap();
        list.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    let ana = only(&idp, "subscriber WHERE user_id = 'practitioner'", "id");
    let registration = only(&idp, "registration", "id");
    for (q, organizations, people, registrations) in [
        ("rivera", vec![], vec![&ana], vec![]),
        ("Ana Rivera", vec![], vec![&ana], vec![]),
        ("PRACTITIONER", vec![], vec![&ana], vec![]),
        ("ana.rivera@cedar-falls.example", vec![], vec![&ana], vec![]),
        ("91-1234567", vec!["org_cedar-falls"], vec![], vec![]),
        ("91 1234567", vec!["org_cedar-falls"], vec![], vec![]),
        ("birch", vec![], vec![], vec![&registration]),
        (&*ada.email, vec![], vec![], vec![&registration]),
        ("", vec![], vec![], vec![]),
    ] {
        let (status, found) = desk.post(&search, json!({ "q": q })).await;
        assert_eq!(status, 200, "{q}: {found}");
        assert_eq!(ids(&found["organizations"]), organizations, "{q}: {found}");
        let people: Vec<String> = people.into_iter().cloned().collect();
        assert_eq!(ids(&found["people"]), people, "{q}: {found}");
        let registrations: Vec<String> = registrations.into_iter().cloned().collect();
        assert_eq!(ids(&found["registrations"]), registrations, "{q}: {found}");
        let said = found["people"].to_string();
        assert!(!said.contains("practitioner") && !said.contains('@'), "R56: {found}");
    }
    for (wrong, field) in [
        (json!({ "q": "x".repeat(101) }), "q"),
        (json!({ "q": "x", "people_after": "org_x" }), "people_after"),
        (json!({ "q": "x", "registrations_after": "x" }), "registrations_after"),
    ] {
        let (status, body) = desk.post(&search, wrong.clone()).await;
        assert_eq!((status, body["fields"][field].is_string()), (422, true), "{wrong}: {body}");
    }
    assert_eq!(desk.call(Method::GET, &format!("{search}?q=x"), None).await.0, 405);
}

/// Where a person stands in the API.
fn person(idp: &TestIdp, user_id: &str) -> String {
    let id = only(idp, &format!("subscriber WHERE user_id = '{user_id}'"), "id");
    format!("{DESK}/people/{id}")
}

fn answered(purpose: &str, called_back: &str) -> Value {
    let answers = json!({
        "called-back": called_back, "email": called_back, "organization": "right",
        "colleague": "right",
    });
    json!({ "purpose": purpose, "answers": answers })
}

/// R56, 17.8, 18.4
async fn nothing_of_a_person_is_told_before_the_caller_has_shown_who_they_are(idp: Fresh) {
    let desk = Program::of_the_desk(&idp, "support").await;
    let ana = person(&idp, "practitioner");
    let seen = desk.get(&ana).await;
    assert_eq!((&seen["name"], &seen["disclosed"]), (&json!("Ana Rivera"), &Value::Null));
    assert!(
        !seen.to_string().contains("practitioner") && !seen.to_string().contains('@'),
        "{seen}"
    );
    let asking = desk.get(&format!("{ana}?purpose=user-id")).await;
    let questions = asking["questions"].to_string();
    assert!(questions.contains("called-back") && !questions.contains("user-id"), "{questions}");
    assert!(!questions.contains("ana.rivera@"), "shortened: {questions}");
    let wrong = desk.call(Method::GET, &format!("{ana}?purpose=x"), None).await;
    assert_eq!(wrong.0, 400, "{}", wrong.1);

    let (help, check) = (format!("{ana}/help"), format!("{ana}/caller-checks"));
    for (path, body, expected) in [
        (&help, json!({ "action": "code" }), 409),
        (&check, json!({ "purpose": "x", "answers": {} }), 422),
        (&check, json!({ "purpose": "code", "answers": { "colour": "right" } }), 422),
        (&check, json!({ "purpose": "code", "answers": { "email": "maybe" } }), 422),
        (&check, answered("code", "wrong"), 409),
        (&help, json!({ "action": "code" }), 409),
        (&check, answered("code", "right"), 201),
        (&help, json!({ "action": "lost-factor" }), 409),
        (&help, json!({ "action": "email", "address": "x" }), 422),
        (&help, json!({ "action": "code", "for": "me" }), 400),
    ] {
        let (status, said) = desk.post(path, body.clone()).await;
        assert_eq!(status, expected, "{path} {body}: {said}");
    }
    assert_eq!(idp.database.number("SELECT COUNT(*) AS v FROM mailed_code"), 0);
    let seen = desk.get(&ana).await;
    assert_eq!(seen["disclosed"]["user_id"], "practitioner", "{seen}");
    let (status, made) = desk.post(&help, json!({ "action": "code" })).await;
    let code = made["code"].as_str().unwrap_or_else(|| panic!("{status} {made}"));
    assert!(!idp.database.everything().contains(code), "kept as a digest");
    let record = kinds(&idp, "caller.%");
    assert_eq!(record, ["caller.refused", "caller.verified"], "as from the page");

    // Whoever else is at the desk has to ask again.
    let lead = Program::of_the_desk(&idp, "lead").await;
    assert_eq!(lead.get(&ana).await["disclosed"], Value::Null);
    assert_eq!(lead.post(&help, json!({ "action": "code" })).await.0, 409);
    // Nobody uses the office on themselves, nor an agent on the lead (security 20.8).
    let own = person(&idp, "support");
    let (status, body) =
        desk.post(&format!("{own}/caller-checks"), answered("code", "right")).await;
    assert_eq!(status, 403, "{body}");
    assert_eq!(desk.get(&format!("{own}?purpose=code")).await["questions"], json!([]));
    let of_lead = person(&idp, "lead");
    desk.post(&format!("{of_lead}/caller-checks"), answered("code", "right")).await;
    let (status, body) = desk.post(&format!("{of_lead}/help"), json!({ "action": "code" })).await;
    assert!(matches!(status, 403 | 409), "{status} {body}");
    let nobody = format!("{DESK}/people/sub_nothing");
    assert_eq!(desk.call(Method::GET, &nobody, None).await.0, 404);
    for deed in ["caller-checks", "end-affiliation", "account", "help"] {
        let (status, body) = desk
            .post(
                &format!("{nobody}/{deed}"),
                match deed {
                    "caller-checks" => answered("code", "right"),
                    "help" => json!({ "action": "code" }),
                    "account" => json!({ "action": "suspend", "reason": "none" }),
                    _ => json!({ "organization_id": "org_cedar-falls", "reason": "none" }),
                },
            )
            .await;
        assert_eq!(status, 404, "{deed}: {body}");
    }
}

/// R31, domain 4.3, 4.5
async fn a_program_stops_accounts_and_ends_affiliations_as_the_page_does(idp: Fresh) {
    let (agent, lead) =
        (Program::of_the_desk(&idp, "support").await, Program::of_the_desk(&idp, "lead").await);
    let biller = person(&idp, "biller");
    let account = format!("{biller}/account");
    let deed = |action: &str| json!({ "action": action, "reason": "asked by telephone" });
    for (action, expected) in
        [("resume", 409), ("suspend", 204), ("suspend", 409), ("resume", 204), ("close", 403)]
    {
        let (status, body) = agent.post(&account, deed(action)).await;
        assert_eq!(status, expected, "{action}: {body}");
    }
    assert_eq!(agent.post(&account, json!({ "action": "suspend", "reason": " " })).await.0, 422);
    assert_eq!(agent.post(&account, deed("delete")).await.0, 400);
    let own = format!("{}/account", person(&idp, "support"));
    let (status, body) = agent.post(&own, deed("suspend")).await;
    assert_eq!(status, 403, "{body}");
    let refused =
        idp.database.column("SELECT reason AS v FROM audit_event WHERE kind = 'access.refused'");
    assert_eq!(refused.len(), 2, "closed by an agent, and stopped by oneself: {refused:?}");

    let end = format!("{biller}/end-affiliation");
    let wanted = json!({ "organization_id": "org_cedar-falls", "reason": "left in May" });
    assert_eq!(agent.post(&end, wanted.clone()).await.0, 409, "nobody has shown who they are");
    let check = format!("{biller}/caller-checks");
    assert_eq!(agent.post(&check, answered("end-affiliation", "right")).await.0, 201);
    assert_eq!(agent.post(&end, wanted.clone()).await.0, 204);
    let (status, body) = agent.post(&end, wanted).await;
    assert!(matches!(status, 404 | 409), "it has ended: {status} {body}");
    assert_eq!(kinds(&idp, "affiliation.ended").len(), 1);

    assert_eq!(lead.post(&account, deed("close")).await.0, 204);
    assert_eq!(lead.get(&biller).await["account"], "closed");
}

/// Domain 4.1, 4.2
async fn an_organization_is_changed_stopped_and_closed_by_two_persons(idp: Fresh) {
    let (agent, lead) =
        (Program::of_the_desk(&idp, "support").await, Program::of_the_desk(&idp, "lead").await);
    let one = format!("{DESK}/organizations/org_lakeside");
    assert_eq!(agent.get(&one).await["state"], "active");
    let standing = format!("{one}/standing");
    for (deed, expected) in [
        (json!({ "action": "suspend", "for": "fun", "reason": "none" }), 422),
        (json!({ "action": "suspend", "for": "breach", "reason": "" }), 422),
        (json!({ "action": "suspend", "for": "breach", "reason": "shared passwords" }), 204),
        (json!({ "action": "suspend", "for": "breach", "reason": "shared passwords" }), 409),
        (json!({ "action": "resume", "reason": "put right" }), 204),
        (json!({ "action": "close", "reason": "asked by nobody" }), 403),
    ] {
        let (status, body) = agent.post(&standing, deed.clone()).await;
        assert_eq!(status, expected, "{deed}: {body}");
    }
    let (status, body) =
        lead.post(&standing, json!({ "action": "close", "reason": "asked by nobody" })).await;
    assert_eq!(status, 409, "{body}");
    assert_eq!(kinds(&idp, "org.%"), ["org.suspended", "org.resumed"]);

    let data = |name: &str, phone: &str| json!({ "name": name, "address": "1 Lake Road", "phone": phone, "npi": "1555000300", "reason": "letter" });
    let put = |body: Value| {
        agent.call(Method::PUT, "/api/v1/support/organizations/org_lakeside/data", Some(body))
    };
    let (status, body) = put(data("", "none")).await;
    assert_eq!(
        (status, body["fields"]["name"].is_string(), body["fields"]["phone"].is_string()),
        (422, true, true),
        "{body}"
    );
    let (status, body) = put(data("Lakeside Kids", "(360) 555-0188")).await;
    assert_eq!(status, 204, "{body}");
    assert_eq!(put(data("Lakeside Kids", "(360) 555-0188")).await.0, 409, "nothing is different");
    let seen = agent.get(&one).await;
    assert_eq!(
        (&seen["name"], &seen["phone"]),
        (&json!("Lakeside Kids"), &json!("(360) 555-0188"))
    );
    let parts = agent.get(&format!("{DESK}/organizations/org_north-sound")).await;
    assert_eq!(parts["parts"][0]["id"], "org_north-sound-imaging", "{parts}");
    for (method, path, body) in [
        (Method::GET, "", None),
        (Method::POST, "/standing", Some(json!({ "action": "resume", "reason": "none" }))),
        (Method::PUT, "/data", Some(data("Nobody's", "(360) 555-0188"))),
        (Method::POST, "/first-administrator/code", Some(json!({ "reason": "called back" }))),
        (Method::POST, "/first-administrator/withdrawal", Some(json!({ "reason": "none" }))),
    ] {
        let path = format!("{DESK}/organizations/org_nothing{path}");
        let (status, said) = agent.call(method, &path, body).await;
        assert_eq!(status, 404, "{path}: {said}");
    }
}

/// R36
async fn a_dead_code_of_a_first_administrator_is_made_anew(idp: Fresh) {
    let _ = at_review(&idp, "ada").await;
    let desk = Program::of_the_desk(&idp, "support").await;
    let registration = only(&idp, "registration", "id");
    let decision = format!("{DESK}/registrations/{registration}/decision");
    let (status, body) = desk.post(&decision, json!({ "action": "approve" })).await;
    assert_eq!((status, &body["stage"]), (200, &json!("approved")), "{body}");
    let (_, found) = desk.post(&format!("{DESK}/search"), json!({ "q": "birch street" })).await;
    let one = format!("{DESK}/organizations/{}", found["organizations"][0]["id"].as_str().unwrap());
    let first = desk.get(&one).await["first_administrator"].clone();
    assert_eq!((&first["waits"], &first["code_lives"]), (&json!(true), &json!(true)), "{first}");
    let code = format!("{one}/first-administrator/code");
    assert_eq!(desk.post(&code, json!({ "reason": "" })).await.0, 422);
    let (status, made) = desk.post(&code, json!({ "reason": "called back, Ada answered" })).await;
    assert_eq!((status, &made["user_id"]), (200, &first["user_id"]), "{made}");
    let told = made["activation_code"].as_str().unwrap();
    assert!(!idp.database.everything().contains(told), "kept as a digest");
    let withdrawal = format!("{one}/first-administrator/withdrawal");
    for expected in [204, 409] {
        let (status, body) = desk.post(&withdrawal, json!({ "reason": "she left" })).await;
        assert_eq!(status, expected, "{body}");
    }
    let own = desk.get("/api/v1/support/organizations/org_lakeside").await;
    assert_eq!(own["first_administrator"], Value::Null);
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
