//! Systems of organizations, and an API that they and people call (R83): Hilum, the gateway and the client
//! as three programs.

use hilum_tests::{
    Backend, Chromium, Fresh, Gateway, Person, SystemOf, Tokens, claims_of, eventually,
    factor::App, first_app, gateway::document, header_of, now, on_every_store,
};
use serde_json::json;

use super::browser::{in_chromium, sign_in};

on_every_store![
    a_system_is_installed_by_its_code_and_queries_for_its_organization,
    a_stopped_system_is_refused_by_hilum_at_once_and_by_the_gateway_within_seconds,
    whatever_is_no_good_token_for_the_gateway_opens_nothing,
    a_report_opens_when_its_person_has_stepped_up,
];

const QUERY: &str = "/pmp/query?patient=pat-1001";
const SCOPES: [&str; 2] = ["hie/pmp.query", "hie/adt.subscribe"];
const ADMINISTRATOR: &str = "joan.whitfield@cedar-falls.example";
const STRONG: &str = "urn:hilum:acr:browser-second-factor";

async fn a_system_is_installed_by_its_code_and_queries_for_its_organization(idp: Fresh) {
    let gateway = Gateway::start(&idp).await;
    let system = SystemOf::install(&idp, &SCOPES);
    let at = ["--gateway", gateway.origin.as_str()];
    let said = system.client(&[&["query", "--patient", "pat-1001"], &at[..]].concat());
    assert_eq!(said.code, 0, "{said:?}\n{}", gateway.log());
    let found = document(&said);
    assert_eq!(found["asked_by"], json!({"organization": "org_cedar-falls", "npi": "1999999984"}));
    assert_eq!(found["prescriptions"].as_array().map(Vec::len), Some(2), "{found}");
    let feed = document(&system.client(&[&["feed"], &at[..]].concat()));
    assert_eq!(feed["organization"], "org_cedar-falls");

    let token = system.must_token();
    let claims = claims_of(&token);
    assert_eq!(header_of(&token)["typ"], "at+jwt");
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!(system.id), &json!(system.id)));
    assert_eq!(claims["aud"], "https://hie.example/api");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    let b2b = &claims["extensions"]["hl7-b2b"];
    assert_eq!(b2b["organization_id"], "urn:oid:2.16.840.1.113883.4.4#91-1234567");

    // The list tells it, and says no secret.
    let list = idp.must(&["system", "list", "--organization", "org_cedar-falls"]).stdout;
    assert!(list.contains(&system.id) && list.contains("active until"), "{list}");

    // The Administrators were told, and of which system.
    let told = idp.mail(ADMINISTRATOR, "A system of your organization acts now", 0).await;
    assert!(told.text.contains("Cedar Falls EHR"), "{told:?}");

    // Keys that Hilum changes are followed.
    let old = header_of(&token)["kid"].clone();
    idp.must(&["keys", "rotate"]);
    let rotated = eventually("a token of the new key", || async {
        let token = system.must_token();
        (header_of(&token)["kid"] != old).then_some(token)
    })
    .await;
    eventually("the gateway has heard of the new key", || async {
        (gateway.call(QUERY, &rotated).await.status == 200).then_some(())
    })
    .await;
    assert_eq!(
        gateway.call(QUERY, &token).await.status,
        200,
        "the old one signs no more, and counts"
    );

    // A code is good once, and the client says what to do.
    let (_, code) = SystemOf::create(&idp, &SCOPES);
    let wrong = system.set_up(&idp, &code);
    assert_eq!(wrong.code, 1, "{wrong:?}");
    assert!(wrong.stderr.contains("ask an Administrator"), "{wrong:?}");
    assert_eq!(system.token(None).code, 0, "a code that was refused changes nothing");

    // Another code brings another key; the first one is worth nothing from then on.
    let again = system.ask(&idp, "code").stdout;
    let (_, code) = again.trim().split_once(' ').unwrap();
    let other = SystemOf::elsewhere(&system.id);
    assert_eq!(other.set_up(&idp, code).code, 0);
    assert_eq!(other.token(None).code, 0);
    assert_eq!(system.token(None).code, 1, "the key of the earlier machine");
}

async fn a_stopped_system_is_refused_by_hilum_at_once_and_by_the_gateway_within_seconds(
    idp: Fresh,
) {
    let gateway = Gateway::start(&idp).await;
    let system = SystemOf::install(&idp, &SCOPES);
    let token = system.must_token();
    assert_eq!(gateway.call(QUERY, &token).await.status, 200, "{}", gateway.log());
    let asked = idp.site("hie-gateway").introspect(&token).await.body;
    assert_eq!((&asked["active"], &asked["client_id"]), (&json!(true), &json!(system.id)));

    let _ = system.ask(&idp, "revoke");
    let refused = system.token(None);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("does not act any more"), "{refused:?}");
    let asked = idp.site("hie-gateway").introspect(&token).await.body;
    assert_eq!(asked, json!({ "active": false }));
    // What the gateway asked before counts for three seconds, and no longer.
    let refused = eventually("the gateway refuses", || async {
        let answer = gateway.call(QUERY, &token).await;
        (answer.status != 200).then_some(answer)
    })
    .await;
    assert_eq!(refused.error(), (401, "invalid_token"));
    assert!(refused.header("www-authenticate").contains("error=\"invalid_token\""));
    assert!(claims_of(&token)["exp"].as_i64().unwrap() > now(), "although it has not expired");
    let audited = idp.database.column(
        "SELECT kind AS v FROM audit_event WHERE organization_id = 'org_cedar-falls' \
         AND kind LIKE 'system.%' ORDER BY at, id",
    );
    assert!(audited.contains(&"system.revoked".to_owned()), "{audited:?}");
}

async fn whatever_is_no_good_token_for_the_gateway_opens_nothing(idp: Fresh) {
    let gateway = Gateway::start(&idp).await;
    let system = SystemOf::install(&idp, &["hie/adt.subscribe"]);
    let narrow = system.must_token();
    let refused = gateway.call(QUERY, &narrow).await;
    assert_eq!(refused.error(), (403, "insufficient_scope"));
    assert!(refused.header("www-authenticate").contains("scope=\"hie/pmp.query\""));
    assert_eq!(gateway.call("/adt/feed", &narrow).await.status, 200);
    assert_eq!(system.token(Some("hie/pmp.query")).code, 1, "Hilum does not give it either");

    // A site's own token may have the audience and the scope: it acts for no organization.
    let machine = idp.site("machine").client_credentials().await;
    let machine = machine.body["access_token"].as_str().unwrap();
    assert_eq!(gateway.call(QUERY, machine).await.error(), (401, "invalid_token"));
    let keyed = idp.site("keyed").client_credentials().await;
    let other_audience = keyed.body["access_token"].as_str().unwrap().to_owned();
    let alpha = idp.site("alpha").sign_on(&mut idp.browser(), &Person::new("practitioner")).await;
    let forged = format!("{}x", &narrow[..narrow.len() - 1]);
    for (what, token) in [
        ("for another API", other_audience.as_str()),
        ("a person's at another site", &alpha.access),
        ("an ID token", &alpha.id),
        ("a changed signature", &forged),
        ("rubbish", "a.b.c"),
    ] {
        assert_eq!(
            gateway.call("/adt/feed", token).await.error(),
            (401, "invalid_token"),
            "{what}"
        );
    }
    let bare =
        hilum_tests::client().get(format!("{}{QUERY}", gateway.origin)).send().await.unwrap();
    assert_eq!(bare.status(), 401);
    assert_eq!(bare.headers()["www-authenticate"], "Bearer realm=\"hie\"");
    let query = SystemOf::install(&idp, &["hie/pmp.query"]).must_token();
    for path in ["/pmp/query", "/pmp/query?patient=", "/pmp/query?patient=a%27--"] {
        assert_eq!(gateway.call(path, &query).await.error(), (400, "invalid_request"), "{path}");
    }

    // Six minutes ago by Hilum's clock: expired by everybody else's.
    idp.set_clock(-360).await;
    let late = idp.site("machine").client_credentials().await;
    let late = gateway.call("/adt/feed", late.body["access_token"].as_str().unwrap()).await;
    assert_eq!(late.error(), (401, "invalid_token"));
    assert_eq!(late.body["error_description"], "the token has expired");
}

async fn a_report_opens_when_its_person_has_stepped_up(idp: Fresh) {
    let gateway = Gateway::start(&idp).await;
    let (site, person) = (gateway.site(&idp), Person::new("practitioner"));
    let mut browser = idp.browser();
    first_app(&idp, &mut browser, "practitioner", "ana.rivera@cedar-falls.example").await;
    let weak = site.sign_on(&mut idp.browser(), &person).await;
    let claims = claims_of(&weak.access);
    assert_eq!(claims["aud"], json!([idp.origin, "https://hie.example/api"]));
    assert_eq!(site.userinfo(&weak.access).await.status, 200, "it opens userinfo as well");
    let refused = gateway.call("/pmp/report", &weak.access).await;
    assert_eq!(refused.error(), (401, "insufficient_user_authentication"), "{}", gateway.log());
    let challenge = refused.header("www-authenticate");
    assert_eq!(
        challenge,
        format!(
            "Bearer realm=\"hie\", error=\"insufficient_user_authentication\", \
             acr_values=\"{STRONG}\", max_age=\"900\""
        )
    );
    // What is for systems is not for people, and the other way round.
    assert_eq!(gateway.call(QUERY, &weak.access).await.error(), (403, "insufficient_scope"));
    let system = SystemOf::install(&idp, &SCOPES).must_token();
    assert_eq!(gateway.call("/pmp/report", &system).await.error(), (403, "insufficient_scope"));

    // The browser that proved its factor does what the challenge says.
    let request = site.request().with("acr_values", STRONG).with("max_age", "900");
    let mut page = browser.open(&request.url()).await;
    if page.is_notice() {
        page = browser.submit(&page, "consent-allow", &[]).await;
    }
    let code = page.answer().code.expect("a code");
    let strong = Tokens::of(&site.redeem(&request, &code).await);
    let report = gateway.call("/pmp/report", &strong.access).await;
    assert_eq!((report.status, &report.body["acr"]), (200, &json!(STRONG)), "{}", report.text);

    // Signing out ends it, although the token has minutes to live.
    assert_eq!(site.revoke(&strong.access).await.status, 200);
    eventually("the gateway refuses", || async {
        let answer = gateway.call("/pmp/report", &strong.access).await;
        (answer.error() == (401, "invalid_token")).then_some(())
    })
    .await;
}

#[test]
fn a_person_reads_the_report_in_a_browser_after_one_more_step() {
    in_chromium(Backend::Sqlite, async |backend| {
        let idp = hilum_tests::TestIdp::start(backend).await;
        let gateway = Gateway::start(&idp).await;
        let chromium = Chromium::open(true).await;
        chromium.go(&gateway.origin).await;
        chromium.is_accessible("the gateway's home").await;
        chromium.picture("gateway-home").await;
        chromium.click("#sign-in").await;
        sign_in(&chromium, "administrator").await;
        chromium.click("#consent-allow").await;
        chromium.wait("#step-up").await;
        chromium.is_accessible("the step before the report").await;
        chromium.picture("gateway-step-up").await;
        chromium.click("#step-up").await;
        let app = App::told("HILUMDEMOSEEDFORADMINISTRATOR234");
        chromium.type_into("input[name=code]", &app.code(0)).await;
        chromium.click("#factor-submit").await;
        chromium.wait("#report").await;
        assert!(chromium.address().await.starts_with(&gateway.origin));
        assert!(chromium.text().await.contains(STRONG), "{}", gateway.log());
        chromium.is_accessible("the report").await;
        chromium.picture("gateway-report").await;
        chromium.click("#sign-out").await;
        chromium.arrive(&format!("{}/signed-out", gateway.origin)).await;
        chromium.go(&format!("{}/report", gateway.origin)).await;
        chromium.wait("#login-submit").await;
        chromium.close().await;
    });
}
