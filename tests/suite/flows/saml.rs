//! A site that speaks SAML, registered by its metadata while Hilum runs.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hilum_tests::{Browser, Fresh, Page, Person, eventually, on_every_store};

on_every_store![
    a_site_is_registered_by_its_metadata_and_people_sign_on_there,
    one_session_opens_sites_of_both_protocols,
    an_operator_sees_what_a_site_would_receive,
];

const SP: &str = "https://passage.example/sp";

/// Registers the site and waits until it is known.
async fn register(idp: &Fresh) {
    let metadata = format!(
        "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{SP}\">\
         <SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
         <AssertionConsumerService index=\"0\" Location=\"https://passage.example/acs\" \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"/></SPSSODescriptor>\
         </EntityDescriptor>"
    );
    let decisions = r#"{ "client_id": "passage", "client_name": "Passage", "scope": "profile email",
        "saml": { "idp_initiated": {} } }"#;
    let metadata = idp.folder().write("passage.xml", metadata);
    let decisions = idp.folder().write("passage.json", decisions);
    let (metadata, decisions) = (metadata.to_str().unwrap(), decisions.to_str().unwrap());
    idp.must(&["site", "add", metadata, "--decisions", decisions]);
    let again = idp.cli(&["site", "add", metadata]);
    assert_ne!(again.code, 0, "an entityID is registered once");
    eventually("the site is known", || async {
        let page = idp.browser().visit("/saml/start/passage").await;
        (page.status != 404).then_some(())
    })
    .await;
}

/// What the browser would post to the site.
fn response(page: &Page) -> String {
    let form = page.form("form-post-submit");
    assert_eq!(form.action, "https://passage.example/acs");
    let message = STANDARD.decode(form.value("SAMLResponse").expect("a message")).unwrap();
    String::from_utf8(message).unwrap()
}

async fn ask(idp: &Fresh, browser: &mut Browser, id: &str) -> Page {
    let (_, headers, _) = idp.call(reqwest::Method::GET, "/jwks").send().await;
    let instant = instant(headers["date"].to_str().unwrap());
    let request = format!(
        "<p:AuthnRequest xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"{id}\" \
         Version=\"2.0\" IssueInstant=\"{instant}\"><Issuer \
         xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">{SP}</Issuer></p:AuthnRequest>"
    );
    let fields = [
        ("SAMLRequest".to_owned(), STANDARD.encode(request)),
        ("RelayState".to_owned(), "\"><b>".to_owned()),
    ];
    let page = browser.post_from_elsewhere(&idp.url("/saml/sso"), &fields).await;
    browser.follow(page).await
}

/// `Sun, 22 Nov 2026 16:00:00 GMT` as `2026-11-22T16:00:00Z`.
fn instant(date: &str) -> String {
    let parts: Vec<&str> = date.split(' ').collect();
    let months =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|month| *month == parts[2]).unwrap() + 1;
    format!("{}-{month:02}-{}T{}Z", parts[3], parts[1], parts[4])
}

/// 13.2, 14.1, 14.2, 14.3
async fn a_site_is_registered_by_its_metadata_and_people_sign_on_there(idp: Fresh) {
    register(&idp).await;
    let mut browser = idp.browser();
    let start = idp.url("/saml/start/passage");
    let page = browser.sign_on(&start, &Person::new("practitioner")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let unasked = response(&page);
    assert!(!unasked.contains("InResponseTo"));
    assert!(unasked.contains("status:Success") && unasked.contains("<ds:SignatureValue>"));
    assert_eq!(page.header("cache-control"), "no-store");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https://passage.example;"), "{policy}");

    let page = ask(&idp, &mut browser, "_r1").await;
    assert!(response(&page).contains("InResponseTo=\"_r1\""), "{}", page.body);
    assert_eq!(page.form("form-post-submit").value("RelayState"), Some("\"><b>"));
    assert_eq!(ask(&idp, &mut browser, "_r1").await.status, 400, "a message counts once");
}

/// Signed on at one, straight through at the other; signed out at one, signed out at both.
async fn one_session_opens_sites_of_both_protocols(idp: Fresh) {
    register(&idp).await;
    let (site, mut browser) = (idp.site("alpha"), idp.browser());
    let person = Person::new("practitioner");
    let _ = site.sign_on(&mut browser, &person).await;
    let page = ask(&idp, &mut browser, "_r2").await;
    assert!(!page.is_sign_in(), "no second sign-in");
    // The first visit shows what the site receives; the next one is silent.
    let page = browser.press(&page, "consent-allow", &[]).await;
    let page = browser.follow(page).await;
    assert!(response(&page).contains("InResponseTo=\"_r2\""));
    let page = ask(&idp, &mut browser, "_r3").await;
    assert!(response(&page).contains("InResponseTo=\"_r3\""));
    let page = browser.visit("/sign-out").await;
    let _ = browser.submit(&page, "logout-confirm", &[]).await;
    assert!(ask(&idp, &mut browser, "_r4").await.is_sign_in());
}

/// What the preview says is what the site receives; and who looked stands in the record.
async fn an_operator_sees_what_a_site_would_receive(idp: Fresh) {
    register(&idp).await;
    let preview =
        |site: &str, person: &str| idp.must(&["site", "preview", site, "--person", person]).stdout;
    let said = preview("passage", "practitioner");
    let mut browser = idp.browser();
    let start = idp.url("/saml/start/passage");
    let page = browser.sign_on(&start, &Person::new("practitioner")).await;
    let received = response(&page);
    let (_, rest) = said.split_once("nameid-format:persistent").expect("a persistent name");
    let name = rest.lines().nth(1).unwrap().trim();
    assert!(received.contains(&format!(">{name}</saml:NameID>")), "{said} {received}");
    assert_eq!(said.matches(" (urn:").count(), received.matches("<saml:Attribute ").count());

    let said = preview("credentia", "practitioner");
    assert!(said.contains("ID token") && said.contains("licensed-practitioner"), "{said}");
    let said = preview("credentia", "unaffiliated");
    assert!(said.contains("Refused: affiliation_required"), "{said}");
    let nobody = idp.cli(&["site", "preview", "credentia", "--person", "nobody"]);
    assert_ne!(nobody.code, 0);
    let rows = idp.database.column(
        "SELECT subject AS v FROM audit_event WHERE kind = 'site.previewed' AND actor LIKE 'operator%'",
    );
    assert_eq!(rows.len(), 3, "{rows:?}");
    let grants = idp.database.column("SELECT id AS v FROM site_grant");
    assert_eq!(grants.len(), 1, "a preview gives nobody anything");
}
