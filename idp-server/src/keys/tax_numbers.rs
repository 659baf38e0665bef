//! Tax IDs on their way into the database: what keeps each unique, and how a personal one is sealed.

use std::sync::Arc;

use aws_lc_rs::hmac;
use idp_core::{
    community::tax_id::TaxIdNumber,
    ids::{OrganizationId, TaxIdId},
};

use super::{
    sealing::{Place, Sealer},
    sub_keys::SubKey,
};
use crate::store::{
    AnyConn, StoreError,
    tax_id::{self, Fingerprint, NewTaxId, StoredNumber},
};

/// The keys for it. Cheap to clone.
#[derive(Clone)]
pub struct TaxNumbers {
    index: SubKey,
    sealer: Arc<Sealer>,
}

impl TaxNumbers {
    /// Makes fingerprints with `index` and seals with `sealer`.
    #[must_use]
    pub const fn new(index: SubKey, sealer: Arc<Sealer>) -> Self {
        Self { index, sealer }
    }

    /// HMAC-SHA-256 of type and digits. There are few enough numbers to try each of them against
    /// a plain hash.
    #[must_use]
    pub fn fingerprint(&self, number: &TaxIdNumber) -> Fingerprint {
        let digits = match number {
            TaxIdNumber::Ein(ein) => ein.digits(),
            TaxIdNumber::Ssn(ssn) => ssn.expose_digits(),
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.index.expose());
        let mut context = hmac::Context::with_key(&key);
        context.update(number.type_code().as_bytes());
        context.update(digits.as_bytes());
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(context.sign().as_ref());
        fingerprint
    }

    /// What `work` makes of a number as it is stored; a personal one is sealed for the Tax ID `id`.
    ///
    /// # Errors
    /// What `work` returned; [`StoreError::CorruptRow`] if it cannot be sealed.
    pub fn stored<T>(
        &self,
        id: &TaxIdId,
        number: &TaxIdNumber,
        work: impl FnOnce(StoredNumber<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match number {
            TaxIdNumber::Ein(ein) => work(StoredNumber::Ein(ein)),
            TaxIdNumber::Ssn(ssn) => {
                let place = Place { table: "tax_id", column: "sealed", row: id.as_str() };
                let sealed = self.sealer.seal(place, ssn.expose_digits().as_bytes());
                let sealed = sealed.map_err(|error| {
                    tracing::error!(%error, "a personal number cannot be sealed");
                    StoreError::CorruptRow {
                        table: "tax_id",
                        column: "sealed",
                        row: id.to_string(),
                    }
                })?;
                work(StoredNumber::Ssn(&sealed))
            }
        }
    }

    /// Stores a new number.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] with [`crate::store::Taken::TaxId`] if it is registered.
    pub fn insert(
        &self,
        conn: &mut AnyConn,
        id: &TaxIdId,
        organization: &OrganizationId,
        number: &TaxIdNumber,
        primary: bool,
    ) -> Result<(), StoreError> {
        let fingerprint = &self.fingerprint(number);
        self.stored(id, number, |number| {
            tax_id::insert(conn, &NewTaxId { id, organization, number, fingerprint, primary })
        })
    }
}
