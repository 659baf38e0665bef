//! Whoever may be meant by a nomination, and by the thousands of a list in a few statements.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::{dsl::sql, prelude::*, sql_types::Bool};
use idp_core::{
    community::{
        field::folded,
        nomination::LASTS,
        npi::Npi,
        person_match::{Here, Known},
        subscriber::{EmailAddress, Subscriber, UserId},
    },
    ids::{OrganizationId, SubscriberId},
};

use super::{
    AnyConn, StoreError,
    affiliation::{AffiliationRecord, Row as AffiliationRow},
    column::{Reading, millis},
    email_change, nomination as nominations,
    schema::{affiliation, nomination, subscriber},
    subscriber::Row as SubscriberRow,
};

/// How many values go into one statement: SQLite takes 32,766.
const AT_ONCE: usize = 500;

/// How many of the organization's own people are compared by name with somebody who is nominated.
const MOST_COMPARED: i64 = 2000;

/// Does `look` for some values at a time.
pub(super) fn in_parts<V, T>(
    values: &[V],
    mut look: impl FnMut(&[V]) -> Result<Vec<T>, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let parts = values.chunks(AT_ONCE).map(&mut look).collect::<Result<Vec<_>, _>>()?;
    Ok(parts.into_iter().flatten().collect())
}

/// Somebody who may be meant by a nomination.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Who.
    pub person: Subscriber,
    /// Whether they act for the organization that nominates.
    pub here: Here,
}

impl Candidate {
    /// As core compares them.
    #[must_use]
    pub fn known(&self) -> Known<'_> {
        let Self { person, here } = self;
        Known {
            id: &person.id,
            given_name: &person.given_name,
            family_name: &person.family_name,
            email: person.email.as_ref(),
            npi: person.npi.as_ref(),
            status: person.status,
            here: *here,
        }
    }
}

/// Whoever has the address or the number, wherever they work, and the organization's own people
/// whose family name, or first name where somebody swapped them, begins like that of the nominee.
///
/// # Errors
/// [`StoreError`].
pub fn who_may_be_meant(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    (email, npi): (&EmailAddress, Option<&Npi>),
    (given_name, family_name): (&str, &str),
) -> Result<Vec<Candidate>, StoreError> {
    let mut rows: Vec<SubscriberRow> = subscriber::table
        .filter(subscriber::email_normalized.eq(email.normalized()))
        .select(SubscriberRow::as_select())
        .load(conn)?;
    if let Some(npi) = npi {
        let same = subscriber::table.filter(subscriber::npi.eq(npi.as_str()));
        rows.extend(same.select(SubscriberRow::as_select()).load::<SubscriberRow>(conn)?);
    }
    for name in [family_name, given_name] {
        let begins: String = folded(name).chars().take(2).collect();
        let similar = affiliation::table
            .inner_join(subscriber::table.on(subscriber::id.eq(affiliation::subscriber_id)))
            .filter(affiliation::organization_id.eq(organization.as_str()))
            .filter(sql::<Bool>(
                "affiliation.ended_at IS NULL AND affiliation.status <> 'proposed'",
            ))
            .filter(affiliation::sort_key.ge(begins.clone()))
            .filter(affiliation::sort_key.lt(format!("{begins}\u{10ffff}")))
            .order((affiliation::sort_key, affiliation::id))
            .limit(MOST_COMPARED)
            .select(SubscriberRow::as_select());
        rows.extend(similar.load::<SubscriberRow>(conn)?);
    }
    let mut people = rows.into_iter().map(Subscriber::try_from).collect::<Result<Vec<_>, _>>()?;
    people.sort_by(|a, b| a.id.cmp(&b.id));
    people.dedup_by(|a, b| a.id == b.id);
    let ids: Vec<&str> = people.iter().map(|person| person.id.as_str()).collect();
    let here: BTreeSet<String> = affiliation::table
        .filter(affiliation::organization_id.eq(organization.as_str()))
        .filter(affiliation::subscriber_id.eq_any(ids))
        .filter(affiliation::ended_at.is_null())
        .select(affiliation::subscriber_id)
        .load::<String>(conn)?
        .into_iter()
        .collect();
    let candidate = |person: Subscriber| {
        let member = here.contains(person.id.as_str());
        Candidate { here: if member { Here::Member } else { Here::Stranger }, person }
    };
    Ok(people.into_iter().map(candidate).collect())
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
