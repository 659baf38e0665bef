//! Removes what nothing can refer to any more: grants and sessions past their end, messages that
//! were delivered or given up, counts of failures that were long ago.

use std::{future::pending, sync::Arc, time::Duration};

use chrono::TimeDelta;
use tokio::sync::watch;

use super::rounds::{self, Report};
use crate::{
    app::App,
    store::{
        AnyConn, StoreError, ending, grant, known_browser, lease, letter_count, lockout,
        mailed_code, outbox, release_log, remembered_browser, retention, roster, self_help,
    },
};

/// How often a node tries; one of them succeeds.
const PERIOD: Duration = Duration::from_secs(60 * 60);
/// How long after its end a grant, a session or a message is kept: so long a reused token is
/// recognised as one, and the help desk sees where somebody was signed in and who was told.
const KEPT_FOR: TimeDelta = TimeDelta::days(30);
/// A lock lasts minutes, and counting starts anew with each success.
const FAILURES_KEPT_FOR: TimeDelta = TimeDelta::days(1);
/// Twice as long as a count of letters lasts: one that is given up early would begin anew.
const LETTERS_KEPT_FOR: TimeDelta = TimeDelta::days(2);
/// Self-help stays closed, and a browser known, for a year: longer than an account stays in use
/// without its owner. Who was nominated and never came, and what was asked of the support desk, is
/// kept for as long after its end, as the privacy page says.
const YEAR: TimeDelta = TimeDelta::days(365);
/// What was shared about somebody can be looked at for six years, as long as an accounting of
/// disclosures reaches back (45 CFR 164.528).
const RELEASES_KEPT_FOR: TimeDelta = TimeDelta::days(6 * 366);
/// A list of people that was uploaded and not imported: its Administrator has looked at it and
/// gone.
const UPLOADS_KEPT_FOR: TimeDelta = TimeDelta::days(1);
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
    let sweep = move |conn: &mut AnyConn| {
        ending::sweep(conn, now - KEPT_FOR)?;
        let codes = mailed_code::sweep(conn, now - KEPT_FOR)?;
        let answers = self_help::sweep(conn, now - YEAR)?;
        let known = known_browser::sweep(conn, now - YEAR)?;
        release_log::sweep(conn, now - RELEASES_KEPT_FOR)?;
        letter_count::sweep(conn, now - LETTERS_KEPT_FOR)?;
        roster::sweep(conn, now - UPLOADS_KEPT_FOR, now - KEPT_FOR)?;
        retention::sweep(conn, now - YEAR)?;
        Ok((codes, answers, remembered_browser::sweep(conn, now)? + known))
    };
    let (codes, answers, browsers) = app.db.write(sweep).await?;
    tracing::info!(
        grants,
        sessions,
        messages,
        failures,
        codes,
        answers,
        browsers,
        "removed what is over"
    );
    Ok(())
}
