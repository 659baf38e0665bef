//! One-time codes of people, by purpose. See [`idp_core::authentication::mailed_code`] for the rule.

use chrono::{DateTime, Utc};
use diesel::{prelude::*, upsert::excluded};
use idp_core::{
    authentication::mailed_code::{CodePurpose, IssuedCode, NotIssued, Redemption},
    ids::SubscriberId,
    secret::SecretDigest,
};

use super::{
    AnyConn, StoreError,
    column::{Reading, millis},
    connection::on_either,
    schema::mailed_code,
};

/// Keeps the digest of a new code in place of the person's older one for this purpose. Inside
/// [`super::Database::write`] only, in the transaction that queues its mail.
///
/// # Errors
/// [`StoreError`]. That there are too many is no error: then the older code is as it was.
pub fn issue(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    purpose: CodePurpose,
    digest: SecretDigest,
    now: DateTime<Utc>,
) -> Result<Result<(), NotIssued>, StoreError> {
    let before = load_for_update(conn, subscriber, purpose, now)?;
    match before.renew(purpose, digest, now) {
        Ok(issued) => save(conn, subscriber, purpose, &issued).map(Ok),
        Err(why) => Ok(Err(why)),
    }
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
    purpose: CodePurpose,
    presented: Option<&SecretDigest>,
    now: DateTime<Utc>,
) -> Result<Redemption, StoreError> {
    let before = load_for_update(conn, subscriber, purpose, now)?;
    let (after, answer) = before.redeem(presented, now);
    if after != before {
        save(conn, subscriber, purpose, &after)?;
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

/// Withdraws one code of a person.
///
/// # Errors
/// [`StoreError`].
pub fn withdraw(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    purpose: CodePurpose,
) -> Result<(), StoreError> {
    diesel::update(mailed_code::table.find((subscriber.as_str(), purpose.as_str())))
        .set(mailed_code::expires_at.eq(0))
        .execute(conn)?;
    Ok(())
}

/// How a person's code for a purpose stands, for the help desk; without what it is compared by
/// nobody can use it.
///
/// # Errors
/// [`StoreError`].
pub fn find(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    purpose: CodePurpose,
) -> Result<Option<IssuedCode>, StoreError> {
    let row: Option<Row> = mailed_code::table
        .find((subscriber.as_str(), purpose.as_str()))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(|row| row.read(subscriber)).transpose()
}

/// Removes codes that nobody has touched since `before`, which is longer ago than any of them
/// lasts; says how many.
///
/// # Errors
/// [`StoreError`].
pub fn sweep(conn: &mut AnyConn, before: DateTime<Utc>) -> Result<usize, StoreError> {
    let old = mailed_code::table.filter(mailed_code::updated_at.lt(millis(before)));
    Ok(diesel::delete(old).execute(conn)?)
}

/// The code that stands, or what stands for none. Nobody else gets past here until the
/// transaction ends.
fn load_for_update(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    purpose: CodePurpose,
    now: DateTime<Utc>,
) -> Result<IssuedCode, StoreError> {
    let none = IssuedCode::none(now);
    let fresh = (
        mailed_code::subscriber_id.eq(subscriber.as_str()),
        mailed_code::purpose.eq(purpose.as_str()),
        mailed_code::updated_at.eq(millis(now)),
        Row::from(&none),
    );
    // A row that is not there cannot be locked. This makes it or touches it, and either locks it.
    let row: Row = on_either!(conn, c => diesel::insert_into(mailed_code::table)
        .values(fresh)
        .on_conflict((mailed_code::subscriber_id, mailed_code::purpose))
        .do_update()
        .set(mailed_code::updated_at.eq(excluded(mailed_code::updated_at)))
        .returning(Row::as_returning())
        .get_result(c))?;
    row.read(subscriber)
}

fn save(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    purpose: CodePurpose,
    code: &IssuedCode,
) -> Result<(), StoreError> {
    diesel::update(mailed_code::table.find((subscriber.as_str(), purpose.as_str())))
        .set(Row::from(code))
        .execute(conn)?;
    Ok(())
}

/// The table's shape, without its key.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = mailed_code, treat_none_as_null = true)]
struct Row {
    digest: Vec<u8>,
    expires_at: i64,
    used_at: Option<i64>,
    failures: i64,
    issued: i64,
    hour_began_at: i64,
}

impl From<&IssuedCode> for Row {
    fn from(code: &IssuedCode) -> Self {
        Self {
            digest: code.digest.as_bytes().to_vec(),
            expires_at: millis(code.expires_at),
            used_at: code.used_at.map(millis),
            failures: i64::from(code.failures),
            issued: i64::from(code.issued),
            hour_began_at: millis(code.hour_began_at),
        }
    }
}

impl Row {
    fn read(self, subscriber: &SubscriberId) -> Result<IssuedCode, StoreError> {
        let read = Reading { table: "mailed_code", row: subscriber.as_str() };
        let digest = SecretDigest::from_bytes(&self.digest);
        Ok(IssuedCode {
            digest: digest.ok_or_else(|| read.corrupt("digest"))?,
            expires_at: read.at("expires_at", self.expires_at)?,
            used_at: read.maybe_at("used_at", self.used_at)?,
            failures: read.count("failures", self.failures)?,
            issued: read.count("issued", self.issued)?,
            hour_began_at: read.at("hour_began_at", self.hour_began_at)?,
        })
    }
}
