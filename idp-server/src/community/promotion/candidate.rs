//! Who can be proposed on a ticket: whoever its form names, or another one who works there.

use idp_core::{
    community::{
        affiliation::AffiliationStatus,
        subscriber::{Subscriber, UserId},
    },
    ids::OrganizationId,
};

use crate::{
    community::Office,
    store::{AnyConn, StoreError, person, search, subscriber},
};

/// Somebody who can be proposed.
#[derive(Debug)]
pub struct Candidate {
    /// Who.
    pub person: Subscriber,
    /// Where they work without being an Administrator: one at least.
    pub organizations: Vec<WorksFor>,
}

/// Where somebody works.
#[derive(Debug)]
pub struct WorksFor {
    /// Which organization.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// The number on file: the only one to call back at.
    pub phone: Option<String>,
}

/// Whoever has this User ID and works somewhere without being an Administrator there.
///
/// # Errors
/// [`StoreError`].
pub fn candidate(
    conn: &mut AnyConn,
    office: &Office,
    user_id: &UserId,
) -> Result<Option<Candidate>, StoreError> {
    let Some(account) = subscriber::for_sign_in(conn, user_id.as_str())? else { return Ok(None) };
    let person = account.subscriber;
    let mut organizations = Vec::new();
    for affiliation in person::affiliations_of(conn, &person.id, &*office.open_ssn)? {
        if affiliation.status == AffiliationStatus::Active && !affiliation.administrator {
            let of = affiliation.organization;
            let (phone, _) = search::listed(conn, &of.id)?;
            organizations.push(WorksFor { id: of.id, name: of.name, phone });
        }
    }
    Ok((!organizations.is_empty()).then_some(Candidate { person, organizations }))
}
