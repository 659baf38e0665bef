//! Signing keys. The private half stands sealed, as long as the key signs or is going to.

use diesel::prelude::*;
use idp_core::keys::{KeyId, KeyRecord, KeyState};
use jsonwebtoken::jwk::Jwk;
use serde::{Deserialize, Serialize};

use super::{
    AnyConn, StoreError,
    column::{Reading, code, json, millis},
    schema::signing_key,
};

/// What a key is for. A key is never used for two things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyUse {
    /// Signs the heads of the audit chain; stands in no key set.
    #[serde(rename = "audit")]
    Audit,
    /// Signs SAML messages; stands with its certificate in our metadata.
    #[serde(rename = "saml")]
    Saml,
    /// Signs tokens.
    #[serde(rename = "sig")]
    Tokens,
}

/// A key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// Its name, algorithm and state.
    pub record: KeyRecord,
    /// Its public half.
    pub public: Jwk,
    /// Its private half, sealed for [`SEALED`] of this row.
    pub sealed: Option<Vec<u8>>,
}

/// The table and column that a private half is sealed for.
pub const SEALED: (&str, &str) = ("signing_key", "sealed");

/// All keys of one use, the retired ones too.
///
/// # Errors
/// [`StoreError::Database`]; [`StoreError::CorruptRow`] if a row is no key.
pub fn of_use(conn: &mut AnyConn, key_use: KeyUse) -> Result<Vec<StoredKey>, StoreError> {
    let rows: Vec<Row> = signing_key::table
        .filter(signing_key::use_.eq(code(&key_use)))
        .order((signing_key::since, signing_key::kid))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(StoredKey::try_from).collect()
}

/// Records a new key.
///
/// # Errors
/// [`StoreError::Conflict`] if there is one in its place: of one use and algorithm, one key at
/// most is active.
pub fn insert(conn: &mut AnyConn, key_use: KeyUse, key: &StoredKey) -> Result<(), StoreError> {
    let row = Row {
        kid: key.record.kid.to_string(),
        algorithm: code(&key.record.algorithm),
        use_: code(&key_use),
        state: key.record.state.name().to_owned(),
        since: millis(key.record.state.since()),
        sealed: key.sealed.clone(),
        public_jwk: json(&key.public),
    };
    diesel::insert_into(signing_key::table).values(row).execute(conn)?;
    Ok(())
}

/// Moves a key on if it is in the state `from`, and erases its private half if it will not sign
/// again. `false` if it is elsewhere: somebody was faster.
///
/// # Errors
/// [`StoreError::Conflict`] if it would be the second active one.
pub fn move_on(
    conn: &mut AnyConn,
    kid: &KeyId,
    from: KeyState,
    to: KeyState,
) -> Result<bool, StoreError> {
    let there = signing_key::table
        .find(kid.as_str())
        .filter(signing_key::state.eq(from.name()))
        .filter(signing_key::since.eq(millis(from.since())));
    let step = (signing_key::state.eq(to.name()), signing_key::since.eq(millis(to.since())));
    let moved = if to.may_sign() {
        diesel::update(there).set(step).execute(conn)?
    } else {
        diesel::update(there).set((step, signing_key::sealed.eq(None::<Vec<u8>>))).execute(conn)?
    };
    Ok(moved == 1)
}

/// The table's shape.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = signing_key)]
struct Row {
    kid: String,
    algorithm: String,
    use_: String,
    state: String,
    since: i64,
    sealed: Option<Vec<u8>>,
    public_jwk: String,
}

impl TryFrom<Row> for StoredKey {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let reading = Reading { table: "signing_key", row: &row.kid };
        let since = reading.at("since", row.since)?;
        let state = match row.state.as_str() {
            "active" => KeyState::Active { activated_at: since },
            "retired" => KeyState::Retired { retired_at: since },
            "retiring" => KeyState::Retiring { replaced_at: since },
            "upcoming" => KeyState::Upcoming { published_at: since },
            _ => return Err(reading.corrupt("state")),
        };
        let algorithm = reading.code("algorithm", &row.algorithm)?;
        let public = reading.json("public_jwk", &row.public_jwk)?;
        let kid = KeyId::new(row.kid);
        Ok(Self { record: KeyRecord { kid, algorithm, state }, public, sealed: row.sealed })
    }
}
