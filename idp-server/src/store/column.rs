//! How domain values stand in columns: times as milliseconds, lists as JSON, states as codes.

use chrono::{DateTime, Utc};
use serde::{
    Serialize,
    de::{DeserializeOwned, IntoDeserializer, value},
};

use super::StoreError;

/// A time as its column has it: milliseconds since 1970, UTC.
pub(super) const fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// A list or record as JSON. Its types have text keys and finite numbers only, so there is always
/// such a text.
pub(super) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// A state as its code, which is the word that serde knows it by.
pub(super) fn code<T: Serialize>(state: &T) -> String {
    json(state).trim_matches('"').to_owned()
}

/// Reads the columns of one row, so that what is wrong names the table, the column and the row.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) table: &'static str,
    pub(super) row: &'a str,
}

impl Reading<'_> {
    /// What to say of a column that holds no valid value.
    pub(super) fn corrupt(self, column: &'static str) -> StoreError {
        StoreError::CorruptRow { table: self.table, column, row: self.row.to_owned() }
    }

    /// A time.
    pub(super) fn at(self, column: &'static str, millis: i64) -> Result<DateTime<Utc>, StoreError> {
        DateTime::from_timestamp_millis(millis).ok_or_else(|| self.corrupt(column))
    }

    /// A time that may be absent.
    pub(super) fn maybe_at(
        self,
        column: &'static str,
        millis: Option<i64>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        millis.map(|millis| self.at(column, millis)).transpose()
    }

    /// An identifier, number or address that knows its own rules.
    pub(super) fn parsed<T: TryFrom<String>>(
        self,
        column: &'static str,
        text: String,
    ) -> Result<T, StoreError> {
        T::try_from(text).map_err(|_| self.corrupt(column))
    }

    /// The same where it may be absent.
    pub(super) fn maybe_parsed<T: TryFrom<String>>(
        self,
        column: &'static str,
        text: Option<String>,
    ) -> Result<Option<T>, StoreError> {
        text.map(|text| self.parsed(column, text)).transpose()
    }

    /// A list or record in JSON.
    pub(super) fn json<T: DeserializeOwned>(
        self,
        column: &'static str,
        text: &str,
    ) -> Result<T, StoreError> {
        serde_json::from_str(text).map_err(|_| self.corrupt(column))
    }

    /// A state.
    pub(super) fn code<T: DeserializeOwned>(
        self,
        column: &'static str,
        code: &str,
    ) -> Result<T, StoreError> {
        let code = IntoDeserializer::<value::Error>::into_deserializer(code);
        T::deserialize(code).map_err(|_| self.corrupt(column))
    }

    /// A count.
    pub(super) fn count(self, column: &'static str, number: i64) -> Result<u32, StoreError> {
        u32::try_from(number).map_err(|_| self.corrupt(column))
    }
}
