//! The daily check of the audit record (security 24.5).

use std::time::Duration;

use super::{RENEWED, Work};
use crate::{audit_record, store::StoreError};

/// A record of years takes longer than a request may: as long as a day, for then the next is due.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// Checks the whole record. What is found is for the operator: in the log, and in the metrics. The
/// lease is renewed meanwhile, or another node would begin the same walk after five minutes.
pub(super) async fn check(work: &Work<'_>) -> Result<bool, StoreError> {
    let (keys, stopped) = (work.app.audit_keys(), work.stopped.clone());
    let db = work.app.db.with_patience(PATIENCE);
    let verify = db.read(move |conn| audit_record::verify(conn, &keys, || !*stopped.borrow()));
    let Some(Some(verified)) = work.while_held(RENEWED, verify).await? else { return Ok(false) };
    let found = i64::try_from(verified.findings.len()).unwrap_or(i64::MAX);
    work.app.metrics.audit_findings.set(found);
    for finding in &verified.findings {
        tracing::error!(finding, "the audit record is not what it was");
    }
    Ok(true)
}
