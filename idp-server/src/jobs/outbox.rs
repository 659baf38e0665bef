//! Delivers what must leave the process: logout notices to sites, mails to people.
//!
//! A message is written in the transaction that demands it; this job takes it on, delivers it, and
//! writes down what came of it. If the process is killed in between, the lease runs out and a node,
//! this one or another, tries again: a site or a person may hear twice, and never not at all.

mod inquiry;
mod logout;
mod mail;
mod saml_logout;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use idp_core::{
    audit::{Actor, Event, Kind},
    ids::EventId,
};
use serde_json::json;
use tokio::{sync::watch, task::JoinSet};

pub use inquiry::Inquiry;

use super::rounds::{self, Report};
use crate::{
    app::App,
    store::{
        AnyConn, StoreError, audit,
        outbox::{self, Claimed, Content},
    },
};

/// How often the outbox is looked at when no bell rings: other nodes write into it as well.
const PERIOD: Duration = Duration::from_secs(1);
/// How many messages are delivered at once, so that a slow site keeps no other waiting.
const MOST_AT_ONCE: usize = 32;
/// How long a message is this node's: longer than a call and the note of its outcome may take.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// After how long a message is given up.
const GIVE_UP_AFTER: TimeDelta = TimeDelta::hours(24);
/// The longest wait between two attempts.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);

/// Delivers until the process stops.
pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut report = Report::of("outbox");
    let mut calls = JoinSet::new();
    loop {
        while calls.try_join_next().is_some() {}
        if let Some(messages) = report.round(take_on(&app, MOST_AT_ONCE - calls.len()).await) {
            for message in messages {
                calls.spawn(deliver(Arc::clone(&app), message));
            }
        }
        let is_full = calls.len() == MOST_AT_ONCE;
        let early = async {
            if is_full {
                calls.join_next().await;
            } else {
                app.outbox.rung().await;
            }
        };
        if !rounds::next(PERIOD, &mut stopped, early).await {
            break;
        }
    }
    calls.join_all().await;
}

/// Takes on as many messages as there is room for. An empty outbox costs one read.
async fn take_on(app: &App, room: usize) -> Result<Vec<Claimed>, StoreError> {
    let waiting = app.db.read(outbox::waiting).await?;
    app.metrics.outbox_waiting.set(waiting);
    let room = i64::try_from(room).unwrap_or(0);
    if waiting == 0 || room == 0 {
        return Ok(Vec::new());
    }
    let now = app.clock.now();
    app.db.write(move |conn| outbox::claim(conn, room, now, now + LEASE)).await
}

/// What an attempt came to, in a few words for the receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Attempt {
    /// The other side has it.
    Delivered(String),
    /// It has not, and may the next time.
    Failed(String),
    /// It never will have it: there is nobody to tell any more.
    Hopeless(String),
    /// There is nothing to tell any more.
    Pointless(&'static str),
}

/// What is written down after an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Note {
    Delivered(String),
    GivenUp(String),
    TryAgain { status: String, due_at: DateTime<Utc> },
}

/// One attempt, and the note of what came of it.
async fn deliver(app: Arc<App>, message: Claimed) {
    let attempt = call(&app, &message).await;
    let note = after(attempt, &message, app.clock.now());
    let outcome = match &note {
        Note::Delivered(_) => "delivered",
        Note::GivenUp(_) => "given_up",
        Note::TryAgain { .. } => "failed",
    };
    app.metrics.delivery(outcome);
    tracing::info!(message = %message.id, outcome, ?note, "a message was sent");
    let event = event(&app, &message, &note);
    let id = message.id.clone();
    let now = app.clock.now();
    let erased = mail::erased(&app, &message.content, &note);
    let write = move |conn: &mut AnyConn| {
        match &note {
            Note::Delivered(status) => outbox::delivered(conn, &id, status, now)?,
            Note::GivenUp(status) => outbox::failed(conn, &id, status)?,
            Note::TryAgain { status, due_at } => outbox::retry(conn, &id, status, *due_at)?,
        }
        if let Some(erased) = &erased {
            outbox::erase(conn, &id, erased)?;
        }
        audit::record(conn, event.as_slice())
    };
    if let Err(error) = app.db.write(write).await {
        // The lease runs out, and the message goes out once more.
        tracing::warn!(message = %message.id, %error, "a delivery could not be noted");
    }
}

async fn call(app: &App, message: &Claimed) -> Attempt {
    match &message.content {
        Content::BackchannelLogout { site, session, subscriber } => {
            logout::tell(app, site, session, subscriber).await
        }
        // Due only when the time for it is over.
        Content::FrontchannelLogout { .. } => Attempt::Hopeless(
            if message.attempts == 0 { "the browser did not go there" } else { "no answer" }
                .to_owned(),
        ),
        Content::Inquiry { sealed: Some(sealed) } => inquiry::answer(app, message, sealed).await,
        Content::Mail { sealed: Some(sealed), .. } => mail::send(app, message, sealed).await,
        Content::Inquiry { sealed: None } | Content::Mail { sealed: None, .. } => {
            Attempt::Pointless("it was settled before")
        }
    }
}

/// What follows from an attempt at `now`: one, two, four … seconds until the next one, an hour at
/// most, for a day.
fn after(attempt: Attempt, message: &Claimed, now: DateTime<Utc>) -> Note {
    match attempt {
        Attempt::Delivered(status) => Note::Delivered(status),
        Attempt::Hopeless(status) => Note::GivenUp(status),
        Attempt::Pointless(status) => Note::GivenUp(status.to_owned()),
        Attempt::Failed(status) => {
            let wait = TimeDelta::seconds(1_i64 << message.attempts.min(30)).min(LONGEST_WAIT);
            let due_at = now + wait;
            if due_at < message.created_at + GIVE_UP_AFTER {
                Note::TryAgain { status, due_at }
            } else {
                Note::GivenUp(status)
            }
        }
    }
}

/// The audit event of the last word on a message; an attempt in between has none.
fn event(app: &App, message: &Claimed, note: &Note) -> Option<Event> {
    let (delivered, status) = match note {
        Note::Delivered(status) => (true, status),
        Note::GivenUp(status) => (false, status),
        Note::TryAgain { .. } => return None,
    };
    let id = EventId::from_random(app.random.bytes());
    let attempts = message.attempts.saturating_add(1);
    let new = |kind| Event::new(id, app.clock.now(), kind, Actor::Job("outbox".to_owned()));
    Some(match &message.content {
        Content::BackchannelLogout { site, session, subscriber }
        | Content::FrontchannelLogout { site, session, subscriber } => {
            let kind = if delivered { Kind::LogoutDelivered } else { Kind::LogoutFailed };
            new(kind)
                .to(subscriber.clone())
                .in_session(session.clone())
                .at_site(site.clone())
                .after(json!({ "attempts": attempts, "status": status }))
        }
        // Its mail has an event of its own.
        Content::Inquiry { .. } => return None,
        Content::Mail { subscriber, name, .. } => {
            let kind = if delivered { Kind::MailDelivered } else { Kind::MailFailed };
            let mut event = new(kind).after(json!({
                "attempts": attempts, "mail": name, "status": status,
            }));
            event.subject.clone_from(subscriber);
            event
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    #[test]
    fn a_site_that_does_not_answer_is_asked_ever_more_rarely_for_a_day() {
        let day = 24 * 60 * 60;
        let failed = || Attempt::Failed("status 503".to_owned());
        // how often it was tried before, when it failed again, and when it is tried next
        for (attempts, second, next) in [
            (0, 0, Some(1)),
            (1, 1, Some(3)),
            (5, 100, Some(132)),
            (11, 1000, Some(3048)),
            (12, 5000, Some(8600)),
            (u32::MAX, 5000, Some(8600)),
            (40, day - 3601, Some(day - 1)),
            (40, day - 3600, None),
            (40, day * 2, None),
        ] {
            let message = Claimed {
                id: "msg_a".parse().unwrap(),
                content: Content::BackchannelLogout {
                    site: "credentia".parse().unwrap(),
                    session: "ses_a".parse().unwrap(),
                    subscriber: "sub_a".parse().unwrap(),
                },
                attempts,
                created_at: at(0),
            };
            let status = "status 503".to_owned();
            let expected = match next {
                Some(next) => Note::TryAgain { status, due_at: at(next) },
                None => Note::GivenUp(status),
            };
            assert_eq!(after(failed(), &message, at(second)), expected, "{attempts} {second}");
        }
    }
}
