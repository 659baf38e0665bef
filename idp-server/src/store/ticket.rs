//! Tickets of the support desk, with what was said in them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    authentication::mailed_code::LinkKey,
    community::{
        subscriber::EmailAddress,
        ticket::{Message, Regarding, Requester, State, Ticket, TicketKind},
    },
    ids::{OrganizationId, SubscriberId, TicketId},
    secret::SecretDigest,
};

use super::{
    AnyConn, StoreError,
    column::{Reading, json, millis},
    connection::on_either,
    place::Place,
    schema::{ticket, ticket_message},
};

/// A ticket with what is kept beside its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The ticket.
    pub ticket: Ticket,
    /// What it refers to.
    pub regarding: Option<Regarding>,
    /// What was filled in, by field.
    pub details: BTreeMap<String, String>,
    /// The language of the page on which it was asked (BCP 47).
    pub language: Option<String>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
}

/// Something that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Who at the support desk said it; `None`: who asked.
    pub author: Option<SubscriberId>,
    /// When.
    pub at: DateTime<Utc>,
    /// The words.
    pub text: String,
}

/// Which part of the queue is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// How far they are; `None`: all that are open.
    pub state: Option<String>,
    /// What they are about.
    pub kind: Option<TicketKind>,
    /// Who works on them.
    pub assignee: Option<SubscriberId>,
}

/// Takes in a ticket, with what was said first.
///
/// # Errors
/// [`StoreError`].
pub fn insert(
    conn: &mut AnyConn,
    new: &Kept,
    first: Option<&Message>,
    link: Option<&LinkKey>,
) -> Result<(), StoreError> {
    let (subscriber, email) = match &new.ticket.requester {
        Requester::Hilum => (None, None),
        Requester::Subscriber(id) => (Some(id.to_string()), None),
        Requester::Visitor(address) => (None, Some(address.as_str().to_owned())),
    };
    let (assignee, settled_at) = columns(&new.ticket.state);
    let id = &new.ticket.id;
    diesel::insert_into(ticket::table)
        .values((
            ticket::id.eq(id.as_str()),
            ticket::kind.eq(new.ticket.kind.code()),
            ticket::state.eq(new.ticket.state.code()),
            ticket::assignee_id.eq(assignee.map(SubscriberId::as_str)),
            ticket::subscriber_id.eq(subscriber),
            ticket::email.eq(email),
            ticket::language.eq(&new.language),
            ticket::organization_id.eq(new
                .ticket
                .organization
                .as_ref()
                .map(OrganizationId::as_str)),
            ticket::regarding.eq(new.regarding.as_ref().map(Regarding::as_str)),
            ticket::details.eq(json(&new.details)),
            ticket::link_digest.eq(link.map(digest)),
            ticket::opened_at.eq(millis(new.opened_at)),
            ticket::settled_at.eq(settled_at.map(millis)),
        ))
        .execute(conn)?;
    first.map_or(Ok(()), |message| say(conn, id, None, message, new.opened_at))
}

/// Writes down how far a ticket is. `link`: the key of the link in the mail that tells who asked;
/// the key of the mail before leads nowhere then.
///
/// # Errors
/// [`StoreError`].
pub fn set_state(
    conn: &mut AnyConn,
    id: &TicketId,
    state: &State,
    link: Option<&LinkKey>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (assignee, resolved_at) = columns(state);
    let settled_at = match state {
        State::Closed => Some(now),
        State::Assigned(_) | State::New | State::Resolved { .. } | State::Waiting(_) => resolved_at,
    };
    diesel::update(ticket::table.find(id.as_str()))
        .set((
            ticket::state.eq(state.code()),
            ticket::assignee_id.eq(assignee.map(SubscriberId::as_str)),
            ticket::settled_at.eq(settled_at.map(millis)),
        ))
        .execute(conn)?;
    if let Some(key) = link {
        diesel::update(ticket::table.find(id.as_str()))
            .set(ticket::link_digest.eq(digest(key)))
            .execute(conn)?;
    }
    Ok(())
}

/// Writes down what a ticket turned out to be about.
///
/// # Errors
/// [`StoreError`].
pub fn refer(
    conn: &mut AnyConn,
    id: &TicketId,
    regarding: &Regarding,
    organization: &OrganizationId,
) -> Result<(), StoreError> {
    diesel::update(ticket::table.find(id.as_str()))
        .set((
            ticket::regarding.eq(regarding.as_str()),
            ticket::organization_id.eq(organization.as_str()),
        ))
        .execute(conn)?;
    Ok(())
}

/// Adds what somebody said; `author`: who at the support desk, `None` for who asked.
///
/// # Errors
/// [`StoreError`].
pub fn say(
    conn: &mut AnyConn,
    id: &TicketId,
    author: Option<&SubscriberId>,
    message: &Message,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let number: i64 = ticket_message::table
        .filter(ticket_message::ticket_id.eq(id.as_str()))
        .count()
        .get_result(conn)?;
    diesel::insert_into(ticket_message::table)
        .values((
            ticket_message::ticket_id.eq(id.as_str()),
            ticket_message::number.eq(number),
            ticket_message::author_id.eq(author.map(SubscriberId::as_str)),
            ticket_message::said_at.eq(millis(now)),
            ticket_message::text.eq(message.as_str()),
        ))
        .execute(conn)?;
    Ok(())
}

/// The ticket with this identifier.
///
/// # Errors
/// [`StoreError`].
pub fn find(conn: &mut AnyConn, id: &TicketId) -> Result<Option<Kept>, StoreError> {
    let row: Option<Row> =
        ticket::table.find(id.as_str()).select(Row::as_select()).first(conn).optional()?;
    row.map(Kept::try_from).transpose()
}

/// The same, and nobody else changes it until the transaction ends. Inside
/// [`super::Database::write`] only.
///
/// # Errors
/// [`StoreError`].
pub fn load_for_update(conn: &mut AnyConn, id: &TicketId) -> Result<Option<Kept>, StoreError> {
    let found = ticket::table.find(id.as_str());
    let row: Option<Row> = match conn {
        AnyConn::Pg(c) => found.select(Row::as_select()).for_update().first(c),
        // Its transactions that write come one after another.
        AnyConn::Sqlite(c) => found.select(Row::as_select()).first(c),
    }
    .optional()?;
    row.map(Kept::try_from).transpose()
}

/// The ticket whose last mail carried this key.
///
/// # Errors
/// [`StoreError`].
pub fn by_link(
    conn: &mut AnyConn,
    id: &TicketId,
    key: &LinkKey,
) -> Result<Option<Kept>, StoreError> {
    let row: Option<Row> = ticket::table
        .find(id.as_str())
        .filter(ticket::link_digest.eq(digest(key)))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(Kept::try_from).transpose()
}

/// What was said, in its order.
///
/// # Errors
/// [`StoreError`].
pub fn said(conn: &mut AnyConn, id: &TicketId) -> Result<Vec<Said>, StoreError> {
    let rows: Vec<(Option<String>, i64, String)> = ticket_message::table
        .filter(ticket_message::ticket_id.eq(id.as_str()))
        .order(ticket_message::number)
        .select((ticket_message::author_id, ticket_message::said_at, ticket_message::text))
        .load(conn)?;
    let read = Reading { table: "ticket_message", row: id.as_str() };
    let said = |(author, at, text): (Option<String>, i64, String)| {
        let author = read.maybe_parsed("author_id", author)?;
        Ok(Said { author, at: read.at("said_at", at)?, text })
    };
    rows.into_iter().map(said).collect()
}

/// Up to `limit` tickets, the oldest first, from behind `after` on.
///
/// # Errors
/// [`StoreError`].
pub fn queue(
    conn: &mut AnyConn,
    filter: &Filter,
    after: Option<&Place<TicketId>>,
    limit: i64,
) -> Result<Vec<Kept>, StoreError> {
    let (at, id) = after.map_or((0, ""), |place| (place.millis(), place.id.as_str()));
    let rows: Vec<Row> = on_either!(conn, c => {
        let mut found = ticket::table
            .filter(ticket::opened_at.ge(at))
            .filter(ticket::opened_at.gt(at).or(ticket::id.gt(id)))
            .order((ticket::opened_at, ticket::id))
            .limit(limit)
            .select(Row::as_select())
            .into_boxed();
        found = match &filter.state {
            Some(state) => found.filter(ticket::state.eq(state)),
            None => found.filter(ticket::settled_at.is_null()),
        };
        if let Some(kind) = filter.kind {
            found = found.filter(ticket::kind.eq(kind.code()));
        }
        if let Some(assignee) = &filter.assignee {
            found = found.filter(ticket::assignee_id.eq(assignee.as_str()));
        }
        found.load(c)
    })?;
    rows.into_iter().map(Kept::try_from).collect()
}

/// Up to `limit` tickets that were resolved at `before` or earlier and are not closed, by
/// identifier, from behind `after` on.
///
/// # Errors
/// [`StoreError`].
pub fn resolved_before(
    conn: &mut AnyConn,
    before: DateTime<Utc>,
    after: Option<&TicketId>,
    limit: i64,
) -> Result<Vec<TicketId>, StoreError> {
    let ids: Vec<String> = ticket::table
        .filter(ticket::state.eq("resolved").and(ticket::settled_at.le(millis(before))))
        .filter(ticket::id.gt(after.map_or("", TicketId::as_str)))
        .order(ticket::id)
        .limit(limit)
        .select(ticket::id)
        .load(conn)?;
    let id = |text: String| Reading { table: "ticket", row: &text.clone() }.parsed("id", text);
    ids.into_iter().map(id).collect()
}

fn digest(key: &LinkKey) -> Vec<u8> {
    SecretDigest::of(key.expose()).as_bytes().to_vec()
}

/// Who works on it, and when it was resolved.
const fn columns(state: &State) -> (Option<&SubscriberId>, Option<DateTime<Utc>>) {
    match state {
        State::Assigned(by) | State::Waiting(by) => (Some(by), None),
        State::Resolved { by, at } => (Some(by), Some(*at)),
        State::Closed | State::New => (None, None),
    }
}

/// The table's shape, without the link.
#[derive(Queryable, Selectable)]
#[diesel(table_name = ticket)]
struct Row {
    id: String,
    kind: String,
    state: String,
    assignee_id: Option<String>,
    subscriber_id: Option<String>,
    email: Option<String>,
    language: Option<String>,
    organization_id: Option<String>,
    regarding: Option<String>,
    details: String,
    opened_at: i64,
    settled_at: Option<i64>,
}

impl TryFrom<Row> for Kept {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let key = row.id.clone();
        let read = Reading { table: "ticket", row: &key };
        let assignee = read.maybe_parsed::<SubscriberId>("assignee_id", row.assignee_id)?;
        let settled_at = read.maybe_at("settled_at", row.settled_at)?;
        let state = match (row.state.as_str(), assignee, settled_at) {
            ("new", None, None) => State::New,
            ("assigned", Some(by), None) => State::Assigned(by),
            ("waiting", Some(by), None) => State::Waiting(by),
            ("resolved", Some(by), Some(at)) => State::Resolved { by, at },
            ("closed", None, Some(_)) => State::Closed,
            _ => return Err(read.corrupt("state")),
        };
        let email = row.email.map(|text| text.parse::<EmailAddress>()).transpose();
        let email = email.map_err(|_| read.corrupt("email"))?;
        let requester = match (read.maybe_parsed("subscriber_id", row.subscriber_id)?, email) {
            (Some(id), _) => Requester::Subscriber(id),
            (None, Some(address)) => Requester::Visitor(address),
            (None, None) => Requester::Hilum,
        };
        let kind = TicketKind::ALL.into_iter().find(|kind| kind.code() == row.kind);
        Ok(Self {
            ticket: Ticket {
                id: read.parsed("id", row.id)?,
                kind: kind.ok_or_else(|| read.corrupt("kind"))?,
                requester,
                organization: read.maybe_parsed("organization_id", row.organization_id)?,
                state,
            },
            regarding: read.maybe_parsed("regarding", row.regarding)?,
            details: read.json("details", &row.details)?,
            language: row.language,
            opened_at: read.at("opened_at", row.opened_at)?,
        })
    }
}
