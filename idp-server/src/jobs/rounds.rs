//! The rhythm of a job.

use std::time::Duration;

use tokio::{sync::watch, time::sleep};

use crate::store::StoreError;

/// Waits until the next round, or until `early` says that there is something to do. `false`: the
/// process stops.
pub(super) async fn next(
    period: Duration,
    stopped: &mut watch::Receiver<bool>,
    early: impl Future<Output = ()>,
) -> bool {
    if *stopped.borrow() {
        return false;
    }
    tokio::select! {
        () = sleep(period) => true,
        () = early => true,
        _ = stopped.changed() => false,
    }
}

/// Tells of the first failure and of the recovery: a job that fails at every round would otherwise
/// fill the log.
#[derive(Debug)]
pub(super) struct Report {
    job: &'static str,
    failing: bool,
}

impl Report {
    pub(super) const fn of(job: &'static str) -> Self {
        Self { job, failing: false }
    }

    pub(super) fn round<T>(&mut self, outcome: Result<T, StoreError>) -> Option<T> {
        match outcome {
            Ok(done) => {
                if std::mem::take(&mut self.failing) {
                    tracing::info!(job = self.job, "works again");
                }
                Some(done)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::warn!(job = self.job, %error, "failed, and is tried until it works");
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn a_round_comes_with_time_or_early_and_none_after_the_stop() {
        let (stop, mut stopped) = watch::channel(false);
        assert!(next(Duration::from_millis(1), &mut stopped, pending()).await);
        assert!(next(LONG, &mut stopped, ready(())).await);
        stop.send(true).unwrap();
        assert!(!next(LONG, &mut stopped, pending()).await);
        assert!(!next(LONG, &mut stopped, ready(())).await);
    }

    #[test]
    fn what_fails_for_hours_is_told_once() {
        let mut report = Report::of("test");
        assert_eq!(report.round(Err::<(), _>(StoreError::Unavailable)), None);
        assert!(report.failing);
        assert_eq!(report.round(Ok(7)), Some(7));
        assert!(!report.failing);
    }
}
