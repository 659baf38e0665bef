//! Accounts that lie unused (R28): warned at 170 and 193 days, dormant at 200.

use chrono::TimeDelta;
use idp_core::{
    community::account_life::{Command, State},
    ids::SubscriberId,
};

use super::Work;
use crate::{
    community::{About, Office, accounts},
    store::{AnyConn, StoreError, subscriber},
};

/// How long before dormancy the first warning comes.
const FIRST_WARNING: TimeDelta = TimeDelta::days(30);

/// Warns, and writes down who has fallen dormant. `false`: it was cut short.
pub(super) async fn unused(work: &Work<'_>) -> Result<bool, StoreError> {
    let first_warning = work.app.account_rules.dormant_after - FIRST_WARNING;
    let before = work.app.clock.now() - first_warning;
    let find = move |conn: &mut AnyConn, after: Option<&SubscriberId>, most: i64| {
        subscriber::unused_since(conn, before, after, most)
    };
    work.each(find, judge).await
}

/// The person may have signed in since they were found.
fn judge(conn: &mut AnyConn, office: &Office, id: &SubscriberId) -> Result<(), StoreError> {
    let Some((account, _)) = accounts::load(conn, office, id)? else { return Ok(()) };
    if account.state == State::Active
        && account.clone().at(&office.rules, office.now).state == State::Dormant
    {
        // Refused only where somebody was faster.
        accounts::change(conn, office, id, Command::FallDormant, None)?;
        return Ok(());
    }
    office.remind(conn, ("dormancy", id.as_str()), &About::default(), |told_at| {
        account.warning(&office.rules, told_at, office.now)
    })
}
