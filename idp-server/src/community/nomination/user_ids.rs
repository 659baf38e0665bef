//! Which User ID a nominee gets.

use idp_core::community::{nomination::Nominee, subscriber::UserId, user_id_proposal::proposals};

use crate::store::{AnyConn, StoreError, nomination as stored};

/// How many proposals of a User ID are looked up at once.
const LOOKED_UP: usize = 50;

/// The User ID that was wished for if it is free; without a wish the first proposal that is.
pub(in crate::community) fn free_user_id(
    conn: &mut AnyConn,
    nominee: &Nominee,
) -> Result<Option<UserId>, StoreError> {
    if let Some(wished) = &nominee.user_id {
        let taken = stored::taken_among(conn, std::slice::from_ref(wished))?;
        return Ok(taken.is_empty().then(|| wished.clone()));
    }
    proposed_user_id(conn, &nominee.given_name, &nominee.family_name)
}

/// The first proposal of a User ID for this name that nobody has and nobody waits for.
pub(in crate::community) fn proposed_user_id(
    conn: &mut AnyConn,
    given_name: &str,
    family_name: &str,
) -> Result<Option<UserId>, StoreError> {
    let mut all = proposals(given_name, family_name);
    loop {
        let some: Vec<UserId> = all.by_ref().take(LOOKED_UP).collect();
        if some.is_empty() {
            return Ok(None);
        }
        let taken = stored::taken_among(conn, &some)?;
        let free = some.into_iter().find(|id| !taken.iter().any(|taken| taken == id.as_str()));
        if free.is_some() {
            return Ok(free);
        }
    }
}
