//! Every branch of the questions about a Tax ID that is taken, to its end, in Chromium (R43–R49).

use hilum_tests::{App, Backend, Chromium, Settings, TestIdp};

use super::browser::{in_chromium, sign_in};

/// Lakeside's: one Administrator and nobody else.
const LAKESIDE: &str = "82-7654321";
/// Cedar Falls'.
const CEDAR_FALLS: &str = "91-1234567";
const NUMBERS: &str = "/organization/org_cedar-falls/tax-ids";

async fn seen(chromium: &Chromium, name: &str) {
    chromium.is_accessible(name).await;
    chromium.picture(&format!("dialogue-{name}")).await;
}

async fn fill(chromium: &Chromium, fields: &[(&str, &str)]) {
    for (id, text) in fields {
        chromium.type_into(&format!("#{id}"), text).await;
    }
}

/// Begins with this mailbox, and comes back by the link and the code.
async fn begins(idp: &TestIdp, chromium: &Chromium, name: &str) {
    let email = format!("{name}@birch-street.example");
    chromium.forget_cookies().await;
    chromium.go(idp.url("/register").as_str()).await;
    let own = [
        ("given_name", "Ada"),
        ("family_name", "Birch"),
        ("email", &*email),
        ("phone", "360 555 0111"),
    ];
    fill(chromium, &own).await;
    chromium.click("#register-submit").await;
    let code = chromium.wait("#register-code").await.html(true).await.expect("a code");
    let mail = idp.mail(&email, "Your registration has begun", 0).await;
    let link = mail.link(idp.url("/").as_str().trim_end_matches('/'), "/register/");
    chromium.go(idp.url(&link.expect("a link")).as_str()).await;
    chromium.type_into("#code", &code).await;
    chromium.click("#enter-submit").await;
    chromium.wait("#organization-submit").await;
}

/// Tells about the organization with this number, and is asked whose it is.
async fn describes(chromium: &Chromium, number: &str) {
    let body = [
        ("name", "Birch Street Clinic"),
        ("address", "1 Birch Street, Olympia WA 98501"),
        ("phone", "360 555 0142"),
        ("number", number),
    ];
    chromium.wait("#organization-submit").await;
    fill(chromium, &body).await;
    chromium.click("#organization-submit").await;
    chromium.click("#check-submit").await;
    chromium.wait("#our-own").await;
}

async fn answers(chromium: &Chromium, answer: &str) {
    chromium.click(&format!("#{answer}")).await;
    chromium.click("#answer-submit").await;
}

/// Waits for words on the page that follows.
async fn reads(chromium: &Chromium, words: &str) {
    hilum_tests::eventually(words, || async {
        chromium.client.source().await.ok()?.contains(words).then_some(())
    })
    .await;
}

async fn takes_back(chromium: &Chromium) {
    chromium.click("#withdraw summary").await;
    chromium.click("#withdraw-submit").await;
    chromium.wait("#register-anew").await;
}

/// The owner's Administrator at the page of the numbers.
pub(super) async fn owner(idp: &TestIdp) -> Chromium {
    let joan = Chromium::open(true).await;
    joan.go(idp.url(NUMBERS).as_str()).await;
    sign_in(&joan, "administrator").await;
    joan.type_into("#code", &App::told("HILUMDEMOSEEDFORADMINISTRATOR234").code(0)).await;
    joan.click("#factor-submit").await;
    joan.wait("#add-submit").await;
    joan
}

async fn start(backend: Backend) -> TestIdp {
    // One person walks them all here.
    TestIdp::start_with(backend, Settings::new().with("challenge.inquiries_per_hour", "50")).await
}

async fn our_own(backend: Backend) {
    let idp = start(backend).await;
    let ada = Chromium::open(true).await;
    begins(&idp, &ada, "ada").await;
    describes(&ada, LAKESIDE).await;
    seen(&ada, "whose").await;
    answers(&ada, "our-own").await;
    ada.wait("#contact").await;
    seen(&ada, "still-there").await;
    answers(&ada, "still-there").await;
    reads(&ada, "Your organization takes part already").await;
    seen(&ada, "nomination-asked").await;

    // The only one has left, and there is nobody else.
    begins(&idp, &ada, "bea").await;
    describes(&ada, LAKESIDE).await;
    answers(&ada, "our-own").await;
    ada.wait("#contact").await;
    answers(&ada, "left").await;
    ada.wait("#withdraw-submit").await;
    seen(&ada, "nobody-left").await;
    takes_back(&ada).await;

    // One of two has left, the other has, too: a colleague may become Administrator.
    let second = "UPDATE affiliation SET administrator = TRUE WHERE organization_id = \
                  'org_cedar-falls' AND subscriber_id = (SELECT id FROM subscriber WHERE user_id \
                  = 'practitioner')";
    idp.database.execute(second).expect("a second Administrator");
    begins(&idp, &ada, "cleo").await;
    describes(&ada, CEDAR_FALLS).await;
    answers(&ada, "our-own").await;
    let first = ada.wait("#contact").await.text().await.expect("a name");
    answers(&ada, "left").await;
    hilum_tests::eventually("the next Administrator", || async {
        let contact = ada.wait("#contact").await.text().await.ok()?;
        (contact != first).then_some(())
    })
    .await;
    seen(&ada, "next-administrator").await;
    answers(&ada, "left").await;
    hilum_tests::eventually("there is none left", || async {
        (!ada.client.source().await.ok()?.contains("id=\"contact\"")).then_some(())
    })
    .await;
    seen(&ada, "promotion-asked").await;
    ada.close().await;
}

async fn works_for_us(backend: Backend) {
    let idp = start(backend).await;
    let joan = owner(&idp).await;
    let ids = "SELECT id AS v FROM tax_id WHERE organization_id = 'org_cedar-falls'";
    let number = idp.database.column(ids).concat();
    let ada = Chromium::open(true).await;
    for (name, answer) in [("ada", "object"), ("bea", "hand-over"), ("cleo", "release")] {
        // A number that is given up is the only one otherwise.
        begins(&idp, &ada, name).await;
        describes(&ada, CEDAR_FALLS).await;
        answers(&ada, "works-for-us").await;
        reads(&ada, "We have asked the company").await;
        seen(&ada, "holder-asked").await;

        joan.go(idp.url(NUMBERS).as_str()).await;
        joan.wait(&format!("#claim-{number}")).await;
        seen(&joan, "asked-for").await;
        joan.click(&format!("#{answer}-{number}")).await;
        if answer == "object" {
            joan.type_into(&format!("#evidence-{number}"), "IRS letter CP 575 of 2019").await;
        }
        joan.click(&format!("#answer-{number}")).await;
        joan.wait("#done").await;
        seen(&joan, &format!("answered-{answer}")).await;

        ada.client.refresh().await.expect("the page again");
        if answer == "object" {
            // Typed again: another number, which is taken, too; then the same.
            ada.type_into("#number", CEDAR_FALLS).await;
            seen(&ada, "objected").await;
            ada.click("#answer-submit").await;
            reads(&ada, "Both of you are heard").await;
            seen(&ada, "disputed-after-objection").await;
        } else {
            reads(&ada, "id=\"work-submit\"").await;
            seen(&ada, &format!("goes-on-after-{answer}")).await;
        }
        takes_back(&ada).await;
        seen(&ada, "withdrawn").await;
    }
    for chromium in [ada, joan] {
        chromium.close().await;
    }
}

async fn unknown(backend: Backend) {
    let idp = start(backend).await;
    let ada = Chromium::open(true).await;
    begins(&idp, &ada, "ada").await;
    describes(&ada, LAKESIDE).await;
    answers(&ada, "unknown").await;
    ada.type_into("#number", "nonsense").await;
    seen(&ada, "type-again").await;
    ada.click("#answer-submit").await;
    ada.wait("#number-wrong").await;
    seen(&ada, "type-again-wrong").await;
    ada.wait("#number").await.clear().await.expect("an empty field");
    ada.type_into("#number", "82-7654312").await;
    ada.click("#answer-submit").await;
    // R44: nothing else is typed again.
    ada.wait("#check-submit").await;
    seen(&ada, "another-number").await;
    ada.click("#check-change").await;
    ada.wait("#organization-submit").await;
    ada.wait("#number").await.clear().await.expect("an empty field");
    ada.type_into("#number", LAKESIDE).await;
    ada.click("#organization-submit").await;
    ada.click("#check-submit").await;
    ada.wait("#our-own").await;
    answers(&ada, "unknown").await;
    ada.type_into("#number", "82 7654321").await;
    ada.click("#answer-submit").await;
    reads(&ada, "Both of you are heard").await;
    seen(&ada, "disputed").await;
    ada.close().await;
}

#[test]
fn our_own_organization_leads_to_somebody_who_is_there() {
    in_chromium(Backend::Sqlite, our_own);
}

#[test]
fn a_company_that_works_for_us_objects_hands_over_or_gives_up() {
    in_chromium(Backend::Sqlite, works_for_us);
}

#[test]
fn an_unknown_owner_leads_to_another_number_or_to_a_dispute() {
    in_chromium(Backend::Sqlite, unknown);
}
