//! Participating sites. Every node keeps them all in memory, by [`super::catalog`]'s version.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    community::site::{AffiliationMode, Front, Site, SiteStatus},
    ids::SiteId,
};

use super::{
    AnyConn, StoreError, catalog,
    column::{Reading, code, json, millis},
    connection::first_for_update,
    schema::site,
};

/// All sites, whatever their state, by `client_id`.
///
/// # Errors
/// [`StoreError`].
pub fn all(conn: &mut AnyConn) -> Result<Vec<Site>, StoreError> {
    let rows: Vec<Row> = site::table.select(Row::as_select()).order(site::id).load(conn)?;
    rows.into_iter().map(Site::try_from).collect()
}

/// Finds the site with this `client_id`.
///
/// # Errors
/// [`StoreError`].
pub fn find(conn: &mut AnyConn, id: &SiteId) -> Result<Option<Site>, StoreError> {
    let row = site::table.find(id.as_str()).select(Row::as_select()).first(conn).optional()?;
    row.map(Site::try_from).transpose()
}

/// The same, and nobody else may change it until the transaction ends. Inside
/// [`super::Database::write`] only.
///
/// # Errors
/// [`StoreError`].
pub fn load_for_update(conn: &mut AnyConn, id: &SiteId) -> Result<Option<Site>, StoreError> {
    let row = first_for_update!(conn, site::table.find(id.as_str()).select(Row::as_select()));
    row.optional()?.map(Site::try_from).transpose()
}

/// Those of `sites` that want to be told when a session ends.
///
/// # Errors
/// [`StoreError`].
pub(super) fn with_backchannel_logout(
    conn: &mut AnyConn,
    sites: BTreeSet<&SiteId>,
) -> Result<BTreeSet<SiteId>, StoreError> {
    if sites.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows: Vec<Row> = site::table
        .filter(site::id.eq_any(sites.into_iter().map(SiteId::as_str)))
        .select(Row::as_select())
        .load(conn)?;
    let mut listening = BTreeSet::new();
    for row in rows {
        let site = Site::try_from(row)?;
        let wants = match &site.front {
            Front::Oidc(client) => client.backchannel_logout_uri.is_some(),
            Front::Saml(provider) => provider.soap_logout().is_some(),
        };
        if wants && site.status != SiteStatus::Retired {
            listening.insert(site.id);
        }
    }
    Ok(listening)
}

/// Those of `sites` that are told of all of a person's affiliations at once.
pub(super) fn told_of_all_affiliations(
    conn: &mut AnyConn,
    sites: &BTreeSet<SiteId>,
) -> Result<BTreeSet<SiteId>, StoreError> {
    if sites.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows: Vec<Row> = site::table
        .filter(site::id.eq_any(sites.iter().map(SiteId::as_str)))
        .select(Row::as_select())
        .load(conn)?;
    let sites = rows.into_iter().map(Site::try_from).collect::<Result<Vec<_>, _>>()?;
    let told = |site: &Site| site.release.affiliation_mode == AffiliationMode::All;
    Ok(sites.into_iter().filter(told).map(|site| site.id).collect())
}

/// Takes in a new site; every node knows it within a second.
///
/// # Errors
/// [`StoreError::Conflict`] if the `client_id` was ever given to a site, or the `entityID` is that of
/// one that is not retired.
pub fn insert(conn: &mut AnyConn, new: &Site, now: DateTime<Utc>) -> Result<(), StoreError> {
    diesel::insert_into(site::table)
        .values((
            site::id.eq(new.id.as_str()),
            site::document.eq(json(new)),
            site::status.eq(code(&new.status)),
            site::updated_at.eq(millis(now)),
            site::entity_id.eq(entity_id(new)),
        ))
        .execute(conn)?;
    catalog::bump(conn, catalog::Catalog::Sites)
}

/// Writes down what changed about a site, in force on every node within a second; `false` if there
/// is none with its `client_id`.
///
/// A site that is retired keeps its row: its `client_id` is never given to another one.
///
/// # Errors
/// [`StoreError`].
pub fn update(conn: &mut AnyConn, changed: &Site, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let values = (
        site::document.eq(json(changed)),
        site::status.eq(code(&changed.status)),
        site::updated_at.eq(millis(now)),
        site::entity_id.eq(entity_id(changed)),
    );
    let found =
        diesel::update(site::table.find(changed.id.as_str())).set(values).execute(conn)? == 1;
    catalog::bump(conn, catalog::Catalog::Sites)?;
    Ok(found)
}

/// Writes down what is noted about a site and changes nothing that a request is judged by: nodes need
/// not read it anew.
///
/// # Errors
/// [`StoreError`].
pub fn remark(conn: &mut AnyConn, changed: &Site) -> Result<(), StoreError> {
    diesel::update(site::table.find(changed.id.as_str()))
        .set(site::document.eq(json(changed)))
        .execute(conn)?;
    Ok(())
}

/// What the site is called in SAML.
fn entity_id(site: &Site) -> Option<&str> {
    site.service_provider().map(|provider| provider.entity_id.as_str())
}

/// The table's shape.
#[derive(Queryable, Selectable)]
#[diesel(table_name = site)]
struct Row {
    id: String,
    document: String,
    status: String,
}

impl TryFrom<Row> for Site {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let read = Reading { table: "site", row: &row.id };
        let site: Self = read.json("document", &row.document)?;
        if site.id.as_str() != row.id {
            return Err(read.corrupt("document"));
        }
        // Whoever stops a site by hand in the database changes the column.
        let status: SiteStatus = read.code("status", &row.status)?;
        Ok(Self { status, ..site })
    }
}
