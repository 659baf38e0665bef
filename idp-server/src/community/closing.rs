//! What an organization leaves behind when it has left (domain 4.1).
//!
//! That it is closed holds at once, whatever of this is done: nobody acts for it, none of its systems
//! gets a token, no nomination, offer or request of it can be taken up. This frees its numbers and
//! writes the rest down, each thing by the command of its own life. The first [`AT_ONCE`] of each kind
//! go with the closing itself; what a large organization has beyond that follows in transactions of
//! their own ([`crate::jobs`]), and whoever comes next goes on where one was killed.

use idp_core::{
    community::{actor::Actor, organization_life::State},
    ids::OrganizationId,
};

use super::{
    Office, access, affiliation, further_numbers, nomination, promotion, systems, tax_ids,
};
use crate::store::{AnyConn, StoreError, organization};

/// How many of each kind are brought to an end in one transaction.
const AT_ONCE: i64 = 100;

/// Brings what is left of a closed organization to an end, or some of it. Ring
/// [`crate::app::App::outbox`] after the commit.
///
/// # Errors
/// [`StoreError`].
pub fn dissolve(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
) -> Result<(), StoreError> {
    organization::lock(conn, of)?;
    let closed = organization::body(conn, of)?.is_some_and(|body| body.state == State::Closed);
    if !closed {
        return Ok(());
    }
    let rules = Actor::Job("organization-closing");
    let office = Office { actor: rules, session: None, ..office.clone() };
    // What its Administrators hear of comes first, while there are some.
    tax_ids::dissolve(conn, &office, of)?;
    further_numbers::dissolve(conn, &office, of)?;
    systems::dissolve(conn, &office, of)?;
    let done = [
        promotion::dissolve(conn, &office, of, AT_ONCE)?,
        nomination::dissolve(conn, &office, of, AT_ONCE)?,
        access::dissolve(conn, &office, of, AT_ONCE)?,
        affiliation::dissolve(conn, &office, of, AT_ONCE)?,
    ];
    let more = done.into_iter().any(|done| i64::try_from(done).is_ok_and(|done| done >= AT_ONCE));
    organization::set_dissolving(conn, of, more)
}
