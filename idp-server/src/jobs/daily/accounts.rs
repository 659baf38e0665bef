//! Accounts that lie unused (R28): warned at 170 and 193 days, dormant at 200; and passwords that
//! were not changed for a year (R60).

use chrono::{DateTime, TimeDelta, Utc};
use idp_core::{
    community::account_life::{self, Command, PASSWORD_AGE, State},
    ids::SubscriberId,
};

use super::Work;
use crate::{
    community::{About, Office, accounts},
    store::{AnyConn, StoreError, subscriber},
};

/// For how many days that it did not run the job makes up with reminders of old passwords.
const MADE_UP_FOR: TimeDelta = TimeDelta::days(7);
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

/// Points old passwords out (R60), once. Whoever is found is in a window of some days: a job that did
/// not run for longer makes up for none, as this is advice and no rule. `false`: it was cut short.
pub(super) async fn old_passwords(work: &Work<'_>) -> Result<bool, StoreError> {
    let until = work.app.clock.now() - TimeDelta::days(PASSWORD_AGE.into());
    let find = move |conn: &mut AnyConn, after: Option<&Chosen>, most: i64| {
        subscriber::password_of_between(conn, (until - MADE_UP_FOR, until), after, most)
    };
    work.each(find, |conn, office, (id, changed_at)| {
        office.remind(conn, ("password-age", id.as_str()), &About::default(), |told_at| {
            account_life::password_reminder(id, *changed_at, told_at, office.now)
        })
    })
    .await
}

/// Who chose a password, and when.
type Chosen = (SubscriberId, DateTime<Utc>);

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
