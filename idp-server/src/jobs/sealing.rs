//! Seals the audit record: within a second of being written, an event has its place in the chain.
//!
//! Events are written in the transactions of sign-ons, and the chain is made behind them, so that
//! no sign-on waits for another one. One node at a time does this; should two try, the database
//! lets one of them append.

use std::{future::pending, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use idp_core::audit::{Head, Tip, seal};
use tokio::sync::watch;

use super::rounds::{self, Report};
use crate::{
    app::App,
    keys::{audit_keys::AuditKeys, private_key::PrivateKeyError},
    store::{AnyConn, StoreError, Taken, audit, lease},
};

/// How often the record is looked at.
const PERIOD: Duration = Duration::from_millis(500);
/// The most events of one batch.
const BATCH: i64 = 500;
/// The lease and how long it is held. Its holder renews it with every batch.
const LEASE: (&str, TimeDelta) = ("audit-sealing", TimeDelta::seconds(10));

/// Seals until the process stops.
pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let holder = app.random.reference();
    let mut report = Report::of("audit sealing");
    loop {
        // A full batch means that there may be more.
        while report.round(round(&app, &holder).await) == Some(Batch::Full) {}
        if !rounds::next(PERIOD, &mut stopped, pending()).await {
            break;
        }
    }
    // What the last requests have written.
    report.round(round(&app, &holder).await);
}

/// What a round came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Batch {
    /// Nothing waited, or another node is at it.
    None,
    /// Some; nothing is left.
    Some,
    /// As many as a batch takes.
    Full,
}

async fn round(app: &Arc<App>, holder: &str) -> Result<Batch, StoreError> {
    if app.db.read(audit::waiting).await? == 0 {
        return Ok(Batch::None);
    }
    let (keys, holder, now) = (app.audit_keys(), holder.to_owned(), app.clock.now());
    let sealed = app.db.write(move |conn| seal_batch(conn, &keys, &holder, now)).await;
    match sealed {
        Ok(Some(Sealed { head, count })) => {
            // Whoever takes away the newest rows with their heads cannot take it from this log.
            tracing::info!(
                position = head.tip.position,
                chain_hash = %head.tip.chain_hash,
                kid = %head.kid,
                "audit record sealed"
            );
            Ok(if count == BATCH { Batch::Full } else { Batch::Some })
        }
        // Another node has the lease, or has appended meanwhile.
        Ok(None) | Err(StoreError::Conflict(Taken::Other)) => Ok(Batch::None),
        Err(error) => Err(error),
    }
}

struct Sealed {
    head: Head,
    count: i64,
}

/// Seals one batch in one transaction.
fn seal_batch(
    conn: &mut AnyConn,
    keys: &AuditKeys,
    holder: &str,
    now: DateTime<Utc>,
) -> Result<Option<Sealed>, StoreError> {
    let (name, lasts) = LEASE;
    if !lease::try_acquire(conn, name, holder, now, now + lasts)? {
        return Ok(None);
    }
    let events = audit::pending(conn, BATCH)?;
    let previous = audit::last_seal(conn)?;
    let seals = seal(previous.as_ref(), &events);
    let Some(last) = seals.last() else { return Ok(None) };
    let head = match sign(keys, Tip::of(last, now)) {
        Ok(head) => head,
        Err(error) => {
            // Unsigned seals would look forged; the events wait.
            tracing::error!(%error, "the audit record cannot be signed");
            return Ok(None);
        }
    };
    audit::append(conn, &seals, &head)?;
    Ok(Some(Sealed { head, count: i64::try_from(seals.len()).unwrap_or(BATCH) }))
}

fn sign(keys: &AuditKeys, tip: Tip) -> Result<Head, PrivateKeyError> {
    let (kid, signature) = keys.sign(&tip.message())?;
    Ok(Head { tip, kid: kid.clone(), signature })
}
