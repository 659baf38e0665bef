//! Passage, the example site that speaks SAML, in Chromium and against forged answers.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hilum_tests::{Backend, Chromium, Fresh, Passage, Person, client, eventually, on_every_store};
use url::Url;

use super::browser::{Demo, in_chromium, sign_in};

on_every_store![passage_believes_nothing_but_a_good_answer_to_its_own_question];

/// Presses the button of the chooser that names this organization.
async fn choose(chromium: &Chromium, organization: &str) {
    chromium.wait("button.choice").await;
    let choices = chromium.client.find_all(fantoccini::Locator::Css("button.choice"));
    for choice in choices.await.unwrap() {
        if choice.text().await.unwrap().contains(organization) {
            return choice.click().await.unwrap();
        }
    }
    panic!("{organization} cannot be chosen: {}", chromium.text().await);
}

/// The payers' page, with these words on it and without those.
async fn shows(chromium: &Chromium, site: &Passage, words: &[&str], others: &[&str]) {
    chromium.wait("#sign-out").await;
    assert_eq!(chromium.address().await, site.url("/payers"));
    let text = chromium.text().await;
    for expected in words {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    for unexpected in others {
        assert!(!text.contains(unexpected), "{unexpected}: {text}");
    }
}

/// A page that says one thing.
async fn says(chromium: &Chromium, expected: &str) {
    chromium.wait("#what").await;
    let text = chromium.text().await;
    assert!(text.contains(expected), "{expected}: {text}");
}

/// A person who bills for two organizations sees the payers of the one that they chose.
async fn two_organizations(backend: Backend, scripts: bool) {
    let demo = Demo::start(backend).await;
    let site = Passage::start(&demo.idp, "passage").await;
    let chromium = Chromium::open(scripts).await;
    let check = async |page: &str| {
        if scripts {
            chromium.is_accessible(page).await;
            chromium.picture(&format!("passage-{}", page.replace(' ', "-"))).await;
        }
    };
    // Without scripts a person carries the answer over by hand.
    let carry_over = async || {
        if !scripts {
            chromium.click("#form-post-submit").await;
        }
    };
    chromium.go(&site.url("/")).await;
    check("home").await;
    chromium.click("#sign-in").await;
    sign_in(&chromium, "biller").await;
    choose(&chromium, "Cedar Falls").await;
    chromium.click("#consent-allow").await;
    carry_over().await;
    let cedar = ["Marcus Lindqvist", "91-1234567", "Olympic Advantage", "View only"];
    let other = ["45-1122334", "Puget Mutual", "Submit"];
    shows(&chromium, &site, &cedar, &other).await;
    check("payers").await;
    chromium.click("#attributes").await;
    chromium.wait(".attribute").await;
    let text = chromium.text().await;
    for expected in ["urn:hilum:attr:taxId", "billing-specialist", "pairwise-id"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    check("attributes").await;

    chromium.go(&site.url("/payers")).await;
    chromium.click("#sign-out").await;
    says(&chromium, "signed out here and at Hilum").await;
    check("signed out").await;
    chromium.go(&site.url("/login")).await;
    sign_in(&chromium, "biller").await;
    choose(&chromium, "North Sound").await;
    carry_over().await;
    // Neither the other organization's number, nor the one that is not this person's.
    let sound = ["45-1122334", "Puget Mutual", "Rainier", "EFT administrator", "View only"];
    shows(&chromium, &site, &sound, &["91-1234567", "20-3456789", "Olympic"]).await;
    chromium.go(&site.url("/signed-in?ticket=unknown")).await;
    chromium.wait("#reference").await;
    check("refused").await;
    chromium.close().await;
}

#[test]
fn a_person_with_two_organizations_sees_the_payers_of_the_chosen_one() {
    in_chromium(Backend::Sqlite, async |backend| two_organizations(backend, true).await);
}

#[test]
fn passage_works_without_scripts() {
    in_chromium(Backend::PostgresRedis, async |backend| two_organizations(backend, false).await);
}

#[test]
fn only_full_access_submits_and_only_to_payers_that_know_the_tax_id() {
    in_chromium(Backend::Sqlite, async |backend| {
        let demo = Demo::start(backend).await;
        let site = Passage::start(&demo.idp, "passage").await;
        let chromium = Chromium::open(true).await;
        chromium.go(&site.url("/login")).await;
        sign_in(&chromium, "administrator").await;
        chromium.click("#consent-allow").await;
        shows(&chromium, &site, &["look and submit", "Olympic Advantage"], &["View only"]).await;
        chromium.picture("passage-full-access").await;
        chromium.click(".payer button").await;
        says(&chromium, "has been submitted to Evergreen").await;
        chromium.is_accessible("submitted").await;
        // By a form that the page does not offer.
        chromium.go(&site.url("/payers")).await;
        chromium.wait(".payer").await;
        let forge = "document.querySelector('input[name=payer]').value = 'PMU22'";
        chromium.client.execute(forge, Vec::new()).await.unwrap();
        chromium.click(".payer button").await;
        says(&chromium, "You cannot submit there").await;
        chromium.close().await;
    });
}

#[test]
fn a_keyboard_is_enough_at_passage() {
    in_chromium(Backend::Sqlite, async |backend| {
        let demo = Demo::start(backend).await;
        let site = Passage::start(&demo.idp, "passage").await;
        let chromium = Chromium::open(true).await;
        chromium.go(&site.url("/")).await;
        chromium.tab_to("sign-in").await;
        chromium.press("\u{e007}").await;
        chromium.wait("#password").await;
        sign_in(&chromium, "practitioner").await;
        chromium.wait("#consent-allow").await;
        chromium.tab_to("consent-allow").await;
        chromium.press("\u{e007}").await;
        chromium.wait("#sign-out").await;
        chromium.tab_to("attributes").await;
        chromium.press("\u{e007}").await;
        chromium.wait(".attribute").await;
        chromium.go(&site.url("/payers")).await;
        chromium.tab_to("sign-out").await;
        chromium.press("\u{e007}").await;
        says(&chromium, "signed out here and at Hilum").await;
        chromium.close().await;
    });
}

/// Each Tax ID stands with the organization, the role and the payers that it belongs to.
#[test]
fn for_every_organization_at_once_nothing_is_mixed() {
    in_chromium(Backend::PostgresRedis, async |backend| {
        let demo = Demo::start(backend).await;
        let site = Passage::start(&demo.idp, "passage-all").await;
        let chromium = Chromium::open(true).await;
        chromium.go(&site.url("/login")).await;
        sign_in(&chromium, "biller").await;
        chromium.click("#consent-allow").await;
        shows(&chromium, &site, &["Cedar Falls", "North Sound"], &["20-3456789"]).await;
        chromium.picture("passage-all").await;
        chromium.is_accessible("payers of two organizations").await;
        let text = chromium.text().await;
        let mut parts: Vec<&str> = text.split("org_").skip(1).collect();
        parts.sort_unstable();
        let [cedar, sound] = parts.as_slice() else { panic!("{text}") };
        let belongs = |part: &str, words: &[&str], others: &[&str]| {
            assert!(words.iter().all(|word| part.contains(word)), "{words:?}: {part}");
            assert!(!others.iter().any(|word| part.contains(word)), "{others:?}: {part}");
        };
        belongs(
            cedar,
            &["cedar-falls", "91-1234567", "Olympic Advantage"],
            &["45-1122334", "EFT administrator", "Puget Mutual"],
        );
        belongs(
            sound,
            &["north-sound", "45-1122334", "EFT administrator", "Puget Mutual"],
            &["91-1234567", "Olympic Advantage"],
        );
        chromium.close().await;
    });
}

/// Signed in at Credentia, and through at Passage without a second sign-in.
async fn at_both(chromium: &Chromium, demo: &Demo, site: &Passage) {
    chromium.go(&format!("{}/login", demo.credentia)).await;
    sign_in(chromium, "practitioner").await;
    chromium.click("#consent-allow").await;
    chromium.wait("#sign-out").await;
    chromium.go(&site.url("/login")).await;
    chromium.click("#consent-allow").await;
    shows(chromium, site, &["Ana Rivera", "91-1234567"], &[]).await;
}

async fn is_out_everywhere(chromium: &Chromium, demo: &Demo, site: &Passage) {
    eventually("Passage has heard of it", || async {
        chromium.go(&site.url("/")).await;
        (!chromium.text().await.contains("You are signed in")).then_some(())
    })
    .await;
    chromium.go(&site.url("/payers")).await;
    chromium.wait("#login-submit").await;
    eventually("Credentia has heard of it", || async {
        chromium.go(&format!("{}/me", demo.credentia)).await;
        (!chromium.text().await.contains("You act for")).then_some(())
    })
    .await;
}

#[test]
fn a_sign_out_at_passage_ends_every_session() {
    in_chromium(Backend::Sqlite, async |backend| {
        let demo = Demo::start(backend).await;
        let site = Passage::start(&demo.idp, "passage").await;
        let chromium = Chromium::open(true).await;
        at_both(&chromium, &demo, &site).await;
        chromium.click("#sign-out").await;
        says(&chromium, "signed out here and at Hilum").await;
        assert!(chromium.address().await.starts_with(&site.url("/saml/slo")));
        is_out_everywhere(&chromium, &demo, &site).await;
        chromium.close().await;
    });
}

/// From server to server, or through the browser where the metadata name no such address.
async fn hears_of_a_sign_out_at_hilum(backend: Backend, by_soap: bool) {
    let demo = Demo::start(backend).await;
    let kept = |line: &&str| by_soap || !line.contains("bindings:SOAP");
    let change = |metadata: String| metadata.lines().filter(kept).collect::<String>();
    let site = Passage::start_with(&demo.idp, "passage", change).await;
    let chromium = Chromium::open(true).await;
    at_both(&chromium, &demo, &site).await;
    chromium.go(demo.idp.url("/sign-out").as_str()).await;
    chromium.click("#logout-confirm").await;
    eventually("Passage was asked", || async {
        site.log().contains("because Hilum asked").then_some(())
    })
    .await;
    is_out_everywhere(&chromium, &demo, &site).await;
    chromium.close().await;
}

#[test]
fn passage_hears_of_a_sign_out_at_hilum_by_soap() {
    in_chromium(Backend::Sqlite, async |backend| {
        hears_of_a_sign_out_at_hilum(backend, true).await;
    });
}

#[test]
fn passage_hears_of_a_sign_out_at_hilum_through_the_browser() {
    in_chromium(Backend::PostgresRedis, async |backend| {
        hears_of_a_sign_out_at_hilum(backend, false).await;
    });
}

/// A question of Passage's: the cookie of the browser that asked, and Hilum's answer to it.
async fn answered(
    idp: &Fresh,
    browser: &mut hilum_tests::Browser,
    site: &Passage,
) -> (String, String) {
    let asked = client().get(site.url("/login")).send().await.unwrap();
    let header = |name: &str| asked.headers()[name].to_str().unwrap().to_owned();
    let cookie = header("set-cookie").split(';').next().unwrap().to_owned();
    let to = Url::parse(&header("location")).unwrap();
    assert!(to.as_str().starts_with(&idp.origin));
    let page = browser.sign_on(&to, &Person::new("practitioner")).await;
    let message =
        page.form("form-post-submit").value("SAMLResponse").expect("an answer").to_owned();
    (cookie, String::from_utf8(STANDARD.decode(message).unwrap()).unwrap())
}

/// Posts an answer to Passage, as a browser would.
async fn post(site: &Passage, message: &str) -> reqwest::Response {
    let fields = [("SAMLResponse", STANDARD.encode(message))];
    client().post(site.url("/saml/acs")).form(&fields).send().await.unwrap()
}

/// A page with a reference, which the log has too.
async fn is_refused(answer: reqwest::Response, site: &Passage, why: &str) {
    assert_eq!(answer.status(), 400, "{why}");
    assert!(answer.headers().get("set-cookie").is_none(), "{why}");
    let page = answer.text().await.unwrap();
    let reference = page.split("id=\"reference\">").nth(1).and_then(|rest| rest.split('<').next());
    let reference = reference.unwrap_or_else(|| panic!("a reference: {page}"));
    let log = site.log();
    let line = log.lines().find(|line| line.contains(reference));
    assert!(line.is_some_and(|line| line.contains(why)), "{why}: {log}");
}

async fn passage_believes_nothing_but_a_good_answer_to_its_own_question(idp: Fresh) {
    let site = Passage::start(&idp, "passage").await;
    let mut browser = idp.browser();
    let elsewhere = site.url("/saml/other");
    let acs = site.url("/saml/acs");
    for (from, to, why) in [
        (acs.as_str(), elsewhere.as_str(), "for another address"),
        (" InResponseTo=\"", " InResponseTo=\"_other", "nobody here asked"),
        ("/saml</saml:Issuer>", "/other</saml:Issuer>", "from another issuer"),
        ("aes256-gcm", "aes256-cbc", "not encrypted for this site"),
        ("saml:EncryptedAssertion", "saml:Assertion", "not encrypted for this site"),
        ("status:Success", "status:Responder", "Hilum said no"),
        ("<samlp:Response", "<!DOCTYPE a><samlp:Response", "malformed"),
    ] {
        let (_, message) = answered(&idp, &mut browser, &site).await;
        assert!(message.contains(from), "{from}: {message}");
        let answer = post(&site, &message.replace(from, to)).await;
        if why == "Hilum said no" {
            assert_eq!(answer.status(), 403);
        } else {
            is_refused(answer, &site, why).await;
        }
    }
    // One octet of what is encrypted.
    let (_, message) = answered(&idp, &mut browser, &site).await;
    let at = message.rfind("</xenc:CipherValue>").expect("a cipher value") - 40;
    let other = if &message[at..=at] == "A" { "B" } else { "A" };
    let changed = format!("{}{other}{}", &message[..at], &message[at + 1..]);
    is_refused(post(&site, &changed).await, &site, "not encrypted for this site").await;

    // A good one counts once, and only in the browser that asked.
    let (cookie, message) = answered(&idp, &mut browser, &site).await;
    let good = post(&site, &message).await;
    assert_eq!(good.status(), 303);
    is_refused(post(&site, &message).await, &site, "nobody here asked").await;
    let next = good.headers()["location"].to_str().unwrap().to_owned();
    let stolen = client().get(site.url(&next)).send().await.unwrap();
    is_refused(stolen, &site, "nobody here asked").await;

    let (cookie_again, message) = answered(&idp, &mut browser, &site).await;
    assert_ne!(cookie, cookie_again);
    let good = post(&site, &message).await;
    let next = good.headers()["location"].to_str().unwrap().to_owned();
    let own = client().get(site.url(&next)).header("cookie", cookie_again).send().await.unwrap();
    assert_eq!(own.headers()["location"], "/payers");
    assert!(own.headers().contains_key("set-cookie"));
}
