//! Systems that act for an organization without a person (R83).

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    community::{
        organization::Organization,
        system_client::{Purpose, Stage, SystemClient},
        tax_id::{Ssn, TaxId},
    },
    ids::{OrganizationId, SystemClientId, TaxIdId},
};
use serde::{Deserialize, Serialize};

use super::{
    AnyConn, StoreError,
    column::{Reading, json, millis},
    connection::{first_for_update, on_either},
    organization,
    schema::{organization as organizations, system_client, tax_id as tax_ids},
    tax_id,
};

/// A system and what its token says of its organization, whether or not it may have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedSystem {
    /// The system.
    pub system: SystemClient,
    /// Its organization.
    pub organization: Organization,
    /// The business numbers of the organization. A personal one is not even read: no token of a
    /// system says it (security 20.10).
    pub tax_ids: Vec<TaxId>,
}

/// The system with this `client_id`. One statement.
///
/// # Errors
/// [`StoreError`].
pub fn with_organization(
    conn: &mut AnyConn,
    id: &SystemClientId,
) -> Result<Option<LoadedSystem>, StoreError> {
    type Line = (Row, organization::Row, Option<tax_id::Row>);
    let business = tax_ids::organization_id.eq(organizations::id).and(tax_ids::type_.eq("ein"));
    let lines: Vec<Line> = on_either!(conn, c => {
        system_client::table
            .inner_join(organizations::table.on(organizations::id.eq(system_client::organization_id)))
            .left_join(tax_ids::table.on(business))
            .filter(system_client::id.eq(id.as_str()))
            .order(tax_ids::id)
            .select((
                Row::as_select(),
                organization::Row::as_select(),
                Option::<tax_id::Row>::as_select(),
            ))
            .load(c)
    })?;
    let mut found: Option<LoadedSystem> = None;
    for (row, organization, number) in lines {
        let loaded = match found.take() {
            Some(loaded) => loaded,
            None => LoadedSystem {
                system: row.try_into()?,
                organization: organization.try_into()?,
                tax_ids: Vec::new(),
            },
        };
        let LoadedSystem { system, organization, mut tax_ids } = loaded;
        tax_ids.extend(number.map(|number| number.open(&nothing_to_open)).transpose()?);
        found = Some(LoadedSystem { system, organization, tax_ids });
    }
    Ok(found)
}

/// Business numbers stand as they are.
fn nothing_to_open(_: &TaxIdId, _: &[u8]) -> Option<Ssn> {
    None
}

/// The system with this `client_id`. Nobody else may change it until the transaction ends. Inside
/// [`super::Database::write`] only.
///
/// # Errors
/// [`StoreError`].
pub fn load_for_update(
    conn: &mut AnyConn,
    id: &SystemClientId,
) -> Result<Option<SystemClient>, StoreError> {
    let wanted =
        first_for_update!(conn, system_client::table.find(id.as_str()).select(Row::as_select()));
    let row: Option<Row> = wanted.optional()?;
    row.map(SystemClient::try_from).transpose()
}

/// The same, if it is a system of this organization: what is another's is not there.
///
/// # Errors
/// [`StoreError`].
pub fn load_for_update_of(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    id: &SystemClientId,
) -> Result<Option<SystemClient>, StoreError> {
    let wanted = first_for_update!(
        conn,
        system_client::table
            .filter(system_client::id.eq(id.as_str()))
            .filter(system_client::organization_id.eq(organization.as_str()))
            .select(Row::as_select())
    );
    let row: Option<Row> = wanted.optional()?;
    row.map(SystemClient::try_from).transpose()
}

/// Where a page of a list begins: behind the system of this name and identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    /// The name.
    pub name: String,
    /// The identifier, for systems of one name.
    pub id: SystemClientId,
}

/// The systems of an organization by name, at most `limit`, whatever became of them.
///
/// # Errors
/// [`StoreError`].
pub fn of_organization(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    after: Option<&After>,
    limit: i64,
) -> Result<Vec<SystemClient>, StoreError> {
    let mut wanted = system_client::table
        .filter(system_client::organization_id.eq(organization.as_str()))
        .order((system_client::name, system_client::id))
        .limit(limit)
        .select(Row::as_select())
        .into_boxed();
    if let Some(After { name, id }) = after {
        let behind = system_client::name
            .gt(name)
            .or(system_client::name.eq(name).and(system_client::id.gt(id.as_str())));
        // The first half of it once more, so that an index is entered there and not read through.
        wanted = wanted.filter(system_client::name.ge(name)).filter(behind);
    }
    let rows: Vec<Row> = wanted.load(conn)?;
    rows.into_iter().map(SystemClient::try_from).collect()
}

/// Up to `limit` systems behind `after` that act until `before` at the latest, by identifier.
///
/// # Errors
/// [`StoreError`].
pub fn ending_before(
    conn: &mut AnyConn,
    before: DateTime<Utc>,
    after: Option<&SystemClientId>,
    limit: i64,
) -> Result<Vec<SystemClientId>, StoreError> {
    let found: Vec<String> = system_client::table
        .filter(system_client::ends_at.le(millis(before)))
        .filter(system_client::id.gt(after.map_or("", SystemClientId::as_str)))
        .order(system_client::id)
        .limit(limit)
        .select(system_client::id)
        .load(conn)?;
    let id =
        |text: String| Reading { table: "system_client", row: &text.clone() }.parsed("id", text);
    found.into_iter().map(id).collect()
}

/// How many systems of an organization end after `now` and until `before`; a hundred stands for more.
///
/// # Errors
/// [`StoreError`].
pub fn ending_of(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    now: DateTime<Utc>,
    before: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let found: Vec<String> = system_client::table
        .filter(system_client::organization_id.eq(organization.as_str()))
        .filter(system_client::ends_at.gt(millis(now)))
        .filter(system_client::ends_at.le(millis(before)))
        .select(system_client::id)
        .limit(100)
        .load(conn)?;
    Ok(found.len())
}

/// Takes in a new system.
///
/// # Errors
/// [`StoreError::Conflict`] if the identifier was ever given to a system.
pub fn insert(conn: &mut AnyConn, new: &SystemClient) -> Result<(), StoreError> {
    diesel::insert_into(system_client::table)
        .values((
            system_client::id.eq(new.id.as_str()),
            system_client::organization_id.eq(new.organization.as_str()),
            system_client::name.eq(&new.name),
            system_client::document.eq(json(&Document::of(new))),
            system_client::ends_at.eq(ends_at(new)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Writes down how far a system is that was loaded for update.
///
/// # Errors
/// [`StoreError`].
pub fn save(conn: &mut AnyConn, changed: &SystemClient) -> Result<(), StoreError> {
    diesel::update(system_client::table.find(changed.id.as_str()))
        .set((
            system_client::name.eq(&changed.name),
            system_client::document.eq(json(&Document::of(changed))),
            system_client::ends_at.eq(ends_at(changed)),
        ))
        .execute(conn)?;
    Ok(())
}

const fn ends_at(system: &SystemClient) -> Option<i64> {
    match &system.stage {
        Stage::Active { until, .. } => Some(millis(*until)),
        Stage::Expired | Stage::Revoked | Stage::Waiting(_) => None,
    }
}

/// What is read as a whole.
#[derive(Serialize, Deserialize)]
struct Document {
    scopes: BTreeSet<String>,
    purposes: BTreeSet<Purpose>,
    stage: Stage,
}

impl Document {
    fn of(system: &SystemClient) -> Self {
        let SystemClient { scopes, purposes, stage, .. } = system.clone();
        Self { scopes, purposes, stage }
    }
}

/// The table's shape.
#[derive(Queryable, Selectable)]
#[diesel(table_name = system_client)]
struct Row {
    id: String,
    organization_id: String,
    name: String,
    document: String,
}

impl TryFrom<Row> for SystemClient {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let read = Reading { table: "system_client", row: &row.id };
        let Document { scopes, purposes, stage } = read.json("document", &row.document)?;
        Ok(Self {
            id: read.parsed("id", row.id.clone())?,
            organization: read.parsed("organization_id", row.organization_id)?,
            name: row.name,
            scopes,
            purposes,
            stage,
        })
    }
}
