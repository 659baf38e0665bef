//! Versions of what every node keeps in memory. A change raises the version in its own
//! transaction; every node looks at the versions often and loads what it lacks.

use diesel::prelude::*;

use super::{AnyConn, StoreError, schema::catalog_version};

/// Something that every node keeps in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Catalog {
    /// Agreements.
    Agreements,
    /// Signing keys.
    Keys,
    /// Participating sites.
    Sites,
}

impl Catalog {
    const fn name(self) -> &'static str {
        match self {
            Self::Agreements => "agreements",
            Self::Keys => "keys",
            Self::Sites => "sites",
        }
    }
}

/// The versions, as they are now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// Of the agreements.
    pub agreements: i64,
    /// Of the signing keys.
    pub keys: i64,
    /// Of the participating sites.
    pub sites: i64,
}

/// Raises a version.
///
/// # Errors
/// [`StoreError`].
pub fn bump(conn: &mut AnyConn, catalog: Catalog) -> Result<(), StoreError> {
    diesel::update(catalog_version::table.find(catalog.name()))
        .set(catalog_version::version.eq(catalog_version::version + 1))
        .execute(conn)?;
    Ok(())
}

/// Reads all versions.
///
/// # Errors
/// [`StoreError`].
pub fn read_all(conn: &mut AnyConn) -> Result<Versions, StoreError> {
    let rows: Vec<(String, i64)> = catalog_version::table
        .select((catalog_version::name, catalog_version::version))
        .load(conn)?;
    let version = |catalog: Catalog| {
        rows.iter().find(|(name, _)| name == catalog.name()).map_or(0, |(_, version)| *version)
    };
    Ok(Versions {
        agreements: version(Catalog::Agreements),
        keys: version(Catalog::Keys),
        sites: version(Catalog::Sites),
    })
}
