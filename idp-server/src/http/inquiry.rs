//! Questions of strangers whose answer goes by mail: written down for everybody alike, answered
//! behind the page (security 17.1), and never more often than the caps allow (22.2).

use idp_core::authentication::inquiry::caps;

use super::{client_address::ClientAddress, error::PageError, visit::Visit};
use crate::jobs::Inquiry;

/// Writes an inquiry into the outbox, unless there were too many. Nobody is told which: the page is
/// the same.
///
/// # Errors
/// [`PageError`] if the database is out of reach.
pub async fn write(visit: &Visit, inquiry: Inquiry) -> Result<(), PageError> {
    let address = ClientAddress::of(&visit.request).0;
    if !visit.throttle.admits(&caps(address, &inquiry.about(), visit.inquiries_per_hour)).await {
        tracing::warn!("an inquiry was not answered: there were too many in this hour");
        return Ok(());
    }
    put(visit, inquiry).await
}

/// Writes one into the outbox that was counted already.
///
/// # Errors
/// [`PageError`] if the database is out of reach.
pub async fn put(visit: &Visit, inquiry: Inquiry) -> Result<(), PageError> {
    let (post, now) = (visit.post.clone(), visit.clock.now());
    visit.db.write(move |conn| post.ask(conn, &inquiry, now)).await?;
    visit.outbox.wake();
    Ok(())
}
