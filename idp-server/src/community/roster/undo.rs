//! Taking an import back, as far as nobody went on from it.

use chrono::{DateTime, Utc};
use idp_core::{
    audit::Kind,
    community::{
        affiliation::Affiliation,
        permission::Denied,
        rights::RightsForm,
        roster::{self, Applied, TakenBack, Undo},
    },
    ids::{OrganizationId, RosterImportId},
};

use super::{Refusal, find};
use crate::{
    community::{Office, affiliation as affiliations, nomination, offer},
    store::{
        AnyConn, StoreError,
        affiliation::{self, AffiliationRecord},
        audit, nomination as nominations, organization,
        roster::{self as stored, Done, Stage},
        tax_id,
    },
};

/// Why rights are given back, for the audit record.
const REASON: &str = "the import of a list was taken back";

/// Withdraws the nominations of an import that nobody took up, takes its offers back that nobody
/// answered, and gives the rights from before to whoever has those of the import still.
///
/// # Errors
/// [`StoreError`].
pub fn take_back(
    conn: &mut AnyConn,
    office: &Office,
    id: &RosterImportId,
) -> Result<Result<TakenBack, Refusal>, StoreError> {
    let Some(import) = find(conn, office, Some(id))? else {
        return Ok(Err(Denied::NotFound.into()));
    };
    let Stage::Imported { at, done, undone: None, .. } = import.stage else {
        return Ok(Err(Refusal::Over));
    };
    if roster::UNDO_WITHIN <= office.now - at {
        return Ok(Err(Refusal::Over));
    }
    let of = &import.organization;
    let mut sum = TakenBack::default();
    for one in done {
        let undo = judge(conn, office, of, (one, at))?;
        let went = match undo {
            Undo::EndProposal(id) => {
                offer::take_back(conn, office, of, &id)?.is_ok().then_some(&mut sum.ended)
            }
            Undo::Restore(before) => {
                restore(conn, office, of, &before)?.then_some(&mut sum.restored)
            }
            Undo::TooLate => None,
            Undo::Withdraw(id) => {
                nomination::withdraw(conn, office, &id, None)?.is_ok().then_some(&mut sum.withdrawn)
            }
        };
        *went.unwrap_or(&mut sum.left) += 1;
    }
    stored::undone(conn, id, &sum, office.now)?;
    let event = office.event(Kind::RosterUndone);
    audit::record(conn, &[event.after(serde_json::json!({ "import": id, "rows": sum }))])?;
    Ok(Ok(sum))
}

/// How one row is taken back.
fn judge(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    (done, at): (Done, DateTime<Utc>),
) -> Result<Undo, StoreError> {
    let joined = |conn: &mut AnyConn, record: AffiliationRecord| {
        let tax_ids = tax_id::acted_under(conn, of, &*office.open_ssn)?;
        Ok::<_, StoreError>(organization::find(conn, of)?.map(|body| record.join(body, tax_ids)))
    };
    let decide = |applied: &Applied, affiliation: Option<&Affiliation>, nomination: Option<&_>| {
        roster::undo(applied, affiliation, nomination, at, office.now)
    };
    match done {
        Done::Asked(id) => {
            let Some(record) = affiliation::find(conn, &id)? else { return Ok(Undo::TooLate) };
            let now_is = joined(conn, record)?;
            Ok(decide(&Applied::Asked(id), now_is.as_ref(), None))
        }
        Done::Changed { before, after } => {
            let now_is = affiliation::find(conn, &after.id)?;
            let Some(now_is) = now_is else { return Ok(Undo::TooLate) };
            let all = (joined(conn, *before)?, joined(conn, *after)?, joined(conn, now_is)?);
            let (Some(before), Some(after), Some(now_is)) = all else { return Ok(Undo::TooLate) };
            let applied = Applied::Changed { before: Box::new(before), after: Box::new(after) };
            Ok(decide(&applied, Some(&now_is), None))
        }
        Done::Nominated(id) => {
            let record = nominations::find_for_update(conn, &id)?;
            let nomination = record.as_ref().map(|record| &record.nomination);
            Ok(decide(&Applied::Nominated(id), None, nomination))
        }
    }
}

/// Gives somebody the rights from before, by the way of the console; `false` if that is not possible.
fn restore(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    before: &Affiliation,
) -> Result<bool, StoreError> {
    let roles: Vec<&str> = before.roles.iter().map(|role| role.code()).collect();
    let role_details: Vec<&str> = before.role_details.iter().map(String::as_str).collect();
    let all = tax_id::acted_under(conn, of, &*office.open_ssn)?;
    let ids: Vec<&str> = before.tax_ids.iter().map(|tax_id| tax_id.id.as_str()).collect();
    let form = RightsForm {
        roles: &roles,
        role_details: &role_details,
        access_level: before.access_level.code(),
        tax_ids: (before.tax_ids.len() < all.len()).then_some(ids.as_slice()),
        reason: REASON,
    };
    Ok(affiliations::change_rights(conn, office, (of, &before.subscriber), (form, ""))?.is_ok())
}
