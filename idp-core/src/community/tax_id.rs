//! Tax IDs: the numbers by which sites decide whose data is seen (domain 3.6, R15, R16, R22).

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use unicode_normalization::UnicodeNormalization as _;

use crate::ids::TaxIdId;

/// The two-digit prefixes that the IRS never gave out. A table, because it changes.
const PREFIXES_NEVER_ISSUED: [&str; 17] = [
    "00", "07", "08", "09", "17", "18", "19", "28", "29", "49", "69", "70", "78", "79", "89", "96",
    "97",
];

/// Why a text is no Tax ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaxIdError {
    /// No Social Security number looks like this.
    #[error("no Social Security number has this area, group or serial number")]
    ImpossibleSsn,
    /// It is not nine digits.
    #[error("a Tax ID has nine digits, written NN-NNNNNNN")]
    NotNineDigits,
    /// The IRS never issued this prefix.
    #[error("no Employer Identification Number starts with these two digits")]
    Prefix,
    /// It is written like a personal number.
    #[error(
        "this is written like a personal Social Security number: register the business Tax ID \
         (EIN), or say type = \"ssn\" if the business has none"
    )]
    SsnShaped,
}

/// An Employer Identification Number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ein(String);

impl Ein {
    /// The nine digits, as they are stored and compared.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Ein {
    type Err = TaxIdError;

    /// Accepts `NN-NNNNNNN` or nine digits, in full-width digits too.
    fn from_str(text: &str) -> Result<Self, TaxIdError> {
        let written: String = text.nfkc().collect::<String>().trim().to_owned();
        if shape(&written) == [3, 2, 4] {
            return Err(TaxIdError::SsnShaped);
        }
        let digits = nine_digits(&written)?;
        if !matches!(shape(&written).as_slice(), [9] | [2, 7]) {
            return Err(TaxIdError::NotNineDigits);
        }
        if PREFIXES_NEVER_ISSUED.iter().any(|prefix| digits.starts_with(prefix)) {
            return Err(TaxIdError::Prefix);
        }
        Ok(Self(digits))
    }
}

impl fmt::Display for Ein {
    /// With its hyphen: `91-1234567`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (prefix, rest) = self.0.split_at_checked(2).unwrap_or((&self.0, ""));
        write!(f, "{prefix}-{rest}")
    }
}

impl fmt::Debug for Ein {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A Social Security number that stands in for a business Tax ID. Greatly discouraged (R16):
/// stored encrypted, shown masked, and left out of tokens unless the site accepts the type.
#[derive(Clone)]
pub struct Ssn(SecretString);

impl Ssn {
    /// The nine digits, for encryption and for a site that accepts this type.
    #[must_use]
    pub fn expose_digits(&self) -> &str {
        self.0.expose_secret()
    }

    /// With hyphens, for a site that accepts this type.
    #[must_use]
    pub fn expose_hyphenated(&self) -> String {
        let digits = self.expose_digits();
        let part = |range| digits.get(range).unwrap_or_default();
        format!("{}-{}-{}", part(0..3), part(3..5), part(5..9))
    }
}

impl std::str::FromStr for Ssn {
    type Err = TaxIdError;

    /// Accepts `NNN-NN-NNNN` or nine digits, unless no person can have the number.
    fn from_str(text: &str) -> Result<Self, TaxIdError> {
        let written: String = text.nfkc().collect::<String>().trim().to_owned();
        let digits = nine_digits(&written)?;
        let part = |range| digits.get(range).unwrap_or_default();
        let (area, group, serial) = (part(0..3), part(3..5), part(5..9));
        let impossible = area == "000" || area == "666" || area.starts_with('9');
        if impossible || group == "00" || serial == "0000" {
            return Err(TaxIdError::ImpossibleSsn);
        }
        Ok(Self(SecretString::from(digits)))
    }
}

impl fmt::Display for Ssn {
    /// Masked: `***-**-1234`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "***-**-{}", self.expose_digits().get(5..9).unwrap_or_default())
    }
}

impl fmt::Debug for Ssn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Ssn {
    fn eq(&self, other: &Self) -> bool {
        self.expose_digits() == other.expose_digits()
    }
}

impl Eq for Ssn {}

/// The number itself, by type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaxIdNumber {
    /// A business number.
    Ein(Ein),
    /// A personal number in place of a business one.
    Ssn(Ssn),
}

impl TaxIdNumber {
    /// The claim's `type`.
    #[must_use]
    pub const fn type_code(&self) -> &'static str {
        match self {
            Self::Ein(_) => "ein",
            Self::Ssn(_) => "ssn",
        }
    }

    /// What a person may see: an EIN in full, an SSN masked.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Ein(ein) => ein.to_string(),
            Self::Ssn(ssn) => ssn.to_string(),
        }
    }
}

/// A Tax ID of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxId {
    /// Its identifier.
    pub id: TaxIdId,
    /// The number.
    pub number: TaxIdNumber,
    /// Whether it is the organization's main one.
    pub primary: bool,
}

/// The digits of `written` if there are nine and nothing but hyphens and spaces beside them.
fn nine_digits(written: &str) -> Result<String, TaxIdError> {
    if !written.chars().all(|c| c.is_ascii_digit() || c == '-' || c == ' ') {
        return Err(TaxIdError::NotNineDigits);
    }
    let digits: String = written.chars().filter(char::is_ascii_digit).collect();
    if digits.len() == 9 { Ok(digits) } else { Err(TaxIdError::NotNineDigits) }
}

/// How many digits stand between the hyphens.
fn shape(written: &str) -> Vec<usize> {
    written.split(['-', ' ']).map(str::len).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_ein_is_read_in_every_spelling_that_people_type() {
        for (text, expected) in [
            ("91-1234567", Ok("91-1234567")),
            ("911234567", Ok("91-1234567")),
            ("91 1234567", Ok("91-1234567")),
            ("\u{ff19}\u{ff11}-1234567", Ok("91-1234567")),
            ("911-23-4567", Err(TaxIdError::SsnShaped)),
            ("07-1234567", Err(TaxIdError::Prefix)),
            ("97-1234567", Err(TaxIdError::Prefix)),
            ("9-11234567", Err(TaxIdError::NotNineDigits)),
            ("91-123456", Err(TaxIdError::NotNineDigits)),
            ("91-12345678", Err(TaxIdError::NotNineDigits)),
            ("9112E4567", Err(TaxIdError::NotNineDigits)),
            ("", Err(TaxIdError::NotNineDigits)),
        ] {
            let read = text.parse::<Ein>().map(|ein| ein.to_string());
            assert_eq!(read.as_deref().map_err(|e| *e), expected, "{text:?}");
        }
    }

    #[test]
    fn an_ssn_that_nobody_can_have_is_refused() {
        for (text, expected) in [
            ("123-45-6789", Ok(())),
            ("123456789", Ok(())),
            ("000-45-6789", Err(TaxIdError::ImpossibleSsn)),
            ("666-45-6789", Err(TaxIdError::ImpossibleSsn)),
            ("912-45-6789", Err(TaxIdError::ImpossibleSsn)),
            ("123-00-6789", Err(TaxIdError::ImpossibleSsn)),
            ("123-45-0000", Err(TaxIdError::ImpossibleSsn)),
            ("123-45-678", Err(TaxIdError::NotNineDigits)),
        ] {
            assert_eq!(text.parse::<Ssn>().map(|_| ()), expected, "{text:?}");
        }
    }

    #[test]
    fn an_ssn_is_never_shown_in_full() {
        let ssn: Ssn = "123-45-6789".parse().unwrap();
        assert_eq!(format!("{ssn} {ssn:?}"), "***-**-6789 ***-**-6789");
        assert_eq!(ssn.expose_hyphenated(), "123-45-6789");
    }

    proptest! {
        #[test]
        fn two_spellings_of_one_number_are_one_number(prefix in 10_u32..17, rest in 0_u32..10_000_000) {
            let bare = format!("{prefix}{rest:07}").parse::<Ein>();
            prop_assert_eq!(bare, format!("{prefix}-{rest:07}").parse::<Ein>());
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = (text.parse::<Ein>(), text.parse::<Ssn>());
        }
    }
}
