//! Leases: what only one node may do at a time.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::{AnyConn, StoreError, column::millis, connection::on_either, schema::lease};

/// Takes or keeps the lease `name` for `holder` until `until`; `false` while somebody else holds
/// it. A lease that ran out is anybody's: whoever works under one stops before it does.
///
/// # Errors
/// [`StoreError`].
pub fn try_acquire(
    conn: &mut AnyConn,
    name: &str,
    holder: &str,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let held = (lease::holder.eq(holder), lease::held_until.eq(millis(until)));
    let free = lease::table
        .find(name)
        .filter(lease::holder.eq(holder).or(lease::held_until.le(millis(now))));
    if diesel::update(free).set(held).execute(conn)? == 1 {
        return Ok(true);
    }
    let first = (lease::name.eq(name), held);
    let inserted = on_either!(conn, c => diesel::insert_into(lease::table)
        .values(first)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(inserted == 1)
}
