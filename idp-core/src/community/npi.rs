//! National Provider Identifiers: ten digits with a check digit (domain 3.6).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A well-formed National Provider Identifier, of a person or of an organization.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Npi(String);

/// Why a text is no National Provider Identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NpiError {
    /// One digit is wrong, or two are swapped.
    #[error("the check digit does not fit: please compare the number digit by digit")]
    CheckDigit,
    /// It does not start with 1 or 2.
    #[error("an NPI starts with 1 or 2")]
    FirstDigit,
    /// It is not ten digits.
    #[error("an NPI has exactly ten digits")]
    NotTenDigits,
}

impl Npi {
    /// The ten digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Npi {
    type Err = NpiError;

    /// Luhn over `80840` and the number, which is Luhn over its ten digits plus 24.
    fn from_str(text: &str) -> Result<Self, NpiError> {
        let text = text.trim();
        if text.len() != 10 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NpiError::NotTenDigits);
        }
        if !text.starts_with(['1', '2']) {
            return Err(NpiError::FirstDigit);
        }
        let sum: u32 = text
            .bytes()
            .rev()
            .enumerate()
            .map(|(place, b)| {
                let digit = u32::from(b - b'0');
                if place % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
            })
            .sum();
        if (sum + 24).is_multiple_of(10) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NpiError::CheckDigit)
        }
    }
}

impl TryFrom<String> for Npi {
    type Error = NpiError;

    fn try_from(text: String) -> Result<Self, NpiError> {
        text.parse()
    }
}

impl From<Npi> for String {
    fn from(npi: Npi) -> Self {
        npi.0
    }
}

impl fmt::Display for Npi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Npi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_judged_by_length_first_digit_and_check_digit() {
        for (text, expected) in [
            ("1234567893", Ok(())),
            ("1999999984", Ok(())),
            (" 1999999984 ", Ok(())),
            ("1234567890", Err(NpiError::CheckDigit)),
            ("3234567893", Err(NpiError::FirstDigit)),
            ("123456789", Err(NpiError::NotTenDigits)),
            ("12345678933", Err(NpiError::NotTenDigits)),
            ("\u{661}234567893", Err(NpiError::NotTenDigits)),
            ("", Err(NpiError::NotTenDigits)),
        ] {
            assert_eq!(text.parse::<Npi>().map(|_| ()), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_always_noticed(place in 1_usize..10, digit in 0_u8..10) {
            let mut bytes = *b"1999999984";
            prop_assume!(bytes[place] != b'0' + digit);
            bytes[place] = b'0' + digit;
            prop_assert!(std::str::from_utf8(&bytes).unwrap().parse::<Npi>().is_err());
        }
    }
}
