//! Whether the audit record is what it was: for `hilum audit verify` and for the daily check.

use std::iter;

use idp_core::audit::{Event, Finding, Head, Seal, check};

use crate::{
    keys::audit_keys::AuditKeys,
    store::{AnyConn, StoreError, audit},
};

/// Rows read at once: so many are in memory, however long the record is.
const PAGE: i64 = 2_000;
/// The most events without a seal that are named one by one.
const NAMED: i64 = 100;

/// What was found.
#[derive(Debug)]
pub struct Verified {
    /// How many events are sealed.
    pub sealed: u64,
    /// How many wait for their seal.
    pub waiting: i64,
    /// The newest head, to be noted somewhere else.
    pub head: Option<Head>,
    /// Every row that is not what it was, in words.
    pub findings: Vec<String>,
}

/// Reads the record page by page while nodes go on sealing, and checks it, as long as `goes_on` says
/// so before each page; `None`: it was cut short. Seals and their head
/// come in one transaction, so the heads that are read after the last row cover it and all before;
/// those that cover later rows only, and were not there before, are left to the next time.
///
/// # Errors
/// [`StoreError`]; then nothing was checked.
pub fn verify(
    conn: &mut AnyConn,
    keys: &AuditKeys,
    goes_on: impl Fn() -> bool,
) -> Result<Option<Verified>, StoreError> {
    let before = heads(conn)?.last().map_or(0, |head| head.tip.position);
    let last_row = audit::last_seal(conn)?.map_or(0, |seal| seal.position);
    let mut heads = heads(conn)?;
    heads.retain(|head| head.tip.position <= last_row.max(before));
    let head = heads.last().cloned();
    let (mut sealed, mut failed) = (0, None);
    let rows = rows(conn, last_row, (&goes_on, &mut failed)).inspect(|_| sealed += 1);
    let found = check(rows, heads, |kid, message, signature| {
        keys.has_signed(kid.as_str(), message, signature)
    });
    match failed {
        Some(Stopped::CutShort) => return Ok(None),
        Some(Stopped::Failed(error)) => return Err(error),
        None => {}
    }
    let unsealed = audit::unaccounted(conn, NAMED)?;
    let unsealed =
        unsealed.into_iter().map(|id| format!("event {id} has no seal and does not wait for one"));
    let findings = found.iter().map(Finding::to_string).chain(unsealed).collect();
    Ok(Some(Verified { sealed, waiting: audit::waiting(conn)?, head, findings }))
}

/// Why rows end before the last one.
enum Stopped {
    /// It was to end.
    CutShort,
    /// They could not be read.
    Failed(StoreError),
}

/// The rows up to `last`; where they end before it, `stopped` says why.
fn rows<'a>(
    conn: &'a mut AnyConn,
    last: u64,
    (goes_on, stopped): (&'a dyn Fn() -> bool, &'a mut Option<Stopped>),
) -> impl Iterator<Item = (Seal, Option<Event>)> + 'a {
    let mut after = 0;
    let pages = iter::from_fn(move || {
        if !goes_on() {
            *stopped = Some(Stopped::CutShort);
            return None;
        }
        match audit::sealed_after(conn, after, PAGE) {
            Ok(page) => {
                after = page.last()?.0.position;
                Some(page)
            }
            Err(error) => {
                *stopped = Some(Stopped::Failed(error));
                None
            }
        }
    });
    pages.flatten().take_while(move |(seal, _)| seal.position <= last)
}

fn heads(conn: &mut AnyConn) -> Result<Vec<Head>, StoreError> {
    let mut heads: Vec<Head> = Vec::new();
    loop {
        let after = heads.last().map_or(0, |head| head.tip.position);
        let page = audit::heads_after(conn, after, PAGE)?;
        if page.is_empty() {
            return Ok(heads);
        }
        heads.extend(page);
    }
}
