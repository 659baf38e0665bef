//! Removals of lost second factors that wait their day (domain 4.6).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    authentication::factor_reset::{FactorReset, ResetState},
    ids::{FactorResetId, SubscriberId},
};

use super::{
    AnyConn, StoreError,
    column::{Reading, code, millis},
    schema::factor_reset,
};

/// Keeps a new removal. Whoever has one that waits gets no second one.
///
/// # Errors
/// [`StoreError::Conflict`] if one waits.
pub fn request(conn: &mut AnyConn, new: &FactorReset) -> Result<(), StoreError> {
    diesel::insert_into(factor_reset::table)
        .values((
            factor_reset::id.eq(new.id.as_str()),
            factor_reset::subscriber_id.eq(new.subscriber.as_str()),
            factor_reset::helper.eq(code(&new.helper)),
            factor_reset::checked.eq(&new.checked),
            factor_reset::state.eq(code(&ResetState::Waiting)),
            factor_reset::requested_at.eq(millis(new.requested_at)),
            factor_reset::due_at.eq(millis(new.due_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// The removal with this identifier.
///
/// # Errors
/// [`StoreError`].
pub fn find(conn: &mut AnyConn, id: &FactorResetId) -> Result<Option<FactorReset>, StoreError> {
    let row: Option<Row> =
        factor_reset::table.find(id.as_str()).select(Row::as_select()).first(conn).optional()?;
    row.map(TryInto::try_into).transpose()
}

/// The removal of a person that waits.
///
/// # Errors
/// [`StoreError`].
pub fn waiting(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
) -> Result<Option<FactorReset>, StoreError> {
    let row: Option<Row> = factor_reset::table
        .filter(factor_reset::subscriber_id.eq(subscriber.as_str()))
        .filter(factor_reset::state.eq(code(&ResetState::Waiting)))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(TryInto::try_into).transpose()
}

/// Up to `limit` removals whose time has come.
///
/// # Errors
/// [`StoreError`].
pub fn due(
    conn: &mut AnyConn,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<FactorReset>, StoreError> {
    let rows: Vec<Row> = factor_reset::table
        .filter(factor_reset::state.eq(code(&ResetState::Waiting)))
        .filter(factor_reset::due_at.le(millis(now)))
        .order((factor_reset::due_at, factor_reset::id))
        .limit(limit)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Settles a removal that waits: of two at once, on whatever nodes, one is told `true`.
///
/// # Errors
/// [`StoreError`].
pub fn settle(
    conn: &mut AnyConn,
    id: &FactorResetId,
    state: ResetState,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let waiting = factor_reset::table
        .find(id.as_str())
        .filter(factor_reset::state.eq(code(&ResetState::Waiting)));
    let settled = diesel::update(waiting)
        .set((factor_reset::state.eq(code(&state)), factor_reset::settled_at.eq(millis(now))))
        .execute(conn)?;
    Ok(settled == 1)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = factor_reset)]
struct Row {
    id: String,
    subscriber_id: String,
    helper: String,
    checked: String,
    state: String,
    requested_at: i64,
    due_at: i64,
}

impl TryFrom<Row> for FactorReset {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let key = row.id.clone();
        let read = Reading { table: "factor_reset", row: &key };
        Ok(Self {
            id: read.parsed("id", row.id)?,
            subscriber: read.parsed("subscriber_id", row.subscriber_id)?,
            helper: read.code("helper", &row.helper)?,
            checked: row.checked,
            state: read.code("state", &row.state)?,
            requested_at: read.at("requested_at", row.requested_at)?,
            due_at: read.at("due_at", row.due_at)?,
        })
    }
}
