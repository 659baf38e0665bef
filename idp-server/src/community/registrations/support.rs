//! What Support decides about registrations, what it looks at for that, and what falls due.

use idp_core::{
    community::{
        identity_proof::{self, Judgement, Proofing},
        news::{News, Recipient},
        notary_reference::NotaryReference,
        registration::{
            self, ABANDONED_AFTER, Availability, Comes, Command, First, Registrant, Registration,
            Seat, Stage, Work,
        },
        subscriber::{AccountStatus, Subscriber},
        tax_id_entry::Prefix,
        ticket::{Message, Regarding},
        told::Link,
    },
    ids::{NominationId, OrganizationId, RegistrationId, SubscriberId},
};

use super::{Decided, NOT_FOUND, load_for_update, reader, steps::availability, transition};
use crate::{
    community::{
        About, Done, Office, nomination,
        registry::{File, Joined},
    },
    mail::Extras,
    store::{
        AnyConn, StoreError, Taken, email_change, nomination as nominations, promotion,
        registration as store, subscriber, tax_id_claim,
    },
};

/// How many are erased in one transaction.
const AT_ONCE: i64 = 100;

/// What Support says of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The organization takes part.
    Approve,
    /// Likewise, and the first two digits of its number, which are not in the table, are accepted for
    /// this reason.
    ApprovePrefix(String),
    /// It does not, for a reason that the registrant is told.
    Reject(Message),
}

/// Decides about a registration. If its number was given to somebody else meanwhile, an approval
/// leads back into the questions about the number: look at the stage of what comes back.
///
/// # Errors
/// [`StoreError`].
pub fn decide_registration(
    conn: &mut AnyConn,
    office: &Office,
    id: &RegistrationId,
    decision: Decision,
) -> Result<Decided<Done<Registration>>, StoreError> {
    let Some(file) = load_for_update(conn, office, id)? else { return Ok(Err(NOT_FOUND)) };
    let reason = match decision {
        Decision::Approve => return approve(conn, office, file, ""),
        Decision::ApprovePrefix(reason) => return approve(conn, office, file, &reason),
        Decision::Reject(reason) => reason,
    };
    transition(conn, office, file, Command::Reject(reason), Extras::default())
}

fn approve(
    conn: &mut AnyConn,
    office: &Office,
    mut file: File,
    prefix_reason: &str,
) -> Result<Decided<Done<Registration>>, StoreError> {
    let id = &file.registration.id;
    let Stage::Review(applicant, signed, proof) = file.registration.stage.clone() else {
        return Ok(Err(registration::Refusal::OutOfOrder.into()));
    };
    let fingerprint = office.registry.numbers.fingerprint(&applicant.number);
    // From here on nobody else is given the number.
    tax_id_claim::lock(conn, &fingerprint, office.now)?;
    let availability = availability(conn, office, id, &applicant.number)?;
    let open = availability == Availability::Open;
    let prefix = Prefix::of(&applicant.number, &office.registry.prefixes, prefix_reason);
    file.joined = open.then(|| Joined { applicant, signed, proof });
    let organization = OrganizationId::from_random(office.random.bytes());
    let registrant = registrant(conn, office, &file.registration)?;
    let mail = match registrant.clone().first(file.registration.work.as_ref()) {
        Ok(first) if open => how_they_get_in(&file, &organization, first),
        // Then nothing is opened, and the letter says something else or is none.
        Ok(_) | Err(_) => Extras::default(),
    };
    let command = Command::Approve { organization, availability, prefix, registrant };
    transition(conn, office, file, command, mail)
}

/// What the letter of an approval says of the account. Somebody without one in use takes one over,
/// by a nomination named after the organization.
fn how_they_get_in(file: &File, organization: &OrganizationId, first: First) -> Extras {
    let link = match first.comes {
        Comes::ByNomination => Some(Link::Activate {
            nomination: first_nomination(organization),
            key: file.link.clone(),
        }),
        Comes::WithAccount => None,
    };
    Extras { link, user_id: Some(first.user_id), ..Extras::default() }
}

/// Who the registrant is, as the community knows them now.
fn registrant(
    conn: &mut AnyConn,
    office: &Office,
    registration: &Registration,
) -> Result<Registrant, StoreError> {
    let contact = &registration.contact;
    let by_address = subscriber::by_email(conn, &contact.email)?;
    let known = match &registration.registrant {
        Some(who) => subscriber::find(conn, who)?,
        None => by_address.clone(),
    };
    let nobody = SubscriberId::from_random(office.random.bytes());
    let own = known.as_ref().map_or(&nobody, |known| &known.id);
    let npi = registration.work.as_ref().and_then(Work::npi);
    if !nomination::npi_is_free(conn, office, npi, own)? {
        return Ok(Registrant::NpiTaken);
    }
    if let Some(known) = &known
        && matches!(known.status, AccountStatus::Active | AccountStatus::Dormant)
    {
        return Ok(of_account(known));
    }
    // Whoever does not come with an account in use needs the address, and needs it alone.
    if !email_change::is_free(conn, &contact.email, own, office.now)? {
        return Ok(Registrant::Unclear);
    }
    if nomination::waits_for(conn, office, &contact.email)? {
        return Ok(Registrant::Nominated);
    }
    if let Some(known) = &known {
        return Ok(of_account(known));
    }
    let proposed = nomination::proposed_user_id(conn, &contact.given_name, &contact.family_name)?;
    let user_id = proposed.ok_or(StoreError::Conflict(Taken::UserId))?;
    Ok(Registrant::New { id: nobody, user_id })
}

fn of_account(account: &Subscriber) -> Registrant {
    let Subscriber { id, user_id, status, npi, .. } = account;
    let (id, user_id, npi) = (id.clone(), user_id.clone(), npi.clone());
    Registrant::Known { id, user_id, status: *status, npi }
}

/// How the first Administrator of this organization gets in now.
///
/// # Errors
/// [`StoreError`].
pub fn first_seat(
    conn: &mut AnyConn,
    office: &Office,
    organization: &OrganizationId,
) -> Result<Seat, StoreError> {
    let found = nominations::find(conn, &first_nomination(organization))?;
    Ok(Seat::of(found.map(|record| record.nomination), office.now))
}

/// The identifier of the nomination of an organization's first Administrator.
#[must_use]
pub fn first_nomination(organization: &OrganizationId) -> NominationId {
    let suffix = organization.as_str().strip_prefix(OrganizationId::PREFIX).unwrap_or_default();
    let id = [NominationId::PREFIX, suffix].concat().parse();
    // What follows the prefix of one identifier may follow that of any other.
    id.unwrap_or_else(|_| NominationId::from_random([0; 16]))
}

/// Judges a notary's form that has come.
///
/// # Errors
/// [`StoreError`].
pub fn judge_notary(
    conn: &mut AnyConn,
    office: &Office,
    id: &RegistrationId,
    judgement: Judgement,
) -> Result<Decided<Done<Registration>>, StoreError> {
    let Some(file) = load_for_update(conn, office, id)? else { return Ok(Err(NOT_FOUND)) };
    let command = Command::Prove(identity_proof::Command::Judge(judgement));
    transition(conn, office, file, command, Extras::default())
}

/// Where the notary's form of this number is judged. The number says nothing of what the form is for,
/// and whoever types it off paper need not know.
///
/// # Errors
/// [`StoreError`].
pub fn of_notarys_form(
    conn: &mut AnyConn,
    office: &Office,
    reference: &NotaryReference,
) -> Result<Option<Regarding>, StoreError> {
    if let Some(sealed) = store::by_notary_reference(conn, reference)? {
        let found = office.registry.open(&sealed)?.registration;
        return Ok(Some(Regarding::Registration(found.id)));
    }
    let promotion = promotion::by_notary_reference(conn, reference)?;
    Ok(promotion.map(|promotion| Regarding::Promotion(promotion.id)))
}

/// The filter for all that is not over.
pub const OPEN: &str = "open";

/// The stages that a filter means: [`OPEN`] for all that is not over, or one of them; nothing said: what
/// waits for a decision. `None`: there is no such filter.
#[must_use]
pub fn stages(filter: &str) -> Option<Vec<&'static str>> {
    let wanted = if filter.is_empty() { "review" } else { filter };
    let open = Stage::OPEN.into_iter().filter(|code| wanted == OPEN || wanted == *code);
    Some(open.collect()).filter(|found: &Vec<_>| !found.is_empty())
}

/// At most `limit` registrations that are sought, which have waited the longest first; the list goes
/// on after `after`.
///
/// # Errors
/// [`StoreError`].
pub fn list(
    conn: &mut AnyConn,
    office: &Office,
    sought: &store::Sought,
    after: Option<&store::After>,
    limit: i64,
) -> Result<Vec<Registration>, StoreError> {
    let found = store::list(conn, sought, after, limit)?;
    found.iter().map(|sealed| Ok(office.registry.open(sealed)?.registration)).collect()
}

/// Erases what nobody went on with for 30 days, and what came to nothing that long ago; says how
/// many. Call it again while it says more than none.
///
/// # Errors
/// [`StoreError`].
pub fn erase_due(conn: &mut AnyConn, office: &Office) -> Result<usize, StoreError> {
    let due = store::not_moved_since(conn, office.now - ABANDONED_AFTER, AT_ONCE)?;
    let mut erased = 0;
    for id in due {
        let Some(file) = load_for_update(conn, office, &id)? else { continue };
        if transition(conn, office, file, Command::Erase, Extras::default())?.is_ok() {
            tax_id_claim::forget(conn, &id)?;
            store::remove(conn, &id)?;
            erased += 1;
        }
    }
    Ok(erased)
}

/// Reminds a registrant of the notary's form, at 7 and at 21 days.
///
/// # Errors
/// [`StoreError`].
pub fn remind_of_notary(
    conn: &mut AnyConn,
    office: &Office,
    registration: &Registration,
) -> Result<(), StoreError> {
    let Some(Proofing::AtNotary { reference, since }) = registration.proofing() else {
        return Ok(());
    };
    let mail = Extras { reader: Some(reader(registration)), ..Extras::default() };
    let about = About { mail, ..About::default() };
    office.remind(conn, ("notary", registration.id.as_str()), &about, |told_at| {
        let proofing = registration.proofing()?;
        proofing.reminder(told_at, office.now)?;
        let until = *since + identity_proof::NOTARY_LASTS;
        let news = News::NotaryReminder { reference: reference.to_string(), until };
        Some((Recipient::Registrant(registration.id.clone()), news))
    })
}
