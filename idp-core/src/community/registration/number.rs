//! How a number stands in the sealed document of a registration. A [`TaxIdNumber`] does not write
//! itself down anywhere else: whoever holds one has to say so where it is kept.

use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

use crate::community::tax_id::{Ein, Prefixes, TaxIdNumber};

/// Writes it as `ein:` or `ssn:` and its nine digits.
pub(super) fn serialize<S: Serializer>(
    number: &TaxIdNumber,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let digits = match number {
        TaxIdNumber::Ein(ein) => ein.digits(),
        TaxIdNumber::Ssn(ssn) => ssn.expose_digits(),
    };
    serializer.serialize_str(&[number.type_code(), digits].join(":"))
}

/// Reads what [`serialize`] wrote, whatever the table of prefixes says today.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<TaxIdNumber, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.split_once(':') {
        Some(("ein", digits)) => {
            Ein::read(digits, &Prefixes::any()).map(TaxIdNumber::Ein).map_err(D::Error::custom)
        }
        Some(("ssn", digits)) => digits.parse().map(TaxIdNumber::Ssn).map_err(D::Error::custom),
        Some(_) | None => Err(D::Error::custom("no number")),
    }
}
