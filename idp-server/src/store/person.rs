//! The hot read: a session, its person and all that the person may act for, in one statement.
//!
//! It asks the connection itself and not [`AnyConn`], which would put the text of the statement
//! together anew each time, all seventy columns of it, although it is prepared already.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    authentication::session::Session,
    community::{affiliation::Affiliation, subscriber::Subscriber},
    ids::{GrantId, SessionId, SubscriberId},
    oidc::grant::Grant,
    secret::SecretDigest,
};

use super::{
    AnyConn, StoreError,
    affiliation::{self, AffiliationRecord},
    column::Reading,
    connection::on_either,
    grant, organization,
    schema::{
        affiliation as affiliations, organization as organizations, session as sessions,
        site_grant, subscriber as subscribers, tax_id as tax_ids,
        tax_id_representative as represented,
    },
    session, subscriber,
    tax_id::{self, OpenSsn},
};

/// A session and what belongs to its person, whether or not any of it may be used.
#[derive(Clone, Debug)]
pub struct LoadedPerson {
    /// The person.
    pub subscriber: Subscriber,
    /// The session.
    pub session: Session,
    /// The `last_login` that is told in this session.
    pub previous_sign_in_at: Option<DateTime<Utc>>,
    /// The affiliations that have not ended, by identifier; Tax IDs cut down to those that the
    /// person may use.
    pub affiliations: Vec<Affiliation>,
}

/// Adds what a session's person acts for to a query that has `session` and `subscriber` in it.
macro_rules! with_affiliations {
    ($people:expr) => {
        $people
            .left_join(
                affiliations::table.on(affiliations::subscriber_id
                    .eq(sessions::subscriber_id)
                    .and(affiliations::ended_at.is_null())),
            )
            .left_join(organizations::table.on(organizations::id.eq(affiliations::organization_id)))
            .left_join(
                represented::table
                    .on(represented::organization_id.eq(affiliations::organization_id)),
            )
            .left_join(
                tax_ids::table.on(tax_ids::organization_id
                    .eq(affiliations::organization_id)
                    .or(tax_ids::id.eq(represented::tax_id_id))),
            )
    };
}

/// The person of the session with this cookie. One statement.
///
/// # Errors
/// [`StoreError`].
pub fn by_cookie(
    conn: &mut AnyConn,
    cookie: &SecretDigest,
    open: &OpenSsn,
) -> Result<Option<LoadedPerson>, StoreError> {
    let rows: Vec<Row> = on_either!(conn, c => {
        with_affiliations!(sessions::table.inner_join(subscribers::table))
            .filter(sessions::cookie_digest.eq(cookie.as_bytes().as_slice()))
            .select(Row::as_select())
            .load(c)
    })?;
    fold(rows, open)
}

/// The person of the session with this identifier. One statement.
///
/// # Errors
/// [`StoreError`].
pub fn by_session(
    conn: &mut AnyConn,
    session: &SessionId,
    open: &OpenSsn,
) -> Result<Option<LoadedPerson>, StoreError> {
    let rows: Vec<Row> = on_either!(conn, c => {
        with_affiliations!(sessions::table.inner_join(subscribers::table))
            .filter(sessions::id.eq(session.as_str()))
            .select(Row::as_select())
            .load(c)
    })?;
    fold(rows, open)
}

/// A grant and the person of its session. One statement.
///
/// # Errors
/// [`StoreError`].
pub fn of_grant(
    conn: &mut AnyConn,
    id: &GrantId,
    open: &OpenSsn,
) -> Result<Option<(Grant, LoadedPerson)>, StoreError> {
    let granted = site_grant::table.inner_join(sessions::table.inner_join(subscribers::table));
    let rows: Vec<(grant::Row, Row)> = on_either!(conn, c => {
        with_affiliations!(granted)
            .filter(site_grant::id.eq(id.as_str()))
            .select((grant::Row::as_select(), Row::as_select()))
            .load(c)
    })?;
    let (mut grants, people): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let (Some(grant), Some(person)) = (grants.pop(), fold(people, open)?) else { return Ok(None) };
    Ok(Some((grant.try_into()?, person)))
}

/// What a person acts for, with or without a session: the affiliations that have not ended, by
/// identifier; Tax IDs cut down to those that the person may use.
///
/// # Errors
/// [`StoreError`].
pub fn affiliations_of(
    conn: &mut AnyConn,
    id: &SubscriberId,
    open: &OpenSsn,
) -> Result<Vec<Affiliation>, StoreError> {
    type Line = (affiliation::Row, organization::Row, Option<tax_id::Row>);
    let lines: Vec<Line> = affiliations::table
        .inner_join(organizations::table.on(organizations::id.eq(affiliations::organization_id)))
        .left_join(
            represented::table.on(represented::organization_id.eq(affiliations::organization_id)),
        )
        .left_join(
            tax_ids::table.on(tax_ids::organization_id
                .eq(affiliations::organization_id)
                .or(tax_ids::id.eq(represented::tax_id_id))),
        )
        .filter(affiliations::subscriber_id.eq(id.as_str()))
        .filter(affiliations::ended_at.is_null())
        .select((
            affiliation::Row::as_select(),
            organization::Row::as_select(),
            Option::<tax_id::Row>::as_select(),
        ))
        .load(conn)?;
    let mut gathered: BTreeMap<String, Gathered> = BTreeMap::new();
    for (affiliation, organization, tax_id) in lines {
        let entry = gathered.entry(affiliation.id.clone());
        let gathered =
            entry.or_insert_with(|| Gathered { affiliation, organization, tax_ids: Vec::new() });
        gathered.tax_ids.extend(tax_id);
    }
    gathered.into_values().map(|affiliation| affiliation.open(open)).collect()
}

/// One line of the join: the person once for each affiliation and Tax ID, and a number of one's own
/// once for each that the organization represents.
#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
struct Row {
    #[diesel(embed)]
    session: session::Row,
    previous_sign_in_at: Option<i64>,
    #[diesel(embed)]
    subscriber: subscriber::Row,
    #[diesel(embed)]
    affiliation: Option<affiliation::Row>,
    #[diesel(embed)]
    organization: Option<organization::Row>,
    #[diesel(embed)]
    tax_id: Option<tax_id::Row>,
}

/// An affiliation as the lines of the join tell it.
struct Gathered {
    affiliation: affiliation::Row,
    organization: organization::Row,
    tax_ids: Vec<tax_id::Row>,
}

impl Gathered {
    fn open(self, open: &OpenSsn) -> Result<Affiliation, StoreError> {
        let mut record = AffiliationRecord::try_from(self.affiliation)?;
        let numbers = tax_id::Row::as_seen_by(self.tax_ids, record.organization.as_str());
        // What the person may not use is not even opened.
        let may_use = |tax_id: &tax_id::Row| {
            record.tax_ids.as_ref().is_none_or(|ids| ids.iter().any(|id| id.as_str() == tax_id.id))
        };
        let tax_ids = numbers.into_iter().filter(may_use).map(|tax_id| tax_id.open(open));
        let tax_ids = tax_ids.collect::<Result<_, _>>()?;
        record.tax_ids = None;
        Ok(record.join(self.organization.try_into()?, tax_ids))
    }
}

fn fold(rows: Vec<Row>, open: &OpenSsn) -> Result<Option<LoadedPerson>, StoreError> {
    let mut person = None;
    let mut gathered: BTreeMap<String, Gathered> = BTreeMap::new();
    for row in rows {
        person.get_or_insert((row.session, row.previous_sign_in_at, row.subscriber));
        let (Some(affiliation), Some(organization)) = (row.affiliation, row.organization) else {
            continue;
        };
        let entry = gathered.entry(affiliation.id.clone());
        let gathered =
            entry.or_insert_with(|| Gathered { affiliation, organization, tax_ids: Vec::new() });
        gathered.tax_ids.extend(row.tax_id);
    }
    let Some((session, previous, subscriber)) = person else { return Ok(None) };
    let previous_sign_in_at =
        Reading { table: "session", row: &session.id }.maybe_at("previous_sign_in_at", previous)?;
    Ok(Some(LoadedPerson {
        subscriber: subscriber.try_into()?,
        session: session.try_into()?,
        previous_sign_in_at,
        affiliations: gathered
            .into_values()
            .map(|affiliation| affiliation.open(open))
            .collect::<Result<_, _>>()?,
    }))
}
