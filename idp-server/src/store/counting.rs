//! Counts what goes over the wire, because the number of statements per request is a promise.

use diesel::connection::{Instrumentation, InstrumentationEvent};
use prometheus_client::metrics::counter::Counter;

/// Statements and commits of all connections of a [`super::Database`] since it was opened.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    /// Statements, without those that begin and end transactions.
    pub statements: Counter,
    /// Transactions that were committed, without savepoints.
    pub commits: Counter,
}

/// One connection's share in the counting.
pub(super) struct Counting {
    counters: Counters,
    /// The next statement is the `BEGIN`, `COMMIT` or `ROLLBACK` that was announced.
    announced: bool,
}

impl Counting {
    pub(super) const fn new(counters: Counters) -> Self {
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
