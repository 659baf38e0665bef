//! Single values about the database itself, such as the check value of the master key.

use diesel::prelude::*;

use super::{AnyConn, StoreError, connection::on_either, schema::meta};

/// The key of the value by which a wrong master key is noticed at the start.
pub const MASTER_KEY_CHECK: &str = "master-key-check";

/// The key of the day (`YYYY-MM-DD`, UTC) whose daily work is done.
pub const DAY_DONE: &str = "day-done";

/// The value of `key`.
///
/// # Errors
/// [`StoreError`].
pub fn read(conn: &mut AnyConn, key: &str) -> Result<Option<String>, StoreError> {
    Ok(meta::table.find(key).select(meta::value).first(conn).optional()?)
}

/// Sets the value of `key` unless it has one; returns the one it has then. Of two nodes at their
/// first start, both get the same.
///
/// # Errors
/// [`StoreError`].
pub fn read_or_insert(conn: &mut AnyConn, key: &str, value: &str) -> Result<String, StoreError> {
    let row = (meta::key.eq(key), meta::value.eq(value));
    on_either!(conn, c => diesel::insert_into(meta::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(meta::table.find(key).select(meta::value).first(conn)?)
}

/// Sets the value of `key`, whatever it was.
///
/// # Errors
/// [`StoreError`].
pub fn write(conn: &mut AnyConn, key: &str, value: &str) -> Result<(), StoreError> {
    let row = (meta::key.eq(key), meta::value.eq(value));
    on_either!(conn, c => diesel::insert_into(meta::table)
        .values(row)
        .on_conflict(meta::key)
        .do_update()
        .set(meta::value.eq(value))
        .execute(c))?;
    Ok(())
}
