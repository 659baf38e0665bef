//! Tokens whose signature this process need not check, because it made it or has checked it.
//!
//! Checking an ES256 signature costs eighty microseconds, and a site that just got an access token
//! shows it at userinfo at once. So the SHA-256 of each such token is remembered. This is sound:
//!
//! - An equal digest means the very same octets, header and signature included, unless somebody
//!   breaks SHA-256, on which the signatures rest as well. Those octets were signed here, or passed
//!   the check here; checking them again could only say yes again.
//! - Nothing but the signature is skipped. That the key is still published, the type, the issuer,
//!   the expiry and whether the grant has ended are asked each time, so that a token that was
//!   revoked, or whose key was withdrawn, gains nothing by being remembered. For the same reason
//!   an entry needs no expiry of its own.
//! - Nobody can put anything in without a signature by one of our keys, and the number of entries
//!   is bounded: the oldest goes first, and its token is simply checked again.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::digest;

/// How many tokens are remembered: about a megabyte.
const MOST_TOKENS: usize = 8192;

type Digest = [u8; 32];

/// The digests of known tokens.
#[derive(Debug, Default)]
pub(super) struct KnownTokens(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    known: HashSet<Digest>,
    oldest_first: VecDeque<Digest>,
}

impl KnownTokens {
    /// Whether exactly this token was remembered.
    pub(super) fn contains(&self, token: &str) -> bool {
        let digest = digest_of(token);
        self.entries().known.contains(&digest)
    }

    /// Remembers a token that is signed by one of our keys.
    pub(super) fn remember(&self, token: &str) {
        let digest = digest_of(token);
        let mut entries = self.entries();
        if !entries.known.insert(digest) {
            return;
        }
        entries.oldest_first.push_back(digest);
        if entries.oldest_first.len() > MOST_TOKENS
            && let Some(oldest) = entries.oldest_first.pop_front()
        {
            entries.known.remove(&oldest);
        }
    }

    /// A thread that died here left either list one entry ahead, which does no harm.
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest_of(token: &str) -> Digest {
    let mut octets = [0; 32];
    octets.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_remembered_is_known() {
        let tokens = KnownTokens::default();
        tokens.remember("a.b.c");
        assert!(tokens.contains("a.b.c"));
        for other in ["", "a.b.d", "a.b.c ", "A.b.c"] {
            assert!(!tokens.contains(other), "{other:?}");
        }
    }

    #[test]
    fn the_oldest_is_forgotten_first_and_the_number_is_bounded() {
        let tokens = KnownTokens::default();
        for n in 0..=MOST_TOKENS {
            tokens.remember(&n.to_string());
            tokens.remember(&n.to_string());
        }
        assert!(!tokens.contains("0"));
        assert!(tokens.contains("1"));
        let entries = tokens.entries();
        assert_eq!(entries.known.len(), MOST_TOKENS);
        assert_eq!(entries.oldest_first.len(), MOST_TOKENS);
    }
}
