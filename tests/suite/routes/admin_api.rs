//! `/api/v1`: the resources of the consoles for programs, by the same rules (security 20.1–20.5).

use hilum_tests::{Fresh, on_every_store};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    console::{ADMINISTRATOR, at_work},
    program::Program,
    register::{TRUST, publish},
};

on_every_store![
    a_program_does_for_an_administrator_what_the_console_does,
    a_program_looks_after_the_organization_itself,
    a_program_makes_renews_and_stops_systems,
    a_program_proposes_administrators_and_asks_by_user_id,
    any_token_of_the_api_reads_what_the_community_has_in_common,
    the_document_and_the_routes_agree,
];

const OWN: &str = "/api/v1/organizations/org_cedar-falls";

async fn a_program_does_for_an_administrator_what_the_console_does(idp: Fresh) {
    let program = Program::of_administrator(&idp).await;
    let own = program.get("/api/v1/organizations").await;
    assert_eq!(own[0]["id"], "org_cedar-falls");
    assert_eq!(program.get(OWN).await["name"], "Cedar Falls Family Medicine");

    // The people, and one of them.
    let people = program.get(&format!("{OWN}/people")).await;
    let find = |user_id: &str| {
        let people = people["people"].as_array().unwrap();
        people.iter().find(|person| person["user_id"] == user_id).cloned()
    };
    let ana = find("practitioner").expect("Ana works there");
    assert!(find("hospital").is_none(), "{people}");
    let id = ana["id"].as_str().unwrap();
    let person = program.get(&format!("{OWN}/people/{id}")).await;
    assert_eq!(person["roles"], json!(["licensed-practitioner"]));
    for wrong in ["?after=aff_none", "?status=x", "?role=x", "?x=1", "?only=x"] {
        let (status, body) = program.call(Method::GET, &format!("{OWN}/people{wrong}"), None).await;
        assert_eq!((status, &body["error"]), (400, &json!("invalid_request")), "{wrong}: {body}");
    }

    // Rights: a form with more than there is, with what nobody has, and a good one.
    let rights = format!("{OWN}/people/{id}/rights");
    let put = |body: Value| program.call(Method::PUT, &rights, Some(body));
    let (status, body) = put(json!({ "roles": ["office-worker"], "access_level": "community-standard", "administrator": true })).await;
    assert_eq!(status, 400, "{body}");
    assert!(body["error_description"].as_str().unwrap().contains("administrator"), "{body}");
    let (status, body) = put(json!({ "roles": ["king"], "access_level": "all" })).await;
    assert_eq!(status, 422, "{body}");
    assert!(body["fields"]["roles"].is_string() && body["fields"]["access_level"].is_string());
    let (status, body) =
        put(json!({ "roles": ["medical-director"], "access_level": "community-standard" })).await;
    assert_eq!((status, body["fields"]["reason"].is_string()), (422, true), "{body}");
    let level = "community-standard";
    let (status, body) =
        put(json!({ "roles": ["office-worker"], "access_level": level, "npi": "1987654328" }))
            .await;
    assert_eq!((status, body["fields"]["npi"].is_string()), (422, true), "another is kept: {body}");
    let good = json!({ "roles": ["office-worker"], "access_level": "community-view-only" });
    let (status, body) = put(good.clone()).await;
    assert_eq!(status, 204, "{body}");
    let person = program.get(&format!("{OWN}/people/{id}")).await;
    assert_eq!(
        (&person["roles"], &person["access_level"]),
        (&json!(["office-worker"]), &json!("community-view-only"))
    );

    // Nobody is left without an Administrator, and nobody acts on themselves.
    let me = find(ADMINISTRATOR).unwrap()["id"].as_str().unwrap().to_owned();
    for action in ["suspend", "remove", "demote", "deactivate"] {
        let path = format!("{OWN}/people/{me}/standing");
        let (status, body) =
            program.call(Method::POST, &path, Some(json!({ "action": action }))).await;
        assert!(matches!(status, 403 | 409), "{action}: {status} {body}");
    }
    let standing = format!("{OWN}/people/{id}/standing");
    let (status, body) =
        program.call(Method::POST, &standing, Some(json!({ "action": "suspend" }))).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(program.get(&format!("{OWN}/people/{id}")).await["status"], "suspended");

    // A nomination: the code is told once, and stands nowhere else.
    let nominations = format!("{OWN}/nominations");
    let nominee = json!({
        "given_name": "Noor", "family_name": "Haddad", "email": "noor@cedar-falls.example",
        "roles": ["office-worker"], "access_level": "community-standard",
        "verified_by": "photo-id",
    });
    let (status, made) = program.call(Method::POST, &nominations, Some(nominee.clone())).await;
    assert_eq!((status, &made["outcome"]), (201, &json!("nominated")), "{made}");
    let code = made["activation_code"].as_str().unwrap();
    let listed = program.get(&nominations).await;
    assert_eq!(listed["nominations"][0]["email"], "noor@cedar-falls.example");
    let digits: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    assert!(!listed.to_string().contains(code) && !idp.database.everything().contains(&digits));
    let (status, body) = program.call(Method::POST, &nominations, Some(nominee)).await;
    assert_eq!(status, 409, "nominated already: {body}");
    let one = format!("{nominations}/{}", made["id"].as_str().unwrap());
    let (status, again) = program.call(Method::POST, &format!("{one}/resend"), None).await;
    assert_eq!(status, 200, "{again}");
    assert_ne!(again["activation_code"], made["activation_code"]);
    assert_eq!(program.call(Method::DELETE, &one, None).await.0, 204);
    assert_eq!(program.call(Method::DELETE, &one, None).await.0, 409);
}

async fn a_program_looks_after_the_organization_itself(idp: Fresh) {
    let program = Program::of_administrator(&idp).await;
    let at = |rest: &str| format!("{OWN}{rest}");

    // Numbers: one that is there, what is none, another one, and the last one.
    let numbers = at("/tax-ids");
    assert_eq!(program.get(&numbers).await["own"][0]["shown"], "91-1234567");
    for (number, field) in [("12", "number"), ("123-45-6789", "personal")] {
        let (status, body) =
            program.call(Method::POST, &numbers, Some(json!({ "number": number }))).await;
        assert_eq!((status, body["fields"][field].is_string()), (422, true), "{number}: {body}");
    }
    // Whether somebody has a number makes no difference to whoever asks for it.
    for number in ["20-3456789", "94-3217770"] {
        let wanted = json!({ "number": number });
        for expected in [202, 409] {
            let (status, body) = program.call(Method::POST, &numbers, Some(wanted.clone())).await;
            assert_eq!(status, expected, "{number}: {body}");
        }
    }
    let listed = program.get(&numbers).await;
    assert_eq!(listed["asked_for"].as_array().map(Vec::len), Some(2), "{listed}");
    for number in listed["asked_for"].as_array().unwrap() {
        let path = format!("{numbers}/asked-for/{}", number["id"].as_str().unwrap());
        for expected in [204, 404] {
            assert_eq!(program.call(Method::DELETE, &path, None).await.0, expected, "{number}");
        }
    }
    let last = format!("{numbers}/{}", listed["own"][0]["id"].as_str().unwrap());
    let (status, body) = program.call(Method::DELETE, &last, None).await;
    assert_eq!(status, 409, "the last one: {body}");

    // The record tells of it; forged narrowings and places are refused.
    let record = program.get(&at("/audit?kind=taxid.asked-for")).await;
    let events = record["events"].as_array().unwrap();
    assert_eq!((events.len(), &events[0]["by"]), (2, &json!("own")), "{record}");
    for wrong in ["?kind=login.succeeded", "?from=soon", "?after=1", "?x=1", "?site=%20"] {
        let (status, body) = program.call(Method::GET, &at(&format!("/audit{wrong}")), None).await;
        assert_eq!((status, &body["error"]), (400, &json!("invalid_request")), "{wrong}: {body}");
    }

    let parts = at("/sub-organizations");
    let (status, body) =
        program.call(Method::POST, &parts, Some(json!({ "name": "Eye Clinic" }))).await;
    assert_eq!(status, 201, "{body}");
    assert_eq!(program.get(&parts).await[0]["name"], "Eye Clinic");

    for site in program.get(&at("/sites")).await.as_array().unwrap() {
        let path = at(&format!("/sites/{}", site["id"].as_str().unwrap()));
        let to = json!({ "on": !site["on"].as_bool().unwrap() });
        let (status, body) = program.call(Method::PUT, &path, Some(to)).await;
        assert_eq!(status, 204, "{body}");
    }
    assert_eq!(program.get(&at("/access-requests")).await, json!([]));
}

async fn a_program_makes_renews_and_stops_systems(idp: Fresh) {
    let program = Program::of_administrator(&idp).await;
    let systems = format!("{OWN}/system-clients");
    let wanted = json!({ "name": "EHR", "scopes": ["hie/pmp.query"], "purposes": ["TREAT"] });
    let wrong = json!({ "name": "", "scopes": ["all"], "purposes": [] });
    let (status, body) = program.call(Method::POST, &systems, Some(wrong)).await;
    assert_eq!(status, 422, "{body}");
    for field in ["name", "scopes", "purposes"] {
        assert!(body["fields"][field].is_string(), "{field}: {body}");
    }
    let (status, made) = program.call(Method::POST, &systems, Some(wanted)).await;
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_str().unwrap();
    assert!(made["set_up_at"].as_str().unwrap().ends_with(&format!("/systems/{id}/set-up")));
    let listed = program.get(&systems).await;
    let own = listed["system_clients"].as_array().unwrap();
    let found = own.iter().find(|system| system["id"] == id).expect("the system");
    assert_eq!((&found["state"], found["until"].is_i64()), (&json!("waiting"), true), "{found}");
    assert!(!listed.to_string().contains(made["code"].as_str().unwrap()), "told once");

    let one = format!("{systems}/{id}");
    let (status, again) = program.call(Method::POST, &format!("{one}/code"), None).await;
    assert_eq!((status, again["code"] == made["code"]), (200, false), "{again}");
    let renewal = format!("{one}/renewal");
    assert_eq!(program.call(Method::POST, &renewal, None).await.0, 409, "it has no keys yet");
    for expected in [204, 409] {
        assert_eq!(program.call(Method::DELETE, &one, None).await.0, expected);
    }
    let nowhere = program.call(Method::GET, &format!("{systems}?after=x"), None).await;
    assert_eq!((nowhere.0, &nowhere.1["error"]), (400, &json!("invalid_request")));
}

async fn a_program_proposes_administrators_and_asks_by_user_id(idp: Fresh) {
    let program = Program::of_administrator(&idp).await;
    let biller = idp.database.column("SELECT id AS v FROM subscriber WHERE user_id = 'biller'");
    let promotion = format!("{OWN}/people/{}/promotion", biller[0]);
    for (method, expected) in [
        (Method::DELETE, 404),
        (Method::POST, 201),
        (Method::POST, 409),
        (Method::DELETE, 204),
        (Method::DELETE, 404),
    ] {
        let (status, body) = program.call(method.clone(), &promotion, None).await;
        assert_eq!(status, expected, "{method}: {body}");
    }

    // Whether there is such a User ID makes no difference.
    let offers = format!("{OWN}/offers");
    let offer = |user_id: &str| {
        json!({
            "user_id": user_id, "roles": ["office-worker"], "access_level": "community-standard",
        })
    };
    let asked = ["hospital", "nobody-at-all"];
    for expected in [202, 409] {
        for user_id in asked {
            let (status, body) = program.call(Method::POST, &offers, Some(offer(user_id))).await;
            assert_eq!(status, expected, "{user_id}: {body}");
        }
    }
    let (status, body) = program.call(Method::POST, &offers, Some(offer("practitioner"))).await;
    assert_eq!(status, 409, "a colleague: {body}");
    let (status, body) = program.call(Method::POST, &offers, Some(offer("?"))).await;
    assert_eq!((status, body["fields"]["user_id"].is_string()), (422, true), "{body}");
    let listed = program.get(&offers).await;
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
    for one in listed.as_array().unwrap() {
        assert!(asked.contains(&one["typed"].as_str().unwrap()), "{one}");
        let path = format!("{offers}/{}", one["id"].as_str().unwrap());
        assert_eq!(program.call(Method::DELETE, &path, None).await.0, 204, "{one}");
        assert_eq!(program.call(Method::DELETE, &path, None).await.0, 404, "{one}");
    }
}

async fn any_token_of_the_api_reads_what_the_community_has_in_common(idp: Fresh) {
    publish(&idp).await;
    let (mut joan, _) = at_work(&idp, "/organization").await;
    for scope in ["hilum.me", "hilum.admin", "hilum.support"] {
        let program = (&*scope.replace('.', "-"), &*format!("openid {scope}"));
        let program = Program::of(&idp, &mut joan, ADMINISTRATOR, program).await;
        let roles = program.get("/api/v1/roles").await;
        let role = |code: &str| {
            let found = roles.as_array().unwrap().iter().find(|role| role["code"] == code);
            let role = found.unwrap_or_else(|| panic!("{code}: {roles}"));
            (role["needs_npi"].as_bool().unwrap(), role["needs_reason"].as_bool().unwrap())
        };
        assert_eq!(role("licensed-practitioner"), (true, false));
        assert_eq!(role("medical-director"), (false, true));
        let levels = program.get("/api/v1/rights").await["access_levels"].clone();
        assert_eq!(levels[2], "community-view-only", "the narrowest last: {levels}");
        let agreements = program.get("/api/v1/agreements").await;
        let of = agreements.as_array().unwrap().iter().find(|one| one["code"] == "organization");
        let of = of.unwrap_or_else(|| panic!("{agreements}"));
        let path = format!("/api/v1/agreements/{}", of["id"].as_str().unwrap());
        let whole = program.get(&path).await;
        assert_eq!(&whole["agreement"], of);
        assert_eq!(whole["text"], TRUST, "to the letter");
        assert_eq!(of["sha256"].as_str().map(str::len), Some(64), "{of}");
        for nothing in ["agr_nothing", "x"] {
            let path = format!("/api/v1/agreements/{nothing}");
            assert_eq!(program.call(Method::GET, &path, None).await.0, 404);
        }
    }
    let site = ("a-site", "openid profile");
    let site = Program::of(&idp, &mut joan, ADMINISTRATOR, site).await;
    for path in ["/api/v1/roles", "/api/v1/rights", "/api/v1/agreements"] {
        let (status, body) = site.call(Method::GET, path, None).await;
        assert_eq!((status, &body["error"]), (403, &json!("insufficient_scope")), "{path}");
    }
}

async fn the_document_and_the_routes_agree(idp: Fresh) {
    let (status, _, body) = idp.call(Method::GET, "/api/v1/openapi.json").send().await;
    assert_eq!(status, 200);
    let document: Value = serde_json::from_slice(&body).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let paths = document["paths"].as_object().unwrap();
    for (path, operations) in paths {
        for method in operations.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let filled = super::every_route::filled(path, &[]);
            let (status, headers, _) = idp.call(method.clone(), &filled).send().await;
            assert_eq!(status, 401, "{method} {path} is there, behind a token");
            assert!(headers.contains_key("www-authenticate"), "{method} {path}");
        }
    }
    for (route, ..) in super::every_route::ROUTES {
        let described = paths.contains_key(*route) || route.ends_with("/openapi.json");
        assert!(!route.starts_with("/api/") || described, "{route} is not described");
    }
}
