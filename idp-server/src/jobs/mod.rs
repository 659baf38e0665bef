//! What goes on without anybody asking: telling sites that sessions ended, sealing the audit
//! record, removing what nothing refers to any more, bringing to an end what closed organizations
//! leave behind, and what falls due with the days.
//!
//! Each node runs every job. What only one node may do at a time is taken on under a lease in the
//! database, which another node takes over if this one dies.

mod clean_up;
mod closing;
mod daily;
mod factor_reset;
mod metadata_refresh;
mod outbox;
mod rounds;
mod sealing;
#[cfg(test)]
mod tests;

use std::{future::Future, sync::Arc, time::Duration};

pub use outbox::Inquiry;
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use crate::{app::App, store};

/// How long jobs may take to finish what they are at.
const PATIENCE: Duration = Duration::from_secs(6);

/// The running jobs.
pub struct JobsHandle {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// Starts all jobs.
pub fn start(app: &Arc<App>) -> JobsHandle {
    let (stop, stopped) = watch::channel(false);
    let tasks = vec![
        spawn(clean_up::run(Arc::clone(app), stopped.clone())),
        spawn(closing::run(Arc::clone(app), stopped.clone())),
        spawn(daily::run(Arc::clone(app), stopped.clone())),
        spawn(factor_reset::run(Arc::clone(app), stopped.clone())),
        spawn(metadata_refresh::run(Arc::clone(app), stopped.clone())),
        spawn(outbox::run(Arc::clone(app), stopped.clone())),
        spawn(sealing::run(Arc::clone(app), stopped)),
    ];
    JobsHandle { stop, tasks }
}

/// Starts one job. What it asks of the database is counted apart from the requests.
fn spawn(job: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(store::unasked(job))
}

impl JobsHandle {
    /// Lets the jobs finish what they are at. What is cut off is done by whoever comes next: no
    /// job loses anything by being killed.
    pub async fn stop(self) {
        // Nobody listening means that all have ended.
        let _ = self.stop.send(true);
        for task in self.tasks {
            if timeout(PATIENCE, task).await.is_err() {
                tracing::warn!("a job did not finish in time; what it was at is done later");
            }
        }
    }
}
