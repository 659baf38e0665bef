//! Recovery codes: ten one-time codes on paper, for the day when the phone is lost.
//!
//! A code is ten characters without letters that look like digits (50 random bits). What is stored
//! is a keyed digest: against a plain hash a stolen database would give them up in a day.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

/// How many codes make a set.
pub const SET_SIZE: usize = 10;
/// Characters of a code.
const LENGTH: usize = 10;
/// Crockford's base 32: no I, L, O or U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A recovery code, in the form in which codes are compared.
///
/// It prints as nothing and is wiped when dropped.
pub struct RecoveryCode(SecretString);

impl RecoveryCode {
    /// A new code.
    #[must_use]
    pub fn from_random(bytes: [u8; LENGTH]) -> Self {
        let draw = |byte: u8| ALPHABET.get(usize::from(byte & 31)).copied().unwrap_or(b'0');
        let text: String = bytes.into_iter().map(draw).map(char::from).collect();
        Self(SecretString::from(text))
    }

    /// What a person typed: in any letter case, blanks and hyphens ignored, a letter O read as
    /// zero and the letters I and L as one. `None` if nobody can have such a code.
    #[must_use]
    pub fn typed(text: &str) -> Option<Self> {
        let typed = text.chars().filter(|c| !c.is_whitespace() && *c != '-').take(LENGTH + 1);
        let read = typed.map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        });
        let code: String = read.collect();
        let valid = code.len() == LENGTH && code.bytes().all(|b| ALPHABET.contains(&b));
        valid.then(|| Self(SecretString::from(code)))
    }

    /// The text, for the digest.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// As it is shown, once: `ABCDE-FGHJK`.
    #[must_use]
    pub fn shown(&self) -> String {
        let (first, second) = self.expose().split_at_checked(LENGTH / 2).unwrap_or_default();
        format!("{first}-{second}")
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_read_as_people_copy_it() {
        for (text, expected) in [
            ("ABCDE-FGHJK", Some("ABCDEFGHJK")),
            ("abcde fghjk", Some("ABCDEFGHJK")),
            ("O1IlL-00000", Some("0111100000")),
            ("ABCDE-FGHJ", None),
            ("ABCDE-FGHJKM", None),
            ("ABCDE-FGHJU", None),
            ("ABCDE-FGHJ\u{c9}", None),
            ("", None),
        ] {
            let typed = RecoveryCode::typed(text);
            assert_eq!(typed.as_ref().map(RecoveryCode::expose), expected, "{text}");
        }
        assert_eq!(format!("{:?}", RecoveryCode::from_random([0; LENGTH])), "[REDACTED]");
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_typed(bytes: [u8; LENGTH]) {
            let code = RecoveryCode::from_random(bytes);
            let typed = RecoveryCode::typed(&code.shown()).unwrap();
            prop_assert_eq!(typed.expose(), code.expose());
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = RecoveryCode::typed(&text);
        }
    }
}
