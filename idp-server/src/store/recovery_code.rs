//! Recovery codes: each works once, and a new set takes the place of the old one (security 18.8).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{ids::SubscriberId, secret::SecretDigest};

use super::{AnyConn, StoreError, column::millis, connection::on_either, schema::recovery_code};

/// Puts a new set in the place of whatever was there.
///
/// # Errors
/// [`StoreError`].
pub fn replace(
    conn: &mut AnyConn,
    person: &SubscriberId,
    digests: &[SecretDigest],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    remove_all(conn, person)?;
    for digest in digests {
        let code = (
            recovery_code::digest.eq(digest.as_bytes().as_slice()),
            recovery_code::subscriber_id.eq(person.as_str()),
            recovery_code::made_at.eq(millis(now)),
        );
        diesel::insert_into(recovery_code::table).values(code).execute(conn)?;
    }
    Ok(())
}

/// Uses a code up: of all who come with it, at any node, only the first is told `true`.
///
/// # Errors
/// [`StoreError`].
pub fn redeem(
    conn: &mut AnyConn,
    person: &SubscriberId,
    digest: &SecretDigest,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let unused = recovery_code::table
        .find(digest.as_bytes().as_slice())
        .filter(recovery_code::subscriber_id.eq(person.as_str()))
        .filter(recovery_code::used_at.is_null());
    let used = recovery_code::used_at.eq(millis(now));
    Ok(diesel::update(unused).set(used).execute(conn)? == 1)
}

/// How many codes of a person are unused.
///
/// # Errors
/// [`StoreError`].
pub fn left(conn: &mut AnyConn, person: &SubscriberId) -> Result<u32, StoreError> {
    let unused = recovery_code::table
        .filter(recovery_code::subscriber_id.eq(person.as_str()))
        .filter(recovery_code::used_at.is_null())
        .count();
    let unused: i64 = on_either!(conn, c => unused.get_result(c))?;
    Ok(u32::try_from(unused).unwrap_or(u32::MAX))
}

/// Removes all codes of a person, used or not.
///
/// # Errors
/// [`StoreError`].
pub fn remove_all(conn: &mut AnyConn, person: &SubscriberId) -> Result<(), StoreError> {
    let own = recovery_code::table.filter(recovery_code::subscriber_id.eq(person.as_str()));
    diesel::delete(own).execute(conn)?;
    Ok(())
}

/// Removes the codes of a person that were made since a moment, used or not.
///
/// # Errors
/// [`StoreError`].
pub fn remove_since(
    conn: &mut AnyConn,
    person: &SubscriberId,
    since: DateTime<Utc>,
) -> Result<(), StoreError> {
    let young = recovery_code::table
        .filter(recovery_code::subscriber_id.eq(person.as_str()))
        .filter(recovery_code::made_at.ge(millis(since)));
    diesel::delete(young).execute(conn)?;
    Ok(())
}
