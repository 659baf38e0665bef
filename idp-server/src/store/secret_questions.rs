//! People's secret questions and the one hash of all their answers.

use chrono::{DateTime, Utc};
use diesel::{prelude::*, upsert::excluded};
use idp_core::{authentication::secret_questions::Question, ids::SubscriberId};

use super::{
    AnyConn, StoreError,
    column::{Reading, json, millis},
    connection::on_either,
    schema::secret_questions,
};

/// What somebody has set up.
#[derive(Clone, Debug)]
pub struct SecretQuestions {
    /// The questions, in the order in which they are asked.
    pub questions: Vec<Question>,
    /// The Argon2id hash of all answers together, as a PHC string.
    pub answers_hash: String,
    /// When they were set up.
    pub set_at: DateTime<Utc>,
}

/// The questions of a person, if they have set any up.
///
/// # Errors
/// [`StoreError`].
pub fn find(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
) -> Result<Option<SecretQuestions>, StoreError> {
    let row: Option<(String, String, i64)> = secret_questions::table
        .find(subscriber.as_str())
        .select((
            secret_questions::questions,
            secret_questions::answers_hash,
            secret_questions::set_at,
        ))
        .first(conn)
        .optional()?;
    let Some((questions, answers_hash, set_at)) = row else { return Ok(None) };
    let read = Reading { table: "secret_questions", row: subscriber.as_str() };
    Ok(Some(SecretQuestions {
        questions: read.json("questions", &questions)?,
        answers_hash,
        set_at: read.at("set_at", set_at)?,
    }))
}

/// Sets questions up, in place of those that were there.
///
/// # Errors
/// [`StoreError`].
pub fn set(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    questions: &[Question],
    answers_hash: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = (
        secret_questions::subscriber_id.eq(subscriber.as_str()),
        secret_questions::questions.eq(json(&questions)),
        secret_questions::answers_hash.eq(answers_hash),
        secret_questions::set_at.eq(millis(now)),
    );
    on_either!(conn, c => diesel::insert_into(secret_questions::table)
        .values(row)
        .on_conflict(secret_questions::subscriber_id)
        .do_update()
        .set((
            secret_questions::questions.eq(excluded(secret_questions::questions)),
            secret_questions::answers_hash.eq(excluded(secret_questions::answers_hash)),
            secret_questions::set_at.eq(excluded(secret_questions::set_at)),
        ))
        .execute(c))?;
    Ok(())
}

/// Removes the questions of a person if they were set up since a moment.
///
/// # Errors
/// [`StoreError`].
pub fn remove_since(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    since: DateTime<Utc>,
) -> Result<(), StoreError> {
    let young = secret_questions::table
        .find(subscriber.as_str())
        .filter(secret_questions::set_at.ge(millis(since)));
    diesel::delete(young).execute(conn)?;
    Ok(())
}
