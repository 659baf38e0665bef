//! What somebody was reminded of, so that each reminder is sent once.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::{
    AnyConn, StoreError,
    column::{Reading, millis},
    connection::on_either,
    schema::reminder,
};

/// When there was a reminder of this topic about this thing; `None`: never.
///
/// # Errors
/// [`StoreError`].
pub fn told_at(
    conn: &mut AnyConn,
    topic: &'static str,
    about: &str,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let at: Option<i64> =
        reminder::table.find((topic, about)).select(reminder::told_at).first(conn).optional()?;
    Reading { table: "reminder", row: about }.maybe_at("told_at", at)
}

/// Writes down that there was one, in the transaction that queues the mail.
///
/// # Errors
/// [`StoreError`].
pub fn told(
    conn: &mut AnyConn,
    topic: &'static str,
    about: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let told = reminder::told_at.eq(millis(now));
    let row = (reminder::topic.eq(topic), reminder::about.eq(about), told);
    on_either!(conn, c => diesel::insert_into(reminder::table)
        .values(row)
        .on_conflict((reminder::topic, reminder::about))
        .do_update()
        .set(told)
        .execute(c))?;
    Ok(())
}

/// Since when somebody knows this: the first call about this thing says `now`, and each later one
/// what the first one said, until it is [forgotten](forget).
///
/// # Errors
/// [`StoreError`].
pub fn known_since(
    conn: &mut AnyConn,
    topic: &'static str,
    about: &str,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, StoreError> {
    match told_at(conn, topic, about)? {
        Some(since) => Ok(since),
        None => told(conn, topic, about, now).map(|()| now),
    }
}

/// Forgets what was told of this topic about this thing.
///
/// # Errors
/// [`StoreError`].
pub fn forget(conn: &mut AnyConn, topic: &'static str, about: &str) -> Result<(), StoreError> {
    diesel::delete(reminder::table.find((topic, about))).execute(conn)?;
    Ok(())
}

/// Forgets what was told before `before`; says how much.
///
/// # Errors
/// [`StoreError`].
pub fn sweep(conn: &mut AnyConn, before: DateTime<Utc>) -> Result<usize, StoreError> {
    Ok(diesel::delete(reminder::table.filter(reminder::told_at.lt(millis(before))))
        .execute(conn)?)
}
