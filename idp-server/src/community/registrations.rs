//! How an organization joins: the use cases of who registers it, of Support and of a job
//! (domain 3.6, 4.1; security 20.6–20.8).
//!
//! For the registrant: [`begin`], [`enter`], [`describe`], [`answer`], [`tell_work`], [`sign`],
//! [`take_test`], [`go_to_notary`], [`withdraw`]. For the support desk: [`decide_registration`] (approve or
//! reject), [`judge_notary`], and [`find`], [`of_notarys_form`] and [`list`] for its pages.
//! For a job: [`erase_due`], [`remind_of_notary`]. What follows for the number and the organization are effects of these
//! ([`numbers`], [`opening`]), in the same transaction.

mod numbers;
mod opening;
mod steps;
mod support;

pub(super) use numbers::{claim_number, number_kept, number_reserved, withdraw_claim};
pub(super) use opening::open_organization;
pub use steps::{
    Entered, answer, begin, contact_shown, describe, enter, go_to_notary, npi_on_file, sign,
    take_test, tell_work, withdraw,
};
pub use support::{
    Decision, OPEN, decide_registration, erase_due, first_nomination, first_seat, judge_notary,
    list, of_notarys_form, remind_of_notary, stages,
};

use idp_core::{
    community::{
        news::Recipient,
        outcome::Letter,
        permission::Action,
        registration::{self, Command, Registration, Work},
        tax_id_entry::Prefix,
        tax_id_registry,
        ticket::Regarding,
    },
    ids::RegistrationId,
};
use serde_json::json;

use super::{About, Done, Office, registry::File};
use crate::{
    mail::{Extras, Reader},
    store::{AnyConn, StoreError, registration as store, registration::Filed},
};

/// Why nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The registry refuses what would follow for the number.
    #[error(transparent)]
    Number(#[from] tax_id_registry::Refusal),
    /// The registration itself does.
    #[error(transparent)]
    Registration(#[from] registration::Refusal),
}

/// What came of a wish. A refusal is a value, so that what it left in the record is kept.
pub type Decided<T> = Result<T, Refusal>;

/// Finds a registration.
///
/// # Errors
/// [`StoreError`].
pub fn find(
    conn: &mut AnyConn,
    office: &Office,
    id: &RegistrationId,
) -> Result<Option<Registration>, StoreError> {
    let found = store::find(conn, id)?;
    found.map(|sealed| Ok(office.registry.open(&sealed)?.registration)).transpose()
}

/// Loads a registration that nobody else may decide about until the transaction ends.
fn load_for_update(
    conn: &mut AnyConn,
    office: &Office,
    id: &RegistrationId,
) -> Result<Option<File>, StoreError> {
    store::load_for_update(conn, id)?.map(|sealed| office.registry.open(&sealed)).transpose()
}

/// Writes down how far a registration is.
fn save(conn: &mut AnyConn, office: &Office, file: &File) -> Result<(), StoreError> {
    with_filed(office, file, |filed| store::update(conn, filed))
}

fn with_filed(
    office: &Office,
    file: &File,
    keep: impl FnOnce(&Filed<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let registration = &file.registration;
    let number = registration.stage.applicant().map(|applicant| &applicant.number);
    let fingerprint = number.map(|number| office.registry.numbers.fingerprint(number));
    let document = office.registry.seal(file)?;
    keep(&Filed { registration, fingerprint: fingerprint.as_ref(), document: &document })
}

/// One step of a registration that is loaded, with what follows from it.
fn transition(
    conn: &mut AnyConn,
    office: &Office,
    file: File,
    command: Command,
    mail: Extras,
) -> Result<Decided<Done<Registration>>, StoreError> {
    let action = action(&command);
    let reason = reason(&command);
    let File { registration, link, joined } = file;
    let before = registration.stage.code();
    let outcome = match registration::decide(registration, command, &office.actor, office.now) {
        Ok(outcome) => outcome,
        Err(why) => return refuse(conn, office, action, why.into()),
    };
    if let Err(why) = numbers::foresee(conn, office, &outcome)? {
        return refuse(conn, office, action, why.into());
    }
    let file = File { registration: outcome.state.clone(), link, joined };
    save(conn, office, &file)?;
    let about = About {
        before: Some(json!({ "stage": before })),
        reason,
        mail: Extras { reader: Some(reader(&file.registration)), ..mail },
        ..about(&file.registration)
    };
    office.carry_out(conn, outcome, &about).map(Ok)
}

/// What the record says of a registration: which, how far, and with which roles its registrant would
/// begin; nothing of whose it is to be.
fn about(registration: &Registration) -> About {
    let registration::Registration { id, stage, registrant, work, .. } = registration;
    let roles = work.as_ref().map(Work::roles);
    About {
        subject: registrant.clone(),
        regarding: Some(Regarding::Registration(id.clone())),
        after: Some(json!({ "registration": id, "stage": stage.code(), "roles": roles })),
        ..About::default()
    }
}

/// Who reads what is mailed to the registrant.
fn reader(registration: &Registration) -> Reader {
    let contact = &registration.contact;
    Reader::Mailbox {
        address: contact.email.clone(),
        name: Some([&*contact.given_name, &contact.family_name].join(" ")),
        language: contact.language.clone(),
    }
}

/// What letters to a registrant need, for a transition of something else.
///
/// # Errors
/// [`StoreError`].
pub(super) fn reader_of(
    conn: &mut AnyConn,
    office: &Office,
    letters: &[Letter],
) -> Result<Extras, StoreError> {
    let registrant = letters.iter().find_map(|letter| match &letter.to {
        Recipient::Registrant(id) => Some(id),
        Recipient::AdministratorsOf(_)
        | Recipient::Asker(_)
        | Recipient::Nominee(_)
        | Recipient::Requester(_)
        | Recipient::Subscriber(_) => None,
    });
    let Some(id) = registrant else { return Ok(Extras::default()) };
    let reader = find(conn, office, id)?.as_ref().map(reader);
    Ok(Extras { reader, ..Extras::default() })
}

fn refuse<T>(
    conn: &mut AnyConn,
    office: &Office,
    action: Action,
    why: Refusal,
) -> Result<Decided<T>, StoreError> {
    if let Refusal::Registration(registration::Refusal::Denied(denied))
    | Refusal::Number(tax_id_registry::Refusal::Denied(denied)) = why
    {
        office.refused(conn, action, denied)?;
    }
    Ok(Err(why))
}

/// Why Support refuses, or accepts a prefix, for the record.
fn reason(command: &Command) -> Option<String> {
    if let Command::Approve { prefix: Prefix::Unlisted { reason }, .. } = command {
        return Some(reason.clone());
    }
    let why = if let Command::Prove(step) = command {
        step.refused()
    } else if let Command::Reject(why) = command {
        Some(why)
    } else {
        None
    };
    why.map(|why| why.as_str().to_owned())
}

/// What the record calls a refused step.
const fn action(command: &Command) -> Action {
    match command {
        Command::Answer { .. }
        | Command::Describe { .. }
        | Command::NumberKept
        | Command::NumberReserved
        | Command::Prove(_)
        | Command::Sign { .. }
        | Command::TellWork(_)
        | Command::VerifyContact
        | Command::Withdraw => Action::Register,
        Command::Approve { .. } => Action::ApproveRegistration,
        Command::Erase => Action::Expire,
        Command::Reject(_) => Action::DecideRegistration,
    }
}

/// A registration that is not there.
const NOT_FOUND: Refusal = Refusal::Registration(registration::Refusal::Denied(
    idp_core::community::permission::Denied::NotFound,
));
