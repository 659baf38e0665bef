//! Whoever may be meant by the people of a list: the search of a nomination
//! ([`people::who_may_be_meant`](super::people::who_may_be_meant)) for thousands at once, in a few
//! statements.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::{dsl::sql, prelude::*, sql_types::Bool};
use idp_core::{
    community::{
        nomination::LASTS,
        person_match::Here,
        subscriber::{Subscriber, UserId},
    },
    ids::{AffiliationId, OrganizationId, SubscriberId},
};

use super::{
    AnyConn, StoreError,
    affiliation::{AffiliationRecord, Row as AffiliationRow},
    column::{Reading, millis},
    email_change, nomination as nominations,
    people::{Candidate, MOST_COMPARED},
    schema::{affiliation, nomination, subscriber},
    subscriber::Row as SubscriberRow,
};

/// How many values go into one statement: SQLite takes 32,766.
const AT_ONCE: usize = 500;

/// Does `look` for some values at a time.
pub(super) fn in_parts<V, T>(
    values: &[V],
    mut look: impl FnMut(&[V]) -> Result<Vec<T>, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let parts = values.chunks(AT_ONCE).map(&mut look).collect::<Result<Vec<_>, _>>()?;
    Ok(parts.into_iter().flatten().collect())
}

/// Everybody who has one of these addresses (as `EmailAddress::normalized` has them) or numbers,
/// wherever they work.
///
/// # Errors
/// [`StoreError`].
pub fn known(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    addresses: &[String],
    npis: &[String],
) -> Result<Vec<Candidate>, StoreError> {
    let mut rows: Vec<SubscriberRow> = in_parts(addresses, |some| {
        let theirs = subscriber::table.filter(subscriber::email_normalized.eq_any(some));
        Ok(theirs.select(SubscriberRow::as_select()).load(conn)?)
    })?;
    rows.extend(in_parts(npis, |some| {
        let theirs = subscriber::table.filter(subscriber::npi.eq_any(some));
        Ok(theirs.select(SubscriberRow::as_select()).load(conn)?)
    })?);
    let mut people = rows.into_iter().map(Subscriber::try_from).collect::<Result<Vec<_>, _>>()?;
    people.sort_by(|a, b| a.id.cmp(&b.id));
    people.dedup_by(|a, b| a.id == b.id);
    let ids: Vec<&str> = people.iter().map(|person| person.id.as_str()).collect();
    let here: BTreeSet<String> = in_parts(&ids, |some| {
        Ok(affiliation::table
            .filter(affiliation::organization_id.eq(organization.as_str()))
            .filter(affiliation::subscriber_id.eq_any(some))
            .filter(affiliation::ended_at.is_null())
            .select(affiliation::subscriber_id)
            .load::<String>(conn)?)
    })?
    .into_iter()
    .collect();
    let candidate = |person: Subscriber| {
        let member = here.contains(person.id.as_str());
        Candidate { here: if member { Here::Member } else { Here::Stranger }, person }
    };
    Ok(people.into_iter().map(candidate).collect())
}

/// The affiliations of these people with the organization that have not ended.
///
/// # Errors
/// [`StoreError`].
pub fn affiliations(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    people: &[&SubscriberId],
) -> Result<Vec<AffiliationRecord>, StoreError> {
    let ids: Vec<&str> = people.iter().map(|id| id.as_str()).collect();
    let rows: Vec<AffiliationRow> = in_parts(&ids, |some| {
        Ok(affiliation::table
            .filter(affiliation::organization_id.eq(organization.as_str()))
            .filter(affiliation::subscriber_id.eq_any(some))
            .filter(affiliation::ended_at.is_null())
            .select(AffiliationRow::as_select())
            .load(conn)?)
    })?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// First and last names of the organization's own people whose family name begins so.
///
/// # Errors
/// [`StoreError`].
pub fn names(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    begins: &str,
) -> Result<Vec<(SubscriberId, String, String)>, StoreError> {
    let rows: Vec<(String, String, String)> = affiliation::table
        .inner_join(subscriber::table.on(subscriber::id.eq(affiliation::subscriber_id)))
        .filter(affiliation::organization_id.eq(organization.as_str()))
        .filter(sql::<Bool>("affiliation.ended_at IS NULL AND affiliation.status <> 'proposed'"))
        .filter(affiliation::sort_key.ge(begins.to_owned()))
        .filter(affiliation::sort_key.lt(format!("{begins}\u{10ffff}")))
        .order((affiliation::sort_key, affiliation::id))
        .limit(MOST_COMPARED)
        .select((subscriber::id, subscriber::given_name, subscriber::family_name))
        .load(conn)?;
    let named = |(id, given_name, family_name): (String, String, String)| {
        let read = Reading { table: "subscriber", row: &id };
        Ok((read.parsed("id", id.clone())?, given_name, family_name))
    };
    rows.into_iter().map(named).collect()
}

/// Somebody who is nominated and has not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// By whom.
    pub organization: OrganizationId,
    /// Their address, as `EmailAddress::normalized` has it.
    pub address: String,
    /// Their number.
    pub npi: Option<String>,
}

/// Whoever waits at `now` for one of these addresses or numbers, in whatever organization.
///
/// # Errors
/// [`StoreError`].
pub fn waiting(
    conn: &mut AnyConn,
    addresses: &[String],
    npis: &[String],
    now: DateTime<Utc>,
) -> Result<Vec<Waiting>, StoreError> {
    let columns = (nomination::organization_id, nomination::email_normalized, nomination::npi);
    let lasts = nomination::nominated_at.gt(millis(now - LASTS));
    let open = nomination::table
        .filter(nomination::state.eq(nominations::NOMINATED).and(lasts))
        .select(columns);
    let mut rows: Vec<(String, String, Option<String>)> = in_parts(addresses, |some| {
        Ok(open.filter(nomination::email_normalized.eq_any(some)).load(conn)?)
    })?;
    rows.extend(in_parts(npis, |some| {
        Ok(open.filter(nomination::npi.eq_any(some)).load(conn)?)
    })?);
    let waiting = |(organization, address, npi): (String, String, Option<String>)| {
        let read = Reading { table: "nomination", row: &address };
        let organization = read.parsed("organization_id", organization)?;
        Ok(Waiting { organization, address: address.clone(), npi })
    };
    rows.into_iter().map(waiting).collect()
}

/// Those of these addresses that somebody gave up and may still take back.
///
/// # Errors
/// [`StoreError`].
pub fn given_up(
    conn: &mut AnyConn,
    addresses: &[String],
    now: DateTime<Utc>,
) -> Result<BTreeSet<String>, StoreError> {
    let found = in_parts(addresses, |some| email_change::given_up_among(conn, some, now))?;
    Ok(found.into_iter().collect())
}

/// Those of these User IDs that somebody has or waits for.
///
/// # Errors
/// [`StoreError`].
pub fn taken(conn: &mut AnyConn, wanted: &[UserId]) -> Result<BTreeSet<String>, StoreError> {
    let found = in_parts(wanted, |some| nominations::taken_among(conn, some))?;
    Ok(found.into_iter().collect())
}

/// Where the last line of a part of the list stands.
pub type LastLine = (String, AffiliationId);

/// Some of the organization's people with their affiliations, by family name, behind `last`: a part
/// of the list as a file.
///
/// # Errors
/// [`StoreError`].
pub fn part(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    last: Option<&LastLine>,
) -> Result<Vec<(LastLine, Subscriber, AffiliationRecord)>, StoreError> {
    let mut listed = affiliation::table
        .inner_join(subscriber::table.on(subscriber::id.eq(affiliation::subscriber_id)))
        .filter(affiliation::organization_id.eq(organization.as_str()))
        .filter(sql::<Bool>("affiliation.ended_at IS NULL AND affiliation.status <> 'proposed'"))
        .order((affiliation::sort_key, affiliation::id))
        .limit(i64::try_from(AT_ONCE).unwrap_or(i64::MAX))
        .select((affiliation::sort_key, AffiliationRow::as_select(), SubscriberRow::as_select()))
        .into_boxed();
    if let Some((key, id)) = last {
        let behind =
            affiliation::sort_key.gt(key.clone()).or(affiliation::id.gt(id.as_str().to_owned()));
        listed = listed.filter(affiliation::sort_key.ge(key.clone())).filter(behind);
    }
    let rows: Vec<(String, AffiliationRow, SubscriberRow)> = listed.load(conn)?;
    let line = |(key, record, person): (String, AffiliationRow, SubscriberRow)| {
        let record = AffiliationRecord::try_from(record)?;
        Ok(((key, record.id.clone()), Subscriber::try_from(person)?, record))
    };
    rows.into_iter().map(line).collect()
}
