//! Following the database: what other nodes and the command line change is in force here within
//! a second.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use crate::{
    app::App,
    store::{
        self,
        catalog::{self, Versions},
    },
};

/// Twice a second, so that a change is seen within one.
const PERIOD: Duration = Duration::from_millis(500);
/// How often keys that are due are published, activated and retired.
const KEY_ROUNDS: u32 = 120;

/// Starts following. Ends with the task.
pub fn start(app: Arc<App>) -> JoinHandle<()> {
    tokio::spawn(store::unasked(async move {
        let mut seen = Versions { agreements: -1, keys: -1, sites: -1 };
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for round in 1_u32.. {
            ticks.tick().await;
            if let Err(error) = follow(&app, &mut seen).await {
                tracing::warn!(error, "changes by others cannot be followed at present");
            }
            if round.is_multiple_of(KEY_ROUNDS)
                && let Err(error) = app.register.keep(app.clock.now()).await
            {
                tracing::error!(%error, "keys could not be looked after");
            }
        }
    }))
}

/// Reloads what has another version than before. What fails is tried again in the next round.
async fn follow(app: &App, seen: &mut Versions) -> Result<(), String> {
    let now = app.db.read(catalog::read_all).await.map_err(|error| error.to_string())?;
    if now.agreements != seen.agreements {
        app.reload_agreements().await.map_err(|error| error.to_string())?;
        seen.agreements = now.agreements;
    }
    if now.sites != seen.sites {
        app.reload_sites().await.map_err(|error| error.to_string())?;
        seen.sites = now.sites;
    }
    if now.keys != seen.keys {
        app.reload_keys().await.map_err(|error| error.to_string())?;
        seen.keys = now.keys;
    }
    Ok(())
}
