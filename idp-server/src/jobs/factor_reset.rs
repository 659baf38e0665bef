//! Carries out the removals of lost second factors whose day has come (domain 4.6).

use std::{future::pending, sync::Arc, time::Duration};

use tokio::sync::watch;

use super::rounds::{self, Report};
use crate::{
    app::App,
    help_desk,
    store::{StoreError, factor_reset},
};

/// How often a node looks. Nobody waits for the second.
const PERIOD: Duration = Duration::from_secs(5);
/// The most of one round.
const BATCH: i64 = 20;

/// Looks until the process stops. Of several nodes one settles each removal.
pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut report = Report::of("factor resets");
    while rounds::next(PERIOD, &mut stopped, pending()).await {
        report.round(round(&app).await);
    }
}

async fn round(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    for reset in app.db.read(move |conn| factor_reset::due(conn, BATCH, now)).await? {
        let (post, random) = (app.post.clone(), app.random.clone());
        let write =
            move |conn: &mut _| help_desk::finish_factor_reset(conn, &post, &random, &reset, now);
        if app.db.write(write).await? {
            app.outbox.wake();
        }
    }
    Ok(())
}
