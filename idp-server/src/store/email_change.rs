//! Changes of people's mail addresses: asked for, confirmed, stopped, taken back (domain 4.7).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    authentication::email_change::{ChangeState, EmailChange},
    community::subscriber::EmailAddress,
    ids::{EmailChangeId, SubscriberId},
};

use super::{
    AnyConn, StoreError,
    column::{Reading, code, millis},
    schema::{email_change, subscriber},
};

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

/// Those of `addresses`, as [`EmailAddress::normalized`] has them, that somebody gave up and may
/// still take back.
///
/// # Errors
/// [`StoreError`].
pub(super) fn given_up_among(
    conn: &mut AnyConn,
    addresses: &[String],
    now: DateTime<Utc>,
) -> Result<Vec<String>, StoreError> {
    let kept: Vec<Option<String>> = email_change::table
        .filter(email_change::old_normalized.eq_any(addresses))
        .filter(email_change::state.eq(code(&ChangeState::Changed)))
        .filter(email_change::undo_until.gt(millis(now)))
        .select(email_change::old_normalized)
        .load(conn)?;
    Ok(kept.into_iter().flatten().collect())
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

/// The change of a person that waits for its code, or did so until its time was over.
///
/// # Errors
/// [`StoreError`].
pub fn waiting(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
) -> Result<Option<EmailChange>, StoreError> {
    of_subscriber(conn, subscriber, ChangeState::Pending)
}

/// The last change of a person that happened.
///
/// # Errors
/// [`StoreError`].
pub fn last_changed(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
) -> Result<Option<EmailChange>, StoreError> {
    of_subscriber(conn, subscriber, ChangeState::Changed)
}

fn of_subscriber(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    state: ChangeState,
) -> Result<Option<EmailChange>, StoreError> {
    let row: Option<Row> = email_change::table
        .filter(email_change::subscriber_id.eq(subscriber.as_str()))
        .filter(email_change::state.eq(code(&state)))
        .order(email_change::requested_at.desc())
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(TryInto::try_into).transpose()
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

/// Moves a change on to where `next` says, unless somebody was faster: `false`.
///
/// # Errors
/// [`StoreError`].
pub fn settle(
    conn: &mut AnyConn,
    before: &EmailChange,
    next: &EmailChange,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let as_it_was = email_change::table
        .find(before.id.as_str())
        .filter(email_change::state.eq(code(&before.state)));
    let state = email_change::state.eq(code(&next.state));
    let moved = match next.undo_until {
        Some(until) => diesel::update(as_it_was)
            .set((
                state,
                email_change::changed_at.eq(millis(now)),
                email_change::undo_until.eq(millis(until)),
            ))
            .execute(conn)?,
        None => diesel::update(as_it_was).set(state).execute(conn)?,
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
