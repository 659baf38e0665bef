//! What is forgotten about people when it has been over for long: whoever was nominated and never
//! came, what was asked of the support desk, who called. That it happened stays in the audit record.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::{
    AnyConn, StoreError,
    column::millis,
    schema::{caller_check, nomination, ticket, ticket_message},
};

/// Removes what was over before `before`; says how much.
///
/// # Errors
/// [`StoreError`].
pub fn sweep(conn: &mut AnyConn, before: DateTime<Utc>) -> Result<usize, StoreError> {
    let before = millis(before);
    let never_came = nomination::table
        .filter(nomination::state.eq_any(["expired", "withdrawn"]))
        .filter(nomination::settled_at.lt(before));
    let closed =
        ticket::table.filter(ticket::state.eq("closed")).filter(ticket::settled_at.lt(before));
    let said =
        ticket_message::table.filter(ticket_message::ticket_id.eq_any(closed.select(ticket::id)));
    let calls = caller_check::table.filter(caller_check::checked_at.lt(before));
    let nominations = diesel::delete(never_came).execute(conn)?;
    diesel::delete(said).execute(conn)?;
    let tickets = diesel::delete(closed).execute(conn)?;
    Ok(nominations + tickets + diesel::delete(calls).execute(conn)?)
}
