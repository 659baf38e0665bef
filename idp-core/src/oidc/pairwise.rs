//! Names that mean something to one group of sites only (OIDC Core §8.1).
//!
//! A `sub`, a `sid` or an affiliation id that two sites could compare would let them join what they
//! know about a person. So each group of sites, its *sector*, is told a name of its own, which
//! nobody can turn back or compute without our key.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// Half of an HMAC-SHA256: 128 bits, so that two names never meet by chance.
const NAME_OCTETS: usize = 16;

/// What `sector` calls the thing that we call `local` (a Subscriber, a session, an affiliation):
/// 22 base64url characters, the same ones each time.
///
/// `local` starts with its kind (`sub_`, `ses_`, `aff_`), so names of different things differ too.
/// The key is for life: with another one, every site would meet every person as a stranger.
#[must_use]
pub fn pairwise(key: &[u8; 32], sector: &str, local: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut context = hmac::Context::with_key(&key);
    // The length keeps ("a", "bc") and ("ab", "c") apart.
    let length = u64::try_from(sector.len()).unwrap_or(u64::MAX);
    context.update(&length.to_be_bytes());
    context.update(sector.as_bytes());
    context.update(local.as_bytes());
    let tag = context.sign();
    let (name, _) = tag.as_ref().split_at(NAME_OCTETS);
    URL_SAFE_NO_PAD.encode(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: [u8; 32] = [7; 32];

    #[test]
    fn a_name_never_changes_from_one_release_to_the_next() {
        // Computed with Python's hmac module.
        let name = pairwise(&KEY, "payer.example", "sub_7q2m");
        assert_eq!(name, "Of1DwYuiVsTiyBR5hkB8ew");
    }

    #[test]
    fn the_border_between_sector_and_name_counts() {
        assert_ne!(pairwise(&KEY, "ab", "c"), pairwise(&KEY, "a", "bc"));
        assert_ne!(pairwise(&KEY, "", "abc"), pairwise(&KEY, "abc", ""));
    }

    proptest! {
        #[test]
        fn a_name_is_stable_opaque_and_fits_anywhere(sector in ".{0,40}", local in ".{1,40}") {
            let name = pairwise(&KEY, &sector, &local);
            prop_assert_eq!(&name, &pairwise(&KEY, &sector, &local));
            prop_assert_eq!(name.len(), 22);
            prop_assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
        }

        #[test]
        fn another_sector_person_or_key_is_another_name(
            sector in ".{0,40}", other_sector in ".{0,40}",
            local in ".{0,40}", other_local in ".{0,40}",
        ) {
            let name = pairwise(&KEY, &sector, &local);
            if sector != other_sector {
                prop_assert_ne!(&name, &pairwise(&KEY, &other_sector, &local));
            }
            if local != other_local {
                prop_assert_ne!(&name, &pairwise(&KEY, &sector, &other_local));
            }
            prop_assert_ne!(&name, &pairwise(&[8; 32], &sector, &local));
        }
    }
}
