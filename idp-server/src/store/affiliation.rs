//! Affiliations: who acts for which organization, with which roles and Tax IDs.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use idp_core::{
    community::{
        affiliation::{AccessLevel, Affiliation, AffiliationStatus},
        field::folded,
        organization::Organization,
        people_review::Reviewed,
        role::Role,
        tax_id::TaxId,
    },
    ids::{AffiliationId, OrganizationId, SubscriberId, TaxIdId},
};
use serde::{Deserialize, Serialize};

use super::{
    AnyConn, StoreError,
    column::{Reading, code, json, millis},
    schema::{affiliation, subscriber},
};

/// An affiliation as it is kept: its organization and Tax IDs by their identifiers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    sort_anew(conn, &new.subscriber)
}

/// Takes in an affiliation that the person is asked to accept. `typed` is what the Administrator
/// knows them by: all that is shown of them before they do.
///
/// # Errors
/// [`StoreError::Conflict`] if the person has one with this organization that has not ended.
pub fn propose(
    conn: &mut AnyConn,
    new: &AffiliationRecord,
    typed: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    insert(conn, new)?;
    diesel::update(affiliation::table.find(new.id.as_str()))
        .set((affiliation::proposed_at.eq(millis(now)), affiliation::proposed_to.eq(typed)))
        .execute(conn)?;
    Ok(())
}

/// Whom an organization has asked and who has not answered, the youngest first: what was typed of
/// them, and when. At most a hundred.
///
/// # Errors
/// [`StoreError`].
pub fn proposals(
    conn: &mut AnyConn,
    organization: &OrganizationId,
) -> Result<Vec<(AffiliationId, String, DateTime<Utc>)>, StoreError> {
    let rows: Vec<(String, Option<String>, Option<i64>)> = affiliation::table
        .filter(affiliation::organization_id.eq(organization.as_str()))
        .filter(affiliation::ended_at.is_null())
        .filter(affiliation::status.eq(code(&AffiliationStatus::Proposed)))
        .order((affiliation::proposed_at.desc(), affiliation::id))
        .limit(100)
        .select((affiliation::id, affiliation::proposed_to, affiliation::proposed_at))
        .load(conn)?;
    let proposal = |(id, typed, at): (String, Option<String>, Option<i64>)| {
        let read = Reading { table: "affiliation", row: &id };
        let at = read.at("proposed_at", at.unwrap_or_default())?;
        Ok((read.parsed("id", id.clone())?, typed.unwrap_or_default(), at))
    };
    rows.into_iter().map(proposal).collect()
}

/// Which affiliations somebody has been asked to accept since `since` and has not answered.
///
/// # Errors
/// [`StoreError`].
pub fn proposed_since(
    conn: &mut AnyConn,
    person: &SubscriberId,
    since: DateTime<Utc>,
) -> Result<Vec<AffiliationId>, StoreError> {
    let ids: Vec<String> = affiliation::table
        .filter(affiliation::subscriber_id.eq(person.as_str()))
        .filter(affiliation::ended_at.is_null())
        .filter(affiliation::status.eq(code(&AffiliationStatus::Proposed)))
        .filter(affiliation::proposed_at.gt(millis(since)))
        .select(affiliation::id)
        .load(conn)?;
    let parsed = |id: String| Reading { table: "affiliation", row: &id }.parsed("id", id.clone());
    ids.into_iter().map(parsed).collect()
}

/// Some affiliations that somebody was asked to accept up to `until` and has not answered.
///
/// # Errors
/// [`StoreError`].
pub fn proposed_until(
    conn: &mut AnyConn,
    until: DateTime<Utc>,
    most: i64,
) -> Result<Vec<AffiliationRecord>, StoreError> {
    let rows: Vec<Row> = affiliation::table
        .filter(affiliation::ended_at.is_null())
        .filter(affiliation::status.eq(code(&AffiliationStatus::Proposed)))
        .filter(affiliation::proposed_at.le(millis(until)))
        .order((affiliation::proposed_at, affiliation::id))
        .limit(most)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(AffiliationRecord::try_from).collect()
}

/// When the person was asked to accept the affiliation; `None` if that was never a question.
///
/// # Errors
/// [`StoreError`].
pub fn proposed_at(
    conn: &mut AnyConn,
    id: &AffiliationId,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let at: Option<Option<i64>> = affiliation::table
        .find(id.as_str())
        .select(affiliation::proposed_at)
        .first(conn)
        .optional()?;
    Reading { table: "affiliation", row: id.as_str() }.maybe_at("proposed_at", at.flatten())
}

/// What the Administrator typed who offered the affiliation, if it was ever offered.
///
/// # Errors
/// [`StoreError`].
pub fn proposed_to(conn: &mut AnyConn, id: &AffiliationId) -> Result<Option<String>, StoreError> {
    let typed: Option<Option<String>> = affiliation::table
        .find(id.as_str())
        .select(affiliation::proposed_to)
        .first(conn)
        .optional()?;
    Ok(typed.flatten())
}

/// Writes what lists sort a person's affiliations by, after the name changed or there is a new one.
///
/// # Errors
/// [`StoreError`].
pub(super) fn sort_anew(conn: &mut AnyConn, person: &SubscriberId) -> Result<(), StoreError> {
    let names: Option<(String, String, String)> = subscriber::table
        .find(person.as_str())
        .select((subscriber::family_name, subscriber::given_name, subscriber::user_id))
        .first(conn)
        .optional()?;
    let Some((family_name, given_name, user_id)) = names else { return Ok(()) };
    let keys = (
        affiliation::sort_key.eq(sort_key(&family_name, &given_name, &user_id)),
        affiliation::given_key.eq([&given_name, &family_name].map(|name| folded(name)).join(" ")),
        affiliation::user_key.eq(user_id),
    );
    diesel::update(affiliation::table.filter(affiliation::subscriber_id.eq(person.as_str())))
        .set(keys)
        .execute(conn)?;
    Ok(())
}

/// What a person is sorted and searched by: all of it folded, so that neither letter case nor
/// accents matter.
#[must_use]
pub fn sort_key(family_name: &str, given_name: &str, user_id: &str) -> String {
    [family_name, given_name, user_id].map(folded).join(" ")
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

/// The affiliation of a person with this organization that has not ended.
///
/// # Errors
/// [`StoreError`].
pub fn of_person_in(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    person: &SubscriberId,
) -> Result<Option<AffiliationRecord>, StoreError> {
    let row: Option<Row> = affiliation::table
        .filter(affiliation::organization_id.eq(organization.as_str()))
        .filter(affiliation::subscriber_id.eq(person.as_str()))
        .filter(affiliation::ended_at.is_null())
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(AffiliationRecord::try_from).transpose()
}

/// Writes down what became of an affiliation that has not ended. What was given by it ends with it:
/// the caller sees to that in the same transaction.
///
/// # Errors
/// [`StoreError`].
pub fn save(
    conn: &mut AnyConn,
    changed: &AffiliationRecord,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if changed.status == AffiliationStatus::Ended {
        let left = AffiliationRecord { status: AffiliationStatus::Suspended, ..changed.clone() };
        update(conn, &left)?;
        end(conn, &changed.id, now)?;
    } else {
        update(conn, changed)?;
    }
    Ok(())
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

/// Whose affiliations with an organization have not ended: some of them.
///
/// # Errors
/// [`StoreError`].
pub fn open_in(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    most: i64,
) -> Result<Vec<SubscriberId>, StoreError> {
    let found: Vec<(String, String)> = affiliation::table
        .filter(affiliation::organization_id.eq(organization.as_str()))
        .filter(affiliation::ended_at.is_null())
        .order(affiliation::id)
        .limit(most)
        .select((affiliation::id, affiliation::subscriber_id))
        .load(conn)?;
    let person = |(id, person): (String, String)| {
        Reading { table: "affiliation", row: &id }.parsed("subscriber_id", person)
    };
    found.into_iter().map(person).collect()
}

/// Writes down that an affiliation that has not ended is in use, or stopped for now.
///
/// # Errors
/// [`StoreError`].
pub fn set_status(
    conn: &mut AnyConn,
    id: &AffiliationId,
    status: AffiliationStatus,
) -> Result<(), StoreError> {
    let open = affiliation::table.find(id.as_str()).filter(affiliation::ended_at.is_null());
    diesel::update(open).set(affiliation::status.eq(code(&status))).execute(conn)?;
    Ok(())
}

/// Writes down that somebody looked at an affiliation.
///
/// # Errors
/// [`StoreError`].
pub fn set_reviewed(conn: &mut AnyConn, reviewed: &Reviewed) -> Result<(), StoreError> {
    diesel::update(affiliation::table.find(reviewed.affiliation.as_str()))
        .set((
            affiliation::reviewed_at.eq(millis(reviewed.at)),
            affiliation::reviewed_by.eq(reviewed.by.as_str()),
        ))
        .execute(conn)?;
    Ok(())
}

/// Gives or takes the Administrator's flag.
///
/// # Errors
/// [`StoreError`].
pub fn set_administrator(
    conn: &mut AnyConn,
    id: &AffiliationId,
    administrator: bool,
) -> Result<(), StoreError> {
    let open = affiliation::table.find(id.as_str()).filter(affiliation::ended_at.is_null());
    diesel::update(open).set(affiliation::administrator.eq(administrator)).execute(conn)?;
    Ok(())
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
    pub(super) subscriber_id: String,
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
