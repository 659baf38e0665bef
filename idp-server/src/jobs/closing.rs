//! Brings to an end what large organizations leave behind that were closed (domain 4.1).

use std::{future::pending, sync::Arc, time::Duration};

use idp_core::community::actor::Actor;
use tokio::sync::watch;

use super::rounds::{self, Report};
use crate::{
    app::App,
    community::closing,
    store::{AnyConn, StoreError, organization},
};

/// How often a node looks. Nothing of a closed organization opens a door meanwhile.
const PERIOD: Duration = Duration::from_secs(5);
/// The most organizations of one round.
const BATCH: i64 = 20;

/// Looks until the process stops. Of several nodes that come to one organization, one waits for the
/// other and finds less to do.
pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut report = Report::of("closing");
    while rounds::next(PERIOD, &mut stopped, pending()).await {
        report.round(round(&app, &stopped).await);
    }
}

/// # Errors
/// [`StoreError`]; what was done until then stays done.
pub(super) async fn round(app: &App, stopped: &watch::Receiver<bool>) -> Result<(), StoreError> {
    loop {
        let left = app.db.read(|conn| organization::dissolving(conn, BATCH)).await?;
        if left.is_empty() {
            return Ok(());
        }
        for of in left {
            if *stopped.borrow() {
                return Ok(());
            }
            let office = app.office(Actor::Job("organization-closing"));
            app.db.write(move |conn: &mut AnyConn| closing::dissolve(conn, &office, &of)).await?;
            app.outbox.wake();
        }
    }
}
