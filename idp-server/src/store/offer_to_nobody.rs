//! Offers by User ID that lead to nobody who could be asked. To the Administrator they are offers like
//! any other (security 20.9).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::ids::{AffiliationId, OrganizationId};

use super::{
    AnyConn, StoreError,
    affiliation::AffiliationRecord,
    column::{Reading, json, millis},
    schema::offer_to_nobody,
};

/// An offer that nobody gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferToNobody {
    /// What would be the affiliation, with a person whom there is not.
    pub offered: AffiliationRecord,
    /// What the Administrator typed.
    pub typed: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Takes an offer in.
///
/// # Errors
/// [`StoreError::Conflict`] if the same one waits already.
pub fn insert(conn: &mut AnyConn, new: &OfferToNobody) -> Result<(), StoreError> {
    let offered = &new.offered;
    diesel::insert_into(offer_to_nobody::table)
        .values((
            offer_to_nobody::id.eq(offered.id.as_str()),
            offer_to_nobody::organization_id.eq(offered.organization.as_str()),
            offer_to_nobody::subscriber_id.eq(offered.subscriber.as_str()),
            offer_to_nobody::proposed_to.eq(&new.typed),
            offer_to_nobody::proposed_at.eq(millis(new.at)),
            offer_to_nobody::offered.eq(json(offered)),
        ))
        .execute(conn)?;
    Ok(())
}

/// The offer of this organization that has not ended, by its identifier.
///
/// # Errors
/// [`StoreError`].
pub fn find(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    id: &AffiliationId,
) -> Result<Option<OfferToNobody>, StoreError> {
    let row: Option<Row> = offer_to_nobody::table
        .find(id.as_str())
        .filter(offer_to_nobody::organization_id.eq(organization.as_str()))
        .filter(offer_to_nobody::ended_at.is_null())
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(OfferToNobody::try_from).transpose()
}

/// The offer of this organization that has not ended, by what was typed.
///
/// # Errors
/// [`StoreError`].
pub fn to(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    typed: &str,
) -> Result<Option<OfferToNobody>, StoreError> {
    let row: Option<Row> = offer_to_nobody::table
        .filter(offer_to_nobody::organization_id.eq(organization.as_str()))
        .filter(offer_to_nobody::proposed_to.eq(typed))
        .filter(offer_to_nobody::ended_at.is_null())
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(OfferToNobody::try_from).transpose()
}

/// Those of an organization that have not ended, the youngest first. At most a hundred.
///
/// # Errors
/// [`StoreError`].
pub fn of_organization(
    conn: &mut AnyConn,
    organization: &OrganizationId,
) -> Result<Vec<OfferToNobody>, StoreError> {
    let rows: Vec<Row> = offer_to_nobody::table
        .filter(offer_to_nobody::organization_id.eq(organization.as_str()))
        .filter(offer_to_nobody::ended_at.is_null())
        .order((offer_to_nobody::proposed_at.desc(), offer_to_nobody::id))
        .limit(100)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(OfferToNobody::try_from).collect()
}

/// Some that were made up to `until` and have not ended.
///
/// # Errors
/// [`StoreError`].
pub fn until(
    conn: &mut AnyConn,
    until: DateTime<Utc>,
    most: i64,
) -> Result<Vec<OfferToNobody>, StoreError> {
    let rows: Vec<Row> = offer_to_nobody::table
        .filter(offer_to_nobody::proposed_at.le(millis(until)))
        .filter(offer_to_nobody::ended_at.is_null())
        .order((offer_to_nobody::proposed_at, offer_to_nobody::id))
        .limit(most)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(OfferToNobody::try_from).collect()
}

/// Ends an offer; `false` if somebody else has.
///
/// # Errors
/// [`StoreError`].
pub fn end(conn: &mut AnyConn, id: &AffiliationId, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let open = offer_to_nobody::table
        .filter(offer_to_nobody::id.eq(id.as_str()))
        .filter(offer_to_nobody::ended_at.is_null());
    Ok(diesel::update(open).set(offer_to_nobody::ended_at.eq(millis(now))).execute(conn)? == 1)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = offer_to_nobody)]
struct Row {
    id: String,
    proposed_to: String,
    proposed_at: i64,
    offered: String,
}

impl TryFrom<Row> for OfferToNobody {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let read = Reading { table: "offer_to_nobody", row: &row.id };
        Ok(Self {
            offered: read.json("offered", &row.offered)?,
            at: read.at("proposed_at", row.proposed_at)?,
            typed: row.proposed_to,
        })
    }
}
