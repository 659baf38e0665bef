//! What organizations are reminded of: a second Administrator (R12), and the yearly look at their data
//! and their people (R14). And the wishes to close one on which nobody decided in time.

use idp_core::{
    community::{organization_life, promotion},
    ids::OrganizationId,
};

use super::Work;
use crate::{
    community::{About, Office, accounts, own_organization},
    store::{AnyConn, StoreError, organization, place::Place, reminder},
};

/// Since when an organization has fewer Administrators than it should have is kept under this.
const TOO_FEW: &str = "administrators-too-few";

/// Notes the wishes to close an organization that are over by date. `false`: it was cut short.
pub(super) async fn let_closings_lapse(work: &Work<'_>) -> Result<bool, StoreError> {
    let lapse = |conn: &mut AnyConn, office: &Office, wish: &Place<OrganizationId>| {
        own_organization::let_closing_lapse(conn, office, &wish.id)
    };
    work.each(organization::to_be_closed, lapse).await
}

/// Reminds whoever has a reason to be. `false`: it was cut short.
pub(super) async fn remind_all(work: &Work<'_>) -> Result<bool, StoreError> {
    work.each(organization::active_after, look_at).await
}

fn look_at(conn: &mut AnyConn, office: &Office, id: &OrganizationId) -> Result<(), StoreError> {
    let Some(body) = organization::body(conn, id)? else { return Ok(()) };
    office.remind(conn, ("confirm", id.as_str()), &About::default(), |told_at| {
        organization_life::confirmation_due(&body, told_at, office.now)
    })?;
    if let Some(review) = organization::review(conn, id)? {
        office.remind(conn, ("people-review", id.as_str()), &About::default(), |told_at| {
            review.reminder(id, told_at, office.now)
        })?;
    }
    let administrators = accounts::administrators(conn, office, id)?;
    if administrators.len() >= promotion::WANTED {
        return reminder::forget(conn, TOO_FEW, id.as_str());
    }
    let since = reminder::known_since(conn, TOO_FEW, id.as_str(), office.now)?;
    office.remind(conn, ("one-administrator", id.as_str()), &About::default(), |told_at| {
        promotion::reminder(&administrators, id.clone(), since, told_at, office.now)
    })
}
