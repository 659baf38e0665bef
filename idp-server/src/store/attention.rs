//! What among an organization's people needs the attention of its Administrators, counted as far as
//! a page says it.

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{exists, not, sql},
    prelude::*,
    sql_types::Bool,
};
use idp_core::{
    community::{people_review::Review, subscriber::AccountStatus},
    ids::{OrganizationId, SubscriberId},
};

use super::{
    AnyConn, StoreError,
    column::{Reading, code, millis},
    people::waits,
    schema::{affiliation, factor, subscriber},
};

/// Who of the organization's people waits in its review: a hundred of them stand for more.
///
/// # Errors
/// [`StoreError`].
pub fn waiting_in_review(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    review: Review,
) -> Result<Vec<SubscriberId>, StoreError> {
    let found: Vec<(String, String)> = affiliation::table
        .filter(affiliation::organization_id.eq(organization.as_str()))
        .filter(sql::<Bool>("affiliation.ended_at IS NULL AND affiliation.status <> 'proposed'"))
        .filter(waits(review))
        .limit(COUNTED)
        .select((affiliation::id, affiliation::subscriber_id))
        .load(conn)?;
    let person = |(id, person): (String, String)| {
        Reading { table: "affiliation", row: &id }.parsed("subscriber_id", person)
    };
    found.into_iter().map(person).collect()
}

/// How far a count goes that a page shows.
const COUNTED: i64 = 100;

/// How many people of the organization have no second factor; a hundred stands for more.
///
/// # Errors
/// [`StoreError`].
pub fn without_factor(
    conn: &mut AnyConn,
    organization: &OrganizationId,
) -> Result<usize, StoreError> {
    let own = factor::table.filter(factor::subscriber_id.eq(affiliation::subscriber_id));
    let found: Vec<String> = affiliation::table
        .filter(affiliation::organization_id.eq(organization.as_str()))
        .filter(sql::<Bool>("affiliation.ended_at IS NULL AND affiliation.status <> 'proposed'"))
        .filter(not(exists(own.select(factor::id))))
        .limit(COUNTED)
        .select(affiliation::id)
        .load(conn)?;
    Ok(found.len())
}

/// How many active people of the organization neither came nor were activated since; a hundred
/// stands for more.
///
/// # Errors
/// [`StoreError`].
pub fn unused_since(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    since: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let since = millis(since);
    let found: Vec<String> = affiliation::table
        .inner_join(subscriber::table.on(subscriber::id.eq(affiliation::subscriber_id)))
        .filter(affiliation::organization_id.eq(organization.as_str()))
        .filter(sql::<Bool>("affiliation.ended_at IS NULL AND affiliation.status <> 'proposed'"))
        .filter(subscriber::status.eq(code(&AccountStatus::Active)))
        .filter(subscriber::activated_at.le(since))
        .filter(subscriber::last_sign_in_at.is_null().or(subscriber::last_sign_in_at.le(since)))
        .limit(COUNTED)
        .select(affiliation::id)
        .load(conn)?;
    Ok(found.len())
}
