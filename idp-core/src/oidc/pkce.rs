//! Proof Key for Code Exchange (RFC 7636), method S256 only.

use aws_lc_rs::{constant_time, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

/// A `code_challenge` of method S256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeChallenge(String);

impl CodeChallenge {
    /// Reads a challenge: 43 characters of base64url (RFC 7636 §4.2).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digest = URL_SAFE_NO_PAD.decode(text).ok()?;
        (digest.len() == 32).then(|| Self(text.to_owned()))
    }

    /// Whether `verifier` is the one behind this challenge (RFC 7636 §4.1, §4.6): 43 to 128
    /// unreserved characters, compared in constant time.
    #[must_use]
    pub fn is_answered_by(&self, verifier: &str) -> bool {
        let unreserved =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
        if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
            return false;
        }
        let hashed = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
        constant_time::verify_slices_are_equal(hashed.as_bytes(), self.0.as_bytes()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn only_the_verifier_behind_the_challenge_answers_it() {
        let challenge = CodeChallenge::parse(CHALLENGE).unwrap();
        for (verifier, expected) in [
            (VERIFIER.to_owned(), true),
            (VERIFIER.to_lowercase(), false),
            (VERIFIER.chars().take(42).collect(), false),
            (format!("{VERIFIER}="), false),
            (CHALLENGE.to_owned(), false),
            ("a".repeat(129), false),
            (String::new(), false),
        ] {
            assert_eq!(challenge.is_answered_by(&verifier), expected, "{verifier}");
        }
    }

    #[test]
    fn lengths_from_43_to_128_are_accepted() {
        for (length, expected) in [(42, false), (43, true), (128, true), (129, false)] {
            let verifier = "a".repeat(length);
            let challenge =
                URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
            assert_eq!(
                CodeChallenge::parse(&challenge).unwrap().is_answered_by(&verifier),
                expected,
                "{length}"
            );
        }
        assert_eq!(CodeChallenge::parse("short"), None);
    }
}
