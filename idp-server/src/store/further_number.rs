//! Further Tax IDs that organizations ask for, until Support decides.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    community::{
        further_number::{FurtherNumber, Numbers},
        tax_id::TaxIdNumber,
    },
    ids::{OrganizationId, TaxIdId},
};

use super::{
    AnyConn, StoreError,
    column::{Reading, millis},
    connection::first_for_update,
    schema::{further_number, tax_id},
    tax_id::{Fingerprint, NumberColumns, OpenSsn, StoredNumber},
};

/// One that waits, with its number.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Who asks, and when.
    pub further: FurtherNumber,
    /// For which number.
    pub number: TaxIdNumber,
}

/// Takes in a new request.
///
/// # Errors
/// [`StoreError::Conflict`] if the organization has asked for the number.
pub fn insert(
    conn: &mut AnyConn,
    new: &FurtherNumber,
    number: &StoredNumber<'_>,
    fingerprint: &Fingerprint,
) -> Result<(), StoreError> {
    let NumberColumns { type_, value, sealed } = number.columns();
    diesel::insert_into(further_number::table)
        .values((
            further_number::id.eq(new.id.as_str()),
            further_number::organization_id.eq(new.organization.as_str()),
            further_number::asked_by.eq(new.asked_by.as_str()),
            further_number::asked_at.eq(millis(new.asked_at)),
            further_number::type_.eq(type_),
            further_number::value.eq(value),
            further_number::sealed.eq(sealed),
            further_number::fingerprint.eq(fingerprint.as_slice()),
        ))
        .execute(conn)?;
    Ok(())
}

/// What an organization has already. To be asked with the organization locked, so that two requests
/// are counted one after the other.
///
/// # Errors
/// [`StoreError`].
pub fn numbers(
    conn: &mut AnyConn,
    of: &OrganizationId,
    fingerprint: &Fingerprint,
) -> Result<Numbers, StoreError> {
    let registered: Vec<Vec<u8>> = tax_id::table
        .filter(tax_id::organization_id.eq(of.as_str()))
        .select(tax_id::fingerprint)
        .load(conn)?;
    let waiting: Vec<Vec<u8>> = further_number::table
        .filter(further_number::organization_id.eq(of.as_str()))
        .select(further_number::fingerprint)
        .load(conn)?;
    let this_one = registered.iter().chain(&waiting).any(|known| known == fingerprint);
    Ok(Numbers { registered: registered.len(), waiting: waiting.len(), this_one })
}

/// A request that waits. Nobody else decides about it until the transaction ends.
///
/// # Errors
/// [`StoreError`].
pub fn find_for_update(
    conn: &mut AnyConn,
    id: &TaxIdId,
    open: &OpenSsn,
) -> Result<Option<Waiting>, StoreError> {
    let one = further_number::table.find(id.as_str());
    let row: Option<Row> = first_for_update!(conn, one.select(Row::as_select())).optional()?;
    row.map(|row| row.read(open)).transpose()
}

/// A request that waits.
///
/// # Errors
/// [`StoreError`].
pub fn find(
    conn: &mut AnyConn,
    id: &TaxIdId,
    open: &OpenSsn,
) -> Result<Option<Waiting>, StoreError> {
    let one = further_number::table.find(id.as_str()).select(Row::as_select());
    let row: Option<Row> = one.first(conn).optional()?;
    row.map(|row| row.read(open)).transpose()
}

/// What an organization waits for, the oldest first. There are never more than
/// [`MOST_WAITING`](idp_core::community::further_number::MOST_WAITING).
///
/// # Errors
/// [`StoreError`].
pub fn of_organization(
    conn: &mut AnyConn,
    of: &OrganizationId,
    open: &OpenSsn,
) -> Result<Vec<Waiting>, StoreError> {
    let rows: Vec<Row> = further_number::table
        .filter(further_number::organization_id.eq(of.as_str()))
        .order((further_number::asked_at, further_number::id))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(|row| row.read(open)).collect()
}

/// What waits for Support, the oldest first.
///
/// # Errors
/// [`StoreError`].
pub fn queue(
    conn: &mut AnyConn,
    after: Option<(DateTime<Utc>, &TaxIdId)>,
    limit: i64,
    open: &OpenSsn,
) -> Result<Vec<Waiting>, StoreError> {
    let (at, id) = after.map_or((i64::MIN, ""), |(at, id)| (millis(at), id.as_str()));
    let rows: Vec<Row> = further_number::table
        .filter(
            further_number::asked_at
                .gt(at)
                .or(further_number::asked_at.eq(at).and(further_number::id.gt(id))),
        )
        .order((further_number::asked_at, further_number::id))
        .limit(limit)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(|row| row.read(open)).collect()
}

/// Forgets a request that is over.
///
/// # Errors
/// [`StoreError`].
pub fn remove(conn: &mut AnyConn, id: &TaxIdId) -> Result<(), StoreError> {
    diesel::delete(further_number::table.find(id.as_str())).execute(conn)?;
    Ok(())
}

/// The table's shape, without the fingerprint.
#[derive(Queryable, Selectable)]
#[diesel(table_name = further_number)]
struct Row {
    id: String,
    organization_id: String,
    asked_by: String,
    asked_at: i64,
    type_: String,
    value: Option<String>,
    sealed: Option<Vec<u8>>,
}

impl Row {
    fn read(self, open: &OpenSsn) -> Result<Waiting, StoreError> {
        let read = Reading { table: "further_number", row: &self.id };
        let id: TaxIdId = read.parsed("id", self.id.clone())?;
        let columns = NumberColumns {
            type_: &self.type_,
            value: self.value.as_deref(),
            sealed: self.sealed.as_deref(),
        };
        let number = columns.number(&id, open, &read)?;
        let further = FurtherNumber {
            organization: read.parsed("organization_id", self.organization_id)?,
            asked_by: read.parsed("asked_by", self.asked_by)?,
            asked_at: read.at("asked_at", self.asked_at)?,
            id,
        };
        Ok(Waiting { further, number })
    }
}
