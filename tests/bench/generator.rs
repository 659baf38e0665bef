//! A community of a million people in fifty thousand organizations, one of which has a hundred
//! thousand, and what happened in that one in five years. Written by `COPY`, a line each.

use std::io::{self, Write};

use diesel::{
    ExecuteCopyFromDsl as _, PgConnection, connection::SimpleConnection as _, result::Error,
};

use crate::Outcome;

/// The organization of a hundred thousand.
pub const LARGE: &str = "org_large";
const ORGANIZATIONS: u32 = 50_000;
const PEOPLE: u32 = 1_000_000;
/// How many of them are in the large organization.
const IN_LARGE: u32 = 100_000;
/// What happened in the large organization, an event each 40 seconds or so.
const EVENTS: u32 = 4_000_000;
/// When all this began: 2026-01-01, in milliseconds of Unix time.
const BEGAN: u64 = 1_767_225_600_000;

diesel::table! {
    organization (id) {
        id -> Text, name -> Text, status -> Text, demo -> Bool, updated_at -> BigInt,
        confirmed_at -> BigInt,
    }
}
diesel::table! {
    subscriber (id) {
        id -> Text, user_id -> Text, given_name -> Text, family_name -> Text, email -> Text,
        email_normalized -> Text, email_verified -> Bool, phone_number_verified -> Bool,
        profile -> Text, status -> Text, activated_at -> BigInt, last_sign_in_at -> BigInt,
        demo -> Bool, updated_at -> BigInt,
    }
}
diesel::table! {
    affiliation (id) {
        id -> Text, subscriber_id -> Text, organization_id -> Text, status -> Text, roles -> Text,
        role_details -> Text, administrator -> Bool, access_level -> Text, since -> Text,
        sort_key -> Text, given_key -> Text, user_key -> Text,
    }
}
diesel::table! {
    audit_event (id) {
        id -> Text, at -> BigInt, kind -> Text, actor -> Text, organization_id -> Text,
        subject -> Text, site_id -> Nullable<Text>, after -> Text,
    }
}

/// The demo Administrator belongs to the large organization, and leads the support desk.
const ADMINISTRATOR: &str = "
INSERT INTO affiliation (id, subscriber_id, organization_id, status, roles, role_details,
        administrator, access_level, since, sort_key, given_key, user_key)
    SELECT 'aff_boss', id, 'org_large', 'active', '[]', '[]', true, 'community-standard',
        '2026-01-01', 'zz', 'zz', user_id
    FROM subscriber WHERE user_id = 'administrator';
UPDATE organization SET people_reviewed_at = (extract(epoch FROM now()) * 1000)::bigint;
INSERT INTO staff (subscriber_id, rank, since)
    SELECT id, 'support-lead', 1767225600000 FROM subscriber WHERE user_id = 'administrator';
";

/// Copies what `write` writes into `table`.
macro_rules! copy {
    ($database:expr, $table:ident, $write:expr) => {
        diesel::copy_from($table::table)
            .from_raw_data($table::all_columns, |out| {
                $write(out).map_err(|error| Error::SerializationError(Box::new(error)))
            })
            .execute($database)?
    };
}

/// Writes all of it, and lets the database look at what it has.
pub fn fill(database: &mut PgConnection) -> Outcome<()> {
    copy!(database, organization, organizations);
    copy!(database, subscriber, subscribers);
    copy!(database, affiliation, affiliations);
    database.batch_execute(ADMINISTRATOR)?;
    // Sealing the record would take longer than all the rest, and nobody reads seals here.
    let pending = "TRIGGER audit_event_is_pending";
    database.batch_execute(&format!("ALTER TABLE audit_event DISABLE {pending}"))?;
    copy!(database, audit_event, events);
    database.batch_execute(&format!("ALTER TABLE audit_event ENABLE {pending}"))?;
    // By itself: several statements in one message are one transaction.
    database.batch_execute("VACUUM ANALYZE")?;
    Ok(())
}

fn organizations(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{LARGE}\tLarge Health System\tactive\tf\t{BEGAN}\t{BEGAN}")?;
    (2..=ORGANIZATIONS)
        .try_for_each(|i| writeln!(out, "org_g{i}\tPractice {i}\tactive\tf\t{BEGAN}\t{BEGAN}"))
}

fn subscribers(out: &mut dyn Write) -> io::Result<()> {
    (1..=PEOPLE).try_for_each(|i| {
        let (given_name, family_name) = name(i);
        let email = format!("user{i}@people.example");
        writeln!(
            out,
            "sub_g{i}\tuser{i}\t{given_name}\t{family_name}\t{email}\t{email}\tt\tf\t{{}}\tactive\t\
             {BEGAN}\t{BEGAN}\tf\t{BEGAN}"
        )
    })
}

fn affiliations(out: &mut dyn Write) -> io::Result<()> {
    (1..=PEOPLE).try_for_each(|i| {
        let (given_name, family_name) = name(i);
        let (given_name, family_name) = (given_name.to_lowercase(), family_name.to_lowercase());
        let organization = match i {
            ..=IN_LARGE => LARGE.to_owned(),
            _ => format!("org_g{}", 2 + i % (ORGANIZATIONS - 1)),
        };
        let status = if i % 50 == 0 { "suspended" } else { "active" };
        let role = if i % 20_000 == 7 { "medical-director" } else { "office-worker" };
        let administrator = if i > IN_LARGE && i % 20 == 0 || i <= 3 { 't' } else { 'f' };
        writeln!(
            out,
            "aff_g{i}\tsub_g{i}\t{organization}\t{status}\t[\"{role}\"]\t[]\t{administrator}\t\
             community-standard\t2026-01-01\t{family_name} {given_name} user{i}\t\
             {given_name} {family_name}\tuser{i}"
        )
    })
}

/// Mostly visits and what sites renew, and now and then something else.
fn events(out: &mut dyn Write) -> io::Result<()> {
    (1..=EVENTS).try_for_each(|i| {
        let at = BEGAN + u64::from(i) * 40_000;
        let kind = match i {
            _ if i % 100_000 == 7 => "role.removed",
            _ if i % 20 == 0 => "role.granted",
            _ if i % 2 == 0 => "grant.issued",
            _ => "grant.refreshed",
        };
        let visited = format!("site-{}", i % 7);
        let (actor, site) = match i {
            _ if i % 20 == 0 => ("subscriber:sub_g1".to_owned(), "\\N"),
            _ if i % 50_002 == 2 => (format!("site:{visited}"), "seldom"),
            _ => (format!("site:{visited}"), visited.as_str()),
        };
        let subject = 1 + i % IN_LARGE;
        writeln!(
            out,
            "evt_g{i}\t{at}\t{kind}\t{actor}\t{LARGE}\tsub_g{subject}\t{site}\t{{\"tax_ids\":[]}}"
        )
    })
}

/// Some names are common and most are rare, as names are.
fn name(i: u32) -> (&'static str, String) {
    const GIVEN: [&str; 10] =
        ["Ana", "James", "Maria", "Robert", "Linda", "David", "Wei", "Aisha", "John", "Olga"];
    const FAMILY: [&str; 8] =
        ["Rivera", "Smith", "Johnson", "Nguyen", "Garcia", "Brown", "Okafor", "Kim"];
    let pick = |names: &[&'static str], at: u32| names[at as usize % names.len()];
    let family_name = pick(&FAMILY, i / 10);
    let family_name = match i % 3 {
        0 => family_name.to_owned(),
        _ => {
            let letter = char::from(b'a' + u8::try_from(i % 26).unwrap_or_default());
            format!("{family_name}-{letter}{}", i / 26)
        }
    };
    (pick(&GIVEN, i), family_name)
}
