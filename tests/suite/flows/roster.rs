//! A list of people as a file, in Chromium without scripts and with them: chosen, put right, looked
//! at, confirmed, taken back.

use hilum_tests::{App, Backend, Chromium, Settings, TestIdp};

use super::browser::{in_chromium, sign_in};

const CONSOLE: &str = "/organization/org_cedar-falls/roster";
const LIST: &str = "\
given_name,family_name,email,roles,verified_by
Maria,Núñez,maria@cedar-falls.example,office-worker,known-in-person
Tomás,Quill,tomas@cedar-falls.example,office-worker billing-specialist,photo-id
Grace,Okafor,grace.okafor@north-sound.example,office-worker,hr-record
";
const WRONG: &str = "\
given_name,family_name,email,roles,verified_by
Maria,,maria,boss,
Tomás,Quill,tomas@cedar-falls.example,office-worker,photo-id
";

async fn seen(chromium: &Chromium, scripts: bool, name: &str) {
    if scripts {
        chromium.is_accessible(name).await;
        chromium.picture(&format!("roster-{name}")).await;
    }
}

async fn choose(chromium: &Chromium, file: &std::path::Path) {
    let field = chromium.wait("#file").await;
    field.send_keys(file.to_str().expect("a path")).await.expect("a file can be chosen");
    chromium.click("#upload").await;
}

async fn a_list_goes_in_and_is_taken_back(backend: Backend, scripts: bool) {
    let idp = TestIdp::start_with(backend, Settings::new()).await;
    let (list, wrong) =
        (idp.folder().write("list.csv", LIST), idp.folder().write("wrong.csv", WRONG));
    let chromium = Chromium::open(scripts).await;
    chromium.go(idp.url(CONSOLE).as_str()).await;
    sign_in(&chromium, "administrator").await;
    let app = App::told("HILUMDEMOSEEDFORADMINISTRATOR234");
    chromium.type_into("#code", &app.code(0)).await;
    chromium.click("#factor-submit").await;
    chromium.wait("#upload").await;
    seen(&chromium, scripts, "form").await;
    choose(&chromium, &idp.folder().write("empty.csv", "Ana,Rivera\n")).await;
    chromium.wait("#problem").await;
    seen(&chromium, scripts, "no-list").await;
    choose(&chromium, &wrong).await;
    chromium.wait("#wrong").await;
    seen(&chromium, scripts, "wrong").await;
    chromium.click("#again").await;
    choose(&chromium, &list).await;
    chromium.wait("#confirm").await;
    seen(&chromium, scripts, "plan").await;
    chromium.click("#confirm").await;
    let codes = chromium.wait("#codes").await.text().await.expect("codes");
    assert!(codes.contains("maria.nunez") && codes.contains("tomas.quill"), "{codes}");
    seen(&chromium, scripts, "codes").await;
    chromium.click("#to-import").await;
    chromium.wait("#undo").await;
    seen(&chromium, scripts, "import").await;
    chromium.click("#undo").await;
    chromium.wait("#undone").await;
    seen(&chromium, scripts, "undone").await;
    let waiting = "SELECT count(*) AS v FROM nomination WHERE state = 'nominated'";
    assert_eq!(idp.database.number(waiting), 0);
    chromium.close().await;
}

#[test]
fn a_list_of_people_goes_in_and_is_taken_back() {
    in_chromium(Backend::Sqlite, async |backend| {
        a_list_goes_in_and_is_taken_back(backend, true).await;
    });
}

#[test]
fn a_list_of_people_goes_in_without_scripts() {
    in_chromium(Backend::PostgresRedis, async |backend| {
        a_list_goes_in_and_is_taken_back(backend, false).await;
    });
}
