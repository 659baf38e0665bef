//! The browsers that people have signed in with, so that a new one can be told to them.

use chrono::{DateTime, Utc};
use diesel::{prelude::*, upsert::excluded};
use idp_core::{ids::SubscriberId, secret::SecretDigest};

use super::{AnyConn, StoreError, column::millis, connection::on_either, schema::known_browser};

/// Takes down that a person signed in with the browser that is named by this digest. `true` if they
/// had not done so before.
///
/// # Errors
/// [`StoreError`].
pub fn seen(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    browser: &SecretDigest,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let row = (
        known_browser::subscriber_id.eq(subscriber.as_str()),
        known_browser::browser_digest.eq(browser.as_bytes().as_slice()),
        known_browser::first_at.eq(millis(now)),
        known_browser::last_at.eq(millis(now)),
    );
    let first_at: i64 = on_either!(conn, c => diesel::insert_into(known_browser::table)
        .values(row)
        .on_conflict((known_browser::subscriber_id, known_browser::browser_digest))
        .do_update()
        .set(known_browser::last_at.eq(excluded(known_browser::last_at)))
        .returning(known_browser::first_at)
        .get_result(c))?;
    Ok(first_at == millis(now))
}

/// Removes browsers that nobody has signed in with since `before`; says how many.
///
/// # Errors
/// [`StoreError`].
pub fn sweep(conn: &mut AnyConn, before: DateTime<Utc>) -> Result<usize, StoreError> {
    let old = known_browser::table.filter(known_browser::last_at.lt(millis(before)));
    Ok(diesel::delete(old).execute(conn)?)
}
