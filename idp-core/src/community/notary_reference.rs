//! The reference number on a notary's form (R36).
//!
//! Somebody at the support desk types it off paper that went through the post. So it is short, has
//! no letters that look like digits, and one character that shows a slip of the finger.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Crockford's base 32: no I, L, O or U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a reference number without the check character.
const LENGTH: usize = 7;

/// The number on a notary's form, which Support types off paper: seven characters and one that
/// shows a slip of the finger. It opens nothing.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NotaryReference(String);

/// A text is no reference number of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReference {
    /// One character is wrong, or two are swapped.
    #[error("the last character does not fit the others: please compare it with the form")]
    CheckCharacter,
    /// It is no such number at all.
    #[error("the reference number has eight letters and digits, such as 7Q2M-4XK9")]
    Form,
}

impl NotaryReference {
    /// A new number.
    #[must_use]
    pub fn from_random(bytes: [u8; LENGTH]) -> Self {
        let draw = |byte: u8| ALPHABET.get(usize::from(byte & 31)).copied().unwrap_or(b'0');
        let mut text: Vec<u8> = bytes.into_iter().map(draw).collect();
        text.push(check_character(&text));
        Self(text.into_iter().map(char::from).collect())
    }

    /// The number as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for NotaryReference {
    type Err = InvalidReference;

    /// In any letter case, with or without the hyphen; O is read as zero, I and L as one.
    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let typed = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let read = typed.take(LENGTH + 2).map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        });
        let read: String = read.collect();
        let known = read.bytes().all(|b| ALPHABET.contains(&b));
        match read.as_bytes().split_last() {
            Some((check, rest)) if known && rest.len() == LENGTH => {
                let fits = *check == check_character(rest);
                if fits { Ok(Self(read)) } else { Err(InvalidReference::CheckCharacter) }
            }
            _ => Err(InvalidReference::Form),
        }
    }
}

impl TryFrom<String> for NotaryReference {
    type Error = InvalidReference;

    fn try_from(text: String) -> Result<Self, InvalidReference> {
        text.parse()
    }
}

impl From<NotaryReference> for String {
    fn from(reference: NotaryReference) -> Self {
        reference.0
    }
}

impl fmt::Display for NotaryReference {
    /// As it is printed: `7Q2M-4XK9`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (left, right) = self.0.split_at_checked(4).unwrap_or((&self.0, ""));
        write!(f, "{left}-{right}")
    }
}

impl fmt::Debug for NotaryReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Each place weighs an odd number, and neighbours differ by two: modulo 32 a single slip always
/// shows, and so does a swap of neighbours unless they lie sixteen apart.
fn check_character(rest: &[u8]) -> u8 {
    let value = |byte: u8| ALPHABET.iter().position(|known| *known == byte).unwrap_or_default();
    let sum: usize =
        rest.iter().enumerate().map(|(place, byte)| (2 * place + 3) * value(*byte)).sum();
    ALPHABET.get(sum % ALPHABET.len()).copied().unwrap_or(b'0')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_reference_number_is_read_off_paper() {
        let reference = NotaryReference::from_random([1, 2, 3, 4, 5, 6, 7]);
        let printed = reference.to_string();
        assert_eq!(printed, "1234-567M");
        for text in [printed.as_str(), " 1234567m ", "i234-567M", "L234 567m"] {
            assert_eq!(text.parse::<NotaryReference>(), Ok(reference.clone()), "{text}");
        }
        for (text, expected) in [
            ("1234-567T", InvalidReference::CheckCharacter),
            ("1243-567M", InvalidReference::CheckCharacter),
            ("1234-567", InvalidReference::Form),
            ("1234-567MM", InvalidReference::Form),
            ("1234-56US", InvalidReference::Form),
            ("", InvalidReference::Form),
        ] {
            assert_eq!(text.parse::<NotaryReference>(), Err(expected), "{text}");
        }
    }

    proptest! {
        #[test]
        fn one_wrong_character_of_a_reference_is_always_noticed(
            bytes: [u8; LENGTH], place in 0_usize..8, other in 0_usize..32,
        ) {
            let reference = NotaryReference::from_random(bytes);
            let mut text = reference.as_str().as_bytes().to_vec();
            prop_assume!(text[place] != ALPHABET[other]);
            text[place] = ALPHABET[other];
            let typed = String::from_utf8(text).unwrap().parse::<NotaryReference>();
            prop_assert_eq!(typed, Err(InvalidReference::CheckCharacter));
        }
    }
}
