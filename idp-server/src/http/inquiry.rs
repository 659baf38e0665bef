//! Questions of strangers whose answer goes by mail: written down for everybody alike, answered
//! behind the page (security 17.1), and never more often than the caps allow (22.2).

use std::time::Duration;

use idp_core::ids::MessageId;

use super::{error::PageError, visit::Visit};
use crate::{
    ephemeral::Key,
    jobs::Inquiry,
    store::outbox::{self, NewMessage},
};

/// What is counted over.
const HOUR: Duration = Duration::from_secs(60 * 60);
/// How many inquiries about one name or address are answered within an hour.
const PER_SUBJECT: u64 = 5;

/// Writes an inquiry into the outbox, unless there were too many. Nobody is told which: the page is
/// the same.
///
/// # Errors
/// [`PageError`] if something that we need is out of reach.
pub async fn write(visit: &Visit, inquiry: Inquiry) -> Result<(), PageError> {
    let one = Key::throttle("inquiry", &[inquiry.about()]);
    let all = Key::throttle("inquiries", &["all"]);
    let passes = visit.ephemeral.count(&one, HOUR).await?.hits <= PER_SUBJECT
        // Only what passes the first counts here: nobody can use up what is for all.
        && visit.ephemeral.count(&all, HOUR).await?.hits <= u64::from(visit.inquiries_per_hour);
    if !passes {
        tracing::warn!("an inquiry was not answered: there were too many in this hour");
        return Ok(());
    }
    let id = MessageId::from_random(visit.random.bytes());
    let content = inquiry.seal(&visit.post, &id).map_err(|error| PageError::unexpected(&error))?;
    let now = visit.clock.now();
    let message = NewMessage { id, content };
    visit.db.write(move |conn| outbox::enqueue(conn, std::slice::from_ref(&message), now)).await?;
    visit.outbox.wake();
    Ok(())
}
