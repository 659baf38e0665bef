//! Taking a User ID over (R19, R24, R27, R33, R57; security 17.3, 17.4, 17.6, 17.8): by link and
//! code together, with a password, secret questions and the Subscriber agreement.
//!
//! The account and the affiliation come into being here, in one transaction, and not before.

use std::collections::BTreeSet;

use idp_core::{
    audit::{Event, Kind},
    authentication::{
        mailed_code::{LinkKey, MailedCode},
        password_policy::own_words,
        secret_questions::Question,
    },
    community::{
        affiliation::AffiliationStatus,
        agreement::Agreement,
        nomination::{Command, Missing, Presented, Refusal, State, Tried, decide},
        organization::OrganizationStatus,
        subscriber::{AccountStatus, Profile, Subscriber, UserId},
    },
    ids::{AgreementId, NominationId},
};
use serde_json::json;

use super::{Office, nomination::about};
use crate::store::{
    AnyConn, StoreError,
    affiliation::{self, AffiliationRecord},
    agreement, audit,
    nomination::{self, NominationRecord},
    organization, secret_questions, subscriber,
};

/// What a nominee has.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Which nomination.
    pub nomination: NominationId,
    /// From the link.
    pub link: LinkKey,
    /// As typed; `None` if it can be no code.
    pub code: Option<MailedCode>,
}

/// Who shows the right link and the right code.
#[derive(Clone, Debug)]
pub struct Recognized {
    /// First and last name.
    pub name: String,
    /// The User ID.
    pub user_id: UserId,
    /// The organization's name.
    pub organization: String,
    /// What no password of theirs may be.
    pub own_words: Vec<String>,
}

/// What the nominee has chosen.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The Argon2id hash of the password.
    pub password_hash: String,
    /// The questions with the hash of all answers; `None` under a policy without them.
    pub questions: Option<(Vec<Question>, String)>,
    /// The texts that were on the page, all of them accepted.
    pub agreed_to: BTreeSet<AgreementId>,
}

/// Tries link and code. A wrong code counts; who is meant is told for the right pair only.
///
/// # Errors
/// [`StoreError`].
pub fn recognize(
    conn: &mut AnyConn,
    office: &Office,
    pair: &Pair,
) -> Result<Option<Recognized>, StoreError> {
    let Some(record) = nomination::find_for_update(conn, &pair.nomination)? else {
        return Ok(None);
    };
    let about = about(&record, None);
    let (outcome, tried) = record.nomination.clone().try_keys(presented(office, pair), office.now);
    if matches!(outcome.state.state, State::Nominated(_)) {
        nomination::save(conn, &outcome.state, office.now)?;
    }
    office.carry_out(conn, outcome, &about)?;
    match tried {
        Tried::Wrong => Ok(None),
        Tried::Right => recognized(conn, office, &record),
    }
}

fn recognized(
    conn: &mut AnyConn,
    office: &Office,
    record: &NominationRecord,
) -> Result<Option<Recognized>, StoreError> {
    let of = organization::find(conn, &record.nomination.organization)?;
    let Some(body) = of.filter(|of| of.status != OrganizationStatus::Closed) else {
        return Ok(None);
    };
    let person = becomes(record, None, office);
    let organization = body.name.clone();
    let affiliation = affiliation_of(record, office).join(body, Vec::new());
    Ok(Some(Recognized {
        name: record.details.name(),
        user_id: record.nomination.user_id.clone(),
        organization,
        own_words: own_words(&person, &[affiliation]),
    }))
}

/// Takes the User ID over: account, affiliation, password, questions and agreements in one
/// transaction. Nobody is signed in by it. What is in force now and was not on the page is still to be
/// accepted: [`Refusal::Incomplete`] (R21).
///
/// # Errors
/// [`StoreError::Conflict`] if address, number or User ID became somebody else's meanwhile.
pub fn activate(
    conn: &mut AnyConn,
    office: &Office,
    pair: &Pair,
    chosen: &Chosen,
) -> Result<Result<(), Refusal>, StoreError> {
    let Some(record) = nomination::find_for_update(conn, &pair.nomination)? else {
        return Ok(Err(Refusal::Invalid));
    };
    let body = organization::find(conn, &record.nomination.organization)?;
    if body.is_none_or(|body| body.status == OrganizationStatus::Closed) {
        return Ok(Err(Refusal::Invalid));
    }
    let in_force: Vec<Agreement> =
        agreement::in_force(conn)?.into_iter().filter(|it| !it.is_of_organizations()).collect();
    let was_shown = in_force.iter().all(|text| chosen.agreed_to.contains(&text.id));
    let missing = if was_shown { Vec::new() } else { vec![Missing::Agreement] };
    let command = Command::Activate { presented: presented(office, pair), missing };
    let outcome = match decide(record.nomination.clone(), command, &office.actor, office.now) {
        Ok(outcome) => outcome,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let before = subscriber::load_for_update(conn, &record.nomination.subscriber)?;
    if before.as_ref().is_some_and(|before| before.status != AccountStatus::Terminated) {
        return Ok(Err(Refusal::Invalid)); // closed for good meanwhile
    }
    let person = becomes(&record, before.as_ref(), office);
    if before.is_some() {
        subscriber::update(conn, &person)?;
    } else {
        subscriber::insert(conn, &person)?;
    }
    subscriber::mailbox_proved(conn, &person.id, office.now)?;
    subscriber::set_password(conn, &person.id, &chosen.password_hash, office.now)?;
    if let Some((questions, hash)) = &chosen.questions {
        secret_questions::set(conn, &person.id, questions, hash, office.now)?;
    }
    affiliation::insert(conn, &affiliation_of(&record, office))?;
    nomination::save(conn, &outcome.state, office.now)?;
    office.carry_out(conn, outcome, &about(&record, None))?;
    for accepted in &in_force {
        accept(conn, office, &record, accepted)?;
    }
    Ok(Ok(()))
}

fn presented(office: &Office, pair: &Pair) -> Presented {
    let code = pair.code.as_ref().map(|code| office.post.digest_behind(code, &pair.link));
    Presented { link: pair.link.digest(), code }
}

/// The person that a nomination makes, or what it makes of the one who comes back. The mailbox is
/// proved: the link was read there.
fn becomes(record: &NominationRecord, before: Option<&Subscriber>, office: &Office) -> Subscriber {
    let (of, details) = (&record.nomination, &record.details);
    let fresh = Subscriber {
        id: of.subscriber.clone(),
        user_id: of.user_id.clone(),
        given_name: details.given_name.clone(),
        family_name: details.family_name.clone(),
        email: Some(record.email.clone()),
        email_verified: true,
        phone_number: details.phone.clone(),
        phone_number_verified: false,
        npi: record.npi.clone(),
        profile: Profile { locale: details.language.clone(), ..Profile::default() },
        status: AccountStatus::Active,
        activated_at: office.now,
        last_sign_in_at: None,
        updated_at: office.now,
        demo: false,
    };
    match before {
        None => fresh,
        Some(before) => Subscriber {
            npi: record.npi.clone().or_else(|| before.npi.clone()),
            phone_number: before.phone_number.clone().or_else(|| details.phone.clone()),
            phone_number_verified: before.phone_number_verified,
            profile: before.profile.clone(),
            last_sign_in_at: before.last_sign_in_at,
            demo: before.demo,
            ..fresh
        },
    }
}

/// The affiliation that a nomination makes. It is in use once what follows is carried out.
fn affiliation_of(record: &NominationRecord, office: &Office) -> AffiliationRecord {
    let (of, details) = (&record.nomination, &record.details);
    AffiliationRecord {
        id: of.affiliation.clone(),
        subscriber: of.subscriber.clone(),
        organization: of.organization.clone(),
        status: AffiliationStatus::Proposed,
        roles: details.roles.clone(),
        role_details: details.role_details.clone(),
        administrator: details.administrator,
        access_level: details.access_level,
        tax_ids: details.tax_ids.clone(),
        since: office.now.date_naive(),
    }
}

fn accept(
    conn: &mut AnyConn,
    office: &Office,
    record: &NominationRecord,
    accepted: &Agreement,
) -> Result<(), StoreError> {
    let (person, nomination) = (&record.nomination.subscriber, &record.nomination.id);
    let new = agreement::Acceptance {
        subscriber: person,
        occasion: agreement::Occasion::Nomination(nomination),
        address: office.address.unwrap_or(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED)),
        at: office.now,
    };
    if !agreement::accept(conn, accepted, &new)? {
        return Ok(()); // somebody who comes back accepted this version before
    }
    let told = json!({
        "agreement": accepted.code.as_str(),
        "version": accepted.version.as_str(),
        "sha256": accepted.text.hash().to_string(),
        "nomination": nomination,
    });
    let event = Event { subject: Some(person.clone()), ..office.event(Kind::AgreementAccepted) };
    audit::record(conn, &[event.after(told)])
}
