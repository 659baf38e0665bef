//! What falls due with the days: accounts that lie unused, reminders, deadlines, the check of the
//! audit record.
//!
//! Nothing here opens or closes a door: what ends on a day is over on that day wherever it is asked
//! for. The job writes down what the date has decided, and mails. So it may be late, and it may be
//! killed: each thing is one transaction of its own, and whoever comes next goes through all of it
//! again and finds less to do. A row that is broken is passed over, said in the log and counted, so
//! that the day comes to its end for everybody else; the next day tries it again.

mod accounts;
mod organizations;
mod record;
mod tax_ids;
mod tickets;
mod waiting;

use std::{
    future::pending,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::TimeDelta;
use idp_core::community::actor::Actor;
use tokio::sync::watch;

use super::rounds::{self, Report};
use crate::{
    app::App,
    community::Office,
    store::{AnyConn, StoreError, lease, meta, reminder},
};

/// How often a node looks whether the day is done.
const PERIOD: Duration = Duration::from_secs(60);
/// The lease, and for how long it is held at a time: whoever works renews it with each batch.
const LEASE: (&str, TimeDelta) = ("daily", TimeDelta::minutes(5));
/// How often it is renewed while one thing takes its time.
const RENEWED: Duration = Duration::from_secs(60);
/// How many are looked for at once.
const BATCH: i64 = 200;
/// Longer than any reminder looks back.
const REMINDERS_KEPT_FOR: TimeDelta = TimeDelta::days(800);

/// Does each day's work once, until the process stops.
pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let holder = app.random.reference();
    let mut report = Report::of("daily");
    // Not at once: a start has other things to do.
    while rounds::next(PERIOD, &mut stopped, pending()).await {
        report.round(round(&app, &holder, &stopped).await);
    }
}

/// One look: nothing if the day is done, or another node is at it.
///
/// # Errors
/// [`StoreError`]; what was done until then stays done.
pub(super) async fn round(
    app: &App,
    holder: &str,
    stopped: &watch::Receiver<bool>,
) -> Result<(), StoreError> {
    let day = app.clock.now().date_naive().to_string();
    let done = app.db.read(|conn| meta::read(conn, meta::DAY_DONE)).await?;
    if done.as_deref() == Some(day.as_str()) {
        return Ok(());
    }
    let work = Work::new(app, holder, stopped);
    let finished = work.may_go_on().await?
        && accounts::unused(&work).await?
        && accounts::old_passwords(&work).await?
        && organizations::let_closings_lapse(&work).await?
        && organizations::remind_all(&work).await?
        && tax_ids::remind_owners(&work).await?
        && waiting::look_at_all(&work).await?
        && tickets::close(&work).await?
        && record::check(&work).await?
        && work.forget_old_reminders().await?;
    if finished {
        let write = move |conn: &mut AnyConn| meta::write(conn, meta::DAY_DONE, &day);
        app.db.write(write).await?;
        let passed_over = work.passed_over.load(Ordering::Relaxed);
        app.metrics.day_passed_over.set(passed_over);
        tracing::info!(passed_over, "the day's work is done");
    }
    Ok(())
}

/// The work of a day, by one node.
pub(super) struct Work<'a> {
    pub(super) app: &'a App,
    pub(super) holder: &'a str,
    pub(super) stopped: &'a watch::Receiver<bool>,
    /// How much was passed over.
    passed_over: AtomicI64,
}

impl<'a> Work<'a> {
    pub(super) const fn new(
        app: &'a App,
        holder: &'a str,
        stopped: &'a watch::Receiver<bool>,
    ) -> Self {
        Self { app, holder, stopped, passed_over: AtomicI64::new(0) }
    }

    /// What was done; `None` if it cannot be as long as something in the database is broken.
    fn unless_broken<T>(&self, outcome: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        match outcome {
            Ok(done) => Ok(Some(done)),
            Err(error) if error.is_of_one_thing() => {
                self.passed_over.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%error, "passed over in the day's work");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Takes or renews the lease. `false`: another node is at it, or this one stops.
    async fn may_go_on(&self) -> Result<bool, StoreError> {
        if *self.stopped.borrow() {
            return Ok(false);
        }
        let (holder, now) = (self.holder.to_owned(), self.app.clock.now());
        let (name, lasts) = LEASE;
        let take = move |conn: &mut _| lease::try_acquire(conn, name, &holder, now, now + lasts);
        self.app.db.write(take).await
    }

    /// Waits for `one` thing that takes its time, and renews the lease `every` so often meanwhile.
    /// `None`: another node is at it by now, or this one stops.
    pub(super) async fn while_held<T>(
        &self,
        every: Duration,
        one: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<Option<T>, StoreError> {
        let mut one = pin!(one);
        let mut stopped = self.stopped.clone();
        loop {
            tokio::select! {
                done = &mut one => return done.map(Some),
                _ = stopped.changed() => {}
                () = tokio::time::sleep(every) => {}
            }
            if !self.may_go_on().await? {
                return Ok(None);
            }
        }
    }

    /// Does `act` for each that `find` finds, in the order of what they are found by, each in a
    /// transaction of its own. `false`: it was cut short.
    async fn each<T: Clone + Send + 'static>(
        &self,
        find: impl Fn(&mut AnyConn, Option<&T>, i64) -> Result<Vec<T>, StoreError>
        + Clone
        + Send
        + 'static,
        act: impl Fn(&mut AnyConn, &Office, &T) -> Result<(), StoreError> + Clone + Send + 'static,
    ) -> Result<bool, StoreError> {
        let mut last: Option<T> = None;
        loop {
            if !self.may_go_on().await? {
                return Ok(false);
            }
            let (after, find) = (last.clone(), find.clone());
            let found = self.app.db.read(move |conn| find(conn, after.as_ref(), BATCH)).await;
            let Some(found) = self.unless_broken(found)? else { return Ok(true) };
            let Some(end) = found.last() else { return Ok(true) };
            last = Some(end.clone());
            for one in found {
                let (office, act) = (self.app.office(Actor::Job("daily")), act.clone());
                let done = self.app.db.write(move |conn| act(conn, &office, &one)).await;
                self.unless_broken(done)?;
            }
            self.app.outbox.wake();
        }
    }

    /// Has `act` do some of what is due, again and again until nothing is left. `false`: it was cut
    /// short.
    async fn until_none(
        &self,
        act: impl Fn(&mut AnyConn, &Office) -> Result<usize, StoreError> + Copy + Send + 'static,
    ) -> Result<bool, StoreError> {
        loop {
            if !self.may_go_on().await? {
                return Ok(false);
            }
            let office = self.app.office(Actor::Job("daily"));
            let done = self.app.db.write(move |conn| act(conn, &office)).await;
            if matches!(self.unless_broken(done)?, None | Some(0)) {
                return Ok(true);
            }
            self.app.outbox.wake();
        }
    }

    async fn forget_old_reminders(&self) -> Result<bool, StoreError> {
        let before = self.app.clock.now() - REMINDERS_KEPT_FOR;
        self.app.db.write(move |conn| reminder::sweep(conn, before)).await?;
        Ok(true)
    }
}
