//! Sessions: signed-in browsers. They end through [`super::end_access()`] alone.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    authentication::session::Session,
    ids::{SessionId, SubscriberId},
    secret::SecretDigest,
};

use super::{
    AnyConn, StoreError,
    column::{Reading, json, millis},
    connection::on_either,
    prepared::Prepared,
    schema::session,
};

/// A session to be stored, and what is kept beside it.
pub struct NewSession<'a> {
    /// The session.
    pub session: &'a Session,
    /// The digest of the secret in the browser's cookie.
    pub cookie: &'a SecretDigest,
    /// What the session tells as `last_login`.
    pub previous_sign_in_at: Option<DateTime<Utc>>,
    /// Where the browser is.
    pub address: &'a str,
    /// What the browser calls itself; cut to 200 characters.
    pub user_agent: &'a str,
}

/// A session as its person is shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSession {
    /// The session.
    pub session: Session,
    /// Where the browser was at the sign-in.
    pub address: String,
    /// What the browser calls itself.
    pub user_agent: String,
    /// When it was last used for a sign-on, to about a minute.
    pub last_seen_at: DateTime<Utc>,
}

/// Takes in a new session.
///
/// # Errors
/// [`StoreError`].
pub fn insert(conn: &mut AnyConn, new: &NewSession<'_>) -> Result<(), StoreError> {
    let session = new.session;
    let row = diesel::insert_into(session::table).values((
        session::id.eq(session.id.as_str()),
        session::cookie_digest.eq(new.cookie.as_bytes().as_slice()),
        session::subscriber_id.eq(session.subscriber.as_str()),
        session::started_at.eq(millis(session.started_at)),
        session::expires_at.eq(millis(session.expires_at)),
        session::proofs.eq(json(&session.proofs)),
        session::previous_sign_in_at.eq(new.previous_sign_in_at.map(millis)),
        session::address.eq(new.address),
        session::user_agent.eq(new.user_agent.chars().take(200).collect::<String>()),
        session::last_seen_at.eq(millis(session.started_at)),
    ));
    on_either!(conn, c => row.execute(c))?;
    Ok(())
}

/// Finds the session with this identifier, live or not.
///
/// # Errors
/// [`StoreError`].
pub fn find(conn: &mut AnyConn, id: &SessionId) -> Result<Option<Session>, StoreError> {
    let row = session::table.find(id.as_str()).select(Row::as_select()).first(conn).optional()?;
    row.map(Session::try_from).transpose()
}

/// Finds the session of a cookie, live or not.
///
/// # Errors
/// [`StoreError`].
pub fn by_cookie(conn: &mut AnyConn, cookie: &SecretDigest) -> Result<Option<Session>, StoreError> {
    let found = session::table.filter(session::cookie_digest.eq(cookie.as_bytes().as_slice()));
    let row = on_either!(conn, c => found.select(Row::as_select()).first(c)).optional()?;
    row.map(Session::try_from).transpose()
}

/// Gives a session a new cookie and writes down what was proved in it (a second sign-in, a second
/// factor). The old cookie leads nowhere from then on (security 15.3). `false` if the session has
/// ended meanwhile, or if somebody else was faster with the same old cookie.
///
/// # Errors
/// [`StoreError`].
pub fn renew(
    conn: &mut AnyConn,
    session: &Session,
    old_cookie: &SecretDigest,
    new_cookie: &SecretDigest,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let live = session::table
        .find(session.id.as_str())
        .filter(session::cookie_digest.eq(old_cookie.as_bytes().as_slice()))
        .filter(session::ended_at.is_null().and(session::expires_at.gt(millis(now))));
    let renewed = (
        session::cookie_digest.eq(new_cookie.as_bytes().as_slice()),
        session::proofs.eq(json(&session.proofs)),
        session::last_seen_at.eq(millis(now)),
    );
    let renewal = Prepared(diesel::update(live).set(renewed));
    Ok(on_either!(conn, c => renewal.execute(c))? == 1)
}

/// When a console was last used in a session.
///
/// # Errors
/// [`StoreError`].
pub fn last_seen_at(
    conn: &mut AnyConn,
    id: &SessionId,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let at: Option<i64> =
        session::table.find(id.as_str()).select(session::last_seen_at).first(conn).optional()?;
    Reading { table: "session", row: id.as_str() }.maybe_at("last_seen_at", at)
}

/// Writes down that a console was used in a session.
///
/// # Errors
/// [`StoreError`].
pub fn seen(conn: &mut AnyConn, id: &SessionId, now: DateTime<Utc>) -> Result<(), StoreError> {
    diesel::update(session::table.find(id.as_str()))
        .set(session::last_seen_at.eq(millis(now)))
        .execute(conn)?;
    Ok(())
}

/// The live sessions of a person, the newest first.
///
/// # Errors
/// [`StoreError`].
pub fn live_of_subscriber(
    conn: &mut AnyConn,
    id: &SubscriberId,
    now: DateTime<Utc>,
) -> Result<Vec<ListedSession>, StoreError> {
    let rows: Vec<(Row, String, String, i64)> = session::table
        .filter(session::subscriber_id.eq(id.as_str()))
        .filter(session::ended_at.is_null().and(session::expires_at.gt(millis(now))))
        .order(session::started_at.desc())
        .select((Row::as_select(), session::address, session::user_agent, session::last_seen_at))
        .load(conn)?;
    let listed = |(row, address, user_agent, last_seen_at): (Row, String, String, i64)| {
        let last_seen_at =
            Reading { table: "session", row: &row.id }.at("last_seen_at", last_seen_at)?;
        Ok(ListedSession { session: row.try_into()?, address, user_agent, last_seen_at })
    };
    rows.into_iter().map(listed).collect()
}

/// The table's shape, as far as a session is judged by it.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = session)]
pub(super) struct Row {
    pub(super) id: String,
    subscriber_id: String,
    started_at: i64,
    expires_at: i64,
    ended_at: Option<i64>,
    proofs: String,
}

impl TryFrom<Row> for Session {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let key = row.id.clone();
        let read = Reading { table: "session", row: &key };
        Ok(Self {
            id: read.parsed("id", row.id)?,
            subscriber: read.parsed("subscriber_id", row.subscriber_id)?,
            started_at: read.at("started_at", row.started_at)?,
            expires_at: read.at("expires_at", row.expires_at)?,
            ended_at: read.maybe_at("ended_at", row.ended_at)?,
            proofs: read.json("proofs", &row.proofs)?,
        })
    }
}
