//! The steps of who registers an organization.

use idp_core::{
    authentication::mailed_code::{LinkKey, MailedCode},
    community::{
        agreement::Agreement,
        identity_proof::{self, TestResult},
        nomination::{Presented, Tried},
        notary_reference::NotaryReference,
        npi::Npi,
        organization::OrganizationStatus,
        registration::{
            self, Applicant, Availability, Command, Contact, Keys, Registration, Signatory, Stage,
            Work,
        },
        subscriber::{Standing, Subscriber},
        tax_id::TaxIdNumber,
        tax_id_registry::{
            self, Holding,
            dialogue::{Answer, Dialogue, Gate, Owner, Personal, contact_key},
        },
        told::Link,
    },
    ids::{AgreementId, OrganizationId, RegistrationId},
};

use super::{Decided, NOT_FOUND, about, load_for_update, reader, save, transition, with_filed};
use crate::{
    community::{About, Done, Office, registry::File},
    mail::Extras,
    store::{
        AnyConn, StoreError, agreement, organization, registration as store, subscriber,
        tax_id_claim,
    },
};

/// A registration that was begun.
#[derive(Debug)]
pub struct Begun {
    /// The registration.
    pub registration: Registration,
    /// The code that the page shows, once.
    pub code: MailedCode,
}

/// What came of a link and a code.
#[derive(Debug)]
pub enum Entered {
    /// They lead on; the mailbox is proved.
    Right,
    /// They lead nowhere, whatever is wrong with them.
    Wrong,
}

/// Begins a registration: the link goes to the mailbox, and the code comes back.
///
/// # Errors
/// [`StoreError`].
pub fn begin(
    conn: &mut AnyConn,
    office: &Office,
    contact: Contact,
) -> Result<Decided<Begun>, StoreError> {
    let id = RegistrationId::from_random(office.random.bytes());
    let (link, code) = (office.post.draw_link_key(), office.post.draw_code_to_hand_over());
    let keys = Keys::new(link.digest(), office.post.digest_behind(&code, &link));
    let contact = Contact { language: office.language.map(str::to_owned), ..contact };
    let outcome = match registration::begin(id, contact, keys, &office.actor, office.now) {
        Ok(outcome) => outcome,
        Err(denied) => return Ok(Err(registration::Refusal::Denied(denied).into())),
    };
    let file = File { registration: outcome.state.clone(), link, joined: None };
    with_filed(office, &file, |filed| store::insert(conn, filed))?;
    let File { registration, link: key, .. } = file;
    let link = Some(Link::Register { registration: registration.id.clone(), key });
    let mail = Extras { reader: Some(reader(&registration)), link, ..Extras::default() };
    let about = About { mail, ..about(&registration) };
    let registration = office.carry_out(conn, outcome, &about)?.state;
    Ok(Ok(Begun { registration, code }))
}

/// Tries the link from the mail with the code from the page. The first time proves the mailbox. A
/// wrong code counts, if the link is right.
///
/// # Errors
/// [`StoreError`].
pub fn enter(
    conn: &mut AnyConn,
    office: &Office,
    id: &RegistrationId,
    link: &LinkKey,
    code: Option<&MailedCode>,
) -> Result<Entered, StoreError> {
    let Some(mut file) = load_for_update(conn, office, id)? else { return Ok(Entered::Wrong) };
    let presented = Presented {
        link: link.digest(),
        code: code.map(|code| office.post.digest_behind(code, link)),
    };
    let (keys, tried) = file.registration.keys.after(presented);
    let counted = keys != file.registration.keys;
    file.registration.keys = keys;
    if tried == Tried::Wrong {
        if counted {
            save(conn, office, &file)?;
        }
        return Ok(Entered::Wrong);
    }
    if file.registration.stage != Stage::Draft {
        return Ok(Entered::Right);
    }
    let done = transition(conn, office, file, Command::VerifyContact, Extras::default())?;
    Ok(if done.is_ok() { Entered::Right } else { Entered::Wrong })
}

/// Tells about the organization and its number; the number decides what comes next.
///
/// # Errors
/// [`StoreError`].
pub fn describe(
    conn: &mut AnyConn,
    office: &Office,
    id: &RegistrationId,
    applicant: Applicant,
) -> Result<Decided<Done<Registration>>, StoreError> {
    let availability = availability(conn, office, id, &applicant.number)?;
    step(conn, office, id, Command::Describe { applicant, availability })
}

/// Answers a question about a number that is taken.
///
/// # Errors
/// [`StoreError`].
pub fn answer(
    conn: &mut AnyConn,
    office: &Office,
    id: &RegistrationId,
    answer: Answer,
    gate: Gate,
) -> Result<Decided<Done<Registration>>, StoreError> {
    let Some(file) = load_for_update(conn, office, id)? else { return Ok(Err(NOT_FOUND)) };
    let Stage::Dialogue(applicant, _) = &file.registration.stage else {
        return Ok(Err(registration::Refusal::OutOfOrder.into()));
    };
    let command = match availability(conn, office, id, &applicant.number)? {
        // It became free meanwhile: there is nothing left to ask.
        availability @ Availability::Open => {
            Command::Describe { applicant: applicant.clone(), availability }
        }
        Availability::Taken => match owner(conn, office, &applicant.number)? {
            Some(owner) => Command::Answer { answer, owner, gate },
            // It is kept for somebody else, of whom nothing is told.
            None => return Ok(Err(tax_id_registry::Refusal::Taken.into())),
        },
    };
    transition(conn, office, file, command, Extras::default())
}

/// Takes down what the registrant does there.
///
/// # Errors
/// [`StoreError`].
pub fn tell_work(
    conn: &mut AnyConn,
    office: &Office,
    id: &RegistrationId,
    work: Work,
) -> Result<Decided<Done<Registration>>, StoreError> {
    step(conn, office, id, Command::TellWork(work))
}

/// The NPI of the account with which a registration was begun.
///
/// # Errors
/// [`StoreError`].
pub fn npi_on_file(
    conn: &mut AnyConn,
    registration: &Registration,
) -> Result<Option<Npi>, StoreError> {
    let Some(who) = &registration.registrant else { return Ok(None) };
    Ok(subscriber::find(conn, who)?.and_then(|account| account.npi))
}

/// Accepts the agreement for the organization, in the version that was on the page.
///
/// # Errors
/// [`StoreError`].
pub fn sign(
    conn: &mut AnyConn,
    office: &Office,
    id: &RegistrationId,
    shown: AgreementId,
    signatory: Signatory,
) -> Result<Decided<Done<Registration>>, StoreError> {
    let in_force = agreement::in_force(conn)?.into_iter().find(Agreement::is_of_organizations);
    let Some(in_force) = in_force else {
        return Ok(Err(registration::Refusal::AgreementChanged.into()));
    };
    let address = office.address;
    step(conn, office, id, Command::Sign { in_force, shown, signatory, address })
}

/// Takes down what the provider of the knowledge test says.
///
/// # Errors
/// [`StoreError`].
pub fn take_test(
    conn: &mut AnyConn,
    office: &Office,
    id: &RegistrationId,
    result: TestResult,
) -> Result<Decided<Done<Registration>>, StoreError> {
    step(conn, office, id, Command::Prove(identity_proof::Command::Take(result)))
}

/// Chooses the notary. The form carries a number that is drawn here.
///
/// # Errors
/// [`StoreError`].
pub fn go_to_notary(
    conn: &mut AnyConn,
    office: &Office,
    id: &RegistrationId,
) -> Result<Decided<Done<Registration>>, StoreError> {
    let reference = NotaryReference::from_random(office.random.bytes());
    step(conn, office, id, Command::Prove(identity_proof::Command::GoToNotary(reference)))
}

/// Takes the registration back.
///
/// # Errors
/// [`StoreError`].
pub fn withdraw(
    conn: &mut AnyConn,
    office: &Office,
    id: &RegistrationId,
) -> Result<Decided<Done<Registration>>, StoreError> {
    step(conn, office, id, Command::Withdraw)
}

/// The Administrator who is asked about, by the work contact that is shown (R45).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contacted {
    /// Name.
    pub name: String,
    /// Work e-mail.
    pub email: Option<String>,
    /// Work telephone.
    pub phone: Option<String>,
}

/// The contact that this registration was shown last, while it is asked about; it was disclosed and
/// written down by the answer that led there.
///
/// # Errors
/// [`StoreError`].
pub fn contact_shown(
    conn: &mut AnyConn,
    office: &Office,
    registration: &Registration,
) -> Result<Option<Contacted>, StoreError> {
    let Stage::Dialogue(applicant, Dialogue::StillThere { contact, .. }) = &registration.stage
    else {
        return Ok(None);
    };
    let fingerprint = office.registry.numbers.fingerprint(&applicant.number);
    let Holding::Held(held) = tax_id_claim::load(conn, &fingerprint)? else { return Ok(None) };
    if is_closed(conn, &held.by)? {
        return Ok(None);
    }
    let all = usable(office, subscriber::administrators_of(conn, &held.by)?);
    // Nobody is shown in the place of one who has gone meanwhile.
    let asked_about = |person: &Subscriber| Some(contact_key(&person.id)) == *contact;
    Ok(all.into_iter().find(asked_about).map(|person| Contacted {
        name: person.name(),
        email: person.email.as_ref().map(|email| email.as_str().to_owned()),
        phone: person.phone_number.clone(),
    }))
}

fn step(
    conn: &mut AnyConn,
    office: &Office,
    id: &RegistrationId,
    command: Command,
) -> Result<Decided<Done<Registration>>, StoreError> {
    match load_for_update(conn, office, id)? {
        Some(file) => transition(conn, office, file, command, Extras::default()),
        None => Ok(Err(NOT_FOUND)),
    }
}

/// Whether the number is to be had by this registration now.
pub(super) fn availability(
    conn: &mut AnyConn,
    office: &Office,
    id: &RegistrationId,
    number: &TaxIdNumber,
) -> Result<Availability, StoreError> {
    let fingerprint = office.registry.numbers.fingerprint(number);
    let holding = tax_id_claim::load(conn, &fingerprint)?;
    let open = holding.is_open_to(Some(id), office.now);
    Ok(if open { Availability::Open } else { Availability::Taken })
}

/// What is known of a number's owner; `None` if nobody has it.
fn owner(
    conn: &mut AnyConn,
    office: &Office,
    number: &TaxIdNumber,
) -> Result<Option<Owner>, StoreError> {
    let fingerprint = office.registry.numbers.fingerprint(number);
    let Holding::Held(held) = tax_id_claim::load(conn, &fingerprint)? else { return Ok(None) };
    // Whoever worked there cannot answer, or be promoted, once it is closed.
    let gone = is_closed(conn, &held.by)?;
    let (administrators, all) = if gone {
        (Vec::new(), 0)
    } else {
        let administrators = usable(office, subscriber::administrators_of(conn, &held.by)?);
        let administrators: Vec<_> = administrators.into_iter().map(|person| person.id).collect();
        (administrators, tax_id_claim::people_of(conn, &held.by)?)
    };
    let personal = match number {
        TaxIdNumber::Ein(_) => Personal::No,
        TaxIdNumber::Ssn(_) => Personal::Yes,
    };
    let others = all.saturating_sub(administrators.len());
    Ok(Some(Owner { id: held.by, administrators, others, personal }))
}

fn is_closed(conn: &mut AnyConn, id: &OrganizationId) -> Result<bool, StoreError> {
    let found = organization::find(conn, id)?;
    Ok(found.is_none_or(|found| found.status == OrganizationStatus::Closed))
}

/// Those whose accounts can be used: nobody else could answer.
fn usable(office: &Office, people: Vec<Subscriber>) -> Vec<Subscriber> {
    let stands =
        |person: &Subscriber| person.standing(&office.rules, office.now) == Standing::Active;
    people.into_iter().filter(stands).collect()
}
