//! A community of a million people in fifty thousand organizations, one of which has a hundred
//! thousand: what the consoles' lists, searches and pages take then, on PostgreSQL.

use std::{
    env,
    time::{Duration, Instant},
};

use diesel::{Connection as _, PgConnection, RunQueryDsl as _, connection::SimpleConnection as _};
use hilum_tests::App;

use crate::{
    Outcome,
    hilum::Hilum,
    site::{Browser, Site},
    wire::Wire,
};

/// The organization of a hundred thousand.
const LARGE: &str = "org_large";
/// How often each page is asked for.
const TIMES: usize = 31;
/// The key of the demo Administrator's app.
const KEY: &str = "HILUMDEMOSEEDFORADMINISTRATOR234";

/// Made on the server's side, where it takes a minute and not an hour. Names are spread so that
/// some are common and most are rare, as names are.
const COMMUNITY: &str = "
INSERT INTO organization (id, name, status, demo, updated_at, confirmed_at)
    SELECT 'org_large', 'Large Health System', 'active', false, 1767225600000, 1767225600000
    UNION ALL
    SELECT 'org_g' || i, 'Practice ' || i, 'active', false, 1767225600000, 1767225600000
    FROM generate_series(2, 50000) AS i;
CREATE TEMPORARY TABLE made AS
    SELECT i, 'sub_g' || i AS id, 'user' || i AS user_id,
        (ARRAY['Ana','James','Maria','Robert','Linda','David','Wei','Aisha','John','Olga'])[1 + i % 10]
            AS given_name,
        (ARRAY['Rivera','Smith','Johnson','Nguyen','Garcia','Brown','Okafor','Kim'])[1 + (i / 10) % 8]
            || CASE WHEN i % 3 = 0 THEN '' ELSE '-' || chr(97 + i % 26) || (i / 26)::text END
            AS family_name,
        CASE WHEN i <= 100000 THEN 'org_large' ELSE 'org_g' || (2 + i % 49999) END AS organization_id
    FROM generate_series(1, 1000000) AS i;
INSERT INTO subscriber (id, user_id, given_name, family_name, email, email_normalized,
        email_verified, phone_number_verified, profile, status, activated_at, last_sign_in_at, demo,
        updated_at)
    SELECT id, user_id, given_name, family_name, user_id || '@people.example',
        user_id || '@people.example', true, false, '{}', 'active', 1767225600000, 1767225600000,
        false, 1767225600000
    FROM made;
INSERT INTO affiliation (id, subscriber_id, organization_id, status, roles, role_details,
        administrator, access_level, since, sort_key, given_key, user_key)
    SELECT 'aff_g' || i, id, organization_id, CASE WHEN i % 50 = 0 THEN 'suspended' ELSE 'active' END,
        CASE WHEN i % 20000 = 7 THEN '[\"medical-director\"]' ELSE '[\"office-worker\"]' END, '[]',
        i > 100000 AND i % 20 = 0 OR i <= 3, 'community-standard', '2026-01-01',
        lower(family_name || ' ' || given_name || ' ' || user_id),
        lower(given_name || ' ' || family_name), user_id
    FROM made;
INSERT INTO affiliation (id, subscriber_id, organization_id, status, roles, role_details,
        administrator, access_level, since, sort_key, given_key, user_key)
    SELECT 'aff_boss', id, 'org_large', 'active', '[]', '[]', true, 'community-standard',
        '2026-01-01', 'zz', 'zz', user_id
    FROM subscriber WHERE user_id = 'administrator';
UPDATE organization SET people_reviewed_at = (extract(epoch FROM now()) * 1000)::bigint;
INSERT INTO staff (subscriber_id, rank, since)
    SELECT id, 'support-lead', 1767225600000 FROM subscriber WHERE user_id = 'administrator';
";

/// What happened in the organization of a hundred thousand in five years, an event each 40 seconds or
/// so: mostly visits and what sites renew, and now and then something else. Sealing it would take
/// longer than all the rest, and nobody reads seals here.
const RECORD: &str = "
ALTER TABLE audit_event DISABLE TRIGGER audit_event_is_pending;
INSERT INTO audit_event (id, at, kind, actor, organization_id, subject, site_id, after)
    SELECT 'evt_g' || i, 1767225600000 + i * 40000::bigint,
        CASE WHEN i % 100000 = 7 THEN 'role.removed' WHEN i % 20 = 0 THEN 'role.granted'
            WHEN i % 2 = 0 THEN 'grant.issued' ELSE 'grant.refreshed' END,
        CASE WHEN i % 20 = 0 THEN 'subscriber:sub_g1' ELSE 'site:site-' || (i % 7) END,
        'org_large', 'sub_g' || (1 + i % 100000),
        CASE WHEN i % 20 = 0 THEN NULL WHEN i % 50002 = 2 THEN 'seldom' ELSE 'site-' || (i % 7) END,
        '{\"tax_ids\":[]}'
    FROM generate_series(1, 4000000) AS i;
ALTER TABLE audit_event ENABLE TRIGGER audit_event_is_pending;
";

/// Fills the database and measures; one line for each page.
pub fn measure(hilum: &Hilum) -> Outcome<()> {
    let began = Instant::now();
    let mut database = PgConnection::establish(&env::var("HILUM_TEST_POSTGRES")?)?;
    database.batch_execute(COMMUNITY)?;
    database.batch_execute(RECORD)?;
    database.batch_execute("VACUUM ANALYZE")?;
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
    let mails = "SELECT count(*) AS count FROM outbox WHERE kind = 'mail'";
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
