//! What was shared about a person, with which site, when. The database writes it with each grant;
//! here it is read, and forgotten when it is old.

use std::{collections::BTreeSet, fmt, str::FromStr};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    ids::{GrantId, SiteId, SubscriberId},
    oidc::{claims_request::ClaimsRequest, scope::Scope},
};

use super::{
    AnyConn, StoreError,
    column::{Reading, millis},
    schema::{affiliation, organization, release_log},
};

/// Something that a site was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// By which grant.
    pub grant: GrantId,
    /// Which site.
    pub site: SiteId,
    /// For which organization the person acted, by the name that it has now.
    pub organization: Option<String>,
    /// The scopes that were granted.
    pub scopes: BTreeSet<Scope>,
    /// Claims that were asked by name.
    pub claims: ClaimsRequest,
    /// When.
    pub at: DateTime<Utc>,
}

/// A place in what was shared about a person, from which the older ones follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    at: i64,
    grant: GrantId,
}

/// A text that names no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no place in what was shared")]
pub struct InvalidPlace;

impl Place {
    /// The place behind `release`.
    #[must_use]
    pub fn at(release: &Release) -> Self {
        Self { at: millis(release.at), grant: release.grant.clone() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.at, self.grant)
    }
}

impl FromStr for Place {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, InvalidPlace> {
        let (at, grant) = text.split_once('-').ok_or(InvalidPlace)?;
        let at: u64 = at.parse().map_err(|_| InvalidPlace)?;
        let at = i64::try_from(at).map_err(|_| InvalidPlace)?;
        Ok(Self { at, grant: grant.parse().map_err(|_| InvalidPlace)? })
    }
}

/// Up to `limit` releases about a person, the newest first, from behind `before` on.
///
/// # Errors
/// [`StoreError`].
pub fn of_subscriber(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    before: Option<&Place>,
    limit: usize,
) -> Result<Vec<Release>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (at, grant) = before.map_or((i64::MAX, ""), |place| (place.at, place.grant.as_str()));
    // The first condition bounds the index, the second breaks a tie of milliseconds.
    let rows: Vec<(Row, Option<String>)> = release_log::table
        .left_join(
            affiliation::table.on(release_log::affiliation_id.eq(affiliation::id.nullable())),
        )
        .left_join(organization::table.on(affiliation::organization_id.eq(organization::id)))
        .filter(release_log::subscriber_id.eq(subscriber.as_str()))
        .filter(release_log::released_at.le(at))
        .filter(release_log::released_at.lt(at).or(release_log::grant_id.lt(grant)))
        .order((release_log::released_at.desc(), release_log::grant_id.desc()))
        .limit(limit)
        .select((Row::as_select(), organization::name.nullable()))
        .load(conn)?;
    rows.into_iter().map(|(row, organization)| row.release(organization)).collect()
}

/// Removes what was shared before this, and says how many rows that were.
///
/// # Errors
/// [`StoreError`].
pub fn sweep(conn: &mut AnyConn, before: DateTime<Utc>) -> Result<usize, StoreError> {
    let old = release_log::table.filter(release_log::released_at.lt(millis(before)));
    Ok(diesel::delete(old).execute(conn)?)
}

/// The table's shape, without the person.
#[derive(Queryable, Selectable)]
#[diesel(table_name = release_log)]
struct Row {
    grant_id: String,
    site_id: String,
    scopes: String,
    claims: String,
    released_at: i64,
}

impl Row {
    fn release(self, organization: Option<String>) -> Result<Release, StoreError> {
        let key = self.grant_id.clone();
        let read = Reading { table: "release_log", row: &key };
        Ok(Release {
            grant: read.parsed("grant_id", self.grant_id)?,
            site: read.parsed("site_id", self.site_id)?,
            organization,
            scopes: read.json("scopes", &self.scopes)?,
            claims: read.json("claims", &self.claims)?,
            at: read.at("released_at", self.released_at)?,
        })
    }
}
