//! Tax IDs. A personal number (R16) is sealed before it comes here and opened by whoever holds the
//! master key; the fingerprint that keeps numbers unique is made by the caller, too.

use std::collections::BTreeMap;

use diesel::prelude::*;
use idp_core::{
    community::tax_id::{Ein, Prefixes, Ssn, TaxId, TaxIdNumber},
    ids::{OrganizationId, TaxIdId},
};

use super::{
    AnyConn, StoreError,
    column::Reading,
    schema::{tax_id, tax_id_claim, tax_id_representative},
};

/// Opens a sealed personal number; `None` if it was not sealed for this Tax ID under our key.
pub type OpenSsn = dyn Fn(&TaxIdId, &[u8]) -> Option<Ssn> + Send + Sync;

/// What makes two numbers one: an HMAC of type and digits under a key derived from the master key.
pub type Fingerprint = [u8; 32];

/// A Tax ID to be stored.
pub struct NewTaxId<'a> {
    /// Its identifier.
    pub id: &'a TaxIdId,
    /// Whose it is.
    pub organization: &'a OrganizationId,
    /// The number.
    pub number: StoredNumber<'a>,
    /// What keeps it unique.
    pub fingerprint: &'a Fingerprint,
    /// Whether it is the organization's main one.
    pub primary: bool,
}

/// A number as it is stored.
pub enum StoredNumber<'a> {
    /// A business number.
    Ein(&'a Ein),
    /// A personal number, sealed.
    Ssn(&'a [u8]),
}

impl<'a> StoredNumber<'a> {
    /// The columns that hold it.
    pub(super) fn columns(&self) -> NumberColumns<'a> {
        match *self {
            Self::Ein(ein) => {
                NumberColumns { type_: "ein", value: Some(ein.digits()), sealed: None }
            }
            Self::Ssn(sealed) => NumberColumns { type_: "ssn", value: None, sealed: Some(sealed) },
        }
    }
}

/// The columns of a number, wherever one stands.
pub(super) struct NumberColumns<'a> {
    pub(super) type_: &'a str,
    pub(super) value: Option<&'a str>,
    pub(super) sealed: Option<&'a [u8]>,
}

impl NumberColumns<'_> {
    /// The number in them; `id`: the Tax ID for which a personal one was sealed.
    pub(super) fn number(
        &self,
        id: &TaxIdId,
        open: &OpenSsn,
        read: &Reading<'_>,
    ) -> Result<TaxIdNumber, StoreError> {
        match (self.type_, self.value, self.sealed) {
            ("ein", Some(digits), None) => {
                // Support may have accepted a prefix that the table does not know.
                let ein = Ein::read(digits, &Prefixes::any());
                Ok(TaxIdNumber::Ein(ein.map_err(|_| read.corrupt("value"))?))
            }
            ("ssn", None, Some(sealed)) => {
                Ok(TaxIdNumber::Ssn(open(id, sealed).ok_or_else(|| read.corrupt("sealed"))?))
            }
            _ => Err(read.corrupt("type")),
        }
    }
}

/// A Tax ID's place, found by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Its identifier.
    pub id: TaxIdId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Whether it is the organization's main one.
    pub primary: bool,
}

/// Takes in a new Tax ID.
///
/// # Errors
/// [`StoreError::Conflict`] with [`super::Taken::TaxId`] if the number is registered.
pub fn insert(conn: &mut AnyConn, new: &NewTaxId<'_>) -> Result<(), StoreError> {
    let NumberColumns { type_, value, sealed } = new.number.columns();
    diesel::insert_into(tax_id::table)
        .values((
            tax_id::id.eq(new.id.as_str()),
            tax_id::organization_id.eq(new.organization.as_str()),
            tax_id::type_.eq(type_),
            tax_id::value.eq(value),
            tax_id::sealed.eq(sealed),
            tax_id::fingerprint.eq(new.fingerprint.as_slice()),
            tax_id::is_primary.eq(new.primary),
        ))
        .execute(conn)?;
    Ok(())
}

/// Who has registered the number with this fingerprint.
///
/// # Errors
/// [`StoreError`].
pub fn registered(
    conn: &mut AnyConn,
    fingerprint: &Fingerprint,
) -> Result<Option<Registered>, StoreError> {
    let row: Option<(String, String, bool)> = tax_id::table
        .filter(tax_id::fingerprint.eq(fingerprint.as_slice()))
        .select((tax_id::id, tax_id::organization_id, tax_id::is_primary))
        .first(conn)
        .optional()?;
    row.map(|(id, organization, primary)| {
        let read = Reading { table: "tax_id", row: &id.clone() };
        Ok(Registered {
            id: read.parsed("id", id)?,
            organization: read.parsed("organization_id", organization)?,
            primary,
        })
    })
    .transpose()
}

/// The Tax IDs of an organization by what keeps them unique, without opening any.
///
/// # Errors
/// [`StoreError`].
pub fn fingerprints(
    conn: &mut AnyConn,
    organization: &OrganizationId,
) -> Result<Vec<(TaxIdId, Fingerprint)>, StoreError> {
    let rows: Vec<(String, Vec<u8>)> = tax_id::table
        .filter(tax_id::organization_id.eq(organization.as_str()))
        .order(tax_id::id)
        .select((tax_id::id, tax_id::fingerprint))
        .load(conn)?;
    let pair = |(id, fingerprint): (String, Vec<u8>)| {
        let read = Reading { table: "tax_id", row: &id };
        let fingerprint = fingerprint.try_into().map_err(|_| read.corrupt("fingerprint"))?;
        Ok((read.parsed("id", id.clone())?, fingerprint))
    };
    rows.into_iter().map(pair).collect()
}

/// The Tax IDs of an organization, the main one first.
///
/// # Errors
/// [`StoreError`].
pub fn of_organization(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    open: &OpenSsn,
) -> Result<Vec<TaxId>, StoreError> {
    let rows: Vec<Row> = tax_id::table
        .filter(tax_id::organization_id.eq(organization.as_str()))
        .order((tax_id::is_primary.desc(), tax_id::id))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(|row| row.open(open)).collect()
}

/// The numbers under which an organization's people act: its own, the main one first, and those of
/// others that it represents (R44; domain 4.9).
///
/// # Errors
/// [`StoreError`].
pub fn acted_under(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    open: &OpenSsn,
) -> Result<Vec<TaxId>, StoreError> {
    let mut rows: Vec<Row> = tax_id::table
        .filter(tax_id::organization_id.eq(organization.as_str()))
        .select(Row::as_select())
        .load(conn)?;
    let represented: Vec<Row> = tax_id::table
        .inner_join(
            tax_id_representative::table.on(tax_id_representative::tax_id_id.eq(tax_id::id)),
        )
        .filter(tax_id_representative::organization_id.eq(organization.as_str()))
        .select(Row::as_select())
        .load(conn)?;
    rows.extend(represented);
    Row::as_seen_by(rows, organization.as_str()).into_iter().map(|row| row.open(open)).collect()
}

/// Gives a number that is handed over to its new owner. Its identifier stays, and so does what
/// people of the old owner may do under it.
///
/// # Errors
/// [`StoreError`].
pub fn hand_over(conn: &mut AnyConn, id: &TaxIdId, to: &OrganizationId) -> Result<(), StoreError> {
    diesel::update(tax_id::table.find(id.as_str()))
        .set((tax_id::organization_id.eq(to.as_str()), tax_id::is_primary.eq(false)))
        .execute(conn)?;
    Ok(())
}

/// Sees to it that one of an organization's numbers is its main one, after one came or went.
///
/// # Errors
/// [`StoreError`].
pub fn settle_primary(conn: &mut AnyConn, of: &OrganizationId) -> Result<(), StoreError> {
    let first: Option<(String, bool)> = tax_id::table
        .filter(tax_id::organization_id.eq(of.as_str()))
        .order((tax_id::is_primary.desc(), tax_id::id))
        .select((tax_id::id, tax_id::is_primary))
        .first(conn)
        .optional()?;
    if let Some((id, false)) = first {
        diesel::update(tax_id::table.find(id)).set(tax_id::is_primary.eq(true)).execute(conn)?;
    }
    Ok(())
}

/// Makes a Tax ID the organization's main one, or an ordinary one.
///
/// # Errors
/// [`StoreError::Conflict`] if the organization has another main one.
pub fn set_primary(conn: &mut AnyConn, id: &TaxIdId, primary: bool) -> Result<(), StoreError> {
    diesel::update(tax_id::table.find(id.as_str()))
        .set(tax_id::is_primary.eq(primary))
        .execute(conn)?;
    Ok(())
}

/// Takes a Tax ID out, with whoever asks for it or acts under it: the number is free from then on.
///
/// # Errors
/// [`StoreError`].
pub fn remove(conn: &mut AnyConn, id: &TaxIdId) -> Result<(), StoreError> {
    let under = tax_id_representative::tax_id_id.eq(id.as_str());
    diesel::delete(tax_id_representative::table.filter(under)).execute(conn)?;
    diesel::delete(tax_id_claim::table.find(id.as_str())).execute(conn)?;
    diesel::delete(tax_id::table.find(id.as_str())).execute(conn)?;
    Ok(())
}

/// The table's shape, without the fingerprint.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = tax_id)]
pub(super) struct Row {
    pub(super) id: String,
    organization_id: String,
    type_: String,
    value: Option<String>,
    sealed: Option<Vec<u8>>,
    is_primary: bool,
}

impl Row {
    /// What these numbers are to one of the organizations that act under them, each of them once,
    /// the main one first. Another's main number is not ours, unless we act under no number of our
    /// own: then the first that we represent is what a site gets that takes one number only.
    pub(super) fn as_seen_by(rows: Vec<Self>, organization: &str) -> Vec<Self> {
        let is_own = |row: &Self| row.organization_id == organization;
        let mut seen: BTreeMap<String, Self> = BTreeMap::new();
        for row in rows {
            let is_primary = row.is_primary && is_own(&row);
            seen.insert(row.id.clone(), Self { is_primary, ..row });
        }
        let has_own = seen.values().any(is_own);
        let mut seen: Vec<Self> = seen.into_values().collect();
        if let (false, Some(first)) = (has_own, seen.first_mut()) {
            first.is_primary = true;
        }
        seen.sort_by_key(|row| !row.is_primary);
        seen
    }

    pub(super) fn open(self, open: &OpenSsn) -> Result<TaxId, StoreError> {
        let read = Reading { table: "tax_id", row: &self.id };
        let id: TaxIdId = read.parsed("id", self.id.clone())?;
        let columns = NumberColumns {
            type_: &self.type_,
            value: self.value.as_deref(),
            sealed: self.sealed.as_deref(),
        };
        let number = columns.number(&id, open, &read)?;
        Ok(TaxId { id, number, primary: self.is_primary })
    }
}
