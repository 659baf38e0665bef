//! A list of people as a file, in and out (20.1, 20.3, 20.10, 21.4).

use hilum_tests::{Browser, Fresh, Page, on_every_store};
use reqwest::Method;

use super::{NOMINEE, OWN, at_work, at_work_when, nominate, token};

on_every_store![
    a_file_is_looked_at_before_anything_is_done,
    a_list_is_of_one_organization_and_one_administrator,
    an_export_holds_the_own_people_and_no_live_formula,
    the_file_holds_whom_the_list_was_narrowed_to,
    an_import_is_done_at_once_and_its_codes_are_shown_once,
    a_list_may_name_a_number_that_the_organization_represents,
    an_import_is_taken_back_as_far_as_nobody_went_on,
    what_is_no_list_of_people_is_refused_with_the_reason,
];

const HEADER: &str = "given_name,family_name,email,roles,verified_by,user_id\n";

/// Two who are new, and one who works elsewhere.
fn list() -> String {
    let lines = [
        "Maria,Núñez,maria@cedarfalls.example,office-worker,known-in-person,\n",
        "Tomás,Quill,tomas@cedarfalls.example,office-worker billing-specialist,photo-id,quill\n",
        "Somebody,Else,grace.okafor@north-sound.example,office-worker,hr-record,\n",
    ];
    HEADER.to_owned() + &lines.concat()
}

/// Sends a file as the form does, with more fields if there are any.
pub(in crate::routes) async fn upload(
    browser: &mut Browser,
    organization: &str,
    file: &[u8],
    more: &[&str],
) -> Page {
    let page = browser.visit(&format!("{OWN}/roster")).await;
    let token = page.form("upload").value("form_token").expect("a token").to_owned();
    let mut body = Vec::new();
    for (name, value) in
        std::iter::once(("form_token", &*token)).chain(more.iter().map(|name| (*name, "true")))
    {
        let head = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend_from_slice(format!("{head}{value}\r\n").as_bytes());
    }
    let head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"list.csv\"\r\n\
                Content-Type: text/csv\r\n\r\n";
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--b--\r\n");
    let url = browser.url(&format!("{organization}/roster"));
    let request = browser
        .request(Method::POST, &url)
        .header("Sec-Fetch-Site", "same-origin")
        .header("Content-Type", "multipart/form-data; boundary=b")
        .body(body);
    let page = browser.send(&url, request).await;
    browser.follow(page).await
}

fn count(idp: &Fresh, of: &str) -> i64 {
    idp.database.number(&format!("SELECT count(*) AS v FROM {of}"))
}

/// The number that stands in the page for a fact.
fn fact(page: &Page, label: &str) -> Option<String> {
    let (_, after) = page.body.split_once(&format!("<dt>{label}</dt><dd>"))?;
    after.split_once('<').map(|(number, _)| number.to_owned())
}

async fn a_file_is_looked_at_before_anything_is_done(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    nominate(&mut browser, &[NOMINEE, &[("email", "waits@cedarfalls.example")]].concat()).await;
    let nominated = count(&idp, "nomination");
    let wrong = HEADER.to_owned()
        + "Ana,,ana,boss,,\n"
        + "Bo,Fox,bo@cedarfalls.example,office-worker,photo-id,practitioner\n"
        + "Cy,Gray,bo@cedarfalls.example,office-worker,photo-id,\n"
        + "Di,Hale,waits@cedarfalls.example,office-worker,photo-id,\n"
        + "Ed,Ives,joan.whitfield@cedar-falls.example,office-worker,photo-id,\n"
        + "Flo,Jay,flo@cedarfalls.example,office-worker,photo-id,\n";
    let page = upload(&mut browser, OWN, wrong.as_bytes(), &[]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(fact(&page, "Wrong").as_deref(), Some("5"), "{}", page.body);
    assert_eq!(fact(&page, "Nominated").as_deref(), Some("1"), "{}", page.body);
    for why in [
        "<code>family_name</code>: Please fill this in",
        "<code>user_id</code>: This User ID is taken",
        "<code>email</code>: Line 3 has this address already",
        "This person is nominated already",
        "Nobody changes their own roles",
    ] {
        assert!(page.body.contains(why), "{why}: {}", page.body);
    }
    assert!(!page.has("confirm") && page.body.contains("flo@cedarfalls.example"));
    // Not even by a form that the page does not have.
    let url = browser.url(&format!("{}/confirm", page.url.path()));
    let form_token = token(&mut browser).await;
    let refused = browser.post(&url, &[("form_token", &*form_token)]).await;
    assert!(refused.has("note"), "{}", refused.body);
    assert_eq!(count(&idp, "nomination"), nominated);

    let page = upload(&mut browser, OWN, list().as_bytes(), &[]).await;
    assert!(page.has("confirm") && page.body.contains("Asked, for they have a User ID"));
    assert_eq!(count(&idp, "nomination"), nominated, "nothing is done yet");
    let lists = idp.database.everything();
    assert!(!lists.contains("maria@cedarfalls.example"), "the file lies sealed");
    assert_eq!(count(&idp, "roster_import"), 1, "one list at a time");
}

/// R44
async fn a_list_may_name_a_number_that_the_organization_represents(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let file = "given_name,family_name,email,roles,verified_by,tax_ids\n\
                Maria,Núñez,maria@cedarfalls.example,office-worker,known-in-person,82-7654321\n";
    let page = upload(&mut browser, OWN, file.as_bytes(), &[]).await;
    assert!(!page.has("confirm") && page.body.contains("Tax IDs"), "{}", page.body);
    let represent = "INSERT INTO tax_id_representative (tax_id_id, organization_id) \
                     SELECT id, 'org_cedar-falls' FROM tax_id \
                     WHERE organization_id = 'org_lakeside'";
    assert_eq!(idp.database.execute(represent), Ok(1));
    let page = upload(&mut browser, OWN, file.as_bytes(), &[]).await;
    assert!(page.has("confirm"), "{}", page.body);
}

async fn an_import_is_done_at_once_and_its_codes_are_shown_once(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let plan = upload(&mut browser, OWN, list().as_bytes(), &[]).await;
    let page = browser.submit(&plan, "confirm", &[]).await;
    assert_eq!((page.status, page.header("cache-control")), (200, "no-store"), "{}", page.body);
    assert!(page.has("codes") && page.body.contains("quill"), "{}", page.body);
    let codes: Vec<String> = page.body.split("<strong><code>").skip(1).map(code).collect();
    assert_eq!(codes.len(), 2, "{}", page.body);
    for (address, name) in [
        ("maria@cedarfalls.example", "Maria"),
        ("tomas@cedarfalls.example", "Tomás"),
        ("grace.okafor@north-sound.example", ""),
    ] {
        let mail = idp.mail(address, "", 0).await;
        assert!(mail.text.contains(name), "{mail:?}");
        assert!(!codes.iter().any(|code| mail.text.contains(code)), "{mail:?}");
    }
    let kept = idp.database.everything();
    let digits = |code: &String| code.chars().filter(char::is_ascii_digit).collect::<String>();
    for code in &codes {
        assert!(!kept.contains(code) && !kept.contains(&digits(code)), "kept nowhere");
    }
    let kinds = "SELECT kind || ':' || count(*) AS v FROM audit_event \
                 WHERE kind IN ('nomination.created', 'affiliation.proposed', 'roster.imported') \
                 GROUP BY kind ORDER BY kind";
    assert_eq!(
        idp.database.column(kinds),
        ["affiliation.proposed:1", "nomination.created:2", "roster.imported:1"]
    );

    // The file with the codes, once.
    let file = browser.press(&page, "take-codes", &[]).await;
    assert!(file.header("content-disposition").starts_with("attachment"), "{}", file.body);
    assert!(codes.iter().all(|code| file.body.contains(code)), "{}", file.body);
    let again = browser.submit(&page, "take-codes", &[]).await;
    assert!(again.has("note") && !again.has("take-codes"), "{}", again.body);
    // A second press does nothing.
    let again = browser.submit(&plan, "confirm", &[]).await;
    assert!(again.has("note") && !again.has("codes"), "{}", again.body);
    assert_eq!(count(&idp, "nomination"), 2);
    // The one code that was handed over opens its account.
    let mail = idp.mail("tomas@cedarfalls.example", "", 0).await;
    let link = mail.link(idp.url("/").as_str().trim_end_matches('/'), "/activate/").unwrap();
    let mut theirs = idp.browser();
    let opened = theirs.visit(&link).await;
    let opened = theirs.submit(&opened, "activate-submit", &[("code", &codes[1])]).await;
    assert!(opened.has("activate-finish"), "{}", opened.body);
}

fn code(after: &str) -> String {
    after.split('<').next().unwrap_or_default().to_owned()
}

async fn an_import_is_taken_back_as_far_as_nobody_went_on(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let biller = "Bea,Biller,marcus@lindqvist-billing.example,office-manager,known-in-person,\n";
    let plan = upload(&mut browser, OWN, (list() + biller).as_bytes(), &[]).await;
    assert_eq!(fact(&plan, "Rights changed").as_deref(), Some("1"), "{}", plan.body);
    let roles = || {
        idp.database.column(
            "SELECT a.roles AS v FROM affiliation a JOIN subscriber s ON s.id = a.subscriber_id \
             WHERE s.user_id = 'biller' AND a.organization_id = 'org_cedar-falls'",
        )
    };
    let before = roles();
    let page = browser.submit(&plan, "confirm", &[]).await;
    assert_ne!(roles(), before);
    // One of them is withdrawn by hand: what is over cannot be taken back.
    let list = browser.visit(&format!("{OWN}/nominations")).await;
    let (_, form) = list.body.split_once("/withdraw\"").expect("a form");
    assert!(form.contains("form_token"));
    let path = list.body.split('"').find(|text| text.ends_with("/withdraw")).unwrap().to_owned();
    let form_token = token(&mut browser).await;
    browser.post(&idp.url(&path), &[("form_token", &*form_token)]).await;

    let import = browser.visit(page.form("take-codes").action.trim_end_matches("/codes")).await;
    let undone = browser.submit(&import, "undo", &[]).await;
    for (label, expected) in [
        ("Nominations withdrawn", "1"),
        ("Offers taken back", "1"),
        ("Rights as before", "1"),
        ("Left as they are: somebody went on from it", "1"),
    ] {
        assert_eq!(fact(&undone, label).as_deref(), Some(expected), "{label}: {}", undone.body);
    }
    assert_eq!(roles(), before);
    assert_eq!(count(&idp, "nomination WHERE state = 'nominated'"), 0);
    assert_eq!(count(&idp, "audit_event WHERE kind = 'roster.undone'"), 1);
    assert!(!undone.has("undo-title") && !undone.has("take-codes"), "{}", undone.body);

    let plan = upload(&mut browser, OWN, list_of("late").as_bytes(), &[]).await;
    let page = browser.submit(&plan, "confirm", &[]).await;
    let path = page.form("take-codes").action.trim_end_matches("/codes").to_owned();
    idp.set_clock(7 * 24 * 60 * 60).await;
    let mut later = at_work_when(&idp, 7 * 24 * 60 * 60).await;
    let import = later.visit(&path).await;
    assert!(import.status == 200 && !import.has("undo"), "a week: {}", import.body);
}

fn list_of(name: &str) -> String {
    format!("{HEADER}{name},Zuccaro,{name}@cedarfalls.example,office-worker,photo-id,\n")
}

async fn what_is_no_list_of_people_is_refused_with_the_reason(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let large = vec![b'a'; 2 * 1024 * 1024 + 1];
    let many = HEADER.to_owned() + &"a,b,c,d,e,f\n".repeat(5001);
    for (file, why) in [
        (&b""[..], "Please choose a file."),
        (b"\xff\xfea\0", "This file is no CSV in UTF-8"),
        (HEADER.as_bytes(), "There is nobody in the file"),
        (b"email,administrator\na@b.example,true", "There is no column administrator"),
        (b"email,email\n", "stands there twice"),
        (b"Ana,Rivera\n", "The first line has to name the columns"),
        (b"email\n\"a", "Line 2: a quotation mark is not closed"),
        (b"email\na\"b", "Line 2: a quotation mark within a field"),
        (many.as_bytes(), "More than 5000 people"),
        (&large, "larger than 2 MB"),
    ] {
        let page = upload(&mut browser, OWN, file, &[]).await;
        assert_eq!(page.status, 422, "{why}: {}", page.body);
        assert!(page.text("problem").is_some() && page.body.contains(why), "{why}: {}", page.body);
    }
    // 20.3
    let page = upload(&mut browser, OWN, list().as_bytes(), &["administrator"]).await;
    assert_eq!(page.status, 400);
    let url = idp.url(&format!("{OWN}/roster"));
    let request = browser.request(Method::POST, &url).form(&[("form_token", "x")]);
    assert_eq!(browser.send(&url, request).await.status, 403, "no form of ours");
    assert_eq!(count(&idp, "roster_import"), 0);
}

/// 20.1
async fn a_list_is_of_one_organization_and_one_administrator(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let page = upload(&mut browser, "/organization/org_lakeside", list().as_bytes(), &[]).await;
    assert_eq!(page.status, 404);
    let plan = upload(&mut browser, OWN, list().as_bytes(), &[]).await;
    let own = plan.url.path().to_owned();
    let theirs = idp.database.execute(
        "UPDATE roster_import SET uploaded_by = \
         (SELECT id FROM subscriber WHERE user_id = 'practitioner')",
    );
    assert_eq!(theirs.unwrap(), 1);
    assert_eq!(browser.visit(&own).await.status, 404, "a colleague's file");
    idp.database
        .execute(
            "UPDATE roster_import SET organization_id = 'org_lakeside', uploaded_by = \
             (SELECT id FROM subscriber WHERE user_id = 'administrator')",
        )
        .unwrap();
    let form_token = token(&mut browser).await;
    for path in [own.clone(), format!("{OWN}/roster/none")] {
        assert_eq!(browser.visit(&path).await.status, 404, "{path}");
        for end in ["confirm", "codes", "undo"] {
            let url = idp.url(&format!("{path}/{end}"));
            let page = browser.post(&url, &[("form_token", &*form_token)]).await;
            assert_eq!(page.status, 404, "{url}");
        }
    }
    let refused = "audit_event WHERE kind = 'access.refused' AND reason LIKE 'roster.import%'";
    assert_eq!(count(&idp, refused), 9);
    assert_eq!(count(&idp, "nomination"), 0);
}

/// 20.10, 21.4
async fn an_export_holds_the_own_people_and_no_live_formula(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    idp.database
        .execute("UPDATE subscriber SET given_name = '=2+5' WHERE user_id = 'biller'")
        .unwrap();
    let file = browser.visit(&format!("{OWN}/roster/export")).await;
    assert_eq!(file.status, 200, "{}", file.body);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert!(file.header("content-disposition").contains("attachment; filename=\"hilum-people-"));
    assert!(file.body.starts_with("\u{feff}\"given_name\",\"family_name\""), "{}", file.body);
    assert!(file.body.contains("\"'=2+5\"") && !file.body.contains("\"=2+5\""), "{}", file.body);
    let own = "affiliation WHERE organization_id = 'org_cedar-falls' AND ended_at IS NULL \
               AND status <> 'proposed'";
    assert_eq!(file.body.lines().count(), usize::try_from(count(&idp, own)).unwrap() + 1);
    assert!(!file.body.contains("\"hospital\""), "{}", file.body);
    assert_eq!(count(&idp, "audit_event WHERE kind = 'roster.exported'"), 1);
}

async fn the_file_holds_whom_the_list_was_narrowed_to(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let everybody = browser.visit(&format!("{OWN}/people")).await;
    let everybody = everybody.body.matches("/people/sub_").count();
    for (narrowed, some) in [
        ("?q=bi", true),
        ("?only=administrators", true),
        ("?status=suspended", false),
        ("?role=licensed-practitioner", true),
    ] {
        let page = browser.visit(&format!("{OWN}/people{narrowed}")).await;
        let shown = page.body.matches("/people/sub_").count();
        assert!(shown < everybody && some == (shown > 0), "{narrowed}: {}", page.body);
        let address = format!("{OWN}/roster/export{narrowed}");
        assert!(page.body.contains(&format!("href=\"{address}\"")), "{}", page.body);
        let file = browser.visit(&address).await;
        assert_eq!(file.body.lines().skip(1).count(), shown, "{narrowed}: {}", file.body);
    }
    for wrong in ["status=gone", "only=friends", "role=king"] {
        let file = browser.visit(&format!("{OWN}/roster/export?{wrong}")).await;
        assert_eq!(file.status, 400, "{wrong}");
    }
}
