//! Agreements, and who accepted which version of them. Neither ever changes; the database sees to
//! that.

use std::{collections::BTreeSet, net::IpAddr};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    audit::Sha256,
    community::agreement::{Agreement, AgreementName, AgreementText},
    ids::{AgreementId, NominationId, SessionId, SubscriberId},
};

use super::{
    AnyConn, StoreError,
    catalog::{self, Catalog},
    column::{Reading, millis},
    connection::on_either,
    schema::{agreement, agreement_acceptance},
};

/// That somebody agreed.
pub struct Acceptance<'a> {
    /// Who.
    pub subscriber: &'a SubscriberId,
    /// On which occasion.
    pub occasion: Occasion<'a>,
    /// From where.
    pub address: IpAddr,
    /// When.
    pub at: DateTime<Utc>,
}

/// Where somebody is shown an agreement.
#[derive(Clone, Copy, Debug)]
pub enum Occasion<'a> {
    /// Where they take their User ID over: there is no session yet.
    Nomination(&'a NominationId),
    /// In a session.
    Session(&'a SessionId),
}

impl Occasion<'_> {
    /// As the row names it; the prefix says which it is.
    fn as_str(&self) -> &str {
        match self {
            Self::Nomination(id) => id.as_str(),
            Self::Session(id) => id.as_str(),
        }
    }
}

/// Puts a version in force, in place of the one before it.
///
/// # Errors
/// [`StoreError::Conflict`] if there is such a version of it already.
pub fn publish(conn: &mut AnyConn, new: &Agreement) -> Result<(), StoreError> {
    supersede(conn, &new.code, new.published_at)?;
    diesel::insert_into(agreement::table)
        .values((
            agreement::id.eq(new.id.as_str()),
            agreement::code.eq(new.code.as_str()),
            agreement::version.eq(new.version.as_str()),
            agreement::text.eq(new.text.source()),
            agreement::text_hash.eq(new.text.hash().as_bytes().as_slice()),
            agreement::published_at.eq(millis(new.published_at)),
        ))
        .execute(conn)?;
    catalog::bump(conn, Catalog::Agreements)
}

/// Takes an agreement out of force without another version in its place. `false` if none was in
/// force.
///
/// # Errors
/// [`StoreError`].
pub fn withdraw(
    conn: &mut AnyConn,
    code: &AgreementName,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let withdrawn = supersede(conn, code, at)?;
    if withdrawn {
        catalog::bump(conn, Catalog::Agreements)?;
    }
    Ok(withdrawn)
}

fn supersede(
    conn: &mut AnyConn,
    code: &AgreementName,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let in_force = agreement::table
        .filter(agreement::code.eq(code.as_str()).and(agreement::superseded_at.is_null()));
    let changed =
        diesel::update(in_force).set(agreement::superseded_at.eq(millis(at))).execute(conn)?;
    Ok(changed > 0)
}

/// Every version of every agreement, the newest of each first.
///
/// # Errors
/// [`StoreError`].
pub fn all(conn: &mut AnyConn) -> Result<Vec<Agreement>, StoreError> {
    let rows: Vec<Row> = agreement::table
        .order((agreement::code, agreement::published_at.desc(), agreement::id))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Agreement::try_from).collect()
}

/// The versions that are in force, by name.
///
/// # Errors
/// [`StoreError`].
pub fn in_force(conn: &mut AnyConn) -> Result<Vec<Agreement>, StoreError> {
    let rows: Vec<Row> = agreement::table
        .filter(agreement::superseded_at.is_null())
        .order(agreement::code)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Agreement::try_from).collect()
}

/// Finds a version, in force or not.
///
/// # Errors
/// [`StoreError`].
pub fn find(conn: &mut AnyConn, id: &AgreementId) -> Result<Option<Agreement>, StoreError> {
    let row = agreement::table.find(id.as_str()).select(Row::as_select()).first(conn).optional()?;
    row.map(Agreement::try_from).transpose()
}

/// Takes down that somebody agreed to a version. `false` if they had done so before: then the first
/// time counts.
///
/// # Errors
/// [`StoreError`].
pub fn accept(
    conn: &mut AnyConn,
    accepted: &Agreement,
    new: &Acceptance<'_>,
) -> Result<bool, StoreError> {
    let hash = accepted.text.hash();
    let row = (
        agreement_acceptance::subscriber_id.eq(new.subscriber.as_str()),
        agreement_acceptance::agreement_id.eq(accepted.id.as_str()),
        agreement_acceptance::text_hash.eq(hash.as_bytes().as_slice()),
        agreement_acceptance::accepted_at.eq(millis(new.at)),
        agreement_acceptance::session_id.eq(new.occasion.as_str()),
        agreement_acceptance::address.eq(new.address.to_string()),
    );
    let written = on_either!(conn, c => diesel::insert_into(agreement_acceptance::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(written == 1)
}

/// Those of the versions `asked` that a person has accepted.
///
/// # Errors
/// [`StoreError`].
pub fn accepted_among(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    asked: &[AgreementId],
) -> Result<BTreeSet<AgreementId>, StoreError> {
    let asked = asked.iter().map(AgreementId::as_str);
    let rows: Vec<String> = agreement_acceptance::table
        .filter(agreement_acceptance::subscriber_id.eq(subscriber.as_str()))
        .filter(agreement_acceptance::agreement_id.eq_any(asked))
        .select(agreement_acceptance::agreement_id)
        .load(conn)?;
    let read = Reading { table: "agreement_acceptance", row: subscriber.as_str() };
    rows.into_iter().map(|id| read.parsed("agreement_id", id)).collect()
}

/// All that a person has ever accepted, and when, the newest first.
///
/// # Errors
/// [`StoreError`].
pub fn accepted(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
) -> Result<Vec<(Agreement, DateTime<Utc>)>, StoreError> {
    let rows: Vec<(Row, i64)> = agreement_acceptance::table
        .inner_join(agreement::table)
        .filter(agreement_acceptance::subscriber_id.eq(subscriber.as_str()))
        .order((agreement_acceptance::accepted_at.desc(), agreement::id))
        .select((Row::as_select(), agreement_acceptance::accepted_at))
        .load(conn)?;
    let read = Reading { table: "agreement_acceptance", row: subscriber.as_str() };
    let acceptance = |(row, at)| Ok((Agreement::try_from(row)?, read.at("accepted_at", at)?));
    rows.into_iter().map(acceptance).collect()
}

/// The table's shape.
#[derive(Queryable, Selectable)]
#[diesel(table_name = agreement)]
struct Row {
    id: String,
    code: String,
    version: String,
    text: String,
    text_hash: Vec<u8>,
    published_at: i64,
    superseded_at: Option<i64>,
}

impl TryFrom<Row> for Agreement {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let key = row.id.clone();
        let read = Reading { table: "agreement", row: &key };
        let text = AgreementText::read(&row.text).map_err(|_| read.corrupt("text"))?;
        // Whoever agreed did so to the text with this hash and to no other.
        if Sha256::from_bytes(&row.text_hash) != Some(text.hash()) {
            return Err(read.corrupt("text_hash"));
        }
        Ok(Self {
            id: read.parsed("id", row.id)?,
            code: read.parsed("code", row.code)?,
            version: read.parsed("version", row.version)?,
            text,
            published_at: read.at("published_at", row.published_at)?,
            superseded_at: read.maybe_at("superseded_at", row.superseded_at)?,
        })
    }
}
