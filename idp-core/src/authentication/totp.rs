//! Time-based one-time codes (RFC 6238): six digits, HMAC-SHA-1, steps of thirty seconds, which is
//! what every authenticator app can do.
//!
//! A code is good for its own step and one on either side, for clocks that are a little off. A step
//! counts once: the code of a step that was used, and of every earlier one, is refused wherever it
//! comes back (RFC 6238 §5.2). Time is the server's alone.

use std::fmt;

use chrono::{DateTime, Utc};
use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

/// How long a step lasts.
pub const STEP_SECONDS: u64 = 30;
/// How many digits a code has.
pub const DIGITS: u8 = 6;
/// How many steps a clock may be off, either way. One more would give a guesser two more codes.
const STEPS_OFF: u16 = 1;
/// Octets of a seed: as many as HMAC-SHA-1 gives (RFC 4226 §4, R6).
pub const SEED_LENGTH: usize = 20;

/// What app and server share. It prints as nothing and is wiped when dropped.
#[derive(Clone)]
pub struct Seed(Zeroizing<[u8; SEED_LENGTH]>);

/// The number of a step since 1970: what the app and the server both count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step(i64);

/// Why a code is not accepted. Both count as a failure; the difference is for the audit record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeRefused {
    /// It is right, but its step was used before.
    #[error("used")]
    Used,
    /// It belongs to no step that counts now.
    #[error("wrong")]
    Wrong,
}

impl Step {
    /// The number, for a column.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// A step that was stored.
    #[must_use]
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }
}

impl Seed {
    /// A new seed of 160 random bits.
    #[must_use]
    pub fn from_random(bytes: [u8; SEED_LENGTH]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A seed that was stored; `None` unless it has the right length.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// A seed as apps show it: base 32 (RFC 4648 §6), blanks ignored, in any letter case.
    #[must_use]
    pub fn from_base32(text: &str) -> Option<Self> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let secret = totp_rs::Secret::try_from_base32(text.to_ascii_uppercase()).ok()?;
        Self::from_bytes(secret.as_bytes())
    }

    /// The octets, to be sealed.
    #[must_use]
    pub fn expose(&self) -> &[u8; SEED_LENGTH] {
        &self.0
    }

    /// The text key for an app that cannot scan: base 32 in groups of four.
    #[must_use]
    pub fn text_key(&self) -> Zeroizing<String> {
        let text = Zeroizing::new(self.secret().to_base32());
        let mut grouped = Zeroizing::new(String::with_capacity(text.len() * 5 / 4));
        for (place, letter) in text.chars().enumerate() {
            if place > 0 && place % 4 == 0 {
                grouped.push(' ');
            }
            grouped.push(letter);
        }
        grouped
    }

    /// What the QR code says: `otpauth://totp/Hilum:ana?secret=…&issuer=Hilum`.
    ///
    /// `account` is a User ID, which has no colon; should one come, it is left out.
    #[must_use]
    pub fn uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let plain = |text: &str| text.replace(':', " ");
        let totp = self
            .builder()
            .with_account_name(plain(account))
            .with_issuer(Some(plain(issuer)))
            .build_noncompliant();
        Zeroizing::new(totp.to_url().unwrap_or_default())
    }

    /// Judges a code at `now`, `last` being the last step that was used.
    ///
    /// # Errors
    /// [`CodeRefused`].
    pub fn judge(
        &self,
        code: &str,
        last: Option<Step>,
        now: DateTime<Utc>,
    ) -> Result<Step, CodeRefused> {
        let now = u64::try_from(now.timestamp()).map_err(|_| CodeRefused::Wrong)?;
        let step = self.totp().check(code, now).ok_or(CodeRefused::Wrong)?;
        let step = Step(i64::try_from(step).map_err(|_| CodeRefused::Wrong)?);
        if last.is_some_and(|last| step <= last) { Err(CodeRefused::Used) } else { Ok(step) }
    }

    /// The code that an app shows at `now`.
    #[must_use]
    pub fn code_at(&self, now: DateTime<Utc>) -> String {
        let now = u64::try_from(now.timestamp()).unwrap_or_default();
        self.totp().generate(now).to_string()
    }

    fn secret(&self) -> totp_rs::Secret {
        totp_rs::Secret::new_stack(*self.0)
    }

    fn builder(&self) -> Builder {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_skew(STEPS_OFF)
            .with_step_duration(STEP_SECONDS)
            .with_secret(self.secret())
    }

    fn totp(&self) -> Totp {
        // What a compliant build would check is fixed above: length, digits and step.
        self.builder().build_noncompliant()
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

/// A code as people type it, without the blanks and hyphens that they put in to read it.
#[must_use]
pub fn typed(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace() && *c != '-').take(32).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn seed() -> Seed {
        Seed::from_random(*b"12345678901234567890")
    }

    /// RFC 6238 appendix B, cut to six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            assert_eq!(seed().code_at(at(second)), code);
            assert_eq!(seed().judge(code, None, at(second)), Ok(Step(second / 30)));
        }
    }

    #[test]
    fn a_code_is_good_one_step_early_or_late_and_once() {
        let now = 1_000_000_000;
        let step = Step(now / 30);
        for (off, last, expected) in [
            (0, None, Ok(step)),
            (-30, None, Ok(Step(step.0 - 1))),
            (30, None, Ok(Step(step.0 + 1))),
            (-60, None, Err(CodeRefused::Wrong)),
            (60, None, Err(CodeRefused::Wrong)),
            (0, Some(step), Err(CodeRefused::Used)),
            (-30, Some(step), Err(CodeRefused::Used)),
            (30, Some(step), Ok(Step(step.0 + 1))),
            (0, Some(Step(step.0 + 1)), Err(CodeRefused::Used)),
        ] {
            let code = seed().code_at(at(now + off));
            assert_eq!(seed().judge(&code, last, at(now)), expected, "{off} {last:?}");
        }
    }

    #[test]
    fn what_people_type_is_read_without_what_makes_it_readable() {
        for (text, expected) in [("123 456", "123456"), (" 123-456\n", "123456"), ("", "")] {
            assert_eq!(typed(text), expected);
        }
        assert_eq!(seed().judge("28708", None, at(59)), Err(CodeRefused::Wrong));
        assert_eq!(seed().judge("+28708", None, at(59)), Err(CodeRefused::Wrong));
    }

    #[test]
    fn an_app_is_told_all_it_needs() {
        let uri = seed().uri("Hilum", "ana.rivera");
        assert!(uri.starts_with("otpauth://totp/Hilum:ana.rivera?"), "{}", *uri);
        assert!(uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{}", *uri);
        assert!(uri.contains("issuer=Hilum"), "{}", *uri);
        assert_eq!(*seed().text_key(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        let again = Seed::from_base32(&seed().text_key().to_lowercase()).unwrap();
        assert_eq!(again.expose(), seed().expose());
        assert_eq!(format!("{again:?}"), "[REDACTED]");
    }

    proptest! {
        #[test]
        fn no_step_counts_twice(bytes: [u8; SEED_LENGTH], seconds in prop::collection::vec(0..300_i64, 1..20)) {
            let seed = Seed::from_random(bytes);
            let (mut last, mut used) = (None, Vec::new());
            for second in seconds {
                let now = at(1_000_000_000 + second);
                if let Ok(step) = seed.judge(&seed.code_at(now), last, now) {
                    prop_assert!(!used.contains(&step));
                    used.push(step);
                    last = Some(step);
                }
            }
        }

        #[test]
        fn no_text_makes_it_panic(code: String, second in 0..4_000_000_000_i64) {
            let _ = seed().judge(&typed(&code), None, at(second));
        }
    }
}
