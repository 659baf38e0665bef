//! What the support desk finds organizations and people by (R23): their folded names, and User IDs.
//! Each list is a piece of an index, so that it costs the same wherever it begins.

use diesel::prelude::*;
use idp_core::{
    community::{organization::Organization, subscriber::Subscriber},
    ids::{OrganizationId, SubscriberId},
};

use super::{
    AnyConn, StoreError, organization as organizations,
    schema::{affiliation, organization, subscriber},
    subscriber as subscribers,
};

/// Behind every text that begins with what stands before it.
pub(super) const LAST: char = '\u{10ffff}';

/// Up to `limit` organizations whose folded name begins with `prefix`, by name, from behind `after`
/// on.
///
/// # Errors
/// [`StoreError`].
pub fn organizations(
    conn: &mut AnyConn,
    prefix: &str,
    after: Option<&OrganizationId>,
    limit: i64,
) -> Result<Vec<Organization>, StoreError> {
    let (key, id) = match after {
        None => (prefix.to_owned(), String::new()),
        Some(id) => {
            let found = organization::table.find(id.as_str()).select(organization::name_key);
            let Some(key) = found.first(conn).optional()? else { return Ok(Vec::new()) };
            (key, id.to_string())
        }
    };
    let rows: Vec<organizations::Row> = organization::table
        .filter(organization::name_key.ge(&key))
        .filter(organization::name_key.lt(format!("{prefix}{LAST}")))
        .filter(organization::name_key.gt(&key).or(organization::id.gt(&id)))
        .order((organization::name_key, organization::id))
        .limit(limit)
        .select(organizations::Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Organization::try_from).collect()
}

/// Up to `limit` people whose folded name, the family name first, begins with `prefix`, by name, from
/// behind `after` on.
///
/// # Errors
/// [`StoreError`].
pub fn people(
    conn: &mut AnyConn,
    prefix: &str,
    after: Option<&SubscriberId>,
    limit: i64,
) -> Result<Vec<Subscriber>, StoreError> {
    let (key, id) = match after {
        None => (prefix.to_owned(), String::new()),
        Some(id) => {
            let found = subscriber::table.find(id.as_str()).select(subscriber::name_key);
            let Some(key) = found.first(conn).optional()? else { return Ok(Vec::new()) };
            (key, id.to_string())
        }
    };
    let rows: Vec<subscribers::Row> = subscriber::table
        .filter(subscriber::name_key.ge(&key))
        .filter(subscriber::name_key.lt(format!("{prefix}{LAST}")))
        .filter(subscriber::name_key.gt(&key).or(subscriber::id.gt(&id)))
        .order((subscriber::name_key, subscriber::id))
        .limit(limit)
        .select(subscribers::Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Subscriber::try_from).collect()
}

/// The names of up to `limit` people who act for one of these organizations, without `who`.
///
/// # Errors
/// [`StoreError`].
pub fn colleagues(
    conn: &mut AnyConn,
    of: &[OrganizationId],
    who: &SubscriberId,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String, String)> = affiliation::table
        .inner_join(subscriber::table.on(subscriber::id.eq(affiliation::subscriber_id)))
        .filter(affiliation::organization_id.eq_any(of.iter().map(OrganizationId::as_str)))
        .filter(affiliation::ended_at.is_null().and(affiliation::status.eq("active")))
        .filter(affiliation::subscriber_id.ne(who.as_str()))
        .order(affiliation::id)
        .limit(limit)
        .select((subscriber::given_name, subscriber::family_name))
        .load(conn)?;
    Ok(rows.into_iter().map(|(given, family)| format!("{given} {family}")).collect())
}

/// An organization's listed telephone number and address.
///
/// # Errors
/// [`StoreError`].
pub fn listed(
    conn: &mut AnyConn,
    id: &OrganizationId,
) -> Result<(Option<String>, Option<String>), StoreError> {
    let found = organization::table.find(id.as_str());
    let row = found.select((organization::phone, organization::address)).first(conn).optional()?;
    Ok(row.unwrap_or_default())
}
