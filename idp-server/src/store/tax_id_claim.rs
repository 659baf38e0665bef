//! Whose a number is, as rows: the number, who asks for it, for whom it is kept, who acts under it.
//!
//! Whoever decides about a number takes its [place](lock) first. A number that nobody has has no row
//! that could be locked, so that places are rows of their own; and of two organizations that are
//! approved with one number in one instant the second finds it taken.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::{prelude::*, upsert::excluded};
use idp_core::{
    community::{
        affiliation::AffiliationStatus,
        subscriber::AccountStatus,
        tax_id_registry::{Claim, Held, Holding, OtherNumbers, Stage},
    },
    ids::{OrganizationId, RegistrationId, TaxIdId},
};

use super::{
    AnyConn, StoreError,
    column::{Reading, code, json, millis},
    connection::on_either,
    schema::{
        affiliation, organization, subscriber, tax_id, tax_id_claim, tax_id_place,
        tax_id_representative, tax_id_reservation,
    },
    tax_id::{Fingerprint, registered},
};

/// Takes the place of a number: nobody else may decide about it until the transaction ends. Inside
/// [`super::Database::write`] only.
///
/// # Errors
/// [`StoreError`].
pub fn lock(
    conn: &mut AnyConn,
    fingerprint: &Fingerprint,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = (
        tax_id_place::fingerprint.eq(fingerprint.as_slice()),
        tax_id_place::touched_at.eq(millis(now)),
    );
    on_either!(conn, c => diesel::insert_into(tax_id_place::table)
        .values(row)
        .on_conflict(tax_id_place::fingerprint)
        .do_update()
        .set(tax_id_place::touched_at.eq(excluded(tax_id_place::touched_at)))
        .execute(c))?;
    Ok(())
}

/// Whose the number with this fingerprint is.
///
/// # Errors
/// [`StoreError`].
pub fn load(conn: &mut AnyConn, fingerprint: &Fingerprint) -> Result<Holding, StoreError> {
    if let Some(found) = registered(conn, fingerprint)? {
        return Ok(Holding::Held(Held {
            others: others(conn, &found.organization, &found.id)?,
            representatives: representatives(conn, &found.id)?,
            claim: claim(conn, &found.id)?,
            id: found.id,
            by: found.organization,
        }));
    }
    let row: Option<(String, i64)> = tax_id_reservation::table
        .find(fingerprint.as_slice())
        .select((tax_id_reservation::registration_id, tax_id_reservation::until))
        .first(conn)
        .optional()?;
    let Some((registration, until)) = row else { return Ok(Holding::Free) };
    let read = Reading { table: "tax_id_reservation", row: &registration.clone() };
    Ok(Holding::Reserved {
        registration: read.parsed("registration_id", registration)?,
        until: read.at("until", until)?,
    })
}

/// Whether the organization could do without this number: it has another one, or is a part of
/// another organization. Also for one that is not there yet, which has none.
///
/// # Errors
/// [`StoreError`].
pub fn others(
    conn: &mut AnyConn,
    of: &OrganizationId,
    id: &TaxIdId,
) -> Result<OtherNumbers, StoreError> {
    let own: i64 = tax_id::table
        .filter(tax_id::organization_id.eq(of.as_str()).and(tax_id::id.ne(id.as_str())))
        .count()
        .get_result(conn)?;
    let parents: i64 = organization::table
        .find(of.as_str())
        .filter(organization::parent_id.is_not_null())
        .count()
        .get_result(conn)?;
    Ok(if own + parents > 0 { OtherNumbers::Some } else { OtherNumbers::None })
}

/// Writes down who asks for a number that is held, and who acts under it.
///
/// # Errors
/// [`StoreError`].
pub fn save_held(conn: &mut AnyConn, held: &Held) -> Result<(), StoreError> {
    let id = held.id.as_str();
    diesel::delete(tax_id_claim::table.find(id)).execute(conn)?;
    if let Some(claim) = &held.claim {
        diesel::insert_into(tax_id_claim::table)
            .values((
                tax_id_claim::tax_id_id.eq(id),
                tax_id_claim::organization_id.eq(held.by.as_str()),
                tax_id_claim::registration_id.eq(claim.by.as_str()),
                tax_id_claim::stage.eq(claim.stage.code()),
                tax_id_claim::opened_at.eq(millis(claim.opened_at)),
                tax_id_claim::answer_due_at.eq(millis(claim.answer_due_at)),
                tax_id_claim::document.eq(json(claim)),
            ))
            .execute(conn)?;
    }
    let own = tax_id_representative::table.filter(tax_id_representative::tax_id_id.eq(id));
    diesel::delete(own).execute(conn)?;
    for organization in &held.representatives {
        diesel::insert_into(tax_id_representative::table)
            .values((
                tax_id_representative::tax_id_id.eq(id),
                tax_id_representative::organization_id.eq(organization.as_str()),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Keeps a number for a registration until then, or no longer for anybody.
///
/// # Errors
/// [`StoreError`].
pub fn reserve(
    conn: &mut AnyConn,
    fingerprint: &Fingerprint,
    kept: Option<(&RegistrationId, DateTime<Utc>)>,
) -> Result<(), StoreError> {
    diesel::delete(tax_id_reservation::table.find(fingerprint.as_slice())).execute(conn)?;
    if let Some((registration, until)) = kept {
        diesel::insert_into(tax_id_reservation::table)
            .values((
                tax_id_reservation::fingerprint.eq(fingerprint.as_slice()),
                tax_id_reservation::registration_id.eq(registration.as_str()),
                tax_id_reservation::until.eq(millis(until)),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Forgets what a registration that is erased asked for.
///
/// # Errors
/// [`StoreError`].
pub fn forget(conn: &mut AnyConn, registration: &RegistrationId) -> Result<(), StoreError> {
    let asked = tax_id_claim::registration_id.eq(registration.as_str());
    diesel::delete(tax_id_claim::table.filter(asked)).execute(conn)?;
    let kept = tax_id_reservation::registration_id.eq(registration.as_str());
    diesel::delete(tax_id_reservation::table.filter(kept)).execute(conn)?;
    Ok(())
}

/// What keeps an organization's number unique, found by its identifier; `None` if the organization
/// has no such number (security 20.1).
///
/// # Errors
/// [`StoreError`].
pub fn fingerprint_of(
    conn: &mut AnyConn,
    id: &TaxIdId,
    owner: &OrganizationId,
) -> Result<Option<Fingerprint>, StoreError> {
    let found = tax_id::table.find(id.as_str()).filter(tax_id::organization_id.eq(owner.as_str()));
    let row: Option<Vec<u8>> = found.select(tax_id::fingerprint).first(conn).optional()?;
    row.map(|row| fingerprint(id, row)).transpose()
}

/// The same for Support, and for whoever acts under it, who may find any number.
///
/// # Errors
/// [`StoreError`].
pub fn fingerprint_by_id(
    conn: &mut AnyConn,
    id: &TaxIdId,
) -> Result<Option<Fingerprint>, StoreError> {
    let row: Option<Vec<u8>> =
        tax_id::table.find(id.as_str()).select(tax_id::fingerprint).first(conn).optional()?;
    row.map(|row| fingerprint(id, row)).transpose()
}

fn fingerprint(id: &TaxIdId, octets: Vec<u8>) -> Result<Fingerprint, StoreError> {
    let read = Reading { table: "tax_id", row: id.as_str() };
    octets.try_into().map_err(|_| read.corrupt("fingerprint"))
}

/// A number that somebody asks for, and who has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The number.
    pub id: TaxIdId,
    /// Whose it is.
    pub owner: OrganizationId,
    /// Who asks, why, and how far it is.
    pub claim: Claim,
}

/// Those of an organization's numbers that somebody asks for.
///
/// # Errors
/// [`StoreError`].
pub fn asked_of(conn: &mut AnyConn, owner: &OrganizationId) -> Result<Vec<Asked>, StoreError> {
    let rows: Vec<(String, String, String)> = tax_id_claim::table
        .filter(tax_id_claim::organization_id.eq(owner.as_str()))
        .order(tax_id_claim::tax_id_id)
        .select((tax_id_claim::tax_id_id, tax_id_claim::organization_id, tax_id_claim::document))
        .load(conn)?;
    rows.into_iter().map(asked).collect()
}

/// Who asks for this number, if anybody does.
///
/// # Errors
/// [`StoreError`].
pub fn asked_by_id(conn: &mut AnyConn, id: &TaxIdId) -> Result<Option<Asked>, StoreError> {
    let row: Option<(String, String, String)> = tax_id_claim::table
        .find(id.as_str())
        .select((tax_id_claim::tax_id_id, tax_id_claim::organization_id, tax_id_claim::document))
        .first(conn)
        .optional()?;
    row.map(asked).transpose()
}

/// Those of these numbers whose owners let their time for an answer go by.
///
/// # Errors
/// [`StoreError`].
pub fn overdue_among(
    conn: &mut AnyConn,
    numbers: &[TaxIdId],
    now: DateTime<Utc>,
) -> Result<BTreeSet<TaxIdId>, StoreError> {
    let ids: Vec<&str> = numbers.iter().map(TaxIdId::as_str).collect();
    let late: Vec<String> = tax_id_claim::table
        .filter(tax_id_claim::tax_id_id.eq_any(ids))
        .filter(tax_id_claim::stage.eq(Stage::Asked.code()))
        .filter(tax_id_claim::answer_due_at.le(millis(now)))
        .select(tax_id_claim::tax_id_id)
        .load(conn)?;
    let number =
        |id: String| Reading { table: "tax_id_claim", row: &id.clone() }.parsed("tax_id_id", id);
    late.into_iter().map(number).collect()
}

/// At most `limit` numbers that somebody asks for, those first whose owners had to answer first;
/// the list goes on after `after`.
///
/// # Errors
/// [`StoreError`].
pub fn all_asked(
    conn: &mut AnyConn,
    after: Option<(DateTime<Utc>, &TaxIdId)>,
    limit: i64,
) -> Result<Vec<Asked>, StoreError> {
    let (due, id) = after.map_or((i64::MIN, ""), |(due, id)| (millis(due), id.as_str()));
    let rows: Vec<(String, String, String)> = tax_id_claim::table
        .filter(
            tax_id_claim::answer_due_at
                .gt(due)
                .or(tax_id_claim::answer_due_at.eq(due).and(tax_id_claim::tax_id_id.gt(id))),
        )
        .order((tax_id_claim::answer_due_at, tax_id_claim::tax_id_id))
        .limit(limit)
        .select((tax_id_claim::tax_id_id, tax_id_claim::organization_id, tax_id_claim::document))
        .load(conn)?;
    rows.into_iter().map(asked).collect()
}

fn asked((id, owner, document): (String, String, String)) -> Result<Asked, StoreError> {
    let read = Reading { table: "tax_id_claim", row: &id };
    Ok(Asked {
        id: read.parsed("tax_id_id", id.clone())?,
        owner: read.parsed("organization_id", owner)?,
        claim: read.json("document", &document)?,
    })
}

/// Who acts under which of an organization's numbers.
///
/// # Errors
/// [`StoreError`].
pub fn representatives_of(
    conn: &mut AnyConn,
    owner: &OrganizationId,
) -> Result<Vec<(TaxIdId, OrganizationId, String)>, StoreError> {
    let rows: Vec<(String, String, String)> = tax_id_representative::table
        .inner_join(tax_id::table.on(tax_id::id.eq(tax_id_representative::tax_id_id)))
        .inner_join(
            organization::table.on(organization::id.eq(tax_id_representative::organization_id)),
        )
        .filter(tax_id::organization_id.eq(owner.as_str()))
        .order((organization::name, organization::id))
        .select((tax_id::id, organization::id, organization::name))
        .load(conn)?;
    rows.into_iter().map(named).collect()
}

/// The numbers under which an organization acts on behalf of others, with their owners.
///
/// # Errors
/// [`StoreError`].
pub fn represented_by(
    conn: &mut AnyConn,
    organization: &OrganizationId,
) -> Result<Vec<(TaxIdId, OrganizationId, String)>, StoreError> {
    let rows: Vec<(String, String, String)> = tax_id_representative::table
        .inner_join(tax_id::table.on(tax_id::id.eq(tax_id_representative::tax_id_id)))
        .inner_join(organization::table.on(organization::id.eq(tax_id::organization_id)))
        .filter(tax_id_representative::organization_id.eq(organization.as_str()))
        .order((organization::name, tax_id::id))
        .select((tax_id::id, organization::id, organization::name))
        .load(conn)?;
    rows.into_iter().map(named).collect()
}

fn named(
    (id, organization, name): (String, String, String),
) -> Result<(TaxIdId, OrganizationId, String), StoreError> {
    let read = Reading { table: "tax_id_representative", row: &id };
    let organization = read.parsed("organization_id", organization)?;
    Ok((read.parsed("tax_id_id", id.clone())?, organization, name))
}

fn claim(conn: &mut AnyConn, id: &TaxIdId) -> Result<Option<Claim>, StoreError> {
    let row: Option<String> = tax_id_claim::table
        .find(id.as_str())
        .select(tax_id_claim::document)
        .first(conn)
        .optional()?;
    let read = Reading { table: "tax_id_claim", row: id.as_str() };
    row.map(|document| read.json("document", &document)).transpose()
}

fn representatives(
    conn: &mut AnyConn,
    id: &TaxIdId,
) -> Result<BTreeSet<OrganizationId>, StoreError> {
    let rows: Vec<String> = tax_id_representative::table
        .filter(tax_id_representative::tax_id_id.eq(id.as_str()))
        .select(tax_id_representative::organization_id)
        .load(conn)?;
    let read = Reading { table: "tax_id_representative", row: id.as_str() };
    rows.into_iter().map(|row| read.parsed("organization_id", row)).collect()
}

/// How many people with an active account act for an organization.
///
/// # Errors
/// [`StoreError`].
pub fn people_of(conn: &mut AnyConn, of: &OrganizationId) -> Result<usize, StoreError> {
    let active = code(&AffiliationStatus::Active);
    let count: i64 = affiliation::table
        .inner_join(subscriber::table.on(subscriber::id.eq(affiliation::subscriber_id)))
        .filter(affiliation::organization_id.eq(of.as_str()))
        .filter(affiliation::status.eq(&active))
        .filter(subscriber::status.eq(code(&AccountStatus::Active)))
        .count()
        .get_result(conn)?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// What keeps the number unique that this registration asks for, or that is kept for it.
///
/// # Errors
/// [`StoreError`].
pub fn fingerprint_wanted_by(
    conn: &mut AnyConn,
    registration: &RegistrationId,
) -> Result<Option<Fingerprint>, StoreError> {
    let asked: Option<Vec<u8>> = tax_id_claim::table
        .inner_join(tax_id::table.on(tax_id::id.eq(tax_id_claim::tax_id_id)))
        .filter(tax_id_claim::registration_id.eq(registration.as_str()))
        .select(tax_id::fingerprint)
        .first(conn)
        .optional()?;
    let octets = match asked {
        Some(octets) => Some(octets),
        None => tax_id_reservation::table
            .filter(tax_id_reservation::registration_id.eq(registration.as_str()))
            .select(tax_id_reservation::fingerprint)
            .first(conn)
            .optional()?,
    };
    let read = Reading { table: "registration", row: registration.as_str() };
    octets.map(|octets| octets.try_into().map_err(|_| read.corrupt("fingerprint"))).transpose()
}
