//! Affiliations that are offered to people who have a User ID (domain 4.3; R70, R71; security 20.9):
//! nothing of theirs is read, and no code made, before they accept.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use idp_core::{
    authentication::mailed_code::{CodePurpose, MailedCode, Redemption},
    community::{
        actor::Actor,
        affiliation::{Affiliation, AffiliationStatus},
        affiliation_life::{self, Command, Facts, PROPOSAL_LASTS, Refusal},
        npi::Npi,
        organization::Organization,
        permission::{Action, Denied},
        rights::{HasNpi, Rights, TaxIdSubset},
    },
    ids::{AffiliationId, OrganizationId, SubscriberId, TaxIdId},
};
use serde_json::json;

use super::{
    About, Done, Office,
    affiliation::{Loaded, as_kept, carry, give_npi, load},
    by_user_id,
};
use crate::store::{
    AnyConn, StoreError, affiliation, mailed_code, offer_to_nobody, organization, subscriber,
};

/// Offers somebody an affiliation. `typed` is what the Administrator knows them by.
///
/// # Errors
/// [`StoreError::Conflict`] if they have one, or are asked already.
pub fn propose(
    conn: &mut AnyConn,
    office: &Office,
    (of, who): (&OrganizationId, &SubscriberId),
    rights: &Rights,
    typed: &str,
) -> Result<Result<(), Denied>, StoreError> {
    let Some(body) = organization::find(conn, of)? else { return Ok(Err(Denied::NotFound)) };
    let offered = offered(office, body, who, rights);
    let outcome = match affiliation_life::propose(offered, &office.actor) {
        Ok(outcome) => outcome,
        Err(denied) => {
            office.refused(conn, Action::Nominate, denied)?;
            return Ok(Err(denied));
        }
    };
    if asked(conn, office, of, who)? == Some(Asked::Late) {
        note_late(conn, office, of, who)?;
    }
    let kept = as_kept(&outcome.state, subset_of(rights));
    affiliation::propose(conn, &kept, typed, office.now)?;
    let about = about_offer(&outcome.state, rights);
    office.carry_out(conn, outcome, &about)?;
    Ok(Ok(()))
}

/// What somebody is offered.
pub(super) fn offered(
    office: &Office,
    organization: Organization,
    who: &SubscriberId,
    rights: &Rights,
) -> Affiliation {
    Affiliation {
        id: AffiliationId::from_random(office.random.bytes()),
        subscriber: who.clone(),
        organization,
        status: AffiliationStatus::Proposed,
        roles: rights.roles().clone(),
        role_details: rights.role_details().clone(),
        administrator: false,
        access_level: rights.access_level(),
        tax_ids: Vec::new(),
        since: office.now.date_naive(),
    }
}

/// What the audit record is told of an offer.
pub(super) fn about_offer(offered: &Affiliation, rights: &Rights) -> About {
    About {
        organization: Some(offered.organization.id.clone()),
        subject: Some(offered.subscriber.clone()),
        after: Some(json!({ "roles": offered.roles })),
        reason: rights.reason().map(str::to_owned),
        ..About::default()
    }
}

/// The numbers that are given; `None`: all of the organization's.
pub(super) fn subset_of(rights: &Rights) -> Option<BTreeSet<TaxIdId>> {
    match rights.tax_ids() {
        TaxIdSubset::All => None,
        TaxIdSubset::Only(ids) => Some(ids.clone()),
    }
}

/// Whom an organization has asked and who has not answered, the youngest first: what was typed of
/// them, and when. At most a hundred.
///
/// # Errors
/// [`StoreError`].
pub fn waiting(
    conn: &mut AnyConn,
    of: &OrganizationId,
) -> Result<Vec<(AffiliationId, String, DateTime<Utc>)>, StoreError> {
    let mut waiting = affiliation::proposals(conn, of)?;
    let to_nobody = offer_to_nobody::of_organization(conn, of)?;
    waiting.extend(to_nobody.into_iter().map(|one| (one.offered.id, one.typed, one.at)));
    waiting.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
    waiting.truncate(100);
    Ok(waiting)
}

/// What somebody has been asked and has not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It is too late to answer: they can be asked anew.
    Late,
    /// It waits for the answer.
    Waiting,
}

/// Whether somebody has been asked and has not answered.
///
/// # Errors
/// [`StoreError`].
pub fn asked(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    who: &SubscriberId,
) -> Result<Option<Asked>, StoreError> {
    let found = affiliation::of_person_in(conn, of, who)?;
    let Some(record) = found.filter(|found| found.status == AffiliationStatus::Proposed) else {
        return Ok(None);
    };
    let open = open_to(conn, who, office.now)?;
    Ok(Some(if open.contains(&record.id) { Asked::Waiting } else { Asked::Late }))
}

/// The offers that somebody can answer at `now`: whether an offer is late is a question of the date,
/// and not of whether the job has noticed.
///
/// # Errors
/// [`StoreError`].
pub fn open_to(
    conn: &mut AnyConn,
    who: &SubscriberId,
    now: DateTime<Utc>,
) -> Result<Vec<AffiliationId>, StoreError> {
    affiliation::proposed_since(conn, who, now - PROPOSAL_LASTS)
}

/// Notes that nobody answered some offers in time; says how many.
///
/// # Errors
/// [`StoreError`].
pub fn expire(conn: &mut AnyConn, office: &Office, most: i64) -> Result<usize, StoreError> {
    let mut noted = 0;
    for late in affiliation::proposed_until(conn, office.now - PROPOSAL_LASTS, most)? {
        noted += usize::from(note_late(conn, office, &late.organization, &late.subscriber)?);
    }
    noted += by_user_id::expire(conn, office, most)?;
    Ok(noted)
}

/// Ends an offer that nobody answered in time; `false` if there is none.
fn note_late(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    who: &SubscriberId,
) -> Result<bool, StoreError> {
    let job = Office { actor: Actor::Job("offer-expiry"), session: None, ..office.clone() };
    Ok(settle(conn, &job, who, of, Command::Expire)?.is_ok())
}

/// Takes an offer back that the Administrator's organization made.
///
/// # Errors
/// [`StoreError`].
pub fn take_back(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    id: &AffiliationId,
) -> Result<Result<(), Refusal>, StoreError> {
    let own = affiliation::find(conn, id)?.filter(|record| {
        record.organization == *of && record.status == AffiliationStatus::Proposed
    });
    let Some(record) = own else {
        if by_user_id::take_back(conn, office, of, id)? {
            return Ok(Ok(()));
        }
        office.refused(conn, Action::EndAffiliation, Denied::NotFound)?;
        return Ok(Err(Refusal::Denied(Denied::NotFound)));
    };
    let settled = settle(conn, office, &record.subscriber, of, Command::End)?;
    Ok(settled.map(drop))
}

/// What the person shows with an answer.
#[derive(Clone, Debug, Default)]
pub struct Proofs {
    /// The code that was mailed to prove a mailbox that was proved too long ago (R71).
    pub code: Option<MailedCode>,
    /// The number that the role needs, where none is on file.
    pub npi: Option<Npi>,
}

/// Accepts or declines an offer, as the person. Where the mailbox is to be proved first, a code is
/// mailed to it.
///
/// # Errors
/// [`StoreError::Conflict`] if the number is somebody else's.
pub fn answer(
    conn: &mut AnyConn,
    office: &Office,
    id: &AffiliationId,
    answer: Command,
    proofs: &Proofs,
) -> Result<Result<Done<Affiliation>, Refusal>, StoreError> {
    let own = affiliation::find(conn, id)?
        .filter(|record| office.actor.person() == Some(&record.subscriber));
    let Some(record) = own else {
        office.refused(conn, Action::AcceptAffiliation, Denied::NotFound)?;
        return Ok(Err(Refusal::Denied(Denied::NotFound)));
    };
    let who = &record.subscriber;
    let settled = if answer == Command::Accept {
        prove_mailbox(conn, office, who, proofs.code.as_ref())?;
        accept(conn, office, who, &record.organization, proofs.npi.as_ref())?
    } else {
        settle(conn, office, who, &record.organization, answer)?
    };
    if matches!(settled, Err(Refusal::MailboxDue)) && proofs.code.is_none() {
        // Too many in this hour: the last one still counts.
        let _ = office.post.mail_code(conn, who, CodePurpose::ConfirmMailbox, office.now)?;
    }
    Ok(settled)
}

/// Takes down that the mailbox was proved just now, if it was.
fn prove_mailbox(
    conn: &mut AnyConn,
    office: &Office,
    who: &SubscriberId,
    code: Option<&MailedCode>,
) -> Result<(), StoreError> {
    let Some(code) = code else { return Ok(()) };
    let purpose = CodePurpose::ConfirmMailbox;
    let digest = office.post.digest(code, purpose, who);
    let redeemed = mailed_code::redeem(conn, who, purpose, Some(&digest), office.now)?;
    if redeemed == Redemption::Accepted {
        subscriber::mailbox_proved(conn, who, office.now)?;
    }
    Ok(())
}

/// Accepts. A number that the person gives with it is theirs from then on, but only where the role
/// needs one and none is on file: people do not give themselves numbers otherwise (security 20.3).
fn accept(
    conn: &mut AnyConn,
    office: &Office,
    who: &SubscriberId,
    of: &OrganizationId,
    given: Option<&Npi>,
) -> Result<Result<Done<Affiliation>, Refusal>, StoreError> {
    organization::lock(conn, of)?;
    let Some(loaded) = load(conn, office, (of, who))? else {
        return Ok(Err(Refusal::Denied(Denied::NotFound)));
    };
    let needed = affiliation_life::needs_npi(&loaded.affiliation) && loaded.facts.npi == HasNpi::No;
    let Some(npi) = given.filter(|_| needed) else {
        return carry(conn, office, loaded, Command::Accept, None);
    };
    let facts = Facts { npi: HasNpi::Yes, ..loaded.facts.clone() };
    let accepted = carry(conn, office, Loaded { facts, ..loaded }, Command::Accept, None)?;
    if accepted.is_ok() {
        let why = "gave their NPI with an offer that needs it";
        give_npi(conn, office, (of, who), npi.clone(), why)?;
    }
    Ok(accepted)
}

fn settle(
    conn: &mut AnyConn,
    office: &Office,
    who: &SubscriberId,
    of: &OrganizationId,
    command: Command,
) -> Result<Result<Done<Affiliation>, Refusal>, StoreError> {
    organization::lock(conn, of)?;
    let Some(loaded) = load(conn, office, (of, who))? else {
        return Ok(Err(Refusal::Denied(Denied::NotFound)));
    };
    carry(conn, office, loaded, command, None)
}
