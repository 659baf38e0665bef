//! Removes what nothing can refer to any more: grants and sessions past their end, messages that
//! were delivered or given up, counts of failures that were long ago.

use std::{future::pending, sync::Arc, time::Duration};

use chrono::TimeDelta;
use tokio::sync::watch;

use super::rounds::{self, Report};
use crate::{
    app::App,
    store::{StoreError, grant, lease, lockout, outbox, remembered_browser},
};

/// How often a node tries; one of them succeeds.
const PERIOD: Duration = Duration::from_secs(60 * 60);
/// How long after its end a grant, a session or a message is kept: so long a reused token is
/// recognised as one, and the help desk sees where somebody was signed in and who was told.
const KEPT_FOR: TimeDelta = TimeDelta::days(30);
/// A lock lasts minutes, and counting starts anew with each success.
const FAILURES_KEPT_FOR: TimeDelta = TimeDelta::days(1);
/// The lease and how long it is held: no other node does the same in the same hour.
const LEASE: (&str, TimeDelta) = ("clean-up", TimeDelta::minutes(50));

/// Cleans up until the process stops.
pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let holder = app.random.reference();
    let mut report = Report::of("clean-up");
    // Not at once: a start has other things to do.
    while rounds::next(PERIOD, &mut stopped, pending()).await {
        report.round(round(&app, holder.clone()).await);
    }
}

async fn round(app: &App, holder: String) -> Result<(), StoreError> {
    let now = app.clock.now();
    let (name, lasts) = LEASE;
    let taken = app.db.write(move |conn| lease::try_acquire(conn, name, &holder, now, now + lasts));
    if !taken.await? {
        return Ok(());
    }
    let (grants, sessions) = app.db.write(move |conn| grant::sweep(conn, now - KEPT_FOR)).await?;
    let messages = app.db.write(move |conn| outbox::sweep(conn, now - KEPT_FOR)).await?;
    let failures = app.db.write(move |conn| lockout::sweep(conn, now - FAILURES_KEPT_FOR)).await?;
    let browsers = app.db.write(move |conn| remembered_browser::sweep(conn, now)).await?;
    tracing::info!(grants, sessions, messages, failures, browsers, "removed what is over");
    Ok(())
}
