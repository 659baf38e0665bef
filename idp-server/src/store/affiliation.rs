//! Affiliations: who acts for which organization, with which roles and Tax IDs.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use idp_core::{
    community::{
        affiliation::{AccessLevel, Affiliation, AffiliationStatus},
        organization::Organization,
        role::Role,
        tax_id::TaxId,
    },
    ids::{AffiliationId, OrganizationId, SubscriberId, TaxIdId},
};

use super::{
    AnyConn, StoreError,
    column::{Reading, code, json, millis},
    schema::affiliation,
};

/// An affiliation as it is kept: its organization and Tax IDs by their identifiers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AffiliationRecord {
    /// Its identifier.
    pub id: AffiliationId,
    /// The person.
    pub subscriber: SubscriberId,
    /// The organization.
    pub organization: OrganizationId,
    /// Whether it may be used. [`AffiliationStatus::Ended`] is reached through
    /// [`super::end_access()`] alone.
    pub status: AffiliationStatus,
    /// What the person does there.
    pub roles: BTreeSet<Role>,
    /// Professions or duties within the roles.
    pub role_details: BTreeSet<String>,
    /// Whether the person is an Administrator there.
    pub administrator: bool,
    /// How much of the community the person may use.
    pub access_level: AccessLevel,
    /// The Tax IDs that the person may use; `None`: all of the organization's (R7).
    pub tax_ids: Option<BTreeSet<TaxIdId>>,
    /// Since when.
    pub since: NaiveDate,
}

/// Takes in a new affiliation.
///
/// # Errors
/// [`StoreError::Conflict`] if the person has one with this organization that has not ended.
pub fn insert(conn: &mut AnyConn, new: &AffiliationRecord) -> Result<(), StoreError> {
    diesel::insert_into(affiliation::table).values(Row::from(new)).execute(conn)?;
    Ok(())
}

/// Writes down what changed about an affiliation that has not ended; `false` if there is none.
///
/// # Errors
/// [`StoreError`].
pub fn update(conn: &mut AnyConn, changed: &AffiliationRecord) -> Result<bool, StoreError> {
    let row = Row::from(changed);
    let found =
        affiliation::table.find(changed.id.as_str()).filter(affiliation::ended_at.is_null());
    let changes = (
        affiliation::status.eq(row.status),
        affiliation::roles.eq(row.roles),
        affiliation::role_details.eq(row.role_details),
        affiliation::administrator.eq(row.administrator),
        affiliation::access_level.eq(row.access_level),
        affiliation::tax_id_subset.eq(row.tax_id_subset),
        affiliation::since.eq(row.since),
    );
    Ok(diesel::update(found).set(changes).execute(conn)? == 1)
}

/// Finds the affiliation with this identifier.
///
/// # Errors
/// [`StoreError`].
pub fn find(
    conn: &mut AnyConn,
    id: &AffiliationId,
) -> Result<Option<AffiliationRecord>, StoreError> {
    let row =
        affiliation::table.find(id.as_str()).select(Row::as_select()).first(conn).optional()?;
    row.map(AffiliationRecord::try_from).transpose()
}

/// The affiliations of a person that have not ended.
///
/// # Errors
/// [`StoreError`].
pub fn of_subscriber(
    conn: &mut AnyConn,
    id: &SubscriberId,
) -> Result<Vec<AffiliationRecord>, StoreError> {
    let rows: Vec<Row> = affiliation::table
        .filter(affiliation::subscriber_id.eq(id.as_str()).and(affiliation::ended_at.is_null()))
        .select(Row::as_select())
        .order(affiliation::id)
        .load(conn)?;
    rows.into_iter().map(AffiliationRecord::try_from).collect()
}

/// Marks an affiliation as ended; `false` if it was already.
pub(super) fn end(
    conn: &mut AnyConn,
    id: &AffiliationId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let open = affiliation::table.find(id.as_str()).filter(affiliation::ended_at.is_null());
    let ended = (
        affiliation::status.eq(code(&AffiliationStatus::Ended)),
        affiliation::ended_at.eq(millis(now)),
    );
    Ok(diesel::update(open).set(ended).execute(conn)? == 1)
}

/// The table's shape.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = affiliation)]
pub(super) struct Row {
    pub(super) id: String,
    subscriber_id: String,
    organization_id: String,
    status: String,
    roles: String,
    role_details: String,
    administrator: bool,
    access_level: String,
    tax_id_subset: Option<String>,
    since: String,
}

impl From<&AffiliationRecord> for Row {
    fn from(record: &AffiliationRecord) -> Self {
        Self {
            id: record.id.to_string(),
            subscriber_id: record.subscriber.to_string(),
            organization_id: record.organization.to_string(),
            status: code(&record.status),
            roles: json(&record.roles),
            role_details: json(&record.role_details),
            administrator: record.administrator,
            access_level: code(&record.access_level),
            tax_id_subset: record.tax_ids.as_ref().map(json),
            since: record.since.to_string(),
        }
    }
}

impl TryFrom<Row> for AffiliationRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let key = row.id.clone();
        let read = Reading { table: "affiliation", row: &key };
        Ok(Self {
            id: read.parsed("id", row.id)?,
            subscriber: read.parsed("subscriber_id", row.subscriber_id)?,
            organization: read.parsed("organization_id", row.organization_id)?,
            status: read.code("status", &row.status)?,
            roles: read.json("roles", &row.roles)?,
            role_details: read.json("role_details", &row.role_details)?,
            administrator: row.administrator,
            access_level: read.code("access_level", &row.access_level)?,
            tax_ids: row
                .tax_id_subset
                .map(|subset| read.json("tax_id_subset", &subset))
                .transpose()?,
            since: row.since.parse().map_err(|_| read.corrupt("since"))?,
        })
    }
}

impl AffiliationRecord {
    /// The affiliation with what its identifiers stand for, the main Tax ID first. Of the
    /// organization's `tax_ids` those that the person may not use stay behind.
    #[must_use]
    pub fn join(self, organization: Organization, tax_ids: Vec<TaxId>) -> Affiliation {
        let subset = self.tax_ids;
        let may_use = |tax_id: &TaxId| subset.as_ref().is_none_or(|ids| ids.contains(&tax_id.id));
        let mut tax_ids: Vec<TaxId> = tax_ids.into_iter().filter(may_use).collect();
        tax_ids.sort_by(|a, b| (!a.primary, &a.id).cmp(&(!b.primary, &b.id)));
        Affiliation {
            id: self.id,
            subscriber: self.subscriber,
            organization,
            status: self.status,
            roles: self.roles,
            role_details: self.role_details,
            administrator: self.administrator,
            access_level: self.access_level,
            tax_ids,
            since: self.since,
        }
    }
}
