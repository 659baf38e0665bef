//! What a person says to an agreement, in a sign-on or on their own page: taken down in one place.

use idp_core::{
    audit::{Actor, Event, Kind},
    authentication::session::Session,
    ids::{AgreementId, EventId},
};
use serde_json::json;

use super::{client_address::ClientAddress, error::PageError, visit::Visit};
use crate::store::{AnyConn, agreement, audit};

/// What a person says to an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Accepted,
    Declined,
}

/// Takes the answer down: who, which version with which hash, when, from where. Nothing is written
/// of a version that another one replaced meanwhile; the person is shown that one next.
///
/// # Errors
/// [`PageError`] if the database is out of reach; then nothing has happened.
pub async fn record(
    visit: &Visit,
    session: &Session,
    id: &AgreementId,
    answer: Answer,
) -> Result<(), PageError> {
    let (now, address) = (visit.clock.now(), ClientAddress::of(&visit.request).0);
    let kind = match answer {
        Answer::Accepted => Kind::AgreementAccepted,
        Answer::Declined => Kind::AgreementDeclined,
    };
    let (id, session) = (id.clone(), session.clone());
    let event = Event::new(
        EventId::from_random(visit.random.bytes()),
        now,
        kind,
        Actor::Subscriber(session.subscriber.clone()),
    )
    .to(session.subscriber.clone())
    .in_session(session.id.clone())
    .from_address(address);
    let write = move |conn: &mut AnyConn| {
        let Some(found) = agreement::find(conn, &id)?.filter(|found| found.is_in_force()) else {
            return Ok(());
        };
        let new = agreement::Acceptance {
            subscriber: &session.subscriber,
            occasion: agreement::Occasion::Session(&session.id),
            address,
            at: now,
        };
        if answer == Answer::Accepted && !agreement::accept(conn, &found, &new)? {
            return Ok(()); // accepted in another tab already
        }
        let told = json!({
            "agreement": found.code.as_str(),
            "version": found.version.as_str(),
            "sha256": found.text.hash().to_string(),
        });
        audit::record(conn, &[event.clone().after(told)])
    };
    Ok(visit.db.write(write).await?)
}
