//! Asking somebody by their User ID to act for an organization (R71): they told the Administrator what
//! it is. An Administrator learns of no User ID whether there is one, or whose it is (security 20.9):
//! where there is nobody to be asked, an offer waits all the same, and is over and taken back like any
//! other.

use idp_core::{
    community::{
        actor::Actor,
        affiliation::Affiliation,
        affiliation_life::{self, Command, Facts, PROPOSAL_LASTS},
        field::Objections,
        letters::{Counted, TooMany},
        permission::{Action, Denied},
        person_match::{ByUserId, Here, by_user_id},
        rights::{Circumstances, HasNpi, Rights, RightsForm},
        subscriber::UserId,
    },
    ids::{AffiliationId, OrganizationId, SubscriberId},
};
use serde_json::json;

use super::{
    About, Office,
    affiliation::as_kept,
    letters,
    nomination::administrator,
    offer::{self, Asked, subset_of},
};
use crate::{
    mail::Extras,
    store::{
        AnyConn, StoreError, affiliation,
        offer_to_nobody::{self, OfferToNobody},
        organization, subscriber, tax_id,
    },
};

/// Why nobody was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// This User ID was asked already.
    #[error("this person has been asked already")]
    AlreadyAsked,
    /// It is a colleague's.
    #[error("this person acts for your organization already")]
    AlreadyHere(SubscriberId),
    /// It is not for people like them.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The form is not good.
    #[error("the form is not complete")]
    Objections(Objections),
    /// So many letters are not written.
    #[error(transparent)]
    TooMany(#[from] TooMany),
}

/// Asks whoever has this User ID to act for the office's organization.
///
/// # Errors
/// [`StoreError::Conflict`] if they were asked meanwhile: tell [`Refusal::AlreadyAsked`].
pub fn ask(
    conn: &mut AnyConn,
    office: &Office,
    typed: &str,
    form: RightsForm<'_>,
) -> Result<Result<(), Refusal>, StoreError> {
    let of = match administrator(office) {
        Ok((_, of)) => of,
        Err(denied) => return Ok(Err(denied.into())),
    };
    let tax_ids = tax_id::acted_under(conn, of, &*office.open_ssn)?;
    let (user_id, rights) = match read(typed, form, &tax_ids) {
        Ok(read) => read,
        Err(objections) => return Ok(Err(Refusal::Objections(objections))),
    };
    if let Some(waiting) = offer_to_nobody::to(conn, of, user_id.as_str())? {
        if office.now < waiting.at + PROPOSAL_LASTS {
            return Ok(Err(Refusal::AlreadyAsked));
        }
        settle(conn, &late(office), waiting, Command::Expire)?;
    }
    let person = subscriber::find_by_user_id(conn, &user_id)?;
    let here = match &person {
        Some(person) if affiliation::of_person_in(conn, of, &person.id)?.is_some() => Here::Member,
        Some(_) | None => Here::Stranger,
    };
    let asked = match (by_user_id(person.as_ref().map(|person| (person.status, here))), person) {
        (ByUserId::Ask, Some(person)) => Some(person),
        (ByUserId::AlreadyHere, Some(person)) => {
            match offer::asked(conn, office, of, &person.id)? {
                Some(Asked::Late) => Some(person),
                Some(Asked::Waiting) => return Ok(Err(Refusal::AlreadyAsked)),
                None => return Ok(Err(Refusal::AlreadyHere(person.id))),
            }
        }
        (ByUserId::Nobody, _) | (_, None) => None,
    };
    // Counted by what was typed, and so alike whether or not anybody gets a letter.
    if let Err(refusal) = letters::write_to(conn, office, of, Counted::UserId(&user_id))? {
        return Ok(Err(refusal.into()));
    }
    match asked {
        Some(person) => propose(conn, office, of, &person.id, &rights, &user_id),
        None => nobody(conn, office, of, &rights, &user_id),
    }
}

fn read(
    typed: &str,
    form: RightsForm<'_>,
    tax_ids: &[idp_core::community::tax_id::TaxId],
) -> Result<(UserId, Rights), Objections> {
    let mut found = Objections::default();
    let user_id = found.take("user_id", typed.trim().to_lowercase().parse::<UserId>());
    let circumstances =
        Circumstances { tax_ids, held: &std::collections::BTreeSet::new(), npi: HasNpi::NotKnown };
    let rights = match form.read(circumstances) {
        Ok(rights) => Some(rights),
        Err(objections) => {
            for (field, why) in objections.iter() {
                found.object(field, why);
            }
            None
        }
    };
    found.unless_any(user_id.zip(rights))
}

fn propose(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    who: &SubscriberId,
    rights: &Rights,
    user_id: &UserId,
) -> Result<Result<(), Refusal>, StoreError> {
    let asked = offer::propose(conn, office, (of, who), rights, user_id.as_str())?;
    Ok(asked.map_err(Refusal::from))
}

/// The offer that nobody gets, by the very steps of one that somebody does.
fn nobody(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    rights: &Rights,
    user_id: &UserId,
) -> Result<Result<(), Refusal>, StoreError> {
    let Some(body) = organization::find(conn, of)? else {
        return Ok(Err(Denied::NotFound.into()));
    };
    let who = SubscriberId::from_random(office.random.bytes());
    let offered = offer::offered(office, body, &who, rights);
    let outcome = match affiliation_life::propose(offered, &office.actor) {
        Ok(outcome) => outcome,
        Err(denied) => {
            office.refused(conn, Action::Nominate, denied)?;
            return Ok(Err(denied.into()));
        }
    };
    let new = OfferToNobody {
        offered: as_kept(&outcome.state, subset_of(rights)),
        typed: user_id.as_str().to_owned(),
        at: office.now,
    };
    offer_to_nobody::insert(conn, &new)?;
    let about = offer::about_offer(&outcome.state, rights);
    office.carry_out(conn, outcome, &about)?;
    Ok(Ok(()))
}

/// Takes an offer back that nobody got; `false` if the organization has none like that.
pub(super) fn take_back(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    id: &AffiliationId,
) -> Result<bool, StoreError> {
    match offer_to_nobody::find(conn, of, id)? {
        Some(found) => settle(conn, office, found, Command::End),
        None => Ok(false),
    }
}

/// Notes that nobody answered some of these offers in time; says how many.
///
/// # Errors
/// [`StoreError`].
pub fn expire(conn: &mut AnyConn, office: &Office, most: i64) -> Result<usize, StoreError> {
    let mut noted = 0;
    for found in offer_to_nobody::until(conn, office.now - PROPOSAL_LASTS, most)? {
        noted += usize::from(settle(conn, &late(office), found, Command::Expire)?);
    }
    Ok(noted)
}

fn late(office: &Office) -> Office {
    Office { actor: Actor::Job("offer-expiry"), session: None, ..office.clone() }
}

/// Ends such an offer by the rules of any other; `false` if they do not allow it, or somebody was
/// faster.
fn settle(
    conn: &mut AnyConn,
    office: &Office,
    found: OfferToNobody,
    command: Command,
) -> Result<bool, StoreError> {
    let OfferToNobody { offered, typed, at } = found;
    let Some(body) = organization::find(conn, &offered.organization)? else { return Ok(false) };
    let before: Affiliation = offered.clone().join(body, Vec::new());
    let facts = Facts {
        proposed_at: at,
        administrators: super::accounts::administrators(conn, office, &offered.organization)?,
        tax_ids: Vec::new(),
        mailbox_proved_at: None,
        npi: HasNpi::NotKnown,
    };
    let Ok(outcome) = affiliation_life::decide(before, command, &facts, &office.actor, office.now)
    else {
        return Ok(false);
    };
    if !offer_to_nobody::end(conn, &offered.id, office.now)? {
        return Ok(false);
    }
    let about = About {
        organization: Some(offered.organization.clone()),
        subject: Some(offered.subscriber.clone()),
        after: Some(json!({ "roles": offered.roles })),
        mail: Extras { about: Some(typed), ..Extras::default() },
        ..About::default()
    };
    office.carry_out(conn, outcome, &about)?;
    Ok(true)
}
