//! Browsers that stand in for a person's second factor, for a while (security 18.7).

use chrono::{DateTime, Utc};
use diesel::{prelude::*, upsert::excluded};
use idp_core::{
    authentication::remembered_browser::RememberedBrowser, ids::SubscriberId, secret::SecretDigest,
};

use super::{
    AnyConn, StoreError,
    column::{Reading, millis},
    connection::on_either,
    schema::remembered_browser,
};

/// Remembers a browser for a person, or remembers it for longer.
///
/// # Errors
/// [`StoreError`].
pub fn remember(
    conn: &mut AnyConn,
    person: &SubscriberId,
    browser: &RememberedBrowser,
) -> Result<(), StoreError> {
    let row = (
        remembered_browser::digest.eq(browser.digest.as_bytes().as_slice()),
        remembered_browser::subscriber_id.eq(person.as_str()),
        remembered_browser::since.eq(millis(browser.since)),
        remembered_browser::until.eq(millis(browser.until)),
        remembered_browser::user_agent.eq(browser.user_agent.chars().take(200).collect::<String>()),
    );
    on_either!(conn, c => diesel::insert_into(remembered_browser::table)
        .values(row)
        .on_conflict(remembered_browser::digest)
        .do_update()
        .set((
            remembered_browser::since.eq(excluded(remembered_browser::since)),
            remembered_browser::until.eq(excluded(remembered_browser::until)),
        ))
        .execute(c))?;
    Ok(())
}

/// Whether the browser with this digest stands in for the person at `now`.
///
/// # Errors
/// [`StoreError`].
pub fn stands_in(
    conn: &mut AnyConn,
    person: &SubscriberId,
    digest: &SecretDigest,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let found: Option<Row> = remembered_browser::table
        .find(digest.as_bytes().as_slice())
        .filter(remembered_browser::subscriber_id.eq(person.as_str()))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    let found = found.map(RememberedBrowser::try_from).transpose()?;
    Ok(found.is_some_and(|browser| browser.counts(now)))
}

/// The browsers that stand in for a person at `now`, the latest first.
///
/// # Errors
/// [`StoreError`].
pub fn of_subscriber(
    conn: &mut AnyConn,
    person: &SubscriberId,
    now: DateTime<Utc>,
) -> Result<Vec<RememberedBrowser>, StoreError> {
    let rows: Vec<Row> = remembered_browser::table
        .filter(remembered_browser::subscriber_id.eq(person.as_str()))
        .filter(remembered_browser::until.gt(millis(now)))
        .order(remembered_browser::since.desc())
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(RememberedBrowser::try_from).collect()
}

/// Forgets every browser of a person; says how many there were.
///
/// # Errors
/// [`StoreError`].
pub fn forget_all(conn: &mut AnyConn, person: &SubscriberId) -> Result<usize, StoreError> {
    let own =
        remembered_browser::table.filter(remembered_browser::subscriber_id.eq(person.as_str()));
    Ok(diesel::delete(own).execute(conn)?)
}

/// Removes what no longer counts at `now`; says how many.
///
/// # Errors
/// [`StoreError`].
pub fn sweep(conn: &mut AnyConn, now: DateTime<Utc>) -> Result<usize, StoreError> {
    let over = remembered_browser::table.filter(remembered_browser::until.le(millis(now)));
    Ok(diesel::delete(over).execute(conn)?)
}

/// The table's shape.
#[derive(Queryable, Selectable)]
#[diesel(table_name = remembered_browser)]
struct Row {
    digest: Vec<u8>,
    since: i64,
    until: i64,
    user_agent: String,
}

impl TryFrom<Row> for RememberedBrowser {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let read = Reading { table: "remembered_browser", row: "a digest" };
        Ok(Self {
            digest: SecretDigest::from_bytes(&row.digest).ok_or_else(|| read.corrupt("digest"))?,
            since: read.at("since", row.since)?,
            until: read.at("until", row.until)?,
            user_agent: row.user_agent,
        })
    }
}
