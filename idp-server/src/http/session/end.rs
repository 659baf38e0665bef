//! Ending a browser's session.

use idp_core::{
    audit::Actor,
    ids::{SessionId, SubscriberId},
    secret::SecretDigest,
};

use crate::{
    http::{client_address::ClientAddress, error::PageError, round, visit::Visit},
    store::{Cause, Ending, Scope, end_access, front_logout, session},
};

/// An ending by the person in this browser.
pub fn ending(visit: &Visit, who: SubscriberId, cause: Cause) -> Ending {
    Ending {
        actor: Actor::Subscriber(who),
        address: Some(ClientAddress::of(&visit.request).0),
        cause,
        now: visit.clock.now(),
    }
}

/// What was ended with a session.
#[derive(Default)]
pub struct Ended {
    /// Whether there was a session to end.
    pub session: Option<SessionId>,
}

/// By whom the sites of an ended session are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// This browser goes round those that our server cannot tell.
    BrowserToo,
    /// Our server alone: the browser is busy with something else.
    Server,
}

/// Ends the session of this browser: its grants with it, and every site of it is told.
///
/// # Errors
/// [`PageError`] if the database is out of reach; then nothing has ended.
pub async fn end_current(visit: &Visit, cause: Cause, via: Via) -> Result<Ended, PageError> {
    match visit.session() {
        Some(digest) => end(visit, digest, cause, via).await,
        None => Ok(Ended::default()),
    }
}

/// Ends the session behind a cookie.
///
/// # Errors
/// As [`end_current`].
pub async fn end(
    visit: &Visit,
    cookie: SecretDigest,
    cause: Cause,
    via: Via,
) -> Result<Ended, PageError> {
    let now = visit.clock.now();
    let (address, random) = (ClientAddress::of(&visit.request).0, visit.random.clone());
    let ended = visit.db.write(move |conn| {
        let Some(session) =
            session::by_cookie(conn, &cookie)?.filter(|session| session.is_live(now))
        else {
            return Ok(Ended::default());
        };
        let ending = Ending {
            actor: Actor::Subscriber(session.subscriber),
            address: Some(address),
            cause,
            now,
        };
        end_access(conn, &Scope::Session(session.id.clone()), &ending, &random)?;
        if via == Via::BrowserToo {
            front_logout::queue(conn, &session.id, &ending, &random, now + round::LIFE)?;
        }
        Ok(Ended { session: Some(session.id) })
    });
    let ended = ended.await?;
    visit.outbox.wake();
    Ok(ended)
}
