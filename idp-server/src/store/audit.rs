//! Audit events, written with the change that they tell of, and the chain that seals them.
//!
//! The database refuses to change or remove what is written here. A trigger notes each event as
//! waiting for its seal, so that none can be forgotten.

use diesel::{dsl::sql, prelude::*, sql_types::Bool};
use idp_core::{
    audit::{Event, Head, Seal, Sha256, Tip},
    ids::{EventId, OrganizationId, SubscriberId},
    keys::KeyId,
};

use super::{
    AnyConn, StoreError,
    column::{Reading, json, millis},
    connection::on_either,
    place::Place,
    schema::{audit_event, audit_head, audit_pending, audit_seal},
};

/// Writes events, in one statement where the database can. Call it in the transaction of the change.
///
/// # Errors
/// [`StoreError`].
pub fn record(conn: &mut AnyConn, events: &[Event]) -> Result<(), StoreError> {
    match events {
        [] => {}
        [event] => {
            let row = diesel::insert_into(audit_event::table).values(EventRow::from(event));
            on_either!(conn, c => row.execute(c))?;
        }
        _ => {
            let rows: Vec<EventRow> = events.iter().map(EventRow::from).collect();
            on_either!(conn, c => diesel::insert_into(audit_event::table).values(rows).execute(c))?;
        }
    }
    Ok(())
}

/// Up to `limit` events that wait for their seal, the oldest first.
///
/// # Errors
/// [`StoreError`].
pub fn pending(conn: &mut AnyConn, limit: i64) -> Result<Vec<Event>, StoreError> {
    let oldest = audit_event::table
        .inner_join(audit_pending::table.on(audit_pending::event_id.eq(audit_event::id)))
        .order((audit_event::at, audit_event::id))
        .limit(limit);
    let rows: Vec<EventRow> = on_either!(conn, c => oldest.select(EventRow::as_select()).load(c))?;
    rows.into_iter().map(Event::try_from).collect()
}

/// A place among events, from which the older ones follow.
pub type Cursor = Place<EventId>;

/// The place behind `event`.
#[must_use]
pub fn behind(event: &Event) -> Cursor {
    Place::at(event.at, event.id.clone())
}

/// Up to `limit` events that happened to a person, the newest first, from behind `before` on.
///
/// # Errors
/// [`StoreError`].
pub fn of_subject(
    conn: &mut AnyConn,
    subject: &SubscriberId,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Vec<Event>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (at, id) = before.map_or((i64::MAX, ""), |place| (place.millis(), place.id.as_str()));
    // The first condition bounds the index, the second breaks a tie of milliseconds.
    let own = audit_event::table
        .filter(audit_event::subject.eq(subject.as_str()))
        .filter(audit_event::at.le(at))
        .filter(audit_event::at.lt(at).or(audit_event::id.lt(id)))
        .order((audit_event::at.desc(), audit_event::id.desc()))
        .limit(limit);
    let rows: Vec<EventRow> = on_either!(conn, c => own.select(EventRow::as_select()).load(c))?;
    rows.into_iter().map(Event::try_from).collect()
}

/// What the support desk looks for in the record.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only what is about this organization.
    pub organization: Option<OrganizationId>,
    /// Only what happened to this person.
    pub subject: Option<SubscriberId>,
}

/// Up to `limit` events, the newest first, from behind `before` on. Of one organization without those
/// of sites that renew what they have, which no index of an organization holds.
///
/// # Errors
/// [`StoreError`].
pub fn all(
    conn: &mut AnyConn,
    filter: &Filter,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Vec<Event>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (at, id) = before.map_or((i64::MAX, ""), |place| (place.millis(), place.id.as_str()));
    let rows: Vec<EventRow> = on_either!(conn, c => {
        let mut found = audit_event::table
            .filter(audit_event::at.le(at))
            .filter(audit_event::at.lt(at).or(audit_event::id.lt(id)))
            .order((audit_event::at.desc(), audit_event::id.desc()))
            .limit(limit)
            .select(EventRow::as_select())
            .into_boxed();
        if let Some(organization) = &filter.organization {
            found = found
                .filter(audit_event::organization_id.eq(organization.as_str()))
                .filter(sql::<Bool>("audit_event.kind <> 'grant.refreshed'"));
        }
        if let Some(subject) = &filter.subject {
            found = found.filter(audit_event::subject.eq(subject.as_str()));
        }
        found.load(c)
    })?;
    rows.into_iter().map(Event::try_from).collect()
}

/// How many events wait for their seal, for the metrics.
///
/// # Errors
/// [`StoreError`].
pub fn waiting(conn: &mut AnyConn) -> Result<i64, StoreError> {
    Ok(audit_pending::table.count().get_result(conn)?)
}

/// The last seal; none before the first.
///
/// # Errors
/// [`StoreError`].
pub fn last_seal(conn: &mut AnyConn) -> Result<Option<Seal>, StoreError> {
    let row: Option<SealRow> = audit_seal::table
        .order(audit_seal::position.desc())
        .select(SealRow::as_select())
        .first(conn)
        .optional()?;
    row.map(Seal::try_from).transpose()
}

/// Adds seals and the signed end of the chain; the events wait no longer.
///
/// # Errors
/// [`StoreError::Conflict`] if another node has sealed meanwhile: do it anew from the last seal.
pub fn append(conn: &mut AnyConn, seals: &[Seal], head: &Head) -> Result<(), StoreError> {
    let rows = seals.iter().map(SealRow::try_from).collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<&str> = seals.iter().map(|seal| seal.event_id.as_str()).collect();
    on_either!(conn, c => diesel::insert_into(audit_seal::table).values(rows).execute(c))?;
    diesel::insert_into(audit_head::table)
        .values((
            audit_head::position.eq(position_column(head.tip.position)?),
            audit_head::chain_hash.eq(head.tip.chain_hash.as_bytes().as_slice()),
            audit_head::sealed_at.eq(millis(head.tip.sealed_at)),
            audit_head::kid.eq(head.kid.to_string()),
            audit_head::signature.eq(&head.signature),
        ))
        .execute(conn)?;
    diesel::delete(audit_pending::table.filter(audit_pending::event_id.eq_any(ids)))
        .execute(conn)?;
    Ok(())
}

/// Up to `limit` seals behind position `after`, each with its event, if that is still there and
/// still is one.
///
/// # Errors
/// [`StoreError`].
pub fn sealed_after(
    conn: &mut AnyConn,
    after: u64,
    limit: i64,
) -> Result<Vec<(Seal, Option<Event>)>, StoreError> {
    let rows: Vec<(SealRow, Option<EventRow>)> = audit_seal::table
        .left_join(audit_event::table.on(audit_event::id.eq(audit_seal::event_id)))
        .filter(audit_seal::position.gt(position_column(after)?))
        .order(audit_seal::position)
        .limit(limit)
        .select((SealRow::as_select(), Option::<EventRow>::as_select()))
        .load(conn)?;
    // An event that cannot be read was changed just as one that is gone; neither stops the check.
    let pair = |(seal, event): (SealRow, Option<EventRow>)| {
        Ok((seal.try_into()?, event.and_then(|event| event.try_into().ok())))
    };
    rows.into_iter().map(pair).collect()
}

/// Up to `limit` signed ends of the chain behind position `after`.
///
/// # Errors
/// [`StoreError`].
pub fn heads_after(conn: &mut AnyConn, after: u64, limit: i64) -> Result<Vec<Head>, StoreError> {
    type Row = (i64, Vec<u8>, i64, String, Vec<u8>);
    let rows: Vec<Row> = audit_head::table
        .filter(audit_head::position.gt(position_column(after)?))
        .order(audit_head::position)
        .limit(limit)
        .load(conn)?;
    let head = |(position, chain_hash, sealed_at, kid, signature): Row| {
        let key = position.to_string();
        let read = Reading { table: "audit_head", row: &key };
        let tip = Tip {
            position: u64::try_from(position).map_err(|_| read.corrupt("position"))?,
            chain_hash: hash(read, "chain_hash", &chain_hash)?,
            sealed_at: read.at("sealed_at", sealed_at)?,
        };
        Ok(Head { tip, kid: KeyId::new(kid), signature })
    };
    rows.into_iter().map(head).collect()
}

/// Up to `limit` events that are neither sealed nor wait for it: somebody put them there behind
/// the trigger's back, or took their seals away.
///
/// # Errors
/// [`StoreError`].
pub fn unaccounted(conn: &mut AnyConn, limit: i64) -> Result<Vec<EventId>, StoreError> {
    let rows: Vec<String> = audit_event::table
        .left_join(audit_seal::table.on(audit_seal::event_id.eq(audit_event::id)))
        .left_join(audit_pending::table.on(audit_pending::event_id.eq(audit_event::id)))
        .filter(audit_seal::event_id.is_null().and(audit_pending::event_id.is_null()))
        .order((audit_event::at, audit_event::id))
        .limit(limit)
        .select(audit_event::id)
        .load(conn)?;
    let id = |text: String| Reading { table: "audit_event", row: &text.clone() }.parsed("id", text);
    rows.into_iter().map(id).collect()
}

fn position_column(position: u64) -> Result<i64, StoreError> {
    let row = position.to_string();
    i64::try_from(position)
        .map_err(|_| Reading { table: "audit_seal", row: &row }.corrupt("position"))
}

fn hash(read: Reading<'_>, column: &'static str, bytes: &[u8]) -> Result<Sha256, StoreError> {
    Sha256::from_bytes(bytes).ok_or_else(|| read.corrupt(column))
}

/// The table of events. A column that is absent is NULL and not left out, so that every insert is
/// the same statement, which a connection prepares once.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_event, treat_none_as_default_value = false)]
pub(super) struct EventRow {
    id: String,
    at: i64,
    kind: String,
    actor: String,
    organization_id: Option<String>,
    subject: Option<String>,
    session_id: Option<String>,
    site_id: Option<String>,
    address: Option<String>,
    before: Option<String>,
    after: Option<String>,
    reason: Option<String>,
}

impl From<&Event> for EventRow {
    fn from(event: &Event) -> Self {
        Self {
            id: event.id.to_string(),
            at: millis(event.at),
            kind: event.kind.to_string(),
            actor: event.actor.to_string(),
            organization_id: event.organization.as_ref().map(ToString::to_string),
            subject: event.subject.as_ref().map(ToString::to_string),
            session_id: event.session.as_ref().map(ToString::to_string),
            site_id: event.site.as_ref().map(ToString::to_string),
            address: event.address.map(|address| address.to_string()),
            before: event.before.as_ref().map(json),
            after: event.after.as_ref().map(json),
            reason: event.reason.clone(),
        }
    }
}

impl TryFrom<EventRow> for Event {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        let key = row.id.clone();
        let read = Reading { table: "audit_event", row: &key };
        let address = row.address.map(|text| text.parse()).transpose();
        let value = |column, text: Option<String>| text.map(|t| read.json(column, &t)).transpose();
        Ok(Self {
            id: read.parsed("id", row.id)?,
            at: read.at("at", row.at)?,
            kind: row.kind.parse().map_err(|_| read.corrupt("kind"))?,
            actor: row.actor.parse().map_err(|_| read.corrupt("actor"))?,
            organization: read.maybe_parsed("organization_id", row.organization_id)?,
            subject: read.maybe_parsed("subject", row.subject)?,
            session: read.maybe_parsed("session_id", row.session_id)?,
            site: read.maybe_parsed("site_id", row.site_id)?,
            address: address.map_err(|_| read.corrupt("address"))?,
            before: value("before", row.before)?,
            after: value("after", row.after)?,
            reason: row.reason,
        })
    }
}

/// The table of seals.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_seal, treat_none_as_default_value = false)]
struct SealRow {
    position: i64,
    event_id: String,
    event_hash: Vec<u8>,
    chain_hash: Vec<u8>,
}

impl TryFrom<&Seal> for SealRow {
    type Error = StoreError;

    fn try_from(seal: &Seal) -> Result<Self, StoreError> {
        Ok(Self {
            position: position_column(seal.position)?,
            event_id: seal.event_id.to_string(),
            event_hash: seal.event_hash.as_bytes().to_vec(),
            chain_hash: seal.chain_hash.as_bytes().to_vec(),
        })
    }
}

impl TryFrom<SealRow> for Seal {
    type Error = StoreError;

    fn try_from(row: SealRow) -> Result<Self, StoreError> {
        let key = row.position.to_string();
        let read = Reading { table: "audit_seal", row: &key };
        Ok(Self {
            position: u64::try_from(row.position).map_err(|_| read.corrupt("position"))?,
            event_id: read.parsed("event_id", row.event_id)?,
            event_hash: hash(read, "event_hash", &row.event_hash)?,
            chain_hash: hash(read, "chain_hash", &row.chain_hash)?,
        })
    }
}
