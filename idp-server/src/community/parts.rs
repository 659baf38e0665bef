//! Parts of an organization: facilities that act in their own name (domain 3.1, 4.1).

use std::collections::BTreeSet;

use idp_core::{
    community::{
        affiliation::{AccessLevel, AffiliationStatus},
        organization_life::{Body, Part, Refusal, State, add_part},
        permission::{Action, Denied},
    },
    ids::{AffiliationId, OrganizationId},
};
use serde_json::json;

use super::{About, Office, nomination::administrator};
use crate::store::{
    AnyConn, StoreError,
    affiliation::{self, AffiliationRecord},
    organization,
};

/// Adds a part to the organization of the office. Whoever adds it is its first Administrator.
///
/// # Errors
/// [`StoreError`].
pub fn add(
    conn: &mut AnyConn,
    office: &Office,
    part: Part,
) -> Result<Result<OrganizationId, Refusal>, StoreError> {
    let (who, of) = match administrator(office) {
        Ok((who, of)) => (who.clone(), of.clone()),
        Err(denied) => return Ok(Err(denied.into())),
    };
    organization::lock(conn, &of)?;
    let Some(whole) = organization::find(conn, &of)? else {
        return Ok(Err(Denied::NotFound.into()));
    };
    let id = OrganizationId::from_random(office.random.bytes());
    let Part { name, npi } = part;
    let outcome = match add_part(&whole, id.clone(), name, npi, &office.actor) {
        Ok(outcome) => outcome,
        Err(refusal) => {
            if let Refusal::Denied(denied) = refusal {
                office.refused(conn, Action::RegisterPart, denied)?;
            }
            return Ok(Err(refusal));
        }
    };
    let added = outcome.state.clone();
    organization::insert(conn, &added, false, office.now)?;
    let body =
        Body { id: id.clone(), state: State::Active, closing: None, confirmed_at: office.now };
    organization::set_body(conn, &body, office.now)?;
    let first = AffiliationRecord {
        id: AffiliationId::from_random(office.random.bytes()),
        subscriber: who.clone(),
        organization: id.clone(),
        status: AffiliationStatus::Active,
        roles: BTreeSet::new(),
        role_details: BTreeSet::new(),
        administrator: true,
        access_level: AccessLevel::CommunityStandard,
        tax_ids: None,
        since: office.now.date_naive(),
    };
    affiliation::insert(conn, &first)?;
    let about = About {
        organization: Some(id.clone()),
        subject: Some(who),
        after: Some(json!({ "name": added.name, "npi": added.npi, "part_of": of })),
        ..About::default()
    };
    office.carry_out(conn, outcome, &about)?;
    Ok(Ok(id))
}
