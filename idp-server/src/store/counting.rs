//! Counts what goes over the wire, because the number of statements per request is a promise.
//!
//! What nobody asked for (jobs, following other nodes) is counted apart from it: it comes when it
//! comes, and a request must not look dearer for it.

use std::future::Future;

use diesel::connection::{Instrumentation, InstrumentationEvent};
use prometheus_client::metrics::counter::Counter;

tokio::task_local! {
    /// Set where a task works without having been asked.
    static UNASKED: ();
}

/// Lets all that `work` does with a database count as nobody's request.
pub fn unasked<F: Future>(work: F) -> impl Future<Output = F::Output> {
    UNASKED.scope((), work)
}

/// What all connections of a [`super::Database`] did since it was opened.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// For requests, and for commands of the command line.
    pub requests: Counters,
    /// For what goes on by itself; see [`unasked`].
    pub jobs: Counters,
}

impl Tally {
    /// Where the present task counts.
    pub(super) fn here(&self) -> &Counters {
        match UNASKED.try_with(|()| ()) {
            Ok(()) => &self.jobs,
            Err(_) => &self.requests,
        }
    }
}

/// Statements and commits.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    /// Statements, without those that begin and end transactions.
    pub statements: Counter,
    /// Transactions that were committed, without savepoints.
    pub commits: Counter,
}

/// One connection's share in the counting, while somebody has it.
pub(super) struct Counting {
    counters: Counters,
    /// The next statement is the `BEGIN`, `COMMIT` or `ROLLBACK` that was announced.
    announced: bool,
}

impl Counting {
    pub(super) const fn into(counters: Counters) -> Self {
        Self { counters, announced: false }
    }
}

impl Instrumentation for Counting {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the enum is open, and the rest is no count"
    )]
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::BeginTransaction { .. }
            | InstrumentationEvent::RollbackTransaction { .. } => self.announced = true,
            InstrumentationEvent::CommitTransaction { depth, .. } => {
                self.announced = true;
                if depth.get() == 1 {
                    self.counters.commits.inc();
                }
            }
            InstrumentationEvent::StartQuery { .. } if self.announced => self.announced = false,
            InstrumentationEvent::StartQuery { .. } => {
                self.counters.statements.inc();
            }
            _ => {}
        }
    }
}
