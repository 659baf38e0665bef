//! Wrong answers to secret questions, counted over all nodes by the name that was typed.
//!
//! Known and unknown names take the same path (security 17.1), as in [`super::lockout`].

use chrono::{DateTime, Utc};
use diesel::{prelude::*, upsert::excluded};
use idp_core::secret::SecretDigest;

use super::{
    AnyConn, StoreError,
    column::{Reading, millis},
    connection::on_either,
    schema::self_help,
};

/// How often in a row the questions of the name with this digest were answered wrongly. Nobody
/// else may count for it until the transaction ends. Inside [`super::Database::write`] only.
///
/// # Errors
/// [`StoreError`].
pub fn load_for_update(
    conn: &mut AnyConn,
    name: &SecretDigest,
    now: DateTime<Utc>,
) -> Result<u32, StoreError> {
    let fresh = (
        self_help::name_digest.eq(name.as_bytes().as_slice()),
        self_help::wrong_answers.eq(0),
        self_help::updated_at.eq(millis(now)),
    );
    // A row that is not there cannot be locked. This makes it or touches it, and either locks it.
    let wrong: i64 = on_either!(conn, c => diesel::insert_into(self_help::table)
        .values(fresh)
        .on_conflict(self_help::name_digest)
        .do_update()
        .set(self_help::updated_at.eq(excluded(self_help::updated_at)))
        .returning(self_help::wrong_answers)
        .get_result(c))?;
    count(name, wrong)
}

/// How often in a row they were answered wrongly, without counting.
///
/// # Errors
/// [`StoreError`].
pub fn wrong_answers(conn: &mut AnyConn, name: &SecretDigest) -> Result<u32, StoreError> {
    let found: Option<i64> = self_help::table
        .find(name.as_bytes().as_slice())
        .select(self_help::wrong_answers)
        .first(conn)
        .optional()?;
    count(name, found.unwrap_or(0))
}

/// Writes down how often a name was answered wrongly that was loaded for update.
///
/// # Errors
/// [`StoreError`].
pub fn save(
    conn: &mut AnyConn,
    name: &SecretDigest,
    wrong: u32,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    diesel::update(self_help::table.find(name.as_bytes().as_slice()))
        .set((self_help::wrong_answers.eq(i64::from(wrong)), self_help::updated_at.eq(millis(now))))
        .execute(conn)?;
    Ok(())
}

/// Forgets what was counted for a name: a person has made sure who it is.
///
/// # Errors
/// [`StoreError`].
pub fn reopen(conn: &mut AnyConn, name: &SecretDigest) -> Result<(), StoreError> {
    diesel::delete(self_help::table.find(name.as_bytes().as_slice())).execute(conn)?;
    Ok(())
}

/// Removes what nobody has touched since `before`; says how many. An account whose owner has not
/// come back for that long is dormant, and needs a person anyway.
///
/// # Errors
/// [`StoreError`].
pub fn sweep(conn: &mut AnyConn, before: DateTime<Utc>) -> Result<usize, StoreError> {
    let old = self_help::table.filter(self_help::updated_at.lt(millis(before)));
    Ok(diesel::delete(old).execute(conn)?)
}

fn count(name: &SecretDigest, wrong: i64) -> Result<u32, StoreError> {
    let row = name.to_text();
    Reading { table: "self_help", row: &row }.count("wrong_answers", wrong)
}
