//! Grants: what sites were given in sessions. They end through [`super::end_access()`] alone.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    ids::{AffiliationId, GrantId, SessionId, SiteId},
    oidc::grant::Grant,
    saml::name_id::NameId,
    secret::SecretDigest,
};

use super::{
    AnyConn, StoreError,
    column::{Reading, json, millis},
    connection::on_either,
    prepared::Prepared,
    schema::site_grant,
};

/// Takes in a new grant, made from the code with this digest.
///
/// # Errors
/// [`StoreError::Conflict`] with [`super::Taken::Code`] if a grant was made from that code before:
/// of two redemptions at once, one gets this.
pub fn insert(conn: &mut AnyConn, new: &Grant, code: &SecretDigest) -> Result<(), StoreError> {
    write(conn, new, code, None)
}

/// Takes in what a SAML site was given by the assertion with this digest, and by what name it knows
/// the person.
///
/// # Errors
/// [`StoreError`].
pub fn insert_named(
    conn: &mut AnyConn,
    new: &Grant,
    assertion: &SecretDigest,
    name: &NameId,
) -> Result<(), StoreError> {
    write(conn, new, assertion, Some(json(name)))
}

fn write(
    conn: &mut AnyConn,
    new: &Grant,
    code: &SecretDigest,
    name: Option<String>,
) -> Result<(), StoreError> {
    let row = diesel::insert_into(site_grant::table).values((
        (
            site_grant::id.eq(new.id.as_str()),
            site_grant::session_id.eq(new.session.as_str()),
            site_grant::site_id.eq(new.site.as_str()),
            site_grant::subscriber_id.eq(new.subscriber.as_str()),
            site_grant::affiliation_id.eq(new.affiliation.as_ref().map(AffiliationId::as_str)),
            site_grant::scopes.eq(json(&new.scopes)),
            site_grant::claims.eq(json(&new.claims)),
        ),
        (
            site_grant::nonce.eq(new.nonce.as_deref()),
            site_grant::acr.eq(&new.acr),
            site_grant::auth_time.eq(millis(new.auth_time)),
            site_grant::generation.eq(i64::from(new.generation)),
            site_grant::code_digest.eq(code.as_bytes().as_slice()),
            site_grant::issued_at.eq(millis(new.issued_at)),
            site_grant::expires_at.eq(millis(new.expires_at)),
            site_grant::name_id.eq(name),
        ),
    ));
    on_either!(conn, c => row.execute(c))?;
    Ok(())
}

/// Finds the grant with this identifier, in force or not.
///
/// # Errors
/// [`StoreError`].
pub fn find(conn: &mut AnyConn, id: &GrantId) -> Result<Option<Grant>, StoreError> {
    let row =
        site_grant::table.find(id.as_str()).select(Row::as_select()).first(conn).optional()?;
    row.map(Grant::try_from).transpose()
}

/// Finds the grant that was made from the code with this digest.
///
/// # Errors
/// [`StoreError`].
pub fn by_code(conn: &mut AnyConn, code: &SecretDigest) -> Result<Option<Grant>, StoreError> {
    let row = site_grant::table
        .filter(site_grant::code_digest.eq(code.as_bytes().as_slice()))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(Grant::try_from).transpose()
}

/// Makes the next refresh token the current one; `false` if the one presented no longer is, or if
/// the grant has ended: of two requests at once, one is told `false`.
///
/// # Errors
/// [`StoreError`].
pub fn rotate(conn: &mut AnyConn, id: &GrantId, from_generation: u32) -> Result<bool, StoreError> {
    let from = i64::from(from_generation);
    let current = site_grant::table
        .find(id.as_str())
        .filter(site_grant::generation.eq(from).and(site_grant::ended_at.is_null()));
    let next = site_grant::generation.eq(from.saturating_add(1));
    let turn = Prepared(diesel::update(current).set(next));
    Ok(on_either!(conn, c => turn.execute(c))? == 1)
}

/// The affiliation that was chosen last for a site in a session (domain 3.4).
///
/// # Errors
/// [`StoreError`].
pub fn last_affiliation(
    conn: &mut AnyConn,
    session: &SessionId,
    site: &SiteId,
) -> Result<Option<AffiliationId>, StoreError> {
    let last = site_grant::table
        .filter(site_grant::session_id.eq(session.as_str()))
        .filter(site_grant::site_id.eq(site.as_str()))
        .filter(site_grant::affiliation_id.is_not_null())
        .order((site_grant::issued_at.desc(), site_grant::id))
        .select((site_grant::id, site_grant::affiliation_id));
    let chosen: Option<(String, Option<String>)> =
        on_either!(conn, c => last.first(c)).optional()?;
    let Some((id, affiliation)) = chosen else { return Ok(None) };
    Reading { table: "site_grant", row: &id }.maybe_parsed("affiliation_id", affiliation)
}

/// The sites that were given something in a session: whoever ends it must tell them.
///
/// # Errors
/// [`StoreError`].
pub fn participants(conn: &mut AnyConn, session: &SessionId) -> Result<Vec<SiteId>, StoreError> {
    let sites: Vec<String> = site_grant::table
        .filter(site_grant::session_id.eq(session.as_str()))
        .select(site_grant::site_id)
        .distinct()
        .order(site_grant::site_id)
        .load(conn)?;
    let read = Reading { table: "site_grant", row: session.as_str() };
    sites.into_iter().map(|site| read.parsed("site_id", site)).collect()
}

/// The sessions in which a site knows somebody by this name, ended or not.
///
/// # Errors
/// [`StoreError`].
pub fn sessions_of_name(
    conn: &mut AnyConn,
    site: &SiteId,
    name: &NameId,
) -> Result<Vec<SessionId>, StoreError> {
    let sessions: Vec<String> = site_grant::table
        .filter(site_grant::site_id.eq(site.as_str()))
        .filter(site_grant::name_id.eq(json(name)))
        .select(site_grant::session_id)
        .distinct()
        .load(conn)?;
    let read = Reading { table: "site_grant", row: site.as_str() };
    sessions.into_iter().map(|session| read.parsed("session_id", session)).collect()
}

/// The names by which a SAML site knows the person in a session.
///
/// # Errors
/// [`StoreError`].
pub fn names_in_session(
    conn: &mut AnyConn,
    session: &SessionId,
    site: &SiteId,
) -> Result<Vec<NameId>, StoreError> {
    let names: Vec<Option<String>> = site_grant::table
        .filter(site_grant::session_id.eq(session.as_str()))
        .filter(site_grant::site_id.eq(site.as_str()))
        .filter(site_grant::name_id.is_not_null())
        .select(site_grant::name_id)
        .distinct()
        .load(conn)?;
    let read = Reading { table: "site_grant", row: session.as_str() };
    names.into_iter().flatten().map(|name| read.json("name_id", &name)).collect()
}

/// The name by which a SAML site was last told of the person in a session.
///
/// # Errors
/// [`StoreError`].
pub fn last_name(
    conn: &mut AnyConn,
    session: &SessionId,
    site: &SiteId,
) -> Result<Option<NameId>, StoreError> {
    let name: Option<String> = site_grant::table
        .filter(site_grant::session_id.eq(session.as_str()))
        .filter(site_grant::site_id.eq(site.as_str()))
        .filter(site_grant::name_id.is_not_null())
        .order((site_grant::issued_at.desc(), site_grant::id))
        .select(site_grant::name_id.assume_not_null())
        .first(conn)
        .optional()?;
    let read = Reading { table: "site_grant", row: session.as_str() };
    name.map(|name| read.json("name_id", &name)).transpose()
}

/// Removes grants that no token can refer to any more, and sessions that nothing refers to; says
/// how many of each. `before` must lie past the longest life of a token.
///
/// # Errors
/// [`StoreError`].
pub fn sweep(conn: &mut AnyConn, before: DateTime<Utc>) -> Result<(usize, usize), StoreError> {
    use super::schema::session;

    let grants = site_grant::table.filter(site_grant::expires_at.lt(millis(before)));
    let grants = diesel::delete(grants).execute(conn)?;
    let used = site_grant::table.select(site_grant::session_id);
    let sessions = session::table
        .filter(session::expires_at.lt(millis(before)))
        .filter(session::id.ne_all(used));
    Ok((grants, diesel::delete(sessions).execute(conn)?))
}

/// The table's shape, without the code.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = site_grant)]
pub(super) struct Row {
    id: String,
    session_id: String,
    site_id: String,
    subscriber_id: String,
    affiliation_id: Option<String>,
    scopes: String,
    claims: String,
    nonce: Option<String>,
    acr: String,
    auth_time: i64,
    generation: i64,
    issued_at: i64,
    expires_at: i64,
    ended_at: Option<i64>,
}

impl TryFrom<Row> for Grant {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let key = row.id.clone();
        let read = Reading { table: "site_grant", row: &key };
        Ok(Self {
            id: read.parsed("id", row.id)?,
            session: read.parsed("session_id", row.session_id)?,
            site: read.parsed("site_id", row.site_id)?,
            subscriber: read.parsed("subscriber_id", row.subscriber_id)?,
            affiliation: read.maybe_parsed("affiliation_id", row.affiliation_id)?,
            scopes: read.json("scopes", &row.scopes)?,
            claims: read.json("claims", &row.claims)?,
            nonce: row.nonce,
            acr: row.acr,
            auth_time: read.at("auth_time", row.auth_time)?,
            generation: read.count("generation", row.generation)?,
            issued_at: read.at("issued_at", row.issued_at)?,
            expires_at: read.at("expires_at", row.expires_at)?,
            ended_at: read.maybe_at("ended_at", row.ended_at)?,
        })
    }
}
