//! The only source of randomness: the operating system's, through AWS-LC.
//!
//! Identifiers are made in `idp-core` from bytes that are drawn here:
//! `SessionId::from_random(random.bytes())`.

use std::process;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use idp_core::secret::Secret;

/// Draws random bytes. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Random(SystemRandom);

/// Crockford's base 32: no I, L, O or U, so that a reference can be read out on the telephone.
const READ_ALOUD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl Random {
    /// A source; every source is as good as every other.
    #[must_use]
    pub fn new() -> Self {
        Self(SystemRandom::new())
    }

    /// `N` unpredictable bytes.
    ///
    /// Should the system have none to give, the process stops at once: every answer from then on
    /// would carry a code or a cookie that can be guessed.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        if self.0.fill(&mut bytes).is_err() {
            tracing::error!("the operating system gives no randomness; stopping");
            process::abort();
        }
        bytes
    }

    /// A new secret of 256 bits: a code, a cookie, a client secret.
    #[must_use]
    pub fn secret(&self) -> Secret {
        Secret::from_random(self.bytes())
    }

    /// A number that a person can read out to the help desk and that stands beside the error in
    /// our log: ten characters (50 bits). It is no secret.
    #[must_use]
    pub fn reference(&self) -> String {
        let draw = |byte| READ_ALOUD.get(usize::from(byte & 31_u8)).copied().unwrap_or(b'0');
        self.bytes::<10>().into_iter().map(draw).map(char::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_draws_are_equal() {
        let random = Random::new();
        let drawn: HashSet<[u8; 16]> = (0..1000).map(|_| random.bytes()).collect();
        assert_eq!(drawn.len(), 1000);
    }

    #[test]
    fn a_reference_can_be_read_out() {
        let reference = Random::new().reference();
        assert_eq!(reference.len(), 10);
        assert!(reference.bytes().all(|b| READ_ALOUD.contains(&b)), "{reference}");
    }
}
