//! Sites that only the person's browser can tell that a session is over (SAML Profiles §4.4.3.3).
//!
//! They stand in the outbox as every other notice of a logout does, so receipts and audit record
//! show them alike. A browser delivers them; what it has not delivered in time, the outbox job gives
//! up.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    audit::{Actor, Event, Kind},
    community::site::SiteStatus,
    ids::{EventId, MessageId, SessionId, SiteId},
};
use serde_json::json;

use super::{
    AnyConn, Ending, StoreError, audit,
    column::{Reading, code, millis},
    grant,
    outbox::{self, Content, FRONTCHANNEL, MessageState, NewMessage},
    schema::outbox as messages,
    session, site,
};
use crate::random::Random;

/// A site on a browser's way round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The message, whose identifier is the request's `ID`.
    pub message: MessageId,
    /// The site.
    pub site: SiteId,
    /// The session that is over.
    pub session: SessionId,
    /// How it stands.
    pub state: StopState,
}

/// How far a browser got with a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopState {
    /// Sent there; no answer that counts.
    Asked,
    /// The site confirmed.
    Confirmed,
    /// The site did not confirm, or the time is over.
    Failed,
    /// Not sent there yet.
    Waiting,
}

/// Notes for each site of an ended session that has no other way that a browser is to tell it, until
/// `until`. Belongs into the transaction that ends the session.
///
/// # Errors
/// [`StoreError`].
pub fn queue(
    conn: &mut AnyConn,
    session: &SessionId,
    ending: &Ending,
    random: &Random,
    until: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Some(ended) = session::find(conn, session)? else { return Ok(()) };
    let (mut notices, mut events) = (Vec::new(), Vec::new());
    for id in grant::participants(conn, session)? {
        // Whoever ended it knows.
        if ending.actor == Actor::Site(id.clone()) || !is_told_by_browser(conn, &id)? {
            continue;
        }
        let subscriber = ended.subscriber.clone();
        let event = EventId::from_random(random.bytes());
        let event = Event::new(event, ending.now, Kind::LogoutQueued, ending.actor.clone())
            .to(subscriber.clone())
            .in_session(session.clone())
            .at_site(id.clone())
            .because(ending.cause.as_str());
        events.push(Event { address: ending.address, ..event });
        let content =
            Content::FrontchannelLogout { site: id, session: session.clone(), subscriber };
        notices.push(NewMessage { id: MessageId::from_random(random.bytes()), content });
    }
    outbox::enqueue_for(conn, &notices, ending.now, until)?;
    audit::record(conn, &events)
}

fn is_told_by_browser(conn: &mut AnyConn, id: &SiteId) -> Result<bool, StoreError> {
    let found = site::find(conn, id)?.filter(|site| site.status != SiteStatus::Retired);
    let provider = found.as_ref().and_then(|site| site.service_provider());
    Ok(provider.is_some_and(|provider| {
        provider.soap_logout().is_none() && provider.browser_logout().is_some()
    }))
}

/// The sites on the way round of these sessions, always in the same order.
///
/// # Errors
/// [`StoreError`].
pub fn stops(conn: &mut AnyConn, sessions: &[SessionId]) -> Result<Vec<Stop>, StoreError> {
    type Row = (String, String, String, String, i64);
    let rows: Vec<Row> = messages::table
        .filter(messages::session_id.eq_any(sessions.iter().map(SessionId::as_str)))
        .filter(messages::kind.eq(FRONTCHANNEL))
        .filter(messages::site_id.is_not_null())
        .order((messages::site_id, messages::id))
        .select((
            messages::id,
            messages::site_id.assume_not_null(),
            messages::session_id.assume_not_null(),
            messages::state,
            messages::attempts,
        ))
        .load(conn)?;
    let stop = |(id, site, session, state, attempts): Row| {
        let read = Reading { table: "outbox", row: &id };
        Ok(Stop {
            message: read.parsed("id", id.clone())?,
            site: read.parsed("site_id", site)?,
            session: read.parsed("session_id", session)?,
            state: match read.code("state", &state)? {
                MessageState::Delivered => StopState::Confirmed,
                MessageState::Failed => StopState::Failed,
                MessageState::Pending if attempts == 0 => StopState::Waiting,
                MessageState::Pending => StopState::Asked,
            },
        })
    };
    rows.into_iter().map(stop).collect()
}

/// Notes that the browser is sent to a site; `false` if it was before: of two clicks at once one
/// leads there.
///
/// # Errors
/// [`StoreError`].
pub fn ask(conn: &mut AnyConn, message: &MessageId) -> Result<bool, StoreError> {
    let waiting = messages::table
        .find(message.as_str())
        .filter(messages::state.eq(code(&MessageState::Pending)).and(messages::attempts.eq(0_i64)));
    let asked = (messages::attempts.eq(1_i64), messages::last_status.eq("asked"));
    Ok(diesel::update(waiting).set(asked).execute(conn)? == 1)
}

/// Notes what `site` answered to a message, with its audit event; `false` if that message did not
/// wait for an answer of this site. An answer counts once.
///
/// # Errors
/// [`StoreError`].
pub fn answered(
    conn: &mut AnyConn,
    message: &MessageId,
    site: &SiteId,
    confirmed: bool,
    (event, now): (EventId, DateTime<Utc>),
) -> Result<bool, StoreError> {
    let (state, status, kind) = if confirmed {
        (MessageState::Delivered, "confirmed", Kind::LogoutDelivered)
    } else {
        (MessageState::Failed, "not confirmed", Kind::LogoutFailed)
    };
    let asked = messages::table
        .find(message.as_str())
        .filter(messages::kind.eq(FRONTCHANNEL).and(messages::site_id.eq(site.as_str())))
        .filter(messages::state.eq(code(&MessageState::Pending)).and(messages::attempts.gt(0_i64)));
    let payload: Option<String> = diesel::update(asked)
        .set((
            messages::state.eq(code(&state)),
            messages::delivered_at.eq(confirmed.then_some(millis(now))),
            messages::last_status.eq(status),
            messages::leased_until.eq(None::<i64>),
        ))
        .returning(messages::payload)
        .get_result(conn)
        .optional()?;
    let Some(payload) = payload else { return Ok(false) };
    let read = Reading { table: "outbox", row: message.as_str() };
    let content: Content = read.json("payload", &payload)?;
    let Content::FrontchannelLogout { session, subscriber, .. } = content else {
        return Err(read.corrupt("payload"));
    };
    let event = Event::new(event, now, kind, Actor::Site(site.clone()))
        .to(subscriber)
        .in_session(session)
        .at_site(site.clone())
        .after(json!({ "attempts": 1, "status": status }));
    audit::record(conn, &[event])?;
    Ok(true)
}
