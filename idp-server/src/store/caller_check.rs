//! Checks of people who called the support desk, kept before anything is said or done (R56).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    community::caller_check::{Answer, Purpose, Question, Verified},
    ids::{CallerCheckId, SubscriberId},
};

use super::{
    AnyConn, StoreError,
    column::{Reading, json, millis},
    schema::caller_check,
};

/// A check to be kept.
#[derive(Clone, Debug)]
pub struct NewCheck<'a> {
    /// Its identifier.
    pub id: &'a CallerCheckId,
    /// Whom the caller says to be.
    pub subscriber: &'a SubscriberId,
    /// What the caller wants.
    pub purpose: Purpose,
    /// Who checked.
    pub by: &'a SubscriberId,
    /// What was asked, and how it was answered.
    pub answers: &'a BTreeMap<Question, Answer>,
    /// What came of it.
    pub verified: Option<&'a Verified>,
}

/// Keeps a check, whatever came of it.
///
/// # Errors
/// [`StoreError`].
pub fn insert(
    conn: &mut AnyConn,
    new: &NewCheck<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let answers: BTreeMap<_, _> =
        new.answers.iter().map(|(question, answer)| (question.code(), answer.code())).collect();
    diesel::insert_into(caller_check::table)
        .values((
            caller_check::id.eq(new.id.as_str()),
            caller_check::subscriber_id.eq(new.subscriber.as_str()),
            caller_check::purpose.eq(new.purpose.code()),
            caller_check::checked_by.eq(new.by.as_str()),
            caller_check::checked_at.eq(millis(now)),
            caller_check::answers.eq(json(&answers)),
            caller_check::counts_until.eq(new.verified.map(|verified| millis(verified.until()))),
        ))
        .execute(conn)?;
    Ok(())
}

/// The last check of a person by a helper, if it counts at `now`. A later one that was refused takes
/// back what an earlier one let do.
///
/// # Errors
/// [`StoreError`].
pub fn last(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    by: &SubscriberId,
    now: DateTime<Utc>,
) -> Result<Option<Verified>, StoreError> {
    let row: Option<(String, String, Option<i64>)> = caller_check::table
        .filter(caller_check::subscriber_id.eq(subscriber.as_str()))
        .filter(caller_check::checked_by.eq(by.as_str()))
        .order((caller_check::checked_at.desc(), caller_check::id.desc()))
        .select((caller_check::id, caller_check::purpose, caller_check::counts_until))
        .first(conn)
        .optional()?;
    let Some((id, purpose, until)) = row else { return Ok(None) };
    let read = Reading { table: "caller_check", row: &id };
    let purpose = Purpose::ALL.into_iter().find(|it| it.code() == purpose);
    let purpose = purpose.ok_or_else(|| read.corrupt("purpose"))?;
    let until = read.maybe_at("counts_until", until)?.filter(|until| now < *until);
    Ok(until.map(|until| Verified::kept(subscriber.clone(), purpose, by.clone(), until)))
}
