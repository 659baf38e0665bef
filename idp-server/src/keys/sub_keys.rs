//! One key for each purpose, all derived from the master key (RFC 5869).
//!
//! Purposes never share a key, so that what one part of Hilum seals or tags means nothing to
//! another, and no part holds the master key itself.

use aws_lc_rs::{error::Unspecified, hkdf};
use zeroize::Zeroizing;

use crate::config::MasterKey;

/// A derived key. It does not print, and is wiped when dropped.
#[derive(Clone)]
pub struct SubKey(Zeroizing<[u8; 32]>);

impl SubKey {
    /// The key, for the function that uses it.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The derived keys, by purpose.
pub struct SubKeys {
    /// Seals the challenges that stand in our pages.
    pub challenge: SubKey,
    /// Tags the form tokens that stand in our pages.
    pub form_token: SubKey,
    /// Makes what mailed codes are compared by, so that a stolen table cannot be tried through.
    pub mailed_code: SubKey,
    /// Makes the names by which a group of sites knows a person. It is for life: with another
    /// master key, every site would meet every person as a stranger.
    pub pairwise_subject: SubKey,
    /// Turns a recovery code into what is stored of it: there are few enough of them to try each
    /// against a plain hash.
    pub recovery_code: SubKey,
    /// Tags refresh tokens.
    pub refresh_token: SubKey,
    /// Draws the secret questions that are asked of names that have none.
    pub pretended_questions: SubKey,
    /// Encrypts what lies in the database; used by the [`Sealer`](super::sealing::Sealer).
    pub(super) sealing: SubKey,
    /// Turns a Social Security number into a value that can be unique in the database without
    /// telling the number: there are few enough of them to try each against a plain hash.
    pub tax_id_index: SubKey,
}

impl SubKeys {
    /// Derives them all.
    ///
    /// # Errors
    /// The library could refuse to, but has no reason: the length asked for is a valid one.
    pub fn derive(master: &MasterKey) -> Result<Self, Unspecified> {
        Self::from_secret(master.expose())
    }

    fn from_secret(master: &[u8; 32]) -> Result<Self, Unspecified> {
        let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, b"hilum").extract(master);
        let derive = |label: &str| -> Result<SubKey, Unspecified> {
            let mut key = Zeroizing::new([0; 32]);
            let info = [label.as_bytes()];
            extracted.expand(&info, hkdf::HKDF_SHA256)?.fill(key.as_mut_slice())?;
            Ok(SubKey(key))
        };
        // A label that changes makes worthless what was written under the old one.
        Ok(Self {
            challenge: derive("challenge")?,
            form_token: derive("form-token")?,
            mailed_code: derive("mailed-code")?,
            pairwise_subject: derive("pairwise-subject")?,
            pretended_questions: derive("pretended-questions")?,
            recovery_code: derive("recovery-code")?,
            refresh_token: derive("refresh-token")?,
            sealing: derive("seal")?,
            tax_id_index: derive("tax-id-index")?,
        })
    }
}

#[cfg(test)]
impl SubKeys {
    /// The keys of a master key that every test may know.
    pub(crate) fn for_tests() -> Self {
        Self::of_octet(7)
    }

    /// The keys of a master key that repeats one octet.
    pub(crate) fn of_octet(octet: u8) -> Self {
        Self::from_secret(&[octet; 32]).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_purpose_has_a_key_of_its_own_that_never_changes() {
        let keys = SubKeys::for_tests();
        let all = [
            keys.challenge.expose(),
            keys.form_token.expose(),
            keys.mailed_code.expose(),
            keys.pairwise_subject.expose(),
            keys.pretended_questions.expose(),
            keys.recovery_code.expose(),
            keys.refresh_token.expose(),
            keys.sealing.expose(),
            keys.tax_id_index.expose(),
        ];
        assert_eq!(all.into_iter().collect::<HashSet<_>>().len(), all.len());
        // Computed with Python's hmac module from the definition in RFC 5869.
        let hex: String =
            keys.pairwise_subject.expose().iter().map(|octet| format!("{octet:02x}")).collect();
        assert_eq!(hex, "00b1c17d4e1081121a26dcab9308476ca689f7c6c0c77f0035f7f7678417d8f6");
    }
}
