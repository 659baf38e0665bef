//! What the consoles' lists, searches and pages take on PostgreSQL among a million people, in an
//! organization of a hundred thousand.

use std::{
    env,
    time::{Duration, Instant},
};

use diesel::{Connection as _, PgConnection, RunQueryDsl as _};
use hilum_tests::App;

use crate::{
    Outcome,
    generator::{self, LARGE},
    hilum::Hilum,
    site::{Browser, Site},
    wire::Wire,
};

/// How often each page is asked for.
const TIMES: usize = 31;
/// The key of the demo Administrator's app.
const KEY: &str = "HILUMDEMOSEEDFORADMINISTRATOR234";

/// Fills the database and measures; one line for each page.
pub fn measure(hilum: &Hilum) -> Outcome<()> {
    let began = Instant::now();
    let mut database = PgConnection::establish(&env::var("HILUM_TEST_POSTGRES")?)?;
    generator::fill(&mut database)?;
    println!("\n### A million people ({:.0} s to make them)\n", began.elapsed().as_secs_f64());
    println!("| Page | median | worst of {TIMES} |\n|---|---:|---:|");
    let mut wire = hilum.connect()?;
    let mut browser = signed_in(&hilum.site(), &mut wire)?;
    for (name, path) in pages() {
        let mut taken = Vec::new();
        // The first one fills caches, as the first visitor of the day does.
        for _ in 0..=TIMES {
            let began = Instant::now();
            browser.open(&mut wire, &path)?;
            taken.push(began.elapsed());
        }
        taken.remove(0);
        taken.sort();
        let worst = taken.last().copied().unwrap_or_default();
        println!("| {name} | {} | {} |", millis(taken[TIMES / 2]), millis(worst));
    }
    lists(&mut wire, &mut browser, &mut database)
}

/// A list of people as a file: in, a thousand at once, and out, a hundred thousand.
fn lists(wire: &mut Wire, browser: &mut Browser, database: &mut PgConnection) -> Outcome<()> {
    println!("\n| List | time |\n|---|---:|");
    let roster = format!("/organization/{LARGE}/roster");
    let form = browser.open(wire, &roster)?.form("/roster")?;
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"form_token\"\r\n\r\n{}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n{}\r\n--b--\r\n",
        form.form_token,
        thousand()
    );
    let kind = "multipart/form-data; boundary=b";
    let began = Instant::now();
    let answer = wire.send_as(kind, "POST", &roster, &browser.header(), &body)?;
    let path = answer.header("location").ok_or("the list is not taken")?.to_owned();
    println!("| a list of 1,000 is taken in | {} |", millis(began.elapsed()));
    let began = Instant::now();
    let plan = browser.open(wire, &path)?;
    println!("| it is looked at | {} |", millis(began.elapsed()));
    let confirm = plan.form("/confirm")?;
    let mails =
        "SELECT count(*) AS count FROM outbox WHERE payload LIKE '%\"name\":\"nominated\"%'";
    let before = diesel::sql_query(mails).get_result::<Count>(database)?.count;
    let began = Instant::now();
    browser.send_for_page(wire, &confirm, &[])?;
    println!("| 1,000 are nominated, all mails queued | {} |", millis(began.elapsed()));
    let queued = diesel::sql_query(mails).get_result::<Count>(database)?.count - before;
    if queued != 1000 {
        return Err(format!("{queued} mails are queued").into());
    }
    let began = Instant::now();
    let file = wire.expect(200, ("GET", &format!("{roster}/export"), &browser.header(), ""))?;
    let lines = file.body.iter().filter(|octet| **octet == b'\n').count();
    println!("| {lines} lines are taken away | {} |", millis(began.elapsed()));
    Ok(())
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

/// A thousand who are new, with names that begin like those of others and are none of theirs.
fn thousand() -> String {
    let letter = |number: usize| char::from(b'a' + u8::try_from(number % 26).unwrap_or_default());
    let beginnings = ["Ri", "Sm", "Jo", "Ng", "Ga", "Br", "Ok", "Ki"];
    let line = |i: usize| {
        let end: String = [i, i / 26, i / 676, i + 7, i + 13].map(letter).iter().collect();
        let family_name = format!("{}{end}ov", beginnings[i % beginnings.len()]);
        format!("Yara,{family_name},new{i}@people.example,office-worker,photo-id\n")
    };
    let header = "given_name,family_name,email,roles,verified_by\n".to_owned();
    header + &(0..1000).map(line).collect::<String>()
}

/// What Administrators look at: names and addresses.
fn pages() -> Vec<(&'static str, String)> {
    let people = format!("/organization/{LARGE}/people");
    let list = |more: &str| format!("{people}{more}");
    let record = |more: &str| format!("/organization/{LARGE}/audit{more}");
    vec![
        ("home", format!("/organization/{LARGE}")),
        ("people, first page", list("")),
        ("people, the last but one", list("?after=aff_g30")),
        ("people, in the middle", list("?after=aff_g51234")),
        ("search: family name", list("?q=rivera")),
        ("search: a name that nobody has", list("?q=zzzz")),
        ("search: User ID", list("?q=user777")),
        ("search: mail address", list("?q=user4711%40people.example")),
        ("filter: suspended", list("?status=suspended")),
        ("filter: Administrators", list("?only=administrators")),
        ("filter: a role of five people", list("?role=medical-director")),
        ("filter: without a second factor", list("?only=without-factor")),
        ("one person", list("/sub_g4711")),
        ("nominations", format!("/organization/{LARGE}/nominations")),
        ("access requests", format!("/organization/{LARGE}/requests")),
        ("sites", format!("/organization/{LARGE}/sites")),
        ("record, first page", record("")),
        ("record, page 10,000", record("?before=1887225600000-evt_g3000000")),
        ("record: visits", record("?what=grant.issued")),
        ("record: a seldom kind", record("?what=role.removed")),
        ("record: one person", record("?person=user4711")),
        ("record: a site that few visit", record("?site=seldom")),
        ("record: a month long ago", record("?from=2026-03-01&until=2026-03-31")),
        ("yearly review", format!("/organization/{LARGE}/review")),
        ("support: where it begins", "/support".to_owned()),
        ("support: search by name", "/support/search?q=rivera".to_owned()),
        ("support: a name that nobody has", "/support/search?q=zzzz".to_owned()),
        ("support: one person", "/support/people/sub_g4711".to_owned()),
    ]
}

fn signed_in(site: &Site, wire: &mut Wire) -> Outcome<Browser> {
    let mut browser = Browser::default();
    let ready = site.to_second_factor(wire, &mut browser, "administrator")?;
    browser.send(wire, &ready, &[("code", &App::told(KEY).code(0))])?;
    Ok(browser)
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
