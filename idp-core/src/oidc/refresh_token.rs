//! What a refresh token says inside (RFC 6749 §1.5): which grant, and which turn of its rotation.
//!
//! The token is self-describing and sealed with a MAC, so that the server reads a grant by its key
//! instead of searching for a token, stores no token at all, and can tell a token of an earlier
//! turn, which is a reuse (RFC 9700 §4.14.2), from a string that somebody made up, which is
//! nothing. A stolen copy of the database holds nothing that could be presented.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::ids::GrantId;

/// The first octet of every token. A later layout gets another one.
const VERSION: u8 = 1;

/// The octets of the generation, and of an HMAC-SHA256.
const GENERATION_OCTETS: usize = 4;
const TAG_OCTETS: usize = 32;

/// Longer than any token of ours: what is longer is not worth decoding.
const LONGEST_TOKEN: usize = 256;

/// Writes the token of a grant's `generation`: version, grant id, generation and tag, in base64url.
/// The grant id needs no length, since everything around it has a fixed one.
#[must_use]
pub fn issue(key: &[u8; 32], grant: &GrantId, generation: u32) -> String {
    let mut token = vec![VERSION];
    token.extend(grant.as_str().as_bytes());
    token.extend(generation.to_be_bytes());
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &token);
    token.extend(tag.as_ref());
    URL_SAFE_NO_PAD.encode(token)
}

/// Reads a token: the grant and the generation. `None` for anything that we did not issue under
/// this key, after a comparison in constant time.
#[must_use]
pub fn read(key: &[u8; 32], token: &str) -> Option<(GrantId, u32)> {
    if token.len() > LONGEST_TOKEN {
        return None;
    }
    let octets = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (body, tag) = octets.split_last_chunk::<TAG_OCTETS>()?;
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), body, tag).ok()?;

    let ([VERSION], rest) = body.split_first_chunk::<1>()? else { return None };
    let (grant, generation) = rest.split_last_chunk::<GENERATION_OCTETS>()?;
    let grant = std::str::from_utf8(grant).ok()?.parse().ok()?;
    Some((grant, u32::from_be_bytes(*generation)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: [u8; 32] = [3; 32];

    fn token() -> String {
        issue(&KEY, &GrantId::from_random([5; 16]), 7)
    }

    #[test]
    fn any_flipped_bit_is_refused() {
        let octets = URL_SAFE_NO_PAD.decode(token()).unwrap();
        for bit in 0..octets.len() * 8 {
            let mut bent = octets.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read(&KEY, &URL_SAFE_NO_PAD.encode(bent)), None, "bit {bit}");
        }
    }

    #[test]
    fn a_token_has_one_spelling() {
        let token = token();
        let characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=";
        let (start, last) = token.split_at(token.len() - 1);
        for other in characters.chars().filter(|c| !last.contains(*c)) {
            assert_eq!(read(&KEY, &format!("{start}{other}")), None, "ending in {other}");
        }
        for other in [format!("{token}="), format!(" {token}"), format!("{token}\n")] {
            assert_eq!(read(&KEY, &other), None, "{other:?}");
        }
    }

    #[test]
    fn another_key_or_a_shorter_token_is_refused() {
        let token = token();
        assert_eq!(read(&[4; 32], &token), None);
        for end in 0..token.len() {
            assert_eq!(read(&KEY, &token[..end]), None);
        }
    }

    #[test]
    fn the_longest_grant_id_fits() {
        let grant: GrantId = format!("grt_{}", "g".repeat(64)).parse().unwrap();
        let token = issue(&KEY, &grant, u32::MAX);
        assert_eq!(read(&KEY, &token), Some((grant, u32::MAX)));
    }

    proptest! {
        #[test]
        fn what_was_issued_is_read(bits: [u8; 16], generation: u32) {
            let grant = GrantId::from_random(bits);
            let token = issue(&KEY, &grant, generation);
            prop_assert_eq!(read(&KEY, &token), Some((grant, generation)));
        }

        #[test]
        fn what_was_not_issued_is_refused(token in ".{0,200}", octets: Vec<u8>) {
            prop_assert_eq!(read(&KEY, &token), None);
            prop_assert_eq!(read(&KEY, &URL_SAFE_NO_PAD.encode(octets)), None);
        }
    }
}
