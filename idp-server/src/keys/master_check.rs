//! Notices that the master key is not the one that the database was set up with.
//!
//! Without this, a node with another key would run, meet every person as a stranger at every site,
//! and seal new values that no other node can open.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::sealing::{Place, SealError, Sealer};
use crate::store::{Database, StoreError, meta};

/// What is sealed. Its only use is to be opened again.
const KNOWN: &[u8] = b"hilum";
const PLACE: Place<'static> = Place { table: "meta", column: "value", row: meta::MASTER_KEY_CHECK };

/// Why the master key cannot be used with this database.
#[derive(Debug, thiserror::Error)]
pub enum MasterCheckError {
    /// It is another one.
    #[error(
        "the master key is not the one that this database was set up with: \
         secrets.master_key_file must name that one"
    )]
    OtherMasterKey,
    /// The value could not be sealed or opened for another reason.
    #[error("the check value of the master key: {0}")]
    Seal(#[source] SealError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Compares the master key with the one that the database was set up with. The first to ask sets
/// it up.
///
/// # Errors
/// [`MasterCheckError`]; then nothing may be sealed or opened.
pub async fn check(db: &Database, sealer: &Sealer) -> Result<(), MasterCheckError> {
    let key = meta::MASTER_KEY_CHECK;
    let stored = match db.read(move |conn| meta::read(conn, key)).await? {
        Some(stored) => stored,
        None => {
            let sealed = sealer.seal(PLACE, KNOWN).map_err(MasterCheckError::Seal)?;
            let sealed = STANDARD.encode(sealed);
            db.write(move |conn| meta::read_or_insert(conn, key, &sealed)).await?
        }
    };
    let sealed = STANDARD.decode(stored).unwrap_or_default();
    match sealer.open(PLACE, &sealed) {
        Ok(_) => Ok(()),
        Err(SealError::OtherMasterKey) => Err(MasterCheckError::OtherMasterKey),
        Err(error) => Err(MasterCheckError::Seal(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{keys::sub_keys::SubKeys, random::Random, store::tests::TestDatabase};

    #[tokio::test]
    async fn a_database_keeps_to_its_first_master_key() {
        let sealer = |octet| Sealer::new(&SubKeys::of_octet(octet), Random::new()).unwrap();
        for database in TestDatabase::each() {
            check(&database.db, &sealer(1)).await.unwrap();
            check(&database.db, &sealer(1)).await.unwrap();
            let other = check(&database.db, &sealer(2)).await;
            assert!(matches!(other, Err(MasterCheckError::OtherMasterKey)), "{other:?}");
        }
    }
}
