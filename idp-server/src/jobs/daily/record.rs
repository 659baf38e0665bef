//! The daily check of the audit record (security 24.5).

use super::Work;
use crate::{audit_record, store::StoreError};

/// Checks the whole record. What is found is for the operator: in the log, and in the metrics.
pub(super) async fn check(work: &Work<'_>) -> Result<bool, StoreError> {
    let keys = work.app.audit_keys();
    let verified = work.app.db.read(move |conn| audit_record::verify(conn, &keys)).await?;
    let found = i64::try_from(verified.findings.len()).unwrap_or(i64::MAX);
    work.app.metrics.audit_findings.set(found);
    for finding in &verified.findings {
        tracing::error!(finding, "the audit record is not what it was");
    }
    Ok(true)
}
