//! The organization comes into being: with its number, and with whoever registered it as its first
//! Administrator ([`Effect::OpenOrganization`](idp_core::community::outcome::Effect)).

use idp_core::{
    authentication::mailed_code::LinkKey,
    community::{
        affiliation::AffiliationStatus,
        organization::{Organization, OrganizationStatus},
        organization_life::{Body, State},
        registration::{ACCESS_LEVEL, Comes, First, FirstAdministrator, Registration, Stage, Work},
        subscriber::Subscriber,
        tax_id_registry::{Command, Held, Holding},
    },
    ids::{AffiliationId, OrganizationId, RegistrationId, SubscriberId, TaxIdId},
};

use super::{load_for_update, support::first_nomination};
use crate::{
    community::{
        Office, nomination,
        registry::{File, Joined},
        tax_ids,
    },
    store::{
        AnyConn, StoreError, Taken,
        affiliation::{self, AffiliationRecord},
        nomination::Details,
        organization, subscriber, tax_id_claim,
    },
};

/// Makes the organization of a registration that was approved.
///
/// # Errors
/// [`StoreError::Conflict`] if the number is somebody else's: the approval made sure that it is not.
pub(crate) fn open_organization(
    conn: &mut AnyConn,
    office: &Office,
    (id, first): (&OrganizationId, &First),
    from: &RegistrationId,
) -> Result<(), StoreError> {
    let file = load_for_update(conn, office, from)?;
    let Some(File { joined: Some(joined), registration, link }) = file else { return Ok(()) };
    let details = &joined.applicant.details;
    let new = Organization {
        id: id.clone(),
        name: details.name.clone(),
        parent: None,
        npi: details.npi.clone(),
        status: OrganizationStatus::Active,
    };
    organization::insert(conn, &new, false, office.now)?;
    let contact = organization::Contact {
        address: Some(details.address.clone()),
        phone: Some(details.phone.clone()),
    };
    organization::set_contact(conn, id, &contact)?;
    let (state, confirmed_at) = (State::Active, office.now);
    let body = Body { id: id.clone(), state, closing: None, confirmed_at };
    organization::set_body(conn, &body, office.now)?;
    register_number(conn, office, id, from, &joined)?;
    match first.comes {
        // They have an account, and act for the organization at once (R72).
        Comes::WithAccount => affiliate(conn, office, (id, &first.id), registration.work.as_ref()),
        Comes::ByNomination => nominate_first(conn, office, (id, first), &registration, &link),
    }
}

fn register_number(
    conn: &mut AnyConn,
    office: &Office,
    organization: &OrganizationId,
    from: &RegistrationId,
    joined: &Joined,
) -> Result<(), StoreError> {
    let number = &joined.applicant.number;
    let fingerprint = office.registry.numbers.fingerprint(number);
    // A number that is handed over keeps its name, and with it who may act under it.
    let id = match tax_ids::holding_for_update(conn, office, &fingerprint)? {
        Holding::Held(Held { id, .. }) => id,
        Holding::Free | Holding::Reserved { .. } => TaxIdId::from_random(office.random.bytes()),
    };
    let others = tax_id_claim::others(conn, organization, &id)?;
    let (organization, registration) = (organization.clone(), Some(from.clone()));
    let command = Command::Register { id, organization, registration, others };
    match tax_ids::transition(conn, office, (&fingerprint, Some(number)), command)? {
        Ok(_) => Ok(()),
        Err(why) => {
            tracing::error!(%why, registration = %from, "an approved number is refused");
            Err(StoreError::Conflict(Taken::TaxId))
        }
    }
}

/// Makes somebody with an account the first Administrator, who does what they said there.
fn affiliate(
    conn: &mut AnyConn,
    office: &Office,
    (organization, who): (&OrganizationId, &SubscriberId),
    work: Option<&Work>,
) -> Result<(), StoreError> {
    if let Some(npi) = work.and_then(Work::npi)
        && let Some(account) = subscriber::load_for_update(conn, who)?
        && account.npi.is_none()
    {
        let npi = Some(npi.clone());
        subscriber::update(conn, &Subscriber { npi, updated_at: office.now, ..account })?;
    }
    let new = AffiliationRecord {
        id: AffiliationId::from_random(office.random.bytes()),
        subscriber: who.clone(),
        organization: organization.clone(),
        status: AffiliationStatus::Active,
        roles: work.map(Work::roles).cloned().unwrap_or_default(),
        role_details: work.map(Work::role_details).cloned().unwrap_or_default(),
        administrator: true,
        access_level: ACCESS_LEVEL,
        tax_ids: None,
        since: office.now.date_naive(),
    };
    affiliation::insert(conn, &new)
}

/// Lets somebody without an account in use take one over, by the code of the wizard and the link
/// that the mail of the approval has.
fn nominate_first(
    conn: &mut AnyConn,
    office: &Office,
    (organization, first): (&OrganizationId, &First),
    registration: &Registration,
    link: &LinkKey,
) -> Result<(), StoreError> {
    let (contact, work) = (&registration.contact, registration.work.as_ref());
    let new = FirstAdministrator {
        nomination: first_nomination(organization),
        affiliation: AffiliationId::from_random(office.random.bytes()),
        subscriber: first.id.clone(),
        user_id: first.user_id.clone(),
        link: link.digest(),
    };
    let approved =
        Registration { stage: Stage::Approved(organization.clone()), ..registration.clone() };
    let Some(nominated) = approved.first_nomination(new, office.now) else { return Ok(()) };
    let details = Details {
        given_name: contact.given_name.clone(),
        family_name: contact.family_name.clone(),
        phone: Some(contact.phone.clone()),
        language: contact.language.clone(),
        roles: work.map(Work::roles).cloned().unwrap_or_default(),
        role_details: work.map(Work::role_details).cloned().unwrap_or_default(),
        access_level: ACCESS_LEVEL,
        tax_ids: None,
        reason: work.and_then(Work::reason).map(str::to_owned),
        administrator: true,
        identity: None,
    };
    let known_by = (&contact.email, work.and_then(Work::npi));
    nomination::first(conn, office, nominated, known_by, details)
}
