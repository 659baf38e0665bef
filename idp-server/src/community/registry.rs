//! What the registry of Tax IDs and registrations need beside the database: keys, and what the
//! community has set.

use std::sync::Arc;

use idp_core::{
    authentication::mailed_code::LinkKey,
    community::{
        identity_proof::Proof,
        registration::{Applicant, Registration, Signed},
        tax_id::Prefixes,
        tax_id_registry::Rules,
    },
    ids::RegistrationId,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    config::TaxIds,
    keys::{
        sealing::{Place, Sealer},
        sub_keys::SubKeys,
        tax_numbers::TaxNumbers,
    },
    store::{StoreError, registration::Sealed},
};

/// A registration with what leads back to it.
///
/// The link is kept, sealed with the rest, because the code that the registrant wrote down at the
/// beginning counts together with this link only, and opens the first Administrator's account in
/// the end (R32, R37).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct File {
    /// The registration.
    pub registration: Registration,
    /// The key of the link in its mail.
    pub link: LinkKey,
    /// What it was approved with, and is kept for: the agreement was signed with it (R20).
    pub joined: Option<Joined>,
}

/// What an organization joined with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Joined {
    /// Its data and number.
    pub applicant: Applicant,
    /// What was signed, by whom and how.
    pub signed: Signed,
    /// How its first Administrator proved who they are.
    pub proof: Proof,
}

/// Keys and settings.
pub struct Registry {
    /// Makes fingerprints of numbers and stores them.
    pub numbers: TaxNumbers,
    /// Which prefixes a business number may have.
    pub prefixes: Prefixes,
    /// How long an owner has to answer, and how long a number is kept for who asked.
    pub rules: Rules,
    /// Seals registrations.
    pub sealer: Arc<Sealer>,
}

impl Registry {
    /// With these keys, and as the community has it.
    #[must_use]
    pub fn new(keys: &SubKeys, sealer: Arc<Sealer>, settings: &TaxIds) -> Self {
        Self {
            numbers: TaxNumbers::new(keys.tax_id_index.clone(), Arc::clone(&sealer)),
            prefixes: settings.prefixes.clone(),
            rules: settings.rules.clone(),
            sealer,
        }
    }

    /// The document of a registration, sealed.
    ///
    /// # Errors
    /// [`StoreError::CorruptRow`]: it cannot be written down; there is no reason why.
    pub fn seal(&self, file: &File) -> Result<Vec<u8>, StoreError> {
        let id = &file.registration.id;
        let plain = Zeroizing::new(serde_json::to_vec(file).map_err(|_| corrupt(id))?);
        self.sealer.seal(place(id), &plain).map_err(|_| corrupt(id))
    }

    /// What was sealed.
    ///
    /// # Errors
    /// [`StoreError::CorruptRow`] if it was sealed under another key, or by a newer program.
    pub fn open(&self, sealed: &Sealed) -> Result<File, StoreError> {
        let plain = self.sealer.open(place(&sealed.id), &sealed.document);
        let plain = plain.map_err(|_| corrupt(&sealed.id))?;
        serde_json::from_slice(&plain).map_err(|_| corrupt(&sealed.id))
    }
}

fn place(id: &RegistrationId) -> Place<'_> {
    Place { table: "registration", column: "document", row: id.as_str() }
}

fn corrupt(id: &RegistrationId) -> StoreError {
    StoreError::CorruptRow { table: "registration", column: "document", row: id.to_string() }
}
