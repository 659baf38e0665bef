//! The answer that an organization owes about a number that somebody else asks for: its Administrators
//! are reminded. That their time is over needs no job: the desk's lists say so by date.

use super::Work;
use crate::{
    community::{About, Office},
    store::{
        AnyConn, StoreError,
        tax_id_claim::{self, Asked},
    },
};

/// Reminds them. `false`: it was cut short.
pub(super) async fn remind_owners(work: &Work<'_>) -> Result<bool, StoreError> {
    let find = |conn: &mut AnyConn, after: Option<&Asked>, most: i64| {
        let after = after.map(|last| (last.claim.answer_due_at, &last.id));
        tax_id_claim::all_asked(conn, after, most)
    };
    work.each(find, remind).await
}

fn remind(conn: &mut AnyConn, office: &Office, asked: &Asked) -> Result<(), StoreError> {
    // It may have been answered since the list was read.
    let Some(fingerprint) = tax_id_claim::fingerprint_by_id(conn, &asked.id)? else {
        return Ok(());
    };
    tax_id_claim::lock(conn, &fingerprint, office.now)?;
    let Some(Asked { id, owner, claim }) = tax_id_claim::asked_by_id(conn, &asked.id)? else {
        return Ok(());
    };
    let about = About { organization: Some(owner.clone()), ..About::default() };
    office.remind(conn, ("tax-id-answer", id.as_str()), &about, |told_at| {
        claim.reminder(&owner, &office.registry.rules, told_at, office.now)
    })
}
