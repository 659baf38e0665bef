//! A place in a list that is sorted by time: where the next page begins.
//!
//! It travels in addresses and is no secret; a forged one names some other place in the same list,
//! or none (security 21.5).

use std::{
    fmt::{self, Display},
    str::FromStr,
};

use chrono::{DateTime, Utc};

use super::column::millis;

/// Behind which entry: its time, and its identifier to break a tie of milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place<Id> {
    at: i64,
    /// Which entry.
    pub id: Id,
}

/// A text that names no place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no place in this list")]
pub struct InvalidPlace;

impl<Id> Place<Id> {
    /// The place behind the entry of this time and identifier.
    #[must_use]
    pub const fn at(at: DateTime<Utc>, id: Id) -> Self {
        Self { at: millis(at), id }
    }

    /// The time and the identifier; `None` for a time that no calendar has.
    #[must_use]
    pub fn into_parts(self) -> Option<(DateTime<Utc>, Id)> {
        Some((DateTime::from_timestamp_millis(self.at)?, self.id))
    }

    pub(super) const fn millis(&self) -> i64 {
        self.at
    }
}

impl<Id: Display> Display for Place<Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.at, self.id)
    }
}

impl<Id: FromStr> FromStr for Place<Id> {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, InvalidPlace> {
        let (at, id) = text.split_once('-').ok_or(InvalidPlace)?;
        let at: u64 = at.parse().map_err(|_| InvalidPlace)?;
        let at = i64::try_from(at).map_err(|_| InvalidPlace)?;
        Ok(Self { at, id: id.parse().map_err(|_| InvalidPlace)? })
    }
}
