//! Which sites a person has been told about: the notice is shown at the first visit (domain 3.3).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::ids::{SiteId, SubscriberId};

use super::{
    AnyConn, StoreError,
    column::{Reading, millis},
    connection::on_either,
    schema::site_visit,
};

/// Whether the person knows what the site receives.
///
/// # Errors
/// [`StoreError`].
pub fn has_visited(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    site: &SiteId,
) -> Result<bool, StoreError> {
    let found =
        site_visit::table.find((subscriber.as_str(), site.as_str())).select(site_visit::first_at);
    let visit: Option<i64> = on_either!(conn, c => found.first(c)).optional()?;
    Ok(visit.is_some())
}

/// Takes down the first visit; a later one changes nothing.
///
/// # Errors
/// [`StoreError`].
pub fn record(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    site: &SiteId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let visit = (
        site_visit::subscriber_id.eq(subscriber.as_str()),
        site_visit::site_id.eq(site.as_str()),
        site_visit::first_at.eq(millis(now)),
    );
    on_either!(conn, c => diesel::insert_into(site_visit::table)
        .values(visit)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// The sites that a person has visited, and since when, the first one first.
///
/// # Errors
/// [`StoreError`].
pub fn of_subscriber(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
) -> Result<Vec<(SiteId, DateTime<Utc>)>, StoreError> {
    let rows: Vec<(String, i64)> = site_visit::table
        .filter(site_visit::subscriber_id.eq(subscriber.as_str()))
        .order((site_visit::first_at, site_visit::site_id))
        .select((site_visit::site_id, site_visit::first_at))
        .load(conn)?;
    let read = Reading { table: "site_visit", row: subscriber.as_str() };
    let visit = |(site, at)| Ok((read.parsed("site_id", site)?, read.at("first_at", at)?));
    rows.into_iter().map(visit).collect()
}
