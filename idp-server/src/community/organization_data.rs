//! An organization's data are changed, or asked to be (R14).

use std::collections::BTreeMap;

use idp_core::{
    community::{
        organization_data::{self, Current, Guarded, Refusal},
        permission::{Action, Denied},
        registration::Details,
        ticket::{Requester, TicketKind},
    },
    ids::OrganizationId,
};
use serde_json::json;

use super::{
    About, Office,
    tickets::{self, NewTicket},
};
use crate::store::{
    AnyConn, StoreError,
    organization::{self, Contact},
    search,
};

/// What came of new data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Whether something is changed already.
    pub now: bool,
    /// What Support was asked for.
    pub asked: Vec<Guarded>,
}

/// An organization's data as they are; `None`: there is no such organization.
///
/// # Errors
/// [`StoreError`].
pub fn current(conn: &mut AnyConn, of: &OrganizationId) -> Result<Option<Current>, StoreError> {
    let Some(organization) = organization::find(conn, of)? else { return Ok(None) };
    let (phone, address) = search::listed(conn, of)?;
    Ok(Some(Current { organization, address, phone }))
}

/// Changes an organization's data as far as whoever acts may, and asks Support for the rest with a
/// ticket.
///
/// # Errors
/// [`StoreError`].
pub fn change(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    wanted: &Details,
    reason: Option<String>,
) -> Result<Result<Changed, Refusal>, StoreError> {
    organization::lock(conn, of)?;
    let before = current(conn, of)?;
    let decided = match before.clone() {
        Some(current) => organization_data::change(current, wanted.clone(), &office.actor),
        None => Err(Denied::NotFound.into()),
    };
    let decision = match decided {
        Ok(decision) => decision,
        Err(refusal) => {
            if let Refusal::Denied(denied) = refusal {
                office.refused(conn, Action::ChangeOrganization, denied)?;
            }
            return Ok(Err(refusal));
        }
    };
    let asked = decision.asked;
    let changed = Changed { now: decision.now.is_some(), asked: asked.clone() };
    if let Some(outcome) = decision.now {
        let Current { organization: after, address, phone } = outcome.state.clone();
        organization::rename(conn, &after, office.now)?;
        organization::set_contact(conn, of, &Contact { address, phone })?;
        let about = About {
            organization: Some(of.clone()),
            before: before.as_ref().map(told),
            after: Some(told(&outcome.state)),
            reason,
            ..About::default()
        };
        office.carry_out(conn, outcome, &about)?;
    }
    if !asked.is_empty()
        && let Err(denied) = ask(conn, office, of, organization_data::wanted(wanted, &asked))?
    {
        return Ok(Err(denied.into()));
    }
    Ok(Ok(changed))
}

/// What the audit record says of an organization's data: whoever asks later what number Support called
/// back at finds it there. An organization's address and telephone are nobody's personal data.
fn told(data: &Current) -> serde_json::Value {
    json!({
        "name": data.organization.name,
        "npi": data.organization.npi,
        "address": data.address,
        "phone": data.phone,
    })
}

/// Asks Support for what an Administrator does not change alone.
fn ask(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    wanted: Vec<(&'static str, String)>,
) -> Result<Result<(), Denied>, StoreError> {
    let requester = match office.actor.person() {
        Some(who) => Requester::Subscriber(who.clone()),
        None => Requester::Hilum,
    };
    let details: BTreeMap<String, String> =
        wanted.into_iter().map(|(field, value)| (format!("new_{field}"), value)).collect();
    let new = NewTicket {
        kind: TicketKind::Contact,
        requester,
        organization: Some(of.clone()),
        regarding: None,
        details,
        message: None,
        language: None,
    };
    Ok(tickets::open(conn, office, &new)?.map(drop))
}
