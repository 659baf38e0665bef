//! Organizations, and the sites that they switched on.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    community::{
        affiliation::Affiliation,
        field::folded,
        npi::Npi,
        organization::{Organization, OrganizationStatus},
        organization_life::{Body, Closing, State, Suspension},
        people_review::Review,
        site::{OrgEnablement, Site},
    },
    ids::{OrganizationId, SiteId},
};

use super::{
    AnyConn, StoreError,
    column::{Reading, code, millis},
    connection::{first_for_update, on_either},
    place::Place,
    schema::{organization, organization_site},
};

/// Finds the organization with this identifier.
///
/// # Errors
/// [`StoreError`].
pub fn find(conn: &mut AnyConn, id: &OrganizationId) -> Result<Option<Organization>, StoreError> {
    let row =
        organization::table.find(id.as_str()).select(Row::as_select()).first(conn).optional()?;
    row.map(Organization::try_from).transpose()
}

/// Waits until nobody else decides about this organization; they wait until the transaction ends.
///
/// # Errors
/// [`StoreError`].
pub fn lock(conn: &mut AnyConn, id: &OrganizationId) -> Result<(), StoreError> {
    let found = organization::table.find(id.as_str()).select(organization::id);
    let locked: Option<String> = first_for_update!(conn, found).optional()?;
    drop(locked);
    Ok(())
}

/// Takes in a new organization.
///
/// # Errors
/// [`StoreError::Conflict`] if the identifier is taken.
pub fn insert(
    conn: &mut AnyConn,
    new: &Organization,
    demo: bool,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = Row::from(new, demo, now);
    let since = organization::people_reviewed_at.eq(millis(now));
    diesel::insert_into(organization::table)
        .values((row, organization::name_key.eq(folded(&new.name)), since))
        .execute(conn)?;
    Ok(())
}

/// Writes down what changed about an organization; `false` if there is none with its identifier.
///
/// # Errors
/// [`StoreError`].
pub fn update(
    conn: &mut AnyConn,
    changed: &Organization,
    demo: bool,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let row = (Row::from(changed, demo, now), organization::name_key.eq(folded(&changed.name)));
    Ok(diesel::update(organization::table.find(changed.id.as_str())).set(row).execute(conn)? == 1)
}

/// Writes down whether something is left to be brought to an end of a closed organization.
///
/// # Errors
/// [`StoreError`].
pub fn set_dissolving(
    conn: &mut AnyConn,
    id: &OrganizationId,
    dissolving: bool,
) -> Result<(), StoreError> {
    diesel::update(organization::table.find(id.as_str()))
        .set(organization::dissolving.eq(dissolving))
        .execute(conn)?;
    Ok(())
}

/// Closed organizations of which something is left: some of them.
///
/// # Errors
/// [`StoreError`].
pub fn dissolving(conn: &mut AnyConn, most: i64) -> Result<Vec<OrganizationId>, StoreError> {
    let found: Vec<String> = organization::table
        .filter(organization::dissolving)
        .order(organization::id)
        .limit(most)
        .select(organization::id)
        .load(conn)?;
    let id =
        |text: String| Reading { table: "organization", row: &text.clone() }.parsed("id", text);
    found.into_iter().map(id).collect()
}

/// The parts of an organization that take part, by name: at most a hundred.
///
/// # Errors
/// [`StoreError`].
pub fn parts_of(
    conn: &mut AnyConn,
    whole: &OrganizationId,
) -> Result<Vec<Organization>, StoreError> {
    let rows: Vec<Row> = organization::table
        .filter(organization::parent_id.eq(whole.as_str()))
        .filter(organization::status.ne(code(&OrganizationStatus::Closed)))
        .order((organization::name_key, organization::id))
        .limit(100)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Writes down another name or NPI of an organization.
///
/// # Errors
/// [`StoreError`].
pub fn rename(
    conn: &mut AnyConn,
    changed: &Organization,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    diesel::update(organization::table.find(changed.id.as_str()))
        .set((
            organization::name.eq(&changed.name),
            organization::name_key.eq(folded(&changed.name)),
            organization::npi.eq(changed.npi.as_ref().map(Npi::as_str)),
            organization::updated_at.eq(millis(now)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Up to `limit` active organizations behind `after`, by identifier.
///
/// # Errors
/// [`StoreError`].
pub fn active_after(
    conn: &mut AnyConn,
    after: Option<&OrganizationId>,
    limit: i64,
) -> Result<Vec<OrganizationId>, StoreError> {
    let found: Vec<String> = organization::table
        .filter(organization::status.eq(code(&OrganizationStatus::Active)))
        .filter(organization::id.gt(after.map_or("", OrganizationId::as_str)))
        .order(organization::id)
        .limit(limit)
        .select(organization::id)
        .load(conn)?;
    let id =
        |text: String| Reading { table: "organization", row: &text.clone() }.parsed("id", text);
    found.into_iter().map(id).collect()
}

/// How an organization is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// Its postal address, in one line.
    pub address: Option<String>,
    /// Its telephone number, as public directories list it.
    pub phone: Option<String>,
}

/// Writes down how an organization is reached.
///
/// # Errors
/// [`StoreError`].
pub fn set_contact(
    conn: &mut AnyConn,
    id: &OrganizationId,
    contact: &Contact,
) -> Result<(), StoreError> {
    diesel::update(organization::table.find(id.as_str()))
        .set((
            organization::address.eq(contact.address.as_deref()),
            organization::phone.eq(contact.phone.as_deref()),
        ))
        .execute(conn)?;
    Ok(())
}

/// An organization as its own life goes.
///
/// # Errors
/// [`StoreError`].
pub fn body(conn: &mut AnyConn, id: &OrganizationId) -> Result<Option<Body>, StoreError> {
    type Columns = (String, Option<String>, Option<String>, Option<i64>, Option<i64>, i64);
    let row: Option<Columns> = organization::table
        .find(id.as_str())
        .select((
            organization::status,
            organization::suspended_for,
            organization::closing_asked_by,
            organization::closing_asked_at,
            organization::confirmed_at,
            organization::updated_at,
        ))
        .first(conn)
        .optional()?;
    let read = Reading { table: "organization", row: id.as_str() };
    row.map(|(status, suspended_for, asked_by, asked_at, confirmed_at, updated_at)| {
        let state = match read.code("status", &status)? {
            OrganizationStatus::Active => State::Active,
            OrganizationStatus::Closed => State::Closed,
            // One that was stopped before reasons were kept.
            OrganizationStatus::Suspended => State::Suspended(match suspended_for {
                None => Suspension::Breach,
                Some(code) => Suspension::ALL
                    .into_iter()
                    .find(|why| why.code() == code)
                    .ok_or_else(|| read.corrupt("suspended_for"))?,
            }),
        };
        Ok(Body {
            id: id.clone(),
            state,
            closing: closing(read, asked_by, asked_at)?,
            confirmed_at: read.at("confirmed_at", confirmed_at.unwrap_or(updated_at))?,
        })
    })
    .transpose()
}

fn closing(
    read: Reading<'_>,
    by: Option<String>,
    at: Option<i64>,
) -> Result<Option<Closing>, StoreError> {
    let (Some(by), Some(at)) = (read.maybe_parsed("closing_asked_by", by)?, at) else {
        return Ok(None);
    };
    Ok(Some(Closing { by, at: read.at("closing_asked_at", at)? }))
}

/// The organizations that somebody asked to close, when, behind `after`; what waited longest first.
/// Which of these wishes still count, [`Body::closing_at`] says.
///
/// # Errors
/// [`StoreError`].
pub fn to_be_closed(
    conn: &mut AnyConn,
    after: Option<&Place<OrganizationId>>,
    limit: i64,
) -> Result<Vec<Place<OrganizationId>>, StoreError> {
    let (at, id) = after.map_or((i64::MIN, ""), |place| (place.millis(), place.id.as_str()));
    let rows: Vec<(String, Option<i64>)> = organization::table
        .filter(organization::closing_asked_at.is_not_null())
        .filter(organization::closing_asked_at.assume_not_null().gt(at).or(
            organization::closing_asked_at.assume_not_null().eq(at).and(organization::id.gt(id)),
        ))
        .order((organization::closing_asked_at, organization::id))
        .limit(limit)
        .select((organization::id, organization::closing_asked_at))
        .load(conn)?;
    let place = |(id, at): (String, Option<i64>)| {
        let read = Reading { table: "organization", row: &id };
        let at = read.at("closing_asked_at", at.unwrap_or_default())?;
        Ok(Place::at(at, read.parsed("id", id.clone())?))
    };
    rows.into_iter().map(place).collect()
}

/// Writes down how an organization stands.
///
/// # Errors
/// [`StoreError`].
pub fn set_body(conn: &mut AnyConn, body: &Body, now: DateTime<Utc>) -> Result<(), StoreError> {
    let suspended_for = match body.state {
        State::Suspended(why) => Some(why.code()),
        State::Active | State::Closed => None,
    };
    diesel::update(organization::table.find(body.id.as_str()))
        .set((
            organization::status.eq(code(&body.state.status())),
            organization::suspended_for.eq(suspended_for),
            organization::closing_asked_by.eq(body.closing.as_ref().map(|wish| wish.by.as_str())),
            organization::closing_asked_at.eq(body.closing.as_ref().map(|wish| millis(wish.at))),
            organization::confirmed_at.eq(millis(body.confirmed_at)),
            organization::updated_at.eq(millis(now)),
        ))
        .execute(conn)?;
    Ok(())
}

/// How far the reviews of an organization's people are; `None` if there is no such organization.
///
/// # Errors
/// [`StoreError`].
pub fn review(conn: &mut AnyConn, id: &OrganizationId) -> Result<Option<Review>, StoreError> {
    let at: Option<i64> = organization::table
        .find(id.as_str())
        .select(organization::people_reviewed_at)
        .first(conn)
        .optional()?;
    let read = Reading { table: "organization", row: id.as_str() };
    at.map(|at| Ok(Review { finished_at: read.at("people_reviewed_at", at)? })).transpose()
}

/// Writes down that a review of an organization's people is finished.
///
/// # Errors
/// [`StoreError`].
pub fn set_review(
    conn: &mut AnyConn,
    id: &OrganizationId,
    review: Review,
) -> Result<(), StoreError> {
    diesel::update(organization::table.find(id.as_str()))
        .set(organization::people_reviewed_at.eq(millis(review.finished_at)))
        .execute(conn)?;
    Ok(())
}

/// Switches a site on for an organization. Doing so twice is no mistake.
///
/// # Errors
/// [`StoreError`].
pub fn enable_site(
    conn: &mut AnyConn,
    id: &OrganizationId,
    site: &SiteId,
) -> Result<(), StoreError> {
    let row = (
        organization_site::organization_id.eq(id.as_str()),
        organization_site::site_id.eq(site.as_str()),
    );
    on_either!(conn, c => diesel::insert_into(organization_site::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// Switches a site off for an organization.
///
/// # Errors
/// [`StoreError`].
pub fn disable_site(
    conn: &mut AnyConn,
    id: &OrganizationId,
    site: &SiteId,
) -> Result<(), StoreError> {
    diesel::delete(organization_site::table.find((id.as_str(), site.as_str()))).execute(conn)?;
    Ok(())
}

/// Those of `organizations` that switched the site on.
///
/// # Errors
/// [`StoreError`].
pub fn enabled_at(
    conn: &mut AnyConn,
    site: &SiteId,
    organizations: &[OrganizationId],
) -> Result<Vec<OrganizationId>, StoreError> {
    let found: Vec<String> = organization_site::table
        .filter(organization_site::site_id.eq(site.as_str()))
        .filter(
            organization_site::organization_id
                .eq_any(organizations.iter().map(OrganizationId::as_str)),
        )
        .select(organization_site::organization_id)
        .load(conn)?;
    found.into_iter().map(organization_id).collect()
}

/// Of the organizations of `affiliations`, those that switched `site` on; nothing is asked for a
/// site that is open to all.
///
/// # Errors
/// [`StoreError`].
pub fn enabled_among(
    conn: &mut AnyConn,
    site: &Site,
    affiliations: &[Affiliation],
) -> Result<Vec<OrganizationId>, StoreError> {
    match site.release.org_enablement {
        OrgEnablement::Open => Ok(Vec::new()),
        OrgEnablement::ByAdministrator => {
            let organizations: Vec<_> =
                affiliations.iter().map(|a| a.organization.id.clone()).collect();
            enabled_at(conn, &site.id, &organizations)
        }
    }
}

/// The sites that an organization switched on.
///
/// # Errors
/// [`StoreError`].
pub fn enabled_sites(conn: &mut AnyConn, id: &OrganizationId) -> Result<Vec<SiteId>, StoreError> {
    let found: Vec<String> = organization_site::table
        .filter(organization_site::organization_id.eq(id.as_str()))
        .select(organization_site::site_id)
        .order(organization_site::site_id)
        .load(conn)?;
    let site = |text: String| {
        Reading { table: "organization_site", row: id.as_str() }.parsed("site_id", text)
    };
    found.into_iter().map(site).collect()
}

fn organization_id(text: String) -> Result<OrganizationId, StoreError> {
    Reading { table: "organization_site", row: &text.clone() }.parsed("organization_id", text)
}

/// The table's shape.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = organization, treat_none_as_null = true)]
pub(super) struct Row {
    id: String,
    name: String,
    parent_id: Option<String>,
    npi: Option<String>,
    status: String,
    demo: bool,
    updated_at: i64,
}

impl Row {
    fn from(organization: &Organization, demo: bool, now: DateTime<Utc>) -> Self {
        Self {
            id: organization.id.to_string(),
            name: organization.name.clone(),
            parent_id: organization.parent.as_ref().map(ToString::to_string),
            npi: organization.npi.as_ref().map(|npi| npi.as_str().to_owned()),
            status: code(&organization.status),
            demo,
            updated_at: millis(now),
        }
    }
}

impl TryFrom<Row> for Organization {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let key = row.id.clone();
        let read = Reading { table: "organization", row: &key };
        Ok(Self {
            id: read.parsed("id", row.id)?,
            name: row.name,
            parent: read.maybe_parsed("parent_id", row.parent_id)?,
            npi: read.maybe_parsed("npi", row.npi)?,
            status: read.code("status", &row.status)?,
        })
    }
}
