//! Second factors. What stands here was proved; a step and a count go forward only, whichever node
//! asks.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    authentication::{
        factor::{Factor, FactorKind, FactorName, Holdings},
        totp::Step,
    },
    ids::{FactorId, SubscriberId},
};

use super::{
    AnyConn, StoreError,
    column::{Reading, millis},
    connection::on_either,
    prepared::Prepared,
    recovery_code,
    schema::factor,
};

/// What is kept of an authenticator app.
#[derive(Clone, Debug)]
pub struct TotpSecret {
    /// Whose it is.
    pub factor: FactorId,
    /// The seed, sealed for this table, the column `sealed_seed` and this factor.
    pub sealed_seed: Vec<u8>,
    /// The last step that was used.
    pub last_step: Step,
}

/// What is kept of a passkey.
#[derive(Clone, Debug)]
pub struct PasskeyRecord {
    /// Whose it is.
    pub factor: FactorId,
    /// The person.
    pub subscriber: SubscriberId,
    /// What `webauthn-rs` keeps, in JSON.
    pub credential: String,
    /// The last count of signatures.
    pub sign_count: u32,
}

/// What makes a new factor what it is.
#[derive(Clone, Debug)]
pub enum Material {
    /// A passkey or security key.
    Passkey {
        /// By what it is found.
        credential_id: Vec<u8>,
        /// What `webauthn-rs` keeps, in JSON.
        credential: String,
        /// The count of signatures when it was registered.
        sign_count: u32,
        /// Whether it checks the person.
        verifies_person: bool,
    },
    /// An authenticator app.
    Totp {
        /// The seed, sealed for this factor's row.
        sealed_seed: Vec<u8>,
        /// The step of the code that proved it.
        last_step: Step,
    },
}

/// All that a person could prove beside a password; `mailbox` is whether a code can be sent.
/// Two statements.
///
/// # Errors
/// [`StoreError`].
pub fn holdings(
    conn: &mut AnyConn,
    person: &SubscriberId,
    mailbox: bool,
) -> Result<Holdings, StoreError> {
    let factors = of_subscriber(conn, person)?;
    let recovery_codes = if factors.is_empty() { 0 } else { recovery_code::left(conn, person)? };
    Ok(Holdings { factors, recovery_codes, mailbox, ..Holdings::default() })
}

/// The factors of a person, the first one first.
///
/// # Errors
/// [`StoreError`].
pub fn of_subscriber(conn: &mut AnyConn, person: &SubscriberId) -> Result<Vec<Factor>, StoreError> {
    let own = factor::table
        .filter(factor::subscriber_id.eq(person.as_str()))
        .order((factor::added_at, factor::id));
    let rows: Vec<Row> = on_either!(conn, c => own.select(Row::as_select()).load(c))?;
    rows.into_iter().map(Factor::try_from).collect()
}

/// Takes in a factor that has been proved.
///
/// # Errors
/// [`StoreError::Conflict`] with `Taken::Passkey` if the passkey is registered already, for
/// whomever.
pub fn insert(
    conn: &mut AnyConn,
    person: &SubscriberId,
    new: &Factor,
    material: &Material,
) -> Result<(), StoreError> {
    let common = (
        factor::id.eq(new.id.as_str()),
        factor::subscriber_id.eq(person.as_str()),
        factor::kind.eq(new.kind.code()),
        factor::name.eq(new.name.as_str()),
        factor::added_at.eq(millis(new.added_at)),
        factor::last_used_at.eq(new.last_used_at.map(millis)),
    );
    match material {
        Material::Passkey { credential_id, credential, sign_count, verifies_person } => {
            let own = (
                factor::credential_id.eq(credential_id),
                factor::credential.eq(credential),
                factor::sign_count.eq(i64::from(*sign_count)),
                factor::verifies_person.eq(*verifies_person),
            );
            diesel::insert_into(factor::table).values((common, own)).execute(conn)?;
        }
        Material::Totp { sealed_seed, last_step } => {
            let own =
                (factor::sealed_seed.eq(sealed_seed), factor::last_step.eq(last_step.number()));
            diesel::insert_into(factor::table).values((common, own)).execute(conn)?;
        }
    }
    Ok(())
}

/// The authenticator apps of a person.
///
/// # Errors
/// [`StoreError`].
pub fn totp_secrets(
    conn: &mut AnyConn,
    person: &SubscriberId,
) -> Result<Vec<TotpSecret>, StoreError> {
    let own = factor::table
        .filter(factor::subscriber_id.eq(person.as_str()).and(factor::kind.eq("totp")))
        .order((factor::added_at, factor::id))
        .select((factor::id, factor::sealed_seed, factor::last_step));
    let rows: Vec<(String, Option<Vec<u8>>, Option<i64>)> = on_either!(conn, c => own.load(c))?;
    let secret = |(id, sealed_seed, last_step): (String, Option<Vec<u8>>, Option<i64>)| {
        let read = Reading { table: "factor", row: &id };
        let (Some(sealed_seed), Some(last_step)) = (sealed_seed, last_step) else {
            return Err(read.corrupt("sealed_seed"));
        };
        let factor = read.parsed("id", id.clone())?;
        Ok(TotpSecret { factor, sealed_seed, last_step: Step::from_number(last_step) })
    };
    rows.into_iter().map(secret).collect()
}

/// Uses a step up: of all who come with a code of this step or an earlier one, at any node, only
/// the first is told `true`.
///
/// # Errors
/// [`StoreError`].
pub fn use_step(
    conn: &mut AnyConn,
    id: &FactorId,
    step: Step,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let unused = factor::table.find(id.as_str()).filter(factor::last_step.lt(step.number()));
    let used = (factor::last_step.eq(step.number()), factor::last_used_at.eq(millis(now)));
    let using = Prepared(diesel::update(unused).set(used));
    Ok(on_either!(conn, c => using.execute(c))? == 1)
}

/// The passkeys of a person.
///
/// # Errors
/// [`StoreError`].
pub fn passkeys(
    conn: &mut AnyConn,
    person: &SubscriberId,
) -> Result<Vec<PasskeyRecord>, StoreError> {
    let rows: Vec<PasskeyRow> = factor::table
        .filter(factor::subscriber_id.eq(person.as_str()).and(factor::kind.eq("passkey")))
        .order((factor::added_at, factor::id))
        .select(PasskeyRow::as_select())
        .load(conn)?;
    rows.into_iter().map(PasskeyRecord::try_from).collect()
}

/// The passkey with this credential ID, whoever's it is.
///
/// # Errors
/// [`StoreError`].
pub fn passkey(
    conn: &mut AnyConn,
    credential_id: &[u8],
) -> Result<Option<PasskeyRecord>, StoreError> {
    let found = factor::table.filter(factor::credential_id.eq(credential_id));
    let row = on_either!(conn, c => found.select(PasskeyRow::as_select()).first(c)).optional()?;
    row.map(PasskeyRecord::try_from).transpose()
}

/// Takes down a use of a passkey, unless its count has moved since it was read: then somebody else
/// was faster with it, or a copy of it is about. `credential` is what `webauthn-rs` keeps from now on.
///
/// # Errors
/// [`StoreError`].
pub fn use_passkey(
    conn: &mut AnyConn,
    read: &PasskeyRecord,
    credential: &str,
    count: u32,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let unmoved = factor::table
        .find(read.factor.as_str())
        .filter(factor::sign_count.eq(i64::from(read.sign_count)));
    let used = (
        factor::credential.eq(credential),
        factor::sign_count.eq(i64::from(count)),
        factor::last_used_at.eq(millis(now)),
    );
    let using = Prepared(diesel::update(unmoved).set(used));
    Ok(on_either!(conn, c => using.execute(c))? == 1)
}

/// Gives a person's factor another name. `false` if the person has no such factor.
///
/// # Errors
/// [`StoreError`].
pub fn rename(
    conn: &mut AnyConn,
    person: &SubscriberId,
    id: &FactorId,
    name: &FactorName,
) -> Result<bool, StoreError> {
    let own = factor::table.find(id.as_str()).filter(factor::subscriber_id.eq(person.as_str()));
    Ok(diesel::update(own).set(factor::name.eq(name.as_str())).execute(conn)? == 1)
}

/// Removes a person's factor, and gives back what it was. With the last factor go the recovery
/// codes that stood in for it.
///
/// # Errors
/// [`StoreError`].
pub fn remove(
    conn: &mut AnyConn,
    person: &SubscriberId,
    id: &FactorId,
) -> Result<Option<Factor>, StoreError> {
    let all = of_subscriber(conn, person)?;
    let others = all.iter().any(|factor| factor.id != *id);
    let Some(removed) = all.into_iter().find(|factor| factor.id == *id) else { return Ok(None) };
    let own = factor::table.find(id.as_str()).filter(factor::subscriber_id.eq(person.as_str()));
    if diesel::delete(own).execute(conn)? == 0 {
        return Ok(None);
    }
    if !others {
        recovery_code::remove_all(conn, person)?;
    }
    Ok(Some(removed))
}

/// Removes what a person, or somebody in their place, has set up since a moment: factors, recovery
/// codes, and with the last factor all recovery codes. Says how many factors there were.
///
/// # Errors
/// [`StoreError`].
pub fn remove_since(
    conn: &mut AnyConn,
    person: &SubscriberId,
    since: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let young = factor::table
        .filter(factor::subscriber_id.eq(person.as_str()))
        .filter(factor::added_at.ge(millis(since)));
    let removed = diesel::delete(young).execute(conn)?;
    if of_subscriber(conn, person)?.is_empty() {
        recovery_code::remove_all(conn, person)?;
    } else {
        recovery_code::remove_since(conn, person, since)?;
    }
    Ok(removed)
}

/// Removes every factor and recovery code of a person: the end of the way back for somebody who
/// lost them all. Says how many factors there were.
///
/// # Errors
/// [`StoreError`].
pub fn remove_all(conn: &mut AnyConn, person: &SubscriberId) -> Result<usize, StoreError> {
    recovery_code::remove_all(conn, person)?;
    let own = factor::table.filter(factor::subscriber_id.eq(person.as_str()));
    Ok(diesel::delete(own).execute(conn)?)
}

/// The table's shape, as people see a factor.
#[derive(Queryable, Selectable)]
#[diesel(table_name = factor)]
struct Row {
    id: String,
    kind: String,
    name: String,
    added_at: i64,
    last_used_at: Option<i64>,
    verifies_person: Option<bool>,
}

impl TryFrom<Row> for Factor {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let key = row.id.clone();
        let read = Reading { table: "factor", row: &key };
        let kind = match (row.kind.as_str(), row.verifies_person) {
            ("passkey", Some(verifies_person)) => FactorKind::Passkey { verifies_person },
            ("totp", None) => FactorKind::Totp,
            _ => return Err(read.corrupt("kind")),
        };
        Ok(Self {
            id: read.parsed("id", row.id)?,
            kind,
            name: read.parsed("name", row.name)?,
            added_at: read.at("added_at", row.added_at)?,
            last_used_at: read.maybe_at("last_used_at", row.last_used_at)?,
        })
    }
}

/// The table's shape, as far as a passkey's answer is checked by it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = factor)]
struct PasskeyRow {
    id: String,
    subscriber_id: String,
    credential: Option<String>,
    sign_count: Option<i64>,
}

impl TryFrom<PasskeyRow> for PasskeyRecord {
    type Error = StoreError;

    fn try_from(row: PasskeyRow) -> Result<Self, StoreError> {
        let key = row.id.clone();
        let read = Reading { table: "factor", row: &key };
        let (Some(credential), Some(sign_count)) = (row.credential, row.sign_count) else {
            return Err(read.corrupt("credential"));
        };
        Ok(Self {
            factor: read.parsed("id", row.id)?,
            subscriber: read.parsed("subscriber_id", row.subscriber_id)?,
            credential,
            sign_count: read.count("sign_count", sign_count)?,
        })
    }
}
