//! Encryption of what the database must hold but must not tell: private keys and Social Security
//! numbers (security.md 24.3).
//!
//! AES-256-GCM with a random nonce under a key derived from the master key. Nonces may meet after
//! some four billion seals; an installation makes thousands. Every sealed value is bound to its
//! place in the database: copied to another row or column, it does not open.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::digest;
use zeroize::Zeroizing;

use super::sub_keys::SubKeys;
use crate::random::Random;

/// The first octet of every sealed value. A later layout gets another one.
const VERSION: u8 = 1;

/// How many octets tell under which master key a value was sealed.
const KEY_ID_LEN: usize = 4;

/// Where a sealed value lies. It opens there and nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The row's primary key.
    pub row: &'a str,
}

impl Place<'_> {
    /// Names of tables and columns hold no zero octet, so the three cannot run into each other.
    fn associated_data(self) -> Aad<Vec<u8>> {
        Aad::from([self.table, self.column, self.row].join("\0").into_bytes())
    }
}

/// Why a value cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Another layout, or no sealed value at all.
    #[error("not a sealed value")]
    Malformed,
    /// Sealed under another master key than the one configured.
    #[error("sealed under another master key than the one in use")]
    OtherMasterKey,
    /// Changed, or moved from another place.
    #[error("the sealed value was changed or does not belong here")]
    Tampered,
    /// The cipher failed; it has no reason to.
    #[error("encryption failed")]
    Cipher,
}

/// Seals and opens values.
pub struct Sealer {
    key: LessSafeKey,
    key_id: [u8; KEY_ID_LEN],
    random: Random,
}

impl Sealer {
    /// # Errors
    /// [`SealError::Cipher`] if the cipher does not take the key; it has no reason to.
    pub fn new(keys: &SubKeys, random: Random) -> Result<Self, SealError> {
        let octets = keys.sealing.expose();
        let key = UnboundKey::new(&AES_256_GCM, octets).map_err(|_| SealError::Cipher)?;
        // Four octets of a hash name the key well enough to explain a failure, and tell nothing.
        let name = digest::digest(&digest::SHA256, octets);
        let key_id = name.as_ref().first_chunk().copied().ok_or(SealError::Cipher)?;
        Ok(Self { key: LessSafeKey::new(key), key_id, random })
    }

    /// Encrypts a value for its place: version, key id, nonce, ciphertext, tag.
    ///
    /// # Errors
    /// [`SealError::Cipher`].
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; NONCE_LEN] = self.random.bytes();
        let mut text = Zeroizing::new(plain.to_vec());
        let tag = self.key.seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            place.associated_data(),
            text.as_mut_slice(),
        );
        let tag = tag.map_err(|_| SealError::Cipher)?;
        Ok([&[VERSION], self.key_id.as_slice(), &nonce, &text, tag.as_ref()].concat())
    }

    /// Decrypts a value that was sealed for this place.
    ///
    /// # Errors
    /// [`SealError`], saying what is wrong with it.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (head, rest) = sealed.split_first_chunk::<1>().ok_or(SealError::Malformed)?;
        let (key_id, rest) = rest.split_first_chunk::<KEY_ID_LEN>().ok_or(SealError::Malformed)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Malformed)?;
        if *head != [VERSION] {
            return Err(SealError::Malformed);
        }
        if *key_id != self.key_id {
            return Err(SealError::OtherMasterKey);
        }
        let mut text = Zeroizing::new(text.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.key.open_in_place(nonce, place.associated_data(), &mut text);
        let length = opened.map_err(|_| SealError::Tampered)?.len();
        text.truncate(length);
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLACE: Place<'static> = Place { table: "tax_id", column: "sealed", row: "tin_1" };

    fn sealer() -> Sealer {
        Sealer::new(&SubKeys::for_tests(), Random::new()).unwrap()
    }

    #[test]
    fn a_value_opens_in_its_own_place_only() {
        let sealer = sealer();
        let sealed = sealer.seal(PLACE, b"123456789").unwrap();
        assert_eq!(sealer.open(PLACE, &sealed).unwrap().as_slice(), b"123456789");
        for elsewhere in [
            Place { row: "tin_2", ..PLACE },
            Place { column: "other", ..PLACE },
            Place { table: "signing_key", ..PLACE },
        ] {
            assert_eq!(sealer.open(elsewhere, &sealed), Err(SealError::Tampered));
        }
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let sealer = sealer();
        let sealed = sealer.seal(PLACE, b"123456789").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut bent = sealed.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            assert!(sealer.open(PLACE, &bent).is_err(), "bit {bit}");
        }
        for end in 0..sealed.len() {
            assert!(sealer.open(PLACE, &sealed[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn equal_values_do_not_look_equal() {
        let sealer = sealer();
        let twice = [sealer.seal(PLACE, b"same").unwrap(), sealer.seal(PLACE, b"same").unwrap()];
        assert_ne!(twice[0], twice[1]);
    }

    #[test]
    fn another_master_key_is_named_as_the_cause() {
        let sealer = sealer();
        let mut sealed = sealer.seal(PLACE, b"123456789").unwrap();
        sealed[1] ^= 1;
        assert_eq!(sealer.open(PLACE, &sealed), Err(SealError::OtherMasterKey));
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_and_does_not_show(plain in prop::collection::vec(any::<u8>(), 8..200)) {
            let sealer = sealer();
            let sealed = sealer.seal(PLACE, &plain).unwrap();
            prop_assert!(!sealed.windows(plain.len()).any(|window| window == plain));
            let opened = sealer.open(PLACE, &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), plain.as_slice());
        }

        #[test]
        fn no_octets_make_it_panic(octets: Vec<u8>) {
            prop_assert!(sealer().open(PLACE, &octets).is_err());
        }
    }
}
