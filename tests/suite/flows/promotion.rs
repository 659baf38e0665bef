//! Becoming an Administrator in Chromium, on both ways: a colleague's proposal, and Support's after the
//! Administrator has left.

use hilum_tests::{App, Backend, Chromium, TestIdp};

use super::browser::{in_chromium, sign_in};

const ANA: &str = "ana.rivera@cedar-falls.example";

async fn seen(chromium: &Chromium, name: &str) {
    chromium.is_accessible(name).await;
    chromium.picture(&format!("promotion-{name}")).await;
}

/// Signs in with both factors of the demo.
async fn at_work(idp: &TestIdp, path: &str, user_id: &str, seed: &str) -> Chromium {
    let chromium = Chromium::open(true).await;
    chromium.go(idp.url(path).as_str()).await;
    sign_in(&chromium, user_id).await;
    chromium.wait("#factor-submit").await;
    chromium.type_into("#code", &App::told(seed).code(0)).await;
    chromium.click("#factor-submit").await;
    chromium
}

/// An Administrator proposes a colleague, who proves who she is and takes the duties on.
async fn a_colleague(backend: Backend) {
    let idp = TestIdp::start(backend).await;
    let people = "/organization/org_cedar-falls/people?q=rivera";
    let joan = at_work(&idp, people, "administrator", "HILUMDEMOSEEDFORADMINISTRATOR234").await;
    joan.click("main a[href*='/people/sub_']").await;
    joan.click("#promote").await;
    joan.wait("#deed-submit").await;
    seen(&joan, "propose").await;
    joan.click("#deed-submit").await;
    joan.wait("#promotion-stage").await;
    seen(&joan, "running").await;

    let ana = Chromium::open(true).await;
    ana.go(idp.url("/account").as_str()).await;
    sign_in(&ana, "practitioner").await;
    ana.wait("[id^=invitation-]").await;
    seen(&ana, "invitation").await;
    ana.click("[id^=invitation-] a").await;
    ana.wait("#test-submit").await;
    let own = ana.address().await;
    seen(&ana, "identity").await;
    ana.type_into("#last_four", "1234").await;
    ana.click("#test-submit").await;
    ana.wait("#questions-submit").await;
    for number in 1..=3 {
        ana.click(&format!("#answer{number}-1")).await;
    }
    seen(&ana, "questions").await;
    ana.click("#questions-submit").await;
    ana.wait("#set-up-factor").await;
    seen(&ana, "factor").await;
    ana.click("#set-up-factor").await;
    ana.go(idp.url("/account/security/app").as_str()).await;
    ana.click("#factor-send").await;
    ana.wait("#factor-submit").await;
    ana.type_into("input[name=code]", &idp.mailed_code(ANA).await).await;
    ana.click("#factor-submit").await;
    let key = ana.wait("#text-key").await.html(true).await.expect("a key");
    ana.type_into("input[name=code]", &App::told(&key).code(0)).await;
    ana.click("#enrol-submit").await;
    ana.wait("#recovery-continue").await;
    ana.go(&own).await;
    ana.wait("#acknowledge").await;
    seen(&ana, "duties").await;
    ana.click("#read").await;
    ana.click("#acknowledge").await;
    ana.wait("#to-console").await;
    seen(&ana, "done").await;
    ana.click("#to-console").await;
    ana.wait(".areas").await;
    assert!(ana.text().await.contains("Cedar Falls Family Medicine"));
    for chromium in [joan, ana] {
        chromium.close().await;
    }
}

/// The Administrator has left: one of Support proposes, another one approves, a notary proves.
async fn by_support(backend: Backend) {
    let idp = TestIdp::start(backend).await;
    let agent = Chromium::open(true).await;
    agent.go(idp.url("/administrator-left").as_str()).await;
    for (field, text) in [
        ("organization_name", "Cedar Falls Family Medicine"),
        ("organization_address", "1 Main St, Cedar Falls"),
        ("person_name", "Ana Rivera"),
        ("user_id", "practitioner"),
        ("work_phone", "360 555 0111"),
        ("work_email", ANA),
    ] {
        agent.type_into(&format!("#{field}"), text).await;
    }
    agent.click("#ask-submit").await;
    agent.wait("#asked").await;
    agent.close().await;
    let agent =
        at_work(&idp, "/support/tickets", "support", "HILUMDEMOSEEDFORSUPPORTAGENT2345").await;
    agent.wait("#tickets a").await;
    agent.click("#tickets a").await;
    agent.wait("#propose").await;
    seen(&agent, "ticket").await;
    agent.click("#propose").await;
    agent.wait("#propose-spoke_with").await;
    agent.type_into("#propose-spoke_with", "Olga at the front desk").await;
    agent.type_into("#propose-said", "Joan has left; Ana runs the office now.").await;
    seen(&agent, "call-back").await;
    agent.click("#propose").await;
    agent.wait("#done").await;
    seen(&agent, "asked").await;

    let lead =
        at_work(&idp, "/support/promotions", "lead", "HILUMDEMOSEEDFORSUPPORTLEAD23456").await;
    lead.wait("#to-approve ~ ul a").await;
    seen(&lead, "queue").await;
    lead.click("#to-approve ~ ul a").await;
    lead.wait("#approve").await;
    seen(&lead, "approve").await;
    lead.click("#approve").await;
    lead.wait("#done").await;

    let ana = Chromium::open(true).await;
    ana.go(idp.url("/account/offers").as_str()).await;
    sign_in(&ana, "practitioner").await;
    ana.click("[id^=invitation-] a").await;
    ana.click("#notary-submit").await;
    ana.wait("#notary-form").await;
    seen(&ana, "notary").await;
    ana.click("#notary-form").await;
    ana.wait("#reference").await;
    seen(&ana, "notary-form").await;
    for chromium in [agent, lead, ana] {
        chromium.close().await;
    }
}

#[test]
fn a_colleague_becomes_an_administrator_in_chromium() {
    in_chromium(Backend::Sqlite, a_colleague);
}

#[test]
fn support_replaces_an_administrator_who_left_in_chromium() {
    in_chromium(Backend::Sqlite, by_support);
}
