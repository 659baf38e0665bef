//! The yearly look at an organization's people (R14).

use idp_core::{
    community::{
        people_review::{self, Refusal, Review},
        permission::{Action, Denied},
    },
    ids::{AffiliationId, OrganizationId},
};
use serde_json::json;

use super::{About, Office, accounts, affiliation::load, nomination::administrator};
use crate::store::{AnyConn, StoreError, affiliation, attention, organization};

/// Confirms that these people are still there and keep what they have; says for how many. Whoever
/// left meanwhile, or is the Administrator themselves, is passed over.
///
/// # Errors
/// [`StoreError`].
pub fn keep(
    conn: &mut AnyConn,
    office: &Office,
    ids: &[AffiliationId],
) -> Result<Result<usize, Denied>, StoreError> {
    let of = match administrator(office) {
        Ok((_, of)) => of.clone(),
        Err(denied) => return Ok(Err(denied)),
    };
    let mut kept = 0;
    for id in ids {
        // Another organization's is not there, and that somebody asked is written down.
        let own = affiliation::find(conn, id)?.filter(|record| record.organization == of);
        let Some(record) = own else {
            office.refused(conn, Action::ReviewPeople, Denied::NotFound)?;
            return Ok(Err(Denied::NotFound));
        };
        let Some(loaded) = load(conn, office, (&of, &record.subscriber))? else { continue };
        match people_review::keep(&loaded.affiliation, &office.actor, office.now) {
            Ok(outcome) => {
                affiliation::set_reviewed(conn, &outcome.state)?;
                let about = About {
                    subject: Some(loaded.person.id),
                    after: Some(json!({
                        "affiliation": id,
                        "roles": loaded.record.roles,
                        "administrator": loaded.record.administrator,
                    })),
                    ..About::default()
                };
                office.carry_out(conn, outcome, &about)?;
                kept += 1;
            }
            Err(Refusal::Denied(denied)) => office.refused(conn, Action::ReviewPeople, denied)?,
            Err(Refusal::OutOfOrder | Refusal::PeopleLeft) => {}
        }
    }
    Ok(Ok(kept))
}

/// Says that everybody was looked at.
///
/// # Errors
/// [`StoreError`].
pub fn finish(conn: &mut AnyConn, office: &Office) -> Result<Result<Review, Refusal>, StoreError> {
    let of: OrganizationId = match administrator(office) {
        Ok((_, of)) => of.clone(),
        Err(denied) => return Ok(Err(denied.into())),
    };
    organization::lock(conn, &of)?;
    let Some(review) = organization::review(conn, &of)? else {
        return Ok(Err(Denied::NotFound.into()));
    };
    let waiting = attention::waiting_in_review(conn, &of, review)?;
    let administrators = accounts::administrators(conn, office, &of)?;
    let decided =
        people_review::finish(review, &of, &waiting, &administrators, &office.actor, office.now);
    match decided {
        Err(refusal) => Ok(Err(refusal)),
        Ok(outcome) => {
            organization::set_review(conn, &of, outcome.state)?;
            Ok(Ok(office.carry_out(conn, outcome, &About::default())?.state))
        }
    }
}
