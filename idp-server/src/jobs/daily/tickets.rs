//! Tickets that were resolved, and of which nobody said otherwise for 14 days: closed.

use idp_core::{community::ticket::CLOSES_AFTER, ids::TicketId};

use super::Work;
use crate::{
    community::tickets,
    store::{AnyConn, StoreError, ticket},
};

/// Closes them. `false`: it was cut short.
pub(super) async fn close(work: &Work<'_>) -> Result<bool, StoreError> {
    let before = work.app.clock.now() - CLOSES_AFTER;
    let find = move |conn: &mut AnyConn, after: Option<&TicketId>, most: i64| {
        ticket::resolved_before(conn, before, after, most)
    };
    work.each(find, |conn, office, id| tickets::close_due(conn, office, id).map(drop)).await
}
