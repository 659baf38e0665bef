//! Tax IDs: the numbers by which sites decide whose data is seen (domain 3.6, R15, R16, R22).

use std::{collections::BTreeSet, fmt};

use secrecy::{ExposeSecret as _, SecretString};
use unicode_normalization::UnicodeNormalization as _;

use crate::ids::TaxIdId;

/// The two-digit prefixes that the IRS never gave out, as far as was known in 2026.
const PREFIXES_NEVER_ISSUED: [&str; 17] = [
    "00", "07", "08", "09", "17", "18", "19", "28", "29", "49", "69", "70", "78", "79", "89", "96",
    "97",
];

/// Which prefixes a business number may have. A table, because it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefixes {
    /// The two-digit prefixes that the IRS never gave out.
    never_issued: BTreeSet<String>,
}

impl Default for Prefixes {
    fn default() -> Self {
        Self { never_issued: PREFIXES_NEVER_ISSUED.map(str::to_owned).into() }
    }
}

impl Prefixes {
    /// Every prefix: what Support decides on when a number is good and the table is old.
    #[must_use]
    pub const fn any() -> Self {
        Self { never_issued: BTreeSet::new() }
    }

    /// All but these. `None` if one of them is not two digits.
    #[must_use]
    pub fn all_but<'a>(never_issued: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let two_digits = |prefix: &str| {
            let good = prefix.len() == 2 && prefix.bytes().all(|b| b.is_ascii_digit());
            good.then(|| prefix.to_owned())
        };
        let never_issued = never_issued.into_iter().map(two_digits).collect::<Option<_>>()?;
        Some(Self { never_issued })
    }

    fn include(&self, digits: &str) -> bool {
        !digits.get(..2).is_some_and(|prefix| self.never_issued.contains(prefix))
    }
}

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

    /// Accepts `NN-NNNNNNN` or nine digits with one of these prefixes, in full-width digits too.
    ///
    /// # Errors
    /// [`TaxIdError`].
    pub fn read(text: &str, prefixes: &Prefixes) -> Result<Self, TaxIdError> {
        let written = written(text);
        if shape(&written) == [3, 2, 4] {
            return Err(TaxIdError::SsnShaped);
        }
        let digits = nine_digits(&written)?;
        if !matches!(shape(&written).as_slice(), [9] | [2, 7]) {
            return Err(TaxIdError::NotNineDigits);
        }
        if prefixes.include(&digits) { Ok(Self(digits)) } else { Err(TaxIdError::Prefix) }
    }
}

impl std::str::FromStr for Ein {
    type Err = TaxIdError;

    /// As [`Ein::read`] with the prefixes that were known in 2026.
    fn from_str(text: &str) -> Result<Self, TaxIdError> {
        Self::read(text, &Prefixes::default())
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
        let digits = nine_digits(&written(text))?;
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

/// What was typed, with one kind of digit, blank and hyphen: a number that was copied out of a letter
/// brings its own (security 20.6).
pub(super) fn written(text: &str) -> String {
    let plain = |c| if matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}') { '-' } else { c };
    text.nfkc().map(plain).collect::<String>().trim().to_owned()
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
pub(super) fn shape(written: &str) -> Vec<usize> {
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
            ("91\u{2013}1234567", Ok("91-1234567")),
            ("91\u{a0}1234567\u{a0}", Ok("91-1234567")),
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
    fn the_table_of_prefixes_is_data() {
        let read = |prefixes: &Prefixes| Ein::read("07-1234567", prefixes).map(|_| ());
        assert_eq!(read(&Prefixes::default()), Err(TaxIdError::Prefix));
        assert_eq!(read(&Prefixes::any()), Ok(()));
        assert_eq!(read(&Prefixes::all_but(["00", "08"]).unwrap()), Ok(()));
        assert_eq!(Prefixes::all_but(["7"]), None);
        assert_eq!(Prefixes::all_but(["7x"]), None);
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
