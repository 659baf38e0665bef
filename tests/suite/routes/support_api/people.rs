//! Whom the desk finds and helps, and the organizations that it looks after.

use hilum_tests::{Fresh, TestIdp, on_every_store};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    super::{program::Program, register::at_review},
    DESK, kinds, only,
};

on_every_store![
    a_program_finds_whom_a_caller_can_name,
    nothing_of_a_person_is_told_before_the_caller_has_shown_who_they_are,
    a_program_stops_accounts_and_ends_affiliations_as_the_page_does,
    an_organization_is_changed_stopped_and_closed_by_two_persons,
    a_dead_code_of_a_first_administrator_is_made_anew,
];

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
    let unasked = agent.post(&account, deed("suspend")).await;
    assert_eq!(unasked.0, 409, "nobody has shown who they are: {}", unasked.1);
    let asked = agent.post(&format!("{biller}/caller-checks"), answered("account", "right")).await;
    assert_eq!(asked.0, 201, "{}", asked.1);
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
    assert_eq!(
        refused.len(),
        3,
        "unasked, closed by an agent, and stopped by oneself: {refused:?}"
    );

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
