//! One-time codes of people, by purpose. See [`idp_core::authentication::mailed_code`] for the rule.
//!
//! Whoever makes or tries a code of a person waits at the hour that all of them are counted in, so
//! that the counts hold over all nodes. A try at a code that was never made locks and leaves nothing.

use chrono::{DateTime, Utc};
use diesel::{prelude::*, upsert::excluded};
use idp_core::{
    authentication::mailed_code::{
        CodePurpose, CodeState, Hour, IssuedCode, NotIssued, Redemption, Which, WhyRefused,
    },
    ids::SubscriberId,
    secret::SecretDigest,
};

use super::{
    AnyConn, StoreError,
    column::{Reading, millis},
    connection::on_either,
    schema::{code_hour, mailed_code},
};

/// Keeps the digest of a new code in place of the older one, or of every other one where a person
/// has one at a time. Inside [`super::Database::write`] only, in the transaction that queues its
/// mail.
///
/// # Errors
/// [`StoreError`]. That there are too many is no error: then the older code is as it was.
pub fn issue(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    which: impl Into<Which>,
    digest: SecretDigest,
    now: DateTime<Utc>,
) -> Result<Result<(), NotIssued>, StoreError> {
    let which = which.into();
    let hour = hour_for_update(conn, subscriber, which.purpose, now)?;
    let code = load(conn, subscriber, &which)?.unwrap_or_else(IssuedCode::none);
    let issued = match (CodeState { code, hour }).renew(which.purpose, digest, now) {
        Ok(issued) => issued,
        Err(why) => return Ok(Err(why)),
    };
    if which.purpose.is_one_at_a_time() {
        withdraw(conn, subscriber, which.purpose)?;
    }
    save(conn, subscriber, &which, &issued, now)?;
    Ok(Ok(()))
}

/// Uses a code: of two requests at once with the right one, on whatever nodes, one is told
/// [`Redemption::Accepted`]. A wrong try is counted, so the caller's transaction must commit.
/// `presented` is `None` for what cannot be a code. Inside [`super::Database::write`] only.
///
/// # Errors
/// [`StoreError`].
pub fn redeem(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    which: impl Into<Which>,
    presented: Option<&SecretDigest>,
    now: DateTime<Utc>,
) -> Result<Redemption, StoreError> {
    let which = which.into();
    if load(conn, subscriber, &which)?.is_none() {
        return Ok(Redemption::Refused(WhyRefused::Expired));
    }
    let hour = hour_for_update(conn, subscriber, which.purpose, now)?;
    let code = load(conn, subscriber, &which)?.unwrap_or_else(IssuedCode::none);
    let before = CodeState { code, hour };
    let (after, answer) = before.redeem(which.purpose, presented, now);
    if after != before {
        save(conn, subscriber, &which, &after, now)?;
    }
    Ok(answer)
}

/// Withdraws every code of a person that opens something. Those that stop something stay: they are
/// for whoever has the mailbox, whatever happens to the account.
///
/// # Errors
/// [`StoreError`].
pub fn withdraw_all(conn: &mut AnyConn, subscriber: &SubscriberId) -> Result<(), StoreError> {
    let open = CodePurpose::ALL.iter().filter(|purpose| !purpose.stops());
    let own = mailed_code::table
        .filter(mailed_code::subscriber_id.eq(subscriber.as_str()))
        .filter(mailed_code::purpose.eq_any(open.map(|purpose| purpose.as_str())));
    diesel::update(own).set(mailed_code::expires_at.eq(0)).execute(conn)?;
    Ok(())
}

/// Withdraws the codes of a person for one purpose.
///
/// # Errors
/// [`StoreError`].
pub fn withdraw(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    purpose: CodePurpose,
) -> Result<(), StoreError> {
    let own = mailed_code::table
        .filter(mailed_code::subscriber_id.eq(subscriber.as_str()))
        .filter(mailed_code::purpose.eq(purpose.as_str()));
    diesel::update(own).set(mailed_code::expires_at.eq(0)).execute(conn)?;
    Ok(())
}

/// How a person's code for a purpose stands that lasts longest, for the help desk; without what it
/// is compared by nobody can use it.
///
/// # Errors
/// [`StoreError`].
pub fn find(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    purpose: CodePurpose,
) -> Result<Option<IssuedCode>, StoreError> {
    let row: Option<CodeRow> = mailed_code::table
        .filter(mailed_code::subscriber_id.eq(subscriber.as_str()))
        .filter(mailed_code::purpose.eq(purpose.as_str()))
        .order(mailed_code::expires_at.desc())
        .select(CodeRow::as_select())
        .first(conn)
        .optional()?;
    row.map(|row| row.read(subscriber)).transpose()
}

/// Removes codes, and hours, that nobody has touched since `before`, which is longer ago than any
/// of them lasts; says how many codes.
///
/// # Errors
/// [`StoreError`].
pub fn sweep(conn: &mut AnyConn, before: DateTime<Utc>) -> Result<usize, StoreError> {
    let old = code_hour::table.filter(code_hour::updated_at.lt(millis(before)));
    diesel::delete(old).execute(conn)?;
    let old = mailed_code::table.filter(mailed_code::updated_at.lt(millis(before)));
    Ok(diesel::delete(old).execute(conn)?)
}

/// The hour that is counted in. Nobody else gets past here until the transaction ends.
fn hour_for_update(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    purpose: CodePurpose,
    now: DateTime<Utc>,
) -> Result<Hour, StoreError> {
    let fresh = (
        code_hour::subscriber_id.eq(subscriber.as_str()),
        code_hour::purpose.eq(purpose.as_str()),
        code_hour::updated_at.eq(millis(now)),
        HourRow::from(&Hour::beginning(now)),
    );
    // A row that is not there cannot be locked. This makes it or touches it, and either locks it.
    let row: HourRow = on_either!(conn, c => diesel::insert_into(code_hour::table)
        .values(fresh)
        .on_conflict((code_hour::subscriber_id, code_hour::purpose))
        .do_update()
        .set(code_hour::updated_at.eq(excluded(code_hour::updated_at)))
        .returning(HourRow::as_returning())
        .get_result(c))?;
    row.read(subscriber)
}

fn load(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    which: &Which,
) -> Result<Option<IssuedCode>, StoreError> {
    let row: Option<CodeRow> = mailed_code::table
        .find((subscriber.as_str(), which.purpose.as_str(), which.slot()))
        .select(CodeRow::as_select())
        .first(conn)
        .optional()?;
    row.map(|row| row.read(subscriber)).transpose()
}

fn save(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    which: &Which,
    state: &CodeState,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let key = (subscriber.as_str(), which.purpose.as_str());
    diesel::update(code_hour::table.find(key)).set(HourRow::from(&state.hour)).execute(conn)?;
    let place = (
        mailed_code::subscriber_id.eq(subscriber.as_str()),
        mailed_code::purpose.eq(which.purpose.as_str()),
        mailed_code::slot.eq(which.slot()),
    );
    let (code, touched) = (CodeRow::from(&state.code), mailed_code::updated_at.eq(millis(now)));
    let new = (place, CodeRow::from(&state.code), touched);
    on_either!(conn, c => diesel::insert_into(mailed_code::table)
        .values(new)
        .on_conflict((mailed_code::subscriber_id, mailed_code::purpose, mailed_code::slot))
        .do_update()
        .set((code, touched))
        .execute(c))?;
    Ok(())
}

/// The shape of one table, without its key.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = mailed_code, treat_none_as_null = true)]
struct CodeRow {
    digest: Vec<u8>,
    expires_at: i64,
    used_at: Option<i64>,
    failures: i64,
}

/// The shape of the other.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = code_hour)]
struct HourRow {
    began_at: i64,
    failures: i64,
    issued: i64,
}

impl From<&IssuedCode> for CodeRow {
    fn from(code: &IssuedCode) -> Self {
        Self {
            digest: code.digest.as_bytes().to_vec(),
            expires_at: millis(code.expires_at),
            used_at: code.used_at.map(millis),
            failures: i64::from(code.failures),
        }
    }
}

impl CodeRow {
    fn read(self, subscriber: &SubscriberId) -> Result<IssuedCode, StoreError> {
        let read = Reading { table: "mailed_code", row: subscriber.as_str() };
        let digest = SecretDigest::from_bytes(&self.digest);
        Ok(IssuedCode {
            digest: digest.ok_or_else(|| read.corrupt("digest"))?,
            expires_at: read.at("expires_at", self.expires_at)?,
            used_at: read.maybe_at("used_at", self.used_at)?,
            failures: read.count("failures", self.failures)?,
        })
    }
}

impl From<&Hour> for HourRow {
    fn from(hour: &Hour) -> Self {
        Self {
            began_at: millis(hour.began_at),
            failures: i64::from(hour.failures),
            issued: i64::from(hour.issued),
        }
    }
}

impl HourRow {
    fn read(self, subscriber: &SubscriberId) -> Result<Hour, StoreError> {
        let read = Reading { table: "code_hour", row: subscriber.as_str() };
        Ok(Hour {
            began_at: read.at("began_at", self.began_at)?,
            failures: read.count("failures", self.failures)?,
            issued: read.count("issued", self.issued)?,
        })
    }
}
