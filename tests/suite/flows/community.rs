//! The whole story in Chromium: an organization registers, Support approves, its new Administrator
//! nominates somebody, who activates, signs on to a site, and is removed again.

use hilum_tests::{App, Backend, Chromium, Person, TestIdp, eventually};
use serde_json::json;

use super::browser::{Demo, in_chromium, sign_in};

const ADA: &str = "ada@birch-street.example";
const BEN: &str = "ben@birch-street.example";
const PASSWORD: &str = "Sunny-Harbour-7";
/// Nobody's.
const NUMBER: &str = "12-3499999";

/// Ada's.
const NPI: &str = "1999999984";

/// The path of a link in the last mail whose subject begins so.
async fn link(idp: &TestIdp, to: &str, subject: &str, path: &str) -> String {
    let mail = idp.mail(to, subject, 0).await;
    let link = mail.link(idp.url("/").as_str().trim_end_matches('/'), path);
    link.unwrap_or_else(|| panic!("{}", mail.text))
}

async fn fill(chromium: &Chromium, fields: &[(&str, &str)]) {
    for (id, text) in fields {
        chromium.type_into(&format!("#{id}"), text).await;
    }
}

async fn seen(chromium: &Chromium, name: &str) {
    chromium.is_accessible(name).await;
    chromium.picture(&format!("story-{name}")).await;
}

async fn inner(chromium: &Chromium, css: &str) -> String {
    chromium.wait(css).await.html(true).await.expect(css)
}

/// From nothing to the desk of Support; the code that the wizard showed.
async fn registers(demo: &Demo, chromium: &Chromium) -> String {
    let idp = &demo.idp;
    let file = idp.folder().write("trust.txt", "# Trust agreement\n\nWe answer for our people.\n");
    let version = ["--agreement", "organization", "--version", "1"];
    idp.must(&[&["agreement", "publish", file.to_str().unwrap()], &version[..]].concat());

    chromium.go(idp.url("/register").as_str()).await;
    seen(chromium, "register").await;
    let own = [
        ("given_name", "Ada"),
        ("family_name", "Birch"),
        ("email", ADA),
        ("phone", "360 555 0111"),
    ];
    fill(chromium, &own).await;
    chromium.click("#register-submit").await;
    let code = inner(chromium, "#register-code").await;
    seen(chromium, "register-code").await;

    chromium
        .go(idp.url(&link(idp, ADA, "Your registration has begun", "/register/").await).as_str())
        .await;
    chromium.type_into("#code", &code).await;
    chromium.click("#enter-submit").await;
    let body = [
        ("name", "Birch Street Clinic"),
        ("address", "1 Birch Street, Olympia WA 98501"),
        ("phone", "360 555 0142"),
        ("number", NUMBER),
    ];
    chromium.wait("#organization-submit").await;
    fill(chromium, &body).await;
    seen(chromium, "register-organization").await;
    chromium.click("#organization-submit").await;
    chromium.wait("#check-submit").await;
    seen(chromium, "register-check").await;
    chromium.click("#check-submit").await;
    chromium.wait("#work-submit").await;
    chromium.click("#role-licensed-practitioner").await;
    chromium.type_into("#npi", NPI).await;
    seen(chromium, "register-work").await;
    chromium.click("#work-submit").await;
    chromium.wait("#agreement-submit").await;
    fill(chromium, &[("name", "Ada Birch"), ("title", "Owner")]).await;
    for tick in ["#authority", "#accepts", "#takes_duties"] {
        chromium.click(tick).await;
    }
    seen(chromium, "register-agreement").await;
    chromium.click("#agreement-submit").await;
    chromium.type_into("#last_four", "1234").await;
    seen(chromium, "register-identity").await;
    chromium.click("#test-submit").await;
    chromium.wait("#questions-submit").await;
    for number in 1..=3 {
        chromium.click(&format!("#answer{number}-1")).await;
    }
    seen(chromium, "register-questions").await;
    chromium.click("#questions-submit").await;
    idp.mail(ADA, "We are looking at your registration", 0).await;
    seen(chromium, "register-review").await;
    code
}

/// Support looks at it, and lets the organization take part.
async fn approves(demo: &Demo, chromium: &Chromium) {
    chromium.go(demo.idp.url("/support/registrations?stage=review").as_str()).await;
    sign_in(chromium, "support").await;
    let app = App::told("HILUMDEMOSEEDFORSUPPORTAGENT2345");
    chromium.type_into("#code", &app.code(0)).await;
    chromium.click("#factor-submit").await;
    chromium.click("#registrations ~ ul a").await;
    chromium.wait("#approve").await;
    seen(chromium, "support-registration").await;
    chromium.click("#approve").await;
    chromium.wait("#done").await;
}

/// Takes a User ID over by link and code; the User ID.
async fn activates(demo: &Demo, chromium: &Chromium, link: &str, code: &str) -> String {
    chromium.go(demo.idp.url(link).as_str()).await;
    seen(chromium, "activate").await;
    chromium.type_into("#code", code).await;
    chromium.click("#activate-submit").await;
    let user_id = chromium.wait("#username").await.attr("value").await.unwrap().unwrap();
    fill(chromium, &[("password", PASSWORD), ("repeated", PASSWORD)]).await;
    let question = chromium.wait("#question1").await;
    question.select_by_value("first-pet").await.expect("a question");
    chromium.type_into("#answer1", "Fido").await;
    seen(chromium, "activate-account").await;
    chromium.click("#activate-finish").await;
    chromium.wait("#sign-in").await;
    seen(chromium, "activated").await;
    user_id
}

async fn types_password(chromium: &Chromium, user_id: &str) {
    fill(chromium, &[("username", user_id), ("password", PASSWORD)]).await;
    chromium.click("#login-submit").await;
}

/// The first sign-in to the console: the mailbox is shown, and an app set up.
async fn opens_the_console(demo: &Demo, chromium: &Chromium, user_id: &str) {
    chromium.go(demo.idp.url("/organization").as_str()).await;
    types_password(chromium, user_id).await;
    chromium.click("#factor-send").await;
    chromium.wait("#factor-submit").await;
    let code = demo.idp.mailed_code(ADA).await;
    chromium.type_into("input[name=code]", &code).await;
    chromium.click("#factor-submit").await;
    chromium.click("#enrol-app").await;
    let app = App::told(&inner(chromium, "#text-key").await);
    chromium.type_into("input[name=code]", &app.code(0)).await;
    chromium.click("#enrol-submit").await;
    chromium.click("#recovery-continue").await;
    chromium.wait(".areas").await;
    assert!(chromium.text().await.contains("Birch Street Clinic"));
    seen(chromium, "organization-home").await;
}

/// Nominates Ben; the code that is handed over.
async fn nominates(chromium: &Chromium, console: &str) -> String {
    chromium.go(&format!("{console}/nominate")).await;
    fill(chromium, &[("given_name", "Ben"), ("family_name", "Stone"), ("email", BEN)]).await;
    chromium.click("#verified-photo-id").await;
    // Chosen beforehand, and not what Ben does.
    chromium.click("#role-office-worker").await;
    chromium.click("#role-credentialing-manager").await;
    seen(chromium, "nominate").await;
    chromium.click("#nominate-submit").await;
    chromium.wait("#confirm").await;
    seen(chromium, "nominate-review").await;
    chromium.click("#confirm").await;
    let code = inner(chromium, "#activation-code").await;
    seen(chromium, "nominated").await;
    code
}

async fn from_registration_to_termination(backend: Backend) {
    let demo = Demo::start(backend).await;
    let idp = &demo.idp;
    idp.must(&["staff", "add", "support"]);
    let ada = Chromium::open(true).await;
    let code = registers(&demo, &ada).await;
    let support = Chromium::open(true).await;
    approves(&demo, &support).await;
    support.close().await;

    let approved = eventually("the mail of the approval", || async {
        let mails = idp.mails(ADA).await;
        let origin = idp.url("/");
        mails.iter().find_map(|mail| mail.link(origin.as_str().trim_end_matches('/'), "/activate/"))
    })
    .await;
    let user_id = activates(&demo, &ada, &approved, &code).await;
    opens_the_console(&demo, &ada, &user_id).await;
    let console = ada.address().await;
    let console = console.split('?').next().unwrap().trim_end_matches('/').to_owned();
    let code = nominates(&ada, &console).await;

    // Ben takes his User ID over and signs on to Credentia.
    let ben = Chromium::open(true).await;
    let nominated = eventually("the mail of the nomination", || async {
        let mails = idp.mails(BEN).await;
        let origin = idp.url("/");
        mails.iter().find_map(|mail| mail.link(origin.as_str().trim_end_matches('/'), "/activate/"))
    })
    .await;
    let ben_id = activates(&demo, &ben, &nominated, &code).await;
    ben.go(&format!("{}/login", demo.credentia)).await;
    types_password(&ben, &ben_id).await;
    ben.click("#consent-allow").await;
    ben.wait("#sign-out").await;
    let record = ben.text().await;
    for expected in ["Ben Stone", "Birch Street Clinic", NUMBER] {
        assert!(record.contains(expected), "{expected}: {record}");
    }
    ben.picture("story-credentia").await;

    // A token of Ben's, for what becomes of it.
    let more = json!({
        "client_name": "Records", "scope": "openid profile affiliations offline_access",
        "grant_types": ["authorization_code", "refresh_token"],
        "release": { "affiliation_mode": "one" },
    });
    let site = idp.add_site("records", &more).await;
    let person = Person::new(&ben_id).with_password(PASSWORD);
    let tokens = site.sign_on(&mut idp.browser(), &person).await;

    // Ada removes him; the sites are told within seconds.
    ada.go(&format!("{console}/people?q=stone")).await;
    seen(&ada, "people").await;
    ada.click("main a[href*='/people/sub_']").await;
    ada.wait("#remove").await;
    seen(&ada, "person").await;
    ada.click("#remove").await;
    ada.wait("#deed-submit").await;
    seen(&ada, "remove").await;
    ada.click("#deed-submit").await;
    ada.wait("#receipts").await;
    seen(&ada, "receipts").await;
    // The page does not turn by itself: it is looked at again until each site has answered.
    let receipts = ada.address().await;
    eventually("each site has answered", || async {
        ada.go(&receipts).await;
        (!ada.client.source().await.ok()?.contains("id=\"again\"")).then_some(())
    })
    .await;
    seen(&ada, "receipts-final").await;
    eventually("Credentia has signed Ben out", || async {
        ben.go(&demo.credentia).await;
        (!ben.text().await.contains("Ben Stone")).then_some(())
    })
    .await;
    let refresh = tokens.refresh.expect("offline_access was asked for");
    let answer = site.refresh(&refresh).await;
    assert_eq!(answer.error(), (400, "invalid_grant"), "the token endpoint refuses");
    assert_eq!(site.userinfo(&tokens.access).await.status, 401);
    ben.go(&format!("{}/login", demo.credentia)).await;
    assert!(!ben.text().await.contains("Birch Street Clinic"), "no way back in");
    for chromium in [ada, ben] {
        chromium.close().await;
    }
    // What happened stands in the record, and nobody changed it.
    eventually("all is sealed", || async {
        (idp.database.number("SELECT count(*) AS v FROM audit_pending") == 0).then_some(())
    })
    .await;
    let verified = idp.must(&["audit", "verify"]);
    assert!(verified.stdout.contains("Nothing was changed."), "{verified:?}");
}

/// R38, R78: nobody else is there who could give her a role.
async fn from_registration_to_credentia(backend: Backend) {
    let demo = Demo::start(backend).await;
    let idp = &demo.idp;
    idp.must(&["staff", "add", "support"]);
    let ada = Chromium::open(true).await;
    let code = registers(&demo, &ada).await;
    let support = Chromium::open(true).await;
    approves(&demo, &support).await;
    support.close().await;
    let approved = link(idp, ADA, "Your organization takes part", "/activate/").await;
    let user_id = activates(&demo, &ada, &approved, &code).await;
    ada.go(&format!("{}/login", demo.credentia)).await;
    types_password(&ada, &user_id).await;
    ada.click("#consent-allow").await;
    ada.wait("#sign-out").await;
    let record = ada.text().await;
    for expected in ["Ada Birch", "Birch Street Clinic", NPI, "Attest that my record is true"] {
        assert!(record.contains(expected), "{expected}: {record}");
    }
    ada.close().await;
}

#[test]
fn a_physician_who_registers_a_practice_signs_on_with_their_role() {
    in_chromium(Backend::Sqlite, from_registration_to_credentia);
}

#[test]
fn an_organization_goes_from_registration_to_the_end_of_an_access() {
    in_chromium(Backend::Sqlite, from_registration_to_termination);
}
