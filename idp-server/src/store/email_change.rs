//! Changes of people's mail addresses: asked for, confirmed, stopped, taken back (domain 4.7).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    community::subscriber::EmailAddress,
    ids::{EmailChangeId, SubscriberId},
};
use serde::{Deserialize, Serialize};

use super::{
    AnyConn, StoreError,
    column::{Reading, code, millis},
    schema::{email_change, subscriber},
};

/// How a change stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeState {
    /// The new address is in use; the old one may still take it back.
    Changed,
    /// The new mailbox is still to be proved.
    Pending,
    /// The old mailbox stopped it before it happened.
    Stopped,
    /// The person asked for another one meanwhile, or gave it up.
    Superseded,
    /// The old mailbox took it back.
    Undone,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailChange {
    /// Its identifier, which is no secret.
    pub id: EmailChangeId,
    /// Whose address it is.
    pub subscriber: SubscriberId,
    /// The address before, if there was one.
    pub old: Option<EmailAddress>,
    /// The address that was asked for.
    pub new: EmailAddress,
    /// How it stands.
    pub state: ChangeState,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// Until when the new mailbox can be proved.
    pub expires_at: DateTime<Utc>,
    /// Until when a change that has happened can be taken back.
    pub undo_until: Option<DateTime<Utc>>,
}

/// Whether nobody has `address`, and nobody may still take it back. `own` does not count against
/// themselves.
///
/// # Errors
/// [`StoreError`].
pub fn is_free(
    conn: &mut AnyConn,
    address: &EmailAddress,
    own: &SubscriberId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let normalized = address.normalized();
    let taken: i64 = subscriber::table
        .filter(subscriber::email_normalized.eq(&normalized))
        .filter(subscriber::id.ne(own.as_str()))
        .count()
        .get_result(conn)?;
    let kept: i64 = email_change::table
        .filter(email_change::old_normalized.eq(&normalized))
        .filter(email_change::subscriber_id.ne(own.as_str()))
        .filter(email_change::state.eq(code(&ChangeState::Changed)))
        .filter(email_change::undo_until.gt(millis(now)))
        .count()
        .get_result(conn)?;
    Ok(taken == 0 && kept == 0)
}

/// Keeps a new change, in place of one that waits.
///
/// # Errors
/// [`StoreError`].
pub fn request(conn: &mut AnyConn, new: &EmailChange) -> Result<(), StoreError> {
    give_up(conn, &new.subscriber)?;
    diesel::insert_into(email_change::table)
        .values((
            email_change::id.eq(new.id.as_str()),
            email_change::subscriber_id.eq(new.subscriber.as_str()),
            email_change::old_email.eq(new.old.as_ref().map(EmailAddress::as_str)),
            email_change::old_normalized.eq(new.old.as_ref().map(EmailAddress::normalized)),
            email_change::new_email.eq(new.new.as_str()),
            email_change::state.eq(code(&ChangeState::Pending)),
            email_change::requested_at.eq(millis(new.requested_at)),
            email_change::expires_at.eq(millis(new.expires_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Gives up the change of a person that waits, if one does.
///
/// # Errors
/// [`StoreError`].
pub fn give_up(conn: &mut AnyConn, subscriber: &SubscriberId) -> Result<(), StoreError> {
    let waiting = email_change::table
        .filter(email_change::subscriber_id.eq(subscriber.as_str()))
        .filter(email_change::state.eq(code(&ChangeState::Pending)));
    diesel::update(waiting)
        .set(email_change::state.eq(code(&ChangeState::Superseded)))
        .execute(conn)?;
    Ok(())
}

/// The change of a person that waits for its code at `now`.
///
/// # Errors
/// [`StoreError`].
pub fn pending(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    now: DateTime<Utc>,
) -> Result<Option<EmailChange>, StoreError> {
    let row: Option<Row> = email_change::table
        .filter(email_change::subscriber_id.eq(subscriber.as_str()))
        .filter(email_change::state.eq(code(&ChangeState::Pending)))
        .filter(email_change::expires_at.gt(millis(now)))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(TryInto::try_into).transpose()
}

/// Whether the person's address was changed, and the mailbox before it may still take that back.
///
/// # Errors
/// [`StoreError`].
pub fn may_be_undone(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let open: i64 = email_change::table
        .filter(email_change::subscriber_id.eq(subscriber.as_str()))
        .filter(email_change::old_email.is_not_null())
        .filter(email_change::state.eq(code(&ChangeState::Changed)))
        .filter(email_change::undo_until.gt(millis(now)))
        .count()
        .get_result(conn)?;
    Ok(open > 0)
}

/// The change with this identifier.
///
/// # Errors
/// [`StoreError`].
pub fn find(conn: &mut AnyConn, id: &EmailChangeId) -> Result<Option<EmailChange>, StoreError> {
    let row: Option<Row> =
        email_change::table.find(id.as_str()).select(Row::as_select()).first(conn).optional()?;
    row.map(TryInto::try_into).transpose()
}

/// Moves a change on, unless somebody was faster: `false`. `undo_until` goes with
/// [`ChangeState::Changed`].
///
/// # Errors
/// [`StoreError`].
pub fn settle(
    conn: &mut AnyConn,
    change: &EmailChange,
    state: ChangeState,
    undo_until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let as_it_was = email_change::table
        .find(change.id.as_str())
        .filter(email_change::state.eq(code(&change.state)));
    let moved = if state == ChangeState::Changed {
        diesel::update(as_it_was)
            .set((
                email_change::state.eq(code(&state)),
                email_change::changed_at.eq(millis(now)),
                email_change::undo_until.eq(undo_until.map(millis)),
            ))
            .execute(conn)?
    } else {
        diesel::update(as_it_was).set(email_change::state.eq(code(&state))).execute(conn)?
    };
    Ok(moved == 1)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = email_change)]
struct Row {
    id: String,
    subscriber_id: String,
    old_email: Option<String>,
    new_email: String,
    state: String,
    requested_at: i64,
    expires_at: i64,
    undo_until: Option<i64>,
}

impl TryFrom<Row> for EmailChange {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let key = row.id.clone();
        let read = Reading { table: "email_change", row: &key };
        Ok(Self {
            id: read.parsed("id", row.id)?,
            subscriber: read.parsed("subscriber_id", row.subscriber_id)?,
            old: read.maybe_parsed("old_email", row.old_email)?,
            new: read.parsed("new_email", row.new_email)?,
            state: read.code("state", &row.state)?,
            requested_at: read.at("requested_at", row.requested_at)?,
            expires_at: read.at("expires_at", row.expires_at)?,
            undo_until: read.maybe_at("undo_until", row.undo_until)?,
        })
    }
}
