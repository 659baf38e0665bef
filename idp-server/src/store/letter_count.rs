//! How many letters were written to somebody, and for an organization, within a day (security 22.2).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{community::letters::Count, secret::SecretDigest};

use super::{
    AnyConn, StoreError,
    column::{Reading, millis},
    connection::on_either,
    meant::in_parts,
    prepared::Prepared,
    schema::letter_count,
};

/// What was counted. Nobody else may count the same until the transaction ends. Inside
/// [`super::Database::write`] only.
///
/// # Errors
/// [`StoreError`].
pub fn load_for_update(
    conn: &mut AnyConn,
    of: &SecretDigest,
    now: DateTime<Utc>,
) -> Result<Count, StoreError> {
    let fresh = (
        letter_count::of_digest.eq(of.as_bytes().as_slice()),
        letter_count::began_at.eq(millis(now)),
        letter_count::letters.eq(0),
    );
    // A row that is not there cannot be locked. This makes it or touches it, and either locks it.
    let touched = Prepared(
        diesel::insert_into(letter_count::table)
            .values(fresh)
            .on_conflict(letter_count::of_digest)
            .do_update()
            .set(letter_count::letters.eq(letter_count::letters))
            .returning((letter_count::began_at, letter_count::letters)),
    );
    let row: (i64, i64) = on_either!(conn, c => touched.get_result(c))?;
    count(of, row)
}

/// Writes down what is counted now.
///
/// # Errors
/// [`StoreError`].
pub fn save(conn: &mut AnyConn, of: &SecretDigest, count: Count) -> Result<(), StoreError> {
    let found = letter_count::table.find(of.as_bytes().as_slice());
    let counted = Prepared(diesel::update(found).set((
        letter_count::began_at.eq(millis(count.began_at)),
        letter_count::letters.eq(i64::from(count.letters)),
    )));
    on_either!(conn, c => counted.execute(c))?;
    Ok(())
}

/// What was counted of each of these, where anything was.
///
/// # Errors
/// [`StoreError`].
pub fn all(
    conn: &mut AnyConn,
    of: &[SecretDigest],
) -> Result<BTreeMap<[u8; 32], Count>, StoreError> {
    let digests: Vec<&[u8]> = of.iter().map(|one| one.as_bytes().as_slice()).collect();
    let rows: Vec<(Vec<u8>, i64, i64)> = in_parts(&digests, |some| {
        let these = letter_count::table.filter(letter_count::of_digest.eq_any(some));
        Ok(these.load(conn)?)
    })?;
    let read = |(digest, began_at, letters): (Vec<u8>, i64, i64)| {
        let digest = SecretDigest::from_bytes(&digest).ok_or(StoreError::CorruptRow {
            table: "letter_count",
            column: "of_digest",
            row: String::new(),
        })?;
        Ok((*digest.as_bytes(), count(&digest, (began_at, letters))?))
    };
    rows.into_iter().map(read).collect()
}

/// Removes counts that began before `before`; says how many.
///
/// # Errors
/// [`StoreError`].
pub fn sweep(conn: &mut AnyConn, before: DateTime<Utc>) -> Result<usize, StoreError> {
    let old = letter_count::table.filter(letter_count::began_at.lt(millis(before)));
    Ok(diesel::delete(old).execute(conn)?)
}

fn count(of: &SecretDigest, (began_at, letters): (i64, i64)) -> Result<Count, StoreError> {
    let row = of.to_text();
    let read = Reading { table: "letter_count", row: &row };
    Ok(Count { began_at: read.at("began_at", began_at)?, letters: read.count("letters", letters)? })
}
