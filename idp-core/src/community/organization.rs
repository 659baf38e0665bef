//! Organizations: practices, clinics, hospitals, billing services.

use serde::{Deserialize, Serialize};

use super::npi::Npi;
use crate::ids::OrganizationId;

/// A registered body, as far as a sign-on needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its identifier.
    pub id: OrganizationId,
    /// Its name, as it registered.
    pub name: String,
    /// The organization that it is a part of.
    pub parent: Option<OrganizationId>,
    /// The organization's own NPI.
    pub npi: Option<Npi>,
    /// Whether it may act.
    pub status: OrganizationStatus,
}

/// Whether an organization may act (domain 4.1; the states before `Active` belong to registration).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrganizationStatus {
    /// It takes part.
    Active,
    /// It left for good.
    Closed,
    /// It has no Administrator or no Tax ID, or broke the agreement.
    Suspended,
}
