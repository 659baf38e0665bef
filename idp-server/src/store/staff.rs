//! Who works at the support desk.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{community::actor::Rank, ids::SubscriberId};

use super::{
    AnyConn, StoreError,
    column::{Reading, millis},
    connection::on_either,
    schema::{staff, subscriber},
};

/// Somebody at the support desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub subscriber: SubscriberId,
    /// The person's name.
    pub name: String,
    /// What they may decide.
    pub rank: Rank,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// What somebody may decide at the support desk; `None`: they do not work there.
///
/// # Errors
/// [`StoreError`].
pub fn rank(conn: &mut AnyConn, id: &SubscriberId) -> Result<Option<Rank>, StoreError> {
    let code: Option<String> =
        staff::table.find(id.as_str()).select(staff::rank).first(conn).optional()?;
    code.map(|code| read_rank(id.as_str(), &code)).transpose()
}

/// Everybody at the support desk, by name.
///
/// # Errors
/// [`StoreError`].
pub fn all(conn: &mut AnyConn) -> Result<Vec<Member>, StoreError> {
    let rows: Vec<(String, String, String, String, i64)> = staff::table
        .inner_join(subscriber::table)
        .order((subscriber::family_name, subscriber::given_name, staff::subscriber_id))
        .select((
            staff::subscriber_id,
            subscriber::given_name,
            subscriber::family_name,
            staff::rank,
            staff::since,
        ))
        .load(conn)?;
    let member =
        |(id, given_name, family_name, rank, since): (String, String, String, String, i64)| {
            let read = Reading { table: "staff", row: &id };
            Ok(Member {
                subscriber: read.parsed("subscriber_id", id.clone())?,
                name: format!("{given_name} {family_name}").trim().to_owned(),
                rank: read_rank(&id, &rank)?,
                since: read.at("since", since)?,
            })
        };
    rows.into_iter().map(member).collect()
}

/// Takes somebody on, or gives them another rank.
///
/// # Errors
/// [`StoreError`].
pub fn appoint(
    conn: &mut AnyConn,
    id: &SubscriberId,
    rank: Rank,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = (staff::subscriber_id.eq(id.as_str()), staff::rank.eq(rank.code()));
    on_either!(conn, c => diesel::insert_into(staff::table)
        .values((row, staff::since.eq(millis(now))))
        .on_conflict(staff::subscriber_id)
        .do_update()
        .set(staff::rank.eq(rank.code()))
        .execute(c))?;
    Ok(())
}

/// Lets somebody go; `false` if they did not work there.
///
/// # Errors
/// [`StoreError`].
pub fn dismiss(conn: &mut AnyConn, id: &SubscriberId) -> Result<bool, StoreError> {
    Ok(diesel::delete(staff::table.find(id.as_str())).execute(conn)? == 1)
}

fn read_rank(row: &str, code: &str) -> Result<Rank, StoreError> {
    [Rank::Agent, Rank::Lead]
        .into_iter()
        .find(|rank| rank.code() == code)
        .ok_or_else(|| Reading { table: "staff", row }.corrupt("rank"))
}
