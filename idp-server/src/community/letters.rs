//! Counting the letters that ask people to act for an organization, in the transaction that writes
//! them (security 22.2).

use idp_core::{
    community::letters::{Count, Counted, TooMany},
    ids::OrganizationId,
    secret::SecretDigest,
};

use super::Office;
use crate::store::{AnyConn, StoreError, letter_count};

/// Counts one letter to `to` that `of` has written. Who is refused has nothing counted.
///
/// # Errors
/// [`StoreError`].
pub(super) fn write_to(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    to: Counted<'_>,
) -> Result<Result<(), TooMany>, StoreError> {
    // The organization first, here and in an import: who waits for each other would wait for good.
    let all = Counted::Organization(of);
    let (all, to) = (judge(conn, office, all, 1)?, judge(conn, office, to, 1)?);
    let (all, to) = match (all, to) {
        (Ok(all), Ok(to)) => (all, to),
        (_, Err(refusal)) | (Err(refusal), Ok(_)) => return Ok(Err(refusal)),
    };
    all.save(conn)?;
    to.save(conn)?;
    Ok(Ok(()))
}

/// Counts `letters` under one thing only: an import counts what the organization has written once,
/// and what each person gets with their row.
///
/// # Errors
/// [`StoreError`].
pub(super) fn count(
    conn: &mut AnyConn,
    office: &Office,
    counted: Counted<'_>,
    letters: u32,
) -> Result<Result<(), TooMany>, StoreError> {
    match judge(conn, office, counted, letters)? {
        Ok(judged) => judged.save(conn).map(Ok),
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// What a count becomes, and where it is kept.
struct Judged {
    of: SecretDigest,
    count: Count,
}

impl Judged {
    fn save(self, conn: &mut AnyConn) -> Result<(), StoreError> {
        letter_count::save(conn, &self.of, self.count)
    }
}

fn judge(
    conn: &mut AnyConn,
    office: &Office,
    counted: Counted<'_>,
    letters: u32,
) -> Result<Result<Judged, TooMany>, StoreError> {
    let of = counted.digest();
    let before = letter_count::load_for_update(conn, &of, office.now)?;
    Ok(counted.count(before, letters, office.now).map(|count| Judged { of, count }))
}
