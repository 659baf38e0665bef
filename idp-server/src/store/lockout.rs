//! Failures in a row, counted over all nodes by the name that was typed.
//!
//! Known and unknown names take the same path, so that neither text nor time tells them apart
//! (security 15.4). The name is kept as a digest only: people type passwords into that field.

use chrono::{DateTime, Utc};
use diesel::{prelude::*, upsert::excluded};
use idp_core::{authentication::lockout::Lockout, secret::SecretDigest};

use super::{
    AnyConn, StoreError,
    column::{Reading, millis},
    connection::on_either,
    prepared::Prepared,
    schema::lockout,
};

/// Where the name with this digest stands. Nobody else may count for it until the transaction
/// ends: everybody who counts comes through here first. Inside [`super::Database::write`] only.
///
/// # Errors
/// [`StoreError`].
pub fn load_for_update(
    conn: &mut AnyConn,
    name: &SecretDigest,
    now: DateTime<Utc>,
) -> Result<Lockout, StoreError> {
    let fresh = (
        lockout::name_digest.eq(name.as_bytes().as_slice()),
        lockout::failures.eq(0),
        lockout::updated_at.eq(millis(now)),
    );
    // A row that is not there cannot be locked. This makes it or touches it, and either locks it.
    let touched = Prepared(
        diesel::insert_into(lockout::table)
            .values(fresh)
            .on_conflict(lockout::name_digest)
            .do_update()
            .set(lockout::updated_at.eq(excluded(lockout::updated_at)))
            .returning((lockout::failures, lockout::factor_failures, lockout::locked_until)),
    );
    let row: (i64, i64, Option<i64>) = on_either!(conn, c => touched.get_result(c))?;
    state(name, row)
}

/// Writes down where a name stands that was loaded for update.
///
/// # Errors
/// [`StoreError`].
pub fn save(
    conn: &mut AnyConn,
    name: &SecretDigest,
    state: Lockout,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (failures, of_factors, locked_until) = match state {
        Lockout::Open { failures, of_factors } => (failures, of_factors, None),
        Lockout::Locked { until } => (0, 0, Some(millis(until))),
    };
    let found = lockout::table.find(name.as_bytes().as_slice());
    let count = Prepared(diesel::update(found).set((
        lockout::failures.eq(i64::from(failures)),
        lockout::factor_failures.eq(i64::from(of_factors)),
        lockout::locked_until.eq(locked_until),
        lockout::updated_at.eq(millis(now)),
    )));
    on_either!(conn, c => count.execute(c))?;
    Ok(())
}

/// Removes what nobody has touched since `before`; says how many.
///
/// Only for a `before` so long ago that no lock can still hold: a count that is given up early
/// gives a guesser new tries.
///
/// # Errors
/// [`StoreError`].
pub fn sweep(conn: &mut AnyConn, before: DateTime<Utc>) -> Result<usize, StoreError> {
    let old = lockout::table.filter(lockout::updated_at.lt(millis(before)));
    Ok(diesel::delete(old).execute(conn)?)
}

fn state(
    name: &SecretDigest,
    (failures, of_factors, locked_until): (i64, i64, Option<i64>),
) -> Result<Lockout, StoreError> {
    let row = name.to_text();
    let read = Reading { table: "lockout", row: &row };
    Ok(match read.maybe_at("locked_until", locked_until)? {
        Some(until) => Lockout::Locked { until },
        None => Lockout::Open {
            failures: read.count("failures", failures)?,
            of_factors: read.count("factor_failures", of_factors)?,
        },
    })
}
